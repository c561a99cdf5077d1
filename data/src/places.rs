//! Where samples are from, as messages name it.

use std::path::{Path, PathBuf};

/// Where the samples of a data set are from, part by part.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Places {
    /// Those that train, or that the parts are drawn of.
    pub train: Origin,
    /// Those that validate.
    pub val: Origin,
    /// Those that test.
    pub test: Origin,
}

/// Where the samples of a part are from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Origin {
    /// Their numbers say all there is to say.
    #[default]
    Unknown,
    /// Rows of a table.
    Lines {
        /// The file.
        file: String,
        /// The line of it on which each begins, from 1.
        lines: Vec<u32>,
    },
    /// A file for each.
    Files(Vec<PathBuf>),
    /// Windows of recordings.
    Windows {
        /// The recordings.
        files: Vec<PathBuf>,
        /// Of each window the place of its recording among the files, and its first row, from 0.
        starts: Vec<(u32, u32)>,
    },
}

impl Origin {
    /// The line of its file on which a sample begins, if it is a row of a table.
    #[must_use]
    pub fn line(&self, sample: usize) -> Option<u32> {
        match self {
            Self::Lines { lines, .. } => lines.get(sample).copied(),
            Self::Unknown | Self::Files(_) | Self::Windows { .. } => None,
        }
    }

    /// The file that a sample is alone in, or that its window is of.
    #[must_use]
    pub fn file(&self, sample: usize) -> Option<&Path> {
        match self {
            Self::Files(files) => files.get(sample).map(PathBuf::as_path),
            Self::Windows { files, starts } => {
                let (file, _) = starts.get(sample)?;
                files.get(usize::try_from(*file).ok()?).map(PathBuf::as_path)
            }
            Self::Unknown | Self::Lines { .. } => None,
        }
    }

    /// The file of a sample and what of it the sample is, such as `t.csv, line 3`; `row` counts the rows of a window that
    /// are before the one that is meant. Nothing if that is not known.
    ///
    /// ```
    /// use barenet_data::Origin;
    /// let rows = Origin::Lines { file: "t.csv".to_owned(), lines: vec![2, 3] };
    /// assert_eq!(rows.describe(1, 0).as_deref(), Some("t.csv, line 3"));
    /// let windows = Origin::Windows { files: vec!["walk/1.csv".into()], starts: vec![(0, 0), (0, 64)] };
    /// assert_eq!(windows.describe(1, 5).as_deref(), Some("walk/1.csv, row 70"));
    /// assert_eq!(Origin::Unknown.describe(0, 0), None);
    /// ```
    #[must_use]
    pub fn describe(&self, sample: usize, row: usize) -> Option<String> {
        match self {
            Self::Unknown => None,
            Self::Lines { file, .. } => Some(format!("{file}, line {}", self.line(sample)?)),
            Self::Files(_) => Some(self.file(sample)?.display().to_string()),
            Self::Windows { starts, .. } => {
                let (_, start) = starts.get(sample)?;
                let row = usize::try_from(*start).ok()?.saturating_add(row).saturating_add(1);
                Some(format!("{}, row {row}", self.file(sample)?.display()))
            }
        }
    }
}
