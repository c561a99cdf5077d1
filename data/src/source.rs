//! Source of a data set: its kind, of which something is known before any is read, and where it lay.

use crate::formats::csv;
use std::fmt;
use std::path::Path;

/// Kind of data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kind {
    /// A word for it, in files and machine-readable output.
    pub word: &'static str,
    /// Its name, for people.
    pub name: &'static str,
    /// The shape of an image, for people.
    pub image_shape: &'static str,
    /// The word for its samples, for people: `images`.
    pub samples: &'static str,
    /// Whether it is what CS231n's experiments are made for: its split in order, its mean image and its presets.
    pub is_of_course: bool,
    /// The options that say something of it, among those that say nothing of some data.
    pub takes: &'static [&'static str],
    /// Names of the classes.
    pub class_names: &'static [&'static str],
}

impl Kind {
    /// Data of this kind, in a sentence.
    ///
    /// ```
    /// use barenet_data::formats::{csv, recordings};
    /// assert_eq!(csv::KIND.in_a_sentence(), "a table");
    /// assert_eq!(recordings::KIND.in_a_sentence(), "recordings");
    /// ```
    #[must_use]
    pub fn in_a_sentence(&self) -> String {
        if self.word == csv::KIND.word { format!("a {}", self.name) } else { self.name.to_owned() }
    }
}

/// Source of a data set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// The kind of the data.
    pub kind: &'static Kind,
    /// Where it was read, and in which form, for people; `None` if it is drawn.
    pub place: Option<String>,
    /// What may be called after it: its file or folder, in letters, digits, `-` and `_`, so that folders can have the name;
    /// `None` if it is drawn, or has no such name.
    pub name: Option<String>,
    /// Whether nobody asked for it: it stands in for data that were not found.
    pub is_stand_in: bool,
}

impl Source {
    /// Data of a kind that were read, at a place and in a form for people.
    #[must_use]
    pub const fn read(kind: &'static Kind, place: String) -> Self {
        Self { kind, place: Some(place), name: None, is_stand_in: false }
    }

    pub(crate) const fn drawn(kind: &'static Kind) -> Self {
        Self { kind, place: None, name: None, is_stand_in: false }
    }

    /// The same, called after its file or folder.
    pub(crate) fn named(self, path: &Path) -> Self {
        Self { name: name_of(path), ..self }
    }
}

/// Letters of a name at most, as people read it in lists of folders.
const NAME_LEN: usize = 48;

/// The name of a file or folder without its endings, and with `-` for what is no letter, no digit and no `_`; `None` if nothing is
/// left of it.
///
/// ```
/// assert_eq!(barenet_data::name_of("a/My data (1).csv".as_ref()).as_deref(), Some("My-data-1"));
/// ```
#[must_use]
pub fn name_of(path: &Path) -> Option<String> {
    // `.` and `..` have no name of their own.
    let whole = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let path = if path.file_name().is_none() { &whole } else { path };
    let mut name = path.file_name()?.to_string_lossy().into_owned();
    if !whole.is_dir() {
        // Packed files have two.
        let packed =
            [".gz", ".tar"].iter().fold(&*name, |name, end| name.strip_suffix(end).unwrap_or(name));
        let stem = packed.rsplit_once('.').map_or(packed, |(stem, _)| stem);
        name = if stem.is_empty() { packed.to_owned() } else { stem.to_owned() };
    }
    let words = name.split(|c: char| !c.is_alphanumeric() && c != '_');
    let name = words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join("-");
    let name: String = name.chars().take(NAME_LEN).collect();
    Some(name.trim_end_matches('-').to_owned()).filter(|name| !name.is_empty())
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind.name)?;
        match &self.place {
            Some(place) => write!(f, " from {place}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_that_of_the_file_or_folder_and_can_be_that_of_a_folder() {
        for (path, expected) in [
            ("iris.csv", Some("iris")),
            ("a/b/iris.csv", Some("iris")),
            ("My data (1).csv", Some("My-data-1")),
            ("t.2024.v2.tsv", Some("t-2024-v2")),
            ("t10k-images-idx3-ubyte.gz", Some("t10k-images-idx3-ubyte")),
            ("c.tar.gz", Some("c")),
            ("größe_2.npz", Some("größe_2")),
            ("数据.csv", Some("数据")),
            ("-x-.csv", Some("x")),
            (".csv", Some("csv")),
            ("..csv", None),
            ("$(rm).csv", Some("rm")),
            ("a\nb\"c.csv", Some("a-b-c")),
            ("...", None),
            ("/", None),
        ] {
            assert_eq!(name_of(Path::new(path)).as_deref(), expected, "{path}");
        }
        let long = name_of(Path::new(&format!("{}.csv", "ü".repeat(200)))).unwrap();
        assert_eq!(long.chars().count(), NAME_LEN);
        // A folder has no ending, and one that is named by dots has the name that it has elsewhere.
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join("photos.v2");
        std::fs::create_dir_all(folder.join("cat")).unwrap();
        assert_eq!(name_of(&folder).as_deref(), Some("photos-v2"));
        assert_eq!(name_of(&folder.join("cat/..")).as_deref(), Some("photos-v2"));
    }
}
