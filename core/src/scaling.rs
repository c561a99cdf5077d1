//! Numbers scaled to what a network sees.

use crate::error::{ShapeError, check_len};

/// A scaling of each number of a sample, to what a network sees: (x − `offset`) · `factor`.
///
/// ```
/// use barenet::Scaling;
/// let scaling = Scaling { offset: &[10.0, 20.0], factor: &[0.5, 2.0] };
/// assert!(scaling.check("inputs", 2).is_ok());
/// assert!(Scaling::<f32>::NONE.check("inputs", 2).is_ok());
/// assert!(Scaling::offset(&[1.0]).check("inputs", 2).is_err());
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scaling<'a, T> {
    /// The numbers that are subtracted; none where nothing is done.
    pub offset: &'a [T],
    /// The numbers to multiply with then; none for 1.
    pub factor: &'a [T],
}

impl<'a, T> Scaling<'a, T> {
    /// No scaling.
    pub const NONE: Self = Self { offset: &[], factor: &[] };

    /// A subtraction alone, such as that of a mean image.
    #[must_use]
    pub const fn offset(offset: &'a [T]) -> Self {
        Self { offset, factor: &[] }
    }

    /// Refuses a scaling of another number of numbers than `len`.
    ///
    /// # Errors
    ///
    /// [`ShapeError`] naming `what`.
    pub fn check(&self, what: &'static str, len: usize) -> Result<(), ShapeError> {
        let Self { offset, factor } = self;
        if !offset.is_empty() || !factor.is_empty() {
            check_len(what, len, offset.len())?;
        }
        if factor.is_empty() { Ok(()) } else { check_len(what, len, factor.len()) }
    }
}
