//! Tables as CSV and TSV files hold them: a data set of one file, or of one for each part.

use crate::table::{ColumnRef, CsvOptions, EncodeOptions, Encoding, Table, read_csv};
use crate::{DataError, DataSet, Kind, Records, Source, Task, Wanted};
use barenet::Label;
use std::path::{Path, PathBuf};

/// What is known of a table before it is read.
pub const KIND: Kind = Kind { word: "table", name: "table", image_shape: "", class_names: &[] };

/// A table that is to be read, and how.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TableFiles {
    /// The table that trains, and that the parts without a table are drawn from.
    pub train: PathBuf,
    /// A table that validates.
    pub val: Option<PathBuf>,
    /// A table that tests.
    pub test: Option<PathBuf>,
}

/// How the columns of a table are read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TableOptions {
    /// Columns that are not read.
    pub ignore: Vec<ColumnRef>,
    /// Columns that are text although they look like numbers.
    pub text: Vec<ColumnRef>,
    /// Whether the first row names the columns; by default that is found out.
    pub header: Option<bool>,
    /// What becomes of the others.
    pub encode: EncodeOptions,
    /// The name of the class that an autoencoder is trained on; by default the most frequent one.
    pub normal: Option<String>,
    /// Columns as a network was trained with them, in place of `encode`'s.
    pub encoding: Option<Encoding>,
}

/// Whether a path is that of a file whose name says that it is a table.
#[must_use]
pub fn is_table(path: &Path) -> bool {
    let ending = path.extension().and_then(|ending| ending.to_str()).map(str::to_ascii_lowercase);
    ending.is_some_and(|ending| ["csv", "tsv", "tab", "txt"].contains(&ending.as_str()))
        && !path.is_dir()
}

/// Reads a data set of tables.
///
/// # Errors
///
/// [`DataError`] naming the file, and the line and the column that are to blame.
pub fn load(files: &TableFiles, options: &TableOptions) -> Result<DataSet, DataError> {
    let TableOptions { ignore, text, header, encode, normal, encoding } = options;
    let read = |path: &Path, of_text: Vec<ColumnRef>| -> Result<Table, DataError> {
        let (text, ignore) = (text.iter().cloned().chain(of_text).collect(), ignore.clone());
        read_csv(path, &CsvOptions { text, header: *header, ignore, ..CsvOptions::default() })
    };
    let of_text = match encoding {
        Some(encoding) => encoding.text_columns(),
        None => encode.group.iter().cloned().collect(),
    };
    let train = read(&files.train, of_text)?;
    let encoding = match encoding {
        Some(encoding) => encoding.clone(),
        None => Encoding::learn(&train, encode)?,
    };
    let samples = |table: Table| -> Result<Records, DataError> {
        Ok(encoding.samples(table, encode.missing)?)
    };
    let more = |path: &Option<PathBuf>| match path {
        Some(path) => samples(read(path, encoding.text_columns())?),
        None => Ok(Records::new(0)),
    };
    let source = Source::read(&KIND, files.train.display().to_string());
    let train = samples(train)?;
    let normal = normal_class(&encoding, &train, normal.as_deref())
        .map_err(|problem| DataError::Inconsistent(source.to_string(), problem))?;
    let data = DataSet {
        val: more(&files.val)?,
        test: more(&files.test)?,
        train,
        class_names: encoding.class_names.clone(),
        target_names: encoding.targets.iter().map(ToString::to_string).collect(),
        task: encoding.task,
        normal,
        encoding: Some(encoding),
        source,
    };
    data.check().map(|()| data)
}

/// The class that an autoencoder is trained on.
fn normal_class(
    encoding: &Encoding,
    records: &Records,
    name: Option<&str>,
) -> Result<Option<Label>, String> {
    let (Task::Reconstruct, Wanted::Classes(labels)) = (encoding.task, records.targets()) else {
        return Ok(None);
    };
    let names = || (0..).zip(&encoding.class_names);
    match name {
        Some(name) => {
            let found = names().find(|(_, class)| *class == name).map(|(label, _)| label);
            let all = encoding.class_names.join(", ");
            found.map(Some).ok_or_else(|| format!("has no class {name:?}; its classes are {all}"))
        }
        None => {
            let count = |label| labels.iter().filter(|&&found| found == label).count();
            Ok(names().max_by_key(|&(label, _)| count(label)).map(|(label, _)| label))
        }
    }
}
