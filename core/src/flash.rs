//! Weights in flash: the bytes of a file become a `static` of numbers at compile time, and a checksum
//! tells at run time whether the flash still holds them.
//!
//! A `static` has the alignment of its numbers, which bytes from `include_bytes!` have not, so
//! nothing is copied and nothing is `unsafe`:
//!
//! ```
//! use barenet::{Arch, flash};
//! const ARCH: Arch<'static> = Arch::new(&[1, 1]);
//! const BYTES: &[u8] = b"\0\0\x80\x3f\0\0\0\x40"; // include_bytes!("params.bin")
//! static PARAMS: [f32; ARCH.num_params()] = flash::f32_array(BYTES);
//! assert_eq!(PARAMS, [1.0, 2.0]);
//! assert_eq!(flash::crc32(PARAMS.iter().map(|number| number.to_bits())), 0x2E3F_A576);
//! ```
//!
//! The compiler interprets these functions: a million numbers take it some ten seconds, and the lint
//! `long_running_const_eval` has to be allowed. `barenet_blas::flash` has the same functions for millions of
//! weights, of which each is one copy, and `unsafe`.

/// Little-endian bytes as an array of `f32`, for a `static`.
///
/// # Panics
///
/// If there are not exactly 4·N bytes: a compile error, when it is used as intended.
#[must_use]
#[allow(clippy::indexing_slicing)] // Iterators are not const, and the interpreter takes its time.
pub const fn f32_array<const N: usize>(bytes: &[u8]) -> [f32; N] {
    let (mut numbers, mut i) = ([0.0; N], 0);
    check_len(bytes.len(), N);
    while i < N {
        numbers[i] = f32::from_bits(word(bytes, i));
        i += 1;
    }
    numbers
}

/// Little-endian bytes as an array of `u32`, for a `static`.
///
/// # Panics
///
/// If there are not exactly 4·N bytes: a compile error, when it is used as intended.
#[must_use]
#[allow(clippy::indexing_slicing)] // As above.
pub const fn u32_array<const N: usize>(bytes: &[u8]) -> [u32; N] {
    let (mut numbers, mut i) = ([0; N], 0);
    check_len(bytes.len(), N);
    while i < N {
        numbers[i] = word(bytes, i);
        i += 1;
    }
    numbers
}

#[allow(clippy::panic)] // A compile error.
const fn check_len(bytes: usize, numbers: usize) {
    assert!(
        bytes / 4 == numbers && bytes.is_multiple_of(4),
        "the file has another length than the array"
    );
}

#[allow(clippy::indexing_slicing)] // As above.
const fn word(bytes: &[u8], index: usize) -> u32 {
    let at = 4 * index;
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

/// The CRC-32 of words, each as its four little-endian bytes: that of the file they came from.
///
/// ```
/// assert_eq!(barenet::flash::crc32([u32::from_le_bytes(*b"1234")]), 0x9BE3_E0A3);
/// ```
#[must_use]
pub fn crc32(words: impl IntoIterator<Item = u32>) -> u32 {
    !words.into_iter().fold(u32::MAX, |crc, word| {
        // Bits of a word come in the order of its little-endian bytes. Without a table: it would be
        // read once in a while, and lie in flash always.
        (0..32).fold(crc ^ word, |crc, _bit| (crc >> 1) ^ (0xEDB8_8320 & (crc & 1).wrapping_neg()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_that_of_zip_and_ethernet() {
        // The check value of CRC-32 is that of "123456789"; "12345678" is what two words hold.
        let words = [*b"1234", *b"5678"].map(u32::from_le_bytes);
        assert_eq!(crc32(words), 0x9AE0_DAAF);
        assert_eq!(crc32([]), 0);
    }

    #[test]
    fn a_changed_bit_changes_the_checksum() {
        let words = [1.0_f32, -2.5, 0.0].map(f32::to_bits);
        for at in 0..3 {
            for bit in 0..32 {
                let mut changed = words;
                changed[at] ^= 1 << bit;
                assert_ne!(crc32(changed), crc32(words));
            }
        }
    }

    #[test]
    fn bytes_become_numbers() {
        const NUMBERS: [f32; 2] = f32_array(b"\0\0\x80\x3f\0\0\0\xc0");
        assert_eq!(NUMBERS, [1.0, -2.0]);
        assert_eq!(u32_array(b"\x01\x02\x03\x04"), [0x0403_0201]);
    }

    #[test]
    #[should_panic(expected = "another length")]
    fn another_length_is_refused() {
        let _: [u32; 1] = u32_array(b"12345");
    }
}
