//! The formats in which data sets come: a file each, and a row in [`FORMATS`].

pub mod archive;
pub mod cifar10;
pub mod cifar100;
mod class_files;
mod class_folders;
pub mod csv;
mod elements;
pub(crate) mod form;
pub mod idx;
pub(crate) mod mixed;
pub mod numpy;
mod parts;
pub mod pickle;
pub mod pictures;
pub mod recordings;
pub mod rows;
mod shared_groups;
mod six_files;
mod targets;
pub(crate) mod text;
mod unknown;
pub mod unlabelled;

pub use class_files::begins_like_a_picture;
pub use unknown::{kind_of_file, other_than_table};

use crate::{DataError, DataSet, FormatName, Kind, ReadOptions, Version, builtin};
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// A format in which a data set comes.
#[derive(Clone, Copy, Debug)]
pub struct Format {
    /// The name by which it is asked for: of several formats of a name it is the first that recognises the data.
    pub name: FormatName,
    /// The kind of data that come in it.
    pub kind: &'static Kind,
    /// Names under which it usually lies in a folder.
    pub usual_names: &'static [&'static str],
    /// Whether what lies under one of them is meant to be of this format, even where it is not: then reading
    /// it says what is wrong.
    pub is_told_by_name: bool,
    /// Whether there is something of this format at a path.
    pub recognises: fn(&Path) -> Result<bool, DataError>,
    /// Reads it.
    pub load: fn(&Path, &ReadOptions) -> Result<DataSet, DataError>,
}

impl Version {
    /// Every version.
    pub const ALL: [Self; 2] = [Self::Binary, Self::Python];

    /// Names and readers of its files.
    pub(crate) const fn files(self) -> &'static six_files::VersionFiles {
        match self {
            Self::Binary => &cifar10::FILES,
            Self::Python => &pickle::FILES,
        }
    }
}

/// Folders of the versions of CIFAR-10.
const FOLDERS: &[&str] = &[cifar10::FILES.folder, pickle::FILES.folder];

/// Archives of them.
const ARCHIVES: &[&str] = &[
    cifar10::FILES.archive,
    pickle::FILES.archive,
    "cifar-10-binary.tgz",
    "cifar-10-python.tgz",
    "cifar-10-binary.tar",
    "cifar-10-python.tar",
];

/// All formats, in the order in which they are looked for.
pub const FORMATS: &[Format] = &[
    Format {
        name: FormatName::Cifar10,
        kind: &cifar10::KIND,
        usual_names: FOLDERS,
        is_told_by_name: false,
        recognises: cifar10::recognises,
        load: |folder, _| (cifar10::FILES.load)(folder),
    },
    Format {
        name: FormatName::Cifar10,
        kind: &cifar10::KIND,
        usual_names: FOLDERS,
        is_told_by_name: false,
        recognises: pickle::recognises,
        load: |folder, _| (pickle::FILES.load)(folder),
    },
    Format {
        name: FormatName::Numpy,
        kind: &numpy::KIND,
        usual_names: &[],
        is_told_by_name: false,
        recognises: numpy::recognises,
        load: numpy::load,
    },
    Format {
        name: FormatName::Idx,
        kind: &idx::KIND,
        usual_names: &[],
        is_told_by_name: false,
        recognises: idx::recognises,
        load: idx::load,
    },
    Format {
        name: FormatName::Csv,
        kind: &csv::KIND,
        usual_names: &[],
        is_told_by_name: false,
        recognises: csv::recognises,
        load: csv::load,
    },
    Format {
        name: FormatName::Pictures,
        kind: &pictures::KIND,
        usual_names: &[],
        is_told_by_name: false,
        recognises: pictures::recognises,
        load: pictures::load,
    },
    Format {
        name: FormatName::Recordings,
        kind: &recordings::KIND,
        usual_names: &[],
        is_told_by_name: false,
        recognises: recordings::recognises,
        load: recordings::load,
    },
    Format {
        name: FormatName::Cifar100,
        kind: &cifar100::KIND,
        usual_names: cifar100::FOLDERS,
        is_told_by_name: false,
        recognises: cifar100::recognises,
        load: cifar100::load,
    },
    Format {
        name: FormatName::Cifar100,
        kind: &cifar100::KIND,
        usual_names: cifar100::ARCHIVES,
        is_told_by_name: true,
        recognises: cifar100::recognises_archive,
        load: cifar100::load_archive,
    },
    Format {
        name: FormatName::Cifar10,
        kind: &cifar10::KIND,
        usual_names: ARCHIVES,
        is_told_by_name: true,
        recognises: archive::recognises,
        load: |file, _| archive::load(file),
    },
];

