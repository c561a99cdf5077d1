//! Locally connected layers: a unit sees one window of a picture, with weights of its own.
//!
//! It is an affine layer most of whose weights are 0 and stay so: which ones, is known before. Unlike in a convolution
//! no weight is shared between places.
//!
//! Batches lie the other way round here, a feature a row: a window is then a few long stretches, and what a place
//! makes is one.

mod windows;

pub use windows::Windows;

use crate::error::{Error, ShapeError, check_buffer, check_len, check_shape};
use crate::float::Float;
use crate::gemm::{Gemm, GemmArgs};
use crate::mat::{Mat, MatMut};
use crate::slices::{copy, rows_of, rows_of_mut, take, take_mut};

/// Computes the forward pass of a locally connected layer.
///
/// ```text
/// out[place] ← w[place] · x[window of place] + b[place]
/// ```
///
/// # Shapes
///
/// | argument | shape | role |
/// |----------|-------|------|
/// | `x`      | (D, N) | the batch, a feature a row |
/// | `w`      | `num_weights` | of each place (units, K) |
/// | `b`      | (M) | biases; empty for none |
/// | `patch`  | at least `patch_len(N)` | may hold anything |
/// | `out`    | (M, N) | output |
///
/// # Errors
///
/// [`Error::Shape`] naming the first argument that disagrees, [`Error::BufferTooSmall`]; `out` is not written in that case.
///
/// # Example
///
/// ```
/// use barenet::{Mat, MatMut, Portable, layers::{Windows, local_forward}};
/// // One picture of 2 x 4 pixels: two windows, a unit each.
/// let windows = Windows {
///     height: 2, width: 4, channels: 1, planes: false, size: 2, stride: 2, padding: 0, units: 1,
/// };
/// let (x, w, mut patch, mut out) = ([1.0; 8], [1.0; 8], [0.0; 4], [0.0; 2]);
/// let (x, out_mat) = (Mat::new(&x, 8, 1)?, MatMut::new(&mut out, 2, 1)?);
/// local_forward(&Portable, &windows, x, &w, &[0.5, 0.0], &mut patch, out_mat)?;
/// assert_eq!(out, [4.5, 4.0]);
/// # Ok::<(), barenet::Error>(())
/// ```
///
/// LeCun, "Generalization and network design strategies", 1989.
pub fn local_forward<T: Float>(
    gemm: &impl Gemm<T>,
    windows: &Windows,
    x: Mat<'_, T>,
    w: &[T],
    b: &[T],
    patch: &mut [T],
    mut out: MatMut<'_, T>,
) -> Result<(), Error> {
    let (_, batch) = x.shape();
    check(windows, x, w, patch)?;
    check_shape("out", (windows.num_outputs(), batch), out.shape())?;
    check_len("b", if b.is_empty() { 0 } else { out.rows() }, b.len())?;
    let mut rest = w;
    let beta = if b.is_empty() { T::ZERO } else { T::ONE };
    for (row, &b) in rows_of_mut(out.data_mut(), batch).zip(b) {
        row.fill(b);
    }
    for (place, out) in rows_of_mut(out.data_mut(), windows.units * batch).enumerate() {
        let seen = gather(windows, place, x, patch)?;
        let w = weights(windows, seen.rows(), &mut rest)?;
        let out = MatMut::new(out, windows.units, batch)?;
        gemm.gemm(GemmArgs::new(w, seen, beta, out)?);
    }
    Ok(())
}

