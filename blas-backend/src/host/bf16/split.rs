//! Numbers as sums of bf16, the upper halves of an `f32`: 8 of its 24 bits of precision, and all of its range.

use crate::host::rounding::nearest_bf16;

/// Takes the nearest bf16 of each number out of it, and leaves the rest: the first of the parts of the number, then the
/// next one. Each lies in the upper half of its 32 bits.
///
/// Three are the number itself, exactly: 24 bits are three times 8. But a part below 2⁻¹²⁶ counts as 0, as
/// subnormal numbers do; so numbers below 2⁻¹⁰³ may lose their last bits. And of an infinite number,
/// NaN or one that rounds to infinity, a part is not finite; a product with it is neither.
#[inline(always)]
pub(super) fn take_part<const N: usize>(numbers: &mut [f32; N]) -> [u32; N] {
    let mut parts = [0; N];
    for (part, number) in parts.iter_mut().zip(numbers) {
        *part = nearest_bf16(*number);
        *number -= f32::from_bits(*part);
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::subnormal::Subnormals;
    use barenet::Rng;

    /// What the parts are together, in f64, where they have room.
    fn sum<const PARTS: usize>(x: f32) -> f64 {
        let mut rest = [x];
        (0..PARTS).map(|_| f64::from(f32::from_bits(take_part(&mut rest)[0]))).sum()
    }

    /// Numbers of all exponents, and those at the ends of what `f32` has.
    fn numbers() -> impl Iterator<Item = f32> {
        let mut rng = Rng::seed(1);
        let random = (0..1 << 20).map(move |_| rng.below(1 << 32) as u32);
        let ends = [0, 1, 0x7F_FFFF, 0x80_0000, 0x3F80_0000, 0x7F7F_7FFF, 0x7F7F_8000, 0x7F7F_FFFF];
        let ends = ends.into_iter().flat_map(|bits| [bits, bits | 1 << 31]);
        random.chain(ends).map(f32::from_bits)
    }

    #[test]
    fn a_number_is_the_sum_of_three_bf16() {
        let _subnormals = Subnormals::are_zero();
        let mut tried = 0;
        for x in numbers().filter(|x| (1e-31..3.38e38).contains(&x.abs())) {
            assert_eq!(sum::<3>(x).to_bits(), f64::from(x).to_bits(), "{x:e}");
            assert!((sum::<2>(x) - f64::from(x)).abs() <= f64::from(x.abs()) / f64::from(1 << 17));
            assert!((sum::<1>(x) - f64::from(x)).abs() <= f64::from(x.abs()) / 256.0, "{x:e}");
            tried += 1;
        }
        assert!(tried > 500_000, "{tried}");
    }

    #[test]
    fn of_small_numbers_parts_below_the_smallest_normal_number_are_lost_and_no_more() {
        let _subnormals = Subnormals::are_zero();
        for x in numbers().filter(|x| x.abs() < 1e-31) {
            let x = f64::from(if x.is_subnormal() { 0.0 } else { x });
            assert!((sum::<3>(x as f32) - x).abs() <= f64::from(f32::MIN_POSITIVE), "{x:e}");
        }
    }

    #[test]
    fn what_is_not_finite_has_a_part_that_is_not() {
        for x in numbers().filter(|x| !x.is_finite() || x.abs() > f32::from_bits(0x7F7F_7FFF)) {
            let first = f32::from_bits(take_part(&mut [x])[0]);
            assert!(!first.is_finite() && first.is_nan() == x.is_nan(), "{x:e}, {first:e}");
        }
    }
}
