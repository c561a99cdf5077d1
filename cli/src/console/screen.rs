//! What there is to show things on.

use super::colour::is_coloured_on_this_terminal;
use serde_json::{Value, json};
use std::fmt;
use std::io::{self, IsTerminal};
use terminal::Term;

/// The terminal, if there is one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Screen {
    /// Whether standard output and standard error are one.
    is_terminal: (bool, bool),
    /// Its columns.
    width: Option<u16>,
    is_coloured: bool,
    is_utf8: bool,
}

impl Screen {
    /// Looks at it.
    pub(crate) fn look() -> Self {
        let is_terminal = (io::stdout().is_terminal(), io::stderr().is_terminal());
        let size = if is_terminal.1 { Term::stderr().size_checked() } else { None };
        let size =
            size.or_else(|| if is_terminal.0 { Term::stdout().size_checked() } else { None });
        Self {
            is_terminal,
            width: size.map(|(_rows, columns)| columns),
            is_coloured: is_coloured_on_this_terminal(),
            is_utf8: has_utf8(),
        }
    }

    /// The same for programs.
    pub(crate) fn to_json(self) -> Value {
        let Self { is_terminal: (stdout, stderr), width, is_coloured, is_utf8 } = self;
        json!({ "stdout": stdout, "stderr": stderr, "width": width, "colour": is_coloured, "utf8": is_utf8 })
    }
}

impl fmt::Display for Screen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.is_terminal, self.width) {
            ((false, false), _) => return f.write_str("none: plain lines, and no progress bar"),
            (_, Some(width)) => write!(f, "{width} columns")?,
            (_, None) => f.write_str("of a width that it does not tell")?,
        }
        f.write_str(if self.is_coloured { ", colours" } else { ", no colours" })?;
        f.write_str(if self.is_utf8 { ", UTF-8" } else { ", no UTF-8 (LC_ALL, LC_CTYPE, LANG)" })?;
        match self.is_terminal {
            (false, true) => f.write_str("; standard output is elsewhere"),
            (true, false) => {
                f.write_str("; standard error is elsewhere, so there is no progress bar")
            }
            _ => Ok(()),
        }
    }
}

/// Whether the terminal shows UTF-8, as the locale says.
pub(crate) fn has_utf8() -> bool {
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].map(|name| std::env::var(name).ok());
    cfg!(windows) || is_utf8(&locale)
}

/// Whether text is UTF-8, of the values of LC_ALL, LC_CTYPE and LANG: the first that says something counts.
fn is_utf8(locale: &[Option<String>]) -> bool {
    let first = locale.iter().flatten().find(|value| !value.is_empty());
    first.is_some_and(|value| value.to_lowercase().replace('-', "").contains("utf8"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_variable_of_a_locale_that_says_something_counts() {
        let is = |values: [&str; 3]| is_utf8(&values.map(|value| Some(value.to_owned())));
        assert!(is(["", "", "en_US.UTF-8"]));
        assert!(is(["C.utf8", "C", "C"]));
        assert!(!is(["C", "en_US.UTF-8", "en_US.UTF-8"]));
        assert!(!is_utf8(&[None, None, None]));
    }

    #[test]
    fn it_is_told_in_a_line() {
        let screen = Screen {
            is_terminal: (true, true),
            width: Some(80),
            is_coloured: true,
            is_utf8: false,
        };
        assert_eq!(screen.to_string(), "80 columns, colours, no UTF-8 (LC_ALL, LC_CTYPE, LANG)");
        let none = Screen { is_terminal: (false, false), ..screen };
        assert!(none.to_string().starts_with("none: plain lines"));
    }
}
