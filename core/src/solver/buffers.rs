//! The memory of a training run, all of it lent by the caller.

use crate::arch::Arch;
use crate::error::Error;
use crate::layers::Label;
use crate::state::TrainState;

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
    /// Inputs of a batch, at least `config.max_batch() * arch.input_dim()`. May hold anything.
    pub x: &'a mut [T],
    /// Labels of a batch, at least `config.max_batch()`. May hold anything.
    pub y: &'a mut [Label],
    /// Activations and caches, at least `config.workspace_len(&arch)`. May hold anything.
    pub workspace: &'a mut [T],
    /// What the run leaves for plots.
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
}

/// The history of a run. A slice left empty is not kept.
#[derive(Debug)]
pub struct History<'a, T> {
    /// The loss of each iteration, `config.num_iterations(num_train)`.
    pub loss: &'a mut [T],
    /// The training accuracy of each epoch, epoch 0 first, `config.num_epochs + 1`.
    pub train_acc: &'a mut [T],
    /// The validation accuracy of each epoch, epoch 0 first, `config.num_epochs + 1`.
    pub val_acc: &'a mut [T],
}

impl<T> Default for History<'_, T> {
    fn default() -> Self {
        Self { loss: &mut [], train_acc: &mut [], val_acc: &mut [] }
    }
}
