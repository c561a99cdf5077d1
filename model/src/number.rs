//! `f32` and `f64` beyond arithmetic: made of samples, and as bytes in files.

use barenet::Float;

/// A number type that the numbers of samples become and files hold.
pub trait Number: Float + From<u8> + From<i16> + From<f32> {
    /// The type's name in a safetensors file.
    const DTYPE: safetensors::Dtype;
    /// Bytes of one number.
    const SIZE: usize;

    /// The number as the `f64` that is written with the same digits: 0.1, not 0.10000000149.
    #[must_use]
    fn to_printed(self) -> f64 {
        self.to_string().parse().unwrap_or_else(|_| self.to_f64())
    }
    /// Appends numbers to `bytes`, little-endian: as fast as memory is copied, where they lie so there already.
    fn write_le(numbers: &[Self], bytes: &mut Vec<u8>);
    /// Reads little-endian numbers, as many as are whole.
    fn read_le(bytes: &[u8]) -> Vec<Self>;
}

macro_rules! impl_number {
    ($t:ty, $dtype:ident) => {
        impl Number for $t {
            const DTYPE: safetensors::Dtype = safetensors::Dtype::$dtype;
            const SIZE: usize = size_of::<$t>();

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

impl_number!(f32, F32);
impl_number!(f64, F64);
