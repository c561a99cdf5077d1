//! Rows of numbers in a file of arrays, without targets: what a network is to answer for.

use super::class_files::is_called_a_recording;
use super::class_folders::entries;
use super::numpy::{self, npy::Content};
use super::{idx, is_there};
use crate::table::{Column, Kind, Table};
use crate::{Array, DataError, Numbers};
use std::path::Path;

/// More numbers than the rows of anybody's data have.
const MAX_ROW_LEN: usize = 1 << 20;

/// Reads the samples of an `.npy`, `.npz` or IDX file, of a folder of `.npy` files or of one with a file of IDX images, as
/// a table without names; of arrays with parts those that test. The result of another file is none.
///
/// # Errors
///
/// [`DataError`] naming the file or its array that cannot be used, or a folder that has none.
pub fn read_rows(path: &Path) -> Result<Option<Table>, DataError> {
    if !is_there(path)? {
        return Ok(None);
    }
    let (file, array) = if path.is_dir() && !numpy::recognises(path)? {
        let Some(file) = idx::images_alone(path)? else { return Err(no_rows(path)) };
        (file.display().to_string(), idx::read_file(&file)?)
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

/// The error of a folder that has no rows to answer for.
fn no_rows(folder: &Path) -> DataError {
    let found = "is a folder, and has no array X (X.npy) and no IDX images in it".to_owned();
    let files = entries(folder).unwrap_or_default();
    let mut tables = files.iter().filter(|path| path.is_file() && is_called_a_recording(path));
    let example =
        tables.next().map_or_else(String::new, |file| format!(", such as {}", file.display()));
    let advice = format!("name a table (CSV) or a file of arrays (.npy, .npz, IDX){example}");
    DataError::NoData { place: folder.display().to_string(), found, advice }
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
