//! Contents of a generated crate.

use super::model::{Model, Numbers, Scores};
use super::row::Row;

/// Contents of a generated crate.
#[derive(Clone, Copy, Debug)]
pub struct Contents<'a> {
    /// The crate's name.
    pub name: &'a str,
    /// One line on where the network comes from.
    pub origin: &'a str,
    /// The network.
    pub model: &'a Model,
    /// Name of what is folded into the first layer: `mean image`, or another scaling.
    pub scaling: &'a str,
    /// Order of the inputs in words, if there is something to say, such as of a window of a recording.
    pub order: &'a str,
    /// Names of the inputs, such as columns of a table; images have none.
    pub input_names: &'a [String],
    /// Names of the classes, or of the targets.
    pub output_names: &'a [String],
    /// Samples of the test vector.
    pub samples: &'a [Row<'a>],
    /// Their scores.
    pub scores: &'a [Scores],
}

impl Contents<'_> {
    pub(super) const fn is_int8(&self) -> bool {
        matches!(self.model.numbers, Numbers::Int8 { .. })
    }

    pub(super) const fn dtype(&self) -> &'static str {
        if self.is_int8() { "int8" } else { "f32" }
    }
}
