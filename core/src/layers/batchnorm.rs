//! Batch normalisation: every column of the batch gets mean `beta` and standard deviation `gamma`.
//!
//! Cached for the backward pass: `x_hat`, the normalised input, and `inv_std`, one number a column.
//! With them the gradient needs one pass for its two sums and one for `dx`, and `x` itself may be
//! overwritten.
//!
//! As in CS231n, the running variance is that of the batch with division by N (PyTorch keeps the
//! unbiased one), and `running ← momentum·running + (1 − momentum)·batch`.

//!
//! Sums of columns are divided between columns, which only reads the batch; numbers are computed row by row. So no sum
//! is ever divided, and the bits depend neither on threads nor on where the work was divided.

mod config;
mod gradient;
mod normalize;
mod params;
mod shards;
mod statistics;

pub use config::BatchNormConfig;
pub use params::{Norm, NormGrads, RunningStats};
pub(crate) use shards::{
    merge_statistics, move_running, normalize_shard, shard_gradient, shard_gradient_sums,
    shard_statistics,
};

use super::dropout::Dropout;
use crate::error::{ShapeError, check_len, check_shape};
use crate::float::Float;
use crate::machine::{Machine, run};
use crate::mat::{Mat, MatMut};
use crate::slices::First;
use core::iter::zip;
use gradient::{GradientRows, GradientSums};
pub(super) use normalize::NormalizeByRunning;
use normalize::{Normalize, places_of_means};
use statistics::Statistics;

/// Computes the forward pass of batch normalisation, in training.
///
/// ```text
/// mean = 1/N · Σₙ x[n, ·]      var = 1/N · Σₙ (x[n, ·] − mean)²
/// inv_std ← 1/√(var + eps)     x_hat ← (x − mean) · inv_std     out ← gamma · x_hat + beta
/// running_mean ← momentum · running_mean + (1 − momentum) · mean, and likewise running_var
/// ```
///
/// # Shapes
///
/// | argument                      | shape       | role                                      |
/// |-------------------------------|-------------|-------------------------------------------|
/// | `x`                           | (N, M)      | input                                     |
/// | `gamma`, `beta`               | (M)         | scale and shift, learnt                   |
/// | `running_mean`, `running_var` | (M)         | updated, for test time                    |
/// | `x_hat`, `inv_std`            | (N, M), (M) | outputs, cached for [`batchnorm_backward`] |
/// | `out`                         | (N, M)      | output                                    |
///
/// # Errors
///
/// [`ShapeError`] naming the first argument that disagrees; nothing is written in that case.
///
/// # Example
///
/// ```
/// use barenet::{Mat, MatMut, Portable, layers::{BatchNormConfig, batchnorm_forward_train}};
/// let config = BatchNormConfig { eps: 0.0, momentum: 0.9 };
/// let (mut mean, mut var) = ([0.0], [0.0]);
/// let (mut x_hat, mut inv_std, mut out) = ([0.0; 2], [0.0], [0.0; 2]);
/// batchnorm_forward_train(
///     &Portable, &config, Mat::new(&[1.0, 5.0], 2, 1)?, &[10.0], &[3.0], &mut mean, &mut var,
///     MatMut::new(&mut x_hat, 2, 1)?, &mut inv_std, MatMut::new(&mut out, 2, 1)?,
/// )?;
/// assert_eq!((x_hat, inv_std, out), ([-1.0, 1.0], [0.5], [-7.0, 13.0]));
/// # Ok::<(), barenet::ShapeError>(())
/// ```
///
/// Ioffe and Szegedy, "Batch Normalization", ICML 2015; CS231n:
/// <https://cs231n.github.io/neural-networks-2/#batchnorm>
pub fn batchnorm_forward_train<T: Float>(
    machine: &impl Machine,
    config: &BatchNormConfig<T>,
    x: Mat<'_, T>,
    gamma: &[T],
    beta: &[T],
    running_mean: &mut [T],
    running_var: &mut [T],
    mut x_hat: MatMut<'_, T>,
    inv_std: &mut [T],
    out: MatMut<'_, T>,
) -> Result<(), ShapeError> {
    let norm = Norm { gamma, beta };
    norm.check(x.cols(), running_mean, running_var)?;
    check_shape("x_hat", x.shape(), x_hat.shape())?;
    check_len("inv_std", x.cols(), inv_std.len())?;
    check_shape("out", x.shape(), out.shape())?;
    // A loop, here and below: `copy` would become a call of memcpy, of which valgrind counts every byte on some CPUs.
    for (x_hat, &x) in zip(x_hat.data_mut(), x.data()) {
        *x_hat = x;
    }
    let running = RunningStats { mean: running_mean, var: running_var };
    normalize(machine, config, norm, running, |y| y, None, x_hat, inv_std, out);
    Ok(())
}

