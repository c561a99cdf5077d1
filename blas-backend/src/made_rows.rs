//! Products whose left operand is made block by block, in memory that stays in the cache.

use crate::backend::Element;
use crate::tile::{Left, Multiply, Operand, Product};
use crate::vectorized::vectorized;
use barenet::{Epilogue, Float, Machine, Mat, MatMut, Pass, Rows};

/// Numbers of a block, at most: 512 KiB in `f32`, a part of the second-level cache.
const MAX_NUMBERS: usize = 1 << 17;

/// How much of k a block has: twice what the kernels sum at once at most. Of the shapes in training the bits
/// are those of the product of a stored matrix: where k is no more than this, or a multiple.
const DEPTH: usize = 384;

/// How many rows ahead of the one that is read the first numbers of a row are prefetched.
const ROWS_AHEAD: usize = 8;

/// The first row of the left operand: of the matrix that is made, or of its transpose.
#[derive(Clone, Copy)]
struct FirstRow(usize);

// SAFETY: it is a number.
unsafe impl Left for FirstRow {
    unsafe fn skip_rows(self, rows: usize) -> Self {
        Self(self.0 + rows)
    }

    unsafe fn skip_columns(self, _columns: usize) -> Option<Self> {
        None
    }
}

/// A kernel that makes the left operand before it multiplies.
struct Made<'a, R, K> {
    x: &'a R,
    is_transposed: bool,
    kernel: &'a K,
}

impl<T: Element, R: Rows<T>, K: Multiply<T>> Multiply<T, FirstRow> for Made<'_, R, K> {
    fn multiply(&self, p: &Product<'_, T, FirstRow>) {
        let mut memory = T::take_memory();
        let depths = p.k.div_ceil(DEPTH).max(1);
        let max_rows = MAX_NUMBERS / DEPTH;
        let most = max_rows.min(p.m) * DEPTH.min(p.k);
        if memory.len() < most {
            memory.resize(most, T::ZERO);
        }
        for top in (0..p.m).step_by(max_rows) {
            let rows = max_rows.min(p.m - top);
            for block in 0..depths {
                let start = block * DEPTH;
                let depth = DEPTH.min(p.k - start);
                let numbers = &mut memory[..rows * depth];
                let first = p.a.0 + top;
                let x = self.x;
                let (top_left, cols, next, strides) = if self.is_transposed {
                    ((start, first), rows, None, (1, rows))
                } else {
                    let next = DEPTH.min(p.k - start - depth);
                    ((first, start), depth, Some(next), (depth, 1))
                };
                let ((row, left), block) = (top_left, &mut *numbers);
                vectorized(MakeBlock { x, top: row, left, cols, block, next });
                let (row_stride, col_stride) = strides;
                let a = Operand { data: numbers.as_ptr(), row_stride, col_stride };
                // SAFETY: the block holds these rows and this depth.
                unsafe { self.kernel.multiply(&p.block(a, (top, rows), (start, depth))) };
            }
        }
        T::give_memory_back(memory);
    }
}

/// Computes C ← x · b, or C ← xᵀ · b if `is_transposed`, and what `epilogue` does, on the threads of
/// `machine`, if the shapes agree.
pub(crate) fn product<T: Element>(
    (x, is_transposed): (&impl Rows<T>, bool),
    b: Mat<'_, T>,
    c: MatMut<'_, T>,
    kernel: &impl Multiply<T>,
    epilogue: impl Epilogue<T>,
    machine: &impl Machine,
) {
    let (rows, cols) = x.shape();
    let (m, k) = if is_transposed { (cols, rows) } else { (rows, cols) };
    if b.rows() == k && c.shape() == (m, b.cols()) {
        // SAFETY: the shapes agree.
        let product = unsafe { Product::with_left(FirstRow(0), k, b.into(), T::ZERO, c) };
        product.run(&Made { x, is_transposed, kernel }, epilogue, machine);
    }
}

/// Makes a block: as many rows as fit into `block`, of `cols` columns, from (`top`, `left`) on. If the
/// columns after them come next, it prefetches so many of those; the rows of other blocks shortly before
/// it reads them.
struct MakeBlock<'a, T, R> {
    x: &'a R,
    top: usize,
    left: usize,
    cols: usize,
    block: &'a mut [T],
    next: Option<usize>,
}

impl<T: Float, R: Rows<T>> Pass for MakeBlock<'_, T, R> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { x, top, left, cols, block, next } = self;
        let rows = block.chunks_exact_mut(cols.max(1));
        let bottom = top + rows.len();
        let was_prefetched = next.is_some() && left > 0;
        for (row, out) in (top..).zip(rows) {
            if !was_prefetched && row + ROWS_AHEAD < bottom {
                x.prefetch(row + ROWS_AHEAD, left..left + cols);
            }
            x.read(row, left, out);
            if let Some(next) = next
                && next > 0
            {
                x.prefetch(row, left + cols..left + cols + next);
            }
        }
    }
}
