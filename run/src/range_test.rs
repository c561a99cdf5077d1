//! The range test of learning rates: a short run in which the rate grows from step to step, and what its losses say.
//!
//! The rate grows by the same factor each step. At first the loss hardly moves, then it falls, then it rises; a rate well below
//! the one at which it is least is one to train with. Source: L. N. Smith, Cyclical Learning Rates for Training Neural
//! Networks, 2017, section 3.3.

use crate::backend::start_backend;
use crate::buffers::OwnedBuffers;
use crate::combined::Combined;
use crate::config::{Config, ignored};
use crate::scaled::scaled;
use crate::session::prepare;
use crate::settings::{Dtype, LrScale, SettingsError};
use crate::trainer::{Rounded, TheSolver, Whitened, draw_weights, samples_that_train};
use anyhow::Result;
use barenet::{Alone, Error, Event, Float, Progress, Schedule, Solver, SolverConfig};
use barenet_blas::Backend;
use barenet_data::DataSet;
use barenet_data::split::{Part, Split};
use barenet_model::number::Number;
use std::ops::ControlFlow;

/// Share of the smoothed loss that stays from one step to the next.
const STAYS: f64 = 0.9;

/// How often the smoothed loss may be the least one before the test ends: there is nothing to see beyond.
const TOO_LARGE: f64 = 4.0;

/// How much less than at the start the smoothed loss has to become for a suggestion: this share of it, and so many times the
/// deviation of the losses from batch to batch.
const LEAST_FALL: f64 = 0.001;
const LEAST_DEVIATIONS: f64 = 3.0;

/// The rates that are tried, and in how many steps.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Range {
    /// The first rate; by default a thousandth of the run's.
    pub lowest: Option<f64>,
    /// The last rate; by default ten thousand times the run's.
    pub highest: Option<f64>,
    /// Steps, at least 10.
    pub steps: usize,
}

impl Default for Range {
    fn default() -> Self {
        Self { lowest: None, highest: None, steps: 100 }
    }
}

/// A range test that can begin.
#[derive(Debug)]
pub struct RangeTest<'a> {
    /// The settings of the run.
    pub config: Config,
    data: &'a DataSet,
    split: Split,
    backend: Backend,
    rates: Vec<f64>,
}

/// The losses of a range test.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tested {
    /// The learning rate of each step that was done.
    pub rates: Vec<f64>,
    /// Its loss.
    pub losses: Vec<f64>,
    /// The losses smoothed: an exponential average, whose start is no part of it.
    pub smoothed: Vec<f64>,
    /// Whether a loss or a weight was not finite at last.
    pub has_diverged: bool,
}

impl<'a> RangeTest<'a> {
    /// Checks settings and range against the data, and starts the threads.
    ///
    /// # Errors
    ///
    /// If a setting or the range cannot be used, or the data have fewer samples than it asks for.
    pub fn new(combined: Combined, data: &'a DataSet, range: Range) -> Result<Self> {
        let Combined { settings, written } = combined;
        let (config, split) = prepare(settings, Some(&written), data)?;
        ignored(&written, &[&config]).iter().for_each(|line| log::warn!("{line}"));
        if config.values().lr_scale.value() != LrScale::None {
            return Err(SettingsError::new(
                "a range test finds the learning rate for the batches that it trains on: take lr_scale none",
            )
            .into());
        }
        let rates = rates(range, config.values().learning_rate, config.dtype())?;
        let backend = start_backend(&config);
        Ok(Self { config, data, split, backend, rates })
    }

    /// Steps that are done at most.
    #[must_use]
    pub const fn num_steps(&self) -> usize {
        self.rates.len()
    }

    /// Trains step after step, calling `on_step` after each with how many are done, until the loss is too large or not finite,
    /// or `on_step` breaks. Nothing is kept but the losses.
    ///
    /// # Errors
    ///
    /// If there is not enough memory, or the network refuses the data.
    pub fn run(&self, on_step: impl FnMut(usize) -> ControlFlow<()> + Send) -> Result<Tested> {
        match self.config.dtype() {
            Dtype::F32 => self.run_as::<f32>(on_step),
            Dtype::F64 => self.run_as::<f64>(on_step),
        }
    }

