//! From a 32-bit sum to an 8-bit activation with integers alone: fixed-point multiplication.
//!
//! The factor between the two scales, a real number, is written as m · 2^(shift − 31) with an integer
//! 2³⁰ ≤ m < 2³¹. TFLite has two ways to round the product; this is its *single rounding*
//! (`TFLITE_SINGLE_ROUNDING`): one addition of a half and one shift, half a step rounding up. The
//! other, older one rounds twice, at bit 31 and after the shift, costs more and is less exact.

/// Multiplies by m · 2^(shift − 31), rounding to nearest, half up: TFLite's
/// `MultiplyByQuantizedMultiplier` with single rounding.
///
/// ```text
/// (x · multiplier + 2^(30 − shift)) >> (31 − shift)
/// ```
///
/// As in TFLite, `multiplier` is at least 0, `shift` in −31..=30, and the result must fit an `i32`.
/// This is the definition; [`Channel::requantize`] is the same for the shifts it allows and cheaper.
///
/// ```
/// use barenet::quant::multiply_by_quantized_multiplier;
/// let (half, shift) = (1 << 30, 0); // 2³⁰ · 2⁻³¹
/// assert_eq!(multiply_by_quantized_multiplier(7, half, shift), 4);
/// assert_eq!(multiply_by_quantized_multiplier(-7, half, shift), -3);
/// ```
///
/// Source: `tensorflow/lite/kernels/internal/common.h`.
#[must_use]
pub const fn multiply_by_quantized_multiplier(x: i32, multiplier: i32, shift: i32) -> i32 {
    let total = 31_i32.wrapping_sub(shift).cast_unsigned();
    let round = 1_i64.wrapping_shl(total.wrapping_sub(1));
    let product = (x as i64).wrapping_mul(multiplier as i64);
    product.wrapping_add(round).wrapping_shr(total) as i32
}

/// Writes a factor as (m, shift), m · 2^(shift − 31): TFLite's `QuantizeMultiplier`.
///
/// ```
/// use barenet::quant::quantize_multiplier;
/// assert_eq!(quantize_multiplier(0.75), (3 << 29, 0));
/// assert_eq!(quantize_multiplier(0.001), (1_099_511_628, -9));
/// ```
///
/// `real` is finite and at least 0. A factor too small for the shift becomes 0.
#[must_use]
pub fn quantize_multiplier(real: f64) -> (i32, i32) {
    let (fraction, mut shift) = libm::frexp(real);
    let mut multiplier = libm::round(fraction * f64::from(1_u32 << 31)) as i64;
    if multiplier == 1 << 31 {
        (multiplier, shift) = (1 << 30, shift + 1);
    }
    if shift < -31 {
        return (0, 0);
    }
    (i32::try_from(multiplier).unwrap_or(i32::MAX), shift)
}

/// Requantisation of one output, from its sum to an activation: a bias, a factor.
///
/// The fields lie in this order, 12 bytes, for kernels in assembly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct Channel {
    pub(super) bias: i32,
    pub(super) multiplier: i32,
    /// By how much the high half of the product is shifted: −1 less the shift of the factor.
    pub(super) shift: i32,
}

impl Channel {
    /// Factors are below 2^this.
    pub(super) const MAX_SHIFT: i32 = -2;
    const MIN_SHIFT: i32 = -31;

    /// A channel of a `const` or `static`.
    ///
    /// `shift` is TFLite's, and at most −2: the factor is below a quarter, so that after the high half
    /// of the product there is always something left to shift by, and rounding needs that half only.
    /// [`quantize`](super::quantize) chooses scales accordingly.
    ///
    /// # Panics
    ///
    /// If `multiplier` is negative or `shift` not in −31..=−2: in a `const`, a compile error.
    #[must_use]
    pub const fn new(bias: i32, multiplier: i32, shift: i32) -> Self {
        assert!(multiplier >= 0, "a channel's multiplier must be at least 0");
        assert!(
            shift >= Self::MIN_SHIFT && shift <= Self::MAX_SHIFT,
            "a channel's shift: -31..=-2"
        );
        Self { bias, multiplier, shift: -1 - shift }
    }

