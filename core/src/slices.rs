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

/// A view or number of a pass that is divided with it.
pub(crate) trait Divide: Sized {
    /// Both parts, divided after `at` numbers of a slice or rows of a matrix, or at the end if there are fewer.
    fn divide(self, at: usize) -> (Self, Self);
}

impl<T> Divide for &[T] {
    #[inline]
    fn divide(self, at: usize) -> (Self, Self) {
        self.split_at_checked(at.min(self.len())).unwrap_or_default()
    }
}

impl<T> Divide for &mut [T] {
    #[inline]
    fn divide(self, at: usize) -> (Self, Self) {
        self.split_at_mut_checked(at.min(self.len())).unwrap_or_default()
    }
}

/// The number of the first row or column of a part.
#[derive(Clone, Copy, Debug)]
pub(crate) struct First(pub(crate) usize);

impl Divide for First {
    #[inline]
    fn divide(self, at: usize) -> (Self, Self) {
        (self, Self(self.0.saturating_add(at)))
    }
}

/// The functions of a [`Split`](crate::Split): where to divide, and the fields that are divided there; the others are
/// copied.
macro_rules! split_fields {
    ($self:ident at $point:expr => $($field:ident),+) => {
        fn split_point(&$self) -> Option<usize> {
            $point
        }

        #[allow(clippy::needless_update)] // Of a pass of which every field is divided.
        fn split_at($self, at: usize) -> (Self, Self) {
            let ($($field,)+) = ($($crate::slices::Divide::divide($self.$field, at),)+);
            let second = Self { $($field: $field.1,)+ ..$self };
            (Self { $($field: $field.0,)+ ..$self }, second)
        }
    };
}

pub(crate) use split_fields;

/// Goes through three to six things at once, as `zip` does through two.
macro_rules! zip {
    ($a:expr, $b:expr, $c:expr) => {
        core::iter::zip($a, $b).zip($c).map(|((a, b), c)| (a, b, c))
    };
    ($a:expr, $b:expr, $c:expr, $d:expr) => {
        core::iter::zip($a, $b).zip($c).zip($d).map(|(((a, b), c), d)| (a, b, c, d))
    };
    ($a:expr, $b:expr, $c:expr, $d:expr, $e:expr) => {
        $crate::slices::zip!($a, $b, $c, $d).zip($e).map(|((a, b, c, d), e)| (a, b, c, d, e))
    };
    ($a:expr, $b:expr, $c:expr, $d:expr, $e:expr, $f:expr) => {
        $crate::slices::zip!($a, $b, $c, $d, $e)
            .zip($f)
            .map(|((a, b, c, d, e), f)| (a, b, c, d, e, f))
    };
}

pub(crate) use zip;

/// to ← from, as much as both have.
#[inline]
pub(crate) fn copy<T: Copy>(to: &mut [T], from: &[T]) {
    for (to, &from) in to.iter_mut().zip(from) {
        *to = from;
    }
}
