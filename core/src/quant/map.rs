//! From the numbers of a device to integers: of each input a line of its own.

use crate::error::{ShapeError, check_len};
use crate::float::Float;

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::RealMap {}
    impl Sealed for super::IntegerMap {}
}

/// The line of one input: (x − offset) · factor, rounded to the nearest integer. [`RealMap`] and [`IntegerMap`],
/// nothing else.
pub trait InputMap: sealed::Sealed + Copy {
    /// The type of x.
    type Number: Copy;

    /// The integer; the nearest `i32` of those that are beyond.
    #[must_use]
    fn round(&self, x: Self::Number) -> i32;
}

/// A line of real numbers: one subtraction and one product in `f32`, so that every machine has the same bits. NaN
/// becomes the largest integer.
///
/// ```
/// use barenet::quant::{InputMap, RealMap};
/// let map = RealMap::new(10.0, 2.0);
/// assert_eq!([9.0, 10.2, 10.3, f32::NAN].map(|x| map.round(x)), [-2, 0, 1, i32::MAX]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RealMap {
    offset: f32,
    factor: f32,
}

impl RealMap {
    /// A line of numbers that are known.
    #[must_use]
    pub const fn new(offset: f32, factor: f32) -> Self {
        Self { offset, factor }
    }

    /// The line whose numbers are the nearest; `None` if they are not finite.
    #[must_use]
    pub fn nearest(offset: f64, factor: f64) -> Option<Self> {
        let map = Self { offset: f32::from_f64(offset), factor: f32::from_f64(factor) };
        (map.offset.is_finite() && map.factor.is_finite()).then_some(map)
    }

    /// The number that is subtracted.
    #[must_use]
    pub const fn offset(&self) -> f32 {
        self.offset
    }

    /// The number to multiply with then.
    #[must_use]
    pub const fn factor(&self) -> f32 {
        self.factor
    }

    /// The words of the numbers, for a checksum.
    #[must_use]
    pub const fn words(&self) -> [u32; 2] {
        [self.offset.to_bits(), self.factor.to_bits()]
    }
}

impl InputMap for RealMap {
    type Number = f32;

    #[inline(always)]
    fn round(&self, x: f32) -> i32 {
        let x = (x - self.offset) * self.factor;
        if x.is_nan() {
            return i32::MAX;
        }
        // `as` rounds toward 0, and gives the nearest of what is beyond.
        (if x < 0.0 { x - 0.5 } else { x + 0.5 }) as i32
    }
}

/// A line of integers: (x · m + bias) / 2^shift, rounded down, where the bias has a half for it.
///
/// ```
/// use barenet::quant::{InputMap, IntegerMap};
/// let map = IntegerMap::nearest(-100.0, 0.25).unwrap();
/// assert_eq!([-100, -99, -98, 32767].map(|x| map.round(x)), [0, 0, 1, 8217]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IntegerMap {
    bias: i64,
    multiplier: i32,
    shift: u32,
}

impl IntegerMap {
    const MAX_SHIFT: u32 = 62;

    /// A line of numbers that are known.
    ///
    /// # Panics
    ///
    /// If `shift` is above 62: in a `const`, a compile error.
    #[must_use]
    pub const fn new(bias: i64, multiplier: i32, shift: u32) -> Self {
        assert!(shift <= Self::MAX_SHIFT, "the shift of a map of inputs: 0..=62");
        Self { bias, multiplier, shift }
    }

    /// The line nearest to (x − offset) · factor; `None` if there is none, for a factor below 0 or from 2³¹ on, or
    /// numbers that are too large or not finite.
    #[must_use]
    pub fn nearest(offset: f64, factor: f64) -> Option<Self> {
        if !((0.0..2_147_483_648.0).contains(&factor) && offset.abs() < 1e9) {
            return None;
        }
        // 2^30 ≤ m < 2^31, unless the factor is too small for it.
        let (_, exponent) = libm::frexp(factor);
        let shift = (31 - exponent).clamp(0, 62);
        let multiplier = libm::fmin(libm::floor(libm::ldexp(factor, shift) + 0.5), i32::MAX.into());
        // The bias belongs to the multiplier as it is.
        let bias = libm::round(-offset * multiplier) as i64;
        let shift = shift.unsigned_abs();
        let half = if shift == 0 { 0 } else { 1_i64.wrapping_shl(shift - 1) };
        Some(Self { bias: bias.saturating_add(half), multiplier: multiplier as i32, shift })
    }

    /// The bias.
    #[must_use]
    pub const fn bias(&self) -> i64 {
        self.bias
    }

    /// The m of the factor m / 2^shift.
    #[must_use]
    pub const fn multiplier(&self) -> i32 {
        self.multiplier
    }

    /// The shift of the factor m / 2^shift.
    #[must_use]
    pub const fn shift(&self) -> u32 {
        self.shift
    }

    /// The words of the numbers, for a checksum.
    #[must_use]
    pub const fn words(&self) -> [u32; 4] {
        let bias = self.bias.cast_unsigned();
        [bias as u32, (bias >> 32) as u32, self.multiplier.cast_unsigned(), self.shift]
    }
}