/// Normalises a batch in place, and computes out ← f(gamma · x_hat + beta), and then dropout. The shapes agree.
pub(super) fn normalize<T: Float>(
    machine: &impl Machine,
    config: &BatchNormConfig<T>,
    norm: Norm<'_, T>,
    running: RunningStats<&mut [T]>,
    f: impl Fn(T) -> T + Copy + Send,
    dropout: Option<Dropout<T>>,
    mut x_hat: MatMut<'_, T>,
    inv_std: &mut [T],
    mut out: MatMut<'_, T>,
) {
    let (cols, out) = (out.cols(), out.data_mut());
    if let Some((first, offset)) = places_of_means(out, cols) {
        let (config, x, inv_std) = (*config, x_hat.as_mat(), &mut *inv_std);
        let RunningStats { mean: running_mean, var: running_var } = running;
        let start = First(0);
        run(
            machine,
            Statistics { config, x, start, first, offset, inv_std, running_mean, running_var },
        );
    }
    run(machine, Normalize { x: x_hat.data_mut(), out, inv_std, norm, f, dropout });
}

/// Computes the forward pass of batch normalisation at test time, with the running statistics.
///
/// ```text
/// out ← gamma · (x − running_mean) / √(running_var + eps) + beta
/// ```
///
/// Shapes are those of [`batchnorm_forward_train`].
///
/// # Errors
///
/// [`ShapeError`] naming the first argument that disagrees; `out` is not written in that case.
///
/// # Example
///
/// ```
/// use barenet::{Mat, MatMut, Portable, layers::{BatchNormConfig, batchnorm_forward_test}};
/// let config = BatchNormConfig { eps: 0.0, momentum: 0.9 };
/// let mut out = [0.0; 2];
/// batchnorm_forward_test(
///     &Portable, &config, Mat::new(&[1.0, 5.0], 2, 1)?, &[10.0], &[3.0], &[3.0], &[4.0],
///     MatMut::new(&mut out, 2, 1)?,
/// )?;
/// assert_eq!(out, [-7.0, 13.0]);
/// # Ok::<(), barenet::ShapeError>(())
/// ```
pub fn batchnorm_forward_test<T: Float>(
    machine: &impl Machine,
    config: &BatchNormConfig<T>,
    x: Mat<'_, T>,
    gamma: &[T],
    beta: &[T],
    running_mean: &[T],
    running_var: &[T],
    mut out: MatMut<'_, T>,
) -> Result<(), ShapeError> {
    let norm = Norm { gamma, beta };
    norm.check(x.cols(), running_mean, running_var)?;
    check_shape("out", x.shape(), out.shape())?;
    for (out, &x) in zip(out.data_mut(), x.data()) {
        *out = x;
    }
    let running = RunningStats { mean: running_mean, var: running_var };
    let (config, x) = (*config, out.data_mut());
    run(machine, NormalizeByRunning { config, norm, running, f: |y| y, x });
    Ok(())
}

