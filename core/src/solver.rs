//! Training: CS231n's Solver as a state machine.
//!
//! [`Solver::advance`] does one piece of work, a training step or a check of the metric, and returns what
//! happened; it prints nothing and allocates nothing. Everything random is drawn from streams that
//! depend on the seed and the iteration alone, so the whole state of a run is [`Progress`] and the
//! slices in [`SolverBuffers`]: save them, give them to [`Solver::resume`], and the run continues bit
//! for bit as if it had not stopped.

mod buffers;
mod config;
mod dataset;
mod evaluate;
mod progress;
mod sampling;

pub use buffers::{History, SolverBuffers};
pub use config::{Sampling, SolverConfig};
pub use dataset::{Dataset, Sample};
pub use evaluate::{evaluate, predict};
pub use progress::{Event, Progress};

use crate::error::{Error, check_finite};
use crate::float::Float;
use crate::gemm::Gemm;
use crate::layers::{BatchNormConfig, Targets};
use crate::metric::Metric;
use crate::net::FullyConnectedNet;
use crate::rng::{Permutation, Rng};
use crate::state::{TrainState, Weights};
use dataset::{Batch, BatchTargets, check_data, label_of};
use evaluate::evaluate_some;
use sampling::{BatchSource, draw_index};

/// The streams that one seed is split into.
mod stream {
    pub(super) const SAMPLING: u64 = 1;
    pub(super) const DROPOUT: u64 = 2;
    pub(super) const CHECK: u64 = 3;
    pub(super) const SAMPLE: u64 = 4;
}

/// Trains a network.
///
/// ```
/// use barenet::{Arch, Dataset, Event, FullyConnectedNet, Init, Portable, Rng, Sample};
/// use barenet::{Solver, SolverBuffers, SolverConfig, Target, UpdateRule};
///
/// /// Points on a line: left of 0 is class 0, right of it class 1.
/// struct Line;
/// impl Dataset<f32> for Line {
///     fn len(&self) -> usize { 100 }
///     fn input_dim(&self) -> usize { 1 }
///     fn target(&self, index: usize) -> Target { Target::Class(u32::from(index >= 50)) }
///     fn read(&self, sample: Sample, _start: usize, x: &mut [f32]) {
///         x[0] = (sample.index as f32 - 49.5) / 50.0;
///     }
/// }
///
/// let net = FullyConnectedNet::new(Arch::new(&[1, 8, 2]));
/// let config = SolverConfig {
///     learning_rate: 0.5, num_epochs: 20, batch_size: 10, ..SolverConfig::new(UpdateRule::Sgd)
/// };
/// let (len, rows) = (net.arch.num_params(), config.batch_size);
/// let mut buffers = SolverBuffers {
///     params: &mut vec![0.0; len], running: &mut [], grads: &mut vec![0.0; len],
///     update_state: &mut [], best_params: &mut vec![0.0; len], best_running: &mut [],
///     indices: &mut vec![0; rows], y: &mut vec![0; rows],
///     workspace: &mut vec![0.0; config.workspace_len(&net.arch)],
///     history: Default::default(),
/// };
/// net.init(Init::He, Rng::seed(0), &mut buffers.state(&net.arch)?);
///
/// let mut solver = Solver::new(net, config, &Portable, &Line, &Line, buffers)?;
/// solver.train(|event| if let Event::Epoch { epoch, val, .. } = event {
///     println!("(Epoch {epoch} / 20) val_acc: {val}");
/// })?;
/// assert!(solver.progress().best_val > Some(0.95));
/// # Ok::<(), barenet::Error>(())
/// ```
#[derive(Debug)]
pub struct Solver<'a, T, G, D, V> {
    net: FullyConnectedNet<'a, T>,
    config: SolverConfig<T>,
    gemm: &'a G,
    train: &'a D,
    val: &'a V,
    buffers: SolverBuffers<'a, T>,
    progress: Progress<T>,
}

impl<'a, T: Float, G: Gemm<T>, D: Dataset<T>, V: Dataset<T>> Solver<'a, T, G, D, V> {
    /// Starts a run from the parameters in `buffers`, which [`FullyConnectedNet::init`] has drawn.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidConfig`] for a setting out of its range or data without samples,
    /// [`Error::Shape`] or [`Error::BufferTooSmall`] if a buffer has not the length it needs,
    /// [`Error::NonFinite`] if a number to start from is NaN or infinite.
    pub fn new(
        net: FullyConnectedNet<'a, T>,
        config: SolverConfig<T>,
        gemm: &'a G,
        train: &'a D,
        val: &'a V,
        buffers: SolverBuffers<'a, T>,
    ) -> Result<Self, Error> {
        let progress = Progress::default();
        let mut solver = Self { net, config, gemm, train, val, buffers, progress };
        solver.check()?;
        let buffers = &mut solver.buffers;
        buffers.update_state.fill(T::ZERO);
        buffers.check_finite()?;
        for (best, &param) in buffers.best_params.iter_mut().zip(&*buffers.params) {
            *best = param;
        }
        for (best, &running) in buffers.best_running.iter_mut().zip(&*buffers.running) {
            *best = running;
        }
        Ok(solver)
    }

