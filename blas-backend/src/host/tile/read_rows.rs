//! Products whose left operand is read block by block, into memory that stays in the cache.

use super::{Left, Multiply, Operand, Product};
use crate::host::isa::run_vectorized;
use crate::host::scratch::{Place, Scratch};
use crate::memory::prefetch;
use barenet::{Float, Pass, Rows};

/// Numbers of a block, at most: 512 KiB in `f32`, a part of the second-level cache.
const MAX_NUMBERS: usize = 1 << 17;

/// Length of k in a block: twice what the kernels sum at once at most. Of the shapes in training the bits
/// are those of the product of a stored matrix: where k is no more than this, or a multiple.
const DEPTH: usize = 384;

/// Number of rows ahead of the one that is read of which the first numbers are prefetched.
const ROWS_AHEAD: usize = 8;

/// Bytes of rows, as they are multiplied, that need no prefetch: while one is read, the processor looks as far ahead by itself.
const SHORT_ROW: usize = 512;

/// The first row of the left operand: of a matrix that is read, or of its transpose.
#[derive(Clone, Copy)]
pub(crate) struct RowOffset(pub(crate) usize);

// SAFETY: it is a number.
unsafe impl Left for RowOffset {
    unsafe fn skip_rows(self, rows: usize) -> Self {
        Self(self.0 + rows)
    }

    unsafe fn skip_columns(self, _columns: usize) -> Option<Self> {
        None
    }
}

/// A kernel that reads a block of the left operand before it multiplies.
pub(super) struct ReadRows<'a, T, X> {
    pub(super) x: &'a X,
    pub(super) is_transposed: bool,
    pub(super) kernel: &'a dyn Multiply<T>,
}

impl<T: Float, X: Rows<T>> Multiply<T, RowOffset> for ReadRows<'_, T, X> {
    fn whole(&self) -> (usize, usize) {
        self.kernel.whole()
    }

    fn multiply(&self, p: &Product<'_, T, RowOffset>) {
        let max_rows = MAX_NUMBERS / DEPTH;
        let mut memory = Scratch::take(Place::Rows);
        let memory = memory.numbers(max_rows.min(p.m) * DEPTH.min(p.k));
        for top in (0..p.m).step_by(max_rows) {
            let rows = max_rows.min(p.m - top);
            for start in (0..p.k).step_by(DEPTH) {
                let depth = DEPTH.min(p.k - start);
                let (x, first) = (self.x, p.a.0 + top);
                let block = &mut memory[..rows * depth];
                let (data, row_stride, col_stride) = if self.is_transposed {
                    let (top, left, cols) = (start, first, rows);
                    run_vectorized(ReadBlock {
                        x,
                        top,
                        left,
                        cols,
                        block: &mut *block,
                        next: None,
                    });
                    (block.as_ptr(), 1, rows)
                } else {
                    let (top, left, cols) = (first, start, depth);
                    let next = Some(DEPTH.min(p.k - start - depth));
                    run_vectorized(ReadBlock { x, top, left, cols, block: &mut *block, next });
                    (block.as_ptr(), depth, 1)
                };
                let a = Operand { data, row_stride, col_stride };
                // SAFETY: the block holds these rows and this depth.
                unsafe { self.kernel.multiply_block(&p.block(a, (top, rows), (start, depth))) };
            }
        }
    }
}

/// Reads a block: as many rows as fit into `block`, of `cols` columns, from (`top`, `left`) on. If the
/// columns after them come next, it prefetches so many of those; the rows of other blocks shortly before
/// it reads them.
struct ReadBlock<'a, T, X> {
    x: &'a X,
    top: usize,
    left: usize,
    cols: usize,
    block: &'a mut [T],
    next: Option<usize>,
}

impl<T: Float, X: Rows<T>> Pass for ReadBlock<'_, T, X> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { x, top, left, cols, block, next } = self;
        let rows = block.chunks_exact_mut(cols.max(1));
        let bottom = top + rows.len();
        let was_prefetched = next.is_some() && left > 0;
        if cols * size_of::<T>() <= SHORT_ROW && next.unwrap_or(0) == 0 {
            for (row, out) in (top..).zip(rows) {
                x.read(row, left, out);
            }
            return;
        }
        for (row, out) in (top..).zip(rows) {
            if !was_prefetched && row + ROWS_AHEAD < bottom {
                prefetch(x.bytes(row + ROWS_AHEAD, left..left + cols));
            }
            x.read(row, left, out);
            if let Some(next) = next
                && next > 0
            {
                prefetch(x.bytes(row, left + cols..left + cols + next));
            }
        }
    }
}
