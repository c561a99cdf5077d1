//! Stochastic gradient descent.

use crate::error::{ShapeError, check_len};
use crate::float::Float;

/// Stochastic gradient descent: w ← w − learning_rate · dw.
///
/// ```
/// let mut w = [1.0, 2.0];
/// barenet::optim::sgd(&mut w, &[10.0, -10.0], 0.1)?;
/// assert_eq!(w, [0.0, 3.0]);
/// # Ok::<(), barenet::ShapeError>(())
/// ```
///
/// # Errors
///
/// [`ShapeError`] if the lengths differ; nothing is written in that case.
#[inline(always)]
pub fn sgd<T: Float>(w: &mut [T], dw: &[T], learning_rate: T) -> Result<(), ShapeError> {
    check_len("dw", w.len(), dw.len())?;
    for (w, &dw) in w.iter_mut().zip(dw) {
        *w -= learning_rate * dw;
    }
    Ok(())
}
