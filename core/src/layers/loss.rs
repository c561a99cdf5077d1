//! Loss functions: how bad the scores are, and the gradient that says which way is better.

mod errors;
mod huber;
mod mae;
mod mixup;
mod mse;
mod smoothing;
mod softmax;
mod svm;
mod targets;

pub use huber::huber_loss;
pub use mae::mae_loss;
pub use mixup::Mixup;
pub use mse::mse_loss;
pub use smoothing::LabelSmoothing;
pub(crate) use smoothing::check_label_smoothing;
pub use softmax::softmax_loss;
pub use svm::svm_loss;
pub use targets::{Label, OwnLoss, Target, Targets};

use super::columns::PIECE;
use crate::error::{Error, check_len, check_shape};
use crate::float::Float;
use crate::machine::Pass;
use crate::mat::{Mat, MatMut};
use crate::metric::Metric;
use crate::slices::copy;
use errors::sum_errors;
use huber::huber;
use mae::absolute;
use mse::squared;
pub(crate) use softmax::log_loss;
use softmax::softmax_sum;
use svm::svm_sum;

/// The loss that a network is trained with.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Loss {
    /// [`softmax_loss`], the cross-entropy of classes.
    #[default]
    Softmax,
    /// [`svm_loss`], the multiclass hinge loss.
    Svm,
    /// [`mse_loss`], the mean squared error of numbers.
    Mse,
    /// [`mae_loss`], the mean absolute error of numbers.
    Mae,
    /// [`huber_loss`] of numbers.
    Huber {
        /// The largest error that is squared, finite and above 0.
        delta: f64,
    },
}

impl Loss {
    /// Computes this loss and its gradient.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidConfig`] if the loss takes targets of the other kind, [`Error::Shape`] if `y` or
    /// `dscores` does not fit `scores`, [`Error::InvalidLabel`] if a label is not below C; `dscores` is not
    /// written in that case.
    pub fn loss<T: Float>(
        self,
        scores: Mat<'_, T>,
        y: Targets<'_, T>,
        mut dscores: MatMut<'_, T>,
    ) -> Result<T, Error> {
        self.check_targets(scores.shape(), y)?;
        check_shape("dscores", scores.shape(), dscores.shape())?;
        copy(dscores.data_mut(), scores.data());
        Ok(mean(self.sum_in_place(dscores, y, &[], 0, scores.rows()), scores.rows()))
    }

    /// The metric by which networks are compared that are trained with this loss.
    #[must_use]
    pub const fn metric(self) -> Metric {
        match self {
            Self::Softmax | Self::Svm => Metric::Accuracy,
            Self::Mse | Self::Huber { .. } => Metric::Mse,
            Self::Mae => Metric::Mae,
        }
    }

    /// Whether its targets are classes; otherwise they are numbers.
    #[must_use]
    pub const fn takes_classes(self) -> bool {
        match self {
            Self::Softmax | Self::Svm => true,
            Self::Mse | Self::Mae | Self::Huber { .. } => false,
        }
    }

    /// Computes the sum of the losses of some of `num_samples` samples, each times the weight of its class, and
    /// overwrites the scores with their part of the gradient of the mean. The targets of the scores begin with
    /// number `first` of `y`. Shapes and labels are right.
    #[inline(always)]
    pub(crate) fn sum_in_place<T: Float>(
        self,
        mut scores: MatMut<'_, T>,
        y: Targets<'_, T>,
        class_weights: &[T],
        mut first: usize,
        num_samples: usize,
    ) -> T {
        let mut sum = T::ZERO;
        while !scores.data().is_empty() {
            let (piece, rest) = scores.split_rows(PIECE);
            sum += match (self, y) {
                (Self::Softmax, Targets::Classes(y)) => {
                    let y = y.get(first..).unwrap_or_default();
                    softmax_sum(piece, y, class_weights, num_samples)
                }
                (Self::Svm, Targets::Classes(y)) => {
                    let y = y.get(first..).unwrap_or_default();
                    svm_sum(piece, y, class_weights, num_samples)
                }
                (Self::Mse, Targets::Values(y)) => {
                    sum_errors(piece, (y, first), num_samples, T::from_f64(2.0), squared)
                }
                (Self::Mae, Targets::Values(y)) => {
                    sum_errors(piece, (y, first), num_samples, T::ONE, absolute)
                }
                (Self::Huber { delta }, Targets::Values(y)) => {
                    let delta = T::from_f64(delta);
                    sum_errors(piece, (y, first), num_samples, T::ONE, |e| huber(e, delta))
                }
                (_, Targets::Own(own)) => own.sum_in_place(piece, first, num_samples),
                // Refused before.
                (Self::Softmax | Self::Svm, Targets::Values(_))
                | (Self::Mse | Self::Mae | Self::Huber { .. }, Targets::Classes(_)) => T::ZERO,
            };
            (scores, first) = (rest, first + PIECE);
        }
        sum
    }

