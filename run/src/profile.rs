//! Where the time of a training step goes: for one network, on one machine.
//!
//! Whole steps are measured as a run does them. Their parts are measured alone, in the same shapes, because a step that was
//! stopped at its parts would be another one: the matrix products, the loss with all gradients, and the update rule.

mod advice;
mod products;

pub use advice::advice;
pub use products::Products;

use crate::backend::start_backend;
use crate::buffers::{Aligned, OwnedBuffers};
use crate::combined::Combined;
use crate::config::{Config, ignored};
use crate::scaled::scaled;
use crate::session::prepare;
use crate::settings::Dtype;
use crate::trainer::{TheSolver, Whitened, draw_weights, samples_that_train};
use anyhow::Result;
use barenet::{
    Alone, Error, Event, Float, FullyConnectedNet, Label, Mat, Progress, Rng, Schedule, Solver,
    SolverBuffers, SolverConfig, Targets, Whitening,
};
use barenet_blas::Backend;
use barenet_data::DataSet;
use barenet_data::split::{Part, Split};
use barenet_model::number::Number;
use serde::Serialize;
use std::time::{Duration, Instant};

/// A rate that changes no weight to speak of: what is measured does not diverge.
const RATE: f64 = 1e-9;

/// Seconds of one step, and of its parts.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Profile {
    /// Samples in a batch.
    pub batch_size: usize,
    /// Threads that work.
    pub threads: usize,
    /// Floating-point operations of the products of a step.
    pub operations: f64,
    /// A whole step.
    pub step: f64,
    /// The products of its affine layers alone.
    pub products: f64,
    /// Bias, ReLU, batch norm, dropout and loss, and locally connected layers: loss and gradients without `products`.
    pub passes: f64,
    /// The update rule alone.
    pub update: f64,
    /// The rest of the step: drawing, reading and scaling the batch, and what a run does after the update. Where the parts took longer
    /// alone than together it is 0.
    pub rest: f64,
    /// A whole step on one thread; `None` if `threads` is 1.
    pub step_on_one_thread: Option<f64>,
}

impl Profile {
    /// Seconds of a step that threads wait, and that others than the products' tiles take longer for: the step without its share of
    /// the step on one thread.
    #[must_use]
    pub fn waiting(&self) -> Option<f64> {
        let one = self.step_on_one_thread?;
        Some((self.step - one / f64::from_usize(self.threads)).max(0.0))
    }

    /// Samples in a second.
    #[must_use]
    pub fn samples_per_second(&self) -> f64 {
        f64::from_usize(self.batch_size) / self.step
    }
}

/// The median seconds of a call: after one that nobody counts, as many as there is time for, one at least.
///
/// # Errors
///
/// Those of the call.
pub fn median<E>(time: Duration, mut call: impl FnMut() -> Result<(), E>) -> Result<f64, E> {
    call()?;
    let begin = Instant::now();
    let mut times = Vec::new();
    while times.is_empty() || begin.elapsed() < time {
        let start = Instant::now();
        call()?;
        times.push(start.elapsed());
    }
    times.sort();
    Ok(times.get(times.len() / 2).map_or(0.0, Duration::as_secs_f64))
}

/// Measures the steps of a run with these settings on these data, for `time` in all.
///
/// # Errors
///
/// If a setting cannot be used, the data have fewer samples than it asks for, or there is not enough memory.
pub fn profile(combined: Combined, data: &DataSet, time: Duration) -> Result<(Config, Profile)> {
    let Combined { settings, written } = combined;
    let (config, split) = prepare(settings, Some(&written), data)?;
    ignored(&written, &[&config]).iter().for_each(|line| log::warn!("{line}"));
    let backend = start_backend(&config);
    let found = match config.dtype() {
        Dtype::F32 => Measure::<f32>::new(&config, (data, &split), time)?.profile(&backend)?,
        Dtype::F64 => Measure::<f64>::new(&config, (data, &split), time)?.profile(&backend)?,
    };
    Ok((config, found))
}

/// What is measured, and its memory.
struct Measure<'a, T> {
    config: &'a Config,
    data: (&'a DataSet, &'a Split),
    memory: OwnedBuffers<T>,
    /// Of each measurement.
    time: Duration,
}

impl<'a, T: Number> Measure<'a, T> {
    fn new(config: &'a Config, data: (&'a DataSet, &'a Split), time: Duration) -> Result<Self> {
        let parallel = config.parallel::<T>(&Alone);
        let memory = OwnedBuffers::new_with(&config.arch(), &config.solver::<T>(), &parallel)?;
        Ok(Self { config, data, memory, time: time / 5 })
    }

