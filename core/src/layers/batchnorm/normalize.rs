//! The passes that normalise a batch, and what may follow at once: an activation and dropout.

use super::config::BatchNormConfig;
use super::params::{Norm, RunningStats};
use super::statistics::std;
use crate::float::Float;
use crate::layers::columns::for_column_blocks;
use crate::layers::dropout::{ApplyDropout, Dropout};
use crate::machine::{Pass, Split, split_rows};
use crate::slices::{block, columns_of_mut, copy, halves_mut};

/// x ← ((x − first) − offset) · inv_std;  out ← f(gamma · x + beta), and then dropout.
///
/// The two parts of the means are expected in the first two rows of `out`, which are read before they are written: so
/// they take no memory of their own.
pub(super) struct Normalize<'a, T, F> {
    pub(super) x: &'a mut [T],
    pub(super) out: &'a mut [T],
    pub(super) inv_std: &'a [T],
    pub(super) norm: Norm<'a, T>,
    pub(super) f: F,
    pub(super) dropout: Option<Dropout<T>>,
}

/// The place of the two parts of the means until the output takes it. The second is empty if there is only one row;
/// without rows there are no means.
pub(super) fn places_of_means<T>(out: &mut [T], cols: usize) -> Option<(&mut [T], &mut [T])> {
    let (first, rest) = out.split_at_mut_checked(cols)?;
    Some((first, rest.get_mut(..cols).unwrap_or_default()))
}

impl<T: Float, F: Fn(T) -> T + Copy + Send> Pass for Normalize<'_, T, F> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { x, out, inv_std, norm: Norm { gamma, beta }, f, dropout } = self;
        let cols = gamma.len();
        for_column_blocks!(cols, |j, WIDTH| {
            let offset = block::<T, WIDTH>(out, cols + j).copied().unwrap_or([T::ZERO; WIDTH]);
            if let (Some(&first), Some(&inv_std), Some(&gamma), Some(&beta)) = (
                block::<T, WIDTH>(out, j),
                block::<T, WIDTH>(inv_std, j),
                block::<T, WIDTH>(gamma, j),
                block::<T, WIDTH>(beta, j),
            ) {
                let rows = columns_of_mut::<T, WIDTH>(x, cols, j);
                for (to_x, to_out) in rows.zip(columns_of_mut::<T, WIDTH>(out, cols, j)) {
                    // Copies, which the compiler knows not to overlap.
                    let mut x_hat = *to_x;
                    let means = first.iter().zip(&offset);
                    for ((x, (&first, &offset)), &inv_std) in
                        x_hat.iter_mut().zip(means).zip(&inv_std)
                    {
                        *x = ((*x - first) - offset) * inv_std;
                    }
                    *to_x = x_hat;
                    for ((x, gamma), beta) in x_hat.iter_mut().zip(gamma).zip(beta) {
                        *x = f(gamma * *x + beta);
                    }
                    *to_out = x_hat;
                }
            }
        });
        if let Some(dropout) = dropout {
            ApplyDropout { dropout, cols, x: out }.run();
        }
    }
}

impl<T: Float, F: Fn(T) -> T + Copy + Send> Split for Normalize<'_, T, F> {
    fn split_point(&self) -> Option<usize> {
        split_rows(self.x.len(), self.norm.gamma.len())
    }

    fn split_at(self, at: usize) -> (Self, Self) {
        let cols = self.norm.gamma.len();
        let (x, x_rest) = halves_mut(self.x, at);
        let (out, out_rest) = halves_mut(self.out, at);
        // Either half has two rows at least.
        copy(out_rest, out.get(..2 * cols).unwrap_or_default());
        let dropout = self.dropout.map(|dropout| dropout.skip_pairs(at / 2));
        (Self { x, out, ..self }, Self { x: x_rest, out: out_rest, dropout, ..self })
    }
}

/// x ← f(gamma·(x − mean)/√(var + eps) + beta), in place, with the running statistics.
pub(in crate::layers) struct NormalizeByRunning<'a, T, F> {
    pub(in crate::layers) config: BatchNormConfig<T>,
    pub(in crate::layers) norm: Norm<'a, T>,
    pub(in crate::layers) running: RunningStats<&'a [T]>,
    pub(in crate::layers) f: F,
    pub(in crate::layers) x: &'a mut [T],
}

impl<T: Float, F: Fn(T) -> T + Copy + Send> Pass for NormalizeByRunning<'_, T, F> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { config, norm: Norm { gamma, beta }, running, f, x } = self;
        let cols = gamma.len();
        for_column_blocks!(cols, |j, WIDTH| {
            if let (Some(gamma), Some(beta), Some(mean), Some(var)) = (
                block::<T, WIDTH>(gamma, j),
                block::<T, WIDTH>(beta, j),
                block::<T, WIDTH>(running.mean, j),
                block::<T, WIDTH>(running.var, j),
            ) {
                let std = var.map(|var| std(var, config.eps));
                for x in columns_of_mut::<T, WIDTH>(x, cols, j) {
                    let statistics = mean.iter().zip(&std);
                    let learnt = gamma.iter().zip(beta);
                    for ((x, (&mean, &std)), (&gamma, &beta)) in
                        x.iter_mut().zip(statistics).zip(learnt)
                    {
                        *x = f(gamma * ((*x - mean) / std) + beta);
                    }
                }
            }
        });
    }
}

impl<T: Float, F: Fn(T) -> T + Copy + Send> Split for NormalizeByRunning<'_, T, F> {
    fn split_point(&self) -> Option<usize> {
        split_rows(self.x.len(), self.norm.gamma.len())
    }

    fn split_at(self, at: usize) -> (Self, Self) {
        let (x, rest) = halves_mut(self.x, at);
        (Self { x, ..self }, Self { x: rest, ..self })
    }
}
