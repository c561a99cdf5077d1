//! Sandwich layers: the runs of layers that networks are made of, each as one.
//!
//! [`affine_relu_forward`] is the course's example. [`hidden_forward_train`] is a whole hidden layer,
//! affine → \[batch norm\] → ReLU → \[dropout\], and works in place: cached are only the output and,
//! with batch norm, `x_hat` and `inv_std`. Neither the sign that ReLU saw nor the dropout mask is
//! kept: the output is above 0 exactly where a value was positive *and* kept, and that is where the
//! gradient passes, times 1/`keep_prob`.

use super::batchnorm::{BatchNormConfig, NormalizeByRunning};
use super::columns::split_rows;
use super::dropout::{Dropout, check_keep_prob, drop_in_place};
use super::normalize::{NormGradient, Normalize, Statistics, places_of_means};
use super::{Input, affine_backward, affine_forward};
use crate::error::{Error, ShapeError, check_len, check_shape};
use crate::float::{Float, positive_part};
use crate::gemm::{After, Gemm, Pass, WherePositive, pass_where_positive};
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
    x: impl Input<T>,
    w: Mat<'_, T>,
    b: &[T],
    out: MatMut<'_, T>,
) -> Result<(), ShapeError> {
    x.affine(gemm, w, b, true, out)
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
    x: impl Input<T>,
    w: Mat<'_, T>,
    out: Mat<'_, T>,
    dx: Option<MatMut<'_, T>>,
    dw: MatMut<'_, T>,
    db: &mut [T],
) -> Result<(), ShapeError> {
    check_shape("out", dout.shape(), out.shape())?;
    activation_backward(gemm, T::ONE, dout.reborrow(), out);
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

/// What a batch norm has learnt.
#[derive(Clone, Copy, Debug)]
pub struct Norm<'a, T> {
    /// Scale, (M).
    pub gamma: &'a [T],
    /// Shift, (M).
    pub beta: &'a [T],
}

/// Where the gradients of a layer go.
#[derive(Debug)]
pub struct HiddenGrads<'a, T> {
    /// Gradient of the weights, (D, M).
    pub dw: MatMut<'a, T>,
    /// Gradient of the biases, (M).
    pub db: &'a mut [T],
    /// Gradients of scale and shift, if there is batch norm.
    pub norm: Option<NormGrads<'a, T>>,
}

/// Where the gradients of a batch norm go.
#[derive(Debug)]
pub struct NormGrads<'a, T> {
    /// Gradient of the scale, (M).
    pub dgamma: &'a mut [T],
    /// Gradient of the shift, (M).
    pub dbeta: &'a mut [T],
}

/// The running statistics of a batch norm: borrowed mutably in training, shared at test time.
#[derive(Clone, Copy, Debug)]
pub struct RunningStats<S> {
    /// Running mean, (M).
    pub mean: S,
    /// Running variance, (M).
    pub var: S,
}

