//! One training run: lends the memory, runs the Solver, and hands every event on.

mod histories;

pub use histories::Histories;

use crate::checkpoint::Checkpoint;
use crate::config::Config;
use anyhow::{Context, Result, ensure};
use barenet::{
    Arch, Error, Event, FullyConnectedNet, History, Label, Metric, Progress, Rng, Solver,
    SolverBuffers, Weights,
};
use barenet_blas::Backend;
use barenet_data::DataSet;
use barenet_data::samples::{Part, Split};
use barenet_model::number::Number;
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

/// Result of a run.
#[derive(Debug)]
pub struct Outcome<T> {
    /// The weights of the epoch with the best validation accuracy.
    pub best_params: Vec<T>,
    /// The running statistics that belong to them.
    pub best_running: Vec<T>,
    /// How far the run came.
    pub progress: Progress<T>,
    /// The loss of each iteration.
    pub loss_history: Vec<f64>,
    /// The training accuracy of each epoch, epoch 0 first.
    pub train_acc_history: Vec<f64>,
    /// The validation accuracy of each epoch, epoch 0 first.
    pub val_acc_history: Vec<f64>,
    /// Training steps that were done here, without those before a checkpoint.
    pub steps: usize,
    /// Time in these steps, accuracy checks excluded.
    pub step_time: Duration,
    /// The iteration whose loss or result was NaN or infinite, if the run ended there.
    pub diverged_at: Option<usize>,
    /// Whether the run was stopped before its end.
    pub stopped: bool,
}

/// State of a run when an event is handed on.
#[derive(Clone, Copy, Debug)]
pub struct Moment<'a, T> {
    /// How far the run has come.
    pub progress: &'a Progress<T>,
    /// Its memory.
    pub buffers: &'a SolverBuffers<'a, T>,
    /// Losses and checks so far, the event included.
    pub histories: &'a Histories<T>,
    /// The metric that is checked.
    pub metric: Metric,
}

impl<T> Moment<'_, T> {
    /// The weights of the best check so far.
    ///
    /// # Errors
    ///
    /// If they belong to another architecture.
    pub fn best_weights(&self, arch: &Arch<'_>) -> Result<Weights<'_, T>> {
        Ok(Weights::new(arch, self.buffers.best_params, self.buffers.best_running)?)
    }
}

/// Streams of the seed besides those of the Solver.
const INIT_STREAM: u64 = 0;

/// Images scored at once outside of training.
const EVAL_BATCH: usize = 250;

/// Reserves memory for `len` numbers, or says how much would be needed.
fn reserve<T>(len: usize, what: &str) -> Result<Vec<T>> {
    let mut numbers = Vec::new();
    numbers.try_reserve_exact(len).with_context(|| {
        let bytes = len.saturating_mul(size_of::<T>());
        format!("not enough memory: {what} would take {} MB", bytes / 1_000_000)
    })?;
    Ok(numbers)
}

/// Allocates `len` numbers, or says how much memory would be needed.
fn allocate<T: Clone + Default>(len: usize, what: &str) -> Result<Vec<T>> {
    let mut numbers = reserve(len, what)?;
    barenet_blas::prefer_huge_pages(numbers.spare_capacity_mut());
    numbers.resize(len, T::default());
    Ok(numbers)
}

/// Copies what was saved to where it is needed.
fn restore<T: Copy>(what: &str, saved: &[T], place: &mut [T]) -> Result<()> {
    let fits = saved.len() == place.len();
    ensure!(fits, "the checkpoint has {} {what}, the run {}", saved.len(), place.len());
    for (place, &saved) in place.iter_mut().zip(saved) {
        *place = saved;
    }
    Ok(())
}

/// All memory of a run but for its [`Histories`].
#[derive(Debug)]
pub struct Memory<T> {
    params: Vec<T>,
    running: Vec<T>,
    grads: Vec<T>,
    update_state: Vec<T>,
    best_params: Vec<T>,
    best_running: Vec<T>,
    indices: Vec<usize>,
    y: Vec<Label>,
    workspace: Vec<T>,
}

