//! Training: CS231n's Solver as a state machine.
//!
//! [`Solver::advance`] does one piece of work, a training step or a check of the metric, and returns what
//! happened; it prints nothing and allocates nothing. Everything random is drawn from streams that
//! depend on the seed and the iteration alone, so the whole state of a run is [`Progress`] and the
//! slices in [`SolverBuffers`]: save them, give them to [`Solver::resume`], and the run continues bit
//! for bit as if it had not stopped.

mod average;
mod buffers;
mod check;
mod config;
mod dataset;
mod evaluate;
#[cfg(feature = "qat")]
mod fake;
mod progress;
mod sampling;
mod step;
mod strategy;
#[cfg(feature = "whiten")]
mod whitened;

pub use average::Average;
pub use buffers::{History, SolverBuffers};
pub use check::Checked;
pub use config::{Sampling, SolverConfig};
pub use dataset::{Dataset, Sample};
pub use evaluate::{evaluate, predict};
pub use progress::{Event, Progress};
pub use strategy::{Strategy, WholeBatch};

use crate::error::{Error, check_finite};
use crate::float::Float;
use crate::gemm::Gemm;
use crate::layers::{BatchNormConfig, Loss};
use crate::metric::Metric;
use crate::net::FullyConnectedNet;
use crate::optim::l2_norm;
use crate::quant::FakeQuant;
use crate::rng::Rng;
use crate::slices::copy;
use crate::state::Weights;
use crate::whiten::Whitening;
use dataset::check_data;

/// The streams that one seed is split into. Stream 0 is for whoever draws the first weights.
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
///     average: Default::default(), history: Default::default(),
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
pub struct Solver<'a, T, G, D, V, S = WholeBatch> {
    net: FullyConnectedNet<'a, T>,
    config: SolverConfig<T>,
    gemm: &'a G,
    train: &'a D,
    val: &'a V,
    buffers: SolverBuffers<'a, T>,
    /// The weights as an export rounds them, if training is aware of that.
    fake: FakeQuant<'a, T>,
    /// What whitens the inputs of the first layer, if something does.
    whitening: Whitening<'a, T>,
    progress: Progress<T>,
    strategy: S,
    /// The norm of the last gradients, if they were clipped.
    norm_before_clip: Option<T>,
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
        Self::new_with(net, config, gemm, train, val, buffers, WholeBatch)
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
        Self::resume_with(net, config, gemm, train, val, buffers, progress, WholeBatch)
    }
}

