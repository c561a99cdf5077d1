//! SGD with Nesterov momentum.

use crate::error::{ShapeError, check_len};
use crate::float::Float;
use crate::slices::zip;

/// SGD with Nesterov momentum: v' ← momentum · v − learning_rate · dw;
/// w ← w + v' + momentum · (v' − v).
///
/// ```
/// let (mut w, mut velocity) = ([1.0], [2.0]);
/// barenet::optim::nesterov(&mut w, &[10.0], &mut velocity, 0.1, 0.5)?;
/// assert_eq!((w, velocity), ([0.0], [0.0]));
/// # Ok::<(), barenet::ShapeError>(())
/// ```
///
/// # Errors
///
/// [`ShapeError`] if the lengths differ; nothing is written in that case.
///
/// CS231n: <https://cs231n.github.io/neural-networks-3/#sgd>
#[inline(always)]
pub fn nesterov<T: Float>(
    w: &mut [T],
    dw: &[T],
    velocity: &mut [T],
    learning_rate: T,
    momentum: T,
) -> Result<(), ShapeError> {
    check_len("dw", w.len(), dw.len())?;
    check_len("velocity", w.len(), velocity.len())?;
    for (w, &dw, v) in zip!(w, dw, velocity) {
        let v_prev = *v;
        *v = (momentum * v_prev - learning_rate * dw).flush_subnormal();
        *w += *v + momentum * (*v - v_prev);
    }
    Ok(())
}