/// What a hidden layer's forward pass leaves for its backward pass.
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
/// # Errors
///
/// [`Error::Shape`] naming the first argument that disagrees, [`Error::InvalidConfig`] for a
/// `keep_prob` out of range. Nothing is written in either case.
///
/// Source: CS231n's `layer_utils.py` and `FullyConnectedNet`.
pub fn hidden_forward_train<T: Float>(
    gemm: &impl Gemm<T>,
    batchnorm: &BatchNormConfig<T>,
    x: impl Input<T>,
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
            check_norm(params, norm, running.mean, running.var)?;
            check_shape("x_hat", out.shape(), x_hat.shape())?;
            check_len("inv_std", out.cols(), inv_std.len())?;
            affine_forward(gemm, x, params.w, params.b, x_hat.reborrow())?;
            let (cols, out) = (out.cols(), out.data_mut());
            if let Some((first, offset)) = places_of_means(out, cols) {
                let RunningStats { mean: running_mean, var: running_var } = running;
                let inv_std = &mut **inv_std;
                let statistics = Statistics { first, offset, inv_std, running_mean, running_var };
                statistics.compute(gemm, batchnorm, x_hat.as_mat(), 0);
            }
            let Norm { gamma, beta } = *norm;
            let pass = Normalize { cols, inv_std, gamma, beta, f: positive_part, dropout };
            pass.run(gemm, x_hat.data_mut(), out);
        }
        (None, None) => {
            affine_relu_forward(gemm, x, params.w, params.b, out.reborrow())?;
            if dropout.is_some() {
                activate(gemm, dropout, out.cols(), out.data_mut());
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
    x: impl Input<T>,
    params: &HiddenParams<'_, T>,
    running: Option<RunningStats<&[T]>>,
    mut out: MatMut<'_, T>,
) -> Result<(), ShapeError> {
    match (&params.norm, running) {
        (Some(norm), Some(RunningStats { mean, var })) => {
            check_norm(params, norm, mean, var)?;
            affine_forward(gemm, x, params.w, params.b, out.reborrow())?;
            let args = (batchnorm, norm.gamma, norm.beta, mean, var, out.reborrow());
            gemm.vectorized(NormalizeByRunning, args);
            activate(gemm, None, out.cols(), out.data_mut());
            Ok(())
        }
        (None, None) => affine_relu_forward(gemm, x, params.w, params.b, out),
        (Some(_), None) => check_len("running", params.w.cols(), 0),
        (None, Some(running)) => check_len("running", 0, running.mean.len().max(1)),
    }
}

/// Computes the backward pass of [`hidden_forward_train`].
///
/// `dout`, (N, M), is overwritten with the gradient at the affine layer's output. `keep_prob` is that
/// of the forward pass's dropout, 1 without. Pass `dx: None` for the first layer.
///
/// # Errors
///
/// [`ShapeError`] naming the first argument that disagrees.
pub fn hidden_backward<T: Float>(
    gemm: &impl Gemm<T>,
    mut dout: MatMut<'_, T>,
    x: impl Input<T>,
    params: &HiddenParams<'_, T>,
    keep_prob: T,
    cache: &HiddenCache<'_, T>,
    dx: Option<MatMut<'_, T>>,
    grads: HiddenGrads<'_, T>,
) -> Result<(), ShapeError> {
    check_shape("out", dout.shape(), cache.out.shape())?;
    if let (Some(norm), Some(norm_grads)) = (&params.norm, grads.norm) {
        norm_relu_backward(gemm, dout.reborrow(), norm, keep_prob, cache, norm_grads)?;
    } else {
        activation_backward(gemm, T::ONE / keep_prob, dout.reborrow(), cache.out.as_mat());
    }
    affine_backward(gemm, dout.as_mat(), x, params.w, dx, grads.dw, grads.db)
}

/// The gradient through batch norm, ReLU and dropout, in place.
pub(crate) fn norm_relu_backward<T: Float>(
    gemm: &impl Gemm<T>,
    mut dout: MatMut<'_, T>,
    norm: &Norm<'_, T>,
    keep_prob: T,
    cache: &HiddenCache<'_, T>,
    grads: NormGrads<'_, T>,
) -> Result<(), ShapeError> {
    let (cols, scale) = (dout.cols(), T::ONE / keep_prob);
    let NormGrads { dgamma, dbeta } = grads;
    check_len("gamma", cols, norm.gamma.len())?;
    check_shape("x_hat", dout.shape(), cache.x_hat.shape())?;
    check_len("inv_std", cols, cache.inv_std.len())?;
    check_len("dgamma", cols, dgamma.len())?;
    check_len("dbeta", cols, dbeta.len())?;
    let (out, x_hat, inv_std) = (cache.out.as_mat(), cache.x_hat.as_mat(), &*cache.inv_std);
    let f = move |d, out| pass_where_positive(d, out, scale);
    let pass = NormGradient { gamma: norm.gamma, inv_std, num_samples: dout.rows(), f };
    pass.sums(gemm, [dout.as_mat(), out, x_hat], 0, dgamma, dbeta);
    pass.run(gemm, dout.data_mut(), [out.data(), x_hat.data()], [dgamma, dbeta]);
    Ok(())
}

fn check_norm<T>(
    params: &HiddenParams<'_, T>,
    norm: &Norm<'_, T>,
    running_mean: &[T],
    running_var: &[T],
) -> Result<(), ShapeError> {
    let num_features = params.w.cols();
    check_len("gamma", num_features, norm.gamma.len())?;
    check_len("beta", num_features, norm.beta.len())?;
    check_len("running_mean", num_features, running_mean.len())?;
    check_len("running_var", num_features, running_var.len())
}

/// ReLU and dropout, in place.
fn activate<T: Float>(
    gemm: &impl Gemm<T>,
    dropout: Option<Dropout<T>>,
    cols: usize,
    out: &mut [T],
) {
    let Some(at) = split_rows(out.len(), cols) else {
        return gemm.vectorized(Activate, (dropout, out));
    };
    if let Some((out, rest)) = out.split_at_mut_checked(at) {
        let dropout_of_rest = dropout.map(|dropout| dropout.skip_pairs(at / 2));
        gemm.join(
            || activate(gemm, dropout, cols, out),
            || activate(gemm, dropout_of_rest, cols, rest),
        );
    }
}

/// A piece of [`activate`].
struct Activate;

impl<T: Float> Pass<(Option<Dropout<T>>, &mut [T])> for Activate {
    type Output = ();

    #[inline(always)]
    fn run((dropout, out): (Option<Dropout<T>>, &mut [T])) {
        for x in &mut *out {
            *x = positive_part(*x);
        }
        if let Some(Dropout { keep_prob, rng }) = dropout {
            drop_in_place((rng, keep_prob, out));
        }
    }
}

/// The gradient through ReLU and dropout, in place.
fn activation_backward<T: Float>(
    gemm: &impl Gemm<T>,
    scale: T,
    mut dout: MatMut<'_, T>,
    out: Mat<'_, T>,
) {
    gemm.vectorized(After, (&mut WherePositive::new(out, scale), dout.data_mut()));
}
