//! Biases and factors of a network of integers, as a device stores them.

use barenet::quant::{Bits, Channel, PackedChannel};

/// What the sums of a network of integers are requantised by.
#[derive(Clone, Debug, PartialEq)]
pub enum Channels {
    /// Of weights of 8 bits.
    Whole(Vec<Channel>),
    /// Of layers of which each has weights of so many bits, 4 or 8.
    Packed(Vec<Bits>, Vec<PackedChannel>),
}

impl Channels {
    /// Bits of each layer's weights, if it has channels in four bytes.
    #[must_use]
    pub fn bits(&self) -> Option<&[Bits]> {
        match self {
            Self::Whole(_) => None,
            Self::Packed(bits, _) => Some(bits),
        }
    }

    /// All of them as they are computed with.
    #[must_use]
    pub fn unpacked(&self) -> Vec<Channel> {
        match self {
            Self::Whole(channels) => channels.clone(),
            Self::Packed(_, channels) => channels.iter().map(|channel| channel.unpack()).collect(),
        }
    }

    /// Bytes of flash.
    pub(super) fn flash_bytes(&self) -> usize {
        match self {
            Self::Whole(channels) => size_of_val(&**channels),
            Self::Packed(_, channels) => size_of_val(&**channels),
        }
    }

    /// What the checksum is over.
    pub(super) fn words(&self) -> Vec<u32> {
        match self {
            Self::Whole(channels) => channels
                .iter()
                .flat_map(|channel| [channel.bias(), channel.multiplier(), channel.shift()])
                .map(i32::cast_unsigned)
                .collect(),
            Self::Packed(_, channels) => channels.iter().map(|channel| channel.bits()).collect(),
        }
    }
}
