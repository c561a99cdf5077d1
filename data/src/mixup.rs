//! Mixup: samples that are mixed with others in training.
//!
//! ```text
//! x = (1 − share)·x₁ + share·x₂,        y = (1 − share)·y₁ + share·y₂,        share = min(λ, 1 − λ), λ ~ Beta(α, α)
//! ```
//!
//! Which sample is the second one, and λ, are a function of the seed, the epoch and the sample ([`Sample::rng`]), so that a run
//! resumes with the same mixtures at any number of threads. The second one is as the epoch sees it, flipped and shifted. As a pair
//! is as likely to be drawn the other way round, the share of the first is never the smaller one.
//!
//! Zhang et al., "mixup: beyond empirical risk minimization", ICLR 2018, <https://arxiv.org/abs/1710.09412>.

use barenet::{Float, Rng, Sample};

/// How samples are mixed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Mixup {
    alpha: f64,
}

/// Stream of a sample's random numbers, which augmentation draws from as well.
const STREAM: u64 = 1;

/// Draws of a share before it is ½: one in two of them is taken for α = 1, and one in ten for the largest.
const MAX_DRAWS: usize = 1000;

impl Mixup {
    /// The largest α.
    pub const MAX_ALPHA: f64 = 100.0;

    /// Mixtures whose shares are drawn from Beta(α, α); `None` for 0, which mixes nothing, and for what is out of 0 to
    /// [`Self::MAX_ALPHA`]. At a small α one sample is nearly all of most mixtures, at 1 every share is as likely, at a large one
    /// most are near ½.
    ///
    /// ```
    /// use barenet_data::mixup::Mixup;
    /// assert!(Mixup::new(0.2).is_some());
    /// assert!(Mixup::new(0.0).is_none());
    /// ```
    #[must_use]
    pub fn new(alpha: f64) -> Option<Self> {
        (alpha > 0.0 && alpha <= Self::MAX_ALPHA).then_some(Self { alpha })
    }

    /// The one of `len` samples that an epoch mixes into a sample, and its share, 0 to ½; `None` of a sample without an epoch.
    ///
    /// ```
    /// use barenet::{Rng, Sample};
    /// use barenet_data::mixup::Mixup;
    /// let mixup = Mixup::new(0.2).unwrap();
    /// let (other, share) = mixup.other(Sample::in_epoch(3, Rng::seed(0), 0), 10).unwrap();
    /// assert!(other.index < 10 && (0.0..=0.5).contains(&share));
    /// assert!(mixup.other(Sample::new(3), 10).is_none());
    /// ```
    #[must_use]
    pub fn other(&self, sample: Sample, len: usize) -> Option<(Sample, f64)> {
        let mut rng = sample.rng()?.fork(STREAM);
        let other = rng.below(u64::try_from(len).unwrap_or(u64::MAX));
        let other = sample.beside(usize::try_from(other).unwrap_or(0));
        let share = beta(&mut rng, self.alpha);
        Some((other, share.min(1.0 - share)))
    }
}

/// Draws from Beta(α, α). Logarithms and exponentials are core's: those of the system differ from CPU to CPU.
fn beta(rng: &mut Rng, alpha: f64) -> f64 {
    let power = |x: f64, exponent: f64| Float::exp(exponent * Float::ln(x));
    for _ in 0..MAX_DRAWS {
        let (u, v) = (rng.uniform(), rng.uniform());
        if alpha <= 1.0 {
            // Jöhnk, 1964: x/(x + y), where x + y ≤ 1. Both can be too small to be numbers.
            let (x, y) = (power(u, 1.0 / alpha), power(v, 1.0 / alpha));
            if x + y > 0.0 && x + y <= 1.0 {
                return x / (x + y);
            }
            if x + y <= 0.0 {
                return if u > v { 1.0 } else { 0.0 };
            }
        } else if v <= power(4.0 * u * (1.0 - u), alpha - 1.0) {
            // The density, (4u·(1 − u))^(α − 1) times its largest value, is at most that.
            return u;
        }
    }
    0.5
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Mean of (x − ½)² is 1 / (4·(2α + 1)), and of its square 3 / (16·(2α + 1)·(2α + 3)).
    #[test]
    fn draws_have_the_moments_of_a_beta_distribution() {
        for alpha in [0.05, 0.2, 0.8, 1.0, 1.5, 4.0, 100.0] {
            let (mut rng, n) = (Rng::seed(1), 40_000);
            let (mut mean, mut second, mut fourth) = (0.0, 0.0, 0.0);
            for _ in 0..n {
                let x = beta(&mut rng, alpha);
                assert!((0.0..=1.0).contains(&x));
                let d = x - 0.5;
                mean += d / f64::from(n);
                second += d * d / f64::from(n);
                fourth += d * d * d * d / f64::from(n);
            }
            let expected = 1.0 / (4.0 * (2.0 * alpha + 1.0));
            let expected_fourth = expected * 3.0 / (4.0 * (2.0 * alpha + 3.0));
            assert!(mean.abs() < 5.0 * (expected / f64::from(n)).sqrt(), "{alpha}: {mean}");
            assert!((second / expected - 1.0).abs() < 0.04, "{alpha}: {second}, {expected}");
            let ratio = fourth / expected_fourth;
            assert!((ratio - 1.0).abs() < 0.06, "{alpha}: {fourth}, {expected_fourth}");
        }
    }

    #[test]
    fn a_number_that_takes_no_logarithm_is_a_share_too() {
        let power = |x: f64| Float::exp(20.0 * Float::ln(x));
        assert_eq!(power(0.0), 0.0);
        for alpha in [1e-300, 1e-3, 1.0 + 1e-9] {
            let mut rng = Rng::seed(2);
            assert!((0..1000).all(|_| (0.0..=1.0).contains(&beta(&mut rng, alpha))));
        }
    }

    #[test]
    fn each_epoch_mixes_otherwise_and_all_samples_come() {
        let mixup = Mixup::new(1.0).unwrap();
        let of =
            |index, epoch| mixup.other(Sample::in_epoch(index, Rng::seed(5), epoch), 7).unwrap();
        assert_eq!(of(3, 2), of(3, 2));
        assert_ne!(of(3, 2), of(3, 1));
        let mut seen = [false; 7];
        (0..100).for_each(|epoch| seen[of(0, epoch).0.index] = true);
        assert_eq!(seen, [true; 7]);
        assert_eq!(of(3, 2).0.epoch(), Some(2));
    }

    #[test]
    fn what_is_out_of_range_is_refused() {
        for alpha in [0.0, -1.0, 100.1, f64::NAN, f64::INFINITY] {
            assert_eq!(Mixup::new(alpha), None);
        }
    }
}
