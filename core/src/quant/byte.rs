//! Signed bytes that stand for real numbers, as int8 files of TFLite have them at both ends of a network.

use crate::error::{ShapeError, check_len};

/// Real numbers as signed bytes: `scale` · (byte − `zero_point`).
///
/// ```
/// use barenet::quant::ByteScale;
/// let scale = ByteScale::new(0.5, 10);
/// assert_eq!([-0.25, 0.0, 0.25, 0.7, 1e9].map(|x| scale.quantize(x)), [9, 10, 11, 11, 127]);
/// assert_eq!(scale.real(14), 2.0);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ByteScale {
    scale: f32,
    zero_point: i8,
}

impl ByteScale {
    /// A scale that is known, for a `const`.
    ///
    /// # Panics
    ///
    /// If `scale` is not a finite number above 0: in a `const`, a compile error.
    #[must_use]
    pub const fn new(scale: f32, zero_point: i8) -> Self {
        assert!(scale > 0.0 && scale.is_finite(), "a scale must be finite and above 0");
        Self { scale, zero_point }
    }

    /// The size of a step.
    #[must_use]
    pub const fn scale(&self) -> f32 {
        self.scale
    }

    /// The byte that stands for 0.
    #[must_use]
    pub const fn zero_point(&self) -> i8 {
        self.zero_point
    }

    /// The byte nearest to a real number, half a step away from 0, as TFLite's QUANTIZE has it. NaN becomes the least one.
    ///
    /// ```text
    /// saturate(round(x / scale) + zero_point)
    /// ```
    #[must_use]
    #[inline]
    pub fn quantize(&self, x: f32) -> i8 {
        // Beyond this every zero point is saturated.
        const FAR: f32 = 512.0;
        let steps = x / self.scale;
        let steps = if steps > -FAR { steps } else { -FAR };
        let steps = if steps < FAR { steps } else { FAR };
        // `as` rounds toward 0. What is left then is exact.
        let whole = steps as i32;
        let rest = steps - whole as f32;
        let step = i32::from(rest >= 0.5) - i32::from(rest <= -0.5);
        let byte = whole.wrapping_add(step).wrapping_add(self.zero_point.into());
        byte.clamp(i8::MIN.into(), i8::MAX.into()) as i8
    }

    /// The real number that a byte stands for.
    #[must_use]
    #[inline]
    pub const fn real(&self, byte: i8) -> f32 {
        self.scale * (byte as i16 - self.zero_point as i16) as f32
    }

    /// Brings real numbers to the unsigned bytes that a [`QuantNet`](super::QuantNet) takes: 128 more than the signed ones.
    ///
    /// # Errors
    ///
    /// [`ShapeError`] if the lengths differ; nothing is written in that case.
    pub fn unsigned(&self, x: &[f32], bytes: &mut [u8]) -> Result<(), ShapeError> {
        check_len("x", bytes.len(), x.len())?;
        for (byte, &x) in bytes.iter_mut().zip(x) {
            *byte = self.quantize(x).cast_unsigned() ^ SIGN;
        }
        Ok(())
    }

    /// Brings the scores of a [`QuantNet`](super::QuantNet), which are steps from the zero point, to bytes, cut off at the ends.
    ///
    /// # Errors
    ///
    /// [`ShapeError`] if the lengths differ; nothing is written in that case.
    pub fn signed(&self, scores: &[i16], bytes: &mut [i8]) -> Result<(), ShapeError> {
        check_len("scores", bytes.len(), scores.len())?;
        let offset = i32::from(self.zero_point).wrapping_add(SIGN.into());
        let sum = |score: i16| i32::from(score).wrapping_add(offset).cast_unsigned();
        let cut_off = |sum: u32| sum.cast_signed().clamp(0, 255) as u8 ^ SIGN;
        let ((scores, scores_rest), (bytes, rest)) =
            (scores.as_chunks::<4>(), bytes.as_chunks_mut::<4>());
        for (bytes, &scores) in bytes.iter_mut().zip(scores) {
            let sums @ [a, b, c, d] = scores.map(sum);
            // One look says whether any of four is beyond the ends, which few are: the others are put side by side.
            let unsigned = if a | b | c | d <= 255 {
                ((a | b << 8 | c << 16 | d << 24) ^ SIGNS).to_le_bytes()
            } else {
                sums.map(cut_off)
            };
            *bytes = unsigned.map(u8::cast_signed);
        }
        for (byte, &score) in rest.iter_mut().zip(scores_rest) {
            *byte = cut_off(sum(score)).cast_signed();
        }
        Ok(())
    }
}

