//! Random numbers: small, pinned for ever, splittable and counter-based.
//!
//! The generator is SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number
//! generators", OOPSLA 2014): number i of a stream is a mix of `key + (i + 1)·γ`, so any number can
//! be computed without the ones before it. A stream for another purpose, epoch or layer is made
//! with [`Rng::fork`], which depends on the key and the stream's number alone. So a training run
//! needs no saved random state: seed, purpose and iteration say everything, and that is why a run
//! that was stopped is resumed with the same bits.
//!
//! It is not for secrets.

mod permutation;

pub(crate) use permutation::Order;
pub use permutation::Permutation;

use crate::float::Float;

/// A stream of random numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rng {
    key: u64,
    counter: u64,
}

/// 2⁶⁴ divided by the golden ratio, made odd.
const GAMMA: u64 = 0x9E37_79B9_7F4A_7C15;

const fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

impl Rng {
    /// Starts the stream of a seed.
    ///
    /// ```
    /// let mut rng = barenet::Rng::seed(1234567);
    /// // The reference values of SplitMix64.
    /// assert_eq!(rng.next_u64(), 6457827717110365317);
    /// assert_eq!(rng.next_u64(), 3203168211198807973);
    /// ```
    #[must_use]
    pub const fn seed(seed: u64) -> Self {
        Self { key: seed, counter: 0 }
    }

    /// Starts an independent stream, the same one however many numbers were drawn from `self`.
    ///
    /// ```
    /// use barenet::Rng;
    /// let (a, mut b) = (Rng::seed(1), Rng::seed(1));
    /// b.next_u64();
    /// assert_eq!(a.fork(7), b.fork(7));
    /// assert_ne!(a.fork(7), a.fork(8));
    /// ```
    #[must_use]
    pub const fn fork(&self, stream: u64) -> Self {
        Self { key: mix(mix(self.key ^ GAMMA).wrapping_add(mix(stream))), counter: 0 }
    }

    /// The same stream without its next `count` numbers.
    pub(crate) const fn skip(self, count: u64) -> Self {
        Self { key: self.key, counter: self.counter.wrapping_add(count) }
    }

    /// The next 64 random bits.
    #[inline]
    pub const fn next_u64(&mut self) -> u64 {
        self.counter = self.counter.wrapping_add(1);
        mix(self.key.wrapping_add(self.counter.wrapping_mul(GAMMA)))
    }

    /// A number in [0, 1), one of 2⁵³ equally spaced ones.
    #[inline]
    #[allow(clippy::cast_precision_loss)]
    pub const fn uniform(&mut self) -> f64 {
        (self.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// A whole number in 0..n, each equally likely (Lemire's multiplication with rejection). 0 if
    /// `n` is 0.
    #[allow(clippy::cast_possible_truncation)]
    pub const fn below(&mut self, n: u64) -> u64 {
        let mut product = self.next_u64() as u128 * n as u128;
        // Of 2⁶⁴ values, 2⁶⁴ mod n would make some results likelier: draw again.
        while (product as u64) < n {
            // Only now the costly remainder is needed, and n > 0 is known.
            if product as u64 >= n.wrapping_neg() % n {
                break;
            }
            product = self.next_u64() as u128 * n as u128;
        }
        (product >> 64) as u64
    }

    /// Fills `out` with numbers from the normal distribution of mean 0 and the given standard
    /// deviation.
    ///
    /// Box and Muller's method: two uniform numbers give two normal ones.
    pub fn fill_normal<T: Float>(&mut self, std: f64, out: &mut [T]) {
        for pair in out.chunks_mut(2) {
            // 1 − u lies in (0, 1], where the logarithm is finite.
            let radius = std * libm::sqrt(-2.0 * libm::log(1.0 - self.uniform()));
            let (sin, cos) = libm::sincos(core::f64::consts::TAU * self.uniform());
            for (out, v) in pair.iter_mut().zip([radius * cos, radius * sin]) {
                *out = T::from_f64(v);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_can_be_drawn_out_of_order() {
        let mut rng = Rng::seed(42);
        let third = [rng.next_u64(), rng.next_u64(), rng.next_u64()][2];
        assert_eq!(Rng::seed(42).skip(2).next_u64(), third);
    }

    #[test]
    fn below_reaches_every_value_about_equally_often() {
        let (mut rng, mut counts) = (Rng::seed(3), [0_u32; 7]);
        for _ in 0..70_000 {
            counts[usize::try_from(rng.below(7)).unwrap()] += 1;
        }
        // Six standard deviations of a binomial count.
        assert!(counts.iter().all(|&c| c.abs_diff(10_000) < 560), "{counts:?}");
        assert_eq!(rng.below(0), 0);
        assert_eq!(rng.below(1), 0);
    }

    #[test]
    fn normal_numbers_have_the_asked_mean_and_deviation() {
        let mut x = [0.0_f64; 20_001];
        Rng::seed(9).fill_normal(2.0, &mut x);
        let mean = x.iter().sum::<f64>() / 20_001.0;
        let var = x.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / 20_001.0;
        assert!(mean.abs() < 0.07, "{mean}");
        assert!((var.sqrt() - 2.0).abs() < 0.05, "{var}");
    }
}
