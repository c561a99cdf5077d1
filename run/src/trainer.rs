//! One training run: lends the memory, runs the Solver, and hands every event on.

mod check;
mod norms;
mod qat;
mod whitened;

pub(crate) use qat::Rounded;
pub(crate) use whitened::Whitened;

use crate::buffers::{Aligned, OwnedBuffers, reserve};
use crate::checkpoint::Checkpoint;
use crate::config::{Config, EVAL_BATCH};
use crate::moment::{HISTORY, Histories, Moment};
use crate::norms::Norms;
use crate::patience;
use crate::scaled::scaled;
use anyhow::{Context, Result};
use barenet::{
    Alone, DataParallel, Error, Event, FullyConnectedNet, Metric, Progress, Ranks, Rng, Solver,
    SolverBuffers, Weights,
};
use barenet_blas::Backend;
use barenet_data::DataSet;
use barenet_data::mixup::Mixup;
use barenet_data::samples::Samples;
use barenet_data::split::{Part, Split};
use barenet_model::number::Number;
use barenet_model::scales::Scales;
use barenet_model::weights::WeightsFile;
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

/// Result of a run.
#[derive(Debug)]
pub struct Outcome<T> {
    /// The weights of the check with the best metric on the validation data.
    pub best_params: Aligned<T>,
    /// The running statistics that belong to them.
    pub best_running: Aligned<T>,
    /// How far the run came.
    pub progress: Progress<T>,
    /// The loss of each iteration.
    pub loss_history: Vec<f64>,
    /// The metric that is checked.
    pub metric: Metric,
    /// It of each epoch on a sample of the training data, epoch 0 first.
    pub train_history: Vec<f64>,
    /// It of each epoch on the validation data, epoch 0 first.
    pub val_history: Vec<f64>,
    /// Norms of each epoch, likewise; none of a run that was begun by a version that did not measure them.
    pub norms: Vec<Norms>,
    /// Training steps that were done here, without those before a checkpoint.
    pub steps: usize,
    /// Time in these steps, checks excluded.
    pub step_time: Duration,
    /// The iteration whose loss or result was NaN or infinite, if the run ended there.
    pub diverged_at: Option<usize>,
    /// Whether the run was stopped before its end.
    pub stopped: bool,
}

/// How far a run came, and what it was like on the way.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ended<'a> {
    /// Steps done.
    pub iteration: usize,
    /// Checks done.
    pub num_checks: usize,
    /// The loss of each step.
    pub loss_history: &'a [f64],
    /// The metric that is checked.
    pub metric: Metric,
    /// It of each epoch on a sample of the training data, epoch 0 first.
    pub train_history: &'a [f64],
    /// It of each epoch on the validation data, epoch 0 first.
    pub val_history: &'a [f64],
    /// Norms of each epoch, likewise; none of a run that was begun by a version that did not measure them.
    pub norms: &'a [Norms],
    /// Whether the run was stopped before its end.
    pub stopped: bool,
}

impl<T> Outcome<T> {
    /// The same without what is of the number type.
    pub(crate) fn ended(&self) -> Ended<'_> {
        Ended {
            iteration: self.progress.iteration,
            num_checks: self.progress.num_checks,
            loss_history: &self.loss_history,
            metric: self.metric,
            train_history: &self.train_history,
            val_history: &self.val_history,
            norms: &self.norms,
            stopped: self.stopped,
        }
    }
}

/// Streams of the seed besides those of the Solver.
const INIT_STREAM: u64 = 0;

/// Whether an error is that numbers are NaN or infinite.
#[must_use]
pub fn is_non_finite(error: &anyhow::Error) -> bool {
    matches!(error.downcast_ref(), Some(Error::NonFinite { .. }))
}