/// The bit by which unsigned bytes are 128 more.
const SIGN: u8 = 0x80;

/// That of the four bytes of a word.
const SIGNS: u32 = u32::from_ne_bytes([SIGN; 4]);

/// Brings signed bytes to the unsigned ones that a [`QuantNet`](super::QuantNet) takes: 128 more.
///
/// ```
/// let mut bytes = [0; 3];
/// barenet::quant::unsigned_bytes(&[-128, 0, 127], &mut bytes)?;
/// assert_eq!(bytes, [0, 128, 255]);
/// # Ok::<(), barenet::ShapeError>(())
/// ```
///
/// # Errors
///
/// [`ShapeError`] if the lengths differ; nothing is written in that case.
pub fn unsigned_bytes(x: &[i8], bytes: &mut [u8]) -> Result<(), ShapeError> {
    check_len("x", bytes.len(), x.len())?;
    // A word at a time, four bytes for the price of one.
    let ((x, x_rest), (bytes, rest)) = (x.as_chunks::<4>(), bytes.as_chunks_mut::<4>());
    for (bytes, x) in bytes.iter_mut().zip(x) {
        let word = u32::from_ne_bytes(x.map(i8::cast_unsigned)) ^ SIGNS;
        *bytes = word.to_ne_bytes();
    }
    for (byte, &x) in rest.iter_mut().zip(x_rest) {
        *byte = x.cast_unsigned() ^ SIGN;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_byte_is_the_nearest_and_half_a_step_goes_away_from_zero() {
        let scale = ByteScale::new(0.25, -3);
        for step in -2000..2000 {
            let x = step as f32 / 32.0;
            let expected = (f64::from(x) / 0.25).round() - 3.0;
            assert_eq!(f64::from(scale.quantize(x)), expected.clamp(-128.0, 127.0), "{x}");
        }
        // A half too little by less than adding a half can tell.
        assert_eq!(ByteScale::new(1.0, 0).quantize(0.499_999_97), 0);
        for (x, byte) in [(f32::INFINITY, 127), (f32::NEG_INFINITY, -128), (f32::NAN, -128)] {
            assert_eq!(scale.quantize(x), byte);
        }
    }

    #[test]
    fn every_byte_stands_for_a_number_that_comes_back() {
        let scale = ByteScale::new(0.391_015_23, 89);
        for byte in i8::MIN..=i8::MAX {
            assert_eq!(scale.quantize(scale.real(byte)), byte);
        }
    }

    #[test]
    fn scores_are_cut_off_at_the_ends_of_a_byte() {
        let mut bytes = [0; 4];
        ByteScale::new(1.0, 100).signed(&[i16::MIN, -5, 27, 28], &mut bytes).unwrap();
        assert_eq!(bytes, [-128, 95, 127, 127]);
        ByteScale::new(1.0, 100).signed(&[0; 3], &mut bytes).unwrap_err();
        assert_eq!(bytes, [-128, 95, 127, 127]);
    }

    #[test]
    fn signed_bytes_become_unsigned_whatever_their_number() {
        for len in 0..10 {
            let x: [i8; 10] = [-128, -1, 0, 1, 127, 5, -77, 99, 3, -4];
            let mut bytes = [7; 10];
            unsigned_bytes(&x[..len], &mut bytes[..len]).unwrap();
            for (place, (&byte, &x)) in bytes.iter().zip(&x).enumerate() {
                let expected = if place < len { i16::from(x) + 128 } else { 7 };
                assert_eq!(i16::from(byte), expected);
            }
        }
        unsigned_bytes(&[0; 3], &mut [0; 4]).unwrap_err();
        ByteScale::new(1.0, 0).unsigned(&[0.0; 3], &mut [0; 4]).unwrap_err();
    }
}
