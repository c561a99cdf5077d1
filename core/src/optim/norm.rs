//! The norm of gradients or parameters.

use crate::float::Float;
use crate::machine::{Machine, Pass, Split, run, split_elements};
use crate::slices::split_fields;

/// Computes the norm of numbers: √(Σ values²).
///
/// The squares are summed in `f64`, so that those of large numbers in `f32` do not overflow, and in fixed pieces, so that the
/// bits do not depend on threads.
///
/// ```
/// use barenet::{Portable, optim::l2_norm};
/// assert_eq!(l2_norm(&Portable, &[3.0_f32, -4.0]), 5.0);
/// ```
pub fn l2_norm<T: Float>(machine: &impl Machine, values: &[T]) -> f64 {
    run(machine, SumOfSquares { values }).sqrt()
}

/// Σ values², in fixed pieces and lanes.
struct SumOfSquares<'a, T> {
    values: &'a [T],
}

impl<T: Float> Pass for SumOfSquares<'_, T> {
    type Output = f64;

    #[inline(always)]
    fn run(self) -> f64 {
        let (mut lanes, mut tail) = ([0.0; 16], 0.0);
        let (chunks, rest) = self.values.as_chunks::<16>();
        for chunk in chunks {
            for (lane, value) in lanes.iter_mut().zip(chunk) {
                *lane += value.to_f64() * value.to_f64();
            }
        }
        for value in rest {
            tail += value.to_f64() * value.to_f64();
        }
        lanes.into_iter().fold(tail, |sum, lane| sum + lane)
    }
}

impl<T: Float> Split for SumOfSquares<'_, T> {
    split_fields!(self at split_elements(self.values.len()) => values);
}
