//! Progress bars, where standard error is a terminal.

use super::colour::is_coloured;
use super::printer::Tick;
use super::progress::{Progress, ProgressLine};
use super::screen::has_utf8;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use terminal::{Term, style};

/// The progress bar of a run. Only the thread that prints on standard error draws it.
#[derive(Debug, Default)]
pub(super) struct Bar {
    bar: OnceLock<ProgressBar>,
    progress: Mutex<Progress>,
}

impl Bar {
    /// Shows it from now on.
    pub(super) fn show(&self) {
        let _first = self.bar.set(bar(None, "{msg}"));
    }

    /// Says what it is to show next.
    pub(super) fn move_to(&self, progress: Progress) {
        *self.progress.lock().unwrap_or_else(PoisonError::into_inner) = progress;
    }

    /// Does something while the bar is away.
    pub(super) fn suspend<R>(&self, work: impl FnOnce() -> R) -> R {
        match self.bar.get() {
            Some(bar) => bar.suspend(work),
            None => work(),
        }
    }
}

impl Tick for Arc<Bar> {
    fn tick(&self) {
        if let Some(bar) = self.bar.get() {
            let progress = *self.progress.lock().unwrap_or_else(PoisonError::into_inner);
            // The terminal may have become another; its last column is left free, so that none breaks the line.
            let line = progress.line(columns().saturating_sub(1), has_utf8());
            bar.set_message(coloured(line));
            bar.tick();
        }
    }

    fn end(&self) {
        if let Some(bar) = self.bar.get() {
            bar.finish_and_clear();
        }
    }
}

/// The columns of the terminal; 80 if it does not tell.
fn columns() -> usize {
    let size = Term::stderr().size_checked().filter(|&(_, columns)| columns > 0);
    size.map_or(80, |(_, columns)| usize::from(columns))
}

fn coloured(ProgressLine { done, rest, text }: ProgressLine) -> String {
    if is_coloured() {
        let (done, rest) = (style(done).cyan(), style(rest).dim());
        return format!("{done}{rest}{text}");
    }
    done + &rest + &text
}

/// A progress bar of bytes, if standard error is a terminal and somebody wants to see it.
#[cfg(feature = "fetch")]
pub(crate) fn bytes_bar(total: u64, quiet: bool) -> ProgressBar {
    use std::io::{self, IsTerminal};

    if quiet || !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar_text = if is_coloured() { "{bar:30.cyan/dim} " } else { "{bar:30} " };
    let figures = match columns() {
        0..24 => "{percent:>3}%".to_owned(),
        24..50 => "{percent:>3}%  {eta} left".to_owned(),
        50..90 => "{bytes:>11} of {total_bytes}  {eta} left".to_owned(),
        90.. => {
            format!("{bar_text}{{bytes:>11}} of {{total_bytes}}  {{bytes_per_sec}}  {{eta}} left")
        }
    };
    bar(Some(total), &figures)
}

/// A line of progress on standard error.
fn bar(total: Option<u64>, figures: &str) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(total, ProgressDrawTarget::stderr_with_hz(8));
    if let Ok(style) = ProgressStyle::with_template(figures) {
        bar.set_style(style.progress_chars(if has_utf8() { "━━─" } else { "==-" }));
    }
    bar
}
