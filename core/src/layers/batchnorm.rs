//! Batch normalisation: every column of the batch gets mean `beta` and standard deviation `gamma`.
//!
//! Cached for the backward pass: `x_hat`, the normalised input, and `inv_std`, one number a column.
//! With them the gradient needs one pass for its two sums and one for `dx`, and `x` itself may be
//! overwritten.
//!
//! As in CS231n, the running variance is that of the batch with division by N (PyTorch keeps the
//! unbiased one), and `running ← momentum·running + (1 − momentum)·batch`.

use super::columns::for_column_blocks;
use super::normalize::{NormGradient, Normalize, Statistics, places_of_means, std};
use crate::error::{ShapeError, check_len, check_shape};
use crate::float::Float;
use crate::gemm::{Pass, Portable};
use crate::mat::{Mat, MatMut};
use crate::slices::{block, columns_of_mut};

/// The constants of a batch normalisation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BatchNormConfig<T> {
    /// Added to the variance before the root, so that a constant column divides by no zero.
    /// At least 0. Default 1e-5.
    pub eps: T,
    /// How much of the running statistics stays at each step, in 0..=1. Default 0.9.
    pub momentum: T,
}

impl<T: Float> Default for BatchNormConfig<T> {
    fn default() -> Self {
        Self { eps: T::from_f64(1e-5), momentum: T::from_f64(0.9) }
    }
}

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
/// use barenet::{Mat, MatMut, layers::{BatchNormConfig, batchnorm_forward_train}};
/// let config = BatchNormConfig { eps: 0.0, momentum: 0.9 };
/// let (mut mean, mut var) = ([0.0], [0.0]);
/// let (mut x_hat, mut inv_std, mut out) = ([0.0; 2], [0.0], [0.0; 2]);
/// batchnorm_forward_train(
///     &config, Mat::new(&[1.0, 5.0], 2, 1)?, &[10.0], &[3.0], &mut mean, &mut var,
///     MatMut::new(&mut x_hat, 2, 1)?, &mut inv_std, MatMut::new(&mut out, 2, 1)?,
/// )?;
/// assert_eq!((x_hat, inv_std, out), ([-1.0, 1.0], [0.5], [-7.0, 13.0]));
/// # Ok::<(), barenet::ShapeError>(())
/// ```
///
/// Ioffe and Szegedy, "Batch Normalization", ICML 2015; CS231n:
/// <https://cs231n.github.io/neural-networks-2/#batchnorm>
pub fn batchnorm_forward_train<T: Float>(
    config: &BatchNormConfig<T>,
    x: Mat<'_, T>,
    gamma: &[T],
    beta: &[T],
    running_mean: &mut [T],
    running_var: &mut [T],
    mut x_hat: MatMut<'_, T>,
    inv_std: &mut [T],
    mut out: MatMut<'_, T>,
) -> Result<(), ShapeError> {
    let num_features = x.cols();
    check_len("gamma", num_features, gamma.len())?;
    check_len("beta", num_features, beta.len())?;
    check_len("running_mean", num_features, running_mean.len())?;
    check_len("running_var", num_features, running_var.len())?;
    check_shape("x_hat", x.shape(), x_hat.shape())?;
    check_len("inv_std", num_features, inv_std.len())?;
    check_shape("out", x.shape(), out.shape())?;
    for (x_hat, &x) in x_hat.data_mut().iter_mut().zip(x.data()) {
        *x_hat = x;
    }
    let (x_hat, out) = (x_hat.data_mut(), out.data_mut());
    if let Some((first, offset)) = places_of_means(out, num_features) {
        let inv_std = &mut *inv_std;
        let statistics = Statistics { first, offset, inv_std, running_mean, running_var };
        statistics.compute(&Portable, config, x, 0);
    }
    let pass = Normalize { cols: num_features, inv_std, gamma, beta, f: |y| y, dropout: None };
    pass.run(&Portable, x_hat, out);
    Ok(())
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
/// use barenet::{Mat, MatMut, layers::{BatchNormConfig, batchnorm_forward_test}};
/// let config = BatchNormConfig { eps: 0.0, momentum: 0.9 };
/// let mut out = [0.0; 2];
/// batchnorm_forward_test(
///     &config, Mat::new(&[1.0, 5.0], 2, 1)?, &[10.0], &[3.0], &[3.0], &[4.0],
///     MatMut::new(&mut out, 2, 1)?,
/// )?;
/// assert_eq!(out, [-7.0, 13.0]);
/// # Ok::<(), barenet::ShapeError>(())
/// ```
pub fn batchnorm_forward_test<T: Float>(
    config: &BatchNormConfig<T>,
    x: Mat<'_, T>,
    gamma: &[T],
    beta: &[T],
    running_mean: &[T],
    running_var: &[T],
    mut out: MatMut<'_, T>,
) -> Result<(), ShapeError> {
    let num_features = x.cols();
    check_len("gamma", num_features, gamma.len())?;
    check_len("beta", num_features, beta.len())?;
    check_len("running_mean", num_features, running_mean.len())?;
    check_len("running_var", num_features, running_var.len())?;
    check_shape("out", x.shape(), out.shape())?;
    for (out, &x) in out.data_mut().iter_mut().zip(x.data()) {
        *out = x;
    }
    NormalizeByRunning::run((config, gamma, beta, running_mean, running_var, out));
    Ok(())
}

/// x ← gamma·(x − mean)/√(var + eps) + beta, in place. Lengths are the caller's care.
pub(super) struct NormalizeByRunning;

impl<T: Float> Pass<(&BatchNormConfig<T>, &[T], &[T], &[T], &[T], MatMut<'_, T>)>
    for NormalizeByRunning
{
    type Output = ();

    #[inline(always)]
    fn run(
        (config, gamma, beta, running_mean, running_var, mut x): (
            &BatchNormConfig<T>,
            &[T],
            &[T],
            &[T],
            &[T],
            MatMut<'_, T>,
        ),
    ) {
        let cols = x.cols();
        let x = x.data_mut();
        for_column_blocks!(cols, |j, WIDTH| {
            if let (Some(gamma), Some(beta), Some(mean), Some(var)) = (
                block::<T, WIDTH>(gamma, j),
                block::<T, WIDTH>(beta, j),
                block::<T, WIDTH>(running_mean, j),
                block::<T, WIDTH>(running_var, j),
            ) {
                let std = var.map(|var| std(var, config.eps));
                for x in columns_of_mut::<T, WIDTH>(x, cols, j) {
                    let statistics = mean.iter().zip(&std);
                    let learnt = gamma.iter().zip(beta);
                    for ((x, (&mean, &std)), (&gamma, &beta)) in
                        x.iter_mut().zip(statistics).zip(learnt)
                    {
                        *x = gamma * ((*x - mean) / std) + beta;
                    }
                }
            }
        });
    }
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
/// use barenet::{Mat, MatMut, layers::batchnorm_backward};
/// let (mut dx, mut dgamma, mut dbeta) = ([0.0; 2], [0.0], [0.0]);
/// batchnorm_backward(
///     Mat::new(&[1.0, 0.0], 2, 1)?, &[10.0], Mat::new(&[-1.0, 1.0], 2, 1)?, &[0.5],
///     MatMut::new(&mut dx, 2, 1)?, &mut dgamma, &mut dbeta,
/// )?;
/// // Two samples always normalise to −1 and 1: moving them changes nothing.
/// assert_eq!((dx, dgamma, dbeta), ([0.0, 0.0], [-1.0], [1.0]));
/// # Ok::<(), barenet::ShapeError>(())
/// ```
pub fn batchnorm_backward<T: Float>(
    dout: Mat<'_, T>,
    gamma: &[T],
    x_hat: Mat<'_, T>,
    inv_std: &[T],
    mut dx: MatMut<'_, T>,
    dgamma: &mut [T],
    dbeta: &mut [T],
) -> Result<(), ShapeError> {
    let num_features = dout.cols();
    check_len("gamma", num_features, gamma.len())?;
    check_shape("x_hat", dout.shape(), x_hat.shape())?;
    check_len("inv_std", num_features, inv_std.len())?;
    check_shape("dx", dout.shape(), dx.shape())?;
    check_len("dgamma", num_features, dgamma.len())?;
    check_len("dbeta", num_features, dbeta.len())?;
    for (dx, &dout) in dx.data_mut().iter_mut().zip(dout.data()) {
        *dx = dout;
    }
    let pass = NormGradient { gamma, inv_std, num_samples: dout.rows(), f: |d, _out| d };
    pass.sums(&Portable, [dout, dout, x_hat], 0, dgamma, dbeta);
    pass.run(&Portable, dx.data_mut(), [dout.data(), x_hat.data()], [dgamma, dbeta]);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_constant_column_normalises_to_zero_and_stays_finite() {
        let config = BatchNormConfig::default();
        let (mut x_hat, mut inv_std, mut out) = ([f32::NAN; 3], [f32::NAN], [f32::NAN; 3]);
        batchnorm_forward_train(
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
