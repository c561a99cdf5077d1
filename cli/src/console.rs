//! Console of a training run: the course's lines, and on a terminal a progress bar.

mod printer;

use crate::signals::{self, Stopped};
use anyhow::{Context, Result};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use printer::{Printer, Tick};
use std::io::{self, IsTerminal, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
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
    /// Verbosity that the flags `--quiet` and `--json` ask for.
    #[must_use]
    pub const fn of(quiet: bool, json: bool) -> Self {
        match (quiet, json) {
            (true, _) => Self::Quiet,
            (_, true) => Self::Json,
            _ => Self::Lines,
        }
    }
}

/// Message when standard output fails.
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

/// Prints a line on standard error. Where that cannot be written there is nobody to tell; where nobody
/// takes it, whoever wants to stop does not wait for long.
pub fn complain(line: std::fmt::Arguments<'_>) {
    let printer = Printer::new(Box::new(to_stderr), no_note);
    printer.print(&one_line(&line.to_string()));
    printer.end(false);
}

/// Prints the warnings of the libraries on standard error.
#[derive(Debug)]
struct Warnings;

impl log::Log for Warnings {
    fn enabled(&self, metadata: &log::Metadata<'_>) -> bool {
        metadata.target().starts_with("barenet")
    }
    fn log(&self, record: &log::Record<'_>) {
        if self.enabled(record.metadata()) {
            complain(format_args!("warning: {}", record.args()));
        }
    }
    fn flush(&self) {}
}

/// Prints what the libraries warn of from now on.
pub fn print_warnings() {
    if log::set_logger(&Warnings).is_ok() {
        log::set_max_level(log::LevelFilter::Warn);
    }
}

/// A message on one line, and without orders to the terminal, whatever a file is called in it.
fn one_line(message: &str) -> String {
    let mut line = String::new();
    for c in message.chars() {
        if c.is_control() { line.extend(c.escape_default()) } else { line.push(c) }
    }
    line
}

fn to_stderr(bytes: &[u8]) -> io::Result<()> {
    io::stderr().write_all(bytes)
}

/// Writes to standard output. A terminal that is gone, as after a hangup, is a reader that went away.
fn to_stdout(was_terminal: bool) -> impl Fn(&[u8]) -> io::Result<()> {
    move |bytes| {
        let mut stdout = io::stdout().lock();
        let result = stdout.write_all(bytes).and_then(|()| stdout.flush());
        #[cfg(unix)]
        if was_terminal && result.as_ref().is_err_and(|e| e.raw_os_error() == Some(libc::EIO)) {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        #[cfg(not(unix))]
        let _ignored = was_terminal;
        result
    }
}

fn no_note(count: u64) -> String {
    format!("({count} lines left out)")
}

/// Prints the lines of a run. Nobody waits for who reads them: a thread prints, and if the reader takes
/// nothing for too long, lines are left out, and it is said how many.
#[derive(Debug)]
pub struct Console {
    verbosity: Verbosity,
    out: OnceLock<Printer>,
    err: OnceLock<Printer>,
    bar: Arc<Bar>,
    batch_size: u64,
}

/// The progress bar. Only the thread that prints on standard error draws it.
#[derive(Debug, Default)]
struct Bar {
    bar: OnceLock<ProgressBar>,
    samples: AtomicU64,
    samples_per_second: AtomicU64,
}

impl Bar {
    /// Does something while the bar is away.
    fn suspend<R>(&self, work: impl FnOnce() -> R) -> R {
        match self.bar.get() {
            Some(bar) => bar.suspend(work),
            None => work(),
        }
    }
}

impl Tick for Arc<Bar> {
    fn tick(&self) {
        if let Some(bar) = self.bar.get() {
            let rate = f64::from_bits(self.samples_per_second.load(Ordering::Relaxed));
            bar.set_position(self.samples.load(Ordering::Relaxed));
            bar.set_message(format!("{} samples/s", thousands(rate)));
            bar.tick();
        }
    }

    fn end(&self) {
        if let Some(bar) = self.bar.get() {
            bar.finish_and_clear();
        }
    }
}

impl Console {
    /// A console without a progress bar.
    #[must_use]
    pub fn new(verbosity: Verbosity) -> Self {
        let (out, err) = (OnceLock::new(), OnceLock::new());
        Self { verbosity, out, err, bar: Arc::default(), batch_size: 0 }
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
        let bar =
            ProgressBar::with_draw_target(Some(samples), ProgressDrawTarget::stderr_with_hz(8));
        if let Ok(style) = ProgressStyle::with_template(&template) {
            bar.set_style(style.progress_chars("━━─"));
        }
        if self.err().has_thread() {
            let _first = self.bar.bar.set(bar);
        }
    }

    /// Moves the progress bar to an iteration.
    pub fn progress(&self, iteration: usize, samples_per_second: f64) {
        let iteration = u64::try_from(iteration).unwrap_or(u64::MAX);
        let samples = iteration.saturating_mul(self.batch_size);
        self.bar.samples.store(samples, Ordering::Relaxed);
        self.bar.samples_per_second.store(samples_per_second.to_bits(), Ordering::Relaxed);
    }

    /// A line for people: on standard output, unless that is for machines or nobody.
    pub fn line(&self, line: &str) {
        if self.verbosity == Verbosity::Lines {
            self.out().print(line);
        }
    }

    /// A line for machines.
    pub fn json(&self, line: impl FnOnce() -> String) {
        if self.verbosity == Verbosity::Json {
            self.out().print(&line());
        }
    }

    /// A line that must not be missed, on standard error.
    pub fn warn(&self, line: &str) {
        let line = one_line(&format!("warning: {line}"));
        if !self.err().print(&line) {
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
                _ => |count| format!("({count} lines left out: they were not read in time)"),
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
    pub fn finish(&self) {
        if let Some(err) = self.err.get() {
            err.end(true);
        }
        if let Some(out) = self.out.get() {
            out.take_all();
        }
    }

    /// Waits until all that was to be printed was printed.
    ///
    /// # Errors
    ///
    /// If standard output could not be written: why, and `instead`, what there is all the same.
    /// [`Stopped`], if somebody did not want to wait until it was read.
    pub fn end(self, instead: &str) -> Result<()> {
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
    fn a_message_is_one_line_whatever_a_file_is_called() {
        let message = "r\u{e9}seau \"1\"\n\u{1b}[31m\r\t\u{85}: not here";
        let found = one_line(message);
        assert_eq!(found, r#"réseau "1"\n\u{1b}[31m\r\t\u{85}: not here"#);
        assert_eq!(one_line(&found), found);
    }

    #[test]
    fn thousands_are_parted_by_commas() {
        let texts = [0.0, 12.4, 123.0, 1234.0, 308_310.0, 1e6, -123.0].map(thousands);
        assert_eq!(texts, ["0", "12", "123", "1,234", "308,310", "1,000,000", "-123"]);
    }
}
