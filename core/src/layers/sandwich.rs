//! Sandwich layers: the runs of layers that networks are made of, each as one.
//!
//! [`affine_relu_forward`] is the course's example. [`hidden_forward_train`] is a whole hidden layer,
//! affine → \[batch norm\] → ReLU → \[dropout\], and works in place: cached are only the output and,
//! with batch norm, `x_hat` and `inv_std`. Neither the sign that ReLU saw nor the dropout mask is
//! kept: the output is above 0 exactly where a value was positive *and* kept, and that is where the
//! gradient passes, times 1/`keep_prob`.

use super::affine::affine;
use super::batchnorm::{
    self, BatchNormConfig, Norm, NormGrads, NormalizeByRunning, RunningStats, normalize,
};
use super::dropout::{ApplyDropout, Dropout, check_keep_prob};
use super::relu::{ReluBackward, pass_where_positive};
use super::{affine_backward, affine_forward};
use crate::error::{Error, ShapeError, check_len, check_shape};
use crate::float::{Float, positive_part};
use crate::gemm::{After, Gemm, Rows};
use crate::machine::{Machine, run};
use crate::mat::{Mat, MatMut};

/// Computes out ← max(x·w + b, 0).
///
/// Shapes are those of [`affine_forward`].
///
/// # Errors
///
/// [`ShapeError`] naming the first argument that disagrees; `out` is not written in that case.
///
/// # Example
///
/// ```
/// use barenet::{Mat, MatMut, Portable, layers::affine_relu_forward};
/// let (x, w, mut out) = ([1.0, 2.0], [1.0, -1.0, 1.0, -1.0], [0.0; 2]);
/// affine_relu_forward(
///     &Portable, Mat::new(&x, 1, 2)?, Mat::new(&w, 2, 2)?, &[0.5, 0.5], MatMut::new(&mut out, 1, 2)?,
/// )?;
/// assert_eq!(out, [3.5, 0.0]);
/// # Ok::<(), barenet::ShapeError>(())
/// ```
pub fn affine_relu_forward<T: Float>(
    gemm: &impl Gemm<T>,
    x: impl Rows<T>,
    w: Mat<'_, T>,
    b: &[T],
    out: MatMut<'_, T>,
) -> Result<(), ShapeError> {
    affine(gemm, x, w, b, true, out)
}

/// Computes the backward pass of [`affine_relu_forward`].
///
/// `dout` is overwritten with the gradient before the ReLU; `out` is the forward pass's output; the
/// other arguments are those of [`affine_backward`].
///
/// # Errors
///
/// [`ShapeError`] naming the first argument that disagrees.
///
/// # Example
///
/// ```
/// use barenet::{Mat, MatMut, Portable, layers::affine_relu_backward};
/// let (mut dout, x, w, out) = ([1.0, 1.0], [1.0, 2.0], [1.0, -1.0, 1.0, -1.0], [3.5, 0.0]);
/// let (mut dw, mut db) = ([0.0; 4], [0.0; 2]);
/// affine_relu_backward(
///     &Portable, MatMut::new(&mut dout, 1, 2)?, Mat::new(&x, 1, 2)?, Mat::new(&w, 2, 2)?,
///     Mat::new(&out, 1, 2)?, None, MatMut::new(&mut dw, 2, 2)?, &mut db,
/// )?;
/// assert_eq!((dw, db), ([1.0, 0.0, 2.0, 0.0], [1.0, 0.0]));
/// # Ok::<(), barenet::ShapeError>(())
/// ```
pub fn affine_relu_backward<T: Float>(
    gemm: &impl Gemm<T>,
    mut dout: MatMut<'_, T>,
    x: impl Rows<T>,
    w: Mat<'_, T>,
    out: Mat<'_, T>,
    dx: Option<MatMut<'_, T>>,
    dw: MatMut<'_, T>,
    db: &mut [T],
) -> Result<(), ShapeError> {
    check_shape("out", dout.shape(), out.shape())?;
    gemm.vectorized(After { epilogue: ReluBackward::new(out, T::ONE), c: dout.data_mut() });
    affine_backward(gemm, dout.as_mat(), x, w, dx, dw, db)
}

/// The learnt numbers of a hidden layer of D inputs and M outputs. The last layer of a network is
/// one of them too, without a norm.
#[derive(Clone, Copy, Debug)]
pub struct HiddenParams<'a, T> {
    /// Weights, (D, M).
    pub w: Mat<'a, T>,
    /// Biases, (M).
    pub b: &'a [T],
    /// Scale and shift, if there is batch norm.
    pub norm: Option<Norm<'a, T>>,
}

/// Gradients of a layer, to be written.
#[derive(Debug)]
pub struct HiddenGrads<'a, T> {
    /// Gradient of the weights, (D, M).
    pub dw: MatMut<'a, T>,
    /// Gradient of the biases, (M).
    pub db: &'a mut [T],
    /// Gradients of scale and shift, if there is batch norm.
    pub norm: Option<NormGrads<'a, T>>,
}

