//! Fully-connected neural networks that train and run anywhere: on a desktop, and with the same code
//! on a microcontroller without an operating system.
//!
//! No `std`, no heap, no `unsafe`; the only dependency is [`libm`]. All memory is the caller's, and
//! how much of it there must be is known at compile time. The vocabulary is that of Stanford's
//! CS231n, whose assignment 2 this crate implements.
//!
//! # The layers of the library
//!
//! Each stands on those above it and can be used without those below.
//!
//! 1. [`Float`]: `f32` and `f64`. [`Error`] and [`ShapeError`]: what can be wrong.
//! 2. [`Mat`], [`MatMut`]: checked matrix views of flat slices.
//! 3. [`Machine`], [`Pass`], [`Split`]: threads and vector instructions for work that is divided. [`Gemm`]: the matrix product
//!    that can be replaced, and [`Portable`], one that works everywhere.
//! 4. [`Rng`], [`Permutation`]: reproducible randomness without state to save.
//! 5. [`layers`]: forward and backward functions, losses, and the sandwiches made of them. [`Targets`]: what
//!    is learnt. [`Metric`]: what is reported.
//! 6. [`Arch`]: from layer sizes to the length and place of every buffer. [`Weights`],
//!    [`TrainState`]: views of the slices.
//! 7. [`FullyConnectedNet`], [`TwoLayerNet`]: `scores` for inference, `loss` for training.
//! 8. [`optim`]: update rules on flat slices. [`Schedule`]: the learning rate over time.
//! 9. [`Solver`]: the training loop as a state machine.
//! 10. [`gradient_check`]: numerical gradients to check all this against.
//! 11. [`fold()`], [`FoldedNet`], [`anomaly_score()`], [`quant`]: a trained network made simpler, and made of integers, for
//!     inference.
//! 12. [`flash`]: weights as a `static`, and their checksum.
//!
//! # Inference on a microcontroller
//!
//! ```
//! use barenet::{Arch, Error, FoldedNet, predict};
//!
//! const ARCH: Arch<'static> = Arch::new(&[16, 8, 3]);
//! static PARAMS: [f32; ARCH.num_params()] = [0.1; ARCH.num_params()]; // in flash
//! static NET: FoldedNet<'static, f32> = FoldedNet::new(ARCH, &PARAMS);
//! const RAM: usize = ARCH.infer_workspace_len(1); // 11 numbers
//!
//! fn classify(x: &[f32; 16]) -> Result<u32, Error> {
//!     let mut workspace = [0.0; RAM];
//!     Ok(predict(NET.scores(x, &mut workspace)?))
//! }
//! assert_eq!(classify(&[1.0; 16]), Ok(0));
//! ```

#![no_std]
#![forbid(unsafe_code)]
#![cfg_attr(
    not(test),
    deny(clippy::indexing_slicing, clippy::unwrap_used, clippy::expect_used, clippy::panic)
)]

#[cfg(any(test, feature = "std"))]
extern crate std;

mod anomaly;
mod arch;
mod error;
pub mod flash;
mod float;
mod fold;
mod gemm;
pub mod gradient_check;
pub mod layers;
mod machine;
mod mat;
mod metric;
mod net;
pub mod optim;
pub mod quant;
mod rng;
mod scaling;
mod schedule;
mod shards;
mod slices;
mod solver;
mod state;
mod whiten;

pub use anomaly::anomaly_score;
pub use arch::{
    Activation, AnyLayer, Arch, ArchError, LayerSpec, Layers, LocalLayers, LocalSpec, LocalSpecs,
    Picture, Window,
};
pub use error::{Error, ShapeError};
pub use float::Float;
pub use fold::fold;
pub use gemm::{Compact, Epilogue, Gemm, GemmArgs, Portable, RowRange, Rows, matmul};
pub use layers::{Label, Loss, OwnLoss, Target, Targets};
pub use machine::{Machine, Merge, Pass, Split, run};
pub use mat::{Mat, MatMut, Op};
pub use metric::Metric;
pub use net::{DataParallel, FoldedNet, FullyConnectedNet, Init, TwoLayerNet};
pub use optim::{DecayOn, UpdateRule};
pub use rng::{Permutation, Rng};
pub use scaling::Scaling;
pub use schedule::{Position, Schedule, Warmup};
pub use shards::{Alone, Ranks, Shards, gradient_pieces, share};
pub use solver::{
    Average, Checked, Dataset, Event, History, Progress, Sample, Sampling, Solver, SolverBuffers,
    SolverConfig, Strategy, WholeBatch, evaluate, predict,
};
pub use state::{TrainState, Weights, layer_grads, layer_params, layer_running, layer_running_mut};
#[cfg(feature = "whiten")]
pub use whiten::fit_whitening;
pub use whiten::{MAX_WHITENED_INPUTS, MAX_WHITENING_LEN, MIN_EPSILON, Whitening, whitening_len};