    fn run_as<T: Number>(
        &self,
        mut on_step: impl FnMut(usize) -> ControlFlow<()> + Send,
    ) -> Result<Tested> {
        let Self { config, data, split, backend, rates } = self;
        let (arch, options) = (config.arch(), config.solver::<T>());
        let scales = config.scales::<T>(data, split);
        let train = samples_that_train(config, (data, split), &scales)?;
        let val = scaled((data, split, Part::Val), &scales);
        let class_weights = config.class_weights(data, split);
        let net = config.net_with(&class_weights);
        let mut rounded = Rounded::new(config, (data, split), &scales)?;
        let parallel = config.parallel::<T>(&Alone);
        let mut memory = OwnedBuffers::new_with(&arch, &options, &parallel)?;
        let mut whitened = Whitened::new(config, &train, backend)?;
        draw_weights(&net, config, backend, &mut memory.lend(), whitened.as_mut())?;

        let mut tested = Tested::default();
        // No check is ever due: nothing is measured.
        let mut progress = Progress { num_checks: usize::MAX, ..Progress::default() };
        backend.install(|| {
            for &rate in rates {
                let options = SolverConfig {
                    learning_rate: T::from_f64(rate),
                    schedule: Schedule::Constant,
                    num_epochs: rates.len(),
                    ..options
                };
                let buffers = memory.lend();
                let solver: Result<TheSolver<'_, T>, Error> = Solver::resume_with(
                    net, options, backend, &train, &val, buffers, progress, parallel,
                );
                let mut solver = match solver {
                    Err(Error::NonFinite { .. }) => {
                        tested.has_diverged = true;
                        break;
                    }
                    solver => solver?,
                };
                if let Some(rounded) = &mut rounded {
                    solver = solver.with_fake_quant(rounded.lend())?;
                }
                if let Some(whitened) = &mut whitened {
                    solver = solver.with_whitening(whitened.lend())?;
                }
                match solver.advance() {
                    Ok(Some(Event::Step { loss, .. })) => tested.add(rate, loss.to_printed()),
                    Ok(_) => break,
                    Err(Error::NonFiniteLoss { .. } | Error::NonFinite { .. }) => {
                        tested.has_diverged = true;
                        break;
                    }
                    Err(error) => return Err(error.into()),
                }
                progress = *solver.progress();
                if tested.is_over() || on_step(tested.rates.len()).is_break() {
                    break;
                }
            }
            Ok(tested)
        })
    }
}

/// The rates of the steps, each as many times the one before.
fn rates(range: Range, of_run: f64, dtype: Dtype) -> Result<Vec<f64>, SettingsError> {
    let (lowest, highest) =
        (range.lowest.unwrap_or(of_run * 1e-3), range.highest.unwrap_or(of_run * 1e4));
    let refuse = |message: String| Err(SettingsError::new(message));
    let fits = |rate: f64| match dtype {
        Dtype::F32 => (rate as f32).is_finite() && rate as f32 > 0.0,
        Dtype::F64 => rate.is_finite() && rate > 0.0,
    };
    if range.steps < 10 {
        return refuse(format!("a range test takes at least 10 steps, found {}", range.steps));
    }
    if !fits(lowest) || !fits(highest) || lowest >= highest {
        return refuse(format!(
            "the rates go from {lowest:?} to {highest:?}; take a lowest above 0 and a highest above that"
        ));
    }
    let factor = highest / lowest;
    let last = f64::from_usize(range.steps - 1);
    Ok((0..range.steps).map(|step| lowest * factor.powf(f64::from_usize(step) / last)).collect())
}

impl Tested {
    fn add(&mut self, rate: f64, loss: f64) {
        self.rates.push(rate);
        self.losses.push(loss);
        // The average as if nothing had come before the first loss.
        let (mut sum, mut weight) = (0.0, 0.0);
        for loss in self.losses.iter().rev().take(200).rev() {
            sum = STAYS * sum + loss;
            weight = STAYS * weight + 1.0;
        }
        self.smoothed.push(sum / weight);
    }

    /// Whether the loss is so large that more steps show nothing.
    fn is_over(&self) -> bool {
        let (Some(&last), Some((_, least))) = (self.smoothed.last(), self.least()) else {
            return false;
        };
        self.rates.len() > 10 && last > TOO_LARGE * least.abs() && last - least > least.abs()
    }

    /// The step with the least smoothed loss, and that loss.
    #[must_use]
    pub fn least(&self) -> Option<(usize, f64)> {
        let losses = self.smoothed.iter().copied().enumerate();
        losses.min_by(|(_, a), (_, b)| a.total_cmp(b))
    }

