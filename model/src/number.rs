//! `f32` and `f64` beyond arithmetic: made of samples, and as bytes in files.

use barenet::Float;
use std::convert;

/// A number type that the numbers of samples become and files hold.
pub trait Number: Float + bytemuck::NoUninit + From<u8> + From<i16> + From<f32> {
    /// The type's name in a safetensors file.
    const DTYPE: safetensors::Dtype;
    /// Bytes of one number.
    const SIZE: usize;

    /// The number as the `f64` that is written with the same digits: 0.1, not 0.10000000149.
    #[must_use]
    fn to_printed(self) -> f64;
    /// Appends numbers to `bytes`, little-endian: as fast as memory is copied, where they lie so there already.
    fn write_le(numbers: &[Self], bytes: &mut Vec<u8>);
    /// Reads little-endian numbers, as many as are whole.
    fn read_le(bytes: &[u8]) -> Vec<Self>;
}

macro_rules! impl_number {
    ($t:ty, $dtype:ident, $to_printed:expr) => {
        impl Number for $t {
            const DTYPE: safetensors::Dtype = safetensors::Dtype::$dtype;
            const SIZE: usize = size_of::<$t>();

            fn to_printed(self) -> f64 {
                $to_printed(self)
            }
            fn write_le(numbers: &[Self], bytes: &mut Vec<u8>) {
                let start = bytes.len();
                bytes.resize(start + size_of_val(numbers), 0);
                let (places, _rest) = bytes.split_at_mut(start).1.as_chunks_mut();
                for (place, number) in places.iter_mut().zip(numbers) {
                    *place = number.to_le_bytes();
                }
            }
            fn read_le(bytes: &[u8]) -> Vec<Self> {
                let (places, _rest) = bytes.as_chunks();
                places.iter().map(|&place| Self::from_le_bytes(place)).collect()
            }
        }
    };
}

impl_number!(f32, F32, with_the_digits_of);
impl_number!(f64, F64, convert::identity);

/// Every step of a run asks for its loss: nothing is allocated.
fn with_the_digits_of(number: f32) -> f64 {
    zmij::Buffer::new().format(number).parse().unwrap_or_else(|_| number.to_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_printed_number_has_the_fewest_digits_that_tell_the_number_from_others() {
        let all = (0..=u32::MAX).step_by(9973).map(f32::from_bits);
        let ends = [0.0, -0.0, f32::MAX, f32::MIN, f32::MIN_POSITIVE, f32::from_bits(1), 0.1, 1e16];
        let digits = |text: String| text.bytes().filter(u8::is_ascii_digit).count();
        let mut count = 0;
        for number in all.chain(ends).filter(|number| number.is_finite()) {
            let printed = number.to_printed();
            assert_eq!((printed as f32).to_bits(), number.to_bits(), "{number:e}");
            assert_eq!(digits(format!("{printed:e}")), digits(format!("{number:e}")), "{number:e}");
            count += 1;
        }
        assert!(count > 400_000);
        assert_eq!(0.1_f32.to_printed().to_bits(), 0.1_f64.to_bits());
        assert_eq!(f32::NEG_INFINITY.to_printed(), f64::NEG_INFINITY);
        assert!(f32::NAN.to_printed().is_nan());
    }
}
