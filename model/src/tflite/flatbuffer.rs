//! Tables of a FlatBuffer, each read checked.
//!
//! A table begins with the distance back to its list of fields, which says how far behind its begin each field lies, or 0 for one
//! that is left out. Vectors, texts and other tables lie elsewhere, and a field has the distance to them.

use anyhow::{Context, Result, ensure};

/// What is said where bytes are missing.
const DAMAGED: &str = "it is damaged or not whole: something in it lies beyond its end";

/// A table of a file.
#[derive(Clone, Copy, Debug)]
pub(super) struct Table<'a> {
    bytes: &'a [u8],
    at: usize,
}

/// Numbers of a vector: their bytes, in little-endian order.
pub(super) trait Scalar: Sized {
    /// Reads one.
    fn read(bytes: &[u8]) -> Option<Self>;
}

macro_rules! scalars {
    ($($type:ty),*) => { $(
        impl Scalar for $type {
            fn read(bytes: &[u8]) -> Option<Self> {
                Some(Self::from_le_bytes(*bytes.first_chunk()?))
            }
        }
    )* };
}
scalars!(u8, i8, u16, i32, u32, i64, u64, f32);

fn at<N: Scalar>(bytes: &[u8], place: usize) -> Result<N> {
    bytes.get(place..).and_then(N::read).context(DAMAGED)
}

/// Where the distance at a place leads to.
fn followed(bytes: &[u8], place: usize) -> Result<usize> {
    let distance: u32 = at(bytes, place)?;
    place.checked_add(usize::try_from(distance)?).context(DAMAGED)
}

impl<'a> Table<'a> {
    /// The table that a file begins with.
    pub(super) fn root(bytes: &'a [u8]) -> Result<Self> {
        Ok(Self { bytes, at: followed(bytes, 0)? })
    }

    /// Where field `n` lies, if it is there.
    fn place(self, n: usize) -> Result<Option<usize>> {
        let Self { bytes, at: begin } = self;
        let back: i32 = at(bytes, begin)?;
        let fields = i64::try_from(begin)? - i64::from(back);
        let fields = usize::try_from(fields).ok().context(DAMAGED)?;
        let (len, entry): (u16, usize) = (at(bytes, fields)?, 4 + 2 * n);
        if entry + 2 > usize::from(len) {
            return Ok(None);
        }
        let entry: u16 = at(bytes, fields.checked_add(entry).context(DAMAGED)?)?;
        let place = begin.checked_add(usize::from(entry)).context(DAMAGED)?;
        Ok((entry > 0).then_some(place))
    }

    /// The number of field `n`, or `none` where it is left out.
    pub(super) fn number<N: Scalar>(self, n: usize, none: N) -> Result<N> {
        self.place(n)?.map_or(Ok(none), |place| at(self.bytes, place))
    }

    /// The table of field `n`.
    pub(super) fn table(self, n: usize) -> Result<Option<Self>> {
        let Some(place) = self.place(n)? else { return Ok(None) };
        Ok(Some(Self { at: followed(self.bytes, place)?, ..self }))
    }

    /// The first of the elements of a vector, each of `size` bytes, and how many there are. All are in the file.
    fn vector(self, n: usize, size: usize) -> Result<(usize, usize)> {
        let Some(place) = self.place(n)? else { return Ok((0, 0)) };
        let place = followed(self.bytes, place)?;
        let (len, first): (u32, _) = (at(self.bytes, place)?, place + size_of::<u32>());
        let len = usize::try_from(len)?;
        let end = len.checked_mul(size).and_then(|len| first.checked_add(len));
        ensure!(end.is_some_and(|end| end <= self.bytes.len()), DAMAGED);
        Ok((first, len))
    }

    /// The bytes of field `n`; none where it is left out.
    pub(super) fn bytes(self, n: usize) -> Result<&'a [u8]> {
        let (first, len) = self.vector(n, 1)?;
        Ok(self.bytes.get(first..first + len).unwrap_or_default())
    }

    /// The bytes of a part of the file.
    pub(super) fn part(self, first: u64, len: u64) -> Result<&'a [u8]> {
        let (first, len) = (usize::try_from(first)?, usize::try_from(len)?);
        let end = first.checked_add(len).context(DAMAGED)?;
        self.bytes.get(first..end).context(DAMAGED)
    }

    /// The text of field `n`.
    pub(super) fn text(self, n: usize) -> Result<String> {
        Ok(String::from_utf8_lossy(self.bytes(n)?).into_owned())
    }

    /// The numbers of field `n`.
    pub(super) fn numbers<N: Scalar>(self, n: usize) -> Result<Vec<N>> {
        let (first, len) = self.vector(n, size_of::<N>())?;
        (0..len).map(|number| at(self.bytes, first + number * size_of::<N>())).collect()
    }

    /// The tables of field `n`.
    pub(super) fn tables(self, n: usize) -> Result<Vec<Self>> {
        let (first, len) = self.vector(n, size_of::<u32>())?;
        let place = |number| followed(self.bytes, first + number * size_of::<u32>());
        (0..len).map(|number| Ok(Self { at: place(number)?, ..self })).collect()
    }
}
