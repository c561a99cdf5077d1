//! Left operands of products on a unit: numbers, or bytes that become numbers when they are packed.

use super::pack::{Lines, Order, Packed, pack};
use super::unit::{DEPTH, SIDE};
use crate::host::scratch::Scratch;
use crate::host::tile::{Operand, cast_mut};
use barenet::{Float, Rows};
use core::marker::PhantomData;
use core::ops::Range;

/// The left operand of a product.
pub(super) trait Source {
    /// Whether there is a rest of A that is not packed: in row i and number l of k, the product of [`Self::row_rest`] and
    /// [`Self::k_rest`].
    const HAS_REST: bool;

    fn row_rest(&self, _i: usize) -> f32 {
        0.0
    }

    fn k_rest(&self, _l: usize) -> f32 {
        0.0
    }

    /// Packs some rows of a stretch of k, as [`pack`] does.
    ///
    /// # Safety
    ///
    /// They must be there, and room for them; and the CPU must have AVX2.
    unsafe fn pack<const PARTS: usize>(
        &self,
        rows: Range<usize>,
        ks: Range<usize>,
        to: *mut u32,
    ) -> f32;

    /// The numbers of some rows and a stretch of k, where they are or in memory.
    ///
    /// # Safety
    ///
    /// They must be there.
    unsafe fn numbers(
        &self,
        rows: Range<usize>,
        ks: Range<usize>,
        memory: &mut Scratch<f32>,
    ) -> Operand<f32>;
}

impl Source for Operand<f32> {
    const HAS_REST: bool = false;

    #[inline(always)]
    unsafe fn pack<const PARTS: usize>(
        &self,
        rows: Range<usize>,
        ks: Range<usize>,
        to: *mut u32,
    ) -> f32 {
        let lines =
            Lines { data: self.data, line_stride: self.row_stride, k_stride: self.col_stride };
        let lines = lines.at(rows.start, ks.start);
        // SAFETY: the promise of the caller.
        unsafe { pack::<PARTS>(lines, (rows.len(), ks.len()), Order::Lines, to) }
    }

    unsafe fn numbers(
        &self,
        rows: Range<usize>,
        ks: Range<usize>,
        _memory: &mut Scratch<f32>,
    ) -> Operand<f32> {
        let first = rows.start * self.row_stride + ks.start * self.col_stride;
        Self { data: self.data.wrapping_add(first), ..*self }
    }
}

/// Bytes minus an offset for each column, which are exact in bf16 once each column's nearest byte is subtracted. What that leaves
/// of the offset, up to a half, is the rest.
#[derive(Clone, Copy)]
pub(super) struct Bytes<'a> {
    pub(super) x: &'a dyn ByteRows,
    /// For each column, or none.
    pub(super) offset: &'a [f32],
    /// Whether rows of A are columns of `x`, and the first one.
    pub(super) is_transposed: bool,
    pub(super) first: usize,
}

/// Rows of bytes. An object, so that the loops of a unit are compiled once and not for each kind of rows.
pub(super) trait ByteRows: Sync {
    /// Bytes of a row, as [`Rows::bytes`] gives them.
    fn bytes(&self, row: usize, columns: Range<usize>) -> &[u8];

    /// Reads numbers of a row, from column `first` on.
    fn read(&self, row: usize, first: usize, out: &mut [f32]);
}

/// Rows of `f32` that are bytes minus an offset.
pub(super) struct OfRows<'a, T, X> {
    x: &'a X,
    numbers: PhantomData<fn() -> T>,
}

impl<'a, T, X> OfRows<'a, T, X> {
    pub(super) const fn new(x: &'a X) -> Self {
        Self { x, numbers: PhantomData }
    }
}

impl<T: Float, X: Rows<T>> ByteRows for OfRows<'_, T, X> {
    fn bytes(&self, row: usize, columns: Range<usize>) -> &[u8] {
        self.x.bytes(row, columns)
    }

    fn read(&self, row: usize, first: usize, out: &mut [f32]) {
        if let Some(out) = cast_mut(out) {
            self.x.read(row, first, out);
        }
    }
}

