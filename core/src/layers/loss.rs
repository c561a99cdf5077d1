//! Loss functions: how bad the scores are, and the gradient that says which way is better.

use super::columns::PIECE;
use crate::error::{Error, check_len, check_shape};
use crate::float::{Float, positive_part};
use crate::mat::{Mat, MatMut};
use crate::slices::rows_of_mut;

/// The number of a class, from 0.
pub type Label = u32;

/// Which loss a network is trained with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Loss {
    /// [`softmax_loss`], the cross-entropy.
    #[default]
    Softmax,
    /// [`svm_loss`], the multiclass hinge loss.
    Svm,
}

impl Loss {
    /// Computes this loss and its gradient.
    ///
    /// # Errors
    ///
    /// Those of [`softmax_loss`].
    pub fn loss<T: Float>(
        self,
        scores: Mat<'_, T>,
        y: &[Label],
        mut dscores: MatMut<'_, T>,
    ) -> Result<T, Error> {
        check_labels(scores.shape(), y)?;
        check_shape("dscores", scores.shape(), dscores.shape())?;
        for (d, &s) in dscores.data_mut().iter_mut().zip(scores.data()) {
            *d = s;
        }
        Ok(mean(self.sum_in_place(dscores, y, scores.rows()), scores.rows()))
    }

    /// Computes the sum of the losses of some of `num_samples` samples, and overwrites the scores with
    /// their part of the gradient of the mean. Shapes and labels are right.
    pub(crate) fn sum_in_place<T: Float>(
        self,
        mut scores: MatMut<'_, T>,
        mut y: &[Label],
        num_samples: usize,
    ) -> T {
        let mut sum = T::ZERO;
        while scores.rows() > 0 {
            let (piece, rest) = scores.split_rows(PIECE);
            let (y_piece, y_rest) = y.split_at_checked(PIECE).unwrap_or((y, &[]));
            sum += match self {
                Self::Softmax => softmax_sum(piece, y_piece, num_samples),
                Self::Svm => svm_sum(piece, y_piece, num_samples),
            };
            (scores, y) = (rest, y_rest);
        }
        sum
    }
}

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
    Loss::Softmax.loss(scores, y, dscores)
}

fn softmax_sum<T: Float>(mut scores: MatMut<'_, T>, y: &[Label], num_samples: usize) -> T {
    let num_samples = T::from_usize(num_samples);
    let (mut loss, cols) = (T::ZERO, scores.cols());
    for (row, &y) in rows_of_mut(scores.data_mut(), cols).zip(y) {
        let max = row.iter().fold(T::NEG_INFINITY, |max, &s| s.max(max));
        let correct = at(row, y).map_or(T::ZERO, |&s| s - max);
        let mut sum = T::ZERO;
        for row in row.chunks_mut(PIECE) {
            let mut piece = T::ZERO;
            for p in row {
                let e = (*p - max).exp();
                *p = if e < T::TINY { T::ZERO } else { e };
                piece += *p;
            }
            sum += piece;
        }
        for p in row.iter_mut() {
            *p = *p / sum / num_samples;
        }
        if let Some(p) = at_mut(row, y) {
            // −ln p[y], without taking the logarithm of a p that may have become 0.
            loss += sum.ln() - correct;
            *p -= T::ONE / num_samples;
        }
    }
    loss
}

/// Computes the multiclass SVM (hinge) loss and its gradient.
///
/// ```text
/// loss = 1/N · Σₙ Σ_{c ≠ y[n]} max(0, scores[n, c] − scores[n, y[n]] + 1)
/// dscores[n, c] ← 1/N where the margin is positive;  dscores[n, y[n]] ← −(how many are)/N
/// ```
///
/// Shapes and errors are those of [`softmax_loss`].
///
/// # Errors
///
/// See [`softmax_loss`].
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
    Loss::Svm.loss(scores, y, dscores)
}

fn svm_sum<T: Float>(mut scores: MatMut<'_, T>, y: &[Label], num_samples: usize) -> T {
    let num_samples = T::from_usize(num_samples);
    let (mut loss, cols) = (T::ZERO, scores.cols());
    for (row, &y) in rows_of_mut(scores.data_mut(), cols).zip(y) {
        let Some(&correct) = at(row, y) else { continue };
        let mut dcorrect = T::ZERO;
        for d in row.iter_mut() {
            let margin = *d - correct + T::ONE;
            *d = if margin > T::ZERO { T::ONE / num_samples } else { T::ZERO };
            loss += positive_part(margin);
            dcorrect -= *d;
        }
        // The right class counted itself: a margin of 1, and one 1/N in its gradient.
        loss -= T::ONE;
        if let Some(d) = at_mut(row, y) {
            *d += dcorrect;
        }
    }
    loss
}

/// Refuses labels that are not as many as the samples, or that name no class.
pub(crate) fn check_labels(
    (num_samples, num_classes): (usize, usize),
    y: &[Label],
) -> Result<(), Error> {
    check_len("y", num_samples, y.len())?;
    y.iter().enumerate().try_for_each(|(index, &label)| check_label(index, label, num_classes))
}

/// Refuses a label that names no class.
pub(crate) fn check_label(index: usize, label: Label, num_classes: usize) -> Result<(), Error> {
    if usize::try_from(label).is_ok_and(|label| label < num_classes) {
        Ok(())
    } else {
        Err(Error::InvalidLabel { index, label, num_classes })
    }
}

fn at<T>(row: &[T], label: Label) -> Option<&T> {
    row.get(usize::try_from(label).ok()?)
}

fn at_mut<T>(row: &mut [T], label: Label) -> Option<&mut T> {
    row.get_mut(usize::try_from(label).ok()?)
}

/// The mean of a sum, 0 of nothing.
pub(crate) fn mean<T: Float>(sum: T, count: usize) -> T {
    if count == 0 { T::ZERO } else { sum / T::from_usize(count) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_that_names_no_class_is_refused() {
        let mut dscores = [7.0; 4];
        let scores = [0.0; 4];
        let scores = Mat::new(&scores, 2, 2).unwrap();
        let error = softmax_loss(scores, &[0, 2], MatMut::new(&mut dscores, 2, 2).unwrap());
        assert_eq!(error, Err(Error::InvalidLabel { index: 1, label: 2, num_classes: 2 }));
        assert_eq!(dscores, [7.0; 4]);
    }

    #[test]
    fn the_loss_of_no_samples_is_zero() {
        let scores = Mat::<f64>::new(&[], 0, 3).unwrap();
        assert_eq!(softmax_loss(scores, &[], MatMut::new(&mut [], 0, 3).unwrap()), Ok(0.0));
        assert_eq!(svm_loss(scores, &[], MatMut::new(&mut [], 0, 3).unwrap()), Ok(0.0));
    }

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
