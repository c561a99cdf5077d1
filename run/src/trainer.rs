//! One training run: lends the memory, runs the Solver, and hands every event on.

use crate::buffers::{OwnedBuffers, allocate, reserve};
use crate::checkpoint::Checkpoint;
use crate::config::Config;
use crate::moment::{HISTORY, Histories, Moment};
use anyhow::{Context, Result};
use barenet::{Error, Event, FullyConnectedNet, Metric, Progress, Rng, Solver, Weights};
use barenet_blas::Backend;
use barenet_data::DataSet;
use barenet_data::samples::{Part, Split};
use barenet_model::number::Number;
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

/// Result of a run.
#[derive(Debug)]
pub struct Outcome<T> {
    /// The weights of the check with the best metric on the validation data.
    pub best_params: Vec<T>,
    /// The running statistics that belong to them.
    pub best_running: Vec<T>,
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
    /// Training steps that were done here, without those before a checkpoint.
    pub steps: usize,
    /// Time in these steps, checks excluded.
    pub step_time: Duration,
    /// The iteration whose loss or result was NaN or infinite, if the run ended there.
    pub diverged_at: Option<usize>,
    /// Whether the run was stopped before its end.
    pub stopped: bool,
}

/// Streams of the seed besides those of the Solver.
const INIT_STREAM: u64 = 0;

/// Images scored at once outside of training.
const EVAL_BATCH: usize = 250;

/// Whether an error is that numbers are NaN or infinite.
#[must_use]
pub fn is_non_finite(error: &anyhow::Error) -> bool {
    matches!(error.downcast_ref(), Some(Error::NonFinite { .. }))
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
    mean_image: &[T],
    backend: &Backend,
    checkpoint: Option<&Checkpoint<T>>,
    on_event: impl FnMut(&Event<T>, Moment<'_, T>) -> Result<ControlFlow<()>> + Send,
) -> Result<Outcome<T>> {
    let memory = OwnedBuffers::new(&config.arch(), &config.solver())?;
    train_in(memory, config, images, mean_image, backend, checkpoint, on_event)
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
    mean_image: &[T],
    backend: &Backend,
    checkpoint: Option<&Checkpoint<T>>,
    mut on_event: impl FnMut(&Event<T>, Moment<'_, T>) -> Result<ControlFlow<()>> + Send,
) -> Result<Outcome<T>> {
    let net: FullyConnectedNet<'_, T> = config.net();
    let solver_config = config.solver::<T>();
    let arch = &net.arch;
    let mut buffers = memory.lend();
    let train = split.samples(data, Part::Train, mean_image);
    let val = split.samples(data, Part::Val, mean_image);
    let mut histories =
        checkpoint.map_or_else(|| Ok(Histories::default()), Checkpoint::histories)?;
    let mut solver = match checkpoint {
        None => {
            let rng = Rng::seed(solver_config.seed).fork(INIT_STREAM);
            net.init(config.init(), rng, &mut buffers.state(arch)?);
            buffers.check_finite().context(
                "the weights to start from are too large for the number type; try a lower \
                 --weight-scale, or --init he",
            )?;
            Solver::new(net, solver_config, backend, &train, &val, buffers)?
        }
        Some(saved) => {
            saved.restore(&mut buffers)?;
            Solver::resume(net, solver_config, backend, &train, &val, buffers, saved.progress)?
        }
    };

    let mut step_time = Duration::ZERO;
    let mut steps = 0;
    let (mut diverged_at, mut stopped) = (None, false);
    backend.install(|| -> Result<()> {
        loop {
            let start = Instant::now();
            match solver.advance() {
                Ok(Some(event)) => {
                    if matches!(event, Event::Step { .. }) {
                        step_time += start.elapsed();
                        steps += 1;
                    }
                    histories.add(&event)?;
                    let moment = Moment {
                        progress: solver.progress(),
                        buffers: solver.buffers(),
                        histories: &histories,
                        metric: solver.metric(),
                    };
                    match on_event(&event, moment) {
                        Ok(ControlFlow::Continue(())) => {}
                        Ok(ControlFlow::Break(())) => {
                            stopped = true;
                            return Ok(());
                        }
                        Err(error) if is_non_finite(&error) => {
                            diverged_at = Some(solver.progress().iteration);
                            return Ok(());
                        }
                        Err(error) => return Err(error),
                    }
                }
                Ok(None) => return Ok(()),
                Err(Error::NonFiniteLoss { iteration }) => {
                    diverged_at = Some(iteration);
                    return Ok(());
                }
                Err(Error::NonFinite { .. }) => {
                    diverged_at = Some(solver.progress().iteration);
                    return Ok(());
                }
                Err(error) => return Err(error.into()),
            }
        }
    })?;
    let (progress, metric) = (*solver.progress(), solver.metric());

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
        steps,
        step_time,
        diverged_at,
        stopped,
    })
}

/// The metric of a network on one part of the data: of classes the accuracy, 0 to 1.
///
/// # Errors
///
/// If there is not enough memory, or the weights do not fit the network.
pub fn evaluate<T: Number>(
    net: &FullyConnectedNet<'_, T>,
    weights: Weights<'_, T>,
    (data, split, part): (&DataSet, &Split, Part),
    mean_image: &[T],
    backend: &Backend,
) -> Result<f64> {
    let samples = split.samples(data, part, mean_image);
    let len = net.arch.infer_workspace_len(EVAL_BATCH);
    let mut workspace = allocate(len, "the activations of a batch")?;
    let found = backend.install(|| {
        barenet::evaluate(net, backend, weights, &samples, EVAL_BATCH, &mut workspace)
    })?;
    Ok(found.to_printed())
}
