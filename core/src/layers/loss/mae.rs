//! The mean absolute error.

use super::{Loss, Targets};
use crate::error::Error;
use crate::float::Float;
use crate::mat::{Mat, MatMut};

/// Computes the mean absolute error and its gradient.
///
/// ```text
/// loss    = 1/(N·C) · Σₙ Σ_c |scores[n, c] − y[n, c]|
/// dscores ← sign(scores − y) / (N·C)
/// ```
///
/// An outlier weighs as its distance, not as the square of it. The mean is that over all elements, as that of
/// PyTorch's `nn.L1Loss`; the gradient of no error is 0. Shapes are those of [`mse_loss`](super::mse_loss).
///
/// # Errors
///
/// See [`mse_loss`](super::mse_loss).
///
/// # Example
///
/// ```
/// use barenet::{Mat, MatMut, layers::mae_loss};
/// let (scores, y, mut dscores) = ([1.0, 4.0], [3.0, 1.0], [0.0; 2]);
/// let loss = mae_loss(Mat::new(&scores, 1, 2)?, Mat::new(&y, 1, 2)?, MatMut::new(&mut dscores, 1, 2)?)?;
/// assert_eq!(loss, 2.5);
/// assert_eq!(dscores, [-0.5, 0.5]);
/// # Ok::<(), barenet::Error>(())
/// ```
///
/// PyTorch: <https://docs.pytorch.org/docs/stable/generated/torch.nn.L1Loss.html>
pub fn mae_loss<T: Float>(
    scores: Mat<'_, T>,
    y: Mat<'_, T>,
    dscores: MatMut<'_, T>,
) -> Result<T, Error> {
    Loss::Mae.loss(scores, Targets::Values(&y), dscores)
}

/// The loss of an error, and its derivative.
#[inline(always)]
pub(super) fn absolute<T: Float>(error: T) -> (T, T) {
    let up = if error > T::ZERO { T::ONE } else { T::ZERO };
    let down = if error < T::ZERO { T::ONE } else { T::ZERO };
    (error.abs(), up - down)
}