/// Computes the backward pass of batch normalisation.
///
/// ```text
/// dbeta ← Σₙ dout      dgamma ← Σₙ dout · x_hat
/// dx ← gamma · inv_std · (dout − dbeta/N − x_hat · dgamma/N)
/// ```
///
/// # Shapes
///
/// | argument                | shape            | role                                     |
/// |-------------------------|------------------|------------------------------------------|
/// | `dout`                  | (N, M)           | upstream gradient                        |
/// | `gamma`                 | (M)              | input of [`batchnorm_forward_train`]     |
/// | `x_hat`, `inv_std`      | (N, M), (M)      | cached by [`batchnorm_forward_train`]    |
/// | `dx`, `dgamma`, `dbeta` | (N, M), (M), (M) | outputs, overwritten                     |
///
/// # Errors
///
/// [`ShapeError`] naming the first argument that disagrees; nothing is written in that case.
///
/// # Example
///
/// ```
/// use barenet::{Mat, MatMut, Portable, layers::batchnorm_backward};
/// let (mut dx, mut dgamma, mut dbeta) = ([0.0; 2], [0.0], [0.0]);
/// batchnorm_backward(
///     &Portable, Mat::new(&[1.0, 0.0], 2, 1)?, &[10.0], Mat::new(&[-1.0, 1.0], 2, 1)?, &[0.5],
///     MatMut::new(&mut dx, 2, 1)?, &mut dgamma, &mut dbeta,
/// )?;
/// // Two samples always normalise to −1 and 1: moving them changes nothing.
/// assert_eq!((dx, dgamma, dbeta), ([0.0, 0.0], [-1.0], [1.0]));
/// # Ok::<(), barenet::ShapeError>(())
/// ```
pub fn batchnorm_backward<T: Float>(
    machine: &impl Machine,
    dout: Mat<'_, T>,
    gamma: &[T],
    x_hat: Mat<'_, T>,
    inv_std: &[T],
    mut dx: MatMut<'_, T>,
    dgamma: &mut [T],
    dbeta: &mut [T],
) -> Result<(), ShapeError> {
    check_shape("x_hat", dout.shape(), x_hat.shape())?;
    check_shape("dx", dout.shape(), dx.shape())?;
    let grads = NormGrads { dgamma, dbeta };
    check_gradient(dout.cols(), gamma, inv_std, &grads)?;
    for (dx, &dout) in zip(dx.data_mut(), dout.data()) {
        *dx = dout;
    }
    gradient(machine, |d, _out| d, dx, dout, x_hat, gamma, inv_std, grads);
    Ok(())
}

/// Refuses vectors that have not a number for each feature.
pub(super) fn check_gradient<T>(
    num_features: usize,
    gamma: &[T],
    inv_std: &[T],
    grads: &NormGrads<'_, T>,
) -> Result<(), ShapeError> {
    check_len("gamma", num_features, gamma.len())?;
    check_len("inv_std", num_features, inv_std.len())?;
    check_len("dgamma", num_features, grads.dgamma.len())?;
    check_len("dbeta", num_features, grads.dbeta.len())
}

/// Computes the gradient through a batch norm, in place, and through the activation that `f` knows: f(dout, out) is the
/// gradient at the output of the norm. The shapes agree.
pub(super) fn gradient<T: Float>(
    machine: &impl Machine,
    f: impl Fn(T, T) -> T + Copy + Send,
    mut dout: MatMut<'_, T>,
    out: Mat<'_, T>,
    x_hat: Mat<'_, T>,
    gamma: &[T],
    inv_std: &[T],
    NormGrads { dgamma, dbeta }: NormGrads<'_, T>,
) {
    let sums = NormGrads { dgamma: &mut *dgamma, dbeta: &mut *dbeta };
    run(machine, GradientSums { f, dout: dout.as_mat(), out, x_hat, start: First(0), sums });
    let (out, x_hat, num_samples) = (out.data(), x_hat.data(), dout.rows());
    let dout = dout.data_mut();
    run(machine, GradientRows { f, dout, out, x_hat, gamma, inv_std, dgamma, dbeta, num_samples });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Portable;

    #[test]
    fn a_constant_column_normalises_to_zero_and_stays_finite() {
        let config = BatchNormConfig::default();
        let (mut x_hat, mut inv_std, mut out) = ([f32::NAN; 3], [f32::NAN], [f32::NAN; 3]);
        batchnorm_forward_train(
            &Portable,
            &config,
            Mat::new(&[4.0; 3], 3, 1).unwrap(),
            &[2.0],
            &[1.0],
            &mut [0.0],
            &mut [0.0],
            MatMut::new(&mut x_hat, 3, 1).unwrap(),
            &mut inv_std,
            MatMut::new(&mut out, 3, 1).unwrap(),
        )
        .unwrap();
        assert_eq!((x_hat, out), ([0.0; 3], [1.0; 3]));
    }

    #[test]
    fn running_statistics_move_by_one_minus_momentum() {
        let config = BatchNormConfig { eps: 0.0, momentum: 0.75 };
        let (mut mean, mut var) = ([4.0], [8.0]);
        batchnorm_forward_train(
            &Portable,
            &config,
            Mat::new(&[-1.0, 1.0], 2, 1).unwrap(),
            &[1.0],
            &[0.0],
            &mut mean,
            &mut var,
            MatMut::new(&mut [0.0; 2], 2, 1).unwrap(),
            &mut [0.0],
            MatMut::new(&mut [0.0; 2], 2, 1).unwrap(),
        )
        .unwrap();
        assert_eq!((mean, var), ([3.0], [6.25]));
    }
}
