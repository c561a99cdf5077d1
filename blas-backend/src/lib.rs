//! Fast matrix products and threads for [`barenet`].
//!
//! [`Backend`] is what a program takes: a [`Kernel`] chosen at run time, and a team of threads.
//! [`MatrixMultiply`] and [`OpenBlas`] are the kernels alone, on the calling thread.
//!
//! # Same bits at any number of threads
//!
//! A product is always computed in the same tiles of C, each by one single-threaded call that sums
//! over all of k; threads only decide who computes a tile. The other work that the library hands to
//! [`Gemm::join`](barenet::Gemm::join) comes in pieces of fixed size.
//!
//! # Safety
//!
//! All `unsafe` code of the project is in this crate: the calls of the two libraries, and the tiles
//! of one matrix that several threads write, and the work that threads take from each other's stacks.
//! Each block says why it is sound.

#![allow(unsafe_code)]

mod backend;
mod join;
pub mod machine;
#[cfg(feature = "matrixmultiply")]
mod matrixmultiply;
#[cfg(feature = "openblas")]
mod openblas;
mod team;
#[cfg(any(feature = "matrixmultiply", feature = "openblas"))]
mod tile;

pub use backend::{Backend, Element, Kernel};
#[cfg(feature = "matrixmultiply")]
pub use matrixmultiply::MatrixMultiply;
#[cfg(feature = "openblas")]
pub use openblas::OpenBlas;