impl Bytes<'_> {
    /// The byte that is nearest to the offset of a column.
    #[inline(always)]
    fn center(&self, column: usize) -> f32 {
        self.offset(column).round_ties_even().clamp(0.0, 255.0)
    }

    #[inline(always)]
    fn offset(&self, column: usize) -> f32 {
        self.offset.get(column).copied().unwrap_or(0.0)
    }

    #[inline(always)]
    fn rest(&self, column: usize) -> f32 {
        self.center(column) - self.offset(column)
    }
}

impl Source for Bytes<'_> {
    const HAS_REST: bool = true;

    #[inline(always)]
    fn row_rest(&self, i: usize) -> f32 {
        if self.is_transposed { self.rest(self.first + i) } else { 1.0 }
    }

    #[inline(always)]
    fn k_rest(&self, l: usize) -> f32 {
        if self.is_transposed { 1.0 } else { self.rest(l) }
    }

    #[inline(always)]
    unsafe fn pack<const PARTS: usize>(
        &self,
        rows: Range<usize>,
        ks: Range<usize>,
        to: *mut u32,
    ) -> f32 {
        let mut packed = Packed::<PARTS>::new(to, ks.len());
        let (a_rows, a_cols) = (self.first + rows.start..self.first + rows.end, ks);
        // Of x: rows of a tile's side, and all columns at once.
        let (lines, columns, height) =
            if self.is_transposed { (a_cols, a_rows, DEPTH) } else { (a_rows, a_cols, SIDE) };
        let width = SIDE + DEPTH - height;
        for top in lines.clone().step_by(height) {
            let count = height.min(lines.end - top);
            let bytes: [&[u8]; DEPTH] = core::array::from_fn(|line| {
                if line < count { self.x.bytes(top + line, columns.clone()) } else { &[] }
            });
            for left in columns.clone().step_by(width) {
                let mut numbers = [0.0_f32; SIDE * DEPTH];
                let centers: [f32; DEPTH] = core::array::from_fn(|j| self.center(left + j));
                let at = left - columns.start;
                for (line, bytes) in numbers.chunks_exact_mut(width).zip(&bytes) {
                    let bytes = bytes.get(at..).unwrap_or_default();
                    for ((x, &byte), center) in line.iter_mut().zip(bytes).zip(&centers) {
                        *x = f32::from(byte) - center;
                    }
                }
                let (strip, step) = ((top - lines.start) / height, at / width);
                // SAFETY: the promise of the caller; a tile has 16 by 32 numbers.
                unsafe {
                    if self.is_transposed {
                        let tile = Lines { data: numbers.as_ptr(), line_stride: 1, k_stride: SIDE };
                        packed.tile(tile, (SIDE, DEPTH), Order::Lines, (step, strip));
                    } else {
                        let tile =
                            Lines { data: numbers.as_ptr(), line_stride: DEPTH, k_stride: 1 };
                        packed.tile(tile, (SIDE, DEPTH), Order::Lines, (strip, step));
                    }
                }
            }
        }
        packed.most()
    }

    unsafe fn numbers(
        &self,
        rows: Range<usize>,
        ks: Range<usize>,
        memory: &mut Scratch<f32>,
    ) -> Operand<f32> {
        let rows = self.first + rows.start..self.first + rows.end;
        let (lines, columns) = if self.is_transposed { (ks, rows) } else { (rows, ks) };
        let width = columns.len();
        let numbers = memory.numbers(lines.len() * width);
        for (row, out) in lines.zip(numbers.chunks_exact_mut(width.max(1))) {
            self.x.read(row, columns.start, out);
        }
        let data = numbers.as_ptr();
        if self.is_transposed {
            Operand { data, row_stride: 1, col_stride: width }
        } else {
            Operand { data, row_stride: width, col_stride: 1 }
        }
    }
}
