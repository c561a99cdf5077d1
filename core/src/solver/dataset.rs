//! Where samples come from.

use crate::float::Float;
use crate::gemm::{CHUNK, Gemm, Pass, rows_of_mut};
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

    /// Hears that sample `index` will be asked for soon, and may bring it nearer: samples of a batch
    /// lie anywhere in memory, where the CPU's own prediction does not look.
    fn prefetch(&self, index: usize) {
        let _ignored = index;
    }
}

/// How many samples ahead [`Dataset::prefetch`] is told of.
const AHEAD: usize = 4;

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
    let rows = y.len();
    let mut ahead = [0; AHEAD];
    for (ahead, n) in ahead.iter_mut().zip(0..rows) {
        *ahead = index(start + n);
        data.prefetch(*ahead);
    }
    for ((x, y), n) in rows_of_mut(x, cols).zip(y).zip(AHEAD..) {
        let [now, rest @ ..] = ahead;
        let next = if n < rows { index(start + n) } else { now };
        if n < rows {
            data.prefetch(next);
        }
        let [a, b, c] = rest;
        ahead = [a, b, c, next];
        *y = gemm.vectorized(ReadSample, (data, now, x));
    }
}

/// One sample.
struct ReadSample;

impl<T, D: Dataset<T>> Pass<(&D, usize, &mut [T])> for ReadSample {
    type Output = Label;

    #[inline(always)]
    fn run((data, index, x): (&D, usize, &mut [T])) -> Label {
        data.sample(index, x)
    }
}
