//! Shared by the tests: reference files, tolerances, a network with its memory.

#![cfg(feature = "suite")]

pub mod conformance;
mod golden;
mod model;
pub mod tolerance;

pub use golden::Golden;
pub use model::Model;
