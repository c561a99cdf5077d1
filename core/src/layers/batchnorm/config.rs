//! The constants of batch norm.

use crate::float::Float;

/// The constants of a batch normalisation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BatchNormConfig<T> {
    /// Added to the variance before the root, so that a constant column divides by no zero.
    /// At least 0. Default 1e-5.
    pub eps: T,
    /// Share of the running statistics that stays at each step, in 0..=1. Default 0.9.
    pub momentum: T,
}

impl<T: Float> Default for BatchNormConfig<T> {
    fn default() -> Self {
        Self { eps: T::from_f64(1e-5), momentum: T::from_f64(0.9) }
    }
}
