//! Output of a run for a person, or a program that reads JSON, and how signals reach it.

use super::beside::Observers;
use super::together::request;
use crate::console::{Console, Progress};
use crate::signals::Signals;
use barenet::Float;
use barenet_run::events::{Check, RunEvent};
use barenet_run::session::{AllRanks, Request, Watcher};
use std::time::{Duration, Instant};

/// How often the progress bar moves.
const FRAME: Duration = Duration::from_millis(100);

/// Epochs from one line to the next: all of some, and about twenty of many.
const fn lines_apart(num_epochs: usize) -> usize {
    if num_epochs <= 50 { 1 } else { num_epochs.div_ceil(20) }
}

/// Prints the events of a run, and asks of it what signals ask for.
pub(super) struct ConsoleWatcher<'a> {
    pub(super) console: Console,
    beside: Observers<'a>,
    /// Whether events are printed as lines.
    has_lines: bool,
    signals: Signals,
    /// The ranks that train the run, of which the first says how it goes on.
    ranks: Option<&'a dyn AllRanks>,
    num_epochs: usize,
    batch_size: usize,
    /// Iterations of the whole run.
    num_iterations: usize,
    /// Iterations that were done before.
    resumed_at: Option<usize>,
    /// The last check.
    check: Option<Check>,
    /// When the first step of this command began.
    clock: Instant,
    last_drawn: Instant,
}

impl<'a> ConsoleWatcher<'a> {
    pub(super) fn new(
        console: Console,
        signals: Signals,
        (num_epochs, batch_size): (usize, usize),
        ranks: Option<&'a dyn AllRanks>,
    ) -> Self {
        let now = Instant::now();
        Self {
            console,
            beside: Vec::new(),
            has_lines: true,
            signals,
            ranks,
            num_epochs,
            batch_size,
            num_iterations: 0,
            resumed_at: None,
            check: None,
            clock: now,
            last_drawn: now,
        }
    }

    /// Shows lines and a progress bar from now on, unless the terminal is drawn on, and hands events to others.
    pub(super) fn start(&mut self, beside: Observers<'a>, is_drawn_on: bool) {
        self.beside = beside;
        self.has_lines = !is_drawn_on;
        if let Some(iteration) = self.resumed_at {
            let last = self.num_iterations;
            self.line(&format!("resumes after iteration {iteration} of {last}\n"));
        }
        if self.has_lines {
            self.console.start();
        }
        self.clock = Instant::now();
        self.last_drawn = self.clock;
    }

    /// Ends what was shown while the run trained.
    pub(super) fn finish(&mut self) {
        for mut observer in self.beside.drain(..) {
            observer.finish(&self.console);
        }
        self.console.finish();
    }

    fn line(&self, line: &str) {
        if self.has_lines {
            self.console.line(line);
        }
    }

    /// The number of the signal that stopped the run.
    pub(super) fn signal(&self) -> u8 {
        self.signals.stop().unwrap_or(0)
    }

    fn step(&mut self, iteration: usize, loss: f64, print: bool) {
        if print {
            let last = self.num_iterations;
            self.line(&format!("(Iteration {iteration} / {last}) loss: {loss:.6}"));
        }
        if self.last_drawn.elapsed() > FRAME {
            self.last_drawn = Instant::now();
            let done = (iteration - self.resumed_at.unwrap_or(0)) * self.batch_size;
            let progress = Progress {
                samples: self.num_iterations.saturating_mul(self.batch_size),
                done: iteration.saturating_mul(self.batch_size),
                rate: f64::from_usize(done) / self.clock.elapsed().as_secs_f64(),
                loss: Some(loss),
                val: self.check.map(|check| (check.metric.key(), check.val)),
            };
            self.console.progress(progress);
            for observer in &mut self.beside {
                observer.tick(progress, &self.console);
            }
        }
    }
}

impl Watcher for ConsoleWatcher<'_> {
    fn event(&mut self, event: &RunEvent<'_>) -> Request {
        self.console.json(|| event.to_line());
        for observer in &mut self.beside {
            observer.event(event, &self.console);
        }
        match *event {
            RunEvent::Start { num_iterations, .. } => self.num_iterations = num_iterations,
            RunEvent::Resume { iteration } => self.resumed_at = Some(iteration),
            RunEvent::Step { iteration, loss, print } => {
                self.step(iteration, loss, print);
            }
            RunEvent::Epoch { epoch, check, .. } => {
                self.check = Some(check);
                let last = self.num_epochs;
                // Of many epochs a line each would hide the rest; the log has all.
                if epoch.is_multiple_of(lines_apart(last)) || epoch == last {
                    self.line(&format!("(Epoch {epoch} / {last}) {check}"));
                }
            }
            RunEvent::Diverged { .. } | RunEvent::End { .. } => {}
        }
        request(event, &self.signals, self.ranks)
    }

    fn warning(&mut self, message: &str) {
        self.console.warn(message);
    }
}
