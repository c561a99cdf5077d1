//! Numerical gradients, to check the analytic ones against.

use crate::error::{ShapeError, check_len};
use crate::float::Float;

/// Computes the gradient of `f` at `x` by central differences of fourth order.
///
/// ```text
/// grad[i] ← (8·(f(x + h·eᵢ) − f(x − h·eᵢ)) − (f(x + 2h·eᵢ) − f(x − 2h·eᵢ))) / 12h
/// ```
///
/// `x` is changed while `f` is evaluated and has its old value afterwards. The error of the formula
/// is of order h⁴, that of rounding of order ε/h: in f64, 1e-4 is a good `h`, where the course's
/// formula of second order has to take 1e-5 and loses a digit to rounding. `f` should be smooth
/// within 2h of `x`.
///
/// # Errors
///
/// [`ShapeError`] if `grad` has not the length of `x`.
///
/// # Example
///
/// ```
/// use barenet::gradient_check::eval_numerical_gradient;
/// let (mut x, mut grad) = ([1.0, 2.0], [0.0; 2]);
/// eval_numerical_gradient(|x| x[0] * x[0] + 3.0 * x[1], &mut x, 1e-5, &mut grad)?;
/// assert!((grad[0] - 2.0_f64).abs() < 1e-8 && (grad[1] - 3.0_f64).abs() < 1e-8);
/// # Ok::<(), barenet::ShapeError>(())
/// ```
///
/// CS231n: <https://cs231n.github.io/neural-networks-3/#gradcheck>
pub fn eval_numerical_gradient<T: Float>(
    mut f: impl FnMut(&[T]) -> T,
    x: &mut [T],
    h: T,
    grad: &mut [T],
) -> Result<(), ShapeError> {
    let f = |x: &[T], out: &mut [T]| out.fill(f(x));
    eval_numerical_gradient_array(f, x, &[T::ONE], h, &mut [T::ZERO; 2], grad)
}

/// Computes the gradient of ⟨f(x), df⟩ at `x`, for an `f` whose result is an array.
///
/// ```text
/// grad[i] ← Σⱼ fᵢ'[j] · df[j]
/// ```
///
/// where fᵢ' is the difference quotient of [`eval_numerical_gradient`].
///
/// `f` writes its result to its second argument, as long as `df`. `scratch` holds two such results;
/// `x` has its old value afterwards.
///
/// # Errors
///
/// [`ShapeError`] if `grad` has not the length of `x`, or `scratch` not twice that of `df`.
///
/// # Example
///
/// ```
/// use barenet::gradient_check::eval_numerical_gradient_array;
/// let (mut x, mut scratch, mut grad) = ([3.0_f64], [0.0; 4], [0.0]);
/// let f = |x: &[f64], out: &mut [f64]| { out[0] = 2.0 * x[0]; out[1] = x[0] * x[0]; };
/// eval_numerical_gradient_array(f, &mut x, &[1.0, 10.0], 1e-5, &mut scratch, &mut grad)?;
/// assert!((grad[0] - 62.0).abs() < 1e-7);
/// # Ok::<(), barenet::ShapeError>(())
/// ```
pub fn eval_numerical_gradient_array<T: Float>(
    mut f: impl FnMut(&[T], &mut [T]),
    x: &mut [T],
    df: &[T],
    h: T,
    scratch: &mut [T],
    grad: &mut [T],
) -> Result<(), ShapeError> {
    check_len("grad", x.len(), grad.len())?;
    check_len("scratch", 2 * df.len(), scratch.len())?;
    let Some((plus, minus)) = scratch.split_at_mut_checked(df.len()) else { return Ok(()) };
    for (i, grad) in grad.iter_mut().enumerate() {
        let mut difference = |step: T| {
            nudge(x, i, step, |x| f(x, plus));
            nudge(x, i, -step, |x| f(x, minus));
            let pairs = plus.iter().zip(&*minus).zip(df);
            pairs.fold(T::ZERO, |sum, ((&plus, &minus), &df)| sum + (plus - minus) * df)
        };
        let (near, far) = (difference(h), difference(h + h));
        *grad = (T::from_f64(8.0) * near - far) / (T::from_f64(12.0) * h);
    }
    Ok(())
}

/// Calls `f` with `step` added to element `i` of `x`, which gets its old value back.
fn nudge<T: Float>(x: &mut [T], i: usize, step: T, f: impl FnOnce(&[T])) {
    let old = x.get(i).copied().unwrap_or_default();
    x.iter_mut().skip(i).take(1).for_each(|x| *x = old + step);
    f(x);
    x.iter_mut().skip(i).take(1).for_each(|x| *x = old);
}

/// The largest relative error between two arrays: max |x − y| / max(1e-8, |x| + |y|), as in CS231n.
/// Infinite if the lengths differ or a number is NaN.
///
/// ```
/// use barenet::gradient_check::rel_error;
/// assert_eq!(rel_error(&[1.0, 3.0], &[1.0, 1.0]), 0.5);
/// assert_eq!(rel_error(&[f64::NAN], &[1.0]), f64::INFINITY);
/// ```
#[must_use]
pub fn rel_error<T: Float>(x: &[T], y: &[T]) -> f64 {
    if x.len() != y.len() {
        return f64::INFINITY;
    }
    x.iter().zip(y).fold(0.0, |worst, (&x, &y)| {
        let (x, y) = (x.to_f64(), y.to_f64());
        let error = (x - y).abs() / Float::max(1e-8, x.abs() + y.abs());
        if error.is_nan() { f64::INFINITY } else { Float::max(worst, error) }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_numerical_gradient_leaves_x_as_it_was() {
        let (mut x, mut grad) = ([0.1, 0.2, 0.3], [0.0; 3]);
        eval_numerical_gradient(|x| x.iter().sum(), &mut x, 1e-3, &mut grad).unwrap();
        assert_eq!(x, [0.1, 0.2, 0.3]);
        assert!(rel_error(&grad, &[1.0; 3]) < 1e-10);
    }

    #[test]
    fn arrays_of_different_length_are_infinitely_far_apart() {
        assert_eq!(rel_error(&[1.0], &[1.0, 1.0]), f64::INFINITY);
    }
}
