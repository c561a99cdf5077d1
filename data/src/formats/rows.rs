//! Rows of numbers in a file of arrays, without targets: what a network is to answer for.

use super::numpy::{self, npy::Content};
use super::{idx, is_there};
use crate::table::{Column, Kind, Table};
use crate::{Array, DataError, Numbers};
use std::path::Path;

/// More numbers than the rows of anybody's data have.
const MAX_ROW_LEN: usize = 1 << 20;

/// Reads the samples of an `.npy`, `.npz` or IDX file as a table without names; of an archive with parts those that
/// test. The result of another file is none.
///
/// # Errors
///
/// [`DataError`] naming the file or its array that cannot be used.
pub fn read_rows(path: &Path) -> Result<Option<Table>, DataError> {
    let is_file = is_there(path)? && !path.is_dir();
    let (file, array) = if !is_file {
        return Ok(None);
    } else if numpy::recognises(path)? {
        let (file, content) = numpy::read_features(path)?;
        let Content::Numbers(array) = content else {
            return Err(wrong(file, "is of text, and samples are numbers"));
        };
        (file, array)
    } else if idx::recognises(path)? {
        (path.display().to_string(), idx::read_file(path)?)
    } else {
        return Ok(None);
    };
    if array.shape.is_empty() {
        return Err(wrong(file, "is one number"));
    }
    if array.row_len() > MAX_ROW_LEN {
        return Err(wrong(file, "has longer rows than a network takes"));
    }
    if array.numbers.is_empty() {
        return Err(wrong(file, "is empty"));
    }
    Ok(Some(table(file, array)))
}

fn wrong(file: String, problem: &str) -> DataError {
    let advice = "name one with a row of numbers for each sample";
    DataError::Format { file, problem: problem.to_owned(), advice }
}

fn table(file: String, array: Array) -> Table {
    let (count, row_len) = (array.len(), array.row_len());
    let column = |number| Column::new(format!("column {number}"), number, Kind::Number);
    let cells = match array.numbers {
        Numbers::F32(numbers) => numbers,
        numbers => numbers.iter(0..numbers.len()).collect(),
    };
    Table {
        file,
        has_header: false,
        columns: (1..=row_len).map(column).collect(),
        ignored: Vec::new(),
        cells,
        lines: (1..).take(count).collect(),
        written: Vec::new(),
    }
}
