//! A run that is drawn on all of the terminal.

use super::beside::Beside;
use crate::commands::data_line;
use crate::console::{Console, Progress, hold_complaints, last_complaint, release_complaints};
use crate::tui::{Picture, Tui};
use anyhow::Result;
use barenet_run::events::RunEvent;
use barenet_run::history::History;
use barenet_run::session::Session;

/// The picture of a run, and the losses that it does not have yet.
#[derive(Debug)]
struct Drawn {
    tui: Option<Tui>,
    losses: Vec<(usize, f64)>,
}

/// Takes the terminal for a run that is begun: with the curves so far, if it is resumed.
pub(super) fn begin(session: &Session<'_>) -> Result<Box<dyn Beside>> {
    let Session { config, split, data, name, backend, folder, .. } = session;
    let (solver, num_train) = (config.solver::<f64>(), split.train.len());
    let title = format!("{name}  {}  {}  {}", data_line(data), config.arch(), backend.kernel());
    let lengths = (solver.num_iterations(num_train), solver.num_epochs);
    let mut picture = Picture::new(title, config.metric().key(), lengths);
    if session.resume.is_some()
        && let Some(history) = History::read(folder, config.metric())?
    {
        (1..).zip(history.loss).for_each(|(iteration, loss)| picture.add_loss(iteration, loss));
        let mut best = None;
        for (epoch, (&train, val)) in history.train.iter().zip(history.val).enumerate() {
            let is_best = best.is_none_or(|best| config.metric().is_better(val, best));
            best = if is_best { Some(val) } else { best };
            picture.add_check(epoch, train, val, is_best);
        }
    }
    let tui = Tui::start(picture)?;
    hold_complaints();
    Ok(Box::new(Drawn { tui: Some(tui), losses: Vec::new() }))
}

impl Drawn {
    fn change(&mut self, change: impl FnOnce(&mut Picture)) {
        let losses = self.losses.drain(..);
        if let Some(tui) = &self.tui {
            tui.change(|picture| {
                losses.for_each(|(iteration, loss)| picture.add_loss(iteration, loss));
                change(picture);
            });
        }
    }
}

impl Beside for Drawn {
    fn event(&mut self, event: &RunEvent<'_>, _console: &Console) {
        match *event {
            RunEvent::Step { iteration, loss, .. } => self.losses.push((iteration, loss)),
            RunEvent::Epoch { epoch, check, best, norms: _ } => {
                self.change(|picture| picture.add_check(epoch, check.train, check.val, best));
            }
            RunEvent::Start { .. }
            | RunEvent::Resume { .. }
            | RunEvent::Diverged { .. }
            | RunEvent::End { .. } => {}
        }
    }

    fn tick(&mut self, progress: Progress, _console: &Console) {
        self.change(|picture| {
            picture.progress = progress;
            picture.note = last_complaint();
        });
    }

    fn finish(&mut self, _console: &Console) {
        self.tui = None;
        release_complaints();
    }
}

impl Drop for Drawn {
    fn drop(&mut self) {
        self.tui = None;
        release_complaints();
    }
}
