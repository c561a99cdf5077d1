//! Console of a training run: the course's lines, and on a terminal a progress bar.

mod bar;
mod colour;
mod complaints;
mod printer;
mod progress;
mod screen;
mod streams;

#[cfg(feature = "fetch")]
pub(crate) use bar::bytes_bar;
#[cfg(feature = "tui")]
pub(crate) use colour::is_coloured;
pub(crate) use colour::{choose_colour, colour_among};
pub(crate) use complaints::{complain, print_warnings};
#[cfg(feature = "tui")]
pub(crate) use complaints::{hold_complaints, last_complaint, release_complaints};
pub(crate) use progress::Progress;
#[cfg(feature = "tui")]
pub(crate) use progress::{ProgressLine, short};
pub(crate) use screen::Screen;
#[cfg(feature = "tui")]
pub(crate) use screen::has_utf8;
pub(crate) use streams::{one_line, print_data, print_line, say, unless_closed};

use crate::signals::{self, Stopped};
use anyhow::{Context, Result};
use bar::Bar;
use colour::with_coloured_kind;
use complaints::is_held;
use printer::Printer;
use std::io::{self, IsTerminal};
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use streams::{CANNOT_PRINT, no_note, to_stderr, to_stdout, without_orders};

/// How much is said, and to whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verbosity {
    /// The course's lines on standard output.
    Lines,
    /// Events as JSON lines on standard output.
    Json,
    /// Nothing but errors.
    Quiet,
}

impl Verbosity {
    /// Verbosity that the flags `--quiet` and `--json` ask for.
    pub(crate) const fn of(quiet: bool, json: bool) -> Self {
        match (quiet, json) {
            (true, _) => Self::Quiet,
            (false, true) => Self::Json,
            (false, false) => Self::Lines,
        }
    }
}

/// Prints the lines of a run. Nobody waits for who reads them: a thread prints, and if the reader takes
/// nothing for too long, lines are left out, and it is said how many.
#[derive(Debug)]
pub(crate) struct Console {
    verbosity: Verbosity,
    out: OnceLock<Printer>,
    err: OnceLock<Printer>,
    bar: Arc<Bar>,
}

impl Console {
    /// A console without a progress bar.
    pub(crate) fn new(verbosity: Verbosity) -> Self {
        let (out, err) = (OnceLock::new(), OnceLock::new());
        Self { verbosity, out, err, bar: Arc::default() }
    }

    /// Shows a progress bar, if standard error is a terminal and somebody wants to see it.
    pub(crate) fn start(&self) {
        if self.verbosity != Verbosity::Quiet
            && io::stderr().is_terminal()
            && self.err().has_thread()
        {
            self.bar.show();
        }
    }

    /// Says what the progress bar is to show.
    pub(crate) fn progress(&self, progress: Progress) {
        self.bar.move_to(progress);
    }

    /// A line for people: on standard output, unless that is for machines or nobody.
    pub(crate) fn line(&self, line: &str) {
        if self.verbosity == Verbosity::Lines {
            self.out().print(&without_orders(line));
        }
    }

    /// A line for machines.
    pub(crate) fn json(&self, line: impl FnOnce() -> String) {
        if self.verbosity == Verbosity::Json {
            self.out().print(&line());
        }
    }

    /// A line that must not be missed, on standard error.
    pub(crate) fn warn(&self, line: &str) {
        let line = one_line(&format!("warning: {line}"));
        if !is_held(&line) && !self.err().print(&with_coloured_kind(&line)) {
            complain(format_args!("{line}"));
        }
    }

    fn out(&self) -> &Printer {
        self.out.get_or_init(|| {
            let was_terminal = io::stdout().is_terminal();
            let print = to_stdout(was_terminal);
            let bar = Arc::clone(&self.bar);
            let sink = move |bytes: &[u8]| {
                // On another terminal, or where there is none, the bar is in nobody's way.
                if was_terminal { bar.suspend(|| print(bytes)) } else { print(bytes) }
            };
            let note = match self.verbosity {
                Verbosity::Json => |count| format!("{{\"event\":\"left_out\",\"lines\":{count}}}"),
                Verbosity::Lines | Verbosity::Quiet => {
                    |count| format!("({count} lines left out: they were not read in time)")
                }
            };
            Printer::new(Box::new(sink), note)
        })
    }

    fn err(&self) -> &Printer {
        self.err.get_or_init(|| {
            let bar = Arc::clone(&self.bar);
            let sink = move |bytes: &[u8]| bar.suspend(|| to_stderr(bytes));
            let tick = Arc::clone(&self.bar);
            Printer::with_tick(Box::new(sink), no_note, Duration::from_millis(125), tick)
        })
    }

    /// Takes the progress bar away. What is printed after it is never left out.
    pub(crate) fn finish(&self) {
        if let Some(err) = self.err.get() {
            err.end(true);
        }
        if let Some(out) = self.out.get() {
            out.take_all();
        }
    }

    /// Waits until all that was to be printed was printed.
    pub(crate) fn end(self, instead: &str) -> Result<()> {
        let Some(out) = self.out.get() else { return Ok(()) };
        if !out.end(false)
            && let Some(signal) = signals::asked_to_stop()
        {
            return Err(Stopped::Unread { signal, what: instead.to_owned() }.into());
        }
        let result = out.failure().map_or(Ok(()), Err);
        result.with_context(|| format!("{instead}, but {CANNOT_PRINT}"))
    }
}

impl Drop for Console {
    fn drop(&mut self) {
        for printer in [&self.err, &self.out].into_iter().filter_map(OnceLock::get) {
            printer.end(false);
        }
    }
}
