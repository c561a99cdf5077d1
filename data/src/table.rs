//! Tables of numbers and text, as CSV and TSV files hold them.
//!
//! | function | does |
//! |---|---|
//! | [`read_csv`], [`read_csv_from`] | reads a file into a [`Table`] |

mod blocks;
mod cells;
mod comment;
mod decimal;
mod encode;
pub(crate) mod error;
mod find;
mod layout;
mod options;
mod parse;
mod reader;
mod records;
mod rows;
mod sniff;

pub use encode::{EncodeOptions, Encoding, Feature, Missing};
pub(crate) use encode::{LeftOut, MAX_TEXTS, are_classes};
pub use error::TableError;
pub use find::{ColumnRef, nearest};
pub use options::{CsvOptions, Wanted};
pub use reader::{read_csv, read_csv_from};

use crate::Exact;

/// A table: every cell a number, row by row.
///
/// A cell of text is the place of its text in [`Kind::Text`]; a missing cell is NaN.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Table {
    /// Where it came from, as errors name it.
    pub file: String,
    /// Whether the names of the columns are the file's.
    pub has_header: bool,
    /// The columns that were read.
    pub columns: Vec<Column>,
    /// The columns that were not.
    pub ignored: Vec<Column>,
    /// The cells, row by row: as many to a row as there are columns.
    pub cells: Vec<f32>,
    /// The line of the file at which each row begins, from 1.
    pub lines: Vec<u32>,
    /// The cells as they are written, without the spaces around them, where [that is asked for](CsvOptions::keeps_written);
    /// otherwise empty.
    pub written: Vec<String>,
}

/// A column of a table.
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    /// Its name; `column 3` if the file gives none.
    pub name: String,
    /// Its place in the file, from 1.
    pub number: usize,
    /// What is in it.
    pub kind: Kind,
    /// What its numbers were before they were rounded.
    pub exact: Exact,
}

/// What is in a column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Numbers.
    Number,
    /// Text: its values, in the order in which the file has them first.
    Text(Vec<String>),
}

impl Column {
    /// A column of which no numbers are known yet.
    pub fn new(name: impl Into<String>, number: usize, kind: Kind) -> Self {
        Self { name: name.into(), number, kind, exact: Exact::default() }
    }

    /// The values of a column of text.
    #[must_use]
    pub fn values(&self) -> Option<&[String]> {
        match &self.kind {
            Kind::Number => None,
            Kind::Text(values) => Some(values),
        }
    }
}

impl Table {
    /// The number of rows.
    #[must_use]
    pub const fn num_rows(&self) -> usize {
        self.lines.len()
    }

    /// The rows, each of a cell per column.
    #[must_use]
    pub fn rows(&self) -> impl ExactSizeIterator<Item = &[f32]> {
        self.cells.chunks_exact(self.columns.len().max(1))
    }

    /// The first cell of a column of text that is no number, and its row.
    pub(crate) fn first_text(&self, index: usize) -> Option<(usize, &str)> {
        let values = self.columns.get(index)?.values()?;
        let is_text =
            |text: &String| matches!(cells::Cell::of(text.as_bytes()), cells::Cell::Text(_));
        // Values are in the order in which the rows have them first.
        let (place, text) = values.iter().enumerate().find(|(_, text)| is_text(text))?;
        let row = self.column(index).position(|cell| cell as usize == place && !cell.is_nan())?;
        Some((row, text))
    }

    /// The cells of a column, from above; none if there is no such column.
    pub fn column(&self, index: usize) -> impl Iterator<Item = f32> {
        self.rows().filter_map(move |row| row.get(index).copied())
    }
}
