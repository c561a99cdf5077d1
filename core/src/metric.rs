//! The figures that say how good a network is.

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
}

impl Metric {
    /// All metrics.
    pub const ALL: [Self; 4] = [Self::Accuracy, Self::LogLoss, Self::Mse, Self::Mae];

    /// The name in a sentence: `accuracy`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Accuracy => "accuracy",
            Self::LogLoss => "log-loss",
            Self::Mse => "MSE",
            Self::Mae => "MAE",
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
        }
    }

    /// Whether more is better.
    #[must_use]
    pub const fn higher_is_better(self) -> bool {
        match self {
            Self::Accuracy => true,
            Self::LogLoss | Self::Mse | Self::Mae => false,
        }
    }

    /// The least and the largest figure that it can have.
    #[must_use]
    pub const fn range(self) -> (f64, f64) {
        match self {
            Self::Accuracy => (0.0, 1.0),
            Self::LogLoss | Self::Mse | Self::Mae => (0.0, f64::MAX),
        }
    }

    /// Whether it is one of classes; otherwise it is one of numbers.
    #[must_use]
    pub const fn is_of_classes(self) -> bool {
        match self {
            Self::Accuracy | Self::LogLoss => true,
            Self::Mse | Self::Mae => false,
        }
    }

    /// Whether `a` is better than `b`.
    #[must_use]
    pub fn is_better<T: PartialOrd>(self, a: T, b: T) -> bool {
        if self.higher_is_better() { a > b } else { a < b }
    }
}
