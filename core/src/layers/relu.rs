//! The rectified linear unit: out = max(x, 0).
//!
//! Its backward pass caches `out` and not `x`: out > 0 exactly where x > 0, and `out` is kept anyway
//! as the input of the next layer. That is what lets the hidden layers work in place.

use crate::error::{ShapeError, check_len};
use crate::float::{Float, positive_part};
use crate::gemm::Epilogue;
use crate::mat::Mat;
use crate::slices::{rows_of_mut, zip};

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
    for (dx, &dout, &out) in zip!(dx, dout, out) {
        *dx = pass_where_positive(dout, out, T::ONE);
    }
    Ok(())
}

/// Passes `scale` times a number where that of `out` at the same place is positive, otherwise 0.
#[derive(Clone, Copy)]
pub(crate) struct ReluBackward<'a, T> {
    /// From the first number of the part on.
    out: &'a [T],
    /// From one row to the next.
    stride: usize,
    cols: usize,
    scale: T,
}

impl<'a, T: Float> ReluBackward<'a, T> {
    pub(crate) fn new(out: Mat<'a, T>, scale: T) -> Self {
        Self { out: out.data(), stride: out.cols(), cols: out.cols(), scale }
    }
}

impl<T: Float> Epilogue<T> for ReluBackward<'_, T> {
    #[inline(always)]
    fn split_rows(self, rows: usize) -> (Self, Self) {
        let out = self.out.get(rows * self.stride..).unwrap_or_default();
        (self, Self { out, ..self })
    }

    #[inline(always)]
    fn split_columns(self, columns: usize) -> (Self, Self) {
        let left = columns.min(self.cols);
        let out = self.out.get(left..).unwrap_or_default();
        (Self { cols: left, ..self }, Self { out, cols: self.cols - left, ..self })
    }

    #[inline(always)]
    fn after(&mut self, row: usize, c: &mut [T]) {
        let Some(out) = self.out.get(row * self.stride..) else { return };
        if self.cols == self.stride {
            return pass_where_positive_all(c, out, self.scale);
        }
        // Not the rows of `out`: of a part that begins in the middle, the last one is not whole.
        let mut rest = out;
        for c in rows_of_mut(c, self.cols) {
            pass_where_positive_all(c, rest, self.scale);
            rest = rest.get(self.stride..).unwrap_or_default();
        }
    }
}

#[inline(always)]
fn pass_where_positive_all<T: Float>(dout: &mut [T], out: &[T], scale: T) {
    for (d, &out) in dout.iter_mut().zip(out) {
        *d = pass_where_positive(*d, out, scale);
    }
}

/// The gradient through ReLU and dropout: it passes, times `scale`, where `out` > 0.
#[inline(always)]
pub(crate) fn pass_where_positive<T: Float>(dout: T, out: T, scale: T) -> T {
    if out > T::ZERO { dout * scale } else { T::ZERO }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec::Vec;

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

    /// Every part of an epilogue does to its part of C what the whole does to the whole.
    #[test]
    fn the_gradient_through_relu_is_the_same_in_parts() {
        let (rows, cols) = (5, 7);
        let x: Vec<f32> = (0..rows * cols).map(|i| (i * 5 % 7) as f32 - 3.0).collect();
        let c: Vec<f32> = (0..rows * cols).map(|i| i as f32 + 1.0).collect();
        let whole = ReluBackward::new(Mat::new(&x, rows, cols).unwrap(), 1.25);
        let expected: Vec<_> =
            c.iter().zip(&x).map(|(c, &x)| if x > 0.0 { 1.25 * c } else { 0.0 }).collect();
        for top in 0..=rows {
            for left in 0..=cols {
                let (upper, lower) = whole.split_rows(top);
                let mut found = c.clone();
                for (band, range) in [(upper, 0..top), (lower, top..rows)] {
                    let (first, second) = band.split_columns(left);
                    for (mut part, columns) in [(first, 0..left), (second, left..cols)] {
                        let at = |row: usize| row * cols + columns.start..row * cols + columns.end;
                        let mut tile: Vec<_> =
                            range.clone().flat_map(|row| c[at(row)].to_vec()).collect();
                        part.after(0, &mut tile);
                        for (row, part) in range.clone().zip(tile.chunks(columns.len().max(1))) {
                            found[at(row)].copy_from_slice(part);
                        }
                    }
                }
                assert_eq!(found, expected, "cut at {top}, {left}");
            }
        }
    }
}
