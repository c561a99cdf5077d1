//! Events of a run, handed on: to its log, its checkpoints, and its watcher.

use super::Lengths;
use super::due::When;
use super::files::RunFiles;
use crate::checkpoint::Writer;
use crate::events::{Check, EventLog, RunEvent};
use crate::moment::Moment;
use crate::patience;
use anyhow::Result;
use barenet::Event;
use barenet_model::number::Number;
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

/// How a run continues after an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Request {
    /// With the next step.
    Continue,
    /// With a checkpoint, and then the next step.
    Checkpoint,
    /// It does not: a checkpoint, and no further step.
    Stop,
}

/// Observer of a run. A closure from event to [`Request`] is one.
pub trait Watcher: Send {
    /// Takes an event, and says how the run continues.
    fn event(&mut self, event: &RunEvent<'_>) -> Request;

    /// Takes a message that must not be missed; unless implemented, it is [logged](log::warn).
    fn warning(&mut self, message: &str) {
        log::warn!("{message}");
    }
}

impl<F: FnMut(&RunEvent<'_>) -> Request + Send> Watcher for F {
    fn event(&mut self, event: &RunEvent<'_>) -> Request {
        self(event)
    }
}

/// Hands the events of the training on.
pub(super) struct Watch<'w, 'f, 's, T> {
    log: &'w mut EventLog,
    files: &'w mut RunFiles<'f, T>,
    writer: &'w Writer<'s, T>,
    watcher: &'w mut dyn Watcher,
    when: When,
    lengths: Lengths,
    last_saved: Instant,
    /// How long the last checkpoint held the training up.
    waited: Duration,
}

impl<'w, 'f, 's, T: Number> Watch<'w, 'f, 's, T> {
    pub(super) fn new(
        log: &'w mut EventLog,
        files: &'w mut RunFiles<'f, T>,
        writer: &'w Writer<'s, T>,
        watcher: &'w mut dyn Watcher,
        when: When,
        lengths: Lengths,
    ) -> Self {
        let (last_saved, waited) = (Instant::now(), Duration::ZERO);
        Self { log, files, writer, watcher, when, lengths, last_saved, waited }
    }

    /// Logs an event, shows it, and writes a checkpoint if one is due or asked for.
    pub(super) fn on(
        &mut self,
        event: &Event<T>,
        moment: Moment<'_, T>,
    ) -> Result<ControlFlow<()>> {
        let shown = match *event {
            Event::Step { iteration, loss, print } => {
                RunEvent::Step { iteration, loss: loss.to_printed(), print }
            }
            Event::Epoch { epoch, train, val, best } => {
                self.files.has_new_best |= best;
                let (train, val) = (train.to_printed(), val.to_printed());
                let check = Check { metric: moment.metric, train, val };
                RunEvent::Epoch { epoch, check, norms: moment.histories.norms_of(epoch), best }
            }
        };
        self.log.append(&shown)?;
        if let Event::Epoch { .. } = event {
            self.log.hand_over()?;
        }
        let request = self.watcher.event(&shown);
        if request != Request::Continue || self.is_due(event, &moment) {
            let begin = Instant::now();
            // Nobody should resume from such numbers: the run ends before them.
            moment.buffers.check_finite()?;
            self.files.save(moment, self.writer, self.watcher)?;
            self.waited = begin.elapsed();
            self.last_saved = Instant::now();
        }
        let stop = request == Request::Stop;
        Ok(if stop { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
    }

    /// Whether a checkpoint is due that nobody asked for just now.
    fn is_due(&self, event: &Event<T>, moment: &Moment<'_, T>) -> bool {
        // Steps of small networks take microseconds: what the clock and the writer say is for those
        // who need it.
        if matches!(event, Event::Step { .. }) && !self.when.is_for_steps() {
            return false;
        }
        let cost = self.writer.cost().map(|cost| cost + self.waited);
        let Lengths { epochs, last_epoch, patience, .. } = self.lengths;
        let is_last = match *event {
            Event::Step { .. } => false,
            Event::Epoch { epoch, .. } => {
                epoch == epochs
                    || epoch == last_epoch
                    || patience::is_over(patience, epoch, moment.progress.best_epoch)
            }
        };
        self.when.is_due(event, is_last, self.last_saved.elapsed(), cost)
    }
}
