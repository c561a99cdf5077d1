//! The figures that say how good a network is.

use crate::layers::Loss;

/// A figure by which networks are compared, and that decides which weights are the best.
///
/// ```
/// use barenet::{Loss, Metric};
/// assert_eq!(Loss::Softmax.metric(), Metric::Accuracy);
/// assert!(Metric::Accuracy.is_better(0.9, 0.8));
/// assert!(Metric::Mse.is_better(0.1, 0.2));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Metric {
    /// The part of the samples whose class has the highest score, 0 to 1. Higher is better.
    Accuracy,
    /// The mean of −ln p of the right class, where p are the softmax probabilities of the scores: what
    /// [`softmax_loss`](crate::layers::softmax_loss) is. Lower is better.
    LogLoss,
    /// The mean squared error, [`mse_loss`](crate::layers::mse_loss). Lower is better.
    Mse,
    /// The mean absolute error, [`mae_loss`](crate::layers::mae_loss). Lower is better.
    Mae,
    /// The mean recall of the classes, 0 to 1. Higher is better.
    BalancedAccuracy,
    /// The mean F1 of the classes (macro F1), 0 to 1. Higher is better.
    F1,
    /// The area under the ROC curve, 0 to 1: of classes, or of what an autoencoder does not know. Higher is better.
    Auc,
    /// The coefficient of determination of numbers, at most 1. Higher is better.
    R2,
}

impl Metric {
    /// All metrics.
    pub const ALL: [Self; 8] = [
        Self::Accuracy,
        Self::LogLoss,
        Self::Mse,
        Self::Mae,
        Self::BalancedAccuracy,
        Self::F1,
        Self::Auc,
        Self::R2,
    ];

    /// The name in a sentence: `accuracy`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Accuracy => "accuracy",
            Self::LogLoss => "log-loss",
            Self::Mse => "MSE",
            Self::Mae => "MAE",
            Self::BalancedAccuracy => "balanced accuracy",
            Self::F1 => "F1",
            Self::Auc => "AUC",
            Self::R2 => "R²",
        }
    }

    /// The name in a key, as in `val_acc`: `acc`.
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::Accuracy => "acc",
            Self::LogLoss => "log_loss",
            Self::Mse => "mse",
            Self::Mae => "mae",
            Self::BalancedAccuracy => "balanced_acc",
            Self::F1 => "f1",
            Self::Auc => "auc",
            Self::R2 => "r2",
        }
    }

    /// Whether more is better.
    #[must_use]
    pub const fn higher_is_better(self) -> bool {
        match self {
            Self::Accuracy | Self::BalancedAccuracy | Self::F1 | Self::Auc | Self::R2 => true,
            Self::LogLoss | Self::Mse | Self::Mae => false,
        }
    }

    /// The least and the largest figure that it can have.
    #[must_use]
    pub const fn range(self) -> (f64, f64) {
        match self {
            Self::Accuracy | Self::BalancedAccuracy | Self::F1 | Self::Auc => (0.0, 1.0),
            Self::R2 => (f64::MIN, 1.0),
            Self::LogLoss | Self::Mse | Self::Mae => (0.0, f64::MAX),
        }
    }

    /// Whether a network that is trained with this loss has it: some are of classes, some of numbers, and the AUC of
    /// both.
    #[must_use]
    pub const fn is_of(self, loss: Loss) -> bool {
        match self {
            Self::Accuracy | Self::LogLoss | Self::BalancedAccuracy | Self::F1 => {
                loss.takes_classes()
            }
            Self::Mse | Self::Mae | Self::R2 => !loss.takes_classes(),
            Self::Auc => true,
        }
    }

    /// Whether it is no mean over the samples, so that it takes the outputs for all of them at once. Core computes
    /// none of these: whoever has room for the outputs does, between
    /// [`Solver::due_check`](crate::Solver::due_check) and [`Solver::finish_check`](crate::Solver::finish_check).
    #[must_use]
    pub const fn takes_all_outputs(self) -> bool {
        match self {
            Self::Accuracy | Self::LogLoss | Self::Mse | Self::Mae => false,
            Self::BalancedAccuracy | Self::F1 | Self::Auc | Self::R2 => true,
        }
    }

    /// Whether `a` is better than `b`.
    #[must_use]
    pub fn is_better<T: PartialOrd>(self, a: T, b: T) -> bool {
        if self.higher_is_better() { a > b } else { a < b }
    }
}
