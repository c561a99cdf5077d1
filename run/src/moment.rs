//! The state of a run between two steps, and its histories, for plots and checkpoints.

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
}

impl<T: Number> Histories<T> {
    /// Names of [`Self::arrays`].
    pub(crate) const NAMES: [&'static str; 3] = ["loss", "train", "val"];

    pub(crate) const fn arrays(&self) -> [&Vec<T>; 3] {
        [&self.loss, &self.train, &self.val]
    }

    pub(crate) const fn arrays_mut(&mut self) -> [&mut Vec<T>; 3] {
        [&mut self.loss, &mut self.train, &mut self.val]
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
