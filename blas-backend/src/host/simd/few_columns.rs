//! The last columns of a product, if they are so few that a vector of them would mostly be empty.
//!
//! Lanes go along k where A's rows lie in one piece, otherwise along the rows of C.

use super::microkernel::{Added, TileRows};
use super::vector::Vector;
use crate::host::tile::Operand;
use barenet::Float;
use core::ops::Range;

/// At most so many columns are computed here.
pub(super) const FEW_COLS: usize = 4;

/// Rows of C whose sums are in registers at once, where lanes go along k.
const ROWS: usize = 4;

/// Vectors of rows of C whose sums are in registers at once, where lanes go along them.
const VECTORS: usize = 2;

/// Number of `n` columns that are computed here.
pub(super) const fn num_few_columns<V: Vector>(n: usize) -> usize {
    let rest = n % V::LANES;
    if n > V::LANES && rest <= FEW_COLS && 2 * rest <= V::LANES { rest } else { 0 }
}

/// Columns of C that are computed together.
#[derive(Clone, Copy)]
pub(super) struct FewColumns<T> {
    /// These columns of a stretch of B.
    pub(super) b: Operand<T>,
    /// Length of k in the stretch.
    pub(super) depth: usize,
    /// Their number: 1 to [`FEW_COLS`].
    pub(super) cols: usize,
    /// The first of them in C's first row, and from one row to the next.
    pub(super) c: (*mut T, usize),
    pub(super) added: Option<Added<T>>,
}

impl<T: Float> FewColumns<T> {
    /// Beginning of each column of B. Those that are not there are the last one again: what is summed of
    /// them is not stored.
    #[inline(always)]
    fn columns(&self) -> [*const T; FEW_COLS] {
        let last = self.cols - 1;
        core::array::from_fn(|j| self.b.data.wrapping_add(j.min(last) * self.b.col_stride))
    }

    /// Writes the sums of a row.
    ///
    /// # Safety
    ///
    /// C must have the row and the columns.
    #[inline(always)]
    unsafe fn store(&self, row: usize, sums: [T; FEW_COLS]) {
        let (c, stride) = self.c;
        for (j, sum) in sums.into_iter().enumerate().take(self.cols) {
            // SAFETY: the promise of the caller; what is added is C, or a bias of as many columns.
            unsafe {
                *c.add(row * stride + j) = match self.added {
                    None => sum,
                    Some(added) => sum + added.beta * *added.at(row, j).from,
                };
            }
        }
    }
}

/// Computes rows of the columns, from rows of A that lie in one piece and columns of B that do.
///
/// # Safety
///
/// As of [`Vector`]; A must have the rows, B and C the columns, and B's `row_stride` be 1.
#[inline(always)]
pub(super) unsafe fn along_k<V: Vector>(
    rows: Range<usize>,
    a: TileRows<V::Element>,
    few: FewColumns<V::Element>,
) {
    let whole = few.depth / V::LANES * V::LANES;
    // SAFETY: the promises of the caller. Rows that are not there are read as the last one, and not
    // stored.
    unsafe {
        let mask = V::mask(few.depth - whole);
        let columns = few.columns();
        for top in rows.clone().step_by(ROWS) {
            let a: [_; ROWS] =
                core::array::from_fn(|i| a.data.add((top + i).min(rows.end - 1) * a.stride));
            let mut sums = [[V::splat(V::Element::ZERO); FEW_COLS]; ROWS];
            macro_rules! add {
                ($at:expr, $load:expr) => {
                    let b = columns.map(|column| $load(column.add($at)));
                    for (sums, a) in sums.iter_mut().zip(a) {
                        let a = $load(a.add($at));
                        for (sum, b) in sums.iter_mut().zip(b) {
                            *sum = a.mul_add(b, *sum);
                        }
                    }
                };
            }
            for at in (0..whole).step_by(V::LANES) {
                add!(at, |from| V::load(from));
            }
            if whole < few.depth {
                add!(whole, |from| V::load_masked(from, mask));
            }
            for (row, sums) in (top..rows.end).zip(sums) {
                few.store(row, V::sums(sums));
            }
        }
    }
}

/// Computes rows of the columns, from a transposed A: neighbouring rows of C are neighbours in it.
///
/// # Safety
///
/// As of [`Vector`]; A must have the rows, B and C the columns.
#[inline(always)]
pub(super) unsafe fn along_rows<V: Vector>(
    rows: Range<usize>,
    a: TileRows<V::Element>,
    few: FewColumns<V::Element>,
) {
    for top in rows.clone().step_by(VECTORS * V::LANES) {
        // SAFETY: the promises of the caller.
        unsafe {
            let there = rows.end - top;
            let masks: [_; VECTORS] = core::array::from_fn(|vector| {
                V::mask(there.saturating_sub(vector * V::LANES).min(V::LANES))
            });
            let columns = few.columns();
            let mut sums = [[V::splat(V::Element::ZERO); VECTORS]; FEW_COLS];
            for l in 0..few.depth {
                let a: [_; VECTORS] = core::array::from_fn(|vector| {
                    let from = a.data.wrapping_add(l * a.stride + top + vector * V::LANES);
                    V::load_masked(from, masks[vector])
                });
                for (sums, column) in sums.iter_mut().zip(columns) {
                    let b = V::splat(*column.add(l * few.b.row_stride));
                    for (sum, a) in sums.iter_mut().zip(a) {
                        *sum = a.mul_add(b, *sum);
                    }
                }
            }
            let mut numbers = [[V::Element::ZERO; VECTORS * 16]; FEW_COLS];
            for (numbers, sums) in numbers.iter_mut().zip(sums) {
                for (vector, sum) in sums.into_iter().enumerate() {
                    sum.store(numbers.as_mut_ptr().add(vector * V::LANES));
                }
            }
            for row in 0..there.min(VECTORS * V::LANES) {
                few.store(top + row, numbers.map(|column| column[row]));
            }
        }
    }
}
