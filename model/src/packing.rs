//! The weights of an int8 layer, and the words that core [packs](barenet::quant#how-weights-are-packed) them into.

use barenet::quant::pack;
use std::array::from_fn;

/// The words of the weights of a layer; `weight` has that of an input for an output.
pub(crate) fn packed(
    fan_in: usize,
    fan_out: usize,
    weight: impl Fn(usize, usize) -> i8,
) -> Vec<u32> {
    let weight = |i, j| if i < fan_in && j < fan_out { weight(i, j) } else { 0 };
    let mut words = Vec::new();
    for block in 0..fan_out.div_ceil(4) {
        for group in 0..fan_in.div_ceil(4) {
            let rows = from_fn(|j| from_fn(|i| weight(4 * group + i, 4 * block + j)));
            words.extend(pack(rows));
        }
    }
    words
}

/// The weights of a layer, (D, M), from their words.
pub(crate) fn unpacked(words: &[u32], fan_in: usize, fan_out: usize) -> Vec<i8> {
    let mut all = vec![0; fan_in * fan_out];
    let groups = fan_in.div_ceil(4);
    for (place, four) in words.chunks_exact(4).enumerate() {
        let (block, group) = (place / groups.max(1), place % groups.max(1));
        for (word, &bits) in four.iter().enumerate() {
            // Word 0 has outputs A and B of inputs 0 and 2, word 1 has C and D, words 2 and 3 those of inputs 1 and 3.
            for half in 0..2 {
                let (input, output) = (4 * group + word / 2 + 2 * half, 4 * block + 2 * (word % 2));
                let both = i32::from((bits >> (16 * half)) as u16 as i16);
                let low = both as i8;
                let high = (both - i32::from(low)) >> 8;
                for (output, q) in [(output, low), (output + 1, high as i8)] {
                    if input < fan_in
                        && output < fan_out
                        && let Some(to) = all.get_mut(input * fan_out + output)
                    {
                        *to = q;
                    }
                }
            }
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_are_unpacked_as_they_were_packed() {
        // w[i][j] of 5 inputs and 6 outputs.
        let weight = |i: usize, j: usize| (((i * 50 + j * 37) % 255) as i32 - 127) as i8;
        let expected: Vec<i8> = (0..5).flat_map(|i| (0..6).map(move |j| weight(i, j))).collect();
        assert_eq!(unpacked(&packed(5, 6, weight), 5, 6), expected);
    }
}
