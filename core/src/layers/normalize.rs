//! The passes of batch norm over a large batch, for the layer alone and for a whole hidden layer.
//!
//! What is summed for each column is divided by columns, which only reads the batch; what is computed
//! for each element is divided by rows. So no sum is ever divided, and the bits depend neither on
//! threads nor on where the work was divided.
//!
//! A mean is kept as the first number of its column and the mean's distance from it. Differences of
//! neighbouring numbers are exact, so a constant column has a mean without error, and of a column whose mean
//! is large beside its deviation no more is lost than of any other. A mean of one number could not be as
//! exact as that: it would be rounded.

use super::batchnorm::BatchNormConfig;
use super::columns::{add, for_column_blocks, pieces_of, split_columns, split_rows};
use super::dropout::{Dropout, drop_in_place};
use crate::float::{Float, positive_part};
use crate::gemm::{Gemm, Pass};
use crate::mat::Mat;
use crate::slices::{block, block_mut, columns_of, columns_of_mut};

/// What is known of each column after the first pass, and what is learnt from it for test time.
pub(super) struct Statistics<'a, T> {
    /// The first number of each column.
    pub(super) first: &'a mut [T],
    /// The mean less the first number. May be empty for a batch of one sample, where it is 0.
    pub(super) offset: &'a mut [T],
    pub(super) inv_std: &'a mut [T],
    pub(super) running_mean: &'a mut [T],
    pub(super) running_var: &'a mut [T],
}

impl<T: Float> Statistics<'_, T> {
    /// Computes the statistics of the columns of `x` from `start` on, as many as there is room for.
    pub(super) fn compute(
        self,
        gemm: &impl Gemm<T>,
        config: &BatchNormConfig<T>,
        x: Mat<'_, T>,
        start: usize,
    ) {
        let Some(at) = split_columns(x.rows(), self.first.len()) else {
            return gemm.vectorized(ComputeStatistics, (self, config, x, start));
        };
        let offset_at = at.min(self.offset.len());
        if let (Some(first), Some(offset), Some(inv_std), Some(running_mean), Some(running_var)) = (
            self.first.split_at_mut_checked(at),
            self.offset.split_at_mut_checked(offset_at),
            self.inv_std.split_at_mut_checked(at),
            self.running_mean.split_at_mut_checked(at),
            self.running_var.split_at_mut_checked(at),
        ) {
            let left = Statistics {
                first: first.0,
                offset: offset.0,
                inv_std: inv_std.0,
                running_mean: running_mean.0,
                running_var: running_var.0,
            };
            let right = Statistics {
                first: first.1,
                offset: offset.1,
                inv_std: inv_std.1,
                running_mean: running_mean.1,
                running_var: running_var.1,
            };
            gemm.join(
                || left.compute(gemm, config, x, start),
                || right.compute(gemm, config, x, start + at),
            );
        }
    }
}

/// Where the two parts of the means lie until the output takes the place: its own first two rows. The second
/// is empty if there is only one row; without rows there are no means.
pub(super) fn places_of_means<T>(out: &mut [T], cols: usize) -> Option<(&mut [T], &mut [T])> {
    let (first, rest) = out.split_at_mut_checked(cols)?;
    Some((first, rest.get_mut(..cols).unwrap_or_default()))
}

/// A piece of [`Statistics::compute`].
struct ComputeStatistics;

