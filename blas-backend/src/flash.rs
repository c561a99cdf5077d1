//! Weights in flash from the bytes of a file, however many there are.
//!
//! [`barenet::flash`] has the same functions without `unsafe`. The compiler interprets those, number by number,
//! which for 4.7 million takes a minute and 2.6 GB; these copy all bytes at once, in a second.
//! The array is the same, and so is what is checked: a file of another length is a compile error, and a `static`
//! has the alignment of its numbers, which `include_bytes!` does not give.
//!
//! ```
//! use barenet::Arch;
//! use barenet_blas::flash;
//! const ARCH: Arch<'static> = Arch::new(&[1, 1]);
//! const BYTES: &[u8] = b"\0\0\x80\x3f\0\0\0\x40"; // include_bytes!("params.bin")
//! static PARAMS: [f32; ARCH.num_params()] = flash::f32_array(BYTES);
//! assert_eq!(PARAMS, [1.0, 2.0]);
//! ```

macro_rules! impl_array {
    ($name:ident, $t:ident) => {
        #[doc = concat!("Little-endian bytes as an array of `", stringify!($t), "`, for a `static`.")]
        ///
        /// # Panics
        ///
        /// If there are not exactly 4·N bytes: a compile error, when it is used as intended.
        #[must_use]
        pub const fn $name<const N: usize>(bytes: &[u8]) -> [$t; N] {
            if cfg!(target_endian = "big") {
                return barenet::flash::$name(bytes);
            }
            check_len(bytes.len(), N);
            // SAFETY: `bytes` has the 4·N bytes of the array; they need not be aligned, and any are numbers.
            unsafe { bytes.as_ptr().cast::<[$t; N]>().read_unaligned() }
        }
    };
}

impl_array!(f32_array, f32);
impl_array!(u32_array, u32);

const fn check_len(bytes: usize, numbers: usize) {
    assert!(
        bytes / 4 == numbers && bytes.is_multiple_of(4),
        "the file has another length than the array"
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All byte values, at an address that is no multiple of 4.
    static BYTES: [u8; 257] = {
        let (mut bytes, mut i) = ([0; 257], 0);
        while i < bytes.len() {
            bytes[i] = (i * 37) as u8;
            i += 1;
        }
        bytes
    };

    #[test]
    fn numbers_are_those_of_the_safe_functions() {
        const FOUR: &[u8] = b"\x01\x02\x03\x04\0\0\xc0\x7f\x01\0\0\0\0\0\x80\xff";
        static WORDS: [u32; 4] = u32_array(FOUR);
        static NUMBERS: [f32; 4] = f32_array(FOUR);
        assert_eq!(WORDS, [0x0403_0201, 0x7FC0_0000, 1, 0xFF80_0000]);
        assert_eq!(NUMBERS.map(f32::to_bits), WORDS, "NaN and subnormals too");
        for start in 0..4 {
            let bytes = &BYTES[start..start + 252];
            let words: [u32; 63] = u32_array(bytes);
            assert_eq!(words, barenet::flash::u32_array::<63>(bytes));
            let numbers: [f32; 63] = f32_array(bytes);
            assert_eq!(numbers.map(f32::to_bits), words);
        }
        assert_eq!(f32_array::<0>(&[]), [0.0; 0]);
    }

    #[test]
    fn another_length_is_refused() {
        for len in [0, 3, 5, 7, 8, 257] {
            let bytes = &BYTES[..len];
            std::panic::catch_unwind(|| f32_array::<1>(bytes)).unwrap_err();
            std::panic::catch_unwind(|| u32_array::<1>(bytes)).unwrap_err();
        }
    }
}
