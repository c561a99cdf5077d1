//! The mean squared error.

use super::{Loss, Targets};
use crate::error::Error;
use crate::float::Float;
use crate::mat::{Mat, MatMut};

/// Computes the mean squared error and its gradient.
///
/// ```text
/// loss    = 1/(N·C) · Σₙ Σ_c (scores[n, c] − y[n, c])²
/// dscores ← 2·(scores − y) / (N·C)
/// ```
///
/// The mean is that over all elements, as that of PyTorch's `nn.MSELoss`, and there is no factor ½. The loss
/// of no samples is 0.
///
/// # Shapes
///
/// | argument  | shape  | role                        |
/// |-----------|--------|-----------------------------|
/// | `scores`  | (N, C) | the outputs of each sample  |
/// | `y`       | (N, C) | the right outputs           |
/// | `dscores` | (N, C) | output, overwritten         |
///
/// # Errors
///
/// [`Error::Shape`] if `y` or `dscores` does not fit `scores`; `dscores` is not written in that case.
///
/// # Example
///
/// ```
/// use barenet::{Mat, MatMut, layers::mse_loss};
/// let (scores, y, mut dscores) = ([1.0, 4.0], [0.0, 2.0], [0.0; 2]);
/// let loss = mse_loss(Mat::new(&scores, 1, 2)?, Mat::new(&y, 1, 2)?, MatMut::new(&mut dscores, 1, 2)?)?;
/// assert_eq!(loss, 2.5);
/// assert_eq!(dscores, [1.0, 2.0]);
/// # Ok::<(), barenet::Error>(())
/// ```
///
/// PyTorch: <https://docs.pytorch.org/docs/stable/generated/torch.nn.MSELoss.html>
pub fn mse_loss<T: Float>(
    scores: Mat<'_, T>,
    y: Mat<'_, T>,
    dscores: MatMut<'_, T>,
) -> Result<T, Error> {
    Loss::Mse.loss(scores, Targets::Values(&y), dscores)
}

/// The loss of an error, and half of its derivative.
#[inline(always)]
pub(super) fn squared<T: Float>(error: T) -> (T, T) {
    (error * error, error)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec::Vec;

    #[test]
    fn the_error_of_long_rows_is_that_of_all_their_numbers() {
        for cols in [1, 7, 64, 65, 200] {
            let scores: Vec<f64> = (0..3 * cols).map(|i| i as f64).collect();
            let (y, mut dscores) = (std::vec![1.0; 3 * cols], std::vec![f64::NAN; 3 * cols]);
            let y = Mat::new(&y, 3, cols).unwrap();
            let out = MatMut::new(&mut dscores, 3, cols).unwrap();
            let loss = mse_loss(Mat::new(&scores, 3, cols).unwrap(), y, out).unwrap();
            let count = 3.0 * cols as f64;
            let squares: f64 = scores.iter().map(|s| (s - 1.0) * (s - 1.0)).sum();
            assert!((loss - squares / count).abs() < 1e-9 * loss.max(1.0), "{cols}");
            for (d, s) in dscores.iter().zip(&scores) {
                assert!((d - 2.0 * (s - 1.0) / count).abs() < 1e-12, "{cols}");
            }
        }
    }
}
