//! Tables as CSV and TSV files hold them: a data set of one file, or of one for each part.

use super::form::{self, Form};
use super::is_there;
use super::shared_groups::Groups;
use super::text::other_text;
use crate::numbers::narrow;
use crate::reading::read_start;
use crate::table::{CsvOptions, EncodeOptions, Encoding, LeftOut, Missing, Table, read_csv};
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
    takes: &["val", "test", "target", "ignore", "text", "header", "group", "missing"],
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

/// Whether a file that begins so is text, and no web page or other text that is no table.
pub(super) fn is_text(start: &[u8]) -> bool {
    // A character may be cut.
    let is_utf8 = std::str::from_utf8(start).map_or_else(|e| e.error_len().is_none(), |_| true);
    let is_control = |&byte: &u8| byte < 0x09 || (0x0e..0x1b).contains(&byte);
    !start.trim_ascii().is_empty()
        && is_utf8
        && !start.iter().any(is_control)
        && Form::of(start) == Form::Unknown
        && other_text(start).is_none()
}

/// Reads a data set of tables.
///
/// # Errors
///
/// [`DataError`] naming the file, and the line and the column that are to blame.
pub fn load(path: &Path, options: &ReadOptions) -> Result<DataSet, DataError> {
    let ReadOptions { ignore, text, header, encode, encoding, .. } = options;
    let is_new = encoding.is_none();
    let read = |path: &Path, known: Option<&Encoding>| -> Result<Table, DataError> {
        let of_text = match known {
            Some(encoding) => encoding.text_columns(),
            None => encode.group.iter().cloned().collect(),
        };
        let text = text.iter().cloned().chain(of_text).collect();
        let (ignore, unique) = (ignore.clone(), known.map(Encoding::columns));
        let options = CsvOptions { text, header: *header, ignore, unique, ..CsvOptions::default() };
        read_csv(path, &options)
    };
    let mut train = read(path, encoding.as_ref())?;
    // What is normal trains without labels where other parts have them.
    let is_in_parts = options.val.is_some() || options.test.is_some();
    let lacks_labels = |table: &Table| encode.lacks_labels(table).filter(|_| is_in_parts);
    let without_labels = lacks_labels(&train);
    let (mut encoding, left_out) = match encoding {
        Some(encoding) => (encoding.clone(), LeftOut::default()),
        None if without_labels.is_some() => learn_unlabelled(&mut train, options)?,
        None => {
            let left_out = Encoding::take_lacking(&mut train, encode)?;
            let encoding = Encoding::learn(&train, encode)?;
            // With a class that is normal it is an error to name no target.
            if options.normal.is_none() {
                encoding.warn_of_labels(&train);
            }
            (encoding, left_out)
        }
    };
    if is_new {
        encoding.warn_of_texts(&train, text);
    }
    let LeftOut { mut unlabelled, mut incomplete } = left_out;
    let mut has_labels = false;
    let mut samples = |encoding: &mut Encoding, mut table: Table| {
        let plain = lacks_labels(&table).map(|_| encoding.unlabelled());
        has_labels |= plain.is_none();
        let known = plain.as_ref().unwrap_or(encoding);
        known.check_width(&table, table.ignored.len())?;
        if encode.skips_unlabelled {
            unlabelled += known.take_unlabelled(&mut table)?;
        }
        if plain.is_none() {
            encoding.add_classes(&table)?;
        }
        let encoding = plain.as_ref().unwrap_or(encoding);
        let (count, file) = (table.num_rows(), table.file.clone());
        let names = encoding.group_names(&table);
        let (records, lines) = encoding.samples_and_lines(table, encode.of_missing())?;
        incomplete += count - lines.len();
        let groups = Groups { of_samples: records.groups.clone(), names };
        Ok::<_, DataError>((records, Origin::Lines { file, lines }, groups))
    };

    let source = Source::read(&KIND, path.display().to_string());
    let coarse = encoding.coarse(&train);
    let (mut train, of_train, groups) = samples(&mut encoding, train)?;
    let mut more = |part: &Option<PathBuf>| -> Result<_, DataError> {
        let Some(part) = part else { return Ok((Records::new(0), Origin::Unknown)) };
        let table = read(part, Some(&encoding))?;
        let (records, origin, of_part) = samples(&mut encoding, table)?;
        let (place, train) = (part.display().to_string(), path.display().to_string());
        if let Some(warning) = groups.shared_with(&of_part, &place, &train).filter(|_| is_new) {
            log::warn!("{warning}");
        }
        Ok((records, origin))
    };
    let ((mut val, of_val), (mut test, of_test)) = (more(&options.val)?, more(&options.test)?);
    if let Some(error) = without_labels.filter(|_| !has_labels) {
        return Err(error.into());
    }
    narrow(&mut [&mut train, &mut val, &mut test]);
    Ok(DataSet {
        val,
        test,
        train,
        class_names: encoding.class_names.clone(),
        target_names: encoding.targets.iter().map(ToString::to_string).collect(),
        task: encoding.task,
        normal: None,
        fills_missing: encode.of_missing() == Missing::Mean,
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

/// Learns a table without the labels that other parts have. They have a meaning only if it is said which is normal.
fn learn_unlabelled(
    train: &mut Table,
    options: &ReadOptions,
) -> Result<(Encoding, LeftOut), DataError> {
    let plain = EncodeOptions { target: Vec::new(), ..options.encode.clone() };
    let left_out = Encoding::take_lacking(train, &plain)?;
    let mut encoding = Encoding::learn(train, &plain)?;
    if options.normal.is_some() {
        encoding.targets.clone_from(&options.encode.target);
    } else {
        log::warn!(
            "{}: has no labels, and those of other parts are not used: say with --normal which class is normal, and the others \
             count as anomalies",
            train.file
        );
    }
    Ok((encoding, left_out))
}
