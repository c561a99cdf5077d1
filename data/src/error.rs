//! Why data cannot be read.

use crate::disk::folder_of;
use crate::formats::archive::is_called_cifar_10;
use crate::{BUILT_IN, table};
use std::fs;
use std::io::ErrorKind;
use std::path::Path;

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
    /// A folder that holds no CIFAR-10, where that is asked for.
    #[error(
        "{0}: no CIFAR-10 here; expected data_batch_1.bin to data_batch_5.bin and test_batch.bin, \
         the same without .bin (python version), or cifar-10-binary.tar.gz or \
         cifar-10-python.tar.gz (or .tgz, .tar), from {WEB_PAGE}"
    )]
    NotFound(String),
    /// A file or folder that no format reads.
    #[error("{place}: {found}; {advice}")]
    NoData {
        /// The file or folder.
        place: String,
        /// What was found there.
        found: String,
        /// What to do.
        advice: String,
    },
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
    #[error("{path}: No such file or folder; {advice}")]
    Missing {
        /// Its path.
        path: String,
        /// Where it may be.
        advice: String,
    },
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
    /// Samples, targets and names of classes that do not fit together.
    #[error("{0}: {1}; whatever made this data set is wrong")]
    Inconsistent(String, String),
    /// An option that says nothing of such data.
    #[error("{place}: --{option} says nothing of {kind}; {advice}")]
    NoUse {
        /// The data.
        place: String,
        /// Their kind.
        kind: String,
        /// The name of the option.
        option: &'static str,
        /// What to do.
        advice: String,
    },
    /// A task that data are not for.
    #[error("{place}: the targets are {has}; take --task {tasks}")]
    NoTask {
        /// The data.
        place: String,
        /// What the targets are.
        has: &'static str,
        /// The tasks that they are for.
        tasks: &'static str,
    },
    /// A class to learn, for a task that learns no class.
    #[error(
        "--normal names the class that an autoencoder learns: leave it out, or take --task reconstruct"
    )]
    NoNormal,
    /// A format that the data are not of.
    #[error("{place}: is of another format than --format says ({found}); leave --format out")]
    OtherFormat {
        /// The file or folder.
        place: String,
        /// The kind of data that it looks like.
        found: &'static str,
    },
    /// A format without data.
    #[error("--format says how data are read that --data names; name them")]
    Unnamed,
    /// A table that cannot be used.
    #[error(transparent)]
    Table(#[from] table::TableError),
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
    /// What to do, as the end of the message says it: ways out, parted by `, or `.
    #[must_use]
    pub fn advice(&self) -> Option<&str> {
        match self {
            Self::Table(table::TableError { advice, .. })
            | Self::NoData { advice, .. }
            | Self::NoUse { advice, .. }
            | Self::Missing { advice, .. } => Some(advice),
            Self::Format { advice, .. } => Some(advice),
            _ => None,
        }
    }

    /// Whether what was asked for cannot be, whatever the files hold.
    #[must_use]
    pub const fn is_of_usage(&self) -> bool {
        matches!(self, Self::NoUse { .. } | Self::NoNormal | Self::Unnamed)
    }

    pub(crate) fn io(path: &Path, error: std::io::Error) -> Self {
        if error.kind() == ErrorKind::NotFound {
            let name = path.display().to_string();
            return match fs::read_link(path) {
                Ok(target) => Self::DanglingLink(name, target.display().to_string()),
                Err(_) => Self::Missing { path: name, advice: advice_for_missing(path) },
            };
        }
        Self::Io { path: path.display().to_string(), error }
    }
}

/// What to do about a path that is not there.
fn advice_for_missing(path: &Path) -> String {
    /// Entries of its folder that are looked at for a name like it.
    const LOOKED_AT: usize = 10_000;
    if path == Path::new("-") {
        return "data that train are read from files: save standard input to one".to_owned();
    }
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    if is_called_cifar_10(&name.to_lowercase()) {
        return format!("all of CIFAR-10 is at {WEB_PAGE}");
    }
    let folder = folder_of(path);
    let Ok(entries) = fs::read_dir(folder) else {
        return format!("nor is there a folder {}", folder.display());
    };
    let names = entries.take(LOOKED_AT).flatten().map(|entry| entry.file_name());
    let names: Vec<_> = names.filter_map(|name| name.into_string().ok()).collect();
    let stem = |name: &str| Path::new(name).file_stem().map(|stem| stem.to_ascii_lowercase());
    let all = || names.iter().map(String::as_str);
    // Of another format it is more likely than of another name.
    let of_stem = all().filter(|found| stem(found) == stem(&name));
    let nearest = table::nearest(&name, of_stem.clone()).or_else(|| of_stem.clone().min());
    match nearest.or_else(|| table::nearest(&name, all())) {
        Some(name) => format!("the nearest name there is {}", table::error::quoted(name)),
        None => "name one that is there".to_owned(),
    }
}
