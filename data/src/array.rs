//! Numbers in a shape, as files of arrays have them.

use crate::{Exact, Numbers};

/// Numbers in a shape, those of the last axis side by side.
///
/// ```
/// use barenet_data::{Array, Numbers};
/// let two_grey_images = Array::new(vec![2, 1, 3], Numbers::U8(vec![0; 6]));
/// assert_eq!((two_grey_images.len(), two_grey_images.row_len()), (2, 3));
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Array {
    /// Lengths of the axes: samples come first.
    pub shape: Vec<usize>,
    /// The numbers, of which there are as many as the product of the shape.
    pub numbers: Numbers,
    /// What the numbers at each place of a sample were before they were rounded; empty if none was, or samples are long.
    pub exact: Vec<Exact>,
}

impl Array {
    /// An array of numbers that nothing has rounded.
    #[must_use]
    pub const fn new(shape: Vec<usize>, numbers: Numbers) -> Self {
        Self { shape, numbers, exact: Vec::new() }
    }

    /// The number of samples.
    #[must_use]
    pub fn len(&self) -> usize {
        self.shape.first().copied().unwrap_or(0)
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The numbers of a sample.
    #[must_use]
    pub fn row_len(&self) -> usize {
        self.numbers.len().checked_div(self.len()).unwrap_or(0)
    }
}