/// Cache of a hidden layer, from its forward pass for its backward pass.
#[derive(Debug)]
pub struct HiddenCache<'a, T> {
    /// The normalised input of the batch norm, (N, M), or (0, 0) without one.
    pub x_hat: MatMut<'a, T>,
    /// 1/√(var + eps), (M), or empty without batch norm.
    pub inv_std: &'a mut [T],
    /// The output of the layer, (N, M).
    pub out: MatMut<'a, T>,
}

/// Computes a hidden layer in training: affine → \[batch norm\] → ReLU → \[dropout\].
///
/// ```text
/// a = x·w + b;  y = gamma·x_hat(a) + beta, or a without norm;  cache.out ← max(y, 0) · mask
/// ```
///
/// The result is, to the bit, that of the four layers one after the other. `running` must be given
/// exactly when `params.norm` is.
///
/// Networks go back through it in [`FullyConnectedNet::loss`](crate::FullyConnectedNet::loss): the gradient of ReLU
/// and dropout is taken with the product of the layer after it.
///
/// # Errors
///
/// [`Error::Shape`] naming the first argument that disagrees, [`Error::InvalidConfig`] for a
/// `keep_prob` out of range. Nothing is written in either case.
///
/// Source: CS231n's `layer_utils.py` and `FullyConnectedNet`.
pub fn hidden_forward_train<T: Float>(
    gemm: &impl Gemm<T>,
    batchnorm: &BatchNormConfig<T>,
    x: impl Rows<T>,
    params: &HiddenParams<'_, T>,
    running: Option<RunningStats<&mut [T]>>,
    dropout: Option<Dropout<T>>,
    cache: &mut HiddenCache<'_, T>,
) -> Result<(), Error> {
    let HiddenCache { x_hat, inv_std, out } = cache;
    let (rows, _) = x.shape();
    check_shape("out", (rows, params.w.cols()), out.shape())?;
    if let Some(dropout) = &dropout {
        check_keep_prob(dropout.keep_prob)?;
    }
    match (&params.norm, running) {
        (Some(norm), Some(running)) => {
            norm.check(params.w.cols(), running.mean, running.var)?;
            check_shape("x_hat", out.shape(), x_hat.shape())?;
            check_len("inv_std", out.cols(), inv_std.len())?;
            affine_forward(gemm, x, params.w, params.b, x_hat.reborrow())?;
            let (x_hat, out, f) = (x_hat.reborrow(), out.reborrow(), positive_part);
            normalize(gemm, batchnorm, *norm, running, f, dropout, x_hat, inv_std, out);
        }
        (None, None) => {
            affine_relu_forward(gemm, x, params.w, params.b, out.reborrow())?;
            if let Some(dropout) = dropout {
                let cols = out.cols();
                run(gemm, ApplyDropout { dropout, cols, x: out.data_mut() });
            }
        }
        (Some(_), None) => check_len("running", params.w.cols(), 0)?,
        (None, Some(running)) => check_len("running", 0, running.mean.len().max(1))?,
    }
    Ok(())
}

/// Computes a hidden layer at test time: with the running statistics and without dropout.
///
/// # Errors
///
/// [`ShapeError`] naming the first argument that disagrees; `out` is not written in that case.
pub fn hidden_forward_test<T: Float>(
    gemm: &impl Gemm<T>,
    batchnorm: &BatchNormConfig<T>,
    x: impl Rows<T>,
    params: &HiddenParams<'_, T>,
    running: Option<RunningStats<&[T]>>,
    mut out: MatMut<'_, T>,
) -> Result<(), ShapeError> {
    match (&params.norm, running) {
        (Some(norm), Some(running)) => {
            norm.check(params.w.cols(), running.mean, running.var)?;
            affine_forward(gemm, x, params.w, params.b, out.reborrow())?;
            let (config, norm, f, x) = (*batchnorm, *norm, positive_part, out.data_mut());
            run(gemm, NormalizeByRunning { config, norm, running, f, x });
            Ok(())
        }
        (None, None) => affine_relu_forward(gemm, x, params.w, params.b, out),
        (Some(_), None) => check_len("running", params.w.cols(), 0),
        (None, Some(running)) => check_len("running", 0, running.mean.len().max(1)),
    }
}

/// The gradient through batch norm, ReLU and dropout, in place.
pub(crate) fn norm_relu_backward<T: Float>(
    machine: &impl Machine,
    dout: MatMut<'_, T>,
    norm: &Norm<'_, T>,
    keep_prob: T,
    cache: &HiddenCache<'_, T>,
    grads: NormGrads<'_, T>,
) -> Result<(), ShapeError> {
    let (gamma, scale) = (norm.gamma, T::ONE / keep_prob);
    check_shape("x_hat", dout.shape(), cache.x_hat.shape())?;
    batchnorm::check_gradient(dout.cols(), gamma, cache.inv_std, &grads)?;
    let (out, x_hat) = (cache.out.as_mat(), cache.x_hat.as_mat());
    let f = move |d, out| pass_where_positive(d, out, scale);
    batchnorm::gradient(machine, f, dout, out, x_hat, gamma, cache.inv_std, grads);
    Ok(())
}
