//! The images: CIFAR-10 in any of its official forms, or the built-in data set.

pub mod archive;
pub mod builtin;
pub mod cifar10;
#[cfg(feature = "fetch")]
pub mod fetch;
mod images;
pub mod pickle;

pub use images::{Images, mean_image};

use std::fmt;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// Rows and columns of an image.
pub const SIDE: usize = 32;
/// Numbers of an image: three planes, red, green, blue.
pub const IMAGE_LEN: usize = 3 * SIDE * SIDE;
/// Classes.
pub const NUM_CLASSES: usize = 10;

/// A whole data set.
#[derive(Clone, Debug)]
pub struct DataSet {
    /// The training set, validation images included.
    pub train: Images,
    /// The test set.
    pub test: Images,
    /// What the classes are called.
    pub class_names: Vec<String>,
    /// Where it comes from.
    pub source: Source,
}

/// Where a data set comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// CIFAR-10, in one of its official forms.
    Cifar10(Cifar10Source),
    /// Drawn by [`builtin`].
    BuiltIn,
}

/// Where CIFAR-10 was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cifar10Source {
    /// The folder that holds the six files, or the archive.
    pub path: PathBuf,
    /// Which version its files are.
    pub version: Version,
    /// Whether it is a `.tar.gz`.
    pub is_archive: bool,
}

/// The two versions of CIFAR-10 that can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Version {
    /// Records of bytes: [`cifar10`]
    #[value(help = "Records of bytes")]
    Binary,
    /// Pickled dicts: [`pickle`]
    #[value(help = "Pickled dicts")]
    Python,
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self::Cifar10(source) = self else { return f.write_str("built-in images") };
        write!(f, "CIFAR-10 from {} ({} version", source.path.display(), source.version)?;
        f.write_str(if source.is_archive { ", .tar.gz)" } else { ")" })
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Binary => "binary",
            Self::Python => "python",
        })
    }
}

impl Source {
    /// A word for it in machine-readable output.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Cifar10(_) => "cifar10",
            Self::BuiltIn => "built-in",
        }
    }
}

/// Why data cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum DataError {
    /// The operating system refuses.
    #[error("{path}: {error}")]
    Io {
        /// The file or folder.
        path: String,
        /// What the system says.
        error: std::io::Error,
    },
    /// A folder that holds no CIFAR-10.
    #[error(
        "{0}: no CIFAR-10 here; expected data_batch_1.bin to data_batch_5.bin and test_batch.bin, \
         the same without .bin (python version), or cifar-10-binary.tar.gz or \
         cifar-10-python.tar.gz, from {WEB_PAGE}"
    )]
    NotFound(String),
    /// What the environment variable names cannot be read.
    #[error("CIFAR10_DIR: {0}")]
    ByVariable(Box<DataError>),
    /// A file or folder that is not there.
    #[error("{0}: No such file or folder; all of CIFAR-10 is at {WEB_PAGE}")]
    Missing(String),
    /// A file that is not what it should be.
    #[error("{file}: {problem}; replace it with the one from {WEB_PAGE}")]
    Format {
        /// The file.
        file: String,
        /// What was expected and found.
        problem: String,
    },
}

/// Where CIFAR-10 can be had.
pub const WEB_PAGE: &str = "https://www.cs.toronto.edu/~kriz/cifar.html";

impl DataError {
    pub(crate) fn format(file: &str, problem: impl Into<String>) -> Self {
        Self::Format { file: file.to_owned(), problem: problem.into() }
    }

    pub(crate) fn io(path: &Path, error: std::io::Error) -> Self {
        if error.kind() == ErrorKind::NotFound {
            return Self::Missing(path.display().to_string());
        }
        Self::Io { path: path.display().to_string(), error }
    }
}

/// Finds and reads the data: `explicit`, otherwise what the environment variable `CIFAR10_DIR` names,
/// otherwise CIFAR-10 in the folder `./data`, otherwise the built-in data set.
///
/// # Errors
///
/// [`DataError`] if what was asked for, by argument or by variable, cannot be read, or if `./data`
/// holds some of CIFAR-10's files and cannot be read: damaged data are never silently replaced.
pub fn discover(explicit: Option<&Path>) -> Result<DataSet, DataError> {
    if let Some(path) = explicit {
        return load(path);
    }
    if let Some(path) = std::env::var_os("CIFAR10_DIR").filter(|path| !path.is_empty()) {
        return load(Path::new(&path)).map_err(|error| DataError::ByVariable(Box::new(error)));
    }
    load_or_built_in(Path::new("data"))
}

/// Reads CIFAR-10 from a folder that may not be there, or may hold other things.
fn load_or_built_in(folder: &Path) -> Result<DataSet, DataError> {
    match std::fs::metadata(folder) {
        Ok(metadata) if metadata.is_dir() => {}
        Err(error) if error.kind() != ErrorKind::NotFound => {
            return Err(DataError::io(folder, error));
        }
        _ => return Ok(builtin::generate()),
    }
    match load(folder) {
        Err(DataError::NotFound(_)) => Ok(builtin::generate()),
        result => result,
    }
}