/// Where a run begins.
#[derive(Clone, Copy, Debug)]
pub enum Beginning<'a, T> {
    /// At weights that are drawn.
    Drawn,
    /// At the weights of another run.
    Weights(&'a WeightsFile<T>),
    /// Where this run was when its checkpoint was written.
    Checkpoint(&'a Checkpoint<T>),
}

/// Trains, from the start or from a checkpoint, calling `on_event` after every event; if that breaks,
/// the run stops there.
///
/// # Errors
///
/// If there is not enough memory, a label names no class, the checkpoint belongs to another network,
/// or `on_event` fails. A loss or state that is not finite is no error here, nor is an
/// [`Error::NonFinite`] of `on_event`: the [`Outcome`] says so and has
/// the best weights before.
pub fn train<T: Number>(
    config: &Config,
    images: (&DataSet, &Split),
    scales: &Scales<T>,
    backend: &Backend,
    checkpoint: Option<&Checkpoint<T>>,
    on_event: impl FnMut(&Event<T>, Moment<'_, T>) -> Result<ControlFlow<()>> + Send,
) -> Result<Outcome<T>> {
    let ranks: &dyn Ranks<T> = &Alone;
    let memory = OwnedBuffers::new_with(&config.arch(), &config.solver(), &config.parallel(ranks))?;
    let beginning = checkpoint.map_or(Beginning::Drawn, Beginning::Checkpoint);
    train_in(memory, config, images, scales, (backend, ranks), beginning, on_event)
}

/// [`train`] in memory that was reserved before.
///
/// # Errors
///
/// Those of [`train`].
pub fn train_in<T: Number>(
    mut memory: OwnedBuffers<T>,
    config: &Config,
    (data, split): (&DataSet, &Split),
    scales: &Scales<T>,
    (backend, ranks): (&Backend, &dyn Ranks<T>),
    beginning: Beginning<'_, T>,
    mut on_event: impl FnMut(&Event<T>, Moment<'_, T>) -> Result<ControlFlow<()>> + Send,
) -> Result<Outcome<T>> {
    let train = samples_that_train(config, (data, split), scales)?;
    let val = scaled((data, split, Part::Val), scales);
    let (mut kept_train, mut kept_val) = (room_to_keep(&train)?, room_to_keep(&val)?);
    let (train, val) = (train.kept(&mut kept_train), val.kept(&mut kept_val));
    let mut histories = match beginning {
        Beginning::Checkpoint(checkpoint) => checkpoint.histories()?,
        Beginning::Drawn | Beginning::Weights(_) => Histories::default(),
    };
    let class_weights = config.class_weights(data, split);
    let net = config.net_with(&class_weights);
    let mut rounded = Rounded::new(config, (data, split), scales)?;
    let mut whitened = Whitened::new(config, &train, backend)?;
    let (machine, samples) = ((backend, ranks), (&train, &val));
    let mut solver =
        start(net, config, machine, samples, memory.lend(), beginning, whitened.as_mut())?;
    if let Some(whitened) = &mut whitened {
        solver = solver.with_whitening(whitened.lend())?;
    }
    if let Some(rounded) = &mut rounded {
        solver = solver.with_fake_quant(rounded.lend())?;
    }
    let Ending { steps, step_time, diverged_at, stopped } = backend.install(|| {
        let next = |solver: &mut TheSolver<'_, T>| match solver.metric().takes_all_outputs() {
            true => check::advance(solver, &net, (data, split), scales, backend),
            false => Ok(solver.advance()?),
        };
        let end = (config.last_epoch(), config.values().patience);
        advance(&mut solver, end, next, &mut histories, &mut on_event)
    })?;
    let (progress, metric) = (*solver.progress(), solver.metric());

    let norms = norms::of_checks(&histories)?;
    let as_f64 = |history: Vec<T>| -> Result<Vec<f64>> {
        let mut numbers = reserve(history.len(), HISTORY)?;
        numbers.extend(history.into_iter().map(T::to_printed));
        Ok(numbers)
    };
    Ok(Outcome {
        best_params: memory.best_params,
        best_running: memory.best_running,
        progress,
        loss_history: as_f64(histories.loss)?,
        metric,
        train_history: as_f64(histories.train)?,
        val_history: as_f64(histories.val)?,
        norms,
        steps,
        step_time,
        diverged_at,
        stopped,
    })
}

/// The samples that train, scaled, augmented and mixed as the settings say.
pub(crate) fn samples_that_train<'a, T: Number>(
    config: &Config,
    (data, split): (&'a DataSet, &'a Split),
    scales: &'a Scales<T>,
) -> Result<Samples<'a, T>> {
    let mixup = Mixup::new(config.values().mixup);
    let samples = scaled((data, split, Part::Train), scales);
    Ok(samples.augmented(config.augmentation(data)?).mixed(mixup))
}

/// Draws the weights that a run begins with, as if for whitened inputs where these are.
pub(crate) fn draw_weights<T: Number>(
    net: &FullyConnectedNet<'_, T>,
    config: &Config,
    backend: &Backend,
    buffers: &mut SolverBuffers<'_, T>,
    whitened: Option<&mut Whitened<T>>,
) -> Result<()> {
    let rng = Rng::seed(config.values().seed).fork(INIT_STREAM);
    net.init(config.init(), rng, &mut buffers.state(&net.arch)?);
    if let Some(whitened) = whitened {
        whitened.lend().fold_into(backend, &net.arch, buffers.params)?;
    }
    Ok(())
}

/// Memory in which samples are kept scaled; none if there is not enough.
fn room_to_keep<T: Number>(samples: &Samples<'_, T>) -> Result<Aligned<T>> {
    let what = "samples that are scaled";
    Aligned::zeros(samples.kept_len(), what).or_else(|_| Aligned::zeros(0, what))
}