impl<T: Float> Pass<(Statistics<'_, T>, &BatchNormConfig<T>, Mat<'_, T>, usize)>
    for ComputeStatistics
{
    type Output = ();

    #[inline(always)]
    fn run(
        (statistics, config, x, start): (Statistics<'_, T>, &BatchNormConfig<T>, Mat<'_, T>, usize),
    ) {
        let num_samples = T::from_usize(x.rows().max(1));
        let BatchNormConfig { eps, momentum } = *config;
        for_column_blocks!(statistics.first.len(), |j, WIDTH| {
            let Some(&first) = block::<T, WIDTH>(x.data(), start + j) else { return };
            let mut offset = [T::ZERO; WIDTH];
            for piece in pieces_of(x.data(), x.cols()) {
                let mut sum = [T::ZERO; WIDTH];
                for x in columns_of::<T, WIDTH>(piece, x.cols(), start + j) {
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
            for piece in pieces_of(x.data(), x.cols()) {
                let (mut sum, mut sum_of_squares) = ([T::ZERO; WIDTH], [T::ZERO; WIDTH]);
                for x in columns_of::<T, WIDTH>(piece, x.cols(), start + j) {
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
            if let Some(to_offset) = block_mut::<T, WIDTH>(statistics.offset, j) {
                *to_offset = offset;
            }
            if let (Some(to_first), Some(inv_std), Some(running_mean), Some(running_var)) = (
                block_mut::<T, WIDTH>(statistics.first, j),
                block_mut::<T, WIDTH>(statistics.inv_std, j),
                block_mut::<T, WIDTH>(statistics.running_mean, j),
                block_mut::<T, WIDTH>(statistics.running_var, j),
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

/// √(var + eps), but NaN for a variance that is infinite: divided by infinity every number would be 0, and
/// look like a result.
#[inline(always)]
pub(super) fn std<T: Float>(var: T, eps: T) -> T {
    (var + eps).sqrt() + var * T::ZERO
}

/// x ← ((x − first) − offset) · inv_std;  out ← f(gamma · x + beta), and then dropout.
#[derive(Clone, Copy)]
pub(super) struct Normalize<'a, T, F> {
    pub(super) cols: usize,
    pub(super) inv_std: &'a [T],
    pub(super) gamma: &'a [T],
    pub(super) beta: &'a [T],
    pub(super) f: F,
    pub(super) dropout: Option<Dropout<T>>,
}

impl<T: Float, F: Fn(T) -> T + Copy + Sync> Normalize<'_, T, F> {
    /// Goes through the rows of `x` and `out`. The two parts of the means are expected in the first two rows
    /// of `out`, which are read before they are written: so they take no memory of their own.
    pub(super) fn run(self, gemm: &impl Gemm<T>, x: &mut [T], out: &mut [T]) {
        let Some(at) = split_rows(x.len(), self.cols) else {
            return gemm.vectorized(NormalizeRows, (self, x, out));
        };
        if let (Some(x), Some(out)) = (x.split_at_mut_checked(at), out.split_at_mut_checked(at)) {
            // Either half has two rows at least.
            for (to, &mean) in out.1.iter_mut().zip(&*out.0).take(2 * self.cols) {
                *to = mean;
            }
            let dropout = self.dropout.map(|dropout| dropout.skip_pairs(at / 2));
            gemm.join(
                || self.run(gemm, x.0, out.0),
                || Self { dropout, ..self }.run(gemm, x.1, out.1),
            );
        }
    }
}

/// A piece of [`Normalize::run`].
struct NormalizeRows;

impl<T: Float, F: Fn(T) -> T + Copy> Pass<(Normalize<'_, T, F>, &mut [T], &mut [T])>
    for NormalizeRows
{
    type Output = ();

    #[inline(always)]
    fn run((pass, x, out): (Normalize<'_, T, F>, &mut [T], &mut [T])) {
        let Normalize { cols, inv_std, gamma, beta, f, dropout } = pass;
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
        if let Some(Dropout { keep_prob, rng }) = dropout {
            drop_in_place((rng, keep_prob, out));
        }
    }
}

/// The gradient through a batch norm, and through the activation that `f` knows: f(dout, out) is the
/// gradient at the output of the norm.
#[derive(Clone, Copy)]
pub(super) struct NormGradient<'a, T, F> {
    pub(super) gamma: &'a [T],
    pub(super) inv_std: &'a [T],
    pub(super) num_samples: usize,
    pub(super) f: F,
}

impl<T: Float, F: Fn(T, T) -> T + Copy + Sync> NormGradient<'_, T, F> {
    /// dgamma ← Σₙ d · x_hat and dbeta ← Σₙ d where d = f(dout, out), for the columns from `start` on.
    pub(super) fn sums(
        self,
        gemm: &impl Gemm<T>,
        [dout, out, x_hat]: [Mat<'_, T>; 3],
        start: usize,
        dgamma: &mut [T],
        dbeta: &mut [T],
    ) {
        let Some(at) = split_columns(self.num_samples, dgamma.len()) else {
            let args = (self.f, [dout, out, x_hat], start, dgamma, dbeta);
            return gemm.vectorized(SumGradients, args);
        };
        if let (Some(dgamma), Some(dbeta)) =
            (dgamma.split_at_mut_checked(at), dbeta.split_at_mut_checked(at))
        {
            let batch = [dout, out, x_hat];
            gemm.join(
                || self.sums(gemm, batch, start, dgamma.0, dbeta.0),
                || self.sums(gemm, batch, start + at, dgamma.1, dbeta.1),
            );
        }
    }

    /// dout ← gamma · inv_std · (d − (dbeta + x_hat · dgamma)/N), row by row.
    pub(super) fn run(
        self,
        gemm: &impl Gemm<T>,
        dout: &mut [T],
        [out, x_hat]: [&[T]; 2],
        [dgamma, dbeta]: [&[T]; 2],
    ) {
        let Some(at) = split_rows(dout.len(), self.gamma.len()) else {
            return gemm.vectorized(GradientRows, (self, dout, [out, x_hat], [dgamma, dbeta]));
        };
        if let (Some(dout), Some(out), Some(x_hat)) =
            (dout.split_at_mut_checked(at), out.split_at_checked(at), x_hat.split_at_checked(at))
        {
            let sums = [dgamma, dbeta];
            gemm.join(
                || self.run(gemm, dout.0, [out.0, x_hat.0], sums),
                || self.run(gemm, dout.1, [out.1, x_hat.1], sums),
            );
        }
    }
}

/// A piece of [`NormGradient::sums`].
struct SumGradients;

impl<T: Float, F: Fn(T, T) -> T + Copy> Pass<(F, [Mat<'_, T>; 3], usize, &mut [T], &mut [T])>
    for SumGradients
{
    type Output = ();

    #[inline(always)]
    fn run(
        (f, [dout, out, x_hat], start, dgamma, dbeta): (
            F,
            [Mat<'_, T>; 3],
            usize,
            &mut [T],
            &mut [T],
        ),
    ) {
        let cols = dout.cols();
        dgamma.fill(T::ZERO);
        dbeta.fill(T::ZERO);
        let pieces = pieces_of(dout.data(), cols)
            .zip(pieces_of(out.data(), cols))
            .zip(pieces_of(x_hat.data(), cols));
        for ((dout, out), x_hat) in pieces {
            for_column_blocks!(dgamma.len(), |j, WIDTH| {
                let (mut sum, mut sum_x_hat) = ([T::ZERO; WIDTH], [T::ZERO; WIDTH]);
                let rows = columns_of::<T, WIDTH>(dout, cols, start + j)
                    .zip(columns_of::<T, WIDTH>(out, cols, start + j))
                    .zip(columns_of::<T, WIDTH>(x_hat, cols, start + j));
                for ((dout, out), x_hat) in rows {
                    let sums = sum.iter_mut().zip(&mut sum_x_hat);
                    for (((&dout, &out), &x_hat), (sum, sum_x_hat)) in
                        dout.iter().zip(out).zip(x_hat).zip(sums)
                    {
                        let d = f(dout, out);
                        *sum_x_hat += d * x_hat;
                        *sum += d;
                    }
                }
                if let (Some(dgamma), Some(dbeta)) =
                    (block_mut::<T, WIDTH>(dgamma, j), block_mut::<T, WIDTH>(dbeta, j))
                {
                    add(dgamma, &sum_x_hat);
                    add(dbeta, &sum);
                }
            });
        }
    }
}

/// A piece of [`NormGradient::run`].
struct GradientRows;

impl<T: Float, F: Fn(T, T) -> T + Copy>
    Pass<(NormGradient<'_, T, F>, &mut [T], [&[T]; 2], [&[T]; 2])> for GradientRows
{
    type Output = ();

    #[inline(always)]
    fn run(
        (pass, dout, [out, x_hat], [dgamma, dbeta]): (
            NormGradient<'_, T, F>,
            &mut [T],
            [&[T]; 2],
            [&[T]; 2],
        ),
    ) {
        let NormGradient { gamma, inv_std, num_samples, f } = pass;
        let (num_samples, cols) = (T::from_usize(num_samples.max(1)), gamma.len());
        for_column_blocks!(cols, |j, WIDTH| {
            if let (Some(&gamma), Some(inv_std), Some(&sum_x_hat), Some(&sum)) = (
                block::<T, WIDTH>(gamma, j),
                block::<T, WIDTH>(inv_std, j),
                block::<T, WIDTH>(dgamma, j),
                block::<T, WIDTH>(dbeta, j),
            ) {
                let mut scale = gamma;
                for (scale, &inv_std) in scale.iter_mut().zip(inv_std) {
                    *scale *= inv_std;
                }
                let rows = columns_of_mut::<T, WIDTH>(dout, cols, j)
                    .zip(columns_of::<T, WIDTH>(out, cols, j))
                    .zip(columns_of::<T, WIDTH>(x_hat, cols, j));
                for ((dout, out), x_hat) in rows {
                    let mut d = *dout;
                    let (sums, cached) = (sum.iter().zip(&sum_x_hat), out.iter().zip(x_hat));
                    for (((d, (&out, &x_hat)), (&sum, &sum_x_hat)), &scale) in
                        d.iter_mut().zip(cached).zip(sums).zip(&scale)
                    {
                        *d = scale * (f(*d, out) - (sum + x_hat * sum_x_hat) / num_samples);
                    }
                    *dout = d;
                }
            }
        });
    }
}
