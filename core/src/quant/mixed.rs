//! A network of integers in which each layer has weights of 8 bits or of 4.

use super::kernel::QuantGemm;
use super::net::{compute, groups, pad, weight_groups};
use super::packed::PackedChannel;
use crate::arch::Arch;
use crate::error::{Error, ShapeError, check_buffer, check_len};

/// Bits of a layer's weights.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Bits {
    /// Two weights in a byte, −7..=7.
    Four,
    /// A weight in a byte, −127..=127.
    #[default]
    Eight,
}

impl Bits {
    /// Those of so many bits, if weights can have them.
    ///
    /// ```
    /// use barenet::quant::Bits;
    ///
    /// assert_eq!(Bits::from_number(4), Some(Bits::Four));
    /// assert_eq!(Bits::from_number(8).map(Bits::number), Some(8));
    /// assert_eq!(Bits::from_number(5), None);
    /// ```
    #[must_use]
    pub const fn from_number(number: usize) -> Option<Self> {
        match number {
            4 => Some(Self::Four),
            8 => Some(Self::Eight),
            _ => None,
        }
    }

    /// How many they are.
    #[must_use]
    pub const fn number(self) -> usize {
        match self {
            Self::Four => 4,
            Self::Eight => 8,
        }
    }

    /// Words that hold the weights of four inputs for four outputs.
    #[must_use]
    pub const fn words(self) -> usize {
        16 * self.number() / 32
    }

    /// The largest weight.
    pub(super) const fn max_weight(self) -> f64 {
        match self {
            Self::Four => 7.0,
            Self::Eight => 127.0,
        }
    }
}

impl Arch<'_> {
    /// Words of packed weights, of which each layer has so many bits; layers for which `bits` has none have 8.
    ///
    /// Only affine layers count: a network with locally connected ones has 8 bits throughout.
    ///
    /// ```
    /// use barenet::{Arch, quant::Bits};
    /// const ARCH: Arch<'static> = Arch::new(&[64, 32, 16, 10]);
    /// assert_eq!(4 * ARCH.mixed_weights_len(&[Bits::Four; 3]), (64 * 32 + 32 * 16 + 16 * 12) / 2);
    /// assert_eq!(ARCH.mixed_weights_len(&[Bits::Eight; 3]), ARCH.quant_weights_len());
    /// ```
    #[must_use]
    pub const fn mixed_weights_len(&self, mut bits: &[Bits]) -> usize {
        let (mut layers, mut len) = (self.layers(), 0);
        while let Some(layer) = layers.next_layer() {
            let of_layer = match bits {
                [first, rest @ ..] => {
                    bits = rest;
                    *first
                }
                [] => Bits::Eight,
            };
            len += of_layer.words() * weight_groups(&layer);
        }
        len
    }
}

/// A network of integers as [`QuantNet`](super::QuantNet), in which each layer has weights of 8 bits or of 4.
///
/// It takes the same bytes and the same workspace, and channels in [four bytes](PackedChannel).
///
/// ```
/// use barenet::quant::{Bits, Channel, MixedNet, PackedChannel, pack_int4};
/// use barenet::{Arch, Portable};
///
/// const ARCH: Arch<'static> = Arch::new(&[4, 2]);
/// let weights = pack_int4([[1, 2, -3, 4], [0; 4], [0; 4], [0; 4]]);
/// let channels = [PackedChannel::nearest(Channel::new(8, 1 << 30, -3)); 4];
/// let net = MixedNet::try_new(ARCH, &[Bits::Four], &weights, &channels)?;
/// let mut scores = [0; 2];
/// net.scores(&Portable, &[10, 20, 30, 40], &mut [], &mut scores)?;
/// assert_eq!(scores, [8, 1]); // (120 + 8) / 16, and 8 / 16
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct MixedNet<'a> {
    arch: Arch<'a>,
    bits: &'a [Bits],
    weights: &'a [u32],
    channels: &'a [[PackedChannel; 4]],
}

