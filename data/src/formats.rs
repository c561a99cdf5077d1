//! The formats in which data sets come: a file each, and a row in [`FORMATS`].

pub mod archive;
pub mod cifar10;
mod form;
pub mod pickle;
mod six_files;

use crate::{DataError, DataSet};
use std::fs;
use std::io::ErrorKind;
use std::path::Path;

/// A format in which a data set comes.
#[derive(Clone, Copy, Debug)]
pub struct Format {
    /// Its name.
    pub name: &'static str,
    /// Names under which it usually lies in a folder.
    pub usual_names: &'static [&'static str],
    /// Whether there is something of this format at a path.
    pub recognises: fn(&Path) -> Result<bool, DataError>,
    /// Reads it.
    pub load: fn(&Path) -> Result<DataSet, DataError>,
}

/// Folders of the versions of CIFAR-10.
const FOLDERS: &[&str] = &[cifar10::FOLDER, pickle::FOLDER];

/// Archives of them.
const ARCHIVES: &[&str] = &[
    "cifar-10-binary.tar.gz",
    "cifar-10-python.tar.gz",
    "cifar-10-binary.tgz",
    "cifar-10-python.tgz",
    "cifar-10-binary.tar",
    "cifar-10-python.tar",
];

/// All formats, in the order in which they are looked for.
pub const FORMATS: &[Format] = &[
    Format {
        name: "CIFAR-10, binary version",
        usual_names: FOLDERS,
        recognises: cifar10::recognises,
        load: cifar10::load,
    },
    Format {
        name: "CIFAR-10, python version",
        usual_names: FOLDERS,
        recognises: pickle::recognises,
        load: pickle::load,
    },
    Format {
        name: "CIFAR-10, archive",
        usual_names: ARCHIVES,
        recognises: archive::recognises,
        load: archive::load,
    },
];

/// Reads the data set at a path, or under a usual name in a folder.
///
/// # Errors
///
/// [`DataError`] naming the file, what was expected and what was found.
pub fn load(path: &Path) -> Result<DataSet, DataError> {
    fs::metadata(path).map_err(|e| DataError::io(path, e))?;
    for format in FORMATS {
        if (format.recognises)(path)? {
            return (format.load)(path);
        }
    }
    for format in FORMATS {
        for name in format.usual_names {
            let place = path.join(name);
            if (format.recognises)(&place)? {
                return (format.load)(&place);
            }
        }
    }
    // A folder in the place of an archive: reading it says so.
    for name in ARCHIVES {
        let place = path.join(name);
        if is_there(&place)? {
            return archive::load(&place);
        }
    }
    Err(DataError::NotFound(path.display().to_string()))
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
