//! Locally connected layers: a unit sees one window of a picture, with weights of its own.
//!
//! It is an affine layer most of whose weights are 0 and stay so: which ones, is known before. Unlike in a convolution
//! no weight is shared between places.
//!
//! Batches lie the other way round here, a feature a row: a window is then a few long stretches, and what a place
//! makes is one.

use crate::error::{Error, ShapeError, check_buffer, check_len, check_shape};
use crate::float::Float;
use crate::gemm::{Gemm, GemmArgs};
use crate::mat::{Mat, MatMut};
use crate::slices::{copy, rows_of, rows_of_mut};
use core::ops::Range;

/// The windows of a picture that the units of a locally connected layer see.
///
/// At the edges a window is as much of it as lies in the picture.
///
/// ```
/// use barenet::layers::Windows;
/// // 4 x 4 pixels in three colours; windows of 2 x 2 that touch, each seen by five units.
/// let windows = Windows {
///     height: 4, width: 4, channels: 3, planes: true, size: 2, stride: 2, padding: 0, units: 5,
/// };
/// assert_eq!((windows.num_inputs(), windows.num_places(), windows.num_outputs()), (48, 4, 20));
/// assert_eq!(windows.num_weights(), 4 * 5 * 2 * 2 * 3);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Windows {
    /// Rows of pixels.
    pub height: usize,
    /// Pixels in a row.
    pub width: usize,
    /// Numbers for each pixel.
    pub channels: usize,
    /// Whether a channel lies whole before the next, (C, H, W) as in CIFAR-10; otherwise the numbers of a pixel lie together,
    /// (H, W, C), as those that such a layer makes.
    pub planes: bool,
    /// Side of a window, in pixels, at least 1.
    pub size: usize,
    /// Pixels from a window to the next, at least 1.
    pub stride: usize,
    /// Pixels that the first window begins before the picture, and less than `size`.
    pub padding: usize,
    /// Units that see each window.
    pub units: usize,
}

impl Windows {
    /// Windows along a side.
    const fn along(&self, side: usize) -> usize {
        let room = side.saturating_add(self.padding.saturating_mul(2));
        match room.saturating_sub(self.size).checked_div(self.stride) {
            Some(steps) if room >= self.size => steps.saturating_add(1),
            _ => 0,
        }
    }

    /// The pixels along a side that window `n` has.
    fn pixels(&self, n: usize, side: usize) -> Range<usize> {
        let start = n.saturating_mul(self.stride);
        let end = start.saturating_add(self.size).saturating_sub(self.padding);
        start.saturating_sub(self.padding).min(side)..end.min(side)
    }

    /// Pixels along a side that all windows have together.
    fn all_pixels(&self, side: usize) -> usize {
        (0..self.along(side)).map(|n| self.pixels(n, side).len()).sum()
    }

    /// Inputs, D = height · width · channels.
    #[must_use]
    pub const fn num_inputs(&self) -> usize {
        self.height.saturating_mul(self.width).saturating_mul(self.channels)
    }

    /// Places of windows, from left to right and then down.
    #[must_use]
    pub const fn num_places(&self) -> usize {
        self.along(self.height).saturating_mul(self.along(self.width))
    }

    /// Outputs M, `units` of each place together.
    #[must_use]
    pub const fn num_outputs(&self) -> usize {
        self.num_places().saturating_mul(self.units)
    }

    /// Weights: of each place (units, K), where its window has K inputs.
    #[must_use]
    pub fn num_weights(&self) -> usize {
        let pixels = self.all_pixels(self.height).saturating_mul(self.all_pixels(self.width));
        pixels.saturating_mul(self.channels).saturating_mul(self.units)
    }

    /// Elements of the window of a batch, as the largest is.
    #[must_use]
    pub const fn patch_len(&self, batch: usize) -> usize {
        let pixels = self.size.saturating_mul(self.size);
        pixels.saturating_mul(self.channels).saturating_mul(batch)
    }

    /// The window of a place: rows and columns of pixels.
    fn window(&self, place: usize) -> Option<(Range<usize>, Range<usize>)> {
        let in_row = self.along(self.width);
        let (row, column) = (place.checked_div(in_row)?, place.checked_rem(in_row)?);
        Some((self.pixels(row, self.height), self.pixels(column, self.width)))
    }