    /// A channel of numbers that are not known to be right; `None` where [`Self::new`] panics.
    #[must_use]
    pub const fn try_new(bias: i32, multiplier: i32, shift: i32) -> Option<Self> {
        if multiplier >= 0 && shift >= Self::MIN_SHIFT && shift <= Self::MAX_SHIFT {
            Some(Self { bias, multiplier, shift: -1 - shift })
        } else {
            None
        }
    }

    /// Bias that is added to the sum.
    #[must_use]
    pub const fn bias(&self) -> i32 {
        self.bias
    }

    /// The m of the factor m · 2^(shift − 31).
    #[must_use]
    pub const fn multiplier(&self) -> i32 {
        self.multiplier
    }

    /// The shift of the factor m · 2^(shift − 31).
    #[must_use]
    pub const fn shift(&self) -> i32 {
        -1 - self.shift
    }

    /// The factor, m · 2^(shift − 31).
    ///
    /// ```
    /// assert_eq!(barenet::quant::Channel::new(0, 3 << 29, -2).factor(), 0.1875);
    /// ```
    #[must_use]
    pub fn factor(&self) -> f64 {
        libm::ldexp(self.multiplier.into(), self.shift() - 31)
    }

    /// round((sum + bias) · m · 2^(shift − 31)), the sum taken modulo 2³².
    ///
    /// ```
    /// use barenet::quant::{Channel, multiply_by_quantized_multiplier};
    /// let channel = Channel::new(100, 1_500_000_000, -9);
    /// assert_eq!(
    ///     channel.requantize(20_000),
    ///     multiply_by_quantized_multiplier(20_100, 1_500_000_000, -9)
    /// );
    /// ```
    #[must_use]
    #[inline(always)]
    pub const fn requantize(&self, sum: i32) -> i32 {
        let product = (sum.wrapping_add(self.bias) as i64).wrapping_mul(self.multiplier as i64);
        let high = (product >> 32) as i32;
        // Half a step is a power of two at or above bit 0 of the high half.
        let round = 1_i32.wrapping_shl(self.shift.wrapping_sub(1).cast_unsigned());
        high.wrapping_add(round).wrapping_shr(self.shift.cast_unsigned())
    }
}

impl Default for Channel {
    /// Always 0.
    fn default() -> Self {
        Self::new(0, 0, Self::MAX_SHIFT)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Rng;

    #[test]
    fn a_channel_rounds_as_the_definition_does() {
        let mut rng = Rng::seed(1);
        for _ in 0..20_000 {
            let sum = (rng.next_u64() as i32) >> rng.below(32);
            let multiplier = (1 << 30 | rng.below(1 << 30)) as i32;
            let shift = -2 - rng.below(30) as i32;
            let channel = Channel::new(0, multiplier, shift);
            assert_eq!(
                channel.requantize(sum),
                multiply_by_quantized_multiplier(sum, multiplier, shift),
                "{sum} {channel:?}"
            );
        }
    }

    #[test]
    fn a_factor_survives_to_31_bits() {
        let mut rng = Rng::seed(2);
        for _ in 0..1000 {
            let real = rng.uniform() * 0.25;
            let (multiplier, shift) = quantize_multiplier(real);
            let back = f64::from(multiplier) * libm::exp2(f64::from(shift - 31));
            assert!((back - real).abs() <= real * libm::exp2(-31.0), "{real} {back}");
        }
        assert_eq!(quantize_multiplier(1.0 - 1e-12), (1 << 30, 1));
        assert_eq!(quantize_multiplier(1e-30), (0, 0));
    }

    #[test]
    fn a_channel_refuses_factors_out_of_range() {
        assert!(Channel::try_new(0, 1 << 30, -1).is_none());
        assert!(Channel::try_new(0, 1 << 30, -32).is_none());
        assert!(Channel::try_new(0, -1, -2).is_none());
        assert_eq!(Channel::try_new(5, 1 << 30, -31), Some(Channel::new(5, 1 << 30, -31)));
        assert_eq!(Channel::new(5, 1 << 30, -31).shift(), -31);
    }
}
