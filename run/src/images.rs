//! Data sets in memory from which training reads fast.

use crate::settings::{Name, PictureSize, Settings};
use crate::trained_on::TrainedOn;
use barenet_data::table::{ColumnRef, EncodeOptions, Missing};
use barenet_data::{DataError, DataSet, ReadOptions};
use std::path::{Path, PathBuf};

/// The settings that say how data are read.
pub const READING: [&str; 12] = [
    "format",
    "task",
    "target",
    "ignore",
    "text",
    "header",
    "group",
    "missing",
    "image_size",
    "window",
    "stride",
    "normal",
];

/// Files of a data set, as somebody names them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Files {
    /// The data that train, or all data.
    pub data: Option<PathBuf>,
    /// Data that validate.
    pub val: Option<PathBuf>,
    /// Data that test.
    pub test: Option<PathBuf>,
}

/// Reads the data set that is asked for, or found, by its [`options`], as [`discover`] does.
///
/// # Errors
///
/// Those of [`ReadOptions::discover`].
pub fn read(
    files: &Files,
    settings: &Settings,
    trained_on: Option<&TrainedOn>,
) -> Result<DataSet, DataError> {
    let options = options(files, settings, trained_on);
    discover(&options, files).or_else(|error| {
        // Of another kind of data that is what is wrong.
        if let (Some(trained_on), Some(path)) = (trained_on, &files.data)
            && let Ok(kind) = options.kind_of(path)
        {
            trained_on.check_windows(kind, path, settings.window.is_some())?;
        }
        Err(error)
    })
}

/// Reads the data set that is asked for, or found, as [`ReadOptions::discover`] does, onto huge pages.
///
/// # Errors
///
/// Those of [`ReadOptions::discover`].
pub fn discover(options: &ReadOptions, files: &Files) -> Result<DataSet, DataError> {
    barenet_data::prepare_memory_with(barenet_blas::prefer_huge_pages);
    options.discover(files.data.as_deref())
}

/// How data are read: the columns of a table and the form of samples as a network was trained with them, or else as the
/// settings say.
#[must_use]
pub fn options(files: &Files, settings: &Settings, trained_on: Option<&TrainedOn>) -> ReadOptions {
    // A run of an earlier version may have the setting without an effect.
    let takes_none =
        trained_on.and_then(TrainedOn::kind).is_some_and(|kind| !kind.takes.contains(&"missing"));
    let has_use = |_: &Name<Missing>| !takes_none;
    ReadOptions {
        format: settings.format.map(Name::value),
        val: files.val.clone(),
        test: files.test.clone(),
        ignore: columns(settings.ignore.as_deref()),
        text: columns(settings.text.as_deref()),
        header: settings.header,
        encode: EncodeOptions {
            target: columns(settings.target.as_deref()),
            group: settings.group.as_deref().map(ColumnRef::from),
            task: settings.task.map(Name::value),
            missing: settings.missing.filter(has_use).map(Name::value).unwrap_or_default(),
            skips_unlabelled: false,
        },
        normal: settings.normal.clone(),
        image_size: settings.image_size.map(|PictureSize(size)| size),
        window: settings.window,
        stride: settings.stride,
        encoding: trained_on.and_then(TrainedOn::encoding),
        trained_form: trained_on.and_then(TrainedOn::form),
        trained_normal: trained_on.and_then(TrainedOn::normal).map(str::to_owned),
    }
}

/// The columns that a setting names, with commas between them.
pub(crate) fn columns(names: Option<&str>) -> Vec<ColumnRef> {
    let names = names.unwrap_or_default().split(',');
    names.filter(|name| !name.trim().is_empty()).map(ColumnRef::from).collect()
}

impl From<&Path> for Files {
    fn from(data: &Path) -> Self {
        Self { data: Some(data.to_owned()), ..Self::default() }
    }
}
