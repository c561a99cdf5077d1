//! The products of a locally connected layer, divided between rows of places or of pixels.
//!
//! A row of pixels of a window is one stretch of rows of `x`, and of the rows of its place's W: each is multiplied where it
//! lies. Sums are taken in an order that does not depend on how the work is divided.

use super::windows::Windows;
use crate::float::Float;
use crate::gemm::{Gemm, GemmArgs};
use crate::machine::{Pass, Split, is_worth_dividing};
use crate::mat::{Mat, MatMut};
use crate::slices::{rows_of, take, take_mut};
use core::ops::Range;

/// Place to divide rows that have so many multiplications together.
fn split_point(rows: &Range<usize>, multiplications: usize) -> Option<usize> {
    (rows.len() > 1 && is_worth_dividing(multiplications)).then_some(rows.len() / 2)
}

/// What all passes go through: the windows, and rows of them or of pixels.
pub(super) struct Band<'a, G> {
    pub(super) gemm: &'a G,
    pub(super) windows: Windows,
    pub(super) batch: usize,
    pub(super) rows: Range<usize>,
}

impl<G> Band<'_, G> {
    fn split(self, at: usize) -> [Self; 2] {
        let Self { gemm, windows, batch, rows } = self;
        let middle = rows.start + at;
        [rows.start..middle, middle..rows.end].map(|rows| Self { gemm, windows, batch, rows })
    }

    /// Weights of the first `num_rows` rows of places.
    fn weights_before(&self, num_rows: usize) -> usize {
        let Windows { height, .. } = self.windows;
        let before = |row| self.windows.pixels_before(row, height);
        (before(self.rows.start + num_rows) - before(self.rows.start))
            * self.windows.weights_in_row()
    }

    /// Numbers of a batch that the first `num_rows` rows of places make.
    fn outputs_before(&self, num_rows: usize) -> usize {
        num_rows * self.windows.along(self.windows.width) * self.windows.units * self.batch
    }

    /// The rows of `x` that a row of pixels, and of them some columns, are.
    fn stretch(&self, row: usize, columns: &Range<usize>) -> Range<usize> {
        let Windows { width, channels, .. } = self.windows;
        let start = row * width;
        (start + columns.start) * channels..(start + columns.end) * channels
    }

    /// The places of these rows: rows and columns of pixels of each.
    fn places(&self) -> impl Iterator<Item = (Range<usize>, Range<usize>)> + use<G> {
        let (windows, rows) = (self.windows, self.rows.clone());
        rows.flat_map(move |i| {
            let columns = 0..windows.along(windows.width);
            columns
                .map(move |j| (windows.pixels(i, windows.height), windows.pixels(j, windows.width)))
        })
    }
}

/// The rows `rows` of a matrix of `cols` columns.
fn rows_at<T>(data: &[T], cols: usize, rows: Range<usize>) -> Option<Mat<'_, T>> {
    let len = rows.len();
    Mat::new(data.get(rows.start * cols..rows.end * cols)?, len, cols).ok()
}

/// out\[place\] ← w\[place\]ᵀ · x\[window of place\] + b\[place\]
pub(super) struct Forward<'a, T, G> {
    pub(super) band: Band<'a, G>,
    pub(super) x: Mat<'a, T>,
    pub(super) w: &'a [T],
    pub(super) b: &'a [T],
    pub(super) out: &'a mut [T],
}

impl<T: Float, G: Gemm<T>> Pass for Forward<'_, T, G> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { band, x, mut w, mut b, mut out } = self;
        let (units, batch) = (band.windows.units, band.batch);
        for (rows, columns) in band.places() {
            let Some(out) = take_mut(&mut out, units * batch) else { return };
            let mut beta = T::ZERO;
            if !b.is_empty() {
                let b = take(&mut b, units).unwrap_or_default();
                for (row, &b) in out.chunks_exact_mut(batch.max(1)).zip(b) {
                    row.fill(b);
                }
                beta = T::ONE;
            }
            for row in rows {
                let seen = band.stretch(row, &columns);
                let fan_in = seen.len();
                let of_row = take(&mut w, fan_in * units).unwrap_or_default();
                let (Some(seen), Ok(w), Ok(out)) = (
                    rows_at(x.data(), batch, seen),
                    Mat::new(of_row, fan_in, units),
                    MatMut::new(&mut *out, units, batch),
                ) else {
                    return;
                };
                if let Ok(args) = GemmArgs::new(w.t(), seen, beta, out) {
                    band.gemm.gemm(args);
                }
                beta = T::ONE;
            }
        }
    }
}

impl<T: Float, G: Gemm<T>> Split for Forward<'_, T, G> {
    fn split_point(&self) -> Option<usize> {
        split_point(&self.band.rows, self.w.len().saturating_mul(self.band.batch))
    }

    fn split_at(self, at: usize) -> (Self, Self) {
        let Self { band, x, w, b, out } = self;
        let (weights, outputs) = (band.weights_before(at), band.outputs_before(at));
        let biases = if b.is_empty() { 0 } else { outputs.checked_div(band.batch).unwrap_or(0) };
        let w = w.split_at_checked(weights).unwrap_or_default();
        let b = b.split_at_checked(biases).unwrap_or_default();
        let out = out.split_at_mut_checked(outputs).unwrap_or_default();
        let [first, second] = band.split(at);
        (
            Self { band: first, x, w: w.0, b: b.0, out: out.0 },
            Self { band: second, x, w: w.1, b: b.1, out: out.1 },
        )
    }
}

