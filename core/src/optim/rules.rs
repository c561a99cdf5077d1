//! The rules, one function each.

use crate::error::{ShapeError, check_len};
use crate::float::Float;

/// Stochastic gradient descent: w ← w − learning_rate · dw.
///
/// ```
/// let mut w = [1.0, 2.0];
/// barenet::optim::sgd(&mut w, &[10.0, -10.0], 0.1)?;
/// assert_eq!(w, [0.0, 3.0]);
/// # Ok::<(), barenet::ShapeError>(())
/// ```
///
/// # Errors
///
/// [`ShapeError`] if the lengths differ; nothing is written in that case.
#[inline(always)]
pub fn sgd<T: Float>(w: &mut [T], dw: &[T], learning_rate: T) -> Result<(), ShapeError> {
    check_len("dw", w.len(), dw.len())?;
    for (w, &dw) in w.iter_mut().zip(dw) {
        *w -= learning_rate * dw;
    }
    Ok(())
}

/// SGD with momentum: v ← momentum · v − learning_rate · dw;  w ← w + v.
///
/// ```
/// let (mut w, mut velocity) = ([1.0], [2.0]);
/// barenet::optim::sgd_momentum(&mut w, &[10.0], &mut velocity, 0.1, 0.5)?;
/// assert_eq!((w, velocity), ([1.0], [0.0]));
/// # Ok::<(), barenet::ShapeError>(())
/// ```
///
/// # Errors
///
/// [`ShapeError`] if the lengths differ; nothing is written in that case.
#[inline(always)]
pub fn sgd_momentum<T: Float>(
    w: &mut [T],
    dw: &[T],
    velocity: &mut [T],
    learning_rate: T,
    momentum: T,
) -> Result<(), ShapeError> {
    check_len("dw", w.len(), dw.len())?;
    check_len("velocity", w.len(), velocity.len())?;
    for ((w, &dw), v) in w.iter_mut().zip(dw).zip(velocity) {
        *v = (momentum * *v - learning_rate * dw).flush_subnormal();
        *w += *v;
    }
    Ok(())
}

/// SGD with Nesterov momentum: v' ← momentum · v − learning_rate · dw;
/// w ← w + v' + momentum · (v' − v).
///
/// ```
/// let (mut w, mut velocity) = ([1.0], [2.0]);
/// barenet::optim::nesterov(&mut w, &[10.0], &mut velocity, 0.1, 0.5)?;
/// assert_eq!((w, velocity), ([0.0], [0.0]));
/// # Ok::<(), barenet::ShapeError>(())
/// ```
///
/// # Errors
///
/// [`ShapeError`] if the lengths differ; nothing is written in that case.
///
/// CS231n: <https://cs231n.github.io/neural-networks-3/#sgd>
#[inline(always)]
pub fn nesterov<T: Float>(
    w: &mut [T],
    dw: &[T],
    velocity: &mut [T],
    learning_rate: T,
    momentum: T,
) -> Result<(), ShapeError> {
    check_len("dw", w.len(), dw.len())?;
    check_len("velocity", w.len(), velocity.len())?;
    for ((w, &dw), v) in w.iter_mut().zip(dw).zip(velocity) {
        let v_prev = *v;
        *v = (momentum * v_prev - learning_rate * dw).flush_subnormal();
        *w += *v + momentum * (*v - v_prev);
    }
    Ok(())
}

/// RMSProp: cache ← decay_rate · cache + (1 − decay_rate) · dw²;
/// w ← w − learning_rate · dw / (√cache + epsilon).
///
/// An `epsilon` of less than [`Float::TINY`] is taken for that.
///
/// ```
/// let (mut w, mut cache) = ([1.0], [4.0]);
/// barenet::optim::rmsprop(&mut w, &[4.0], &mut cache, 1.0, 1.0, 0.0)?;
/// assert_eq!((w, cache), ([-1.0], [4.0]));
/// # Ok::<(), barenet::ShapeError>(())
/// ```
///
/// # Errors
///
/// [`ShapeError`] if the lengths differ; nothing is written in that case.
///
/// Tieleman and Hinton, "Lecture 6.5: RMSProp", COURSERA (2012).
#[inline(always)]
pub fn rmsprop<T: Float>(
    w: &mut [T],
    dw: &[T],
    cache: &mut [T],
    learning_rate: T,
    decay_rate: T,
    epsilon: T,
) -> Result<(), ShapeError> {
    check_len("dw", w.len(), dw.len())?;
    check_len("cache", w.len(), cache.len())?;
    let epsilon = at_least_tiny(epsilon);
    for ((w, &dw), cache) in w.iter_mut().zip(dw).zip(cache) {
        *cache = (decay_rate * *cache + (T::ONE - decay_rate) * dw * dw).flush_subnormal();
        *w -= learning_rate * dw / (cache.sqrt() + epsilon);
    }
    Ok(())
}

