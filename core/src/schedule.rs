//! Learning-rate schedules: pure functions of where the training stands, so that a run that is resumed
//! after a stop needs no state for them.

use crate::float::Float;

/// Change of the learning rate in the course of training.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Schedule {
    /// It does not.
    #[default]
    Constant,
    /// Multiplied by `lr_decay` after every epoch (CS231n's Solver).
    Decay {
        /// The factor, above 0. 1 changes nothing.
        lr_decay: f64,
    },
    /// Multiplied by `gamma` after every `step_size` epochs (PyTorch's `StepLR`).
    Step {
        /// Epochs between two changes, at least 1.
        step_size: usize,
        /// The factor, above 0.
        gamma: f64,
    },
    /// Rises linearly over the first iterations, then falls along half a cosine (Loshchilov and
    /// Hutter, "SGDR", ICLR 2017), reaching `min_factor` after the last one.
    Cosine {
        /// Iterations of warm-up; 0 for none.
        warmup: usize,
        /// Share of the learning rate at the end, in 0..=1.
        min_factor: f64,
    },
}

/// Progress of the training.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// Steps done.
    pub iteration: usize,
    /// Steps in an epoch.
    pub iterations_per_epoch: usize,
    /// Steps in the whole run.
    pub num_iterations: usize,
}

impl Schedule {
    /// The learning rate of the next step.
    ///
    /// ```
    /// use barenet::{Position, Schedule};
    /// let at = |iteration| Position { iteration, iterations_per_epoch: 10, num_iterations: 40 };
    /// let decay = Schedule::Decay { lr_decay: 0.5 };
    /// assert_eq!([0, 9, 10, 39].map(|t| decay.learning_rate(8.0, at(t))), [8.0, 8.0, 4.0, 1.0]);
    /// let cosine = Schedule::Cosine { warmup: 4, min_factor: 0.0 };
    /// assert_eq!([0, 3, 22].map(|t| cosine.learning_rate(8.0_f32, at(t))), [2.0, 8.0, 4.0]);
    /// ```
    #[must_use]
    pub fn learning_rate<T: Float>(&self, base: T, at: Position) -> T {
        let epoch = at.iteration.checked_div(at.iterations_per_epoch).unwrap_or(0);
        match *self {
            Self::Constant => base,
            Self::Decay { lr_decay } => base * T::from_f64(lr_decay).powi(epoch),
            Self::Step { step_size, gamma } => {
                base * T::from_f64(gamma).powi(epoch.checked_div(step_size).unwrap_or(0))
            }
            Self::Cosine { warmup, .. } if at.iteration < warmup => {
                base * T::from_usize(at.iteration + 1) / T::from_usize(warmup)
            }
            Self::Cosine { warmup, min_factor } => {
                let done = f64::from_usize(at.iteration.saturating_sub(warmup));
                let all = f64::from_usize(at.num_iterations.saturating_sub(warmup).max(1));
                let cosine =
                    libm::cos(core::f64::consts::PI * Float::max(0.0, done / all).min(1.0));
                base * T::from_f64(min_factor + (1.0 - min_factor) * 0.5 * (1.0 + cosine))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(iteration: usize) -> Position {
        Position { iteration, iterations_per_epoch: 5, num_iterations: 30 }
    }

    #[test]
    fn steps_come_after_whole_numbers_of_epochs() {
        let step = Schedule::Step { step_size: 2, gamma: 0.1 };
        let rates = [0, 9, 10, 19, 20].map(|t| step.learning_rate(1.0_f64, at(t)));
        assert_eq!(rates, [1.0, 1.0, 0.1, 0.1, 0.010000000000000002]);
    }

    #[test]
    fn a_cosine_never_leaves_its_range() {
        let cosine = Schedule::Cosine { warmup: 3, min_factor: 0.25 };
        for t in 0..100 {
            let rate = cosine.learning_rate(1.0_f64, at(t));
            assert!((0.25..=1.0).contains(&rate), "{t}: {rate}");
        }
        assert_eq!(cosine.learning_rate(1.0_f64, at(30)), 0.25);
    }

    #[test]
    fn a_warmup_longer_than_the_run_is_no_division_by_zero() {
        let cosine = Schedule::Cosine { warmup: 99, min_factor: 0.0 };
        assert!(cosine.learning_rate(1.0_f64, at(99)).is_finite());
    }
}
