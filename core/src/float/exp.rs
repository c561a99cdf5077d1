//! The exponential of `f32` without a branch, so that a loop over it uses vector instructions.

/// ln 2 in two numbers: the first has so few bits that its products with small integers are exact.
const LN_2_HIGH: f32 = f32::from_bits(0x3f31_7200);
const LN_2_LOW: f32 = f32::from_bits(0x35bf_be8e);
/// 1/ln 2.
const INVERSE_OF_LN_2: f32 = f32::from_bits(0x3fb8_aa3b);
/// x·(eˣ + 1)/(eˣ − 1) = 2 + P1·x² + P2·x⁴ + …
const P1: f32 = f32::from_bits(0x3e2a_aa8f);
const P2: f32 = f32::from_bits(0xbb35_5215);

/// Below this, the exponential is below `f32::TINY`, whatever it is.
const LEAST: f32 = -64.0;

/// eˣ of a number of at most 0, with the bits of [`libm::expf`]; of a number below −64 some number below `f32::TINY`, and
/// of NaN NaN.
///
/// The method is that of FreeBSD's `e_expf.c`: x = k·ln 2 + r, and eʳ as a quotient of polynomials, which is then
/// multiplied by 2ᵏ. There, branches choose k; here every number takes the same way.
#[inline(always)]
#[allow(clippy::cast_possible_truncation, clippy::cast_precision_loss, clippy::cast_sign_loss)]
pub(super) fn exp_nonpositive(x: f32) -> f32 {
    const HALF_LN_2: f32 = f32::from_bits(0x3eb1_7218);
    /// 2⁻¹³.
    const SMALL: f32 = f32::from_bits(0x3900_0000);
    const THREE_HALVES_LN_2: f32 = f32::from_bits(0x3f85_1592);
    let x = if x < LEAST { LEAST } else { x };
    let k = (INVERSE_OF_LN_2 * x - 0.5) as i32;
    let k = if x < -THREE_HALVES_LN_2 { k } else { -1 };
    let k = if x < -HALF_LN_2 { k } else { 0 };
    let high = x - k as f32 * LN_2_HIGH;
    let low = k as f32 * LN_2_LOW;
    let r = high - low;
    let square = r * r;
    let c = r - square * (P1 + square * P2);
    let power = if x < -SMALL { 1.0 + (r * c / (2.0 - c) - low + high) } else { 1.0 + x };
    power * f32::from_bits(((k + 127) as u32) << 23)
}

#[cfg(test)]
mod tests {
    use super::exp_nonpositive;
    use crate::float::Float;

    #[test]
    fn the_bits_are_those_of_libm() {
        let check = |bits: u32| {
            let x = -f32::from_bits(bits);
            let (found, expected) = (exp_nonpositive(x), libm::expf(x));
            if expected >= f32::TINY {
                assert_eq!(found.to_bits(), expected.to_bits(), "{x:e}");
            } else {
                assert!((0.0..f32::TINY).contains(&found), "{x:e}: {found:e}");
            }
        };
        // All that is from 0 to −∞, in steps; and near where another branch of libm begins.
        (0..=f32::INFINITY.to_bits()).step_by(997).for_each(check);
        for place in [0x3900_0000_u32, 0x3eb1_7218, 0x3f85_1592, 0x422e_b2b0] {
            (place - 1000..place + 1000).for_each(check);
        }
        check(f32::INFINITY.to_bits());
        assert!(exp_nonpositive(f32::NAN).is_nan());
    }
}
