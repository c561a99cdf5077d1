//! Standard output and standard error, a line at a time.

use anyhow::{Context, Result};
use std::io::{self, Write};

/// Message when standard output fails.
pub(super) const CANNOT_PRINT: &str = "standard output cannot be written";

/// Whether what was printed counts as printed: a reader that went away, as `head` does, wants no more.
pub(crate) fn unless_closed(result: io::Result<()>) -> io::Result<()> {
    result.or_else(|error| match error.kind() {
        io::ErrorKind::BrokenPipe => Ok(()),
        _ => Err(error),
    })
}

/// Prints a line on standard output, or several, without orders to the terminal.
pub(crate) fn print_line(line: std::fmt::Arguments<'_>) -> Result<()> {
    print_data(&without_orders(&line.to_string()))
}

/// Prints lines on standard output as they are: what other programs read.
pub(crate) fn print_data(lines: &str) -> Result<()> {
    unless_closed(writeln!(io::stdout(), "{lines}")).context(CANNOT_PRINT)
}

/// `println!` that returns the error instead of a panic: [`print_line`].
macro_rules! say {
    ($($line:tt)*) => { $crate::console::print_line(format_args!($($line)*))? };
}
pub(crate) use say;

/// A message or a name on one line, and without orders to the terminal, whatever a file is called in it.
pub(crate) fn one_line(message: &str) -> String {
    escaped(message, char::is_control)
}

/// Lines without orders to the terminal.
pub(super) fn without_orders(lines: &str) -> String {
    escaped(lines, |c| c.is_control() && !matches!(c, '\n' | '\t'))
}

fn escaped(text: &str, is_escaped: impl Fn(char) -> bool) -> String {
    let mut line = String::new();
    for c in text.chars() {
        if is_escaped(c) { line.extend(c.escape_default()) } else { line.push(c) }
    }
    line
}

pub(super) fn to_stderr(bytes: &[u8]) -> io::Result<()> {
    io::stderr().write_all(bytes)
}

/// Writes to standard output. A terminal that is gone, as after a hangup, is a reader that went away.
pub(super) fn to_stdout(was_terminal: bool) -> impl Fn(&[u8]) -> io::Result<()> {
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

/// Note that lines are missing.
pub(super) fn no_note(count: u64) -> String {
    format!("({count} lines left out)")
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
        assert_eq!(without_orders("a\n\u{1b}[2Jb\r"), "a\n\\u{1b}[2Jb\\r");
    }
}
