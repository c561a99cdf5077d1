//! What a person, or a program that reads JSON, sees of a sweep, and how signals reach it.

use crate::commands::metric_text;
use crate::console::{Console, Progress};
use crate::signals::{Signals, Stopped};
use anyhow::Result;
use barenet_run::measured::key;
use barenet_run::sweep::{Plan, Row, State, Sweep, SweepEvent, SweepWatcher, Swept};
use serde_json::json;
use std::time::Instant;

/// What is shown of a sweep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum How {
    /// A line for each trial.
    Trials,
    /// The course's lines: one for each epoch. For machines there is only what comes of it.
    Epochs,
}

/// Where a sweep is shown.
pub(crate) struct Shown<'a> {
    pub(crate) plan: &'a Plan<'a>,
    pub(crate) console: &'a Console,
    pub(crate) signals: &'a Signals,
    pub(crate) of: How,
}

/// Trains the trials of a sweep, and shows them.
///
/// # Errors
///
/// Those of [`Sweep::run`], and if a signal stopped it.
pub(crate) fn train(sweep: &Sweep<'_>, shown: Shown<'_>) -> Result<Swept> {
    let samples = sweep.num_samples();
    let mut watcher = ConsoleWatcher { shown, samples, clock: Instant::now(), best: None };
    watcher.shown.console.start();
    let swept = sweep.run(&mut watcher);
    watcher.shown.console.finish();
    let swept = swept?;
    if swept.stopped {
        let all = watcher.shown.plan.num_trials();
        let done = swept.board.rows.iter().filter(|row| row.state != State::Waiting).count();
        let signal = watcher.shown.signals.stop().unwrap_or(0);
        return Err(Stopped::Sweep { signal, done, all }.into());
    }
    Ok(swept)
}

struct ConsoleWatcher<'a> {
    shown: Shown<'a>,
    /// Samples of the whole sweep.
    samples: usize,
    clock: Instant,
    /// The best metric of all trials so far.
    best: Option<f64>,
}

impl ConsoleWatcher<'_> {
    fn ended(&self, trial: usize, row: &Row) {
        let Shown { plan, console, .. } = &self.shown;
        let metric = plan.metric();
        console.json(|| {
            json!({
                "event": "trial", "run": row.run, key(metric, "best_val"): row.best_val, "best_epoch": row.best_epoch,
                "epochs": row.epochs, "diverged": matches!(row.state, State::Diverged(_)),
            })
            .to_string()
        });
        let name = metric.name();
        let found = match (row.state, row.best_val) {
            (State::Diverged(iteration), _) => {
                format!("the loss is not a finite number at iteration {iteration}")
            }
            (_, Some(val)) => format!(
                "val {name} {} at epoch {} of {}",
                metric_text(val),
                row.best_epoch,
                row.epochs
            ),
            (_, None) => "no check".to_owned(),
        };
        console.line(&format!("{}  {found}   {}", row.run, plan.differences(trial)));
    }
}

impl SweepWatcher for ConsoleWatcher<'_> {
    fn event(&mut self, event: &SweepEvent<'_>) {
        let Shown { plan, console, of, .. } = &self.shown;
        if let SweepEvent::Checked { check, .. } = *event
            && self.best.is_none_or(|best| check.metric.is_better(check.val, best))
        {
            self.best = Some(check.val);
        }
        match *event {
            SweepEvent::Begun { trial } if *of == How::Epochs => {
                console.line(&format!("running with {}", plan.name(trial)));
            }
            SweepEvent::Checked { trial, epoch, check } if *of == How::Epochs => {
                let (name, last) = (plan.name(trial), plan.num_epochs(trial));
                console.line(&format!("{name} (Epoch {epoch} / {last}) {check}"));
            }
            SweepEvent::Ended { row, trial } if *of == How::Epochs => {
                if let State::Diverged(iteration) = row.state {
                    let name = plan.name(trial);
                    console.line(&format!(
                        "{name}: the loss is not a finite number at iteration {iteration}"
                    ));
                }
            }
            SweepEvent::Ended { trial, row } => self.ended(trial, row),
            SweepEvent::Compared { epoch, survivors, trials } => {
                console.json(|| {
                    json!({ "event": "compared", "epoch": epoch, "survivors": survivors, "trials": trials })
                        .to_string()
                });
                console.line(&format!("epoch {epoch}: {survivors} of {trials} trials go on"));
            }
            SweepEvent::Begun { .. } | SweepEvent::Checked { .. } => {}
        }
    }

    fn progress(&mut self, done: usize, trained: usize) {
        let key = self.shown.plan.metric().key();
        self.shown.console.progress(Progress {
            samples: self.samples,
            done,
            rate: trained as f64 / self.clock.elapsed().as_secs_f64().max(1e-9),
            loss: None,
            val: self.best.map(|best| (key, best)),
        });
    }

    fn warning(&mut self, message: &str) {
        self.shown.console.warn(message);
    }

    fn is_stop_asked(&mut self) -> bool {
        self.shown.signals.stop().is_some()
    }
}