impl InputMap for IntegerMap {
    type Number = i32;

    #[inline(always)]
    fn round(&self, x: i32) -> i32 {
        let product = i64::from(x).wrapping_mul(self.multiplier.into());
        let found = product.wrapping_add(self.bias).wrapping_shr(self.shift);
        found.clamp(i32::MIN.into(), i32::MAX.into()) as i32
    }
}

/// Brings the numbers of a device to the bytes that a network takes, 0..=255.
///
/// # Errors
///
/// [`ShapeError`] if `x` or `bytes` has not as many numbers as there are maps; nothing is written in that case.
///
/// # Example
///
/// ```
/// use barenet::quant::{IntegerMap, to_bytes};
/// let maps = [IntegerMap::nearest(-1000.0, 0.1).unwrap(); 3];
/// let mut bytes = [0; 3];
/// to_bytes(&maps, &[-2000_i16, 0, 30_000], &mut bytes)?;
/// assert_eq!(bytes, [0, 100, 255]);
/// # Ok::<(), barenet::ShapeError>(())
/// ```
pub fn to_bytes<M: InputMap, X: Copy + Into<M::Number>>(
    maps: &[M],
    x: &[X],
    bytes: &mut [u8],
) -> Result<(), ShapeError> {
    check_len("x", maps.len(), x.len())?;
    check_len("bytes", maps.len(), bytes.len())?;
    for ((byte, map), &x) in bytes.iter_mut().zip(maps).zip(x) {
        *byte = map.round(x.into()).clamp(0, 255) as u8;
    }
    Ok(())
}

/// Computes Σ (map(x) − score)², in integers; the largest `u64` if it is more.
///
/// # Errors
///
/// [`ShapeError`] if `x` or `scores` has not as many numbers as there are maps.
///
/// # Example
///
/// ```
/// use barenet::quant::{RealMap, squared_error};
/// let maps = [RealMap::new(1.0, 100.0); 2];
/// assert_eq!(squared_error(&maps, &[1.5_f32, 0.0], &[47, -100]), Ok(9));
/// ```
pub fn squared_error<M: InputMap, X: Copy + Into<M::Number>>(
    maps: &[M],
    x: &[X],
    scores: &[i16],
) -> Result<u64, ShapeError> {
    check_len("x", maps.len(), x.len())?;
    check_len("scores", maps.len(), scores.len())?;
    let mut sum = 0_u64;
    for ((map, &x), &score) in maps.iter().zip(x).zip(scores) {
        let error = i64::from(map.round(x.into())) - i64::from(score);
        sum = sum.saturating_add(error.unsigned_abs().wrapping_mul(error.unsigned_abs()));
    }
    Ok(sum)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Rng;

    #[test]
    fn a_line_of_integers_is_that_of_real_numbers_to_a_step() {
        let mut rng = Rng::seed(5);
        for _ in 0..20_000 {
            let factor = libm::exp2(40.0 * rng.uniform() - 30.0);
            let offset = 100_000.0 * (rng.uniform() - 0.5);
            let x = i32::from(rng.next_u64() as i16);
            let found = IntegerMap::nearest(offset, factor).unwrap().round(x);
            let expected = (f64::from(x) - offset) * factor;
            assert!((f64::from(found) - expected).abs() < 0.5 + 1e-6 * expected.abs().max(1.0));
        }
    }

    #[test]
    fn ends_of_the_range_are_kept() {
        let map = IntegerMap::nearest(0.0, 2_000_000_000.0).unwrap();
        assert_eq!([-32768, 0, 32767].map(|x| map.round(x)), [i32::MIN, 0, i32::MAX]);
        assert_eq!(IntegerMap::nearest(5.0, 0.0).unwrap().round(32767), 0);
        for (offset, factor) in [(0.0, -1.0), (0.0, 3e9), (f64::NAN, 1.0), (1e10, 1.0)] {
            assert_eq!(IntegerMap::nearest(offset, factor), None, "{offset} {factor}");
        }
        let map = RealMap::new(0.0, 1e30);
        assert_eq!([-1e30, -0.0, 1e30].map(|x| map.round(x)), [i32::MIN, 0, i32::MAX]);
        assert_eq!(RealMap::nearest(0.0, 1e300), None);
        let maps = [RealMap::new(0.0, 1.0); 3];
        assert_eq!(
            squared_error(&maps, &[f32::NAN; 3], &[i16::MIN; 3]),
            Ok(13_835_480_258_083_356_675)
        );
    }

    #[test]
    fn what_does_not_fit_is_named() {
        let maps = [IntegerMap::new(0, 0, 0); 2];
        let mut bytes = [7; 2];
        assert_eq!(to_bytes(&maps, &[1_u8], &mut bytes).unwrap_err().what, "x");
        assert_eq!(to_bytes(&maps, &[1_u8; 2], &mut bytes[..1]).unwrap_err().what, "bytes");
        assert_eq!(squared_error(&maps, &[1_u8; 2], &[0]).unwrap_err().what, "scores");
        assert_eq!(bytes, [7; 2]);
    }
}
