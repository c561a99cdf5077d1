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

/// Makes the kinds and the list of them.
macro_rules! kinds {
    ($($name:ident = $kind:expr;)+) => {
        impl Kind {
            $(pub(crate) const $name: Self = $kind;)+

            /// Every kind.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];
        }
    };
}

kinds! {
    CIFAR10 = Self {
        word: "cifar10",
        name: "CIFAR-10",
        image_shape: "32 x 32 pixels, 3 colours",
        class_names: &cifar10::CLASS_NAMES,
    };
    BUILT_IN = Self {
        word: "built-in",
        name: "built-in images",
        image_shape: "32 x 32 pixels, 3 colours",
        class_names: &builtin::CLASS_NAMES,
    };
}

impl Kind {
    /// The kind of a word.
    ///
    /// ```
    /// use barenet_data::Kind;
    /// assert_eq!(Kind::find("cifar10").map(|kind| kind.name), Some("CIFAR-10"));
    /// ```
    #[must_use]
    pub fn find(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.word == word)
    }
}
