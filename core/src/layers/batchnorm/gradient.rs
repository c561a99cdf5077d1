//! The passes of the gradient through batch norm, and through an activation behind it.
//!
//! Both take `f`, which knows the activation: d = f(dout, out) is the gradient at the output of the norm.

use super::params::NormGrads;
use crate::float::Float;
use crate::layers::columns::{add, for_column_blocks, pieces_of};
use crate::machine::{Pass, Split, split_columns, split_rows};
use crate::mat::Mat;
use crate::slices::{block, block_mut, columns_of, columns_of_mut, halves, halves_mut};

/// dgamma ← Σₙ d · x_hat and dbeta ← Σₙ d, for the columns from `start` on.
pub(super) struct GradientSums<'a, T, F> {
    pub(super) f: F,
    pub(super) dout: Mat<'a, T>,
    pub(super) out: Mat<'a, T>,
    pub(super) x_hat: Mat<'a, T>,
    pub(super) start: usize,
    pub(super) sums: NormGrads<'a, T>,
}

impl<T: Float, F: Fn(T, T) -> T + Copy + Send> Pass for GradientSums<'_, T, F> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { f, dout, out, x_hat, start, sums: NormGrads { dgamma, dbeta } } = self;
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

impl<T: Float, F: Fn(T, T) -> T + Copy + Send> Split for GradientSums<'_, T, F> {
    fn split_point(&self) -> Option<usize> {
        split_columns(self.dout.rows(), self.sums.dgamma.len())
    }

    fn split_at(self, at: usize) -> (Self, Self) {
        let (dgamma, dgamma_rest) = halves_mut(self.sums.dgamma, at);
        let (dbeta, dbeta_rest) = halves_mut(self.sums.dbeta, at);
        let rest = NormGrads { dgamma: dgamma_rest, dbeta: dbeta_rest };
        let rest = Self { start: self.start + at, sums: rest, ..self };
        (Self { sums: NormGrads { dgamma, dbeta }, ..self }, rest)
    }
}

/// dout ← gamma · inv_std · (d − (dbeta + x_hat · dgamma)/N), row by row.
pub(super) struct GradientRows<'a, T, F> {
    pub(super) f: F,
    pub(super) dout: &'a mut [T],
    pub(super) out: &'a [T],
    pub(super) x_hat: &'a [T],
    pub(super) gamma: &'a [T],
    pub(super) inv_std: &'a [T],
    pub(super) dgamma: &'a [T],
    pub(super) dbeta: &'a [T],
    /// N.
    pub(super) num_samples: usize,
}

impl<T: Float, F: Fn(T, T) -> T + Copy + Send> Pass for GradientRows<'_, T, F> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { f, dout, out, x_hat, gamma, inv_std, dgamma, dbeta, num_samples } = self;
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

impl<T: Float, F: Fn(T, T) -> T + Copy + Send> Split for GradientRows<'_, T, F> {
    fn split_point(&self) -> Option<usize> {
        split_rows(self.dout.len(), self.gamma.len())
    }

    fn split_at(self, at: usize) -> (Self, Self) {
        let (dout, dout_rest) = halves_mut(self.dout, at);
        let (out, out_rest) = halves(self.out, at);
        let (x_hat, x_hat_rest) = halves(self.x_hat, at);
        let rest = Self { dout: dout_rest, out: out_rest, x_hat: x_hat_rest, ..self };
        (Self { dout, out, x_hat, ..self }, rest)
    }
}
