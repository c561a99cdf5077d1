//! Tables as CSV and TSV files hold them: a data set of one file, or of one for each part.

use super::form::{self, Form};
use super::is_there;
use crate::numbers::narrow;
use crate::reading::read_start;
use crate::table::{ColumnRef, CsvOptions, Encoding, Missing, Table, read_csv};
use crate::{DataError, DataSet, Kind, Origin, Places, ReadOptions, Records, Source};
use std::path::{Path, PathBuf};

/// What is known of a table before it is read.
pub const KIND: Kind = Kind {
    word: "table",
    name: "table",
    image_shape: "",
    class_names: &[],
    samples: "rows",
    is_of_course: false,
    takes: &["val", "test", "target", "ignore", "text", "header", "group"],
};

/// Whether there is a file that is called as tables are, or has text in it and is not called as archives are.
///
/// # Errors
///
/// [`DataError::Io`] if it may not be looked at.
pub fn recognises(path: &Path) -> Result<bool, DataError> {
    if path.is_dir() || !is_there(path)? {
        return Ok(false);
    }
    let name = path.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
    let ends_with = |endings: &[&str]| endings.iter().any(|ending| name.ends_with(ending));
    if ends_with(&[".csv", ".tsv", ".tab", ".txt"]) {
        return Ok(true);
    }
    // What cannot be opened is no table: whoever reads it says why.
    let Ok(start) = read_start(path, SNIFFED) else { return Ok(false) };
    Ok(!form::is_packed_name(&name) && is_text(&start))
}

/// Bytes by which text is told from other content.
const SNIFFED: usize = 1 << 13;

/// Whether a file that begins so is text, and no web page or the like.
pub(super) fn is_text(start: &[u8]) -> bool {
    // A character may be cut.
    let is_utf8 = std::str::from_utf8(start).map_or_else(|e| e.error_len().is_none(), |_| true);
    let is_control = |&byte: &u8| byte < 0x09 || (0x0e..0x1b).contains(&byte);
    !start.trim_ascii().is_empty()
        && is_utf8
        && !start.iter().any(is_control)
        && Form::of(start) == Form::Unknown
}

/// Reads a data set of tables.
///
/// # Errors
///
/// [`DataError`] naming the file, and the line and the column that are to blame.
pub fn load(path: &Path, options: &ReadOptions) -> Result<DataSet, DataError> {
    let ReadOptions { ignore, text, header, encode, encoding, .. } = options;
    let read = |path: &Path, of_text: Vec<ColumnRef>| -> Result<Table, DataError> {
        let (text, ignore) = (text.iter().cloned().chain(of_text).collect(), ignore.clone());
        read_csv(path, &CsvOptions { text, header: *header, ignore, ..CsvOptions::default() })
    };
    let of_text = match encoding {
        Some(encoding) => encoding.text_columns(),
        None => encode.group.iter().cloned().collect(),
    };
    let train = read(path, of_text)?;
    let mut encoding = match encoding {
        Some(encoding) => encoding.clone(),
        None => {
            let encoding = Encoding::learn(&train, encode)?;
            encoding.warn_of_mixtures(&train, text);
            encoding
        }
    };
    let (mut unlabelled, mut incomplete) = (0, 0);
    let mut samples = |encoding: &mut Encoding, mut table: Table| {
        encoding.check_width(&table, table.ignored.len())?;
        if encode.skips_unlabelled {
            unlabelled += encoding.take_unlabelled(&mut table)?;
        }
        encoding.add_classes(&table)?;
        let (count, file) = (table.num_rows(), table.file.clone());
        let (records, lines) = encoding.samples_and_lines(table, encode.missing)?;
        incomplete += count - lines.len();
        Ok::<_, DataError>((records, Origin::Lines { file, lines }))
    };

    let source = Source::read(&KIND, path.display().to_string());
    let coarse = encoding.coarse(&train);
    let (mut train, of_train) = samples(&mut encoding, train)?;
    let mut more = |path: &Option<PathBuf>| match path {
        Some(path) => {
            let table = read(path, encoding.text_columns())?;
            samples(&mut encoding, table)
        }
        None => Ok((Records::new(0), Origin::Unknown)),
    };
    let ((mut val, of_val), (mut test, of_test)) = (more(&options.val)?, more(&options.test)?);
    narrow(&mut [&mut train, &mut val, &mut test]);
    Ok(DataSet {
        val,
        test,
        train,
        class_names: encoding.class_names.clone(),
        target_names: encoding.targets.iter().map(ToString::to_string).collect(),
        task: encoding.task,
        normal: None,
        fills_missing: encode.missing == Missing::Mean,
        unlabelled,
        incomplete,
        coarse,
        places: Places { train: of_train, val: of_val, test: of_test },
        encoding: Some(encoding),
        form: None,
        layout: None,
        source,
    })
}