impl<T: Number> Memory<T> {
    /// Reserves it.
    ///
    /// # Errors
    ///
    /// If there is not enough: how much would be needed.
    pub fn reserve(config: &Config) -> Result<Self> {
        let solver = config.solver::<T>();
        let arch = config.arch();
        let (num_params, num_running) = (arch.num_params(), arch.num_running());

        // The system lends more than it has, and ends the program when that is used. It refuses a
        // single piece that it could never have, so it is asked for all at once first.
        let per_param = solver.update_rule.state_per_param();
        let kept = num_params.saturating_mul(2 + per_param).saturating_add(num_running);
        let batch = solver.workspace_len(&arch);
        // What is kept exists three times while a checkpoint is written: as a copy, and as its file.
        let all = kept.saturating_mul(3).saturating_add(num_params).saturating_add(batch);
        drop(reserve::<T>(all, "the run")?);

        Ok(Self {
            params: allocate(num_params, "the parameters")?,
            running: allocate(num_running, "the running statistics")?,
            grads: allocate(num_params, "the gradients")?,
            update_state: allocate(per_param * num_params, "the state of the update rule")?,
            best_params: allocate(num_params, "the best parameters")?,
            best_running: allocate(num_running, "the best running statistics")?,
            indices: allocate(solver.batch_size, "a batch")?,
            y: allocate(solver.batch_size, "the labels of a batch")?,
            workspace: allocate(batch, "the activations of a batch")?,
        })
    }
}

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
    let memory = Memory::reserve(config)?;
    train_in(memory, config, images, mean_image, backend, checkpoint, on_event)
}

/// [`train`] in memory that was reserved before.
///
/// # Errors
///
/// Those of [`train`].
pub fn train_in<T: Number>(
    memory: Memory<T>,
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
    let Memory {
        mut params,
        mut running,
        mut grads,
        mut update_state,
        mut best_params,
        mut best_running,
        mut indices,
        mut y,
        mut workspace,
    } = memory;

    let mut buffers = SolverBuffers {
        params: &mut params,
        running: &mut running,
        grads: &mut grads,
        update_state: &mut update_state,
        best_params: &mut best_params,
        best_running: &mut best_running,
        indices: &mut indices,
        y: &mut y,
        workspace: &mut workspace,
        // Kept here, where they can grow.
        history: History::default(),
    };
    let train = split.samples(data, Part::Train, mean_image);
    let val = split.samples(data, Part::Val, mean_image);
    let mut histories = checkpoint.map_or_else(|| Ok(Histories::default()), Histories::restore)?;
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
            restore("parameters", &saved.params, buffers.params)?;
            restore("running statistics", &saved.running, buffers.running)?;
            restore("numbers of state", &saved.update_state, buffers.update_state)?;
            restore("best parameters", &saved.best_params, buffers.best_params)?;
            restore("best running statistics", &saved.best_running, buffers.best_running)?;
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
    let progress = *solver.progress();

    let as_f64 = |history: Vec<T>| -> Result<Vec<f64>> {
        let mut numbers = reserve(history.len(), histories::NAME)?;
        numbers.extend(history.into_iter().map(T::to_printed));
        Ok(numbers)
    };
    Ok(Outcome {
        best_params,
        best_running,
        progress,
        loss_history: as_f64(histories.loss)?,
        train_acc_history: as_f64(histories.train_acc)?,
        val_acc_history: as_f64(histories.val_acc)?,
        steps,
        step_time,
        diverged_at,
        stopped,
    })
}

/// The accuracy of weights on one part of the data, 0 to 1.
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
    let accuracy = backend.install(|| {
        barenet::evaluate(net, backend, weights, &samples, EVAL_BATCH, &mut workspace)
    })?;
    Ok(accuracy.to_printed())
}
