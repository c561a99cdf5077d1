//! A run on all of the terminal: its curves as they grow, and how far it is.
//!
//! A thread of its own draws, so that training never waits for the terminal. Signals stay what they are: the first that asks the run
//! to stop ends the picture too, so that the second, which ends the process at once, finds the terminal as it was.

mod curve;
mod draw;
mod terminal;

use crate::console::{Progress, has_utf8, is_coloured};
use crate::signals::is_stop_asked;
use anyhow::{Context, Result};
use barenet_run::settings::SettingsError;
use curve::Curve;
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use std::io::{self, IsTerminal};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// How often the picture is drawn.
const FRAME: Duration = Duration::from_millis(125);
/// How soon a signal ends it.
const SOON: Duration = Duration::from_millis(20);

/// What there is to be drawn of a run.
#[derive(Clone, Debug, Default)]
pub(crate) struct Picture {
    /// The run, its data and its network, in a line.
    title: String,
    /// The metric that is checked.
    metric: &'static str,
    num_iterations: usize,
    num_epochs: usize,
    iteration: usize,
    epoch: usize,
    pub(crate) progress: Progress,
    /// The epoch with the best metric on the validation data, and it.
    best: Option<(usize, f64)>,
    /// The last thing that the run was warned of.
    pub(crate) note: Option<String>,
    loss: Curve,
    train: Curve,
    val: Curve,
}

impl Picture {
    /// The picture of a run of so many iterations and epochs, before it begins.
    pub(crate) fn new(
        title: String,
        metric: &'static str,
        (num_iterations, num_epochs): (usize, usize),
    ) -> Self {
        Self { title, metric, num_iterations, num_epochs, ..Self::default() }
    }

    /// Adds the loss of a step.
    pub(crate) fn add_loss(&mut self, iteration: usize, loss: f64) {
        self.iteration = iteration;
        self.loss.push(number(iteration), loss);
    }

    /// Adds the metric of a check.
    pub(crate) fn add_check(&mut self, epoch: usize, train: f64, val: f64, is_best: bool) {
        self.epoch = epoch;
        self.train.push(number(epoch), train);
        self.val.push(number(epoch), val);
        if is_best {
            self.best = Some((epoch, val));
        }
    }
}

#[allow(clippy::cast_precision_loss)]
const fn number(count: usize) -> f64 {
    count as f64
}

/// The picture of a run, on the terminal until it is dropped.
#[derive(Debug)]
pub(crate) struct Tui {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    picture: Picture,
    has_ended: bool,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Refuses to draw where there is nothing to draw on.
pub(crate) fn check() -> Result<()> {
    let is_dumb = std::env::var("TERM").is_ok_and(|term| term == "dumb");
    if io::stdout().is_terminal() && !is_dumb {
        return Ok(());
    }
    let found = if is_dumb { "TERM is dumb" } else { "standard output is none" };
    Err(SettingsError::new(format!("--tui draws on a terminal, and {found}; leave it out")).into())
}

impl Tui {
    /// Takes the terminal, and draws from now on.
    pub(crate) fn start(picture: Picture) -> Result<Self> {
        let mut screen = Terminal::new(CrosstermBackend::new(io::stdout()))
            .context("the terminal cannot be drawn on")?;
        let shared = Arc::new(Shared::default());
        shared.state().picture = picture;
        terminal::take().context("the terminal cannot be drawn on")?;
        let own = Arc::clone(&shared);
        let work = move || {
            let mut last_drawn = None;
            loop {
                let state = own.state();
                let waited = own.changed.wait_timeout(state, SOON);
                let (state, _) = waited.unwrap_or_else(PoisonError::into_inner);
                if state.has_ended || is_stop_asked() {
                    break;
                }
                if last_drawn.is_some_and(|last: Instant| last.elapsed() < FRAME) {
                    continue;
                }
                let picture = state.picture.clone();
                drop(state);
                last_drawn = Some(Instant::now());
                let drawn = terminal::while_taken(|| {
                    screen.draw(|frame| draw::draw(frame, &picture, has_utf8(), is_coloured()))?;
                    Ok(())
                });
                // A terminal that is gone is drawn on no more.
                if drawn.is_err() {
                    break;
                }
            }
            terminal::give_back();
        };
        let thread = thread::Builder::new().name("barenet-tui".to_owned()).spawn(work);
        let thread = thread.inspect_err(|_| terminal::give_back());
        let thread = Some(thread.context("no thread can be started that draws")?);
        Ok(Self { shared, thread })
    }

    /// Changes what is drawn next.
    pub(crate) fn change(&self, change: impl FnOnce(&mut Picture)) {
        change(&mut self.shared.state().picture);
    }
}

impl Drop for Tui {
    /// Gives the terminal back.
    fn drop(&mut self) {
        self.shared.state().has_ended = true;
        self.shared.changed.notify_all();
        let _panic = self.thread.take().map(JoinHandle::join);
        terminal::give_back();
    }
}
