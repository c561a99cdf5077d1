//! The rows of a block.

use super::TableError;
use super::blocks::{Block, Dialect, lines_in};
use super::cells::text_of;
use super::records::{Fault, MAX_COLUMNS, Record, Records};
use crate::DataError;

/// Why reading stops.
#[derive(Debug)]
pub(super) enum Stop {
    /// A column may be of another kind than its first cells.
    Kind(TableError),
    Error(DataError),
}

impl Stop {
    pub(super) fn into_error(self) -> DataError {
        match self {
            Self::Kind(error) => error.into(),
            Self::Error(error) => error,
        }
    }
}

impl From<DataError> for Stop {
    fn from(error: DataError) -> Self {
        Self::Error(error)
    }
}

impl From<TableError> for Stop {
    fn from(error: TableError) -> Self {
        Self::Error(error.into())
    }
}

/// The form that every row has.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shape<'a> {
    pub(super) file: &'a str,
    pub(super) dialect: Dialect,
    pub(super) has_header: bool,
    /// Names of the columns; none as long as they are not known.
    pub(super) names: &'a [String],
}

/// Comments behind the first row with as many cells as a row: more likely rows whose first cell begins with `#`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Hidden {
    pub(super) count: u64,
    /// The line of the first.
    pub(super) line: u64,
}

impl Hidden {
    pub(super) const fn join(&mut self, next: Self) {
        if self.count == 0 {
            self.line = next.line;
        }
        self.count += next.count;
    }

    /// Looks at what stands between two rows, of which the first begins in a line.
    fn look(
        &mut self,
        between: &[u8],
        (line, row): (u64, &[u8]),
        dialect: Dialect,
        num_columns: usize,
    ) {
        if num_columns < 2 || !between.contains(&b'#') {
            return;
        }
        let line = line + lines_in(row, dialect.line_end);
        let mut start = 0;
        for text in between.split(|byte| b"\r\n".contains(byte)) {
            let cells = 1 + text.iter().filter(|&&byte| byte == dialect.delimiter).count();
            if text.starts_with(b"#") && cells == num_columns {
                let before = between.get(..start).unwrap_or_default();
                self.join(Self { count: 1, line: line + lines_in(before, dialect.line_end) });
            }
            start += text.len() + 1;
        }
    }
}

/// Calls a function with every row of a block and its line. Each row has a cell for every column.
pub(super) fn for_each_row(
    block: &Block,
    shape: Shape<'_>,
    mut work: impl FnMut(Record<'_>, u64) -> Result<(), Stop>,
) -> Result<Hidden, Stop> {
    let mut hidden = Hidden::default();
    // Where the row before ends; before the first of the file, comments are none.
    let mut end = (block.index > 0).then_some(0_usize);
    let mut records = Records::new(&block.bytes, shape.dialect.delimiter);
    let mut num_columns = shape.names.len();
    let mut is_header = shape.has_header && block.index == 0;
    let (mut line, mut counted) = (block.line, 0);
    loop {
        let start = records.start();
        let passed = block.bytes.get(counted..start).unwrap_or_default();
        if let Some(end) = end {
            let (row, between) = passed.split_at(end.saturating_sub(counted).min(passed.len()));
            hidden.look(between, (line, row), shape.dialect, num_columns);
        }
        line += lines_in(passed, shape.dialect.line_end);
        counted = start;
        let Some(record) = records.next().map_err(|fault| error_of(fault, shape, line))? else {
            return Ok(hidden);
        };
        end = Some(record.end);
        if num_columns == 0 {
            num_columns = record.len();
        }
        if record.len() != num_columns {
            let cells = if record.len() == 1 { "cell" } else { "cells" };
            let problem = format!("{} {cells}, where {num_columns} are expected", record.len());
            let is_longer = num_columns + 1 == record.len();
            let advice = if is_longer
                && record.cells().last().is_some_and(|cell| text_of(cell).trim().is_empty())
            {
                "it ends with a delimiter, and the first row does not: add one there, or remove it from all others"
            } else {
                "every row needs as many cells as the first"
            };
            return Err(TableError::new(shape.file, problem, advice).at(line).into());
        }
        if !std::mem::take(&mut is_header) {
            work(record, line)?;
        }
    }
}

fn error_of(fault: Fault, shape: Shape<'_>, line: u64) -> TableError {
    let advice = "is a quote not closed, or is it another format than CSV?";
    let error = |problem: String| TableError::new(shape.file, problem, advice).at(line);
    match fault {
        Fault::TooManyColumns => error(format!("more than {MAX_COLUMNS} columns")),
        Fault::NotClosed => error("the row that begins here has no end".to_owned()),
        Fault::LongCell(place) => {
            let name = shape.names.get(place).cloned();
            let name = name.unwrap_or_else(|| format!("column {}", place + 1));
            error("a cell of more than 1 MB".to_owned()).of(&name)
        }
    }
}
