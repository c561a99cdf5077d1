//! Kinds of data: what is known of them before any is read.

use crate::builtin;
use crate::formats::cifar10;

/// Kind of data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kind {
    /// A word for it, in files and machine-readable output.
    pub word: &'static str,
    /// Its name, for people.
    pub name: &'static str,
    /// The shape of an image, for people.
    pub image_shape: &'static str,
    /// Names of the classes.
    pub class_names: &'static [&'static str],
}

impl Kind {
    pub(crate) const CIFAR10: Self = Self {
        word: "cifar10",
        name: "CIFAR-10",
        image_shape: "32 x 32 pixels, 3 colours",
        class_names: &cifar10::CLASS_NAMES,
    };

    pub(crate) const BUILT_IN: Self = Self {
        word: "built-in",
        name: "built-in images",
        image_shape: "32 x 32 pixels, 3 colours",
        class_names: &builtin::CLASS_NAMES,
    };

    /// Every kind.
    pub const ALL: [Self; 2] = [Self::CIFAR10, Self::BUILT_IN];

    /// The kind of a word.
    ///
    /// ```
    /// use barenet_data::Kind;
    /// assert_eq!(Kind::find("cifar10").map(|kind| kind.name), Some("CIFAR-10"));
    /// ```
    #[must_use]
    pub fn find(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word == word)
    }
}
