//! Pieces of flat slices. None of these functions can panic, nor leaves the code of a panic in a program that is
//! compiled for size.

/// Takes the first `len` elements off the front of a slice.
///
/// `split_off` would do, but at opt-level "z" the panic of a place past the end stays in the program.
#[inline]
pub(crate) fn take<'a, T>(rest: &mut &'a [T], len: usize) -> Option<&'a [T]> {
    let (front, back) = rest.split_at_checked(len)?;
    *rest = back;
    Some(front)
}

/// Takes the first `len` elements off the front of a mutable slice, or nothing.
#[inline]
pub(crate) fn take_mut<'a, T>(rest: &mut &'a mut [T], len: usize) -> Option<&'a mut [T]> {
    if len > rest.len() {
        return None;
    }
    let (front, back) = core::mem::take(rest).split_at_mut_checked(len)?;
    *rest = back;
    Some(front)
}

/// The rows of a flat slice. `chunks_exact` would do, but zipped with another iterator it divides by
/// `cols`, and at opt-level "z" the panic of a division by 0 stays in the program.
pub(crate) fn rows_of<T>(mut data: &[T], cols: usize) -> impl Iterator<Item = &[T]> {
    let cols = cols.max(1);
    core::iter::from_fn(move || take(&mut data, cols))
}

/// The rows of a flat slice, for writing.
pub(crate) fn rows_of_mut<T>(mut data: &mut [T], cols: usize) -> impl Iterator<Item = &mut [T]> {
    let cols = cols.max(1);
    core::iter::from_fn(move || take_mut(&mut data, cols))
}

/// `N` neighbouring columns of every row of a flat slice, from column `j` on, where j + N ≤ cols.
pub(crate) fn columns_of<T, const N: usize>(
    data: &[T],
    cols: usize,
    j: usize,
) -> impl Iterator<Item = &[T; N]> {
    rows_of(data, cols).map_while(move |row| row.get(j..)?.first_chunk::<N>())
}

/// `N` neighbouring columns of every row of a flat slice, for writing.
pub(crate) fn columns_of_mut<T, const N: usize>(
    data: &mut [T],
    cols: usize,
    j: usize,
) -> impl Iterator<Item = &mut [T; N]> {
    rows_of_mut(data, cols).map_while(move |row| row.get_mut(j..)?.first_chunk_mut::<N>())
}

/// `N` numbers of a row from number `j` on.
#[inline(always)]
pub(crate) fn block<T, const N: usize>(row: &[T], j: usize) -> Option<&[T; N]> {
    row.get(j..)?.first_chunk()
}

/// `N` numbers of a row from number `j` on, for writing.
#[inline(always)]
pub(crate) fn block_mut<T, const N: usize>(row: &mut [T], j: usize) -> Option<&mut [T; N]> {
    row.get_mut(j..)?.first_chunk_mut()
}

/// Runs `$body` with block after block of `$len` columns, of each width as many as fit, from the widest to 1: `$j` is
/// the first column, the constant `$WIDTH` how many.
macro_rules! for_blocks {
    ($len:expr, [$($block:expr),+], |$j:ident, $width:ident| $body:expr) => {{
        let (len, mut $j): (usize, usize) = ($len, 0);
        $(
            while len - $j >= $block {
                const $width: usize = $block;
                $body;
                $j += $width;
            }
        )+
    }};
}

pub(crate) use for_blocks;

/// Both parts of a slice that is divided at `at`, or at its end if it is shorter.
#[inline]
pub(crate) fn halves<T>(data: &[T], at: usize) -> (&[T], &[T]) {
    data.split_at_checked(at.min(data.len())).unwrap_or_default()
}

/// Both parts of a slice, for writing.
#[inline]
pub(crate) fn halves_mut<T>(data: &mut [T], at: usize) -> (&mut [T], &mut [T]) {
    data.split_at_mut_checked(at.min(data.len())).unwrap_or_default()
}

/// to ← from, as much as both have.
#[inline]
pub(crate) fn copy<T: Copy>(to: &mut [T], from: &[T]) {
    for (to, &from) in to.iter_mut().zip(from) {
        *to = from;
    }
}