/// What is added to the root of a mean square, so that a gradient of 0, or one whose square is 0 in
/// this type, divides by no 0: it is smaller than any root of a normal number.
fn at_least_tiny<T: Float>(epsilon: T) -> T {
    if epsilon < T::TINY { T::TINY } else { epsilon }
}

/// The constants of [`adam`], and of AdamW.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AdamConfig<T> {
    /// Decay of the first moment, in 0..1. Default 0.9.
    pub beta1: T,
    /// Decay of the second moment, in 0..1. Default 0.999.
    pub beta2: T,
    /// Keeps the quotient finite; less than [`Float::TINY`] is taken for that. Default 1e-8.
    pub epsilon: T,
    /// AdamW's decay of the weights themselves, at least 0. Default 0: plain Adam.
    pub weight_decay: T,
}

impl<T: Float> Default for AdamConfig<T> {
    fn default() -> Self {
        Self {
            beta1: T::from_f64(0.9),
            beta2: T::from_f64(0.999),
            epsilon: T::from_f64(1e-8),
            weight_decay: T::ZERO,
        }
    }
}

/// Adam, and with a `weight_decay` AdamW.
///
/// ```text
/// m ← beta1·m + (1 − beta1)·dw          v ← beta2·v + (1 − beta2)·dw²
/// w ← w·(1 − learning_rate·weight_decay)
///       − learning_rate · m/(1 − beta1ᵗ) / (√(v/(1 − beta2ᵗ)) + epsilon)
/// ```
///
/// `t` is the number of this step, from 1.
///
/// ```
/// use barenet::optim::{AdamConfig, adam};
/// let (mut w, mut m, mut v) = ([1.0_f64], [0.0], [0.0]);
/// adam(&mut w, &[5.0], &mut m, &mut v, 0.1, 1, &AdamConfig::default())?;
/// assert!((w[0] - 0.9).abs() < 1e-8); // The first step is learning_rate, whatever the gradient.
/// # Ok::<(), barenet::ShapeError>(())
/// ```
///
/// # Errors
///
/// [`ShapeError`] if the lengths differ; nothing is written in that case.
///
/// Kingma and Ba, "Adam", ICLR 2015; Loshchilov and Hutter, "Decoupled weight decay
/// regularization", ICLR 2019.
#[inline(always)]
pub fn adam<T: Float>(
    w: &mut [T],
    dw: &[T],
    m: &mut [T],
    v: &mut [T],
    learning_rate: T,
    t: usize,
    config: &AdamConfig<T>,
) -> Result<(), ShapeError> {
    check_len("dw", w.len(), dw.len())?;
    check_len("m", w.len(), m.len())?;
    check_len("v", w.len(), v.len())?;
    let &AdamConfig { beta1, beta2, epsilon, weight_decay } = config;
    let step_size = learning_rate / (T::ONE - beta1.powi(t));
    let v_scale = T::ONE / (T::ONE - beta2.powi(t));
    let shrink = T::ONE - learning_rate * weight_decay;
    let epsilon = at_least_tiny(epsilon);
    for (((w, &dw), m), v) in w.iter_mut().zip(dw).zip(m).zip(v) {
        *m = (beta1 * *m + (T::ONE - beta1) * dw).flush_subnormal();
        *v = (beta2 * *v + (T::ONE - beta2) * dw * dw).flush_subnormal();
        *w = *w * shrink - step_size * *m / ((*v * v_scale).sqrt() + epsilon);
    }
    Ok(())
}
