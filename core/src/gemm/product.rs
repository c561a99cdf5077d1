//! The product of any left operand, and what is done with it, by [`Gemm::gemm`] and passes.

use super::{Epilogue, Gemm, GemmArgs, Rows};
use crate::float::Float;
use crate::machine::Pass;
use crate::mat::{Mat, MatMut, Op};
use crate::slices::{copy, rows_of_mut};

/// Computes the bias, the product and what comes after it, one after the other; nothing if the bias does not fit.
pub(super) fn by_parts<T: Float, X: Rows<T>>(
    gemm: &impl Gemm<T>,
    args: GemmArgs<'_, T, X>,
    epilogue: impl Epilogue<T>,
) {
    let (a, b, mut beta, mut c) = args.into_parts();
    if let Some(bias) = epilogue.bias() {
        if bias.len() != c.cols() {
            return;
        }
        for row in rows_of_mut(c.data_mut(), bias.len()) {
            copy(row, bias);
        }
        beta = T::ONE;
    }
    multiply(gemm, &a, b, beta, c.reborrow());
    gemm.vectorized(After { epilogue, c: c.data_mut() });
}

#[inline(always)]
fn multiply<T: Float, X: Rows<T>>(
    gemm: &impl Gemm<T>,
    a: &Op<X>,
    b: Op<Mat<'_, T>>,
    beta: T,
    c: MatMut<'_, T>,
) {
    match a.mat().stored() {
        Some(mat) => {
            // Checked again: whoever made `X` could have it change its shape.
            if let Ok(args) = GemmArgs::new(a.of(mat), b, beta, c) {
                gemm.gemm(args);
            }
        }
        None if a.mat().is_stored() => {}
        None if a.mat().is_one_row() => multiply_blocks::<T, X, 1, 64>(gemm, a, *b.mat(), beta, c),
        None => multiply_blocks::<T, X, 8, 128>(gemm, a, *b.mat(), beta, c),
    }
}

/// C ← op(A)·B + β·C, with a block of A on the stack, of `ROWS` rows and `COLS` columns at most.
///
/// Never inlined, so that the block takes stack only where one is made.
#[inline(never)]
fn multiply_blocks<T: Float, X: Rows<T>, const ROWS: usize, const COLS: usize>(
    gemm: &impl Gemm<T>,
    a: &Op<X>,
    b: Mat<'_, T>,
    beta: T,
    mut c: MatMut<'_, T>,
) {
    // A matrix without elements may have any number of blocks.
    if c.data().is_empty() {
        return;
    }
    let (x, m, k) = (a.mat(), c.rows(), b.rows());
    let (rows, cols) = if a.is_transposed() { (k, m) } else { (m, k) };
    let mut memory = [[T::ZERO; COLS]; ROWS];
    // One block at least, for a product over k = 0.
    for left in (0..cols.max(1)).step_by(COLS) {
        let width = COLS.min(cols - left);
        for top in (0..rows.max(1)).step_by(ROWS) {
            let height = ROWS.min(rows - top);
            // There is always room.
            let Some(block) = memory.as_flattened_mut().get_mut(..height * width) else { return };
            gemm.vectorized(MakeBlock { x, top, left, cols: width, block: &mut *block });
            let Ok(block) = Mat::new(block, height, width) else { return };
            let block = a.of(block);
            let (i, l) = if a.is_transposed() { (left, top) } else { (top, left) };
            let beta = if l == 0 { beta } else { T::ONE };
            let b = b.split_rows(l).1.split_rows(block.cols()).0;
            let c = c.reborrow().split_rows(i).1.split_rows(block.rows()).0;
            if let Ok(args) = GemmArgs::new(block, b, beta, c) {
                gemm.gemm(args);
            }
        }
    }
}

/// Makes a block of a matrix: as many rows as fit into `block`, of `cols` columns, from (`top`, `left`) on.
struct MakeBlock<'a, T, X> {
    x: &'a X,
    top: usize,
    left: usize,
    cols: usize,
    block: &'a mut [T],
}

impl<T: Float, X: Rows<T>> Pass for MakeBlock<'_, T, X> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        for (row, out) in (self.top..).zip(rows_of_mut(self.block, self.cols)) {
            self.x.read(row, self.left, out);
        }
    }
}

/// [`Epilogue::after`] with all of C. Also run by a layer that has not just multiplied.
pub(crate) struct After<'a, T, E> {
    pub(crate) epilogue: E,
    pub(crate) c: &'a mut [T],
}

impl<T: Float, E: Epilogue<T>> Pass for After<'_, T, E> {
    type Output = ();

    #[inline(always)]
    fn run(mut self) {
        self.epilogue.after(0, self.c);
    }
}
