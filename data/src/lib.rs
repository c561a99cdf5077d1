//! Data sets for barenet: CIFAR-10 in any of its official forms, or the built-in images.
//!
//! | module | has |
//! |---|---|
//! | [`formats`] | a table of the formats that can be read, a file each |
//! | [`builtin`] | images that are drawn |
//! | [`samples`] | CS231n's split and preprocessing |
//! | [`fingerprint`](mod@fingerprint) | a number by which other images are noticed |
//! | `fetch`, with the feature of that name | CIFAR-10 from its mirrors |
//! | [`mod@reading`], [`disk`] | how files are read, and how they reach the disk |

pub mod builtin;
mod discover;
pub mod disk;
#[cfg(feature = "fetch")]
pub mod fetch;
pub mod fingerprint;
pub mod formats;
mod images;
mod numbers;
pub mod reading;
pub mod samples;
mod source;

pub use discover::{BUILT_IN, discover};
pub use formats::{find_kind, load};
pub use images::{Images, mean_image, prepare_memory_with};
pub use numbers::Numbers;
pub use source::{Kind, Source};

use barenet::Label;
use std::fmt;
use std::io::ErrorKind;
use std::path::Path;

/// A whole data set.
#[derive(Clone, Debug)]
pub struct DataSet {
    /// The training set, validation images included.
    pub train: Images,
    /// The test set.
    pub test: Images,
    /// Names of the classes.
    pub class_names: Vec<String>,
    /// Source of the data.
    pub source: Source,
}

impl DataSet {
    /// The numbers of an image: the inputs of a network.
    #[must_use]
    pub const fn input_dim(&self) -> usize {
        self.train.image_len()
    }

    /// The number of classes: the outputs of a network.
    #[must_use]
    pub const fn num_classes(&self) -> usize {
        self.class_names.len()
    }

    /// Checks that images, labels and names of classes fit together, whoever made them.
    ///
    /// # Errors
    ///
    /// [`DataError::Inconsistent`], which says what does not.
    pub fn check(&self) -> Result<(), DataError> {
        let (len, classes) = (self.input_dim(), self.num_classes());
        for (what, images) in [("training", &self.train), ("test", &self.test)] {
            let (found, count) = (images.image_len(), images.len());
            let outside =
                |&label: &Label| usize::try_from(label).map_or(true, |label| label >= classes);
            let problem = if found != len {
                format!("its {what} images are of {found} numbers, and those that train of {len}")
            } else if images.pixels().len() != count.saturating_mul(len) {
                let found = images.pixels().len();
                format!("its {count} {what} images of {len} numbers have {found} numbers")
            } else if let Some(index) = images.labels().iter().position(outside) {
                let label = images.labels().get(index).copied().unwrap_or(0);
                format!(
                    "its {what} image {index} has label {label}, and there are {classes} classes"
                )
            } else {
                continue;
            };
            return Err(DataError::Inconsistent(self.source.to_string(), problem));
        }
        Ok(())
    }
}

/// The two versions of CIFAR-10 that can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// Records of bytes: [`formats::cifar10`].
    Binary,
    /// Pickled dicts: [`formats::pickle`].
    Python,
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Binary => "binary",
            Self::Python => "python",
        })
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
        /// The system's error.
        error: std::io::Error,
    },
    /// A folder that holds no CIFAR-10.
    #[error(
        "{0}: no CIFAR-10 here; expected data_batch_1.bin to data_batch_5.bin and test_batch.bin, \
         the same without .bin (python version), or cifar-10-binary.tar.gz or \
         cifar-10-python.tar.gz (or .tgz, .tar), from {WEB_PAGE}"
    )]
    NotFound(String),
    /// A folder that holds no CIFAR-10, but something that looks like it.
    #[error(
        "{folder}: no CIFAR-10 that can be read: {found}; put the archive or its files there under \
         their own names, or name them with --data"
    )]
    NotFoundBut {
        /// The folder.
        folder: String,
        /// Entry that was found in it.
        found: String,
    },
    /// The data that the environment variable names cannot be read.
    #[error("CIFAR10_DIR: {0}")]
    ByVariable(Box<DataError>),
    /// A file or folder that is not there.
    #[error("{0}: No such file or folder; all of CIFAR-10 is at {WEB_PAGE}")]
    Missing(String),
    /// A link to what is not there.
    #[error("{0}: a link to {1}, which is not there; mount or restore it, or remove the link")]
    DanglingLink(String, String),
    /// Data that were meant to be found and cannot be used.
    #[error("{0}; `--data {BUILT_IN}` uses the built-in images")]
    Attempt(Box<DataError>),
    /// The variable that names the data, without a name.
    #[error("is set to nothing; let it name CIFAR-10, or unset it, or use `--data {BUILT_IN}`")]
    EmptyVariable,
    /// A path that may mean two things.
    #[error("{0}: both the built-in images and a file or folder here; write ./{0} for the latter")]
    Ambiguous(String),
    /// Images, labels and names of classes that do not fit together.
    #[error("{0}: {1}; whatever made this data set is wrong")]
    Inconsistent(String, String),
    /// A file that is not what it should be.
    #[error("{file}: {problem}; {advice}")]
    Format {
        /// The file.
        file: String,
        /// Expected and found content.
        problem: String,
        /// Advice.
        advice: &'static str,
    },
}

/// Page from which CIFAR-10 can be had.
pub const WEB_PAGE: &str = "https://www.cs.toronto.edu/~kriz/cifar.html";

impl DataError {
    pub(crate) fn io(path: &Path, error: std::io::Error) -> Self {
        if error.kind() == ErrorKind::NotFound {
            let name = path.display().to_string();
            return match std::fs::read_link(path) {
                Ok(target) => Self::DanglingLink(name, target.display().to_string()),
                Err(_) => Self::Missing(name),
            };
        }
        Self::Io { path: path.display().to_string(), error }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use formats::cifar10;

    #[test]
    fn a_data_set_that_does_not_fit_together_is_refused_in_a_line() {
        let images = |len: usize, labels: &[Label]| {
            let mut images = Images::new(len);
            labels.iter().for_each(|&label| images.push(label, &vec![7; len]));
            images
        };
        let check = |train: Images, test: Images| {
            let class_names = vec!["no".to_owned(), "yes".to_owned()];
            let source = Source::drawn(&builtin::KIND);
            DataSet { train, test, class_names, source }.check().map_err(|e| e.to_string())
        };
        assert_eq!(check(images(3, &[0, 1]), images(3, &[])), Ok(()));
        let mut shorter = Images::new(3);
        shorter.push(0, &[7; 2]);
        for (result, problem) in [
            (check(images(3, &[0]), images(2, &[0])), "test images are of 2 numbers"),
            (
                check(images(3, &[0]), images(3, &[1, 2])),
                "test image 1 has label 2, and there are 2",
            ),
            (
                check(images(3, &[Label::MAX]), images(3, &[])),
                "training image 0 has label 4294967295",
            ),
            (check(shorter, images(3, &[])), "1 training images of 3 numbers have 2"),
        ] {
            let error = result.unwrap_err();
            assert!(
                error.starts_with("built-in images: its ") && error.contains(problem),
                "{error}"
            );
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
        for (plane, expected) in
            mean.chunks_exact(cifar10::SIDE * cifar10::SIDE).zip([0.4914, 0.4822, 0.4465])
        {
            let found = plane.iter().sum::<f64>() / (cifar10::SIDE * cifar10::SIDE) as f64 / 255.0;
            assert!((found - expected).abs() < 1e-4, "expected {expected}, found {found}");
        }
    }
}
