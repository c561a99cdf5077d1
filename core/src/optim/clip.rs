//! Clipping of gradients by their norm.

use super::l2_norm;
use crate::float::Float;
use crate::machine::{Machine, Pass, Split, run, split_elements};
use crate::slices::split_fields;

/// Scales gradients down to a norm of at most `max_norm`, and returns the norm that they had.
///
/// ```text
/// norm = √(Σ grads²)          grads ← grads · min(1, max_norm / (norm + 1e-6))
/// ```
///
/// The norm is that of all gradients together, as that of PyTorch's `clip_grad_norm_`, by [`l2_norm`]. Gradients whose norm is infinite or NaN become NaN or 0.
///
/// ```
/// use barenet::{Portable, optim::clip_grad_norm};
/// let mut grads = [3.0_f32, -4.0];
/// assert_eq!(clip_grad_norm(&Portable, 10.0, &mut grads), 5.0);
/// assert_eq!(grads, [3.0, -4.0]);
/// clip_grad_norm(&Portable, 1.0, &mut grads);
/// assert!((grads[0] - 0.6).abs() < 1e-6 && (grads[1] + 0.8).abs() < 1e-6);
/// ```
///
/// Pascanu, Mikolov and Bengio, "On the difficulty of training recurrent neural networks", ICML 2013.
pub fn clip_grad_norm<T: Float>(machine: &impl Machine, max_norm: T, grads: &mut [T]) -> T {
    let norm = l2_norm(machine, &*grads);
    let factor = max_norm.to_f64() / (norm + 1e-6);
    // NaN scales, so that it does not go unseen.
    let is_small = factor >= 1.0;
    if !is_small {
        run(machine, Scale { factor: T::from_f64(factor), grads });
    }
    T::from_f64(norm)
}

/// grads ← factor · grads.
struct Scale<'a, T> {
    factor: T,
    grads: &'a mut [T],
}

impl<T: Float> Pass for Scale<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        for grad in self.grads {
            *grad = self.factor * *grad;
        }
    }
}

impl<T: Float> Split for Scale<'_, T> {
    split_fields!(self at split_elements(self.grads.len()) => grads);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Portable;

    /// `torch.nn.utils.clip_grad_norm_` of `torch.linspace(-3, 4.5, 7)` in float64.
    #[test]
    fn gradients_are_clipped_as_by_pytorch() {
        let linspace = core::array::from_fn(|i| -3.0 + 1.25 * i as f64);
        let mut grads: [f64; 7] = linspace;
        assert!((clip_grad_norm(&Portable, 100.0, &mut grads) - 6.905613658466566).abs() < 1e-14);
        assert_eq!(grads, linspace);
        assert!((clip_grad_norm(&Portable, 1.0, &mut grads) - 6.905613658466566).abs() < 1e-14);
        let expected = [
            -0.4344291056440395,
            -0.2534169782923564,
            -0.07240485094067325,
            0.10860727641100988,
            0.289619403762693,
            0.47063153111437617,
            0.6516436584660593,
        ];
        for (found, expected) in grads.iter().zip(expected) {
            assert!((found - expected).abs() < 1e-15, "{found}, {expected}");
        }
    }

    #[test]
    fn gradients_whose_squares_overflow_are_clipped_too() {
        let mut grads = [3e30_f32, -4e30];
        assert_eq!(clip_grad_norm(&Portable, 1.0, &mut grads), 5e30);
        assert!((grads[0] - 0.6).abs() < 1e-6 && (grads[1] + 0.8).abs() < 1e-6, "{grads:?}");
    }

    #[test]
    fn a_gradient_that_is_no_number_is_not_hidden() {
        for bad in [f32::NAN, f32::INFINITY] {
            let mut grads = [1.0, bad];
            clip_grad_norm(&Portable, 1.0, &mut grads);
            assert!(grads[1].is_nan());
        }
    }

    #[test]
    fn gradients_of_zero_stay_zero() {
        let mut grads = [0.0_f32; 20];
        assert_eq!(clip_grad_norm(&Portable, 1.0, &mut grads), 0.0);
        assert_eq!(grads, [0.0; 20]);
    }
}
