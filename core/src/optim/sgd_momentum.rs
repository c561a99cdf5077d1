//! SGD with momentum.

use crate::error::{ShapeError, check_len};
use crate::float::Float;
use crate::slices::zip;

/// SGD with momentum: v ← momentum · v − learning_rate · dw;  w ← w + v.
///
/// ```
/// let (mut w, mut velocity) = ([1.0], [2.0]);
/// barenet::optim::sgd_momentum(&mut w, &[10.0], &mut velocity, 0.1, 0.5)?;
/// assert_eq!((w, velocity), ([1.0], [0.0]));
/// # Ok::<(), barenet::ShapeError>(())
/// ```
///
/// # Errors
///
/// [`ShapeError`] if the lengths differ; nothing is written in that case.
#[inline(always)]
pub fn sgd_momentum<T: Float>(
    w: &mut [T],
    dw: &[T],
    velocity: &mut [T],
    learning_rate: T,
    momentum: T,
) -> Result<(), ShapeError> {
    check_len("dw", w.len(), dw.len())?;
    check_len("velocity", w.len(), velocity.len())?;
    for (w, &dw, v) in zip!(w, dw, velocity) {
        *v = (momentum * *v - learning_rate * dw).flush_subnormal();
        *w += *v;
    }
    Ok(())
}