impl<'a, T, G, D, V, S> Solver<'a, T, G, D, V, S>
where
    T: Float,
    G: Gemm<T>,
    D: Dataset<T>,
    V: Dataset<T>,
    S: Strategy<T>,
{
    /// Starts a run as [`Self::new`] does, with a strategy of how the loss of a batch is computed.
    ///
    /// The workspace must have [`SolverConfig::workspace_len_with`] elements.
    ///
    /// # Errors
    ///
    /// Those of [`Self::new`] and of [`Strategy::workspace_len`].
    pub fn new_with(
        net: FullyConnectedNet<'a, T>,
        config: SolverConfig<T>,
        gemm: &'a G,
        train: &'a D,
        val: &'a V,
        buffers: SolverBuffers<'a, T>,
        strategy: S,
    ) -> Result<Self, Error> {
        let progress = Progress::default();
        let mut solver = Self::of(net, config, gemm, (train, val), buffers, progress, strategy);
        solver.check()?;
        let buffers = &mut solver.buffers;
        buffers.update_state.fill(T::ZERO);
        copy(buffers.average.params, buffers.params);
        copy(buffers.average.running, buffers.running);
        buffers.check_finite()?;
        copy(buffers.best_params, buffers.params);
        copy(buffers.best_running, buffers.running);
        Ok(solver)
    }

    /// Resumes a run whose state was saved, with the strategy of [`Self::new_with`].
    ///
    /// # Errors
    ///
    /// Those of [`Self::new_with`].
    pub fn resume_with(
        net: FullyConnectedNet<'a, T>,
        config: SolverConfig<T>,
        gemm: &'a G,
        train: &'a D,
        val: &'a V,
        buffers: SolverBuffers<'a, T>,
        progress: Progress<T>,
        strategy: S,
    ) -> Result<Self, Error> {
        let solver = Self::of(net, config, gemm, (train, val), buffers, progress, strategy);
        solver.check()?;
        solver.buffers.check_finite()?;
        check_finite("best parameters", solver.buffers.best_params)?;
        check_finite("best running statistics", solver.buffers.best_running)?;
        Ok(solver)
    }

    fn of(
        net: FullyConnectedNet<'a, T>,
        config: SolverConfig<T>,
        gemm: &'a G,
        (train, val): (&'a D, &'a V),
        buffers: SolverBuffers<'a, T>,
        progress: Progress<T>,
        strategy: S,
    ) -> Self {
        let (fake, whitening, norm_before_clip) =
            (FakeQuant::default(), Whitening::default(), None);
        Self {
            net,
            config,
            gemm,
            train,
            val,
            buffers,
            fake,
            whitening,
            progress,
            strategy,
            norm_before_clip,
        }
    }

    /// Refuses settings, data and lengths that are not right.
    fn check(&self) -> Result<(), Error> {
        let Self { net, config, .. } = self;
        config.check()?;
        config.update_rule.check_arch(&net.arch)?;
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
        if config.label_smoothing != T::ZERO && net.loss != Loss::Softmax {
            let what = "label_smoothing is for the loss softmax";
            return Err(Error::InvalidConfig { what });
        }
        let first = Sample::in_epoch(0, Rng::seed(config.seed), 0);
        if net.loss == Loss::Svm && self.train.mixed_with(first).is_some() {
            let what = "samples are mixed for the loss softmax and those of numbers, not for svm";
            return Err(Error::InvalidConfig { what });
        }
        net.check_class_weights()?;
        check_data("train", self.train, net)?;
        check_data("val", self.val, net)?;
        let workspace_len = config.workspace_len_with(&net.arch, &self.strategy)?;
        self.buffers.check(net, config, self.num_iterations(), workspace_len)
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

    /// The progress of the run.
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
        self.net.metric()
    }

    /// The weights that checks measure: those that are trained, their moving average if there is one, or as they are
    /// [rounded](FakeQuant).
    #[must_use]
    pub const fn weights(&self) -> Weights<'_, T> {
        self.fake.or(self.buffers.weights())
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

    /// The [norm](l2_norm) of all gradients of the last step together, before they were clipped. Before the first step since the
    /// run was started or resumed it is that of whatever `grads` has.
    #[must_use]
    pub fn grad_norm(&self) -> f64 {
        match self.norm_before_clip {
            Some(norm) => norm.to_f64(),
            None => l2_norm(self.gemm, self.buffers.grads),
        }
    }

    /// The [norm](l2_norm) of all parameters together, as they are trained.
    #[must_use]
    pub fn weight_norm(&self) -> f64 {
        l2_norm(self.gemm, self.buffers.params)
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
    /// is kept. [`Error::InvalidConfig`] if the metric of a check [takes all outputs](Metric::takes_all_outputs):
    /// [`Self::due_check`] has to be called first. [`Error::NonFinite`] if a check finds parameters, running statistics, state
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

    /// Whether the next piece of work is a check.
    #[must_use]
    pub fn check_is_due(&self) -> bool {
        let Progress { iteration, num_checks, .. } = self.progress;
        num_checks < self.config.num_checks()
            && iteration >= self.config.iteration_of_check(num_checks, self.train.len())
    }

    fn rng(&self, stream: u64, counter: usize) -> Rng {
        let counter = u64::try_from(counter).unwrap_or(u64::MAX);
        Rng::seed(self.config.seed).fork(stream).fork(counter)
    }
}
