//! The Huber loss.

use super::{Loss, Targets};
use crate::error::Error;
use crate::float::Float;
use crate::mat::{Mat, MatMut};

/// Computes the Huber loss and its gradient: squares of small errors, and of large ones the distance.
///
/// ```text
/// e       = scores − y
/// loss    = 1/(N·C) · Σₙ Σ_c (½·e²  where |e| ≤ delta,  delta·(|e| − ½·delta)  elsewhere)
/// dscores ← max(−delta, min(e, delta)) / (N·C)
/// ```
///
/// The mean is that over all elements, as that of PyTorch's `nn.HuberLoss`. Shapes are those of
/// [`mse_loss`](super::mse_loss).
///
/// # Errors
///
/// [`Error::InvalidConfig`] if `delta` is not finite and above 0; otherwise see
/// [`mse_loss`](super::mse_loss).
///
/// # Example
///
/// ```
/// use barenet::{Mat, MatMut, layers::huber_loss};
/// let (scores, y, mut dscores) = ([1.0, 4.0], [0.0, 0.0], [0.0; 2]);
/// let (s, y) = (Mat::new(&scores, 1, 2)?, Mat::new(&y, 1, 2)?);
/// let loss = huber_loss(s, y, 2.0, MatMut::new(&mut dscores, 1, 2)?)?;
/// assert_eq!(loss, 3.25);
/// assert_eq!(dscores, [0.5, 1.0]);
/// # Ok::<(), barenet::Error>(())
/// ```
///
/// PyTorch: <https://docs.pytorch.org/docs/stable/generated/torch.nn.HuberLoss.html>
pub fn huber_loss<T: Float>(
    scores: Mat<'_, T>,
    y: Mat<'_, T>,
    delta: f64,
    dscores: MatMut<'_, T>,
) -> Result<T, Error> {
    Loss::Huber { delta }.loss(scores, Targets::Values(&y), dscores)
}

/// The loss of an error, and its derivative.
#[inline(always)]
pub(super) fn huber<T: Float>(error: T, delta: T) -> (T, T) {
    let half = T::from_f64(0.5);
    let distance = error.abs();
    if distance <= delta {
        (half * error * error, error)
    } else {
        let derivative = if error < T::ZERO { -delta } else { delta };
        (delta * (distance - half * delta), derivative)
    }
}
