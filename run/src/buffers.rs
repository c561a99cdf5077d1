//! The memory of a training run, owned.

mod aligned;

pub use aligned::Aligned;

use anyhow::{Context, Result};
use barenet::{
    Arch, Average, Float, History, Label, SolverBuffers, SolverConfig, Strategy, WholeBatch,
};

/// Reserves memory for `len` numbers, or says how much would be needed.
pub(crate) fn reserve<T>(len: usize, what: &str) -> Result<Vec<T>> {
    let mut numbers = Vec::new();
    numbers.try_reserve_exact(len).with_context(|| {
        let bytes = len.saturating_mul(size_of::<T>());
        format!(
            "not enough memory: {what} would take {} MB; take a smaller network or batch",
            bytes / 1_000_000
        )
    })?;
    Ok(numbers)
}

/// The memory of a training run but for its histories, which grow.
///
/// ```
/// use barenet::{Arch, Average, SolverConfig, UpdateRule};
/// use barenet_run::buffers::OwnedBuffers;
///
/// let config = SolverConfig::<f32>::new(UpdateRule::Sgd);
/// let mut memory = OwnedBuffers::new(&Arch::new(&[3, 2]), &config)?;
/// assert_eq!(memory.lend().params.len(), 8); // For `Solver::new`.
/// # anyhow::Ok(())
/// ```
#[derive(Debug)]
pub struct OwnedBuffers<T> {
    /// Parameters.
    pub params: Aligned<T>,
    /// Running statistics.
    pub running: Aligned<T>,
    /// Gradients.
    pub grads: Aligned<T>,
    /// State of the update rule.
    pub update_state: Aligned<T>,
    /// The best parameters so far.
    pub best_params: Aligned<T>,
    /// The running statistics that belong to them.
    pub best_running: Aligned<T>,
    /// Averages of the parameters, if the run keeps them.
    pub average_params: Aligned<T>,
    /// Averages of the running statistics.
    pub average_running: Aligned<T>,
    indices: Aligned<usize>,
    y: Aligned<Label>,
    /// Activations and caches.
    pub workspace: Aligned<T>,
}

impl<T: Float> OwnedBuffers<T> {
    /// Allocates the memory of a run: zeros.
    ///
    /// # Errors
    ///
    /// If there is not enough: how much would be needed.
    pub fn new(arch: &Arch<'_>, solver: &SolverConfig<T>) -> Result<Self> {
        Self::new_with(arch, solver, &WholeBatch)
    }

    /// The same for another strategy of how batches are computed.
    ///
    /// # Errors
    ///
    /// Those of [`Self::new`], and of the strategy.
    pub fn new_with(
        arch: &Arch<'_>,
        solver: &SolverConfig<T>,
        strategy: &impl Strategy<T>,
    ) -> Result<Self> {
        let (num_params, num_running) = (arch.num_params(), arch.num_running());

        // The system lends more than it has, and ends the program when that is used. It refuses a
        // single piece that it could never have, so it is asked for all at once first.
        let per_param = solver.update_rule.state_per_param();
        let average = usize::from(solver.ema_decay > T::ZERO);
        let kept = num_params.saturating_mul(2 + per_param + average).saturating_add(num_running);
        let batch = solver.workspace_len_with(arch, strategy)?;
        // What is kept exists three times while a checkpoint is written: as a copy, and as its file; and
        // the largest array of it once more.
        let all = kept.saturating_mul(3).saturating_add(num_params.saturating_mul(1 + per_param));
        drop(reserve::<T>(all.saturating_add(batch), "the run")?);

        Ok(Self {
            params: Aligned::zeros(num_params, "the parameters")?,
            running: Aligned::zeros(num_running, "the running statistics")?,
            grads: Aligned::zeros(num_params, "the gradients")?,
            update_state: Aligned::zeros(per_param * num_params, "the state of the update rule")?,
            best_params: Aligned::zeros(num_params, "the best parameters")?,
            best_running: Aligned::zeros(num_running, "the best running statistics")?,
            average_params: Aligned::zeros(average * num_params, "the averages")?,
            average_running: Aligned::zeros(average * num_running, "the averages")?,
            indices: Aligned::zeros(solver.batch_size, "a batch")?,
            y: Aligned::zeros(solver.batch_size, "the labels of a batch")?,
            workspace: Aligned::zeros(batch, "the activations of a batch")?,
        })
    }

    /// Lends the memory, without place for a history.
    pub fn lend(&mut self) -> SolverBuffers<'_, T> {
        SolverBuffers {
            params: &mut self.params,
            running: &mut self.running,
            grads: &mut self.grads,
            update_state: &mut self.update_state,
            best_params: &mut self.best_params,
            best_running: &mut self.best_running,
            average: Average {
                params: &mut self.average_params,
                running: &mut self.average_running,
            },
            indices: &mut self.indices,
            y: &mut self.y,
            workspace: &mut self.workspace,
            history: History::default(),
        }
    }
}
