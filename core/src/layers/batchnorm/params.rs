//! The numbers of a batch norm, and their gradients.

use crate::error::{ShapeError, check_len};
use crate::slices::Divide;

/// Learnt numbers of a batch norm.
#[derive(Clone, Copy, Debug)]
pub struct Norm<'a, T> {
    /// Scale, (M).
    pub gamma: &'a [T],
    /// Shift, (M).
    pub beta: &'a [T],
}

impl<T> Norm<'_, T> {
    /// Refuses numbers and running statistics that are not those of so many features.
    pub(in crate::layers) fn check(
        &self,
        num_features: usize,
        running_mean: &[T],
        running_var: &[T],
    ) -> Result<(), ShapeError> {
        check_len("gamma", num_features, self.gamma.len())?;
        check_len("beta", num_features, self.beta.len())?;
        check_len("running_mean", num_features, running_mean.len())?;
        check_len("running_var", num_features, running_var.len())
    }
}

/// Gradients of a batch norm.
#[derive(Debug)]
pub struct NormGrads<'a, T> {
    /// Gradient of the scale, (M).
    pub dgamma: &'a mut [T],
    /// Gradient of the shift, (M).
    pub dbeta: &'a mut [T],
}

impl<T> Divide for NormGrads<'_, T> {
    fn divide(self, columns: usize) -> (Self, Self) {
        let (dgamma, dgamma_rest) = self.dgamma.divide(columns);
        let (dbeta, dbeta_rest) = self.dbeta.divide(columns);
        (Self { dgamma, dbeta }, Self { dgamma: dgamma_rest, dbeta: dbeta_rest })
    }
}

/// The running statistics of a batch norm: borrowed mutably in training, shared at test time.
#[derive(Clone, Copy, Debug)]
pub struct RunningStats<S> {
    /// Running mean, (M).
    pub mean: S,
    /// Running variance, (M).
    pub var: S,
}
