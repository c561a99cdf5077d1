//! Data sets in memory from which training reads fast.

use crate::settings::{Name, Settings};
use barenet_data::formats::csv::{self, TableFiles, TableOptions, is_table};
use barenet_data::table::{ColumnRef, EncodeOptions};
use barenet_data::{DataError, DataSet, Encoding};
use std::path::{Path, PathBuf};

/// Files of a data set, as somebody names them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Files {
    /// The data that train, or all data.
    pub data: Option<PathBuf>,
    /// A table that validates.
    pub val: Option<PathBuf>,
    /// A table that tests.
    pub test: Option<PathBuf>,
}

/// Reads the data set that is asked for, or found, as [`barenet_data::discover`] does, onto huge pages. The columns
/// of a table are taken as a network was trained with them, or else as the settings say.
///
/// # Errors
///
/// Those of [`barenet_data::discover`] and [`csv::load`].
pub fn read(
    files: &Files,
    settings: &Settings,
    trained_with: Option<&Encoding>,
) -> Result<DataSet, DataError> {
    barenet_data::prepare_memory_with(barenet_blas::prefer_huge_pages);
    let Some(path) = files.data.as_deref().filter(|path| is_table(path)) else {
        return barenet_data::discover(files.data.as_deref());
    };
    let columns = |names: &Option<String>| -> Vec<ColumnRef> {
        let names = names.as_deref().unwrap_or_default();
        names.split(',').filter(|name| !name.trim().is_empty()).map(ColumnRef::from).collect()
    };
    let tables =
        TableFiles { train: path.to_owned(), val: files.val.clone(), test: files.test.clone() };
    let options = TableOptions {
        ignore: columns(&settings.ignore),
        text: columns(&settings.text),
        header: settings.header,
        encode: EncodeOptions {
            target: columns(&settings.target),
            group: settings.group.as_deref().map(ColumnRef::from),
            task: settings.task.map(Name::value),
            missing: settings.missing.map(Name::value).unwrap_or_default(),
        },
        normal: settings.normal.clone(),
        encoding: trained_with.cloned(),
    };
    csv::load(&tables, &options)
}

impl From<&Path> for Files {
    fn from(data: &Path) -> Self {
        Self { data: Some(data.to_owned()), ..Self::default() }
    }
}
