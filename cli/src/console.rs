//! What a person sees of a training run: the course's lines, and on a terminal a progress bar.

use anyhow::Context;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::{IsTerminal, Write};
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

/// Prints a line on standard output. A reader that went away, as `head` does, is no error.
///
/// # Errors
///
/// If standard output cannot be written.
pub fn print_line(line: std::fmt::Arguments<'_>) -> anyhow::Result<()> {
    match writeln!(std::io::stdout(), "{line}") {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(error).context("standard output cannot be written")
        }
        _ => Ok(()),
    }
}

/// `println!` that returns the error instead of a panic: [`print_line`].
macro_rules! say {
    ($($line:tt)*) => { $crate::console::print_line(format_args!($($line)*))? };
}
pub(crate) use say;

/// Prints the lines of a run.
#[derive(Debug)]
pub struct Console {
    verbosity: Verbosity,
    bar: ProgressBar,
    batch_size: u64,
}

impl Console {
    /// A console without a progress bar.
    #[must_use]
    pub fn new(verbosity: Verbosity) -> Self {
        Self { verbosity, bar: ProgressBar::hidden(), batch_size: 0 }
    }

    /// Shows a progress bar, if standard error is a terminal and somebody wants to see it.
    pub fn start(&mut self, num_iterations: usize, batch_size: usize) {
        let to_u64 = |n: usize| u64::try_from(n).unwrap_or(u64::MAX);
        self.batch_size = to_u64(batch_size);
        if self.verbosity == Verbosity::Quiet || !std::io::stderr().is_terminal() {
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
        self.bar.suspend(|| eprintln!("warning: {line}"));
    }

    fn print(&self, line: &str) {
        // A reader that went away, as `head` does, is no reason to stop training.
        self.bar.suspend(|| drop(writeln!(std::io::stdout(), "{line}")));
    }

    /// Takes the progress bar away.
    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

/// A progress bar of bytes, if standard error is a terminal and somebody wants to see it.
#[must_use]
pub fn bytes_bar(total: u64, quiet: bool) -> ProgressBar {
    if quiet || !std::io::stderr().is_terminal() {
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
