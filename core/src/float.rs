//! The number types of the library: `f32` and `f64`, through one small sealed trait.
//!
//! `core` has no square root, exponential or logarithm; [`libm`] has them in software, with the
//! same bits on a desktop and on a microcontroller. With the feature `std` only the square root
//! comes from the CPU instead: IEEE 754 demands that it rounds correctly, so the bits stay the same
//! and loops over it can use vector instructions.

mod exp;

use core::fmt::{Debug, Display};
use core::ops::{Add, AddAssign, Div, Mul, MulAssign, Neg, Sub, SubAssign};

mod sealed {
    pub trait Sealed {}
    impl Sealed for f32 {}
    impl Sealed for f64 {}
}

/// max(x, 0), and NaN of NaN.
#[inline(always)]
pub(crate) fn positive_part<T: Float>(x: T) -> T {
    if x < T::ZERO { T::ZERO } else { x }
}

/// A floating-point number: `f32` or `f64`, and nothing else.
pub trait Float:
    sealed::Sealed
    + Copy
    + Default
    + Debug
    + Display
    + PartialOrd
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
    + AddAssign
    + SubAssign
    + MulAssign
    + Send
    + Sync
    + 'static
{
    /// 0.
    const ZERO: Self;
    /// 1.
    const ONE: Self;
    /// −∞, the start of a running maximum.
    const NEG_INFINITY: Self;
    /// The square root of the smallest normal number: the product of two numbers above it is normal.
    const TINY: Self;
    /// The name PyTorch gives the type: `"float32"` or `"float64"`.
    const NAME: &'static str;

    /// Rounds an `f64` to this type.
    fn from_f64(v: f64) -> Self;
    /// Rounds a count to this type.
    fn from_usize(v: usize) -> Self;
    /// Widens to `f64`, without loss.
    fn to_f64(self) -> f64;
    /// √x, correctly rounded.
    fn sqrt(self) -> Self;
    /// eˣ.
    fn exp(self) -> Self;
    /// Replaces each number, of at most 0, by its exponential; one below [`Self::TINY`] by 0. The bits are those of
    /// [`Self::exp`]. Marked `#[inline(always)]`, so that it is compiled for the vector instructions of its caller.
    fn exp_each(numbers: &mut [Self]);
    /// The natural logarithm.
    fn ln(self) -> Self;
    /// |x|.
    fn abs(self) -> Self;
    /// The larger of two numbers. A NaN in `self` is replaced by `other`.
    fn max(self, other: Self) -> Self;
    /// Whether the number is neither infinite nor NaN.
    fn is_finite(self) -> bool;
    /// 0 for a subnormal number, which many CPUs take a hundred times as long to compute with; every
    /// other number is left as it is.
    #[must_use]
    fn flush_subnormal(self) -> Self;

    /// xⁿ by repeated multiplication: the same bits everywhere.
    #[must_use]
    fn powi(self, n: usize) -> Self {
        let (mut result, mut square, mut n) = (Self::ONE, self, n);
        while n > 0 {
            if n & 1 == 1 {
                result *= square;
            }
            square *= square;
            n >>= 1;
        }
        result
    }
}

macro_rules! impl_float {
    ($t:ident, $name:literal, $tiny:literal, $sqrt:path, $exp:path, $exp_nonpositive:path, $ln:path) => {
        impl Float for $t {
            const ZERO: Self = 0.0;
            const ONE: Self = 1.0;
            const NEG_INFINITY: Self = $t::NEG_INFINITY;
            const TINY: Self = $tiny;
            const NAME: &'static str = $name;

            #[inline]
            #[allow(clippy::cast_possible_truncation)]
            fn from_f64(v: f64) -> Self {
                v as Self
            }
            #[inline]
            #[allow(clippy::cast_precision_loss)]
            fn from_usize(v: usize) -> Self {
                v as Self
            }
            #[inline]
            fn to_f64(self) -> f64 {
                f64::from(self)
            }
            #[inline]
            #[cfg(feature = "std")]
            fn sqrt(self) -> Self {
                $t::sqrt(self)
            }
            #[inline]
            #[cfg(not(feature = "std"))]
            fn sqrt(self) -> Self {
                $sqrt(self)
            }
            #[inline]
            fn exp(self) -> Self {
                $exp(self)
            }
            #[inline(always)]
            fn exp_each(numbers: &mut [Self]) {
                for x in numbers {
                    let e = $exp_nonpositive(*x);
                    *x = if e < Self::TINY { 0.0 } else { e };
                }
            }
            #[inline]
            fn ln(self) -> Self {
                $ln(self)
            }
            #[inline]
            fn abs(self) -> Self {
                $t::abs(self)
            }
            #[inline]
            fn max(self, other: Self) -> Self {
                if self > other { self } else { other }
            }
            #[inline]
            fn is_finite(self) -> bool {
                $t::is_finite(self)
            }
            #[inline]
            fn flush_subnormal(self) -> Self {
                if self.abs() < $t::MIN_POSITIVE { 0.0 } else { self }
            }
        }
    };
}

impl_float!(
    f32,
    "float32",
    1.084_202_2e-19,
    libm::sqrtf,
    libm::expf,
    exp::exp_nonpositive,
    libm::logf
);
impl_float!(
    f64,
    "float64",
    1.491_668_146_240_041_3e-154,
    libm::sqrt,
    libm::exp,
    libm::exp,
    libm::log
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn max_replaces_a_nan_in_the_first_place() {
        assert_eq!(Float::max(f32::NAN, 1.0), 1.0);
        assert_eq!(Float::max(2.0_f64, 1.0), 2.0);
    }

    #[test]
    fn powi_is_repeated_multiplication() {
        assert_eq!(Float::powi(0.5_f64, 0), 1.0);
        assert_eq!(Float::powi(3.0_f64, 5), 243.0);
    }

    #[test]
    fn square_roots_are_the_bits_of_libm() {
        for i in 0..10_000_u32 {
            let x = f32::from_bits(0x0080_0000 + i * 200_003);
            assert_eq!(Float::sqrt(x).to_bits(), libm::sqrtf(x).to_bits(), "{x}");
        }
    }
}
