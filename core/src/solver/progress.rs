//! Progress of a run, and its events.

/// Result of a call of [`Solver::advance`](crate::Solver::advance).
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Event<T> {
    /// A training step.
    Step {
        /// Steps done, this one included.
        iteration: usize,
        /// The loss of its batch, before the step.
        loss: T,
        /// Whether it is one of those to print: the first, and every `print_every`th after it.
        print: bool,
    },
    /// A check of the [metric](crate::Loss::metric): after the first step (epoch 0) and after every epoch.
    Epoch {
        /// Epochs done.
        epoch: usize,
        /// The metric on a sample of the training data.
        train: T,
        /// The metric on the validation data.
        val: T,
        /// Whether no check before was as good on the validation data.
        best: bool,
    },
}

/// Progress of a run. With the slices of [`SolverBuffers`](crate::SolverBuffers) it is the whole state of the run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Progress<T> {
    /// Steps done.
    pub iteration: usize,
    /// Checks done; check 0 comes after the first step.
    pub num_checks: usize,
    /// The best metric on the validation data so far; `None` before the first check.
    pub best_val: Option<T>,
    /// The epoch that had it.
    pub best_epoch: usize,
}

impl<T> Default for Progress<T> {
    fn default() -> Self {
        Self { iteration: 0, num_checks: 0, best_val: None, best_epoch: 0 }
    }
}