    /// Resumes a run whose state was saved.
    ///
    /// # Errors
    ///
    /// Those of [`Self::new`].
    pub fn resume(
        net: FullyConnectedNet<'a, T>,
        config: SolverConfig<T>,
        gemm: &'a G,
        train: &'a D,
        val: &'a V,
        buffers: SolverBuffers<'a, T>,
        progress: Progress<T>,
    ) -> Result<Self, Error> {
        let solver = Self { net, config, gemm, train, val, buffers, progress };
        solver.check()?;
        solver.buffers.check_finite()?;
        check_finite("best parameters", solver.buffers.best_params)?;
        check_finite("best running statistics", solver.buffers.best_running)?;
        Ok(solver)
    }

    /// Refuses settings, data and lengths that are not right.
    fn check(&self) -> Result<(), Error> {
        let Self { net, config, .. } = self;
        config.check()?;
        if !(net.reg >= T::ZERO && net.reg.is_finite()) {
            return Err(Error::InvalidConfig { what: "reg must be finite and at least 0" });
        }
        let BatchNormConfig { eps, momentum } = net.batchnorm;
        let is_right =
            eps >= T::ZERO && eps.is_finite() && momentum >= T::ZERO && momentum <= T::ONE;
        if net.arch.has_batchnorm() && !is_right {
            let what = "batchnorm takes an eps of at least 0 and a momentum from 0 to 1";
            return Err(Error::InvalidConfig { what });
        }
        if self.train.is_empty() || self.val.is_empty() {
            return Err(Error::InvalidConfig { what: "training and validation need data" });
        }
        check_data("train", self.train, net)?;
        check_data("val", self.val, net)?;
        self.buffers.check(net, config, self.num_iterations())
    }

    /// Steps in an epoch: as many whole batches as the training data has, at least one.
    #[must_use]
    pub fn iterations_per_epoch(&self) -> usize {
        self.config.iterations_per_epoch(self.train.len())
    }

    /// Steps in the whole run.
    #[must_use]
    pub fn num_iterations(&self) -> usize {
        self.config.num_iterations(self.train.len())
    }

    /// How far the run has come.
    #[must_use]
    pub const fn progress(&self) -> &Progress<T> {
        &self.progress
    }

