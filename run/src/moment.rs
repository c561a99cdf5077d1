//! The state of a run between two steps, and its histories, for plots and checkpoints.

use crate::norms::Norms;
use anyhow::{Context, Result};
use barenet::{Arch, Event, Metric, Progress, SolverBuffers, Weights};
use barenet_model::number::Number;

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

/// Losses and checks of a run so far. It grows as the run goes on: how long that will be says nothing about
/// how far it comes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Histories<T> {
    /// The loss of each step done.
    pub loss: Vec<T>,
    /// The metric of each check done, on a sample of the training data.
    pub train: Vec<T>,
    /// The metric of each check done, on the validation data.
    pub val: Vec<T>,
    /// The norm of the gradients of the step before each check. It is there as soon as the step is done, and empty in a run
    /// that was begun by a version that did not measure it.
    pub grad_norm: Vec<T>,
    /// The norm of the parameters after that step, likewise.
    pub weight_norm: Vec<T>,
}

impl<T: Number> Histories<T> {
    /// Names of [`Self::arrays`].
    pub(crate) const NAMES: [&'static str; 5] =
        ["loss", "train", "val", "grad_norm", "weight_norm"];

    pub(crate) const fn arrays(&self) -> [&Vec<T>; 5] {
        [&self.loss, &self.train, &self.val, &self.grad_norm, &self.weight_norm]
    }

    pub(crate) const fn arrays_mut(&mut self) -> [&mut Vec<T>; 5] {
        let Self { loss, train, val, grad_norm, weight_norm } = self;
        [loss, train, val, grad_norm, weight_norm]
    }

    /// The norms of the step before a check, if they were measured.
    pub(crate) fn norms_of(&self, check: usize) -> Option<Norms> {
        let grad_norm = self.grad_norm.get(check)?.to_printed();
        let weight_norm = self.weight_norm.get(check)?.to_printed();
        Some(Norms { grad_norm, weight_norm })
    }

    /// Adds the norms of the step before the next check.
    pub(crate) fn add_norms(&mut self, Norms { grad_norm, weight_norm }: Norms) -> Result<()> {
        // Of finite numbers too a norm may be larger than what the type, or JSON, has.
        let kept = |norm: f64| T::from_f64(norm.min(f64::from(f32::MAX)));
        push(&mut self.grad_norm, kept(grad_norm))?;
        push(&mut self.weight_norm, kept(weight_norm))
    }

    pub(crate) fn add(&mut self, event: &Event<T>) -> Result<()> {
        match *event {
            Event::Step { loss, .. } => push(&mut self.loss, loss),
            Event::Epoch { train, val, .. } => {
                push(&mut self.train, train)?;
                push(&mut self.val, val)
            }
        }
    }
}

/// Name of them in messages.
pub(crate) const HISTORY: &str = "the history of the run";

/// Appends a number. The memory doubles when it is full, between two steps.
fn push<T>(numbers: &mut Vec<T>, number: T) -> Result<()> {
    if numbers.len() == numbers.capacity() {
        numbers.try_reserve(1).with_context(|| format!("not enough memory for {HISTORY}"))?;
    }
    numbers.push(number);
    Ok(())
}