/// Reads CIFAR-10 from a folder or an archive, binary or python version.
///
/// # Errors
///
/// [`DataError`] naming the file, what was expected and what was found.
pub fn load(path: &Path) -> Result<DataSet, DataError> {
    let metadata = std::fs::metadata(path).map_err(|e| DataError::io(path, e))?;
    if metadata.is_file() {
        return archive::load(path);
    }
    let folders = [path.to_owned(), path.join(cifar10::FOLDER), path.join(pickle::FOLDER)];
    for folder in folders {
        // One file is enough to tell; if another is missing, that is an error which names it.
        let has = |files: [&str; 5], test: &str| {
            let mut names = files.iter().chain([&test]);
            names.try_fold(false, |found, name| Ok(found || is_file(&folder.join(name))?))
        };
        if has(cifar10::TRAIN_FILES, cifar10::TEST_FILE)? {
            return cifar10::load(&folder);
        }
        if has(pickle::TRAIN_FILES, pickle::TEST_FILE)? {
            return pickle::load(&folder);
        }
    }
    for name in ["cifar-10-binary.tar.gz", "cifar-10-python.tar.gz"] {
        if is_file(&path.join(name))? {
            return archive::load(&path.join(name));
        }
    }
    Err(DataError::NotFound(path.display().to_string()))
}

/// Whether there is such a file. A folder that may not be looked into is an error: it may hold one.
fn is_file(path: &Path) -> Result<bool, DataError> {
    match std::fs::metadata(path) {
        Ok(metadata) => Ok(metadata.is_file()),
        Err(e) if matches!(e.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Ok(false),
        Err(error) => Err(DataError::io(path, error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_explicit_path_that_is_wrong_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        assert!(matches!(discover(Some(folder.path())), Err(DataError::NotFound(_))));
        let nothing = folder.path().join("nothing");
        assert!(matches!(discover(Some(&nothing)), Err(DataError::Missing(_))));
    }

    #[test]
    fn a_folder_that_lacks_a_file_is_an_error_that_names_it() {
        let folder = tempfile::tempdir().unwrap();
        let inner = folder.path().join(cifar10::FOLDER);
        std::fs::create_dir(&inner).unwrap();
        std::fs::write(inner.join("test_batch.bin"), [0; 3073]).unwrap();
        for result in [load(folder.path()), load_or_built_in(folder.path())] {
            let error = result.unwrap_err();
            assert!(matches!(error, DataError::Missing(_)), "{error}");
            assert!(error.to_string().contains("data_batch_1.bin: No such file"), "{error}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_may_be_there_but_cannot_be_seen_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        // A link to itself, as a folder without permission, cannot be followed by anyone.
        let file = folder.path().join("test_batch.bin");
        std::os::unix::fs::symlink(&file, &file).unwrap();
        for result in [load(folder.path()), load_or_built_in(folder.path())] {
            assert!(matches!(result, Err(DataError::Io { .. })), "{result:?}");
        }
        let result = load_or_built_in(&file);
        assert!(matches!(result, Err(DataError::Io { .. })), "{result:?}");
    }

    #[test]
    fn without_cifar_10_the_built_in_images_train() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("notes.txt"), "mine").unwrap();
        for folder in [folder.path().to_owned(), folder.path().join("nothing")] {
            let data = load_or_built_in(&folder).unwrap();
            assert_eq!(data.source, Source::BuiltIn);
            assert_eq!(data.train.len(), builtin::NUM_TRAIN);
            assert_eq!(data.test.len(), builtin::NUM_TEST);
        }
    }

    #[test]
    fn cifar_10_is_whole() {
        let Some(path) = std::env::var_os("CIFAR10_DIR").filter(|path| !path.is_empty()) else {
            eprintln!("skipped: CIFAR10_DIR names no folder with CIFAR-10");
            return;
        };
        let data = discover(None).unwrap();
        assert_eq!((data.train.len(), data.test.len()), (50_000, 10_000), "{path:?}");
        assert_eq!(data.class_names, cifar10::CLASS_NAMES);
        for (images, each) in [(&data.train, 5000), (&data.test, 1000)] {
            for class in 0..10 {
                let count = images.labels().iter().filter(|&&label| label == class).count();
                assert_eq!(count, each, "class {class}");
            }
        }
        // The mean over all training pixels, as everyone who normalizes CIFAR-10 knows it.
        let mean = mean_image(&data.train, 50_000);
        for (plane, expected) in mean.chunks_exact(SIDE * SIDE).zip([0.4914, 0.4822, 0.4465]) {
            let found = plane.iter().sum::<f64>() / (SIDE * SIDE) as f64 / 255.0;
            assert!((found - expected).abs() < 1e-4, "expected {expected}, found {found}");
        }
    }
}
