//! Batch norm and ReLU of a batch that lies a feature a row: the numbers of a feature lie together.

use crate::float::{Float, positive_part};
use crate::layers::BatchNormConfig;
use crate::layers::relu::pass_where_positive;
use crate::machine::{Pass, Split, split_elements};
use crate::mat::{Mat, MatMut};
use crate::slices::{split_fields, zip};

/// Lanes in which sums are taken, whatever the CPU has.
const LANES: usize = 16;

/// Σ f(x, y) over two rows, in lanes.
#[inline(always)]
fn sum<T: Float>(x: &[T], y: &[T], f: impl Fn(T, T) -> T) -> T {
    let (mut lanes, mut tail) = ([T::ZERO; LANES], T::ZERO);
    let ((x, x_rest), (y, y_rest)) = (x.as_chunks::<LANES>(), y.as_chunks::<LANES>());
    for (x, y) in x.iter().zip(y) {
        for (lane, &x, &y) in zip!(&mut lanes, x, y) {
            *lane += f(x, y);
        }
    }
    for (&x, &y) in x_rest.iter().zip(y_rest) {
        tail += f(x, y);
    }
    lanes.into_iter().fold(tail, |sum, lane| sum + lane)
}

/// √(var + eps), but NaN for a variance that is infinite.
#[inline(always)]
pub(super) fn std<T: Float>(var: T, eps: T) -> T {
    (var + eps).sqrt() + var * T::ZERO
}

/// The first number of a row, which is near the mean, so that little is lost to rounding; what the mean is beyond it; and the
/// variance.
#[inline(always)]
pub(super) fn statistics<T: Float>(x: &[T], num_samples: T) -> (T, T, T) {
    let first = x.first().copied().unwrap_or(T::ZERO);
    let offset = sum(x, x, |x, _| x - first) / num_samples;
    let rest = sum(x, x, |x, _| (x - first) - offset) / num_samples;
    let squares = sum(x, x, |x, _| {
        let centred = (x - first) - offset;
        centred * centred
    });
    let var = positive_part(squares / num_samples - rest * rest);
    (first, offset + rest, var)
}

/// d = dout where out > 0, or 0, in place; then Σ d · x_hat and Σ d, the gradients of gamma and beta.
#[inline(always)]
pub(super) fn gradient_sums<T: Float>(dout: &mut [T], x_hat: &[T], out: &[T]) -> (T, T) {
    for (d, &out) in dout.iter_mut().zip(out) {
        *d = pass_where_positive(*d, out, T::ONE);
    }
    let dbeta = sum(dout, dout, |d, _| d);
    (sum(dout, x_hat, |d, x_hat| d * x_hat), dbeta)
}

/// d ← scale · (d − dbeta / N − x_hat · dgamma / N), of sums over N samples.
#[inline(always)]
pub(super) fn through_norm<T: Float>(
    d: &mut [T],
    x_hat: &[T],
    scale: T,
    (dgamma, dbeta): (T, T),
    num_samples: T,
) {
    let (mean, slope) = (dbeta / num_samples, dgamma / num_samples);
    for (d, &x_hat) in d.iter_mut().zip(x_hat) {
        *d = scale * (*d - mean - x_hat * slope);
    }
}

/// Features after which rows are divided, or none if a half would not pay for handing it to a thread.
pub(super) fn split_features(rows: usize, batch: usize) -> Option<usize> {
    split_elements(rows.saturating_mul(batch)).and((rows > 1).then_some(rows / 2))
}

/// x_hat ← (x − mean) · inv_std, in place;  out ← max(gamma · x_hat + beta, 0);  the running statistics move on.
pub(crate) struct NormRows<'a, T> {
    pub(crate) config: BatchNormConfig<T>,
    pub(crate) gamma: &'a [T],
    pub(crate) beta: &'a [T],
    pub(crate) running_mean: &'a mut [T],
    pub(crate) running_var: &'a mut [T],
    pub(crate) inv_std: &'a mut [T],
    pub(crate) x_hat: MatMut<'a, T>,
    pub(crate) out: MatMut<'a, T>,
}

impl<T: Float> Pass for NormRows<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run(mut self) {
        let BatchNormConfig { eps, momentum } = self.config;
        let num_samples = T::from_usize(self.x_hat.cols());
        if self.x_hat.cols() == 0 {
            return;
        }
        let learnt = self.gamma.iter().zip(self.beta).zip(self.inv_std);
        let running = self.running_mean.iter_mut().zip(self.running_var);
        let rows = self.x_hat.row_iter_mut().zip(self.out.row_iter_mut());
        for ((x, out), (((&gamma, &beta), inv_std), (running_mean, running_var))) in
            rows.zip(learnt.zip(running))
        {
            let (first, offset, var) = statistics(x, num_samples);
            let scale = T::ONE / std(var, eps);
            for (x, out) in x.iter_mut().zip(out) {
                *x = ((*x - first) - offset) * scale;
                *out = positive_part(gamma * *x + beta);
            }
            *inv_std = scale;
            *running_mean = momentum * *running_mean + (T::ONE - momentum) * (first + offset);
            *running_var = momentum * *running_var + (T::ONE - momentum) * var;
        }
    }
}

