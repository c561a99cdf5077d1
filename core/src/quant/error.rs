//! Why a network cannot be quantised.

use crate::error::ShapeError;
use core::fmt;

/// Why a network cannot be quantised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum QuantError {
    /// Shapes disagree.
    Shape(ShapeError),
    /// Calibration saw too few images.
    TooFewSamples {
        /// Images needed.
        required: usize,
        /// Images seen.
        found: usize,
    },
    /// A number is NaN or infinite.
    NotFinite {
        /// Which, for example `"a weight"`.
        what: &'static str,
        /// The layer, counted from 0.
        layer: usize,
    },
    /// The sum of so many products may not fit 32 bits.
    TooWide {
        /// The layer, counted from 0.
        layer: usize,
        /// Its inputs.
        fan_in: usize,
    },
}

impl fmt::Display for QuantError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Shape(e) => e.fmt(f),
            Self::TooFewSamples { required, found } => {
                write!(f, "calibration needs at least {required} samples, found {found}")
            }
            Self::NotFinite { what, layer } => {
                write!(f, "{what} of layer {} is not a finite number", layer + 1)
            }
            Self::TooWide { layer, fan_in } => write!(
                f,
                "layer {} is too wide for int8: sums over its {fan_in} inputs may not fit 32 bits",
                layer + 1
            ),
        }
    }
}

impl core::error::Error for QuantError {}

impl From<ShapeError> for QuantError {
    fn from(e: ShapeError) -> Self {
        Self::Shape(e)
    }
}
