//! One picture through a locally connected layer in little code, for firmware.
//!
//! What a window has is copied together, and then it is an affine layer of its own.

use super::places::Seen;
use super::windows::Windows;
use crate::float::Float;
use crate::gemm::{add_bias, multiply_row};
use crate::slices::{take, take_mut};

/// One picture through a layer whose W and b lie at the front of `params`: out ← max(x·W + b, 0), NaN of NaN. Returns what
/// follows b, or `None` if a length is wrong. `patch` has room for what a window has.
#[inline(never)]
pub(crate) fn local_row<'a, T: Float, X: Copy + Into<T>>(
    seen: &Seen<'_, X>,
    mut params: &'a [T],
    patch: &mut [T],
    mut out: &mut [T],
) -> Option<&'a [T]> {
    let windows = *seen.windows;
    let Windows { height, width, units, .. } = windows;
    let mut w = take(&mut params, windows.num_weights())?;
    let mut b = take(&mut params, windows.num_outputs())?;
    for row in 0..windows.along(height) {
        for column in 0..windows.along(width) {
            let (rows, columns) = (windows.pixels(row, height), windows.pixels(column, width));
            let x = seen.copy_window(rows, columns, patch)?;
            let out = take_mut(&mut out, units)?;
            place_row(x, take(&mut w, x.len() * units)?, take(&mut b, units)?, out)?;
        }
    }
    Some(params)
}

/// One place. Not inlined: a program has it once for inputs of any type, and its registers take stack once.
#[inline(never)]
fn place_row<T: Float>(x: &[T], w: &[T], b: &[T], out: &mut [T]) -> Option<()> {
    multiply_row(x, w, out)?;
    add_bias(b, true, out);
    Some(())
}
