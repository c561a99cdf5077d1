//! int8 networks: inference with integers alone, from the bytes of an image to the scores.
//!
//! A trained network becomes an int8 one in three steps, none of which allocates: [`fold`](crate::fold())
//! removes batch norm and the mean image, [`calibrate`] learns the ranges of the activations from
//! validation images, [`quantize`] writes the numbers of a [`QuantNet`]. In between, [`remove_unused`] and
//! [`equalize`] may change how a network is written, not what it computes, so that less is lost. Host and device compute the
//! same bits with every [`QuantGemm`]: [`Portable`](crate::Portable) is one, and `barenet_blas` has those of a server's CPU, for
//! one image or for [a batch](QuantNet::scores_of_batch), and of Cortex-M.
//!
//! # The arithmetic
//!
//! | what        | type  | scale                                                              |
//! |-------------|-------|--------------------------------------------------------------------|
//! | weights     | i8    | symmetric, one scale for each output, −127..=127                     |
//! | activations | u8    | one scale for each layer; zero point 0 after ReLU, which is the clamp at 0 |
//! | inputs      | u8    | [`InputScale`]: pixels as they are, or a scale and a zero point; other numbers by an [`InputMap`] each |
//! | sums, biases | i32  | product of the scales of input and weight; the zero point is in the bias |
//! | scores      | i16   | symmetric, one scale                                               |
//!
//! Activations are those of TFLite's int8 less the detour over signed bytes (u8 = int8 + 128): so a
//! pixel is an activation as it is, and ReLU and saturation are one. The step from a sum to an
//! activation is TFLite's [`multiply_by_quantized_multiplier`] with single rounding. Scores have 16
//! bits because they cost no more, and the argmax has fewer ties.
//!
//! ```
//! use barenet::quant::{self, Channel, InputScale, Observer, QuantNet};
//! use barenet::{Arch, FullyConnectedNet, Mat, Portable, Rng, Scaling, Weights, fold, predict};
//!
//! let net = FullyConnectedNet::new(Arch::new(&[4, 2]));
//! let params = [0.5_f32, -0.5, -0.25, 0.25, 1.0, -1.0, 0.0, 0.0, 3.0, -3.0];
//! let mean_image = [128.0; 4];
//!
//! let arch = net.arch.without_batchnorm();
//! let mut folded = vec![0.0; arch.num_params()];
//! let weights = Weights::new(&net.arch, &params, &[])?;
//! fold(&net, weights, Scaling::offset(&mean_image), Scaling::NONE, &mut folded)?;
//!
//! let images: Vec<u8> = (0..4 * 64).map(|i| Rng::seed(i).below(256) as u8).collect();
//! let x: Vec<f32> = images.iter().map(|&pixel| pixel.into()).collect();
//! let mut observers = vec![Observer::new(); arch.num_layers()];
//! let mut workspace = vec![0.0; arch.infer_workspace_len(64)];
//! let x = Mat::new(&x, 64, 4)?;
//! quant::calibrate(&Portable, &arch, &folded, x, &mut workspace, &mut observers)?;
//!
//! let mut weights = vec![0; arch.quant_weights_len()];
//! let mut channels = vec![Channel::default(); arch.quant_channels_len()];
//! let input = InputScale::PIXELS;
//! quant::quantize(&arch, &folded, input, &observers, &mut weights, &mut channels)?;
//!
//! let net = QuantNet::try_new(arch, &weights, &channels)?;
//! let mut scores = [0; 2];
//! net.scores(&Portable, &[200, 100, 150, 0], &mut [], &mut scores)?;
//! assert_eq!(predict(&scores), 0);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # How weights are packed
//!
//! For one block of four outputs A, B, C, D and one group of four inputs 0, 1, 2, 3 there are four
//! words, [`pack`]; a layer is its blocks one after the other, each of them its groups. Sizes that are no
//! multiple of 4 are padded with weights of 0. Each half of a word holds the weights of one input for two
//! outputs as one number, 256·B + A:
//!
//! | word | high half     | low half      |
//! |------|---------------|---------------|
//! | 0    | 256·B₂ + A₂   | 256·B₀ + A₀   |
//! | 1    | 256·D₂ + C₂   | 256·D₀ + C₀   |
//! | 2    | 256·B₃ + A₃   | 256·B₁ + A₁   |
//! | 3    | 256·D₃ + C₃   | 256·D₁ + C₁   |
//!
//! So a kernel that multiplies pairs of 16 bits, as SMLAD does, sums Σ x·(256·B + A) from the word as it
//! is, and Σ x·A after one instruction that extends the low bytes; their difference is 256·Σ x·B. That
//! is three instructions for four products, where unpacking all weights takes four.
//!
//! # Weights of 4 bits
//!
//! [`quantize_mixed`] gives any layer weights of [4 bits](Bits), half the flash, which a [`MixedNet`] computes with;
//! [`pack_int4`] says how they lie. Biases and factors are stored in [four bytes](PackedChannel), a third. All else is the same.

mod byte;
mod calibrate;
mod calibration;
mod equalize;
mod error;
mod fake;
mod input;
mod int4;
mod kernel;
mod map;
mod mixed;
mod net;
mod packed;
mod quantize;
mod requant;
mod stored;

pub use byte::{ByteScale, unsigned_bytes};
pub use calibrate::{Observer, calibrate, observe_units};
pub use calibration::Calibration;
pub use equalize::{equalize, remove_unused};
pub use error::QuantError;
pub use fake::FakeQuant;
pub use input::InputScale;
pub use int4::{int4_start, pack_int4};
pub use kernel::{
    GROUPS_PER_SUM, Int4Args, Output, QuantArgs, QuantBatch, QuantGemm, QuantParts, pack,
};
pub use map::{InputMap, IntegerMap, RealMap, squared_error, to_bytes};
pub use mixed::{Bits, MixedNet};
pub use net::QuantNet;
pub use packed::PackedChannel;
pub use quantize::{MIN_CALIBRATION_SAMPLES, Quantized, quantize, quantize_mixed};
pub use requant::{Channel, multiply_by_quantized_multiplier, quantize_multiplier};

use crate::arch::{Activation, LayerSpec};

/// Whether a layer gives bytes from 0 on, for the next layer; otherwise scores.
const fn gives_bytes(layer: &LayerSpec) -> bool {
    match layer.activation {
        Activation::Relu => true,
        Activation::Identity => false,
    }
}