impl<T: Float> Split for NormRows<'_, T> {
    split_fields!(self at split_features(self.x_hat.rows(), self.x_hat.cols())
        => gamma, beta, running_mean, running_var, inv_std, x_hat, out);
}

/// The gradient through ReLU and batch norm, in place.
///
/// ```text
/// d = dout where out > 0, or 0
/// dgamma ← Σ d · x_hat        dbeta ← Σ d
/// dout ← gamma · inv_std · (d − dbeta / N − x_hat · dgamma / N)
/// ```
pub(crate) struct NormRowsGradient<'a, T> {
    pub(crate) gamma: &'a [T],
    pub(crate) inv_std: &'a [T],
    pub(crate) x_hat: Mat<'a, T>,
    pub(crate) out: Mat<'a, T>,
    pub(crate) dout: MatMut<'a, T>,
    pub(crate) dgamma: &'a mut [T],
    pub(crate) dbeta: &'a mut [T],
}

impl<T: Float> Pass for NormRowsGradient<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run(mut self) {
        let num_samples = T::from_usize(self.dout.cols());
        if self.dout.cols() == 0 {
            self.dgamma.fill(T::ZERO);
            self.dbeta.fill(T::ZERO);
            return;
        }
        let learnt = self.gamma.iter().zip(self.inv_std);
        let grads = self.dgamma.iter_mut().zip(self.dbeta);
        let cached = self.x_hat.row_iter().zip(self.out.row_iter());
        let rows = self.dout.row_iter_mut().zip(cached);
        for ((dout, (x_hat, out)), ((&gamma, &inv_std), (dgamma, dbeta))) in
            rows.zip(learnt.zip(grads))
        {
            let sums = gradient_sums(dout, x_hat, out);
            (*dgamma, *dbeta) = sums;
            through_norm(dout, x_hat, gamma * inv_std, sums, num_samples);
        }
    }
}

impl<T: Float> Split for NormRowsGradient<'_, T> {
    split_fields!(self at split_features(self.dout.rows(), self.dout.cols())
        => gamma, inv_std, x_hat, out, dout, dgamma, dbeta);
}

/// x ← max(gamma · (x − running_mean) / √(running_var + eps) + beta, 0)
pub(crate) struct NormByRunning<'a, T> {
    pub(crate) eps: T,
    pub(crate) gamma: &'a [T],
    pub(crate) beta: &'a [T],
    pub(crate) mean: &'a [T],
    pub(crate) var: &'a [T],
    pub(crate) x: MatMut<'a, T>,
}

impl<T: Float> Pass for NormByRunning<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run(mut self) {
        if self.x.cols() == 0 {
            return;
        }
        let learnt = self.gamma.iter().zip(self.beta);
        let numbers = learnt.zip(self.mean.iter().zip(self.var));
        for (x, ((&gamma, &beta), (&mean, &var))) in self.x.row_iter_mut().zip(numbers) {
            let inv_std = T::ONE / std(var, self.eps);
            for x in x {
                *x = positive_part(gamma * ((*x - mean) * inv_std) + beta);
            }
        }
    }
}

impl<T: Float> Split for NormByRunning<'_, T> {
    split_fields!(self at split_features(self.x.rows(), self.x.cols()) => gamma, beta, mean, var, x);
}

/// x ← max(x, 0)
pub(crate) struct ReluRows<'a, T> {
    pub(crate) x: &'a mut [T],
}

impl<T: Float> Pass for ReluRows<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        for x in self.x {
            *x = positive_part(*x);
        }
    }
}

impl<T: Float> Split for ReluRows<'_, T> {
    split_fields!(self at split_elements(self.x.len()) => x);
}

/// dout ← dout where out > 0, or 0
pub(crate) struct ReluRowsGradient<'a, T> {
    pub(crate) out: &'a [T],
    pub(crate) dout: &'a mut [T],
}

impl<T: Float> Pass for ReluRowsGradient<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        for (d, &out) in self.dout.iter_mut().zip(self.out) {
            *d = pass_where_positive(*d, out, T::ONE);
        }
    }
}

impl<T: Float> Split for ReluRowsGradient<'_, T> {
    split_fields!(self at split_elements(self.dout.len()) => out, dout);
}
