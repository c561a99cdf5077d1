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
    /// Rises linearly over the warm-up, then falls along half a cosine (Loshchilov and
    /// Hutter, "SGDR", ICLR 2017), reaching `min_factor` after the last iteration.
    Cosine {
        /// The warm-up.
        warmup: Warmup,
        /// Share of the learning rate at the end, in 0..=1.
        min_factor: f64,
    },
    /// Rises linearly over the warm-up, then falls linearly, reaching `min_factor` after the last iteration.
    Linear {
        /// The warm-up.
        warmup: Warmup,
        /// Share of the learning rate at the end, in 0..=1.
        min_factor: f64,
    },
    /// Rises along half a cosine from 1/25 of the learning rate to all of it, in the last iteration of the warm-up, then
    /// falls along half a cosine to 1/250,000 in the last one (Smith and Topin, "Super-convergence", 2018).
    ///
    /// The rates are those of PyTorch's `OneCycleLR` with its defaults, where `pct_start` is the warm-up's share of
    /// the run, 0.3 unless it is said. The momentum stays as it is, as with `cycle_momentum=False`.
    OneCycle {
        /// The warm-up.
        warmup: Warmup,
    },
}

/// Length of the warm-up of a [`Schedule`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Warmup {
    /// So many iterations; 0 for none.
    Iterations(usize),
    /// So many epochs, rounded to whole iterations, at least 0.
    Epochs(f64),
}

impl Default for Warmup {
    fn default() -> Self {
        Self::Iterations(0)
    }
}

impl Warmup {
    /// The iterations of the warm-up, a whole number.
    ///
    /// ```
    /// use barenet::Warmup;
    /// assert_eq!(Warmup::Iterations(7).iterations(390), 7.0);
    /// assert_eq!(Warmup::Epochs(0.5).iterations(391), 196.0);
    /// ```
    #[must_use]
    pub fn iterations(self, iterations_per_epoch: usize) -> f64 {
        match self {
            Self::Iterations(count) => f64::from_usize(count),
            Self::Epochs(epochs) => libm::round(epochs * f64::from_usize(iterations_per_epoch)),
        }
    }
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
    /// use barenet::{Position, Schedule, Warmup};
    /// let at = |iteration| Position { iteration, iterations_per_epoch: 10, num_iterations: 40 };
    /// let decay = Schedule::Decay { lr_decay: 0.5 };
    /// assert_eq!([0, 9, 10, 39].map(|t| decay.learning_rate(8.0, at(t))), [8.0, 8.0, 4.0, 1.0]);
    /// let cosine = Schedule::Cosine { warmup: Warmup::Iterations(4), min_factor: 0.0 };
    /// assert_eq!([0, 3, 22].map(|t| cosine.learning_rate(8.0_f32, at(t))), [2.0, 8.0, 4.0]);
    /// let linear = Schedule::Linear { warmup: Warmup::Epochs(1.0), min_factor: 0.0 };
    /// assert_eq!([4, 10, 25].map(|t| linear.learning_rate(8.0_f32, at(t))), [4.0, 8.0, 4.0]);
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
            Self::Cosine { warmup, min_factor } => {
                after_warmup(base, at, warmup, |done| min_factor + (1.0 - min_factor) * fall(done))
            }
            Self::Linear { warmup, min_factor } => after_warmup(base, at, warmup, |done| {
                min_factor + (1.0 - min_factor) * (1.0 - done)
            }),
            Self::OneCycle { warmup } => base * T::from_f64(one_cycle(at, warmup)),
        }
    }
}

/// The learning rate of a linear warm-up, and then `base` times a function of how much of the rest is done.
fn after_warmup<T: Float>(
    base: T,
    at: Position,
    warmup: Warmup,
    factor: impl FnOnce(f64) -> f64,
) -> T {
    let warmup = warmup.iterations(at.iterations_per_epoch);
    let iteration = f64::from_usize(at.iteration);
    if iteration < warmup {
        return base * T::from_usize(at.iteration + 1) / T::from_f64(warmup);
    }
    let all = f64::from_usize(at.num_iterations) - warmup;
    let done = (iteration - warmup) / if all < 1.0 { 1.0 } else { all };
    base * T::from_f64(factor(done.min(1.0)))
}

/// The factor of the learning rate in [`Schedule::OneCycle`].
fn one_cycle(at: Position, warmup: Warmup) -> f64 {
    /// PyTorch's `div_factor` and, of that, `final_div_factor`.
    const START: f64 = 1.0 / 25.0;
    const END: f64 = START / 1e4;
    let iteration = f64::from_usize(at.iteration);
    let (peak, last) = (
        warmup.iterations(at.iterations_per_epoch) - 1.0,
        f64::from_usize(at.num_iterations) - 1.0,
    );
    if iteration < peak {
        return 1.0 + (START - 1.0) * fall(iteration / peak);
    }
    let fraction = if iteration < last { (iteration - peak) / (last - peak) } else { 1.0 };
    END + (1.0 - END) * fall(if iteration > peak { fraction } else { 0.0 })
}