    /// The deviation of the losses from batch to batch, by the differences of neighbours, while they do not fall yet: up to half
    /// of the way to a step.
    fn deviation(&self, step: usize) -> f64 {
        let squares: Vec<_> = self
            .losses
            .windows(2)
            .take((step / 2).max(10))
            .filter_map(|pair| Some((pair.last()? - pair.first()?).powi(2)))
            .collect();
        (squares.iter().sum::<f64>() / (2.0 * f64::from_usize(squares.len().max(1)))).sqrt()
    }

    /// A rate to train with, in two digits: a tenth of the one at which the smoothed loss is least. None if it does not fall.
    ///
    /// ```
    /// use barenet_run::range_test::Tested;
    /// let tested = Tested {
    ///     rates: vec![0.01, 0.02, 0.04],
    ///     smoothed: vec![2.3, 1.7, 5.0],
    ///     ..Tested::default()
    /// };
    /// assert_eq!(tested.suggestion(), Some(0.002));
    /// ```
    #[must_use]
    pub fn suggestion(&self) -> Option<f64> {
        let (step, least) = self.least()?;
        let (first, rate) = (*self.smoothed.first()?, *self.rates.get(step)?);
        let enough = LEAST_DEVIATIONS * self.deviation(step);
        let falls = first - least > enough.max(LEAST_FALL * first.abs());
        let digits = format!("{:.1e}", rate / 10.0).parse().ok();
        digits.filter(|_| falls)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_grow_by_the_same_factor_from_the_lowest_to_the_highest() {
        let range = Range { lowest: Some(1e-4), highest: Some(1.0), steps: 13 };
        let found = rates(range, 0.5, Dtype::F32).unwrap();
        assert_eq!((found.len(), found[0]), (13, 1e-4));
        assert!((found[12] - 1.0).abs() < 1e-12);
        for pair in found.windows(2) {
            assert!((pair[1] / pair[0] - 10_f64.powf(1.0 / 3.0)).abs() < 1e-9, "{pair:?}");
        }
        let found = rates(Range::default(), 0.5, Dtype::F32).unwrap();
        assert!((found[0] - 5e-4).abs() < 1e-12 && (found[99] - 5e3).abs() < 1e-6);
    }

    #[test]
    fn a_range_that_is_none_is_refused() {
        for (lowest, highest, steps) in [
            (1.0, 1.0, 100),
            (1.0, 0.1, 100),
            (0.0, 1.0, 100),
            (-1.0, 1.0, 100),
            (1.0, f64::INFINITY, 100),
            (1.0, f64::NAN, 100),
            (1e-60, 1.0, 100),
            (0.1, 1.0, 9),
        ] {
            let range = Range { lowest: Some(lowest), highest: Some(highest), steps };
            assert!(rates(range, 0.1, Dtype::F32).is_err(), "{range:?}");
        }
        let range = Range { lowest: Some(1e-60), highest: Some(1.0), steps: 10 };
        assert!(rates(range, 0.1, Dtype::F64).is_ok());
    }

    #[test]
    fn smoothing_gives_equal_losses_back_and_begins_with_the_first() {
        let mut tested = Tested::default();
        for step in 0..300 {
            tested.add(f64::from(step), 2.5);
        }
        assert!(tested.smoothed.iter().all(|loss| (loss - 2.5).abs() < 1e-12));
        let mut tested = Tested::default();
        for loss in [4.0, 2.0] {
            tested.add(1.0, loss);
        }
        // 0.9 of the first, and the second.
        assert_eq!(tested.smoothed, [4.0, (0.9 * 4.0 + 2.0) / 1.9]);
    }

    #[test]
    fn losses_that_do_not_fall_suggest_nothing() {
        let tested = |smoothed: &[f64]| Tested {
            rates: vec![0.1, 0.2, 0.4],
            smoothed: smoothed.to_vec(),
            ..Tested::default()
        };
        assert_eq!(tested(&[1.0, 1.0, 1.0]).suggestion(), None);
        assert_eq!(tested(&[1.0, 0.9995, 2.0]).suggestion(), None);
        assert_eq!(tested(&[1.0, 0.5, 2.0]).suggestion(), Some(0.02));
        assert_eq!(tested(&[]).suggestion(), None);
        // Losses that differ as much from batch to batch.
        let losses = [1.0, 0.5, 1.0].repeat(4);
        assert_eq!(Tested { losses, ..tested(&[1.0, 0.5, 2.0]) }.suggestion(), None);
        // A loss may be below 0, where a program makes its own.
        assert_eq!(tested(&[-1.0, -2.0, 0.0]).suggestion(), Some(0.02));
    }
}
