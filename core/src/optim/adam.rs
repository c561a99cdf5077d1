//! Adam and AdamW.

use super::at_least_tiny;
use crate::error::{ShapeError, check_len};
use crate::float::Float;
use crate::slices::zip;

/// Adam.
///
/// ```text
/// m ← beta1·m + (1 − beta1)·dw          v ← beta2·v + (1 − beta2)·dw²
/// w ← w − learning_rate · m/(1 − beta1ᵗ) / (√(v/(1 − beta2ᵗ)) + epsilon)
/// ```
///
/// `t` is the number of this step, from 1. An `epsilon` of less than [`Float::TINY`] is taken for that.
///
/// ```
/// let (mut w, mut m, mut v) = ([1.0_f64], [0.0], [0.0]);
/// barenet::optim::adam(&mut w, &[5.0], &mut m, &mut v, 0.1, 1, 0.9, 0.999, 1e-8)?;
/// assert!((w[0] - 0.9).abs() < 1e-8); // The first step is learning_rate, whatever the gradient.
/// # Ok::<(), barenet::ShapeError>(())
/// ```
///
/// # Errors
///
/// [`ShapeError`] if the lengths differ; nothing is written in that case.
///
/// Kingma and Ba, "Adam", ICLR 2015.
#[inline(always)]
pub fn adam<T: Float>(
    w: &mut [T],
    dw: &[T],
    m: &mut [T],
    v: &mut [T],
    learning_rate: T,
    t: usize,
    beta1: T,
    beta2: T,
    epsilon: T,
) -> Result<(), ShapeError> {
    step(w, dw, m, v, learning_rate, t, beta1, beta2, epsilon, |w| w)
}

/// AdamW: [`adam`] after w ← w·(1 − learning_rate·weight_decay).
///
/// ```
/// let (mut w, mut m, mut v) = ([1.0_f64], [0.0], [0.0]);
/// barenet::optim::adamw(&mut w, &[0.0], &mut m, &mut v, 0.5, 1, 0.9, 0.999, 1e-8, 0.5)?;
/// assert_eq!(w, [0.75]);
/// # Ok::<(), barenet::ShapeError>(())
/// ```
///
/// # Errors
///
/// [`ShapeError`] if the lengths differ; nothing is written in that case.
///
/// Loshchilov and Hutter, "Decoupled weight decay regularization", ICLR 2019.
#[inline(always)]
pub fn adamw<T: Float>(
    w: &mut [T],
    dw: &[T],
    m: &mut [T],
    v: &mut [T],
    learning_rate: T,
    t: usize,
    beta1: T,
    beta2: T,
    epsilon: T,
    weight_decay: T,
) -> Result<(), ShapeError> {
    let shrink = T::ONE - learning_rate * weight_decay;
    step(w, dw, m, v, learning_rate, t, beta1, beta2, epsilon, |w| w * shrink)
}

/// The step of both, after `shrink` of the weights: a function, so that Adam multiplies by nothing.
#[inline(always)]
fn step<T: Float>(
    w: &mut [T],
    dw: &[T],
    m: &mut [T],
    v: &mut [T],
    learning_rate: T,
    t: usize,
    beta1: T,
    beta2: T,
    epsilon: T,
    shrink: impl Fn(T) -> T,
) -> Result<(), ShapeError> {
    check_len("dw", w.len(), dw.len())?;
    check_len("m", w.len(), m.len())?;
    check_len("v", w.len(), v.len())?;
    let step_size = learning_rate / (T::ONE - beta1.powi(t));
    let v_scale = T::ONE / (T::ONE - beta2.powi(t));
    let epsilon = at_least_tiny(epsilon);
    for (w, &dw, m, v) in zip!(w, dw, m, v) {
        *m = (beta1 * *m + (T::ONE - beta1) * dw).flush_subnormal();
        *v = (beta2 * *v + (T::ONE - beta2) * dw * dw).flush_subnormal();
        *w = shrink(*w) - step_size * *m / ((*v * v_scale).sqrt() + epsilon);
    }
    Ok(())
}
