//! The views of test-time augmentation.

use super::{Augment, AugmentError, Augmentation, Fixed, Flip};
use crate::DataSet;

/// Pixels that the views are shifted by.
const SHIFT: usize = 2;

/// The ten views of a data set's pictures of which the answers are averaged: as it is, and shifted by 2 pixels up, down, left
/// and right, each of them flipped too.
///
/// They depend on nothing but the picture. What a shift brings in is the reflected edge, as in training.
///
/// ```
/// let data = barenet_data::builtin::generate();
/// assert_eq!(barenet_data::augment::test_views(&data)?.len(), 10);
/// # Ok::<(), barenet_data::augment::AugmentError>(())
/// ```
///
/// # Errors
///
/// [`AugmentError`] if the samples are no pictures, or a side of them has no more than 2 pixels.
pub fn test_views(data: &DataSet) -> Result<Vec<Augmentation>, AugmentError> {
    let augment = Augment { flip: Flip::None, shift: SHIFT, cutout: 0 };
    let plain = match augment.of(data) {
        Err(AugmentError::NoPictures { data, .. }) => {
            return Err(AugmentError::NoPictures { option: "tta", data });
        }
        found => found?,
    };
    // The first row and column of the picture as it is, and one step each way.
    let [before, middle, behind] = [0, SHIFT, 2 * SHIFT];
    let places =
        [(middle, middle), (before, middle), (behind, middle), (middle, before), (middle, behind)];
    let each = [false, true].into_iter().flat_map(|is_flipped| {
        places.into_iter().map(move |(top, left)| Fixed { is_flipped, top, left })
    });
    let view = |fixed| plain.map(|plain| Augmentation { fixed: Some(fixed), ..plain });
    Ok(each.filter_map(view).collect())
}
