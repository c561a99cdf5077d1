//! Mean and deviation of the columns of a batch.
//!
//! A mean is kept as the first number of its column and the mean's distance from it. Differences of
//! neighbouring numbers are exact, so a constant column has a mean without error, and of a column whose mean
//! is large beside its deviation no more is lost than of any other. A mean of one number could not be as
//! exact as that: it would be rounded.

use super::config::BatchNormConfig;
use crate::float::{Float, positive_part};
use crate::layers::columns::{add, for_column_blocks, pieces_of};
use crate::machine::{Pass, Split, split_columns};
use crate::mat::Mat;
use crate::slices::{block, block_mut, columns_of, halves_mut};

/// Computes the statistics of the columns of `x` from `start` on, as many as there is room for, and moves the running
/// ones.
pub(super) struct Statistics<'a, T> {
    pub(super) config: BatchNormConfig<T>,
    pub(super) x: Mat<'a, T>,
    pub(super) start: usize,
    /// The first number of each column.
    pub(super) first: &'a mut [T],
    /// The mean less the first number. May be empty for a batch of one sample, where it is 0.
    pub(super) offset: &'a mut [T],
    pub(super) inv_std: &'a mut [T],
    pub(super) running_mean: &'a mut [T],
    pub(super) running_var: &'a mut [T],
}

impl<T: Float> Pass for Statistics<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let num_samples = T::from_usize(self.x.rows().max(1));
        let BatchNormConfig { eps, momentum } = self.config;
        for_column_blocks!(self.first.len(), |j, WIDTH| {
            let Some(&first) = block::<T, WIDTH>(self.x.data(), self.start + j) else { return };
            let mut offset = [T::ZERO; WIDTH];
            for piece in pieces_of(self.x.data(), self.x.cols()) {
                let mut sum = [T::ZERO; WIDTH];
                for x in columns_of::<T, WIDTH>(piece, self.x.cols(), self.start + j) {
                    for ((sum, &x), &first) in sum.iter_mut().zip(x).zip(&first) {
                        *sum += x - first;
                    }
                }
                add(&mut offset, &sum);
            }
            offset = offset.map(|sum| sum / num_samples);
            // Of what is left in the sum of the centred numbers, the offset is made better: it may have lost
            // much if the first number lies far from all others.
            let (mut rest, mut var) = ([T::ZERO; WIDTH], [T::ZERO; WIDTH]);
            for piece in pieces_of(self.x.data(), self.x.cols()) {
                let (mut sum, mut sum_of_squares) = ([T::ZERO; WIDTH], [T::ZERO; WIDTH]);
                for x in columns_of::<T, WIDTH>(piece, self.x.cols(), self.start + j) {
                    let sums = sum.iter_mut().zip(&mut sum_of_squares);
                    let means = first.iter().zip(&offset);
                    for ((&x, (&first, &offset)), (sum, sum_of_squares)) in
                        x.iter().zip(means).zip(sums)
                    {
                        let centred = (x - first) - offset;
                        *sum += centred;
                        *sum_of_squares += centred * centred;
                    }
                }
                add(&mut rest, &sum);
                add(&mut var, &sum_of_squares);
            }
            for ((var, &rest), offset) in var.iter_mut().zip(&rest).zip(&mut offset) {
                let rest = rest / num_samples;
                *offset += rest;
                *var = positive_part(*var / num_samples - rest * rest);
            }
            if let Some(to_offset) = block_mut::<T, WIDTH>(self.offset, j) {
                *to_offset = offset;
            }
            if let (Some(to_first), Some(inv_std), Some(running_mean), Some(running_var)) = (
                block_mut::<T, WIDTH>(self.first, j),
                block_mut::<T, WIDTH>(self.inv_std, j),
                block_mut::<T, WIDTH>(self.running_mean, j),
                block_mut::<T, WIDTH>(self.running_var, j),
            ) {
                *to_first = first;
                *inv_std = var.map(|var| T::ONE / std(var, eps));
                let mut mean = first;
                add(&mut mean, &offset);
                for (running, batch) in [(running_mean, mean), (running_var, var)] {
                    for (running, batch) in running.iter_mut().zip(batch) {
                        *running = momentum * *running + (T::ONE - momentum) * batch;
                    }
                }
            }
        });
    }
}

impl<T: Float> Split for Statistics<'_, T> {
    fn split_point(&self) -> Option<usize> {
        split_columns(self.x.rows(), self.first.len())
    }

    fn split_at(self, at: usize) -> (Self, Self) {
        let (first, first_rest) = halves_mut(self.first, at);
        let (offset, offset_rest) = halves_mut(self.offset, at);
        let (inv_std, inv_std_rest) = halves_mut(self.inv_std, at);
        let (running_mean, running_mean_rest) = halves_mut(self.running_mean, at);
        let (running_var, running_var_rest) = halves_mut(self.running_var, at);
        let rest = Self {
            start: self.start + at,
            first: first_rest,
            offset: offset_rest,
            inv_std: inv_std_rest,
            running_mean: running_mean_rest,
            running_var: running_var_rest,
            ..self
        };
        (Self { first, offset, inv_std, running_mean, running_var, ..self }, rest)
    }
}

/// √(var + eps), but NaN for a variance that is infinite: divided by infinity every number would be 0, and
/// look like a result.
#[inline(always)]
pub(in crate::layers) fn std<T: Float>(var: T, eps: T) -> T {
    (var + eps).sqrt() + var * T::ZERO
}
