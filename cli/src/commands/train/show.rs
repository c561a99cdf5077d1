//! A training run that is shown: header, events, plots and results.

use super::advice::diverged;
use super::wanted::Wanted;
use super::watcher::ConsoleWatcher;
use super::{page, report};
use crate::ranks;
use crate::signals::Stopped;
use anyhow::Result;
use barenet_run::session::Session;
use barenet_run::shell::resume_command;
use std::path::Path;
use std::time::Instant;

/// Trains to the end, or until somebody stops the run, and shows it. `asked_for` are the images that were
/// asked for, `clock` began with the command, and `wanted` says by what the run is shown besides lines.
pub(super) fn train_and_show<'a>(
    session: &'a Session<'_>,
    mut watcher: ConsoleWatcher<'a>,
    wanted: Wanted,
    asked_for: Option<&Path>,
    clock: Instant,
) -> Result<()> {
    let folder = &session.folder;
    let run = session.begin(&mut watcher)?;
    if !wanted.tui {
        report::describe(session, &watcher.console);
    }
    watcher.start(wanted.begin(session, &watcher.console)?, wanted.tui);
    let trained = run.train(&mut watcher);
    watcher.finish();
    if wanted.tui {
        // What was drawn is gone: the terminal keeps what it was of.
        report::describe(session, &watcher.console);
    }
    let mut trained = trained?;
    let ended = trained.ended();
    // A run that did no step leaves nothing.
    if folder.is_begun() && !ranks::is_silent() {
        report::plot(session, &ended)?;
    }
    if ended.stopped {
        let iteration = ended.iteration;
        let resume = resume_command(&folder.current_path(), asked_for);
        return Err(Stopped::Early { signal: watcher.signal(), iteration, resume }.into());
    }
    let summary = trained.finish(&mut watcher, clock)?;
    if ranks::is_silent() {
        return Ok(());
    }
    page::write(session, &trained, &summary)?;
    let console = watcher.console;
    if let Some(iteration) = summary.diverged_at {
        return Err(diverged(session, iteration, &summary.measured, &trained.ended()));
    }
    report::report(session, &console, &summary)?;
    console.end(&format!("the run is complete in {}", folder.current_path().display()))
}
