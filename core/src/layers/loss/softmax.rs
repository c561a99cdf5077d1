//! The softmax loss.

use super::{Label, Loss, Targets, at, at_mut, class_weight};
use crate::error::Error;
use crate::float::Float;
use crate::layers::columns::PIECE;
use crate::mat::{Mat, MatMut};
use crate::slices::rows_of_mut;

/// Computes the softmax loss (cross-entropy) and its gradient.
///
/// ```text
/// p[n, c] = exp(scores[n, c]) / Σⱼ exp(scores[n, j])
/// loss    = −1/N · Σₙ ln p[n, y[n]]
/// dscores ← (p − [c = y[n]]) / N
/// ```
///
/// The largest score of a row is subtracted before the exponential, which changes nothing but keeps
/// it finite. An exponential below the square root of the smallest normal number, 1e-19 in `f32`, counts
/// as 0: what it adds to a gradient is nothing beside rounding, but its products would be subnormal
/// numbers, with which many CPUs take a hundred times as long. The loss of no samples is 0.
///
/// # Shapes
///
/// | argument  | shape  | role                             |
/// |-----------|--------|----------------------------------|
/// | `scores`  | (N, C) | one row of class scores a sample |
/// | `y`       | (N)    | the right class of each sample   |
/// | `dscores` | (N, C) | output, overwritten              |
///
/// # Errors
///
/// [`Error::Shape`] if `y` or `dscores` does not fit `scores`, [`Error::InvalidLabel`] if a label is
/// not below C; `dscores` is not written in that case.
///
/// # Example
///
/// ```
/// use barenet::{Mat, MatMut, layers::softmax_loss};
/// let (scores, mut dscores) = ([0.0_f64; 4], [0.0; 4]);
/// let loss = softmax_loss(Mat::new(&scores, 1, 4)?, &[2], MatMut::new(&mut dscores, 1, 4)?)?;
/// assert_eq!(loss, 4.0_f64.ln());
/// assert_eq!(dscores, [0.25, 0.25, -0.75, 0.25]);
/// # Ok::<(), barenet::Error>(())
/// ```
///
/// CS231n: <https://cs231n.github.io/linear-classify/#softmax>
pub fn softmax_loss<T: Float>(
    scores: Mat<'_, T>,
    y: &[Label],
    dscores: MatMut<'_, T>,
) -> Result<T, Error> {
    Loss::Softmax.loss(scores, Targets::Classes(y), dscores)
}

/// Rows whose exponentials are computed together: rows of few classes would leave vectors mostly empty.
pub(super) const ROWS: usize = 8;

/// Sums the losses of samples, and overwrites their scores with the gradient of the mean.
#[inline(always)]
pub(super) fn softmax_sum<T: Float>(
    mut scores: MatMut<'_, T>,
    y: &[Label],
    class_weights: &[T],
    num_samples: usize,
) -> T {
    let num_samples = T::from_usize(num_samples);
    let (mut loss, cols) = (T::ZERO, scores.cols());
    for (rows, y) in scores.data_mut().chunks_mut((ROWS * cols).max(1)).zip(y.chunks(ROWS)) {
        let mut correct = [T::ZERO; ROWS];
        for ((row, &y), correct) in rows_of_mut(rows, cols).zip(y).zip(&mut correct) {
            let max = row.iter().fold(T::NEG_INFINITY, |max, &s| s.max(max));
            row.iter_mut().for_each(|s| *s -= max);
            *correct = at(row, y).copied().unwrap_or(T::ZERO);
        }
        T::exp_each(rows);
        for ((row, &y), correct) in rows_of_mut(rows, cols).zip(y).zip(correct) {
            let mut sum = T::ZERO;
            for row in row.chunks(PIECE) {
                let mut piece = T::ZERO;
                row.iter().for_each(|&p| piece += p);
                sum += piece;
            }
            for p in row.iter_mut() {
                *p = *p / sum / num_samples;
            }
            if let Some(p) = at_mut(row, y) {
                // −ln p[y], without taking the logarithm of a p that may have become 0.
                loss += (sum.ln() - correct) * class_weight(class_weights, y);
                *p -= T::ONE / num_samples;
            }
            if let Some(&weight) = at(class_weights, y) {
                row.iter_mut().for_each(|p| *p *= weight);
            }
        }
    }
    loss
}

/// The softmax loss of a sample: −ln of the probability of its class.
pub(crate) fn log_loss<T: Float>(scores: &[T], y: Label) -> T {
    let max = scores.iter().fold(T::NEG_INFINITY, |max, &s| s.max(max));
    let mut sum = T::ZERO;
    scores.iter().for_each(|&s| sum += (s - max).exp());
    at(scores, y).map_or(T::ZERO, |&s| sum.ln() - (s - max))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn softmax_loss_survives_scores_far_apart() {
        let scores = [1000.0_f32, 0.0];
        let mut dscores = [0.0; 2];
        let scores = Mat::new(&scores, 1, 2).unwrap();
        let loss = softmax_loss(scores, &[1], MatMut::new(&mut dscores, 1, 2).unwrap());
        assert_eq!((loss, dscores), (Ok(1000.0), [1.0, -1.0]));
    }

    #[test]
    fn a_gradient_whose_products_would_be_subnormal_is_zero() {
        let scores = [0.0_f32, -43.0, -44.0, -100.0];
        let mut dscores = [f32::NAN; 4];
        let scores = Mat::new(&scores, 1, 4).unwrap();
        let loss = softmax_loss(scores, &[0], MatMut::new(&mut dscores, 1, 4).unwrap());
        assert_eq!((loss, dscores[0]), (Ok(0.0), 0.0));
        assert!((dscores[1] / (-43.0_f32).exp() - 1.0).abs() < 1e-5, "{dscores:?}");
        assert_eq!(dscores[2..], [0.0; 2]);
    }
}
