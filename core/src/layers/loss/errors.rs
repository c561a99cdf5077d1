//! What the losses of numbers share: a sum over errors.

use crate::float::Float;
use crate::gemm::Rows;
use crate::mat::MatMut;
use crate::slices::{rows_of_mut, zip};

/// Numbers of a target that are in memory at the same time.
const STRETCH: usize = 64;

/// Sums the losses of samples, and overwrites their scores with the gradient of the mean. `of` gives the
/// loss of an error, score − target, and its derivative divided by `factor`.
pub(super) fn sum_errors<T: Float>(
    mut scores: MatMut<'_, T>,
    (y, first): (&dyn Rows<T>, usize),
    num_samples: usize,
    factor: T,
    of: impl Fn(T) -> (T, T) + Copy,
) -> T {
    let (mut sum, cols) = (T::ZERO, scores.cols());
    let scale = factor / (T::from_usize(num_samples) * T::from_usize(cols));
    let mut memory = [T::ZERO; STRETCH];
    for (row, n) in rows_of_mut(scores.data_mut(), cols).zip(first..) {
        let mut start = 0;
        for d in row.chunks_mut(STRETCH) {
            let target = memory.get_mut(..d.len()).unwrap_or_default();
            y.read(n, start, target);
            sum += sum_stretch(d, target, scale, of);
            start += d.len();
        }
    }
    sum / T::from_usize(cols.max(1))
}

/// Several sums at once, so that one addition need not wait for the one before.
fn sum_stretch<T: Float>(
    d: &mut [T],
    target: &[T],
    scale: T,
    of: impl Fn(T) -> (T, T) + Copy,
) -> T {
    let (mut lanes, mut tail) = ([T::ZERO; 8], T::ZERO);
    let ((d, d_rest), (target, target_rest)) = (d.as_chunks_mut::<8>(), target.as_chunks::<8>());
    for (d, target) in d.iter_mut().zip(target) {
        for (d, &target, lane) in zip!(d, target, &mut lanes) {
            let (loss, derivative) = of(*d - target);
            *lane += loss;
            *d = scale * derivative;
        }
    }
    for (d, &target) in d_rest.iter_mut().zip(target_rest) {
        let (loss, derivative) = of(*d - target);
        tail += loss;
        *d = scale * derivative;
    }
    lanes.into_iter().fold(tail, |sum, lane| sum + lane)
}
