//! Locally connected layers: a unit sees one window of a picture, with weights of its own.
//!
//! It is an affine layer most of whose weights are 0 and stay so: which ones, is known before. Unlike in a convolution
//! no weight is shared between places.
//!
//! Batches lie the other way round here, a feature a row: a row of pixels of a window is then one matrix where it lies, and
//! what a place makes is another, so that nothing is copied.

mod norm;
mod norm_shards;
mod passes;
mod places;
mod row;
mod transpose;
mod windows;

pub(crate) use norm::{NormByRunning, NormRows, NormRowsGradient, ReluRows, ReluRowsGradient};
pub(crate) use norm_shards::{NormalizeRows, RowGradient, RowGradientSums, RowStatistics};
pub use places::Place;
pub(crate) use places::Seen;
pub(crate) use row::local_row;
pub(crate) use transpose::{Transpose, TransposeRows};
pub use windows::Windows;

use crate::error::{Error, check_len, check_shape};
use crate::float::Float;
use crate::gemm::Gemm;
use crate::machine::run;
use crate::mat::{Mat, MatMut};
use crate::slices::rows_of;
use passes::{Band, Forward, InputGradient, WeightGradient};

/// Computes the forward pass of a locally connected layer.
///
/// ```text
/// out[place] ← w[place]ᵀ · x[window of place] + b[place]
/// ```
///
/// # Shapes
///
/// | argument | shape | role |
/// |----------|-------|------|
/// | `x`      | (D, N) | the batch, a feature a row |
/// | `w`      | `num_weights` | of each place (K, units) |
/// | `b`      | (M) | biases; empty for none |
/// | `out`    | (M, N) | output |
///
/// # Errors
///
/// [`Error::Shape`] naming the first argument that disagrees, [`Error::InvalidConfig`] for windows that cannot be; `out` is not
/// written in that case.
///
/// # Example
///
/// ```
/// use barenet::{Mat, MatMut, Portable, layers::{Windows, local_forward}};
/// // One picture of 2 x 4 pixels: two windows, a unit each.
/// let windows = Windows { height: 2, width: 4, channels: 1, size: 2, stride: 2, padding: 0, units: 1 };
/// let (x, w, mut out) = ([1.0; 8], [1.0; 8], [0.0; 2]);
/// let (x, out_mat) = (Mat::new(&x, 8, 1)?, MatMut::new(&mut out, 2, 1)?);
/// local_forward(&Portable, &windows, x, &w, &[0.5, 0.0], out_mat)?;
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
    mut out: MatMut<'_, T>,
) -> Result<(), Error> {
    let (_, batch) = x.shape();
    check(windows, x, w)?;
    check_shape("out", (windows.num_outputs(), batch), out.shape())?;
    check_len("b", if b.is_empty() { 0 } else { out.rows() }, b.len())?;
    let rows = 0..windows.along(windows.height);
    let band = Band { gemm, windows: *windows, batch, rows };
    run(gemm, Forward { band, x, w, b, out: out.data_mut() });
    Ok(())
}

/// Computes the backward pass of a locally connected layer.
///
/// ```text
/// dw[place] ← x[window of place] · dout[place]ᵀ        db ← Σₙ dout[·, n]
/// dx ← Σ of places w[place] · dout[place], where the window lies
/// ```
///
/// Gradients are overwritten. Pass `dx: None` for the first layer, whose input gradient nobody reads.
///
/// # Shapes
///
/// | argument | shape | role |
/// |----------|-------|------|
/// | `dout`   | (M, N) | upstream gradient |
/// | `x`, `w` | (D, N), `num_weights` | inputs of [`local_forward`] |
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
/// let windows = Windows { height: 2, width: 4, channels: 1, size: 2, stride: 2, padding: 0, units: 1 };
/// let (dout, w, mut dw, mut db) = ([1.0, -1.0], [1.0; 8], [0.0; 8], [0.0; 2]);
/// let x = [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0];
/// let (dout, x) = (Mat::new(&dout, 2, 1)?, Mat::new(&x, 8, 1)?);
/// local_backward(&Portable, &windows, dout, x, &w, None, &mut dw, &mut db)?;
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
    dx: Option<MatMut<'_, T>>,
    dw: &mut [T],
    db: &mut [T],
) -> Result<(), Error> {
    let (_, batch) = x.shape();
    check(windows, x, w)?;
    check_shape("dout", (windows.num_outputs(), batch), dout.shape())?;
    check_len("dw", w.len(), dw.len())?;
    check_len("db", if db.is_empty() { 0 } else { dout.rows() }, db.len())?;
    if let Some(dx) = &dx {
        check_shape("dx", x.shape(), dx.shape())?;
    }
    if batch == 0 {
        // There are no rows to go through.
        db.fill(T::ZERO);
    }
    for (db, row) in db.iter_mut().zip(rows_of(dout.data(), batch)) {
        *db = row.iter().fold(T::ZERO, |sum, &d| sum + d);
    }
    let band = |rows| Band { gemm, windows: *windows, batch, rows };
    let (places, dout) = (band(0..windows.along(windows.height)), dout.data());
    run(gemm, WeightGradient { band: places, x, dout, dw });
    if let Some(mut dx) = dx {
        let band = band(0..windows.height);
        run(gemm, InputGradient { band, w, dout, dx: dx.data_mut() });
    }
    Ok(())
}

/// Refuses what both passes cannot use.
fn check<T>(windows: &Windows, x: Mat<'_, T>, w: &[T]) -> Result<(), Error> {
    if !windows.is_valid() {
        let what = "windows have sizes of at least 1, less padding than their size, and fit into the picture";
        return Err(Error::InvalidConfig { what });
    }
    check_shape("x", (windows.num_inputs(), x.cols()), x.shape())?;
    Ok(check_len("w", windows.num_weights(), w.len())?)
}

#[cfg(test)]
mod tests;
