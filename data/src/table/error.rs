//! Why a table cannot be used: what, where, and what to do.

use std::fmt;

/// Why a table cannot be used.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TableError {
    /// The file.
    pub file: String,
    /// The line of the file, from 1, where one is to blame.
    pub line: Option<u64>,
    /// The name of the column, where one is to blame.
    pub column: Option<String>,
    /// What is wrong.
    pub problem: String,
    /// What to do; may be empty.
    pub advice: String,
}

impl TableError {
    pub(super) fn new(file: &str, problem: impl Into<String>, advice: impl Into<String>) -> Self {
        let (problem, advice) = (problem.into(), advice.into());
        Self { file: file.to_owned(), line: None, column: None, problem, advice }
    }

    pub(super) fn at(self, line: u64) -> Self {
        Self { line: Some(line), ..self }
    }

    pub(super) fn of(self, column: &str) -> Self {
        Self { column: Some(column.to_owned()), ..self }
    }
}

impl fmt::Display for TableError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if let Some(line) = self.line {
            write!(f, ", line {line}")?;
        }
        if let Some(column) = &self.column {
            write!(f, ", column {}", quoted(column))?;
        }
        write!(f, ": {}", self.problem)?;
        if self.advice.is_empty() { Ok(()) } else { write!(f, "; {}", self.advice) }
    }
}

impl std::error::Error for TableError {}

/// The first of some names, in quotes.
pub(crate) fn listed<'a>(names: impl Iterator<Item = &'a str> + Clone) -> String {
    const SHOWN: usize = 8;
    let more = names.clone().count().saturating_sub(SHOWN);
    let shown: Vec<_> = names.take(SHOWN).map(quoted).collect();
    format!("{}{}", shown.join(", "), and_more(more))
}

/// How many there are besides those that were named; nothing if there are none.
pub(crate) fn and_more(more: usize) -> String {
    if more > 0 { format!(" and {more} more") } else { String::new() }
}

/// Text of a file as a message shows it: in quotes, on one line, cut.
pub(crate) fn quoted(text: &str) -> String {
    const SHOWN: usize = 40;
    let shown: String = text.chars().take(SHOWN).collect();
    format!("{shown:?}{}", if shown.len() < text.len() { "…" } else { "" })
}