    /// Inputs that a place sees, its K.
    fn fan_in(&self, place: usize) -> usize {
        self.window(place).map_or(0, |(rows, columns)| rows.len() * columns.len() * self.channels)
    }

    /// The inputs that a place sees, in stretches that lie together, in the order of its weights.
    fn stretches(&self, place: usize) -> impl Iterator<Item = Range<usize>> + use<> {
        let Self { height, width, channels, planes, .. } = *self;
        let (rows, columns) = self.window(place).unwrap_or_default();
        let (outer, inner) = if planes { (channels, 1) } else { (1, channels) };
        (0..outer).flat_map(move |plane| {
            let columns = columns.clone();
            rows.clone().map(move |row| {
                let start = (plane * height + row) * width;
                (start + columns.start) * inner..(start + columns.end) * inner
            })
        })
    }
}

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
    for (db, row) in db.iter_mut().zip(rows_of(dout.data(), batch)) {
        *db = row.iter().fold(T::ZERO, |sum, &d| sum + d);
    }
    let (mut rest, mut dw) = (w, dw);
    for (place, dout) in rows_of(dout.data(), windows.units * batch).enumerate() {
        let dout = Mat::new(dout, windows.units, batch)?;
        let seen = gather(windows, place, x, patch)?;
        let fan_in = seen.rows();
        let w = weights(windows, fan_in, &mut rest)?;
        let of_place = crate::slices::take_mut(&mut dw, w.data().len()).unwrap_or_default();
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
    if windows.size == 0 || windows.stride == 0 || windows.padding >= windows.size {
        let what =
            "windows have a size and a stride of at least 1, and less padding than their size";
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
    let of_place = crate::slices::take(rest, windows.units * fan_in).unwrap_or_default();
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
        if let Some(to) = crate::slices::take_mut(&mut rest, seen.len()) {
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
        let from = crate::slices::take(&mut rest, to.len()).unwrap_or_default();
        for (to, &from) in to.iter_mut().zip(from) {
            *to += from;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Portable;
    use crate::gradient_check::{eval_numerical_gradient_array, rel_error};
    use std::vec;
    use std::vec::Vec;

    const WINDOWS: [Windows; 3] = [
        Windows {
            height: 5,
            width: 4,
            channels: 2,
            planes: true,
            size: 3,
            stride: 2,
            padding: 1,
            units: 3,
        },
        Windows {
            height: 4,
            width: 4,
            channels: 3,
            planes: false,
            size: 2,
            stride: 1,
            padding: 0,
            units: 2,
        },
        Windows {
            height: 6,
            width: 5,
            channels: 1,
            planes: false,
            size: 4,
            stride: 3,
            padding: 2,
            units: 2,
        },
    ];
    const N: usize = 3;

    fn numbers(len: usize, seed: u64) -> Vec<f64> {
        let mut numbers = vec![0.0; len];
        crate::Rng::seed(seed).fill_normal(1.0, &mut numbers);
        numbers
    }

    /// The same layer as the sum over every pair of an input and a place, from the coordinates of both.
    fn by_coordinates(windows: &Windows, x: &[f64], w: &[f64], b: &[f64]) -> Vec<f64> {
        let Windows { height, width, channels, planes, size, stride, padding, units } = *windows;
        let (mut out, mut next) = (Vec::new(), 0);
        let places = |side: usize| (side + 2 * padding - size) / stride + 1;
        for (top, left) in (0..places(height)).flat_map(|i| (0..places(width)).map(move |j| (i, j)))
        {
            let sees = |y: usize, x: usize| {
                (top * stride..top * stride + size).contains(&(y + padding))
                    && (left * stride..left * stride + size).contains(&(x + padding))
            };
            let mut seen = Vec::new();
            for input in 0..height * width * channels {
                let (pixel, _) = match planes {
                    true => (input % (height * width), input / (height * width)),
                    false => (input / channels, input % channels),
                };
                if sees(pixel / width, pixel % width) {
                    seen.push(input);
                }
            }
            for _ in 0..units {
                for n in 0..N {
                    let products = seen.iter().zip(&w[next..]).map(|(&i, w)| x[i * N + n] * w);
                    out.push(products.sum::<f64>() + b[out.len() / N]);
                }
                next += seen.len();
            }
        }
        assert_eq!(next, w.len());
        out
    }

    fn forward(windows: &Windows, x: &[f64], w: &[f64], b: &[f64]) -> Vec<f64> {
        let (mut patch, mut out) =
            (vec![7.0; windows.patch_len(N)], vec![7.0; windows.num_outputs() * N]);
        let x = Mat::new(x, windows.num_inputs(), N).unwrap();
        let out_mat = MatMut::new(&mut out, windows.num_outputs(), N).unwrap();
        local_forward(&Portable, windows, x, w, b, &mut patch, out_mat).unwrap();
        out
    }

    #[test]
    fn a_unit_sees_the_pixels_of_its_window_and_no_other() {
        for windows in WINDOWS {
            let x = numbers(windows.num_inputs() * N, 1);
            let (w, b) = (numbers(windows.num_weights(), 2), numbers(windows.num_outputs(), 3));
            let (found, expected) =
                (forward(&windows, &x, &w, &b), by_coordinates(&windows, &x, &w, &b));
            assert!(rel_error(&found, &expected) < 1e-12, "{windows:?}");
            let without = by_coordinates(&windows, &x, &w, &vec![0.0; b.len()]);
            assert!(rel_error(&forward(&windows, &x, &w, &[]), &without) < 1e-12);
        }
    }

    #[test]
    fn gradients_are_the_numerical_ones() {
        for windows in WINDOWS {
            let x = numbers(windows.num_inputs() * N, 1);
            let (w, b) = (numbers(windows.num_weights(), 2), numbers(windows.num_outputs(), 3));
            let dout = numbers(windows.num_outputs() * N, 4);
            let mut patch = vec![0.0; windows.patch_len(N)];
            let [mut dx, mut dw, mut db] = [&x, &w, &b].map(|like| vec![7.0; like.len()]);
            let mat = |data, rows| Mat::new(data, rows, N).unwrap();
            local_backward(
                &Portable,
                &windows,
                mat(&dout, windows.num_outputs()),
                mat(&x, windows.num_inputs()),
                &w,
                &mut patch,
                Some(MatMut::new(&mut dx, windows.num_inputs(), N).unwrap()),
                &mut dw,
                &mut db,
            )
            .unwrap();
            let numerical = |f: &dyn Fn(&[f64]) -> Vec<f64>, at: &[f64]| {
                let (mut at, mut grad) = (at.to_vec(), vec![0.0; at.len()]);
                let mut scratch = vec![0.0; 2 * dout.len()];
                let f = |at: &[f64], out: &mut [f64]| out.copy_from_slice(&f(at));
                eval_numerical_gradient_array(f, &mut at, &dout, 1e-4, &mut scratch, &mut grad)
                    .unwrap();
                grad
            };
            assert!(rel_error(&dx, &numerical(&|x| forward(&windows, x, &w, &b), &x)) < 1e-7);
            assert!(rel_error(&dw, &numerical(&|w| forward(&windows, &x, w, &b), &w)) < 1e-7);
            assert!(rel_error(&db, &numerical(&|b| forward(&windows, &x, &w, b), &b)) < 1e-7);
        }
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let windows = WINDOWS[1];
        let (x, w) = (vec![0.0; windows.num_inputs()], vec![0.0; windows.num_weights()]);
        let run = |windows: &Windows, w: &[f64], patch: usize, out: usize| {
            let (mut patch, mut scores) = (vec![0.0; patch], vec![7.0; out]);
            let result = local_forward(
                &Portable,
                windows,
                Mat::new(&x, x.len(), 1).unwrap(),
                w,
                &[],
                &mut patch,
                MatMut::new(&mut scores, out, 1).unwrap(),
            );
            assert!(result.is_ok() || scores.iter().all(|&x| x == 7.0));
            result
        };
        let (patch, out) = (windows.patch_len(1), windows.num_outputs());
        run(&windows, &w, patch, out).unwrap();
        for bad in [
            Windows { size: 0, ..windows },
            Windows { stride: 0, ..windows },
            Windows { padding: 2, ..windows },
            Windows { size: 5, ..windows },
            Windows { units: 3, ..windows },
            Windows { height: usize::MAX, ..windows },
        ] {
            assert!(run(&bad, &w, patch, out).is_err(), "{bad:?}");
        }
        assert!(run(&windows, &w[1..], patch, out).is_err());
        assert!(run(&windows, &w, patch - 1, out).is_err());
        assert!(run(&windows, &w, patch, out - 1).is_err());
    }
}
