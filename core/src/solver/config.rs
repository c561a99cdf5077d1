//! The options of a training run, named as in CS231n's Solver.

use crate::arch::Arch;
use crate::error::Error;
use crate::float::Float;
use crate::layers::check_label_smoothing;
use crate::optim::{DecayOn, UpdateRule};
use crate::schedule::{Position, Schedule};
use crate::solver::Strategy;

/// Choice of the samples of a batch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sampling {
    /// Every sample of a batch is drawn from all training data (CS231n's Solver): in an epoch some
    /// come several times and others not at all.
    WithReplacement,
    /// Every epoch goes through the training data once, in a new order.
    #[default]
    Shuffled,
}

/// The options of a training run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SolverConfig<T> {
    /// Rule by which gradients change the weights.
    pub update_rule: UpdateRule<T>,
    /// The parameters that the rule's `weight_decay` acts on. Default: all.
    pub decay_on: DecayOn,
    /// The largest norm of the gradients of a step, finite and above 0: [`clip_grad_norm`](crate::optim::clip_grad_norm).
    /// Default: none.
    pub clip_norm: Option<T>,
    /// Share of the right class's probability that all classes get in training, in 0..1, with the loss softmax alone:
    /// [`LabelSmoothing`](crate::layers::LabelSmoothing). Checks measure without it. Default 0.
    pub label_smoothing: T,
    /// The learning rate at the start, above 0. Default: that of the rule.
    pub learning_rate: T,
    /// Change of the learning rate. Default: none.
    pub schedule: Schedule,
    /// Decay of the moving average of the weights, at least 0 and below 1: with it, checks measure the
    /// [`Average`](crate::Average), and the best of it is kept. Default 0: none.
    pub ema_decay: T,
    /// Choice of batches. Default: shuffled epochs.
    pub sampling: Sampling,
    /// Samples in a batch, at least 1. Default 100.
    pub batch_size: usize,
    /// Epochs to train, at least 1. Default 10.
    pub num_epochs: usize,
    /// Every how many iterations an event asks to be printed; 0 for never. Default 10.
    pub print_every: usize,
    /// On how many samples the metric is checked on the training data; `None` for all. Default 1000.
    pub num_train_samples: Option<usize>,
    /// On how many samples the metric is checked on the validation data; `None` for all. Default all.
    pub num_val_samples: Option<usize>,
    /// Samples that are scored at once in a check, at least 1. Default 100.
    pub eval_batch_size: usize,
    /// Everything random follows from it. Default 0.
    pub seed: u64,
}

impl<T: Float> SolverConfig<T> {
    /// The defaults of CS231n's Solver, with shuffled epochs.
    #[must_use]
    pub fn new(update_rule: UpdateRule<T>) -> Self {
        Self {
            update_rule,
            decay_on: DecayOn::All,
            clip_norm: None,
            label_smoothing: T::ZERO,
            learning_rate: update_rule.default_learning_rate(),
            schedule: Schedule::Constant,
            ema_decay: T::ZERO,
            sampling: Sampling::Shuffled,
            batch_size: 100,
            num_epochs: 10,
            print_every: 10,
            num_train_samples: Some(1000),
            num_val_samples: None,
            eval_batch_size: 100,
            seed: 0,
        }
    }

    /// Steps in an epoch over `num_train` samples.
    #[must_use]
    pub fn iterations_per_epoch(&self, num_train: usize) -> usize {
        num_train.checked_div(self.batch_size).unwrap_or(1).max(1)
    }

    /// Steps in the whole run.
    #[must_use]
    pub fn num_iterations(&self, num_train: usize) -> usize {
        self.num_epochs.saturating_mul(self.iterations_per_epoch(num_train))
    }

    /// Steps after which a check of the metric is due: check 0 follows the first, check e the last of epoch e.
    #[must_use]
    pub fn iteration_of_check(&self, check: usize, num_train: usize) -> usize {
        check.saturating_mul(self.iterations_per_epoch(num_train)).max(1)
    }

    /// Checks of the metric in the whole run: one after the first step, and one after every epoch.
    pub(super) const fn num_checks(&self) -> usize {
        self.num_epochs.saturating_add(1)
    }

    /// Elements of workspace for training, the update rule and checks, one after the other.
    #[must_use]
    pub fn workspace_len(&self, arch: &Arch<'_>) -> usize {
        self.workspace_len_besides(arch).max(arch.train_workspace_len(self.batch_size))
    }

    /// [`Self::workspace_len`] for another [`Strategy`].
    ///
    /// # Errors
    ///
    /// Those of [`Strategy::workspace_len`].
    pub fn workspace_len_with(
        &self,
        arch: &Arch<'_>,
        strategy: &impl Strategy<T>,
    ) -> Result<usize, Error> {
        let besides = self.workspace_len_besides(arch).saturating_add(strategy.sum_len());
        Ok(strategy.workspace_len(arch, self.batch_size)?.max(besides))
    }

    /// What the update rule and checks take of it.
    fn workspace_len_besides(&self, arch: &Arch<'_>) -> usize {
        arch.infer_workspace_len(self.eval_batch_size).max(self.update_rule.workspace_len(arch))
    }

    /// The learning rate of the step after `iteration` steps.
    #[must_use]
    pub fn learning_rate_at(&self, iteration: usize, num_train: usize) -> T {
        let position = Position {
            iteration,
            iterations_per_epoch: self.iterations_per_epoch(num_train),
            num_iterations: self.num_iterations(num_train),
        };
        self.schedule.learning_rate(self.learning_rate, position)
    }

    /// Refuses settings out of their range.
    pub(super) fn check(&self) -> Result<(), Error> {
        let refuse = |what| Err(Error::InvalidConfig { what });
        if self.batch_size == 0 {
            return refuse("batch_size must be at least 1");
        }
        if self.eval_batch_size == 0 {
            return refuse("eval_batch_size must be at least 1");
        }
        if self.num_epochs == 0 {
            return refuse("num_epochs must be at least 1");
        }
        if !(self.ema_decay >= T::ZERO && self.ema_decay < T::ONE) {
            return refuse("ema_decay must be at least 0 and below 1");
        }
        if self.num_train_samples == Some(0) || self.num_val_samples == Some(0) {
            return refuse("num_train_samples and num_val_samples must be at least 1");
        }
        if !(self.learning_rate.is_finite() && self.learning_rate > T::ZERO) {
            return refuse("learning_rate must be finite and above 0");
        }
        if self.clip_norm.is_some_and(|norm| !(norm.is_finite() && norm > T::ZERO)) {
            return refuse("clip_norm must be finite and above 0");
        }
        check_label_smoothing(self.label_smoothing)?;
        self.update_rule.check()
    }
}
