//! The gradient checks of the course's document, on the document's own numbers.
//!
//! Inputs come from NumPy's generator with the document's seeds ([`NumpyRandom`]), so the losses must
//! be the printed ones digit for digit, and the errors can be held against the printed ones.

mod checks;
mod numpy_random;

pub use checks::{Check, Quantity, run_checks};
pub use numpy_random::NumpyRandom;
