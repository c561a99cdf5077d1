//! Errors in an argument. Small `Copy` values: they need no heap and no formatting
//! code unless somebody prints them.

use crate::float::Float;
use core::fmt;

/// A matrix or vector whose shape does not fit the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShapeError {
    /// The argument, named as in the function's signature.
    pub what: &'static str,
    /// Rows and columns that fit the other arguments. A vector has one row.
    pub expected: (usize, usize),
    /// Rows and columns that were given.
    pub found: (usize, usize),
}

impl fmt::Display for ShapeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (er, ec) = self.expected;
        let (fr, fc) = self.found;
        write!(f, "shape of {}: expected ({er}, {ec}), found ({fr}, {fc})", self.what)
    }
}

impl core::error::Error for ShapeError {}

/// Anything a function of this library can refuse.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// Shapes disagree.
    Shape(ShapeError),
    /// A buffer has fewer elements than needed.
    BufferTooSmall {
        /// The buffer, named as in the signature.
        what: &'static str,
        /// Elements needed.
        required: usize,
        /// Elements given.
        found: usize,
    },
    /// A label that names no class.
    InvalidLabel {
        /// Its place in `y`, or the sample's in its data set.
        index: usize,
        /// The label.
        label: u32,
        /// Labels run from 0 to one below this.
        num_classes: usize,
    },
    /// A setting out of its range; the text names it and the range.
    InvalidConfig {
        /// For example `"batch_size must be at least 1"`.
        what: &'static str,
    },
    /// The loss became NaN or infinite. The parameters are those before that step.
    NonFiniteLoss {
        /// The step, counted from 1.
        iteration: usize,
    },
    /// Parameters, running statistics, state of the update rule, or scores that are NaN or infinite.
    NonFinite {
        /// Name of those numbers.
        what: &'static str,
    },
    /// A [rank](crate::Ranks) that cannot be reached.
    LostRank {
        /// Its number, from 0.
        rank: usize,
    },
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Shape(e) => e.fmt(f),
            Self::BufferTooSmall { what, required, found } => {
                write!(f, "length of {what}: at least {required} elements needed, found {found}")
            }
            Self::InvalidLabel { index, label, num_classes } => {
                write!(f, "label {label} at y[{index}]: labels must be below {num_classes}")
            }
            Self::InvalidConfig { what } => f.write_str(what),
            Self::NonFiniteLoss { iteration } => {
                write!(f, "the loss is not a finite number at iteration {iteration}")
            }
            Self::NonFinite { what } => write!(f, "{what} are not all finite numbers"),
            Self::LostRank { rank } => write!(f, "rank {rank} cannot be reached"),
        }
    }
}

impl core::error::Error for Error {}

impl From<ShapeError> for Error {
    fn from(e: ShapeError) -> Self {
        Self::Shape(e)
    }
}

/// Refuses a shape that is not the expected one.
pub(crate) fn check_shape(
    what: &'static str,
    expected: (usize, usize),
    found: (usize, usize),
) -> Result<(), ShapeError> {
    if expected == found { Ok(()) } else { Err(ShapeError { what, expected, found }) }
}

/// Refuses a vector that has not the expected length.
pub(crate) fn check_len(
    what: &'static str,
    expected: usize,
    found: usize,
) -> Result<(), ShapeError> {
    check_shape(what, (1, expected), (1, found))
}

/// Refuses numbers of which one is NaN or infinite.
pub(crate) fn check_finite<T: Float>(what: &'static str, numbers: &[T]) -> Result<(), Error> {
    // All of them, whatever comes: a loop without a way out is one that vectors take.
    let all = numbers.iter().fold(true, |all, number| all & number.is_finite());
    if all { Ok(()) } else { Err(Error::NonFinite { what }) }
}

/// Refuses a buffer that is shorter than needed.
pub(crate) fn check_buffer(what: &'static str, required: usize, found: usize) -> Result<(), Error> {
    if found >= required { Ok(()) } else { Err(Error::BufferTooSmall { what, required, found }) }
}
