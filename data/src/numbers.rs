//! The numbers of samples, in the type in which they came.

use std::ops::Range;

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
