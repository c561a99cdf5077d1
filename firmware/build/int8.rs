//! The int8 form of a network: folded, calibrated, quantised, and what the host computes with it. Weights may have 4 bits.

use super::text::Text;
use barenet::quant::{Bits, Channel, InputScale, MixedNet, Observer, calibrate, quantize_mixed};
use barenet::{Arch, Mat, Portable};
use std::error::Error;

/// An int8 network's numbers.
pub(super) struct Int8<'a> {
    pub(super) arch: Arch<'a>,
    bits: Vec<Bits>,
    pub(super) weights: Vec<u32>,
    pub(super) channels: Vec<Channel>,
    pub(super) score_scale: f64,
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
        let bits = vec![bits; arch.num_layers()];
        let count = images.len() / arch.input_dim();
        let mut observers = vec![Observer::new(); arch.num_layers()];
        let mut workspace = vec![0.0; arch.infer_workspace_len(count)];
        let x = Mat::new(images, count, arch.input_dim())?;
        calibrate(&Portable, &arch, folded, x, &mut workspace, &mut observers)?;
        let mut weights = vec![0; arch.mixed_weights_len(&bits)];
        let mut channels = vec![Channel::default(); arch.quant_channels_len()];
        let out = (&mut weights[..], &mut channels[..]);
        let quantized = quantize_mixed(&arch, folded, input, &observers, &bits, out)?;
        Ok(Self { arch, bits, weights, channels, score_scale: quantized.score_scale })
    }

    /// The scores that the host computes for an image.
    pub(super) fn scores(&self, image: &[u8]) -> Result<Vec<i16>, barenet::Error> {
        let mut workspace = vec![0; self.arch.quant_workspace_len()];
        let mut scores = vec![0; self.arch.num_classes()];
        let net = MixedNet::try_new(self.arch, &self.bits, &self.weights, &self.channels)?;
        net.scores(&Portable, image, &mut workspace, &mut scores)?;
        Ok(scores)
    }

    pub(super) fn write(&self, text: &mut Text) {
        text.array("WEIGHTS", "u32", &self.weights);
        text.channels("CHANNELS", &self.channels);
    }
}
