//! Arrays, from the bytes of a file to [`Numbers`]: piece by piece, and no room is made for more
//! than the file can hold.

mod places;

use crate::numbers::LARGEST;
use crate::records::prepared_bytes;
use crate::{Array, Numbers};
use places::Places;
use std::io::{self, Read};

/// Type of the elements in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Element {
    U8,
    I8,
    U16,
    I16,
    U32,
    I32,
    U64,
    I64,
    F16,
    F32,
    F64,
}

impl Element {
    /// Bytes of an element.
    pub(super) const fn size(self) -> usize {
        match self {
            Self::U8 | Self::I8 => 1,
            Self::U16 | Self::I16 | Self::F16 => 2,
            Self::U32 | Self::I32 | Self::F32 => 4,
            Self::U64 | Self::I64 | Self::F64 => 8,
        }
    }
}

/// Why elements cannot be read.
#[derive(Debug)]
enum ElementError {
    /// The file ends before the last element.
    Short,
    /// The element of this number is infinite, or larger than [`LARGEST`].
    TooLarge(usize, f64),
    Memory,
    Io(io::Error),
}

/// What is wrong with an array, and what to do about it if that is not to save it again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Problem {
    pub(super) text: String,
    pub(super) advice: Option<&'static str>,
}

impl Problem {
    pub(super) fn with(text: impl Into<String>, advice: &'static str) -> Self {
        Self { text: text.into(), advice: Some(advice) }
    }
}

impl<T: Into<String>> From<T> for Problem {
    fn from(text: T) -> Self {
        Self { text: text.into(), advice: None }
    }
}

/// How the elements of an array lie in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Layout {
    pub(super) element: Element,
    pub(super) is_big_endian: bool,
    /// Whether those of the first axis are side by side, in place of those of the last.
    pub(super) is_fortran: bool,
}

/// Reads an array to the end of a file, of which there are at most `limit` bytes. An error is what is wrong.
pub(super) fn read_array(
    source: &mut impl Read,
    layout: Layout,
    shape: Vec<usize>,
    limit: u64,
) -> Result<Array, Problem> {
    let Layout { element, is_fortran, .. } = layout;
    let count = count_of(&shape, element.size(), limit)?;
    let mut places = Places::new(&shape, is_fortran);
    let numbers = read(source, layout, count, &mut places).map_err(|error| match error {
        ElementError::Short => short(&shape).into(),
        ElementError::TooLarge(place, number) => {
            let place = index_of(place, &shape, is_fortran);
            Problem::with(
                format!(
                    "element [{place}] is {number:e}, no finite number or larger than {LARGEST:e}"
                ),
                "correct it, or leave out such samples",
            )
        }
        ElementError::Memory => Problem::with(
            format!("not enough memory for {} elements", shown(&shape)),
            "save fewer, or save whole numbers as uint8 or int16",
        ),
        ElementError::Io(error) => unreadable(&error).into(),
    })?;
    check_end(source, &shape)?;
    let numbers = match numbers {
        numbers if !is_fortran => numbers,
        Numbers::U8(numbers) => Numbers::U8(to_c_order(&numbers, &shape)),
        Numbers::I16(numbers) => Numbers::I16(to_c_order(&numbers, &shape)),
        Numbers::F32(numbers) => Numbers::F32(to_c_order(&numbers, &shape)),
    };
    let exact = places.into_exact(&shape);
    Ok(Array { shape, numbers, exact })
}

/// The elements of a shape, if a file of at most `limit` bytes can have so many of `size` bytes.
pub(super) fn count_of(shape: &[usize], size: usize, limit: u64) -> Result<usize, String> {
    let promised = shape.iter().try_fold(1_usize, |product, &len| product.checked_mul(len));
    let count = promised.filter(|&count| {
        let bytes = count.checked_mul(size).and_then(|bytes| u64::try_from(bytes).ok());
        bytes.is_some_and(|bytes| bytes <= limit)
    });
    count.ok_or_else(|| short(shape))
}

