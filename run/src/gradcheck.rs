//! The gradient checks of the course's document, on the document's own numbers.
//!
//! Inputs come from NumPy's generator with the document's seeds ([`NumpyRandom`]), so the losses must
//! be the printed ones digit for digit, and the errors can be held against the printed ones.

mod check;
mod checks;
mod numpy_random;

pub use check::{Check, Quantity};
pub use checks::{run_checks, run_checks_of};
pub use numpy_random::NumpyRandom;
