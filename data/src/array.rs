//! Numbers in a shape, as files of arrays have them.

use crate::Numbers;

/// Numbers in a shape, those of the last axis side by side.
///
/// ```
/// use barenet_data::{Array, Numbers};
/// let two_grey_images = Array { shape: vec![2, 1, 3], numbers: Numbers::U8(vec![0; 6]) };
/// assert_eq!((two_grey_images.len(), two_grey_images.row_len()), (2, 3));
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Array {
    /// Lengths of the axes: samples come first.
    pub shape: Vec<usize>,
    /// The numbers, of which there are as many as the product of the shape.
    pub numbers: Numbers,
}

impl Array {
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