/// Refuses what follows the last element.
pub(super) fn check_end(source: &mut impl Read, shape: &[usize]) -> Result<(), String> {
    let shown = shown(shape);
    match source.read(&mut [0]) {
        Ok(0) => Ok(()),
        Ok(_) => Err(format!("too long: its header promises {shown} elements, and more follow")),
        Err(error) => Err(unreadable(&error)),
    }
}

/// What is wrong with a file that fails while it is read: what is packed may be damaged.
fn unreadable(error: &io::Error) -> String {
    let is_damaged =
        matches!(error.kind(), io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput);
    let what = if is_damaged { "is packed, and damaged" } else { "cannot be read" };
    format!("{what}: {error}")
}

fn shown(shape: &[usize]) -> String {
    shape.iter().map(usize::to_string).collect::<Vec<_>>().join(" x ")
}

fn short(shape: &[usize]) -> String {
    format!("truncated: its header promises {} elements, and it has fewer", shown(shape))
}

/// Index of an element, as Python writes it.
fn index_of(mut place: usize, shape: &[usize], is_fortran: bool) -> String {
    let mut index = vec![0; shape.len()];
    let mut take = |(at, len): (&mut usize, &usize)| {
        *at = place.checked_rem(*len).unwrap_or(0);
        place = place.checked_div(*len).unwrap_or(0);
    };
    if is_fortran {
        index.iter_mut().zip(shape).for_each(&mut take);
    } else {
        index.iter_mut().zip(shape).rev().for_each(&mut take);
    }
    index.iter().map(usize::to_string).collect::<Vec<_>>().join(", ")
}

/// Elements whose first axis is side by side, with the last one side by side.
pub(super) fn to_c_order<T: Copy>(elements: &[T], shape: &[usize]) -> Vec<T> {
    let strides: Vec<_> = shape
        .iter()
        .scan(1_usize, |stride, &len| {
            let own = *stride;
            *stride = stride.saturating_mul(len);
            Some(own)
        })
        .collect();
    let mut index = vec![0; shape.len()];
    let mut place = 0_usize;
    let mut ordered = Vec::with_capacity(elements.len());
    for _ in elements {
        ordered.extend(elements.get(place));
        for ((at, &len), &stride) in index.iter_mut().zip(shape).zip(&strides).rev() {
            *at += 1;
            place += stride;
            if *at < len {
                break;
            }
            place -= stride * len;
            *at = 0;
        }
    }
    ordered
}

/// Bytes that are converted at a time: a multiple of the size of any element.
const PIECE: usize = 1 << 16;

/// Reads `count` elements: bytes stay bytes, integers of up to 16 bits with a sign are `i16`, everything else is
/// `f32`. The caller has made sure that a file can hold so many.
fn read(
    source: &mut impl Read,
    layout: Layout,
    count: usize,
    places: &mut Places,
) -> Result<Numbers, ElementError> {
    let Layout { element, is_big_endian, .. } = layout;
    /// Elements of a type from bytes in their order.
    macro_rules! read_as {
        ($sink:ident, $type:ty $(, $places:expr)?) => {
            if is_big_endian {
                $sink(source, count, <$type>::from_be_bytes $(, $places)?)
            } else {
                $sink(source, count, <$type>::from_le_bytes $(, $places)?)
            }
        };
    }
    match element {
        Element::U8 => read_bytes(source, count).map(Numbers::U8),
        Element::I8 => read_as!(read_small, i8),
        Element::U16 => read_as!(read_real, u16, None),
        Element::I16 => read_as!(read_small, i16),
        Element::U32 => read_as!(read_whole, u32, places),
        Element::I32 => read_as!(read_whole, i32, places),
        Element::U64 => read_as!(read_whole, u64, places),
        Element::I64 => read_as!(read_whole, i64, places),
        Element::F16 if is_big_endian => {
            read_real(source, count, |bytes| half(u16::from_be_bytes(bytes)), None)
        }
        Element::F16 => read_real(source, count, |bytes| half(u16::from_le_bytes(bytes)), None),
        Element::F32 => read_as!(read_real, f32, None),
        Element::F64 => read_as!(read_real, f64, Some(places)),
    }
}