    fn profile(mut self, backend: &Backend) -> Result<Profile> {
        let config = self.config;
        let (arch, batch_size) = (config.arch(), config.values().batch_size);
        let step = self.step(backend)?;
        let one = (backend.threads() > 1)
            .then(|| Backend::new(config.kernel(), 1).with_precision(config.precision()));
        let step_on_one_thread = one.map(|one| self.step(&one)).transpose()?;
        let mut layers = Products::<T>::of(&arch, batch_size)?;
        let time = self.time;
        let products = backend.install(|| median(time, || layers.multiply(backend)))?;
        let loss = self.loss(backend)?;
        let update = self.update(backend)?;
        // The first product of a backward pass would give the gradient of the inputs, which nobody wants.
        let weights = arch.any_layers().map(|layer| layer.w.len());
        let (first, all) =
            (arch.any_layers().next().map_or(0, |layer| layer.w.len()), weights.sum::<usize>());
        Ok(Profile {
            batch_size,
            threads: backend.threads(),
            operations: 2.0 * f64::from_usize(batch_size) * f64::from_usize(3 * all - first),
            step,
            products,
            passes: (loss - products).max(0.0),
            update,
            rest: (step - loss - update).max(0.0),
            step_on_one_thread,
        })
    }

    /// A whole step.
    fn step(&mut self, backend: &Backend) -> Result<f64> {
        let Self { config, data: (data, split), memory, time } = self;
        let scales = config.scales::<T>(data, split);
        let train = samples_that_train(config, (data, split), &scales)?;
        let val = scaled((data, split, Part::Val), &scales);
        let mut kept = Aligned::zeros(train.kept_len(), "samples that are scaled")?;
        let train = train.kept(&mut kept);
        let class_weights = config.class_weights(data, split);
        let net = config.net_with(&class_weights);
        let options = SolverConfig {
            learning_rate: T::from_f64(RATE),
            schedule: Schedule::Constant,
            num_epochs: 1 << 40,
            ..config.solver()
        };
        let mut whitened = Whitened::new(config, &train, backend)?;
        init(&net, config, backend, memory, whitened.as_mut())?;
        // No check is ever due.
        let progress = Progress { num_checks: usize::MAX, ..Progress::default() };
        let buffers = memory.lend();
        let parallel = config.parallel::<T>(&Alone);
        let mut solver: TheSolver<'_, T> =
            Solver::resume_with(net, options, backend, &train, &val, buffers, progress, parallel)?;
        if let Some(whitened) = &mut whitened {
            solver = solver.with_whitening(whitened.lend())?;
        }
        backend
            .install(|| {
                median(*time, || match solver.advance() {
                    Ok(Some(Event::Step { .. })) => Ok(()),
                    Ok(_) => {
                        Err(Error::InvalidConfig { what: "the run ended before it was measured" })
                    }
                    Err(error) => Err(error),
                })
            })
            .map_err(Into::into)
    }

    /// Loss and gradients of a batch that lies there as numbers.
    fn loss(&mut self, backend: &Backend) -> Result<f64> {
        let Self { config, memory, time, .. } = self;
        let (arch, batch) = (config.arch(), config.values().batch_size);
        let net = config.net::<T>();
        init(&net, config, backend, memory, None)?;
        let (inputs, outputs) = (arch.input_dim(), arch.num_classes());
        let (x, values) = (normal::<T>(batch * inputs, 1)?, normal::<T>(batch * outputs, 2)?);
        let classes = (0..Label::try_from(outputs).unwrap_or(1)).cycle().take(batch);
        let classes: Vec<Label> = classes.collect();
        let (x, values) = (Mat::new(&x, batch, inputs)?, Mat::new(&values, batch, outputs)?);
        let mut buffers = memory.lend();
        let mut state = buffers.state(&arch)?;
        let mut steps = 0;
        let found = backend.install(|| {
            median(*time, || {
                steps += 1;
                let y = match net.loss.takes_classes() {
                    true => Targets::Classes(&classes),
                    false => Targets::Values(&values),
                };
                net.loss(backend, Rng::seed(3).fork(steps), &mut state, x, y).map(drop)
            })
        })?;
        Ok(found)
    }

    /// The update rule.
    fn update(&mut self, backend: &Backend) -> Result<f64> {
        let Self { config, memory, time, .. } = self;
        let options = config.solver::<T>();
        let arch = config.arch();
        let mut t = 0;
        // By what inputs are whitened makes no difference to the time.
        let mut whitened = Whitened::zeros(config)?;
        let mut whitening = whitened.as_mut().map_or_else(Whitening::default, Whitened::lend);
        let SolverBuffers { params, grads, update_state, workspace, .. } = memory.lend();
        grads.fill(T::from_f64(1e-3));
        let found = backend.install(|| {
            median(*time, || {
                t += 1;
                whitening.update_net(
                    &options.update_rule,
                    backend,
                    &arch,
                    options.decay_on,
                    T::from_f64(RATE),
                    t,
                    params,
                    grads,
                    update_state,
                    workspace,
                )
            })
        })?;
        Ok(found)
    }
}

/// Draws the first weights.
fn init<T: Number>(
    net: &FullyConnectedNet<'_, T>,
    config: &Config,
    backend: &Backend,
    memory: &mut OwnedBuffers<T>,
    whitened: Option<&mut Whitened<T>>,
) -> Result<()> {
    let mut buffers = memory.lend();
    buffers.update_state.fill(T::ZERO);
    draw_weights(net, config, backend, &mut buffers, whitened)
}

/// Normally distributed numbers.
fn normal<T: Float>(len: usize, seed: u64) -> Result<Aligned<T>> {
    let mut numbers = Aligned::zeros(len, "a batch")?;
    Rng::seed(seed).fill_normal(1.0, &mut numbers);
    Ok(numbers)
}
