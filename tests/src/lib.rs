//! Shared by the tests: reference files, tolerances, a network with its memory, ranks that are threads.

#![cfg(feature = "suite")]

pub mod conformance;
mod golden;
mod model;
pub mod ranks;
pub mod tolerance;

pub use golden::Golden;
pub use model::Model;
