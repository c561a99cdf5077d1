//! The int8 form of a network: folded, calibrated, quantised, and what the host computes with it. Weights may have 4 bits.

use super::text::Text;
use barenet::quant::{
    Bits, Channel, InputScale, MixedNet, Observer, PackedChannel, QuantNet, calibrate, quantize,
    quantize_mixed,
};
use barenet::{Arch, Mat, Portable};
use std::error::Error;

/// An int8 network's numbers.
pub(super) struct Int8<'a> {
    arch: Arch<'a>,
    weights: Vec<u32>,
    channels: Channels,
    pub(super) score_scale: f64,
}

/// What the sums of its outputs are requantised by.
enum Channels {
    /// Of weights of 8 bits.
    Whole(Vec<Channel>),
    /// Of layers of these bits.
    Packed(Vec<Bits>, Vec<PackedChannel>),
}

impl<'a> Int8<'a> {
    /// Quantises a folded network, calibrated with images that are numbers.
    pub(super) fn new(
        arch: Arch<'a>,
        folded: &[f32],
        input: InputScale,
        images: &[f32],
    ) -> Result<Self, Box<dyn Error>> {
        Self::with_bits(arch, Bits::Eight, folded, input, images)
    }

    /// [`Self::new`] with weights of that many bits in every layer.
    pub(super) fn with_bits(
        arch: Arch<'a>,
        bits: Bits,
        folded: &[f32],
        input: InputScale,
        images: &[f32],
    ) -> Result<Self, Box<dyn Error>> {
        let count = images.len() / arch.input_dim();
        let mut observers = vec![Observer::new(); arch.num_layers()];
        let mut workspace = vec![0.0; arch.infer_workspace_len(count)];
        let x = Mat::new(images, count, arch.input_dim())?;
        calibrate(&Portable, &arch, folded, x, &mut workspace, &mut observers)?;
        let len = arch.quant_channels_len();
        let (weights, channels, quantized) = match bits {
            Bits::Eight => {
                let mut weights = vec![0; arch.quant_weights_len()];
                let mut channels = vec![Channel::default(); len];
                let made = quantize(&arch, folded, input, &observers, &mut weights, &mut channels)?;
                (weights, Channels::Whole(channels), made)
            }
            Bits::Four => {
                let bits = vec![bits; arch.num_layers()];
                let mut weights = vec![0; arch.mixed_weights_len(&bits)];
                let mut channels = vec![PackedChannel::default(); len];
                let out = (&mut weights[..], &mut channels[..]);
                let made = quantize_mixed(&arch, folded, input, &observers, &bits, out)?;
                (weights, Channels::Packed(bits, channels), made)
            }
        };
        Ok(Self { arch, weights, channels, score_scale: quantized.score_scale })
    }

    /// The scores that the host computes for an image.
    pub(super) fn scores(&self, image: &[u8]) -> Result<Vec<i16>, barenet::Error> {
        let Self { arch, weights, channels, .. } = self;
        let mut workspace = vec![0; arch.quant_workspace_len()];
        let mut scores = vec![0; arch.num_classes()];
        match channels {
            Channels::Whole(channels) => QuantNet::try_new(*arch, weights, channels)?.scores(
                &Portable,
                image,
                &mut workspace,
                &mut scores,
            ),
            Channels::Packed(bits, channels) => MixedNet::try_new(*arch, bits, weights, channels)?
                .scores(&Portable, image, &mut workspace, &mut scores),
        }?;
        Ok(scores)
    }

    pub(super) fn write(&self, text: &mut Text) {
        text.array("WEIGHTS", "u32", &self.weights);
        match &self.channels {
            Channels::Whole(channels) => text.each("CHANNELS", "Channel", channels, |c| {
                format!("Channel::new({}, {}, {})", c.bias(), c.multiplier(), c.shift())
            }),
            Channels::Packed(_, channels) => {
                text.each("CHANNELS", "PackedChannel", channels, |c| {
                    format!("PackedChannel::new({:#010X})", c.bits())
                });
            }
        }
    }
}
