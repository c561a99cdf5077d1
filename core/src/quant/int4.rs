//! Weights of 4 bits: two in a byte, and the product of a layer that has them.
//!
//! A weight q in −7..=7 is stored as q + 8, a nibble without a sign, as
//!
//! ```text
//! Σ x·q = Σ x·(q + 8) − 8 · Σ x
//! ```
//!
//! and the last sum is the same for all outputs: it is computed once. So a kernel takes the weights of two inputs for an
//! output with one AND, whose shift costs nothing on Arm, and no instruction extends a sign.

/// Added to a weight, so that it has no sign.
const OFFSET: i8 = 8;

/// The weights of two inputs for one output, in a word.
const PAIR: u32 = 0x000F_000F;

/// Packs the weights of four inputs for four outputs; `weights` has one row for each output.
///
/// Numbers are −7..=7; others are cut off there. Outputs are A, B, C, D and inputs 0, 1, 2, 3:
///
/// | word | bits 31–16, the highest first | bits 15–0 |
/// |------|-------------------------------|-----------|
/// | 0    | D₂ C₂ B₂ A₂                   | D₀ C₀ B₀ A₀ |
/// | 1    | D₃ C₃ B₃ A₃                   | D₁ C₁ B₁ A₁ |
///
/// ```
/// use barenet::quant::pack_int4;
/// let weights = [[-7, 0, 7, 1], [0; 4], [0; 4], [0; 4]];
/// assert_eq!(pack_int4(weights), [0x888F_8881, 0x8889_8888]);
/// ```
#[must_use]
pub fn pack_int4(weights: [[i8; 4]; 4]) -> [u32; 2] {
    let mut words = [0; 2];
    for (shift, [w0, w1, w2, w3]) in (0..).step_by(4).zip(weights) {
        let nibble = |w: i8| u32::from(w.clamp(-7, 7).wrapping_add(OFFSET).cast_unsigned());
        let pair = |low, high| (nibble(low) | nibble(high) << 16) << shift;
        let [even, odd] = &mut words;
        *even |= pair(w0, w2);
        *odd |= pair(w1, w3);
    }
    words
}

/// What every output's sum of unsigned weights begins at: −8 · Σ x.
///
/// ```
/// assert_eq!(barenet::quant::int4_start(&[[1, 2, 3, 4], [255; 4]]), -8 * (10 + 4 * 255));
/// ```
#[must_use]
pub fn int4_start(x: &[[u8; 4]]) -> i32 {
    let sum = x.iter().flatten().fold(0_i32, |sum, &x| sum.wrapping_add(x.into()));
    sum.wrapping_mul(-i32::from(OFFSET))
}

/// The sums of four outputs, from `start` on.
#[inline(always)]
pub(super) fn int4_dots(x: &[[u8; 4]], w: &[[u32; 2]], start: i32) -> [i32; 4] {
    let [mut a, mut b, mut c, mut d] = [start; 4];
    for (&[x0, x1, x2, x3], &[even, odd]) in x.iter().zip(w) {
        for (x, x_next, word) in [(x0, x2, even), (x1, x3, odd)] {
            let add = |sum: &mut i32, pair: u32| {
                let (low, high) = (i32::from(pair as u16), i32::from((pair >> 16) as u16));
                let products = i32::from(x) * low + i32::from(x_next) * high;
                *sum = sum.wrapping_add(products);
            };
            add(&mut a, word & PAIR);
            add(&mut b, word >> 4 & PAIR);
            add(&mut c, word >> 8 & PAIR);
            add(&mut d, word >> 12 & PAIR);
        }
    }
    [a, b, c, d]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Portable;
    use crate::quant::{Channel, PackedChannel, QuantArgs, QuantGemm};
    use std::vec::Vec;

    /// Weights, each another, of `outputs` rows.
    fn weight(output: usize, input: usize) -> i8 {
        ((output * 5 + input * 3) % 15) as i8 - 7
    }

    #[test]
    fn a_layer_gives_what_its_weights_give_as_bytes() {
        for groups in [1, 2, 5, 64, 65, 200] {
            let x: Vec<[u8; 4]> =
                (0..groups).map(|g| [0, 1, 2, 3].map(|i| (g * 37 + i * 91 + 250) as u8)).collect();
            let rows = |block: usize, group: usize| {
                [0, 1, 2, 3].map(|j| [0, 1, 2, 3].map(|i| weight(4 * block + j, 4 * group + i)))
            };
            let all = || (0..3).flat_map(|b| (0..groups).map(move |g| (b, g)));
            let small: Vec<_> = all().map(|(b, g)| pack_int4(rows(b, g))).collect();
            let large: Vec<_> = all().map(|(b, g)| crate::quant::pack(rows(b, g))).collect();
            let channel = Channel::new(77, 257 << 22, -6);
            let (packed, channels) = ([[PackedChannel::nearest(channel); 4]; 3], [[channel; 4]; 3]);
            let (mut found, mut expected) = ([[0_i16; 4]; 3], [[1; 4]; 3]);
            Portable.layer_int4(QuantArgs::new(&x, &small, &packed, &mut found).unwrap());
            Portable.layer(QuantArgs::new(&x, &large, &channels, &mut expected).unwrap());
            assert_eq!(found, expected, "{groups} groups");
        }
    }

    #[test]
    fn weights_out_of_range_are_cut_off() {
        let all = |w| [[w; 4]; 4];
        assert_eq!(pack_int4(all(127)), pack_int4(all(7)));
        assert_eq!(pack_int4(all(-128)), pack_int4(all(-7)));
    }
}
