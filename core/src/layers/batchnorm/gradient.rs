//! The passes of the gradient through batch norm, and through an activation behind it.
//!
//! Both take `f`, which knows the activation: d = f(dout, out) is the gradient at the output of the norm.

use super::params::NormGrads;
use crate::float::Float;
use crate::layers::columns::{add, for_column_blocks, let_blocks, pieces_of};
use crate::machine::{Pass, Split, split_columns, split_rows};
use crate::mat::Mat;
use crate::slices::{First, block_mut, columns_of, columns_of_mut, split_fields, zip};

/// dgamma ← Σₙ d · x_hat and dbeta ← Σₙ d, for the columns from `start` on.
pub(super) struct GradientSums<'a, T, F> {
    pub(super) f: F,
    pub(super) dout: Mat<'a, T>,
    pub(super) out: Mat<'a, T>,
    pub(super) x_hat: Mat<'a, T>,
    pub(super) start: First,
    pub(super) sums: NormGrads<'a, T>,
}

impl<T: Float, F: Fn(T, T) -> T + Copy + Send> Pass for GradientSums<'_, T, F> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { f, dout, out, x_hat, start: First(start), sums } = self;
        let NormGrads { dgamma, dbeta } = sums;
        let cols = dout.cols();
        dgamma.fill(T::ZERO);
        dbeta.fill(T::ZERO);
        let [dout, out, x_hat] = [dout, out, x_hat].map(|rows| pieces_of(rows.data(), cols));
        for (dout, out, x_hat) in zip!(dout, out, x_hat) {
            for_column_blocks!(dgamma.len(), |j, WIDTH| {
                let (mut sum, mut sum_x_hat) = ([T::ZERO; WIDTH], [T::ZERO; WIDTH]);
                let rows =
                    [dout, out, x_hat].map(|rows| columns_of::<T, WIDTH>(rows, cols, start + j));
                let [dout, out, x_hat] = rows;
                for (dout, out, x_hat) in zip!(dout, out, x_hat) {
                    for (&dout, &out, &x_hat, sum, sum_x_hat) in
                        zip!(dout, out, x_hat, &mut sum, &mut sum_x_hat)
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
    split_fields!(self at split_columns(self.dout.rows(), self.sums.dgamma.len()) => start, sums);
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
            let_blocks!([gamma, inv_std, dgamma, dbeta], j, WIDTH);
            // Copies, which the compiler knows not to overlap.
            let (mut scale, dgamma, dbeta) = (*gamma, *dgamma, *dbeta);
            for (scale, &inv_std) in scale.iter_mut().zip(inv_std) {
                *scale *= inv_std;
            }
            let [out, x_hat] = [out, x_hat].map(|rows| columns_of::<T, WIDTH>(rows, cols, j));
            for (dout, out, x_hat) in zip!(columns_of_mut::<T, WIDTH>(dout, cols, j), out, x_hat) {
                let mut d = *dout;
                for (d, &out, &x_hat, &dgamma, &dbeta, &scale) in
                    zip!(&mut d, out, x_hat, &dgamma, &dbeta, &scale)
                {
                    *d = scale * (f(*d, out) - (dbeta + x_hat * dgamma) / num_samples);
                }
                *dout = d;
            }
        });
    }
}

impl<T: Float, F: Fn(T, T) -> T + Copy + Send> Split for GradientRows<'_, T, F> {
    split_fields!(self at split_rows(self.dout.len(), self.gamma.len()) => dout, out, x_hat);
}
