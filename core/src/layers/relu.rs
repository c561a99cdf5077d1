//! The rectified linear unit: out = max(x, 0).
//!
//! Its backward pass caches `out` and not `x`: out > 0 exactly where x > 0, and `out` is kept anyway
//! as the input of the next layer. That is what lets the hidden layers work in place.

use crate::error::{ShapeError, check_len};
use crate::float::{Float, positive_part};
use crate::gemm::pass_where_positive;

/// Computes the forward pass of rectified linear units.
///
/// ```text
/// out ← max(x, 0)
/// ```
///
/// `x` and `out` have any shape, the same for both. A NaN stays NaN, so that a run that has gone wrong
/// shows in its loss.
///
/// # Errors
///
/// [`ShapeError`] if the lengths differ; `out` is not written in that case.
///
/// # Example
///
/// ```
/// let mut out = [0.0; 3];
/// barenet::layers::relu_forward(&[-1.0, 0.0, 2.0], &mut out)?;
/// assert_eq!(out, [0.0, 0.0, 2.0]);
/// # Ok::<(), barenet::ShapeError>(())
/// ```
///
/// CS231n: <https://cs231n.github.io/neural-networks-1/#actfun>
pub fn relu_forward<T: Float>(x: &[T], out: &mut [T]) -> Result<(), ShapeError> {
    check_len("out", x.len(), out.len())?;
    for (out, &x) in out.iter_mut().zip(x) {
        *out = positive_part(x);
    }
    Ok(())
}

/// Computes the backward pass of rectified linear units.
///
/// ```text
/// dx ← dout where out > 0, else 0
/// ```
///
/// `out` is the output of [`relu_forward`]. All have the same shape.
///
/// # Errors
///
/// [`ShapeError`] naming the argument whose length differs from that of `dout`; `dx` is not written
/// in that case.
///
/// # Example
///
/// ```
/// let mut dx = [9.0; 3];
/// barenet::layers::relu_backward(&[1.0, 2.0, 3.0], &[0.0, 0.0, 2.0], &mut dx)?;
/// assert_eq!(dx, [0.0, 0.0, 3.0]);
/// # Ok::<(), barenet::ShapeError>(())
/// ```
pub fn relu_backward<T: Float>(dout: &[T], out: &[T], dx: &mut [T]) -> Result<(), ShapeError> {
    check_len("out", dout.len(), out.len())?;
    check_len("dx", dout.len(), dx.len())?;
    for ((dx, &dout), &out) in dx.iter_mut().zip(dout).zip(out) {
        *dx = pass_where_positive(dout, out, T::ONE);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relu_passes_no_gradient_at_zero() {
        let mut dx = [1.0];
        relu_backward(&[5.0], &[0.0], &mut dx).unwrap();
        assert_eq!(dx, [0.0]);
    }

    #[test]
    fn relu_does_not_hide_nan() {
        let mut out = [0.0_f32];
        relu_forward(&[f32::NAN], &mut out).unwrap();
        assert!(out[0].is_nan());
    }

    #[test]
    fn relu_refuses_lengths_that_differ() {
        assert_eq!(relu_forward(&[1.0], &mut [0.0; 2]).unwrap_err().what, "out");
        assert_eq!(relu_backward(&[1.0], &[1.0], &mut [0.0; 2]).unwrap_err().what, "dx");
    }
}
