//! What a run is shown by besides lines and a progress bar, where that is asked for.

use crate::console::{Console, Progress};
use barenet_run::events::RunEvent;
use std::fmt;

/// An observer of a run beside its console. Its failures stop no run: it says them on the console.
pub(super) trait Beside: Send + fmt::Debug {
    /// Takes an event of the run.
    fn event(&mut self, event: &RunEvent<'_>, console: &Console);

    /// Takes how far the run is, some times in a second.
    fn tick(&mut self, progress: Progress, console: &Console);

    /// The training has ended.
    fn finish(&mut self, console: &Console);
}

/// The observers of a run.
pub(super) type Observers<'a> = Vec<Box<dyn Beside + 'a>>;
