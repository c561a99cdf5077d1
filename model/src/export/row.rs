//! What goes into an exported network: a row of numbers of the type that the device has.

/// The numbers of a sample, as they were before any scaling.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Row<'a> {
    /// Bytes, such as pixels.
    U8(&'a [u8]),
    /// Signed bytes, those of an int8 file.
    I8(&'a [i8]),
    /// 16-bit integers, such as a sensor's.
    I16(&'a [i16]),
    /// Real numbers.
    F32(&'a [f32]),
}

/// Calls a generic function with the numbers of a row, whatever their type.
macro_rules! with_numbers {
    ($row:expr, $numbers:ident => $call:expr) => {
        match $row {
            Row::U8($numbers) => $call,
            Row::I8($numbers) => $call,
            Row::I16($numbers) => $call,
            Row::F32($numbers) => $call,
        }
    };
}
pub(super) use with_numbers;

impl Row<'_> {
    /// The name of the type.
    pub(super) const fn type_name(self) -> &'static str {
        match self {
            Self::U8(_) => "u8",
            Self::I8(_) => "i8",
            Self::I16(_) => "i16",
            Self::F32(_) => "f32",
        }
    }

    /// A number, if there is one at this place.
    pub(super) fn get(self, place: usize) -> Option<f32> {
        match self {
            Self::U8(numbers) => numbers.get(place).map(|&number| number.into()),
            Self::I8(numbers) => numbers.get(place).map(|&number| number.into()),
            Self::I16(numbers) => numbers.get(place).map(|&number| number.into()),
            Self::F32(numbers) => numbers.get(place).copied(),
        }
    }

    /// The numbers as a Rust array; as many digits as give the same bits back.
    pub(super) fn literal(self) -> String {
        with_numbers!(self, numbers => format!("{numbers:?}"))
    }
}

impl<'a> From<&'a [u8]> for Row<'a> {
    fn from(numbers: &'a [u8]) -> Self {
        Self::U8(numbers)
    }
}

impl<'a> From<&'a [i8]> for Row<'a> {
    fn from(numbers: &'a [i8]) -> Self {
        Self::I8(numbers)
    }
}

impl<'a> From<&'a [i16]> for Row<'a> {
    fn from(numbers: &'a [i16]) -> Self {
        Self::I16(numbers)
    }
}

impl<'a> From<&'a [f32]> for Row<'a> {
    fn from(numbers: &'a [f32]) -> Self {
        Self::F32(numbers)
    }
}
