//! Where samples come from.

use crate::float::Float;
use crate::gemm::{CHUNK, Gemm, rows_of_mut};
use crate::layers::Label;
use crate::mat::MatMut;

/// Labelled samples that can be read in any order.
///
/// A sample becomes floating point when it is asked for, so images can stay bytes in memory or in
/// flash.
pub trait Dataset<T>: Sync {
    /// The number of samples.
    fn len(&self) -> usize;

    /// Whether there are none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Writes sample `index`, below `len()`, to `x`, all of it, and returns its label.
    fn sample(&self, index: usize, x: &mut [T]) -> Label;
}

/// Fills a batch: row n of `x` and `y` with sample `index(start + n)`, on all threads of the backend.
pub(super) fn gather<T: Float>(
    gemm: &impl Gemm<T>,
    data: &impl Dataset<T>,
    index: &(impl Fn(usize) -> usize + Sync),
    start: usize,
    x: MatMut<'_, T>,
    y: &mut [Label],
) {
    let (rows, cols) = x.shape();
    let half = rows / 2;
    let x = x.into_data();
    if rows * cols > CHUNK
        && half > 0
        && let Some((x_left, x_right)) = x.split_at_mut_checked(half * cols)
        && let Some((y_left, y_right)) = y.split_at_mut_checked(half)
        && let Ok(x_left) = MatMut::new(x_left, half, cols)
        && let Ok(x_right) = MatMut::new(x_right, rows - half, cols)
    {
        return gemm.join(
            || gather(gemm, data, index, start, x_left, y_left),
            || gather(gemm, data, index, start + half, x_right, y_right),
        );
    }
    gemm.vectorized(gather_rows, (data, index, start, cols, x, y));
}

/// Reads the samples of one piece of a batch.
#[inline(always)]
fn gather_rows<T, D: Dataset<T>, I: Fn(usize) -> usize>(
    (data, index, start, cols, x, y): (&D, &I, usize, usize, &mut [T], &mut [Label]),
) {
    for ((x, y), n) in rows_of_mut(x, cols).zip(y).zip(start..) {
        *y = data.sample(index(n), x);
    }
}
