//! The passes that normalise a batch, and what may follow at once: an activation and dropout.

use super::config::BatchNormConfig;
use super::params::{Norm, RunningStats};
use super::statistics::std;
use crate::float::Float;
use crate::layers::columns::{for_column_blocks, let_blocks};
use crate::layers::dropout::{ApplyDropout, Dropout};
use crate::machine::{Pass, Split, split_rows};
use crate::slices::{Divide, block, columns_of_mut, copy, split_fields, zip};

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
            let first = &*out;
            let_blocks!([first, inv_std, gamma, beta], j, WIDTH);
            // Copies, which the compiler knows not to overlap.
            let (first, inv_std, gamma, beta) = (*first, *inv_std, *gamma, *beta);
            let rows = columns_of_mut::<T, WIDTH>(x, cols, j);
            for (to_x, to_out) in rows.zip(columns_of_mut::<T, WIDTH>(out, cols, j)) {
                let mut x_hat = *to_x;
                for (x, &first, &offset, &inv_std) in zip!(&mut x_hat, &first, &offset, &inv_std) {
                    *x = ((*x - first) - offset) * inv_std;
                }
                *to_x = x_hat;
                for (x, gamma, beta) in zip!(&mut x_hat, gamma, beta) {
                    *x = f(gamma * *x + beta);
                }
                *to_out = x_hat;
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
        let (x, x_rest) = self.x.divide(at);
        let (out, out_rest) = self.out.divide(at);
        // Either half has two rows at least.
        copy(out_rest, out.get(..2 * cols).unwrap_or_default());
        let dropout = self.dropout.map(|dropout| dropout.divide(at).1);
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
        let (RunningStats { mean, var }, cols) = (running, gamma.len());
        for_column_blocks!(cols, |j, WIDTH| {
            let_blocks!([gamma, beta, mean, var], j, WIDTH);
            let std = var.map(|var| std(var, config.eps));
            for x in columns_of_mut::<T, WIDTH>(x, cols, j) {
                for (x, &mean, &std, &gamma, &beta) in zip!(x, mean, &std, gamma, beta) {
                    *x = f(gamma * ((*x - mean) / std) + beta);
                }
            }
        });
    }
}

impl<T: Float, F: Fn(T) -> T + Copy + Send> Split for NormalizeByRunning<'_, T, F> {
    split_fields!(self at split_rows(self.x.len(), self.norm.gamma.len()) => x);
}