/// A Solver where a run begins.
fn start<'a, T: Number>(
    net: FullyConnectedNet<'a, T>,
    config: &Config,
    (backend, ranks): (&'a Backend, &'a dyn Ranks<T>),
    (train, val): (&'a Samples<'a, T>, &'a Samples<'a, T>),
    mut buffers: SolverBuffers<'a, T>,
    beginning: Beginning<'_, T>,
    whitened: Option<&mut Whitened<T>>,
) -> Result<TheSolver<'a, T>> {
    let (options, parallel) = (config.solver::<T>(), config.parallel(ranks));
    match beginning {
        Beginning::Checkpoint(saved) => {
            saved.restore(&mut buffers)?;
            let progress = saved.progress;
            return Ok(Solver::resume_with(
                net, options, backend, train, val, buffers, progress, parallel,
            )?);
        }
        Beginning::Drawn => {
            draw_weights(&net, config, backend, &mut buffers, whitened)?;
        }
        Beginning::Weights(file) => {
            Weights::new(&net.arch, &file.params, &file.running)?;
            buffers.params.copy_from_slice(&file.params);
            buffers.running.copy_from_slice(&file.running);
        }
    }
    buffers.check_finite().context(
        "the weights to start from are too large for the number type; try a lower \
         --weight-scale, or --init he",
    )?;
    Ok(Solver::new_with(net, options, backend, train, val, buffers, parallel)?)
}

/// The Solver of images.
pub(crate) type TheSolver<'a, T> =
    Solver<'a, T, Backend, Samples<'a, T>, Samples<'a, T>, DataParallel<'a, dyn Ranks<T> + 'a>>;

/// How a run ended, and the steps that led there.
#[derive(Debug, Default)]
struct Ending {
    steps: usize,
    step_time: Duration,
    diverged_at: Option<usize>,
    stopped: bool,
}

/// Takes step after step to the last epoch, or to the end of the patience, handing every event on.
fn advance<T: Number>(
    solver: &mut TheSolver<'_, T>,
    (last_epoch, patience): (usize, usize),
    next: impl Fn(&mut TheSolver<'_, T>) -> Result<Option<Event<T>>>,
    histories: &mut Histories<T>,
    on_event: &mut impl FnMut(&Event<T>, Moment<'_, T>) -> Result<ControlFlow<()>>,
) -> Result<Ending> {
    let mut so_far = Ending::default();
    loop {
        let &Progress { num_checks, best_epoch, .. } = solver.progress();
        let epoch = num_checks.saturating_sub(1);
        if epoch >= last_epoch || patience::is_over(patience, epoch, best_epoch) {
            return Ok(so_far);
        }
        let clock = Instant::now();
        let event = match next(solver) {
            Ok(Some(event)) => event,
            Ok(None) => return Ok(so_far),
            Err(error) => {
                let diverged_at = match error.downcast_ref() {
                    Some(&Error::NonFiniteLoss { iteration }) => iteration,
                    Some(Error::NonFinite { .. }) => solver.progress().iteration,
                    _ => return Err(error),
                };
                return Ok(Ending { diverged_at: Some(diverged_at), ..so_far });
            }
        };
        match event {
            Event::Step { .. } => {
                so_far.step_time += clock.elapsed();
                so_far.steps += 1;
            }
            Event::Epoch { .. } => {}
        }
        histories.add(&event)?;
        norms::add_if_due(solver, &event, histories)?;
        let moment = Moment {
            progress: solver.progress(),
            buffers: solver.buffers(),
            histories,
            metric: solver.metric(),
        };
        match on_event(&event, moment) {
            Ok(ControlFlow::Continue(())) => {}
            Ok(ControlFlow::Break(())) => return Ok(Ending { stopped: true, ..so_far }),
            Err(error) if is_non_finite(&error) => {
                return Ok(Ending { diverged_at: Some(solver.progress().iteration), ..so_far });
            }
            Err(error) => return Err(error),
        }
    }
}

/// The metric of a network on one part of the data: of classes the accuracy, 0 to 1.
///
/// # Errors
///
/// If there is not enough memory, the weights do not fit the network, or the metric is the AUC and not all classes are
/// in that part.
pub fn evaluate<T: Number>(
    net: &FullyConnectedNet<'_, T>,
    weights: Weights<'_, T>,
    (data, split, part): (&DataSet, &Split, Part),
    scales: &Scales<T>,
    backend: &Backend,
) -> Result<f64> {
    if net.metric().takes_all_outputs() {
        let found = check::measure(net, weights, (data, split, part), scales, backend)?;
        return Ok(found.with_context(|| check::no_auc(data))?.to_printed());
    }
    let samples = scaled((data, split, part), scales);
    let len = net.arch.infer_workspace_len(EVAL_BATCH);
    let mut workspace = Aligned::zeros(len, "the activations of a batch")?;
    let found = backend.install(|| {
        barenet::evaluate(net, backend, weights, &samples, EVAL_BATCH, &mut workspace)
    })?;
    Ok(found.to_printed())
}
