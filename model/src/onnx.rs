//! ONNX: a network as a graph that most runtimes read.
//!
//! | module | has |
//! |---|---|
//! | [`proto`] | the messages of a file |
//! | [`mod@write`] | a network in `f32` |
//! | [`int8`] | an exported int8 network, with its integers |
//! | [`read`] | networks of any program |
//!
//! Source: <https://onnx.ai/onnx/repo-docs/IR.html>, and the operators of opset 17.

mod constant;
mod graph;
pub mod int8;
pub mod proto;
pub mod read;
pub mod write;

/// What a network answers, which says what the outputs of its graph are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Head {
    /// `scores` and `probabilities` of classes.
    Classes,
    /// `values`, in the units of the targets.
    Values,
    /// `reconstruction` of the inputs, and `anomaly_score`.
    Reconstruction,
}

/// The type of the inputs of a graph.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Input {
    /// Bytes: pixels from 0 to 255.
    Pixels,
    /// `f32`: features as they are.
    Features,
}

/// The version of the operators.
pub const OPSET: i64 = 17;
