//! The images: CIFAR-10 in any of its official forms, or the built-in data set.

pub mod archive;
pub mod builtin;
pub mod cifar10;
pub mod pickle;

use std::fmt;
use std::path::{Path, PathBuf};

/// Rows and columns of an image.
pub const SIDE: usize = 32;
/// Numbers of an image: three planes, red, green, blue.
pub const IMAGE_LEN: usize = 3 * SIDE * SIDE;
/// Classes.
pub const NUM_CLASSES: usize = 10;

/// Labelled images, as bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Images {
    pixels: Vec<u8>,
    labels: Vec<u8>,
}

impl Images {
    /// The number of images.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// The [`IMAGE_LEN`] numbers of an image; empty if there is no such image.
    #[must_use]
    pub fn image(&self, index: usize) -> &[u8] {
        self.pixels.get(index * IMAGE_LEN..(index + 1) * IMAGE_LEN).unwrap_or_default()
    }

    /// The class of every image.
    #[must_use]
    pub fn labels(&self) -> &[u8] {
        &self.labels
    }

    /// Appends an image of [`IMAGE_LEN`] numbers.
    pub(crate) fn push(&mut self, label: u8, image: &[u8]) {
        debug_assert_eq!(image.len(), IMAGE_LEN);
        self.labels.push(label);
        self.pixels.extend_from_slice(image);
    }

    pub(crate) fn with_capacity(len: usize) -> Self {
        Self { pixels: Vec::with_capacity(len * IMAGE_LEN), labels: Vec::with_capacity(len) }
    }
}

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
    /// CIFAR-10, from a folder or an archive.
    Cifar10(PathBuf),
    /// Drawn by [`builtin`].
    BuiltIn,
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cifar10(path) => write!(f, "CIFAR-10 from {}", path.display()),
            Self::BuiltIn => f.write_str("built-in images"),
        }
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
         the same without .bin (python version), or cifar-10-binary.tar.gz or cifar-10-python.tar.gz"
    )]
    NotFound(String),
    /// A file that is not what it should be.
    #[error("{file}: {problem}")]
    Format {
        /// The file.
        file: String,
        /// What was expected and found.
        problem: String,
    },
}

impl DataError {
    pub(crate) fn format(file: &str, problem: impl Into<String>) -> Self {
        Self::Format { file: file.to_owned(), problem: problem.into() }
    }

    pub(crate) fn io(path: &Path, error: std::io::Error) -> Self {
        Self::Io { path: path.display().to_string(), error }
    }
}

/// Finds and reads the data: `explicit`, otherwise the folder in the environment variable
/// `CIFAR10_DIR`, otherwise CIFAR-10 in `./data`, otherwise the built-in data set.
///
/// # Errors
///
/// [`DataError`] if the data that were asked for, by argument or by variable, cannot be read. Only
/// when neither is given the built-in data set takes their place.
pub fn discover(explicit: Option<&Path>) -> Result<DataSet, DataError> {
    if let Some(path) = explicit {
        return load(path);
    }
    if let Some(path) = std::env::var_os("CIFAR10_DIR").filter(|path| !path.is_empty()) {
        return load(Path::new(&path));
    }
    match load(Path::new("data")) {
        Err(DataError::NotFound(_)) => Ok(builtin::generate()),
        // No folder of that name is no reason to complain.
        Err(DataError::Io { error, .. }) if error.kind() == std::io::ErrorKind::NotFound => {
            Ok(builtin::generate())
        }
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
    for folder in [path.to_owned(), path.join(cifar10::BINARY_FOLDER), path.join(pickle::FOLDER)] {
        if folder.join(cifar10::TRAIN_FILES[0]).is_file() {
            return cifar10::load(&folder);
        }
        if folder.join(pickle::TRAIN_FILES[0]).is_file() {
            return pickle::load(&folder);
        }
    }
    for name in ["cifar-10-binary.tar.gz", "cifar-10-python.tar.gz"] {
        if path.join(name).is_file() {
            return archive::load(&path.join(name));
        }
    }
    Err(DataError::NotFound(path.display().to_string()))
}

/// The mean over the first `count` images, number by number. Exact but for one division.
#[must_use]
#[allow(clippy::cast_precision_loss)]
pub fn mean_image(images: &Images, count: usize) -> Vec<f64> {
    let mut sums = vec![0_u64; IMAGE_LEN];
    for image in images.pixels.chunks_exact(IMAGE_LEN).take(count) {
        for (sum, &pixel) in sums.iter_mut().zip(image) {
            *sum += u64::from(pixel);
        }
    }
    sums.into_iter().map(|sum| sum as f64 / count.max(1) as f64).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mean_image_is_over_the_first_images_only() {
        let mut images = Images::default();
        for value in [1, 2, 200] {
            images.push(0, &[value; IMAGE_LEN]);
        }
        assert_eq!(mean_image(&images, 2), vec![1.5; IMAGE_LEN]);
    }

    #[test]
    fn an_explicit_path_that_is_wrong_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        assert!(matches!(discover(Some(folder.path())), Err(DataError::NotFound(_))));
        let nothing = folder.path().join("nothing");
        assert!(matches!(discover(Some(&nothing)), Err(DataError::Io { .. })));
    }
}
