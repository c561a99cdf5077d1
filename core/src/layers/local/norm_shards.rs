//! Batch norm and ReLU of the shards of a batch that lie a feature a row: what [`NormRows`](super::NormRows) does at once, in the parts
//! between which shards are merged.

use super::norm::{gradient_sums, split_features, statistics, std, through_norm};
use crate::float::{Float, positive_part};
use crate::machine::{Pass, Split};
use crate::mat::{Mat, MatMut};
use crate::slices::{split_fields, zip};

/// Mean and variance of each feature over a shard.
pub(crate) struct RowStatistics<'a, T> {
    pub(crate) x: Mat<'a, T>,
    pub(crate) mean: &'a mut [T],
    pub(crate) var: &'a mut [T],
}

impl<T: Float> Pass for RowStatistics<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let num_samples = T::from_usize(self.x.cols());
        for (x, (mean, var)) in self.x.row_iter().zip(self.mean.iter_mut().zip(self.var)) {
            let (first, offset, of_row) = statistics(x, num_samples);
            (*mean, *var) = (first + offset, of_row);
        }
    }
}

impl<T: Float> Split for RowStatistics<'_, T> {
    split_fields!(self at split_features(self.x.rows(), self.x.cols()) => x, mean, var);
}

/// x_hat ← (x − mean) / √(var + eps), in place;  out ← max(gamma · x_hat + beta, 0).
pub(crate) struct NormalizeRows<'a, T> {
    pub(crate) eps: T,
    pub(crate) gamma: &'a [T],
    pub(crate) beta: &'a [T],
    pub(crate) mean: &'a [T],
    pub(crate) var: &'a [T],
    pub(crate) inv_std: &'a mut [T],
    pub(crate) x_hat: MatMut<'a, T>,
    pub(crate) out: MatMut<'a, T>,
}

impl<T: Float> Pass for NormalizeRows<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run(mut self) {
        if self.x_hat.cols() == 0 {
            return;
        }
        let learnt = self.gamma.iter().zip(self.beta).zip(self.inv_std);
        let numbers = learnt.zip(self.mean.iter().zip(self.var));
        let rows = self.x_hat.row_iter_mut().zip(self.out.row_iter_mut());
        for ((x, out), (((&gamma, &beta), inv_std), (&mean, &var))) in rows.zip(numbers) {
            *inv_std = T::ONE / std(var, self.eps);
            for (x, out) in x.iter_mut().zip(out) {
                *x = (*x - mean) * *inv_std;
                *out = positive_part(gamma * *x + beta);
            }
        }
    }
}

impl<T: Float> Split for NormalizeRows<'_, T> {
    split_fields!(self at split_features(self.x_hat.rows(), self.x_hat.cols())
        => gamma, beta, mean, var, inv_std, x_hat, out);
}

/// d = dout where out > 0, or 0, in place;  dgamma ← Σ d · x_hat;  dbeta ← Σ d.
pub(crate) struct RowGradientSums<'a, T> {
    pub(crate) x_hat: Mat<'a, T>,
    pub(crate) out: Mat<'a, T>,
    pub(crate) dout: MatMut<'a, T>,
    pub(crate) dgamma: &'a mut [T],
    pub(crate) dbeta: &'a mut [T],
}

impl<T: Float> Pass for RowGradientSums<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run(mut self) {
        let grads = self.dgamma.iter_mut().zip(self.dbeta);
        let cached = self.x_hat.row_iter().zip(self.out.row_iter());
        let rows = self.dout.row_iter_mut().zip(cached);
        for ((dout, (x_hat, out)), (dgamma, dbeta)) in rows.zip(grads) {
            (*dgamma, *dbeta) = gradient_sums(dout, x_hat, out);
        }
    }
}

impl<T: Float> Split for RowGradientSums<'_, T> {
    split_fields!(self at split_features(self.dout.rows(), self.dout.cols()) => x_hat, out, dout, dgamma, dbeta);
}

/// dout ← gamma · inv_std · (d − dbeta / N − x_hat · dgamma / N), of sums over N samples.
pub(crate) struct RowGradient<'a, T> {
    pub(crate) num_samples: usize,
    pub(crate) gamma: &'a [T],
    pub(crate) inv_std: &'a [T],
    pub(crate) dgamma: &'a [T],
    pub(crate) dbeta: &'a [T],
    pub(crate) x_hat: Mat<'a, T>,
    pub(crate) dout: MatMut<'a, T>,
}

impl<T: Float> Pass for RowGradient<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run(mut self) {
        if self.dout.cols() == 0 {
            return;
        }
        let num_samples = T::from_usize(self.num_samples);
        let numbers = zip!(self.gamma, self.inv_std, self.dgamma, self.dbeta);
        let rows = self.dout.row_iter_mut().zip(self.x_hat.row_iter());
        for ((dout, x_hat), (&gamma, &inv_std, &dgamma, &dbeta)) in rows.zip(numbers) {
            through_norm(dout, x_hat, gamma * inv_std, (dgamma, dbeta), num_samples);
        }
    }
}

impl<T: Float> Split for RowGradient<'_, T> {
    split_fields!(self at split_features(self.dout.rows(), self.dout.cols())
        => gamma, inv_std, dgamma, dbeta, x_hat, dout);
}
