//! What happens in a sweep, and who hears of it.

use super::board::Row;
use crate::events::Check;

/// What happens in a sweep.
#[derive(Clone, Copy, Debug)]
pub enum SweepEvent<'a> {
    /// A trial begins, or goes on.
    Begun {
        /// Its place among the trials.
        trial: usize,
    },
    /// A trial was checked after an epoch.
    Checked {
        /// Its place among the trials.
        trial: usize,
        /// The epoch.
        epoch: usize,
        /// The figures.
        check: Check,
    },
    /// A trial has come to its end, or to where trials are compared.
    Ended {
        /// Its place among the trials.
        trial: usize,
        /// Its figures so far.
        row: &'a Row,
    },
    /// Trials were compared.
    Compared {
        /// After this epoch.
        epoch: usize,
        /// How many go on.
        survivors: usize,
        /// Of so many.
        trials: usize,
    },
}

/// Observer of a sweep.
pub trait SweepWatcher {
    /// Takes an event.
    fn event(&mut self, event: &SweepEvent<'_>);

    /// Takes how many samples all trials have trained on, and on how many of them here, several times a second.
    fn progress(&mut self, done: usize, trained: usize) {
        let _ = (done, trained);
    }

    /// Takes a message that must not be missed.
    fn warning(&mut self, message: &str) {
        log::warn!("{message}");
    }

    /// Whether the sweep is to stop, with a checkpoint of each run.
    fn is_stop_asked(&mut self) -> bool {
        false
    }
}

/// Nobody watches.
impl SweepWatcher for () {
    fn event(&mut self, _event: &SweepEvent<'_>) {}
}