impl<'a> MixedNet<'a> {
    /// A network of a `const` or `static`: wrong lengths are a compile error.
    ///
    /// # Panics
    ///
    /// If [`Self::try_new`] returns an error.
    #[must_use]
    #[allow(clippy::panic)] // A compile error, when it is used as intended.
    pub const fn new(
        arch: Arch<'a>,
        bits: &'a [Bits],
        weights: &'a [u32],
        channels: &'a [PackedChannel],
    ) -> Self {
        match Self::try_new(arch, bits, weights, channels) {
            Ok(net) => net,
            Err(_) => {
                panic!(
                    "bits, weights or channels have not the lengths that the architecture asks for"
                )
            }
        }
    }

    /// A network of slices whose lengths are not known to be right.
    ///
    /// # Errors
    ///
    /// [`ShapeError`] if `bits` has not `arch.num_quant_layers()` elements, which are affine layers all, `weights` not
    /// `arch.mixed_weights_len(bits)`, or `channels` not `arch.quant_channels_len()`.
    pub const fn try_new(
        arch: Arch<'a>,
        bits: &'a [Bits],
        weights: &'a [u32],
        channels: &'a [PackedChannel],
    ) -> Result<Self, ShapeError> {
        let lens = [
            ("bits", arch.num_layers(), bits.len()),
            ("layers", arch.num_layers(), arch.num_quant_layers()),
            ("weights", arch.mixed_weights_len(bits), weights.len()),
            ("channels", arch.quant_channels_len(), channels.len()),
        ];
        let mut rest: &[(&'static str, usize, usize)] = &lens;
        while let [(what, expected, found), others @ ..] = rest {
            if *expected != *found {
                return Err(ShapeError { what, expected: (1, *expected), found: (1, *found) });
            }
            rest = others;
        }
        Ok(Self { arch, bits, weights, channels: channels.as_chunks().0 })
    }

    /// The architecture.
    #[must_use]
    pub const fn arch(&self) -> &Arch<'a> {
        &self.arch
    }

    /// The bits of each layer's weights.
    #[must_use]
    pub const fn bits(&self) -> &'a [Bits] {
        self.bits
    }

