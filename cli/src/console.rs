//! What a person sees of a training run: the course's lines, and on a terminal a progress bar.

use anyhow::{Context, Result};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::{self, IsTerminal, Write};
use std::sync::OnceLock;
use std::time::Duration;

/// How much is said, and to whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verbosity {
    /// The course's lines on standard output.
    Lines,
    /// Events as JSON lines on standard output.
    Json,
    /// Nothing but errors.
    Quiet,
}

impl Verbosity {
    /// What the flags `--quiet` and `--json` ask for.
    #[must_use]
    pub const fn of(quiet: bool, json: bool) -> Self {
        match (quiet, json) {
            (true, _) => Self::Quiet,
            (_, true) => Self::Json,
            _ => Self::Lines,
        }
    }
}

/// What is said when standard output fails.
const CANNOT_PRINT: &str = "standard output cannot be written";

/// Whether what was printed counts as printed: a reader that went away, as `head` does, wants no more.
///
/// # Errors
///
/// The failure, if it is another one.
pub fn unless_closed(result: io::Result<()>) -> io::Result<()> {
    result.or_else(|error| match error.kind() {
        io::ErrorKind::BrokenPipe => Ok(()),
        _ => Err(error),
    })
}

/// Prints a line on standard output.
///
/// # Errors
///
/// If standard output cannot be written; a reader that went away is no error.
pub fn print_line(line: std::fmt::Arguments<'_>) -> Result<()> {
    unless_closed(writeln!(io::stdout(), "{line}")).context(CANNOT_PRINT)
}

/// `println!` that returns the error instead of a panic: [`print_line`].
macro_rules! say {
    ($($line:tt)*) => { $crate::console::print_line(format_args!($($line)*))? };
}
pub(crate) use say;

/// Prints a line on standard error. Where that cannot be written there is nobody to tell.
pub fn complain(line: std::fmt::Arguments<'_>) {
    drop(writeln!(io::stderr(), "{line}"));
}

/// Prints the lines of a run.
#[derive(Debug)]
pub struct Console {
    verbosity: Verbosity,
    bar: ProgressBar,
    batch_size: u64,
    /// Why standard output could not be written, the first time.
    failure: OnceLock<io::Error>,
}

impl Console {
    /// A console without a progress bar.
    #[must_use]
    pub fn new(verbosity: Verbosity) -> Self {
        let failure = OnceLock::new();
        Self { verbosity, bar: ProgressBar::hidden(), batch_size: 0, failure }
    }

    /// Shows a progress bar, if standard error is a terminal and somebody wants to see it.
    pub fn start(&mut self, num_iterations: usize, batch_size: usize) {
        let to_u64 = |n: usize| u64::try_from(n).unwrap_or(u64::MAX);
        self.batch_size = to_u64(batch_size);
        if self.verbosity == Verbosity::Quiet || !io::stderr().is_terminal() {
            return;
        }
        let bar = bar_template();
        let template = format!("{bar} {{percent:>3}}%  {{msg}}  {{eta}} left");
        let samples = to_u64(num_iterations).saturating_mul(self.batch_size);
        self.bar =
            ProgressBar::with_draw_target(Some(samples), ProgressDrawTarget::stderr_with_hz(8));
        if let Ok(style) = ProgressStyle::with_template(&template) {
            self.bar.set_style(style.progress_chars("━━─"));
        }
        self.bar.enable_steady_tick(Duration::from_millis(250));
    }

    /// Moves the progress bar to an iteration.
    pub fn progress(&self, iteration: usize, samples_per_second: f64) {
        if !self.bar.is_hidden() {
            let iteration = u64::try_from(iteration).unwrap_or(u64::MAX);
            self.bar.set_position(iteration.saturating_mul(self.batch_size));
            self.bar.set_message(format!("{} samples/s", thousands(samples_per_second)));
        }
    }

    /// A line for people: on standard output, unless that is for machines or nobody.
    pub fn line(&self, line: &str) {
        if self.verbosity == Verbosity::Lines {
            self.print(line);
        }
    }

    /// A line for machines.
    pub fn json(&self, line: &str) {
        if self.verbosity == Verbosity::Json {
            self.print(line);
        }
    }

    /// A line that must not be missed, on standard error.
    pub fn warn(&self, line: &str) {
        self.bar.suspend(|| complain(format_args!("warning: {line}")));
    }

    /// Neither a reader that went away nor a disk that is full is a reason to lose a training run: it
    /// goes on without printing, and [`Console::end`] says so.
    fn print(&self, line: &str) {
        if self.failure.get().is_some() {
            return;
        }
        let result = self.bar.suspend(|| unless_closed(writeln!(io::stdout(), "{line}")));
        if let Err(error) = result {
            // Lines are printed one after another, so no other failure was first.
            let _first = self.failure.set(error);
        }
    }

    /// Takes the progress bar away.
    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }

    /// Whether all that was to be printed was printed.
    ///
    /// # Errors
    ///
    /// If standard output could not be written: why, and `instead`, what there is all the same.
    pub fn end(self, instead: &str) -> Result<()> {
        self.failure
            .into_inner()
            .map_or(Ok(()), |error| Err(error).context(format!("{instead}, but {CANNOT_PRINT}")))
    }
}

/// A progress bar of bytes, if standard error is a terminal and somebody wants to see it.
#[must_use]
pub fn bytes_bar(total: u64, quiet: bool) -> ProgressBar {
    if quiet || !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::stderr_with_hz(8));
    let template = format!(
        "{} {{bytes:>11}} of {{total_bytes}}  {{bytes_per_sec}}  {{eta}} left",
        bar_template()
    );
    if let Ok(style) = ProgressStyle::with_template(&template) {
        bar.set_style(style.progress_chars("━━─"));
    }
    bar
}

/// The bar itself: in colour, unless NO_COLOR is set.
fn bar_template() -> &'static str {
    let is_coloured = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    if is_coloured { "{bar:30.cyan/dim}" } else { "{bar:30}" }
}

/// A whole number with commas: `1,234,567`.
#[must_use]
pub fn thousands(value: f64) -> String {
    let digits = format!("{value:.0}");
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) && !text.ends_with('-') {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_parted_by_commas() {
        let texts = [0.0, 12.4, 123.0, 1234.0, 308_310.0, 1e6, -123.0].map(thousands);
        assert_eq!(texts, ["0", "12", "123", "1,234", "308,310", "1,000,000", "-123"]);
    }
}