    /// The slices of the run, for saving them.
    #[must_use]
    pub const fn buffers(&self) -> &SolverBuffers<'a, T> {
        &self.buffers
    }

    /// The metric that is checked.
    #[must_use]
    pub const fn metric(&self) -> Metric {
        self.net.loss.metric()
    }

    /// The weights of the check with the best metric on the validation data; those of the start before the
    /// first check.
    #[must_use]
    pub const fn best_weights(&self) -> Weights<'_, T> {
        Weights { params: self.buffers.best_params, running: self.buffers.best_running }
    }

    /// The learning rate of the next step.
    #[must_use]
    pub fn learning_rate(&self) -> T {
        self.config.learning_rate_at(self.progress.iteration, self.train.len())
    }

    /// Runs to the end, passing every event on.
    ///
    /// # Errors
    ///
    /// Those of [`Self::advance`].
    pub fn train(&mut self, mut on_event: impl FnMut(&Event<T>)) -> Result<(), Error> {
        while let Some(event) = self.advance()? {
            on_event(&event);
        }
        Ok(())
    }

    /// Does the next piece of work: a check of the metric if one is due, otherwise a training step.
    /// `None` when the run is complete.
    ///
    /// # Errors
    ///
    /// [`Error::NonFiniteLoss`] if the loss is NaN or infinite: the step then has changed nothing that
    /// is kept. [`Error::NonFinite`] if a check finds parameters, running statistics, state
    /// or scores that are: the best parameters are always finite. [`Error::InvalidLabel`] if a sample that is trained with or
    /// checked has a label that names no class.
    pub fn advance(&mut self) -> Result<Option<Event<T>>, Error> {
        if self.check_is_due() {
            self.check_metric().map(Some)
        } else if self.progress.iteration < self.num_iterations() {
            self.step().map(Some)
        } else {
            Ok(None)
        }
    }

    /// Check 0 follows the first step, check e the last step of epoch e.
    fn check_is_due(&self) -> bool {
        let Progress { iteration, num_checks, .. } = self.progress;
        num_checks < self.config.num_checks()
            && iteration >= Ord::max(num_checks.saturating_mul(self.iterations_per_epoch()), 1)
    }

    fn rng(&self, stream: u64, counter: usize) -> Rng {
        let counter = u64::try_from(counter).unwrap_or(u64::MAX);
        Rng::seed(self.config.seed).fork(stream).fork(counter)
    }

    /// Chooses a batch, computes loss and gradients, updates the parameters.
    fn step(&mut self) -> Result<Event<T>, Error> {
        let (batch, iteration) = (self.config.batch_size, self.progress.iteration);
        let (net, train, source) = (&self.net, self.train, self.batch_source());
        let buffers = &mut self.buffers;
        let labels = if net.loss.takes_classes() { batch } else { 0 };
        let (Some(indices), Some(labels)) =
            (buffers.indices.get_mut(..batch), buffers.y.get_mut(..labels))
        else {
            let what = "indices";
            return Err(Error::BufferTooSmall { what, required: batch, found: 0 });
        };
        for (index, n) in indices.iter_mut().zip(0..) {
            *index = source.index(n);
        }
        for (label, &index) in labels.iter_mut().zip(&*indices) {
            *label = label_of(train, index, net)?;
        }
        let index = |n| indices.get(n).copied().unwrap_or(0);
        let x = &Batch { data: train, index, draw: Some(source.sample), len: batch };
        let values = BatchTargets(x, net.arch.num_classes());
        let y = if net.loss.takes_classes() {
            Targets::Classes(labels)
        } else {
            Targets::Values(&values)
        };

        let dropout = Rng::seed(self.config.seed).fork(stream::DROPOUT).fork(source.iteration);
        let mut state = TrainState {
            params: buffers.params,
            running: buffers.running,
            grads: buffers.grads,
            workspace: buffers.workspace,
        };
        let loss = net.loss(self.gemm, dropout, &mut state, x, y)?;
        if !loss.is_finite() {
            return Err(Error::NonFiniteLoss { iteration: iteration + 1 });
        }
        let learning_rate = self.config.learning_rate_at(iteration, self.train.len());
        self.config.update_rule.update(
            self.gemm,
            learning_rate,
            iteration + 1,
            buffers.params,
            buffers.grads,
            buffers.update_state,
        )?;
        if let Some(place) = buffers.history.loss.get_mut(iteration) {
            *place = loss;
        }
        self.progress.iteration = iteration + 1;
        let print = iteration.checked_rem(self.config.print_every) == Some(0);
        Ok(Event::Step { iteration: iteration + 1, loss, print })
    }

    /// Where the samples of the next batch come from.
    fn batch_source(&self) -> BatchSource {
        let iteration = self.progress.iteration;
        let per_epoch = self.iterations_per_epoch();
        let epoch = iteration.checked_div(per_epoch).unwrap_or(0);
        let num_train = self.train.len();
        let order = match self.config.sampling {
            Sampling::WithReplacement => None,
            Sampling::Shuffled => {
                Some(Permutation::new(num_train, self.rng(stream::SAMPLING, epoch)))
            }
        };
        BatchSource {
            iteration: u64::try_from(iteration).unwrap_or(u64::MAX),
            num_train,
            draw: self.rng(stream::SAMPLING, iteration),
            sample: self.rng(stream::SAMPLE, epoch),
            order,
            // Below the number of samples, unless a batch is larger than that: then it is the first.
            start: iteration.checked_rem(per_epoch).unwrap_or(0) * self.config.batch_size,
        }
    }

    /// Checks the metric on both sets and keeps the parameters if they are the best so far.
    fn check_metric(&mut self) -> Result<Event<T>, Error> {
        self.buffers.check_finite()?;
        let epoch = self.progress.num_checks;
        let train = self.measure(self.train, self.config.num_train_samples, epoch)?;
        let val = self.measure(self.val, self.config.num_val_samples, epoch)?;
        let metric = self.metric();
        let best = self.progress.best_val.is_none_or(|best| metric.is_better(val, best));
        let buffers = &mut self.buffers;
        if best {
            self.progress.best_val = Some(val);
            self.progress.best_epoch = epoch;
            for (best, &param) in buffers.best_params.iter_mut().zip(&*buffers.params) {
                *best = param;
            }
            for (best, &running) in buffers.best_running.iter_mut().zip(&*buffers.running) {
                *best = running;
            }
        }
        for (history, metric) in
            [(&mut buffers.history.train, train), (&mut buffers.history.val, val)]
        {
            if let Some(place) = history.get_mut(epoch) {
                *place = metric;
            }
        }
        self.progress.num_checks = epoch + 1;
        Ok(Event::Epoch { epoch, train, val, best })
    }

    /// The metric of the current weights on all of `data`, or on that many samples drawn with
    /// replacement.
    fn measure(
        &mut self,
        data: &impl Dataset<T>,
        num_samples: Option<usize>,
        epoch: usize,
    ) -> Result<T, Error> {
        let draw = self.rng(stream::CHECK, epoch);
        let len = data.len();
        let count = num_samples.unwrap_or(len).min(len);
        let index = |n| if count < len { draw_index(draw, n, len) } else { n };
        let buffers = &mut self.buffers;
        let weights = Weights { params: buffers.params, running: buffers.running };
        let (samples, at_once) = ((count, &index), self.config.eval_batch_size);
        evaluate_some(&self.net, self.gemm, weights, data, samples, at_once, buffers.workspace)
    }
}
