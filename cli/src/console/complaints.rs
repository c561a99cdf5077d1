//! Messages on standard error: of the command, and the warnings of the libraries.

use super::printer::Printer;
use super::streams::{no_note, one_line, to_stderr};

/// Prints a line on standard error. Where that cannot be written there is nobody to tell; where nobody
/// takes it, whoever wants to stop does not wait for long.
pub(crate) fn complain(line: std::fmt::Arguments<'_>) {
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
pub(crate) fn print_warnings() {
    if log::set_logger(&Warnings).is_ok() {
        log::set_max_level(log::LevelFilter::Warn);
    }
}
