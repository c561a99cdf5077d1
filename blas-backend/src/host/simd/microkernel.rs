//! The microkernel: one tile of C, which stays in registers, and columns of tiles below each other.

use super::pack::copy_rows;
use super::vector::Vector;
use barenet::Float;
use core::ops::Range;

/// Number of rows of B that a tile prefetches ahead of the one that it copies.
const ROWS_AHEAD: usize = 12;

/// β times numbers of C, or of a bias, whose rows are all the same one.
#[derive(Clone, Copy)]
pub(super) struct Added<T> {
    pub(super) beta: T,
    /// Address of the number that is added to the first one of the tile.
    pub(super) from: *const T,
    /// From one row to the next.
    pub(super) stride: usize,
}

impl<T> Added<T> {
    /// Summands of the tile that begins so many rows below and columns to the right.
    #[inline(always)]
    pub(super) fn at(self, row: usize, col: usize) -> Self {
        Self { from: self.from.wrapping_add(row * self.stride + col), ..self }
    }
}

/// A tile's rows of A, by address: neighbours along k first, or, if transposed, neighbours along m.
#[derive(Clone, Copy)]
pub(super) struct TileRows<T> {
    pub(super) data: *const T,
    pub(super) stride: usize,
}

/// A tile's columns of B, by address.
#[derive(Clone, Copy)]
pub(super) struct TileColumns<T> {
    pub(super) data: *const T,
    pub(super) stride: usize,
    /// Their number; the last vector may have fewer than it has lanes.
    pub(super) len: usize,
    /// Whether the last vector may be read as a whole.
    pub(super) is_padded: bool,
    /// Place of the copy that the first tile leaves, whose rows are `VECTORS` whole vectors; or null.
    pub(super) copy: *mut T,
}

/// A tile's operands and its place, or those of all tiles of one block.
#[derive(Clone, Copy)]
pub(super) struct Work<T> {
    pub(super) k: usize,
    pub(super) a: TileRows<T>,
    pub(super) b: TileColumns<T>,
    pub(super) added: Option<Added<T>>,
    /// The first number in C, and from one row to the next.
    pub(super) c: *mut T,
    pub(super) c_stride: usize,
}

impl<T: Copy> Work<T> {
    /// The work from row `row` on.
    #[inline(always)]
    fn at_row(self, row: usize, is_transposed: bool) -> Self {
        let first = if is_transposed { row } else { row * self.a.stride };
        Self {
            a: TileRows { data: self.a.data.wrapping_add(first), ..self.a },
            added: self.added.map(|added| added.at(row, 0)),
            c: self.c.wrapping_add(row * self.c_stride),
            ..self
        }
    }
}

/// Computes `ROWS` × `VECTORS` vectors of C, each element by fused additions in the order of k.
///
/// # Safety
///
/// As of [`Vector`]; A must have `ROWS` rows of `k` numbers, B `k` rows of the columns, C `ROWS` rows of
/// them, and, if `COPIES`, the copy room for `k` rows.
#[inline(always)]
unsafe fn tile<
    V: Vector,
    const ROWS: usize,
    const VECTORS: usize,
    const TRANSPOSED: bool,
    const COPIES: bool,