/// dw\[place\] ← x\[window of place\] · dout\[place\]ᵀ
pub(super) struct WeightGradient<'a, T, G> {
    pub(super) band: Band<'a, G>,
    pub(super) x: Mat<'a, T>,
    /// Of the places of the band.
    pub(super) dout: &'a [T],
    pub(super) dw: &'a mut [T],
}

impl<T: Float, G: Gemm<T>> Pass for WeightGradient<'_, T, G> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { band, x, mut dout, mut dw } = self;
        let (units, batch) = (band.windows.units, band.batch);
        for (rows, columns) in band.places() {
            let dout = take(&mut dout, units * batch).unwrap_or_default();
            for row in rows {
                let seen = band.stretch(row, &columns);
                let fan_in = seen.len();
                let of_row = take_mut(&mut dw, fan_in * units).unwrap_or_default();
                let (Some(seen), Ok(dout), Ok(dw)) = (
                    rows_at(x.data(), batch, seen),
                    Mat::new(dout, units, batch),
                    MatMut::new(of_row, fan_in, units),
                ) else {
                    return;
                };
                if let Ok(args) = GemmArgs::new(seen, dout.t(), T::ZERO, dw) {
                    band.gemm.gemm(args);
                }
            }
        }
    }
}

impl<T: Float, G: Gemm<T>> Split for WeightGradient<'_, T, G> {
    fn split_point(&self) -> Option<usize> {
        split_point(&self.band.rows, self.dw.len().saturating_mul(self.band.batch))
    }

    fn split_at(self, at: usize) -> (Self, Self) {
        let Self { band, x, dout, dw } = self;
        let (weights, outputs) = (band.weights_before(at), band.outputs_before(at));
        let dout = dout.split_at_checked(outputs).unwrap_or_default();
        let dw = dw.split_at_mut_checked(weights).unwrap_or_default();
        let [first, second] = band.split(at);
        (
            Self { band: first, x, dout: dout.0, dw: dw.0 },
            Self { band: second, x, dout: dout.1, dw: dw.1 },
        )
    }
}

/// dx\[pixel\] ← Σ of the windows that it lies in: w\[place\] · dout\[place\]. The band is of rows of pixels.
pub(super) struct InputGradient<'a, T, G> {
    pub(super) band: Band<'a, G>,
    pub(super) w: &'a [T],
    pub(super) dout: &'a [T],
    pub(super) dx: &'a mut [T],
}

impl<G> Band<'_, G> {
    /// Numbers of a batch in a row of pixels.
    fn pixel_row_len(&self) -> usize {
        self.windows.width * self.windows.channels * self.batch
    }
}

impl<T: Float, G: Gemm<T>> Pass for InputGradient<'_, T, G> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { band, w, dout, mut dx } = self;
        let Windows { height, width, channels, units, .. } = band.windows;
        let (batch, in_row) = (band.batch, band.windows.weights_in_row());
        let num_columns = band.windows.along(width);
        for row in band.rows.clone() {
            let Some(dx) = take_mut(&mut dx, band.pixel_row_len()) else { return };
            dx.fill(T::ZERO);
            let mut row_start = 0;
            let of_rows = rows_of(dout, num_columns * units * batch);
            for (i, mut dout) in (0..band.windows.along(height)).zip(of_rows) {
                let rows = band.windows.pixels(i, height);
                let mut start = row_start;
                row_start += rows.len() * in_row;
                if !rows.contains(&row) {
                    continue;
                }
                for j in 0..num_columns {
                    let columns = band.windows.pixels(j, width);
                    let fan_in = columns.len() * channels;
                    let of_row = start + (row - rows.start) * fan_in * units;
                    start += rows.len() * fan_in * units;
                    let place = columns.start * channels * batch..columns.end * channels * batch;
                    let (Some(w), Some(dout), Some(dx)) = (
                        w.get(of_row..of_row + fan_in * units),
                        take(&mut dout, units * batch),
                        dx.get_mut(place),
                    ) else {
                        return;
                    };
                    let (Ok(w), Ok(dout), Ok(dx)) = (
                        Mat::new(w, fan_in, units),
                        Mat::new(dout, units, batch),
                        MatMut::new(dx, fan_in, batch),
                    ) else {
                        return;
                    };
                    if let Ok(args) = GemmArgs::new(w, dout, T::ONE, dx) {
                        band.gemm.gemm(args);
                    }
                }
            }
        }
    }
}

impl<T: Float, G: Gemm<T>> Split for InputGradient<'_, T, G> {
    fn split_point(&self) -> Option<usize> {
        let rows = &self.band.rows;
        let of_row = self.w.len().checked_div(self.band.windows.height).unwrap_or(0);
        split_point(rows, of_row.saturating_mul(rows.len()).saturating_mul(self.band.batch))
    }

    fn split_at(self, at: usize) -> (Self, Self) {
        let Self { band, w, dout, dx } = self;
        let dx = dx.split_at_mut_checked(at * band.pixel_row_len()).unwrap_or_default();
        let [first, second] = band.split(at);
        (Self { band: first, w, dout, dx: dx.0 }, Self { band: second, w, dout, dx: dx.1 })
    }
}
