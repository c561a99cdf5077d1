//! The memory of a training run, all of it lent by the caller.

use super::average::Average;
use super::config::SolverConfig;
use crate::arch::Arch;
use crate::error::{Error, check_buffer, check_finite, check_len};
use crate::float::Float;
use crate::layers::Label;
use crate::net::FullyConnectedNet;
use crate::state::{TrainState, Weights};

/// The slices that a training run works in.
#[derive(Debug)]
pub struct SolverBuffers<'a, T> {
    /// Parameters, `arch.num_params()`.
    pub params: &'a mut [T],
    /// Running statistics, `arch.num_running()`.
    pub running: &'a mut [T],
    /// Gradients, `arch.num_params()`. May hold anything.
    pub grads: &'a mut [T],
    /// State of the update rule, `update_rule.state_per_param() * arch.num_params()`.
    pub update_state: &'a mut [T],
    /// The best parameters so far, `arch.num_params()`.
    pub best_params: &'a mut [T],
    /// The running statistics that belong to them, `arch.num_running()`.
    pub best_running: &'a mut [T],
    /// Indices of the samples of a batch, at least `config.batch_size`. May hold anything.
    pub indices: &'a mut [usize],
    /// Their labels, at least `config.batch_size` if the loss takes classes. May hold anything.
    pub y: &'a mut [Label],
    /// Activations and caches, at least `config.workspace_len(&arch)`. May hold anything.
    pub workspace: &'a mut [T],
    /// The moving average, if the run keeps one.
    pub average: Average<'a, T>,
    /// Histories of the run, for plots.
    pub history: History<'a, T>,
}

impl<T> SolverBuffers<'_, T> {
    /// The part of the buffers that a network works on, to draw its first weights.
    ///
    /// # Errors
    ///
    /// Those of [`TrainState::new`].
    pub fn state(&mut self, arch: &Arch<'_>) -> Result<TrainState<'_, T>, Error> {
        TrainState::new(arch, self.params, self.running, self.grads, self.workspace)
    }

    /// The weights that checks measure: those that are trained, or their moving average if there is one.
    pub(super) const fn weights(&self) -> Weights<'_, T> {
        self.average.or(Weights { params: self.params, running: self.running })
    }

    /// Names of [`Self::kept`].
    pub const KEPT: [&'static str; 7] = [
        "params",
        "running",
        "update_state",
        "best_params",
        "best_running",
        "average_params",
        "average_running",
    ];

    /// The slices that [`Solver::resume`](crate::Solver::resume) needs as they are.
    #[must_use]
    pub const fn kept(&self) -> [&[T]; 7] {
        [
            self.params,
            self.running,
            self.update_state,
            self.best_params,
            self.best_running,
            self.average.params,
            self.average.running,
        ]
    }

    /// [`Self::kept`], for writing.
    pub const fn kept_mut(&mut self) -> [&mut [T]; 7] {
        [
            self.params,
            self.running,
            self.update_state,
            self.best_params,
            self.best_running,
            self.average.params,
            self.average.running,
        ]
    }
}

impl<T: Float> SolverBuffers<'_, T> {
    /// Refuses a state from which no run should resume, and that nobody should keep.
    ///
    /// # Errors
    ///
    /// [`Error::NonFinite`] if a parameter, a running statistic, an average of them or a number of the update rule's
    /// state is NaN or infinite.
    pub fn check_finite(&self) -> Result<(), Error> {
        check_finite("parameters", self.params)?;
        check_finite("running statistics", self.running)?;
        check_finite("numbers of the update rule", self.update_state)?;
        check_finite("averages of parameters", self.average.params)?;
        check_finite("averages of running statistics", self.average.running)
    }
}

/// The history of a run. A slice left empty is not kept.
#[derive(Debug)]
pub struct History<'a, T> {
    /// The loss of each iteration, `config.num_iterations(num_train)`.
    pub loss: &'a mut [T],
    /// The metric of each epoch on the training data, epoch 0 first, `config.num_epochs + 1`.
    pub train: &'a mut [T],
    /// The metric of each epoch on the validation data, epoch 0 first, `config.num_epochs + 1`.
    pub val: &'a mut [T],
}

impl<T> Default for History<'_, T> {
    fn default() -> Self {
        Self { loss: &mut [], train: &mut [], val: &mut [] }
    }
}

impl<T> SolverBuffers<'_, T> {
    /// Refuses buffers that are too short, or not as long as they must be.
    pub(super) fn check(
        &self,
        net: &FullyConnectedNet<'_, T>,
        config: &SolverConfig<T>,
        num_iterations: usize,
        workspace_len: usize,
    ) -> Result<(), Error>
    where
        T: Float,
    {
        let arch = &net.arch;
        let (params, running) = (arch.num_params(), arch.num_running());
        check_len("params", params, self.params.len())?;
        check_len("running", running, self.running.len())?;
        check_len("grads", params, self.grads.len())?;
        let state = params.saturating_mul(config.update_rule.state_per_param());
        check_len("update_state", state, self.update_state.len())?;
        let average = if config.ema_decay > T::ZERO { [params, running] } else { [0, 0] };
        check_len("average.params", average[0], self.average.params.len())?;
        check_len("average.running", average[1], self.average.running.len())?;
        check_len("best_params", params, self.best_params.len())?;
        check_len("best_running", running, self.best_running.len())?;
        check_buffer("indices", config.batch_size, self.indices.len())?;
        let labels = if net.loss.takes_classes() { config.batch_size } else { 0 };
        check_buffer("y", labels, self.y.len())?;
        check_buffer("workspace", workspace_len, self.workspace.len())?;
        // A history is kept whole or not at all.
        let history = &self.history;
        for (what, required, found) in [
            ("history.loss", num_iterations, history.loss.len()),
            ("history.train", config.num_checks(), history.train.len()),
            ("history.val", config.num_checks(), history.val.len()),
        ] {
            check_buffer(what, if found == 0 { 0 } else { required }, found)?;
        }
        Ok(())
    }
}
