//! A trained network of barenet as a file.
//!
//! | module | has |
//! |---|---|
//! | [`weights`] | the weights file: safetensors with the settings and a checksum |
//! | [`export`] | a trained network as a crate for microcontrollers |
//! | [`interchange`] | a trained network in the files of other programs |
//! | [`onnx`] | a trained network as a graph, for most runtimes |
//! | [`tflite`] | a network of TensorFlow Lite's |
//! | [`sealed`] | the form of weights files and checkpoints |
//! | [`number`] | `f32` and `f64` as bytes in files |

pub mod export;
pub mod interchange;
pub mod number;
pub mod onnx;
mod packing;
pub mod scales;
pub mod sealed;
pub mod tflite;
pub mod weights;