    /// Refuses targets that do not fit scores of N samples and C outputs.
    pub(crate) fn check_targets<T>(
        self,
        (num_samples, output_dim): (usize, usize),
        y: Targets<'_, T>,
    ) -> Result<(), Error> {
        let check = |(index, target)| self.check_target(index, target, output_dim);
        match y {
            Targets::Classes(y) => {
                check_len("y", num_samples, y.len())?;
                // There may be no labels, and still the wrong loss.
                self.check_target(0, Target::Class(0), 1)?;
                y.iter().map(|&label| Target::Class(label)).enumerate().try_for_each(check)
            }
            Targets::Own(own) => own.check(num_samples, output_dim),
            Targets::Values(y) => {
                check((0, Target::Values(output_dim)))?;
                Ok(check_shape("y", (num_samples, output_dim), y.shape())?)
            }
        }
    }

    /// Refuses the target of a sample that does not fit the loss and `output_dim` outputs.
    pub(crate) fn check_target(
        self,
        index: usize,
        target: Target,
        output_dim: usize,
    ) -> Result<(), Error> {
        let what = match (self, target) {
            (Self::Softmax | Self::Svm, Target::Class(label)) => {
                let is_class = usize::try_from(label).is_ok_and(|label| label < output_dim);
                let error = Error::InvalidLabel { index, label, num_classes: output_dim };
                return if is_class { Ok(()) } else { Err(error) };
            }
            (Self::Huber { delta }, Target::Values(_)) if !(delta.is_finite() && delta > 0.0) => {
                "the delta of the loss huber must be finite and above 0"
            }
            (Self::Mse | Self::Mae | Self::Huber { .. }, Target::Values(len)) => {
                return Ok(check_len("target", output_dim, len)?);
            }
            (Self::Softmax | Self::Svm, Target::Values(_)) => {
                "this loss needs classes as targets; for numbers take the loss mse, mae or huber"
            }
            (Self::Mse | Self::Mae | Self::Huber { .. }, Target::Class(_)) => {
                "this loss needs numbers as targets; for classes take softmax or svm"
            }
        };
        Err(Error::InvalidConfig { what })
    }
}

/// [`Loss::sum_in_place`] of all its arguments.
pub(crate) struct SumInPlace<'a, T> {
    pub(crate) loss: Loss,
    pub(crate) scores: MatMut<'a, T>,
    pub(crate) y: Targets<'a, T>,
    pub(crate) class_weights: &'a [T],
    pub(crate) first: usize,
    pub(crate) num_samples: usize,
}

impl<T: Float> Pass for SumInPlace<'_, T> {
    type Output = T;

    #[inline(always)]
    fn run(self) -> T {
        let Self { loss, scores, y, class_weights, first, num_samples } = self;
        loss.sum_in_place(scores, y, class_weights, first, num_samples)
    }
}

/// The weight of a class; 1 where there are no weights.
pub(crate) fn class_weight<T: Float>(class_weights: &[T], label: Label) -> T {
    at(class_weights, label).copied().unwrap_or(T::ONE)
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
        assert_eq!(mse_loss(scores, scores, MatMut::new(&mut [], 0, 3).unwrap()), Ok(0.0));
    }

    #[test]
    fn a_loss_refuses_targets_of_the_other_kind_and_writes_nothing() {
        let (scores, mut dscores) = ([0.0; 2], [7.0; 2]);
        let scores = Mat::new(&scores, 1, 2).unwrap();
        for loss in [Loss::Softmax, Loss::Svm, Loss::Mse, Loss::Mae, Loss::Huber { delta: 1.0 }] {
            let other = if loss.takes_classes() {
                Targets::Values(&scores)
            } else {
                Targets::Classes(&[0])
            };
            let error = loss.loss(scores, other, MatMut::new(&mut dscores, 1, 2).unwrap());
            assert!(matches!(error, Err(Error::InvalidConfig { .. })), "{loss:?}");
        }
        assert_eq!(dscores, [7.0; 2]);
    }

    #[test]
    fn a_delta_that_is_not_above_zero_is_refused() {
        let mut dscores = [7.0];
        let scores = Mat::new(&[1.0], 1, 1).unwrap();
        for delta in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            let error = huber_loss(scores, scores, delta, MatMut::new(&mut dscores, 1, 1).unwrap());
            assert!(matches!(error, Err(Error::InvalidConfig { .. })), "{delta}");
        }
        assert_eq!(dscores, [7.0]);
    }

    #[test]
    fn an_error_that_is_no_number_makes_the_loss_none() {
        let mut dscores = [7.0];
        let y = Mat::new(&[1.0], 1, 1).unwrap();
        for loss in [Loss::Mse, Loss::Mae, Loss::Huber { delta: 1.0 }] {
            let (nan, d) = (Mat::new(&[f64::NAN], 1, 1).unwrap(), MatMut::new(&mut dscores, 1, 1));
            assert!(loss.loss(nan, Targets::Values(&y), d.unwrap()).unwrap().is_nan(), "{loss:?}");
        }
    }
}