/// A number of 16 bits as IEEE 754 has it: a sign, five bits of exponent, ten of fraction.
fn half(bits: u16) -> f32 {
    let (exponent, fraction) = (u32::from(bits >> 10 & 31), u32::from(bits & 1023));
    let sign = u32::from(bits >> 15) << 31;
    let size = match exponent {
        // Steps of 2⁻²⁴.
        0 => return f32::from_bits(sign | 0x3380_0000) * (fraction as f32),
        31 => 0x7f80_0000,
        _ => (exponent + 112) << 23,
    };
    f32::from_bits(sign | size | fraction << 13)
}

fn read_bytes(source: &mut impl Read, count: usize) -> Result<Vec<u8>, ElementError> {
    let mut bytes = prepared_bytes(count).ok_or(ElementError::Memory)?;
    let limit = u64::try_from(count).unwrap_or(u64::MAX);
    let found = source.take(limit).read_to_end(&mut bytes).map_err(ElementError::Io)?;
    if found < count { Err(ElementError::Short) } else { Ok(bytes) }
}

fn read_small<const N: usize, T: Into<i16>>(
    source: &mut impl Read,
    count: usize,
    from_bytes: fn([u8; N]) -> T,
) -> Result<Numbers, ElementError> {
    let mut small = room_for(count)?;
    for_each(source, count, |piece: &[[u8; N]]| {
        small.extend(piece.iter().map(|&bytes| from_bytes(bytes).into()));
        Ok(())
    })?;
    Ok(Numbers::I16(small))
}

/// Integers that may be none of an `f32`: rounded once.
#[allow(clippy::cast_precision_loss)]
fn read_whole<const N: usize, T: Into<i128>>(
    source: &mut impl Read,
    count: usize,
    from_bytes: fn([u8; N]) -> T,
    places: &mut Places,
) -> Result<Numbers, ElementError> {
    let mut real = room_for(count)?;
    for_each(source, count, |piece: &[[u8; N]]| {
        real.extend(piece.iter().map(|&bytes| {
            let whole = from_bytes(bytes).into();
            let number = whole as f32;
            places.add(whole as f64, number);
            number
        }));
        Ok(())
    })?;
    Ok(Numbers::F32(real))
}

#[allow(clippy::cast_possible_truncation)]
fn read_real<const N: usize, T: Copy + Into<f64>>(
    source: &mut impl Read,
    count: usize,
    from_bytes: fn([u8; N]) -> T,
    mut places: Option<&mut Places>,
) -> Result<Numbers, ElementError> {
    let mut real = room_for(count)?;
    for_each(source, count, |piece: &[[u8; N]]| {
        for &bytes in piece {
            let wide = from_bytes(bytes).into();
            let number = wide as f32;
            if number.abs() > LARGEST {
                return Err(ElementError::TooLarge(real.len(), wide));
            }
            if let Some(places) = &mut places {
                places.add(wide, number);
            }
            real.push(number);
        }
        Ok(())
    })?;
    Ok(Numbers::F32(real))
}

/// Hands over elements of `N` bytes in pieces.
fn for_each<const N: usize>(
    source: &mut impl Read,
    count: usize,
    mut each: impl FnMut(&[[u8; N]]) -> Result<(), ElementError>,
) -> Result<(), ElementError> {
    let mut piece = Vec::with_capacity(PIECE.min(count.saturating_mul(N)));
    let mut left = count;
    while left > 0 {
        let wanted = left.min(PIECE / N);
        piece.clear();
        let limit = u64::try_from(wanted.saturating_mul(N)).unwrap_or(u64::MAX);
        source.by_ref().take(limit).read_to_end(&mut piece).map_err(ElementError::Io)?;
        let (elements, _) = piece.as_chunks::<N>();
        each(elements)?;
        left -= elements.len();
        if elements.len() < wanted {
            return Err(ElementError::Short);
        }
    }
    Ok(())
}

fn room_for<T>(count: usize) -> Result<Vec<T>, ElementError> {
    let mut room = Vec::new();
    room.try_reserve_exact(count).map_err(|_| ElementError::Memory)?;
    Ok(room)
}