>(
    Work { k, a, b, added, c, c_stride }: Work<V::Element>,
) {
    // SAFETY: the promises of the caller cover every address formed here.
    unsafe {
        let last_lanes = b.len - (VECTORS - 1) * V::LANES;
        let mask = V::mask(last_lanes);
        let is_whole = last_lanes == V::LANES;
        let zero = V::splat(V::Element::ZERO);
        let mut sums = [[zero; VECTORS]; ROWS];
        let (mut b_at, mut copy_at, b_stride) = (b.data, b.copy, b.stride);
        macro_rules! sum_over_k {
            ($last:ident => $load_last:expr) => {
                for l in 0..k {
                    let mut b_row = [zero; VECTORS];
                    for (j, b) in b_row.iter_mut().enumerate().take(VECTORS - 1) {
                        *b = V::load(b_at.add(j * V::LANES));
                    }
                    let $last = b_at.add((VECTORS - 1) * V::LANES);
                    b_row[VECTORS - 1] = $load_last;
                    if COPIES {
                        for (j, b) in b_row.into_iter().enumerate() {
                            b.store(copy_at.add(j * V::LANES));
                            let ahead = b_at.wrapping_add(ROWS_AHEAD * b_stride + j * V::LANES);
                            V::prefetch(ahead);
                        }
                        copy_at = copy_at.wrapping_add(VECTORS * V::LANES);
                    }
                    for (i, sums) in sums.iter_mut().enumerate() {
                        let at = if TRANSPOSED { l * a.stride + i } else { i * a.stride + l };
                        let a = V::splat(*a.data.add(at));
                        for (sum, b) in sums.iter_mut().zip(b_row) {
                            *sum = a.mul_add(b, *sum);
                        }
                    }
                    // Behind the last row there may be nothing.
                    b_at = b_at.wrapping_add(b.stride);
                }
            };
        }
        if is_whole || b.is_padded {
            sum_over_k!(last => V::load(last));
        } else {
            sum_over_k!(last => V::load_masked(last, mask));
        }
        // The last vector is always stored by its mask: with a choice here the compiler leaves the
        // sums in memory.
        macro_rules! store {
            (|$sum:ident, $from:ident, $load:ident| $result:expr, $first:expr, $stride:expr) => {
                for (i, sums) in sums.iter().enumerate() {
                    let c = c.add(i * c_stride);
                    let from = $first.wrapping_add(i * $stride);
                    for (j, &$sum) in sums.iter().enumerate().take(VECTORS - 1) {
                        let $from = from.wrapping_add(j * V::LANES);
                        let $load = || V::load($from);
                        ($result).store(c.add(j * V::LANES));
                    }
                    let at = (VECTORS - 1) * V::LANES;
                    let ($sum, $from) = (sums[VECTORS - 1], from.wrapping_add(at));
                    let $load = || V::load_masked($from, mask);
                    ($result).store_masked(c.add(at), mask);
                }
            };
        }
        match added {
            None => store!(|sum, _from, _load| sum, c, c_stride),
            Some(Added { beta, from, stride }) => {
                let beta = V::splat(beta);
                store!(|sum, from, load| load().mul_add(beta, sum), from, stride);
            }
        }
    }
}

/// Computes all tiles of some rows and of columns `VECTORS` vectors wide: as many of `ROWS` rows as
/// fit, then smaller ones. If the columns are to be copied, the first tile does it as it reads them,
/// and the others read the copy.
///
/// # Safety
///
/// As of [`tile`], for all these rows.
#[inline(always)]
pub(super) unsafe fn rows<
    V: Vector,
    const ROWS: usize,
    const VECTORS: usize,
    const TRANSPOSED: bool,
>(
    rows: Range<usize>,
    mut work: Work<V::Element>,
) {
    let mut top = rows.start;
    macro_rules! next_tile {
        ($rows:expr, $copies:expr) => {
            // SAFETY: the promise of the caller.
            unsafe {
                tile::<V, { $rows }, VECTORS, TRANSPOSED, $copies>(work.at_row(top, TRANSPOSED));
            };
            top += $rows;
        };
    }
    macro_rules! tiles {
        ($rows:expr) => {
            while rows.end - top >= $rows {
                next_tile!($rows, false);
            }
        };
    }
    let Work { k, b, .. } = work;
    if !b.copy.is_null() {
        if rows.len() >= ROWS {
            next_tile!(ROWS, true);
        } else {
            // SAFETY: the promise of the caller.
            unsafe { copy_rows::<V>((b.data, b.stride), (k, b.len), (b.copy, VECTORS * V::LANES)) };
        }
        work.b = TileColumns { data: b.copy, stride: VECTORS * V::LANES, is_padded: true, ..b };
    }
    tiles!(ROWS);
    tiles!(4);
    tiles!(2);
    tiles!(1);
}
