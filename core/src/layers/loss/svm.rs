//! The multiclass hinge loss.

use super::{Label, Loss, Targets, at, at_mut, class_weight};
use crate::error::Error;
use crate::float::{Float, positive_part};
use crate::mat::{Mat, MatMut};
use crate::slices::rows_of_mut;

/// Computes the multiclass SVM (hinge) loss and its gradient.
///
/// ```text
/// loss = 1/N · Σₙ Σ_{c ≠ y[n]} max(0, scores[n, c] − scores[n, y[n]] + 1)
/// dscores[n, c] ← 1/N where the margin is positive;  dscores[n, y[n]] ← −(how many are)/N
/// ```
///
/// Shapes and errors are those of [`softmax_loss`](super::softmax_loss).
///
/// # Errors
///
/// See [`softmax_loss`](super::softmax_loss).
///
/// # Example
///
/// ```
/// use barenet::{Mat, MatMut, layers::svm_loss};
/// let (scores, mut dscores) = ([3.0, 2.5, 0.0], [0.0; 3]);
/// let loss = svm_loss(Mat::new(&scores, 1, 3)?, &[0], MatMut::new(&mut dscores, 1, 3)?)?;
/// assert_eq!(loss, 0.5);
/// assert_eq!(dscores, [-1.0, 1.0, 0.0]);
/// # Ok::<(), barenet::Error>(())
/// ```
///
/// CS231n: <https://cs231n.github.io/linear-classify/#svm>
pub fn svm_loss<T: Float>(
    scores: Mat<'_, T>,
    y: &[Label],
    dscores: MatMut<'_, T>,
) -> Result<T, Error> {
    Loss::Svm.loss(scores, Targets::Classes(y), dscores)
}

/// Sums the losses of samples, and overwrites their scores with the gradient of the mean.
pub(super) fn svm_sum<T: Float>(
    mut scores: MatMut<'_, T>,
    y: &[Label],
    class_weights: &[T],
    num_samples: usize,
) -> T {
    let num_samples = T::from_usize(num_samples);
    let (mut loss, cols) = (T::ZERO, scores.cols());
    for (row, &y) in rows_of_mut(scores.data_mut(), cols).zip(y) {
        let Some(&correct) = at(row, y) else { continue };
        let weight = class_weight(class_weights, y);
        let (one, mut dcorrect) = (weight / num_samples, T::ZERO);
        for d in row.iter_mut() {
            let margin = *d - correct + T::ONE;
            *d = if margin > T::ZERO { one } else { T::ZERO };
            loss += positive_part(margin) * weight;
            dcorrect -= *d;
        }
        // The right class counted itself: a margin of 1, and one 1/N in its gradient.
        loss -= weight;
        if let Some(d) = at_mut(row, y) {
            *d += dcorrect;
        }
    }
    loss
}
