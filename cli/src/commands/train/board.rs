//! The event file of a run for TensorBoard.

use super::beside::Beside;
use crate::console::{Console, Progress};
use anyhow::Result;
use barenet_report::tensorboard::TensorBoard;
use barenet_run::events::RunEvent;
use barenet_run::session::Session;

/// The event file of a run, until something fails.
#[derive(Debug)]
struct Board<'a>(Option<TensorBoard<'a>>);

/// Begins the file of a run that is begun, if somebody asks for it, or the run that is resumed has one.
pub(super) fn begin<'a>(
    session: &'a Session<'_>,
    is_asked_for: bool,
    console: &Console,
) -> Option<Box<dyn Beside + 'a>> {
    let goes_on = || session.resume.is_some() && TensorBoard::is_in(&session.folder);
    if !is_asked_for && !goes_on() {
        return None;
    }
    let board = TensorBoard::begin(session).inspect_err(|problem| tell(problem, console)).ok()?;
    Some(Box::new(Board(Some(board))))
}

fn tell(problem: &anyhow::Error, console: &Console) {
    console.warn(&format!("--tensorboard: {problem:#}; the run continues without it"));
}

impl<'a> Board<'a> {
    /// Does something to the file, and no more once that has failed.
    fn with(&mut self, console: &Console, work: impl FnOnce(&mut TensorBoard<'a>) -> Result<()>) {
        if let Some(Err(problem)) = self.0.as_mut().map(work) {
            self.0 = None;
            tell(&problem, console);
        }
    }
}

impl Beside for Board<'_> {
    fn event(&mut self, event: &RunEvent<'_>, console: &Console) {
        self.with(console, |board| board.event(event));
    }

    fn tick(&mut self, _progress: Progress, console: &Console) {
        self.with(console, TensorBoard::tick);
    }

    fn finish(&mut self, console: &Console) {
        if let Some(Err(problem)) = self.0.take().map(TensorBoard::finish) {
            tell(&problem, console);
        }
    }
}
