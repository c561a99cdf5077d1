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
use crate::slices::{First, block, block_mut, columns_of, split_fields, zip};

/// Computes the statistics of the columns of `x` from `start` on, as many as there is room for, and moves the running
/// ones.
pub(super) struct Statistics<'a, T> {
    pub(super) config: BatchNormConfig<T>,
    pub(super) x: Mat<'a, T>,
    pub(super) start: First,
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
        let Self { x, start: First(start), .. } = self;
        let num_samples = T::from_usize(x.rows().max(1));
        let BatchNormConfig { eps, momentum } = self.config;
        for_column_blocks!(self.first.len(), |j, WIDTH| {
            let columns = |piece| columns_of::<T, WIDTH>(piece, x.cols(), start + j);
            let Some(&first) = block::<T, WIDTH>(x.data(), start + j) else { return };
            let mut offset = [T::ZERO; WIDTH];
            for piece in pieces_of(x.data(), x.cols()) {
                let mut sum = [T::ZERO; WIDTH];
                for x in columns(piece) {
                    for (sum, &x, &first) in zip!(&mut sum, x, &first) {
                        *sum += x - first;
                    }
                }
                add(&mut offset, &sum);
            }
            offset = offset.map(|sum| sum / num_samples);
            // Of what is left in the sum of the centred numbers, the offset is made better: it may have lost
            // much if the first number lies far from all others.
            let (mut rest, mut var) = ([T::ZERO; WIDTH], [T::ZERO; WIDTH]);
            for piece in pieces_of(x.data(), x.cols()) {
                let (mut sum, mut squares) = ([T::ZERO; WIDTH], [T::ZERO; WIDTH]);
                for x in columns(piece) {
                    for (&x, &first, &offset, sum, squares) in
                        zip!(x, &first, &offset, &mut sum, &mut squares)
                    {
                        let centred = (x - first) - offset;
                        *sum += centred;
                        *squares += centred * centred;
                    }
                }
                add(&mut rest, &sum);
                add(&mut var, &squares);
            }
            for (var, rest, offset) in zip!(&mut var, rest, &mut offset) {
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
    split_fields!(self at split_columns(self.x.rows(), self.first.len())
        => start, first, offset, inv_std, running_mean, running_var);
}

/// √(var + eps), but NaN for a variance that is infinite: divided by infinity every number would be 0, and
/// look like a result.
#[inline(always)]
pub(in crate::layers) fn std<T: Float>(var: T, eps: T) -> T {
    (var + eps).sqrt() + var * T::ZERO
}
