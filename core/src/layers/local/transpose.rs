//! Batches turned the other way round: samples of features, and features of samples.

use crate::float::Float;
use crate::gemm::Rows;
use crate::machine::{Pass, Split, split_rows};
use crate::mat::Mat;
use crate::slices::{First, split_fields};

/// Samples that are turned together.
const SAMPLES: usize = 16;

/// Pixels of them that are read at once.
const PIXELS: usize = 64;

/// out ← xᵀ, where the channels of a pixel come to lie together: of a batch (N, channels · pixels) it makes (pixels · channels, N).
pub(crate) struct TransposeRows<'a, T, X> {
    pub(crate) x: &'a X,
    /// 1 if they lie together already.
    pub(crate) channels: usize,
    /// Pixels of a whole picture.
    pub(crate) num_pixels: usize,
    pub(crate) first_row: First,
    pub(crate) out: &'a mut [T],
}

impl<T: Float, X: Rows<T>> Pass for TransposeRows<'_, T, X> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { x, channels, num_pixels, first_row, out } = self;
        let (batch, _) = x.shape();
        let pixel_len = channels * batch;
        if pixel_len == 0 {
            return;
        }
        let mut memory = [[T::ZERO; PIXELS]; SAMPLES];
        // A part begins with a whole pixel.
        let mut pixel = first_row.0 / pixel_len;
        for out in out.chunks_mut(PIXELS * pixel_len) {
            let count = out.len() / pixel_len;
            for channel in 0..channels {
                for start in (0..batch).step_by(SAMPLES) {
                    let samples = SAMPLES.min(batch - start);
                    for (n, row) in memory.iter_mut().take(samples).enumerate() {
                        let row = row.get_mut(..count).unwrap_or_default();
                        x.read(start + n, channel * num_pixels + pixel, row);
                    }
                    for (j, out) in out.chunks_exact_mut(pixel_len).enumerate() {
                        let to = channel * batch + start;
                        let to = out.get_mut(to..to + samples).unwrap_or_default();
                        for (to, row) in to.iter_mut().zip(&memory) {
                            *to = row.get(j).copied().unwrap_or(T::ZERO);
                        }
                    }
                }
            }
            pixel += count;
        }
    }
}

impl<T: Float, X: Rows<T>> Split for TransposeRows<'_, T, X> {
    fn split_point(&self) -> Option<usize> {
        split_rows(self.out.len(), self.channels * self.x.shape().0)
    }

    fn split_at(self, at: usize) -> (Self, Self) {
        let Self { x, channels, num_pixels, first_row, out } = self;
        let (first, second) = out.split_at_mut_checked(at).unwrap_or_default();
        let part = |first_row, out| Self { x, channels, num_pixels, first_row, out };
        (part(first_row, first), part(First(first_row.0.saturating_add(at)), second))
    }
}

/// out ← xᵀ, of a matrix.
pub(crate) struct Transpose<'a, T> {
    pub(crate) x: Mat<'a, T>,
    /// The numbers of `out` before this part.
    pub(crate) first: First,
    pub(crate) out: &'a mut [T],
}

impl<T: Float> Pass for Transpose<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { x, first, out } = self;
        let (len, cols) = x.shape();
        if len == 0 {
            return;
        }
        let mut column = first.0 / len;
        for out in out.chunks_mut(SAMPLES * len) {
            let count = out.len() / len;
            for (top, rows) in (0..).step_by(SAMPLES).zip(x.data().chunks(SAMPLES * cols.max(1))) {
                let mut block = [[T::ZERO; SAMPLES]; SAMPLES];
                for (i, row) in rows.chunks_exact(cols.max(1)).enumerate() {
                    let row = row.get(column..column + count).unwrap_or_default();
                    for (&x, turned) in row.iter().zip(&mut block) {
                        if let Some(place) = turned.get_mut(i) {
                            *place = x;
                        }
                    }
                }
                for (out, row) in out.chunks_exact_mut(len).zip(&block) {
                    let out = out.get_mut(top..).unwrap_or_default();
                    for (out, &x) in out.iter_mut().zip(row) {
                        *out = x;
                    }
                }
            }
            column += count;
        }
    }
}

impl<T: Float> Split for Transpose<'_, T> {
    split_fields!(self at split_rows(self.out.len(), self.x.rows()) => first, out);
}
