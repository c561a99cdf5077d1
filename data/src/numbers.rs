//! The numbers of samples, in the type in which they came.

use crate::Records;
use std::ops::Range;

/// No number of a sample is larger: products of several would be infinite in `f32`.
pub(crate) const LARGEST: f32 = 1e30;

/// Whole numbers from here on (2²⁴) are rounded in `f32`: of two different ones, one may become the other.
const FIRST_ROUNDED: f32 = 16_777_216.0;

/// A number that may be another one, rounded.
pub(crate) fn maybe_rounded(mut numbers: impl Iterator<Item = f32>) -> Option<f32> {
    numbers.find(|number| number.abs() >= FIRST_ROUNDED)
}

/// Keeps the numbers of all parts as bytes if all of them are such, or as 16-bit integers: in a quarter or half of the
/// memory, and a network of them takes what a sensor gives.
pub(crate) fn narrow(parts: &mut [&mut Records]) {
    fn all(parts: &[&mut Records], is_such: impl Fn(f32) -> bool) -> bool {
        parts.iter().all(|part| match part.numbers() {
            Numbers::F32(numbers) => numbers.iter().all(|&number| is_such(number)),
            Numbers::U8(_) | Numbers::I16(_) => part.is_empty(),
        })
    }
    /// The numbers of a part as others.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    fn become_of(part: &mut Records, made: impl Fn(&[f32]) -> Numbers) {
        if let Numbers::F32(numbers) = part.numbers() {
            *part.numbers_mut() = made(numbers);
        }
    }
    // −0 is no integer's.
    if all(parts, |x| f32::from(x as u8).to_bits() == x.to_bits()) {
        let made = |all: &[f32]| Numbers::U8(all.iter().map(|&x| x as u8).collect());
        parts.iter_mut().for_each(|part| become_of(part, made));
    } else if all(parts, |x| f32::from(x as i16).to_bits() == x.to_bits()) {
        let made = |all: &[f32]| Numbers::I16(all.iter().map(|&x| x as i16).collect());
        parts.iter_mut().for_each(|part| become_of(part, made));
    }
}

/// Numbers in the type in which they came: nothing is made wider before a batch asks for it.
///
/// ```
/// use barenet_data::Numbers;
/// let numbers = Numbers::I16(vec![-3, 500]);
/// assert_eq!((numbers.len(), numbers.get(1)), (2, Some(500.0)));
/// ```
#[derive(Clone, Debug, PartialEq)]
pub enum Numbers {
    /// Bytes, such as pixels.
    U8(Vec<u8>),
    /// 16-bit integers, such as a sensor's.
    I16(Vec<i16>),
    /// Real numbers.
    F32(Vec<f32>),
}

impl Numbers {
    /// How many there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        match self {
            Self::U8(numbers) => numbers.len(),
            Self::I16(numbers) => numbers.len(),
            Self::F32(numbers) => numbers.len(),
        }
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// A number, if there is one at this place.
    #[must_use]
    pub fn get(&self, place: usize) -> Option<f32> {
        match self {
            Self::U8(numbers) => numbers.get(place).map(|&number| f32::from(number)),
            Self::I16(numbers) => numbers.get(place).map(|&number| f32::from(number)),
            Self::F32(numbers) => numbers.get(place).copied(),
        }
    }

    /// The numbers of a stretch as real ones; none if it is not there.
    #[must_use]
    pub fn iter(&self, stretch: Range<usize>) -> Box<dyn Iterator<Item = f32> + '_> {
        match self {
            Self::U8(all) => Box::new(all.get(stretch).into_iter().flatten().map(|&n| n.into())),
            Self::I16(all) => Box::new(all.get(stretch).into_iter().flatten().map(|&n| n.into())),
            Self::F32(all) => Box::new(all.get(stretch).into_iter().flatten().copied()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Wanted;

    #[test]
    fn whole_numbers_become_bytes_or_16_bits_if_those_of_all_parts_fit() {
        let part = |numbers: &[f32]| {
            Records::of(1, Numbers::F32(numbers.to_vec()), Wanted::Nothing(numbers.len()))
        };
        for (one, other, expected) in [
            ([0.0, 255.0], &[7.0][..], Numbers::U8(vec![0, 255])),
            ([0.0, 255.0], &[-1.0], Numbers::I16(vec![0, 255])),
            ([-32768.0, 32767.0], &[], Numbers::I16(vec![-32768, 32767])),
            ([0.0, 1.0], &[32768.0], Numbers::F32(vec![0.0, 1.0])),
            ([0.0, 1.0], &[0.5], Numbers::F32(vec![0.0, 1.0])),
            ([0.0, 1.0], &[f32::NAN], Numbers::F32(vec![0.0, 1.0])),
        ] {
            let (mut one, mut other, mut none) = (part(&one), part(other), Records::new(0));
            narrow(&mut [&mut one, &mut other, &mut none]);
            assert_eq!(one.numbers(), &expected);
            let kind = std::mem::discriminant(&expected);
            assert_eq!(std::mem::discriminant(other.numbers()), kind);
        }
    }
}