/// Half a cosine from 1 to 0.
fn fall(done: f64) -> f64 {
    0.5 * (1.0 + libm::cos(core::f64::consts::PI * done))
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
        let cosine = Schedule::Cosine { warmup: Warmup::Iterations(3), min_factor: 0.25 };
        for t in 0..100 {
            let rate = cosine.learning_rate(1.0_f64, at(t));
            assert!((0.25..=1.0).contains(&rate), "{t}: {rate}");
        }
        assert_eq!(cosine.learning_rate(1.0_f64, at(30)), 0.25);
    }

    #[test]
    fn a_warmup_longer_than_the_run_is_no_division_by_zero() {
        for warmup in [99, 30, 31].map(Warmup::Iterations) {
            for schedule in [
                Schedule::Cosine { warmup, min_factor: 0.0 },
                Schedule::Linear { warmup, min_factor: 0.0 },
                Schedule::OneCycle { warmup },
            ] {
                for t in [0, 28, 29, 30, 31, 99] {
                    let rate = schedule.learning_rate(1.0_f64, at(t));
                    assert!((0.0..=1.0).contains(&rate), "{schedule:?} {t}: {rate}");
                }
            }
        }
    }

    #[test]
    fn a_run_of_one_iteration_has_every_schedule() {
        let at = Position { iteration: 0, iterations_per_epoch: 1, num_iterations: 1 };
        for warmup in [0, 1].map(Warmup::Iterations) {
            for schedule in [
                Schedule::Linear { warmup, min_factor: 0.0 },
                Schedule::Cosine { warmup, min_factor: 0.0 },
            ] {
                assert_eq!(schedule.learning_rate(1.0_f64, at), 1.0);
            }
            let rate = Schedule::OneCycle { warmup }.learning_rate(1.0_f64, at);
            assert!(rate > 0.0 && rate <= 1.0, "{rate}");
        }
    }

    fn are_close(schedule: Schedule, position: Position, expected: &[f64]) {
        for (iteration, expected) in (0..).zip(expected) {
            let rate = schedule.learning_rate(0.1_f64, Position { iteration, ..position });
            assert!(
                (rate - expected).abs() < 1e-15,
                "{schedule:?} {iteration}: {rate}, {expected}"
            );
        }
    }

    /// `OneCycleLR(optimizer, 0.1, total_steps=.., pct_start=.., cycle_momentum=False)` of PyTorch 2.
    #[test]
    fn one_cycle_has_the_rates_of_pytorch() {
        let run =
            |num_iterations| Position { iteration: 0, iterations_per_epoch: 2, num_iterations };
        let expected = [
            0.0040000000000000036,
            0.013167184270002533,
            0.037167184270002526,
            0.06683281572999747,
            0.09083281572999748,
            0.1,
            0.09874640062350874,
            0.09504846320134738,
            0.089091617757105,
            0.0811745653949763,
            0.07169430017913009,
            0.06112620219362893,
            0.0500002,
            0.03887419780637107,
            0.028306099820869922,
            0.0188258346050237,
            0.010908782242895003,
            0.004951936798652629,
            0.0012539993764912555,
            4e-07,
        ];
        for warmup in [Warmup::Iterations(6), Warmup::Epochs(3.0)] {
            are_close(Schedule::OneCycle { warmup }, run(20), &expected);
        }
        let expected = [0.0040000000000000036, 0.052000000000000005, 0.1, 0.0996619192394256];
        are_close(Schedule::OneCycle { warmup: Warmup::Iterations(3) }, run(30), &expected);
    }

    /// `SequentialLR` of `LinearLR(optimizer, 0.25, 1.0, 3)` and, from iteration 4 on, `LinearLR(optimizer, 1.0, 0.0, 6)`.
    #[test]
    fn linear_has_the_rates_of_pytorch() {
        let run = Position { iteration: 0, iterations_per_epoch: 5, num_iterations: 10 };
        let expected = [
            0.025,
            0.05,
            0.07500000000000001,
            0.1,
            0.1,
            0.08333333333333334,
            0.06666666666666668,
            0.05000000000000001,
            0.03333333333333335,
            0.016666666666666673,
        ];
        for warmup in [Warmup::Iterations(4), Warmup::Epochs(0.8)] {
            are_close(Schedule::Linear { warmup, min_factor: 0.0 }, run, &expected);
        }
        let linear = Schedule::Linear { warmup: Warmup::default(), min_factor: 0.25 };
        are_close(linear, run, &[0.1, 0.0925, 0.085, 0.0775, 0.07, 0.0625]);
    }
}