/// Reads the data set at a path, or under a usual name in a folder.
///
/// # Errors
///
/// [`DataError`] naming the file, what was expected and what was found.
pub fn load(path: &Path) -> Result<DataSet, DataError> {
    ReadOptions::default().load(path)
}

impl ReadOptions {
    /// Reads the data set at a path, or under a usual name in a folder.
    ///
    /// # Errors
    ///
    /// Those of [`load`], and [`DataError::NoUse`] for what is asked of other data than these.
    pub fn load(&self, path: &Path) -> Result<DataSet, DataError> {
        fs::metadata(path).map_err(|e| DataError::io(path, e))?;
        let (format, place) = self.find(path)?;
        self.check_use(format.kind, &place)?;
        self.check_parts(format)?;
        let mut data = (format.load)(&place, self).map_err(|error| self.or_other(path, error))?;
        data.source = data.source.named(&place);
        self.apply_task(&mut data)?;
        data.check().map(|()| data)
    }

    /// An error of data that were said to be of a format, and are of another: which that is.
    fn or_other(&self, path: &Path, error: DataError) -> DataError {
        let any = Self { format: None, ..self.clone() };
        match (self.format, any.find(path)) {
            (Some(asked), Ok((found, _))) if found.name != asked && !mixed::has(asked, path) => {
                DataError::OtherFormat { place: path.display().to_string(), found: found.kind.name }
            }
            _ => error,
        }
    }

    /// The kind of the data at a path or under a usual name in a folder, which are not read.
    ///
    /// # Errors
    ///
    /// [`DataError`] if there are none.
    pub fn kind_of(&self, path: &Path) -> Result<&'static Kind, DataError> {
        fs::metadata(path).map_err(|e| DataError::io(path, e))?;
        self.find(path).map(|(format, _)| format.kind)
    }

    /// The format of what is at a path or under a usual name in a folder, and its place.
    fn find(&self, path: &Path) -> Result<(&'static Format, PathBuf), DataError> {
        let is_asked_for = |format: &&Format| self.format.is_none_or(|name| name == format.name);
        let formats = || FORMATS.iter().filter(is_asked_for);
        let here = formats().map(|format| (format, path.to_owned(), false));
        let by_name = formats().flat_map(|format| {
            let places = format.usual_names.iter().map(|name| path.join(name));
            places.map(move |place| (format, place, format.is_told_by_name))
        });
        let mut attempt = None;
        for (format, place, is_told_by_name) in here.chain(by_name) {
            let is_meant = || self.format.is_some() || mixed::is_mostly(format.name, &place);
            if (format.recognises)(&place)? && is_meant() {
                return Ok((format, place));
            }
            if is_told_by_name && attempt.is_none() && is_there(&place)? {
                attempt = Some((format, place));
            }
        }
        // Of a format that was asked for, reading says what is wrong; the first row is of folders.
        let only = match self.format {
            None => None,
            Some(FormatName::Cifar10) if path.is_dir() => None,
            Some(_) if path.is_dir() => formats().next(),
            Some(_) => formats().next_back(),
        };
        let only = only.map(|format| (format, path.to_owned()));
        attempt.or(only).ok_or_else(|| match self.format {
            Some(_) => DataError::NotFound(path.display().to_string()),
            None => unknown::no_data(path),
        })
    }
}

/// The kind of data that a word means.
///
/// ```
/// use barenet_data::find_kind;
/// assert_eq!(find_kind("cifar10").map(|kind| kind.name), Some("CIFAR-10"));
/// ```
#[must_use]
pub fn find_kind(word: &str) -> Option<&'static Kind> {
    let kinds = FORMATS.iter().map(|format| format.kind).chain([&builtin::KIND]);
    kinds.into_iter().find(|kind| kind.word == word)
}

/// Whether there is something of this name: if it is no file, reading it says what it is. A folder that may
/// not be looked into is an error: it may hold one. A link to what is not there was meant to be one, and
/// to read it is the error that says so.
fn is_there(path: &Path) -> Result<bool, DataError> {
    match fs::metadata(path) {
        Ok(_) => Ok(true),
        Err(e) if matches!(e.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            Ok(fs::symlink_metadata(path).is_ok())
        }
        Err(error) => Err(DataError::io(path, error)),
    }
}
