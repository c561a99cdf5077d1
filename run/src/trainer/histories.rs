//! Histories of a run, for its plots and checkpoints.

use crate::buffers::reserve;
use crate::checkpoint::Checkpoint;
use anyhow::{Context, Result, ensure};
use barenet::{Event, Progress};
use barenet_model::number::Number;

/// Losses and checks of a run so far. It grows as the run goes on: how long that will be says nothing about
/// how far it comes.
#[derive(Clone, Debug, Default)]
pub struct Histories<T> {
    /// The loss of each step done.
    pub loss: Vec<T>,
    /// The training accuracy of each check done.
    pub train_acc: Vec<T>,
    /// The validation accuracy of each check done.
    pub val_acc: Vec<T>,
}

impl<T: Number> Histories<T> {
    /// All of them with their names.
    pub(crate) fn arrays(&self) -> [(&'static str, &[T]); 3] {
        [("loss", &self.loss), ("train_acc", &self.train_acc), ("val_acc", &self.val_acc)]
    }

    /// Those of a checkpoint.
    pub(super) fn restore(saved: &Checkpoint<T>) -> Result<Self> {
        let Progress { iteration, num_checks, .. } = saved.progress;
        let copy = |what: &str, numbers: &[T], expected: usize| -> Result<Vec<T>> {
            let found = numbers.len();
            ensure!(found == expected, "the checkpoint has {found} {what}, the run {expected}");
            let mut copy = reserve(found, NAME)?;
            copy.extend_from_slice(numbers);
            Ok(copy)
        };
        Ok(Self {
            loss: copy("losses", &saved.loss, iteration)?,
            train_acc: copy("training accuracies", &saved.train_acc, num_checks)?,
            val_acc: copy("validation accuracies", &saved.val_acc, num_checks)?,
        })
    }

    pub(super) fn add(&mut self, event: &Event<T>) -> Result<()> {
        match *event {
            Event::Step { loss, .. } => push(&mut self.loss, loss),
            Event::Epoch { train, val, .. } => {
                push(&mut self.train_acc, train)?;
                push(&mut self.val_acc, val)
            }
        }
    }
}

/// Name of them in messages.
pub(super) const NAME: &str = "the history of the run";

/// Appends a number. The memory doubles when it is full, between two steps.
fn push<T>(numbers: &mut Vec<T>, number: T) -> Result<()> {
    if numbers.len() == numbers.capacity() {
        numbers.try_reserve(1).with_context(|| format!("not enough memory for {NAME}"))?;
    }
    numbers.push(number);
    Ok(())
}
