//! Source of a data set: its kind, of which something is known before any is read, and where it lay.

use crate::formats::csv;
use std::fmt;

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
    /// Whether nobody asked for it: it stands in for data that were not found.
    pub is_stand_in: bool,
}

impl Source {
    /// Data of a kind that were read, at a place and in a form for people.
    #[must_use]
    pub const fn read(kind: &'static Kind, place: String) -> Self {
        Self { kind, place: Some(place), is_stand_in: false }
    }

    pub(crate) const fn drawn(kind: &'static Kind) -> Self {
        Self { kind, place: None, is_stand_in: false }
    }
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
