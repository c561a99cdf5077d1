//! RMSProp.

use super::at_least_tiny;
use crate::error::{ShapeError, check_len};
use crate::float::Float;
use crate::slices::zip;

/// RMSProp: cache ← decay_rate · cache + (1 − decay_rate) · dw²;
/// w ← w − learning_rate · dw / (√cache + epsilon).
///
/// An `epsilon` of less than [`Float::TINY`] is taken for that.
///
/// ```
/// let (mut w, mut cache) = ([1.0], [4.0]);
/// barenet::optim::rmsprop(&mut w, &[4.0], &mut cache, 1.0, 1.0, 0.0)?;
/// assert_eq!((w, cache), ([-1.0], [4.0]));
/// # Ok::<(), barenet::ShapeError>(())
/// ```
///
/// # Errors
///
/// [`ShapeError`] if the lengths differ; nothing is written in that case.
///
/// Tieleman and Hinton, "Lecture 6.5: RMSProp", COURSERA (2012).
#[inline(always)]
pub fn rmsprop<T: Float>(
    w: &mut [T],
    dw: &[T],
    cache: &mut [T],
    learning_rate: T,
    decay_rate: T,
    epsilon: T,
) -> Result<(), ShapeError> {
    check_len("dw", w.len(), dw.len())?;
    check_len("cache", w.len(), cache.len())?;
    let epsilon = at_least_tiny(epsilon);
    for (w, &dw, cache) in zip!(w, dw, cache) {
        *cache = (decay_rate * *cache + (T::ONE - decay_rate) * dw * dw).flush_subnormal();
        *w -= learning_rate * dw / (cache.sqrt() + epsilon);
    }
    Ok(())
}
