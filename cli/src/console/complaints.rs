//! Messages on standard error: of the command, and the warnings of the libraries.

use super::colour::with_coloured_kind;
use super::printer::Printer;
use super::streams::{no_note, one_line, to_stderr};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Lines that wait until they can be printed, while something else is drawn on the terminal.
static HELD: Mutex<Option<Vec<String>>> = Mutex::new(None);

fn held() -> MutexGuard<'static, Option<Vec<String>>> {
    HELD.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Has lines wait from now on.
#[cfg(feature = "tui")]
pub(crate) fn hold_complaints() {
    held().get_or_insert_default();
}

/// The last of the lines that wait.
#[cfg(feature = "tui")]
pub(crate) fn last_complaint() -> Option<String> {
    held().as_ref()?.last().cloned()
}

/// Prints the lines that wait, and has none wait any more.
#[cfg(feature = "tui")]
pub(crate) fn release_complaints() {
    let lines = held().take();
    lines.into_iter().flatten().for_each(|line| complain(format_args!("{line}")));
}

/// Whether a line waits from now on.
pub(super) fn is_held(line: &str) -> bool {
    held().as_mut().map(|lines| lines.push(line.to_owned())).is_some()
}

/// Prints a line on standard error. Where that cannot be written there is nobody to tell; where nobody
/// takes it, whoever wants to stop does not wait for long.
pub(crate) fn complain(line: std::fmt::Arguments<'_>) {
    let line = one_line(&line.to_string());
    if is_held(&line) {
        return;
    }
    let printer = Printer::new(Box::new(to_stderr), no_note);
    printer.print(&with_coloured_kind(&line));
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
pub(crate) fn print_warnings() {
    if log::set_logger(&Warnings).is_ok() {
        log::set_max_level(log::LevelFilter::Warn);
    }
}