/// Computes the backward pass of a locally connected layer.
///
/// Gradients are overwritten. Pass `dx: None` for the first layer, whose input gradient nobody reads.
///
/// # Shapes
///
/// | argument | shape | role |
/// |----------|-------|------|
/// | `dout`   | (M, N) | upstream gradient |
/// | `x`, `w` | (D, N), `num_weights` | inputs of [`local_forward`] |
/// | `patch`  | at least `patch_len(N)` | may hold anything |
/// | `dx`, `dw`, `db` | (D, N), `num_weights`, (M) | outputs; `db` empty for none |
///
/// # Errors
///
/// Those of [`local_forward`].
///
/// # Example
///
/// ```
/// use barenet::{Mat, Portable, layers::{Windows, local_backward}};
/// let windows = Windows {
///     height: 2, width: 4, channels: 1, planes: false, size: 2, stride: 2, padding: 0, units: 1,
/// };
/// let (dout, w, mut patch, mut dw, mut db) = ([1.0, -1.0], [1.0; 8], [0.0; 4], [0.0; 8], [0.0; 2]);
/// let x = [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0];
/// let (dout, x) = (Mat::new(&dout, 2, 1)?, Mat::new(&x, 8, 1)?);
/// local_backward(&Portable, &windows, dout, x, &w, &mut patch, None, &mut dw, &mut db)?;
/// assert_eq!(dw, [0.0, 1.0, 4.0, 5.0, -2.0, -3.0, -6.0, -7.0]);
/// assert_eq!(db, [1.0, -1.0]);
/// # Ok::<(), barenet::Error>(())
/// ```
///
/// LeCun, "Generalization and network design strategies", 1989.
pub fn local_backward<T: Float>(
    gemm: &impl Gemm<T>,
    windows: &Windows,
    dout: Mat<'_, T>,
    x: Mat<'_, T>,
    w: &[T],
    patch: &mut [T],
    mut dx: Option<MatMut<'_, T>>,
    dw: &mut [T],
    db: &mut [T],
) -> Result<(), Error> {
    let (_, batch) = x.shape();
    check(windows, x, w, patch)?;
    check_shape("dout", (windows.num_outputs(), batch), dout.shape())?;
    check_len("dw", w.len(), dw.len())?;
    check_len("db", if db.is_empty() { 0 } else { dout.rows() }, db.len())?;
    if let Some(dx) = &mut dx {
        check_shape("dx", x.shape(), dx.shape())?;
        dx.data_mut().fill(T::ZERO);
    }
    if batch == 0 {
        // There are no rows to go through.
        dw.fill(T::ZERO);
        db.fill(T::ZERO);
    }
    for (db, row) in db.iter_mut().zip(rows_of(dout.data(), batch)) {
        *db = row.iter().fold(T::ZERO, |sum, &d| sum + d);
    }
    let (mut rest, mut dw) = (w, dw);
    for (place, dout) in rows_of(dout.data(), windows.units * batch).enumerate() {
        let dout = Mat::new(dout, windows.units, batch)?;
        let seen = gather(windows, place, x, patch)?;
        let fan_in = seen.rows();
        let w = weights(windows, fan_in, &mut rest)?;
        let of_place = take_mut(&mut dw, w.data().len()).unwrap_or_default();
        let of_place = MatMut::new(of_place, windows.units, fan_in)?;
        gemm.gemm(GemmArgs::new(dout, seen.t(), T::ZERO, of_place)?);
        if let Some(dx) = &mut dx {
            let dseen = patch.get_mut(..fan_in * batch).unwrap_or_default();
            let dseen_mat = MatMut::new(&mut *dseen, fan_in, batch)?;
            gemm.gemm(GemmArgs::new(w.t(), dout, T::ZERO, dseen_mat)?);
            scatter(windows, place, dseen, dx);
        }
    }
    Ok(())
}

/// Refuses what both passes cannot use.
fn check<T>(windows: &Windows, x: Mat<'_, T>, w: &[T], patch: &[T]) -> Result<(), Error> {
    let Windows { height, width, channels, size, stride, padding, .. } = *windows;
    // With them there are never many more windows than pixels.
    if stride == 0 || padding >= size || size > height.min(width) || channels == 0 {
        let what = "windows have a stride of at least 1, less padding than their size, and fit into the picture";
        return Err(Error::InvalidConfig { what });
    }
    check_shape("x", (windows.num_inputs(), x.cols()), x.shape())?;
    check_len("w", windows.num_weights(), w.len())?;
    check_buffer("patch", windows.patch_len(x.cols()), patch.len())
}

/// The weights of the next place, (units, K).
fn weights<'a, T>(
    windows: &Windows,
    fan_in: usize,
    rest: &mut &'a [T],
) -> Result<Mat<'a, T>, ShapeError> {
    let of_place = take(rest, windows.units * fan_in).unwrap_or_default();
    Mat::new(of_place, windows.units, fan_in)
}

/// Copies the window of a place: (K, N).
fn gather<'a, T: Float>(
    windows: &Windows,
    place: usize,
    x: Mat<'_, T>,
    patch: &'a mut [T],
) -> Result<Mat<'a, T>, ShapeError> {
    let (batch, fan_in) = (x.cols(), windows.fan_in(place));
    let patch = patch.get_mut(..fan_in * batch).unwrap_or_default();
    let mut rest = &mut *patch;
    for stretch in windows.stretches(place) {
        let seen = x.data().get(stretch.start * batch..stretch.end * batch).unwrap_or_default();
        if let Some(to) = take_mut(&mut rest, seen.len()) {
            copy(to, seen);
        }
    }
    Mat::new(patch, fan_in, batch)
}

/// Adds the gradient of a window to that of the picture.
fn scatter<T: Float>(windows: &Windows, place: usize, dseen: &[T], dx: &mut MatMut<'_, T>) {
    let (batch, mut rest) = (dx.cols(), dseen);
    for stretch in windows.stretches(place) {
        let to = dx.data_mut().get_mut(stretch.start * batch..stretch.end * batch);
        let to = to.unwrap_or_default();
        let from = take(&mut rest, to.len()).unwrap_or_default();
        for (to, &from) in to.iter_mut().zip(from) {
            *to += from;
        }
    }
}

#[cfg(test)]
mod tests;