    /// Computes the scores of one image: shapes and errors are those of [`QuantNet::scores`](super::QuantNet::scores).
    ///
    /// # Errors
    ///
    /// [`Error::Shape`] if `x` or `scores` has not the network's length, [`Error::BufferTooSmall`] if
    /// the workspace is too short; nothing is written in that case.
    pub fn scores(
        &self,
        kernel: &impl QuantGemm,
        x: &[u8],
        workspace: &mut [u8],
        scores: &mut [i16],
    ) -> Result<(), Error> {
        let Self { arch, bits, mut weights, mut channels } = *self;
        check_len("x", arch.input_dim(), x.len())?;
        check_len("scores", arch.num_classes(), scores.len())?;
        let required = arch.quant_workspace_len();
        check_buffer("workspace", required, workspace.len())?;
        let (even, _) = arch.quant_blocks();
        // Unreachable once the lengths are checked; an error is cheaper to prove than a panic.
        let broken = Error::BufferTooSmall { what: "workspace", required, found: 0 };
        let (mut write, mut read) =
            workspace.as_chunks_mut::<4>().0.split_at_mut_checked(even).ok_or(broken)?;
        let (mut image, rest) = x.as_chunks::<4>();
        if !rest.is_empty() {
            pad(x, read).ok_or(broken)?;
            image = &[];
        }
        for (number, layer) in arch.layers().enumerate() {
            // By number: where all have the same, the compiler then sees it, and leaves out what the others take.
            let bits = *bits.get(number).ok_or(broken)?;
            let x = if layer.params_start == 0 && !image.is_empty() {
                image
            } else {
                read.get(..groups(layer.fan_in)).ok_or(broken)?
            };
            let w = weights.split_off(..bits.words() * weight_groups(&layer)).ok_or(broken)?;
            let channels = channels.split_off(..groups(layer.fan_out)).ok_or(broken)?;
            let out = (&mut *write, &mut *scores);
            match bits {
                Bits::Four => compute(kernel, &layer, x, (w.as_chunks::<2>().0, channels), out),
                Bits::Eight => compute(kernel, &layer, x, (w.as_chunks::<4>().0, channels), out),
            }
            .ok_or(broken)?;
            core::mem::swap(&mut read, &mut write);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Portable;
    use crate::quant::{Channel, QuantNet, pack, pack_int4};
    use std::vec;
    use std::vec::Vec;

    /// Packed weights of a network, all of them −7..=7: as bytes, and as `bits` says.
    fn packed(arch: &Arch<'_>, bits: &[Bits]) -> (Vec<u32>, Vec<u32>) {
        let (mut bytes, mut mixed) = (Vec::new(), Vec::new());
        for (layer, bits) in arch.layers().zip(bits) {
            for n in 0..weight_groups(&layer) {
                let w = [0, 1, 2, 3]
                    .map(|j| [0, 1, 2, 3].map(|i| ((n * 7 + j * 5 + i * 3) % 15) as i8 - 7));
                bytes.extend(pack(w));
                match bits {
                    Bits::Four => mixed.extend(pack_int4(w)),
                    Bits::Eight => mixed.extend(pack(w)),
                }
            }
        }
        (bytes, mixed)
    }

    #[test]
    fn layers_of_4_and_of_8_bits_give_the_scores_of_the_same_weights_in_bytes() {
        let sizes: [&[usize]; 4] = [&[6, 5, 3], &[1, 1], &[1, 9, 2, 1], &[300, 8, 10]];
        for dims in sizes {
            let arch = Arch::new(dims);
            for which in 0..1 << arch.num_layers() {
                let bits: Vec<_> = (0..arch.num_layers())
                    .map(|layer| if which >> layer & 1 == 0 { Bits::Four } else { Bits::Eight })
                    .collect();
                let (bytes, mixed) = packed(&arch, &bits);
                let channels: Vec<_> = (0..arch.quant_channels_len() as i32)
                    .map(|j| {
                        PackedChannel::nearest(Channel::new(900 * j, (j + 300) << 22, -7 - j % 3))
                    })
                    .collect();
                let whole: Vec<_> = channels.iter().map(|channel| channel.unpack()).collect();
                let mixed = MixedNet::try_new(arch, &bits, &mixed, &channels).unwrap();
                let whole = QuantNet::try_new(arch, &bytes, &whole).unwrap();
                let x: Vec<u8> = (0..arch.input_dim()).map(|i| (i * 77 + 200) as u8).collect();
                let mut workspace = vec![3; arch.quant_workspace_len()];
                let mut found = vec![0; arch.num_classes()];
                let mut expected = vec![1; arch.num_classes()];
                mixed.scores(&Portable, &x, &mut workspace, &mut found).unwrap();
                whole.scores(&Portable, &x, &mut workspace, &mut expected).unwrap();
                assert_eq!(found, expected, "{dims:?} {bits:?}");
            }
        }
    }

    #[test]
    fn lengths_that_disagree_are_refused_by_name() {
        let arch = Arch::new(&[4, 4, 4]);
        let channels = [PackedChannel::default(); 8];
        let what = |bits: &[Bits], weights: usize, channels: &[PackedChannel]| {
            MixedNet::try_new(arch, bits, &vec![0; weights], channels).map(drop).unwrap_err().what
        };
        let bits = [Bits::Four, Bits::Eight];
        assert_eq!(what(&bits[..1], 6, &channels), "bits");
        assert_eq!(what(&bits, 8, &channels), "weights");
        assert_eq!(what(&bits, 6, &channels[..4]), "channels");
        let weights = [0; 6];
        let net = MixedNet::try_new(arch, &bits, &weights, &channels).unwrap();
        let mut scores = [0; 4];
        net.scores(&Portable, &[0; 3], &mut [0; 8], &mut scores).unwrap_err();
        net.scores(&Portable, &[0; 4], &mut [0; 3], &mut scores).unwrap_err();
    }
}
