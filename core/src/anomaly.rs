//! How unlike a sample is to what an autoencoder was trained on.

use crate::error::{ShapeError, check_len};
use crate::float::Float;
use crate::scaling::Scaling;

/// Computes the anomaly score of one sample, of which an autoencoder made `scores`.
///
/// ```text
/// 1/D · Σ ((x − offset) · factor − score)²
/// ```
///
/// # Shapes
///
/// | argument | shape                        | role                                   |
/// |----------|------------------------------|----------------------------------------|
/// | `x`      | (D)                          | input: numbers, bytes or what else becomes a `T` without loss |
/// | `inputs` | (D), or [`Scaling::NONE`]    | scaling to what the scores are like    |
/// | `scores` | (D)                          | what the network gives back            |
///
/// # Errors
///
/// [`ShapeError`] naming the first argument that disagrees.
///
/// # Example
///
/// ```
/// use barenet::{Scaling, anomaly_score};
/// let inputs = Scaling { offset: &[10.0, 0.0], factor: &[0.5, 1.0] };
/// assert_eq!(anomaly_score(&[14_i16, 3], inputs, &[1.0, 0.0]), Ok(5.0));
/// # Ok::<(), barenet::ShapeError>(())
/// ```
pub fn anomaly_score<T: Float, X: Copy + Into<T>>(
    x: &[X],
    inputs: Scaling<'_, T>,
    scores: &[T],
) -> Result<T, ShapeError> {
    check_len("x", scores.len(), x.len())?;
    inputs.check("inputs", x.len())?;
    let (mut offsets, mut factors) = (inputs.offset.iter(), inputs.factor.iter());
    let mut sum = T::ZERO;
    for (&x, &score) in x.iter().zip(scores) {
        let (offset, factor) = (offsets.next(), factors.next());
        let x = (x.into() - offset.copied().unwrap_or(T::ZERO)) * factor.copied().unwrap_or(T::ONE);
        sum += (x - score) * (x - score);
    }
    Ok(sum / T::from_usize(x.len().max(1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_scaled_is_compared_as_it_is() {
        assert_eq!(anomaly_score(&[1.0, 2.0], Scaling::NONE, &[1.0, 4.0]), Ok(2.0));
        assert_eq!(anomaly_score(&[3_u8], Scaling::offset(&[1.0_f32]), &[0.0]), Ok(4.0));
        assert_eq!(anomaly_score::<f64, f64>(&[], Scaling::NONE, &[]), Ok(0.0));
    }

    #[test]
    fn what_does_not_fit_is_named() {
        let error = anomaly_score(&[1.0], Scaling::NONE, &[1.0, 2.0]).unwrap_err();
        assert_eq!((error.what, error.expected), ("x", (1, 2)));
        let error = anomaly_score(&[1.0], Scaling::offset(&[1.0, 2.0]), &[1.0]).unwrap_err();
        assert_eq!(error.what, "inputs");
    }
}
