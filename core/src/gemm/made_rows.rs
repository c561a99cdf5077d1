//! Matrices whose numbers are made where they are multiplied.

use super::portable::store_zeros;
use super::{Gemm, matmul};
use crate::float::Float;
use crate::machine::Pass;
use crate::mat::{Mat, MatMut};
use crate::slices::{rows_of_mut, take_mut};
use core::ops::Range;

/// A matrix that is asked for stretches of its rows: images that are bytes in memory, say, and become
/// numbers a block at a time, while the block is in the cache. As numbers they would take four times
/// the room, and be written and read once more.
///
/// ```
/// use barenet::{Gemm, Mat, MatMut, Portable, Rows};
///
/// struct Images<'a>(&'a [[u8; 2]]);
///
/// impl Rows<f32> for Images<'_> {
///     fn shape(&self) -> (usize, usize) { (self.0.len(), 2) }
///
///     #[inline(always)]
///     fn read(&self, row: usize, start: usize, out: &mut [f32]) {
///         for (out, &byte) in out.iter_mut().zip(&self.0[row][start..]) {
///             *out = f32::from(byte) - 128.0;
///         }
///     }
/// }
///
/// let (w, mut out) = ([1.0, 10.0], [0.0; 2]);
/// let images = Images(&[[129, 130], [128, 127]]);
/// Portable.rows_product(&images, Mat::new(&w, 2, 1)?, MatMut::new(&mut out, 2, 1)?, ());
/// assert_eq!(out, [21.0, -10.0]);
/// # Ok::<(), barenet::ShapeError>(())
/// ```
pub trait Rows<T>: Sync {
    /// Rows and columns.
    fn shape(&self) -> (usize, usize);

    /// Writes row `row` from column `start` on, as many columns as `out` has room for. Mark it
    /// `#[inline(always)]`, so that it is compiled for the CPU's vector instructions.
    fn read(&self, row: usize, start: usize, out: &mut [T]);

    /// Hears that these columns of row `row` will be read soon, and may bring them nearer: the rows of
    /// a batch lie anywhere in memory, where the CPU's own prediction does not look.
    fn prefetch(&self, row: usize, columns: Range<usize>) {
        let _ignored = (row, columns);
    }
}

impl<T: Copy + Sync> Rows<T> for Mat<'_, T> {
    fn shape(&self) -> (usize, usize) {
        Mat::shape(self)
    }

    #[inline(always)]
    fn read(&self, row: usize, start: usize, out: &mut [T]) {
        let stored = self
            .data()
            .get(row.saturating_mul(self.cols()).saturating_add(start)..)
            .unwrap_or_default();
        for (out, &stored) in out.iter_mut().zip(stored) {
            *out = stored;
        }
    }
}

/// Makes a block of a matrix: as many rows as fit into `block`, of `cols` columns, from (`top`, `left`) on.
struct MakeBlock<'a, T, R> {
    x: &'a R,
    top: usize,
    left: usize,
    cols: usize,
    block: &'a mut [T],
}

impl<T: Float, R: Rows<T>> Pass for MakeBlock<'_, T, R> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        for (row, out) in (self.top..).zip(rows_of_mut(self.block, self.cols)) {
            self.x.read(row, self.left, out);
        }
    }
}

/// Rows of a block, and its columns: 4 KiB of stack in `f32`.
const BLOCK_ROWS: usize = 8;
const BLOCK_COLS: usize = 128;

/// Calls `multiply` for every block of `x`, with its first row and column and itself.
fn for_blocks<T: Float, R: Rows<T>>(
    gemm: &impl Gemm<T>,
    x: &R,
    mut multiply: impl FnMut((usize, usize), Mat<'_, T>),
) {
    let (rows, cols) = x.shape();
    let mut memory = [T::ZERO; BLOCK_ROWS * BLOCK_COLS];
    for left in (0..cols).step_by(BLOCK_COLS) {
        let width = BLOCK_COLS.min(cols - left);
        for top in (0..rows).step_by(BLOCK_ROWS) {
            let height = BLOCK_ROWS.min(rows - top);
            let mut memory = &mut memory[..];
            // There is always room.
            let Some(block) = take_mut(&mut memory, height * width) else { return };
            gemm.vectorized(MakeBlock { x, top, left, cols: width, block: &mut *block });
            if let Ok(block) = Mat::new(block, height, width) {
                multiply((top, left), block);
            }
        }
    }
}

/// `rows` rows of a matrix from row `top` on.
fn band<T>(mat: Mat<'_, T>, top: usize, rows: usize) -> Option<Mat<'_, T>> {
    let cols = mat.cols();
    Mat::new(mat.data().get(top * cols..)?.get(..rows * cols)?, rows, cols).ok()
}

/// `rows` rows of a matrix from row `top` on, for writing.
fn band_mut<'a, T>(mat: &'a mut MatMut<'_, T>, top: usize, rows: usize) -> Option<MatMut<'a, T>> {
    let cols = mat.cols();
    MatMut::new(mat.data_mut().get_mut(top * cols..)?.get_mut(..rows * cols)?, rows, cols).ok()
}

/// Whether a matrix of this shape can be multiplied with `b`, and `c` is as large as the product.
pub(super) fn agree<T>(shape: (usize, usize), b: Mat<'_, T>, c: &MatMut<'_, T>) -> bool {
    b.rows() == shape.1 && c.shape() == (shape.0, b.cols())
}

/// out ← x · w + β · out, with a block of `x` on the stack. The shapes agree.
pub(super) fn product<T: Float>(
    gemm: &impl Gemm<T>,
    x: &impl Rows<T>,
    w: Mat<'_, T>,
    beta: T,
    mut out: MatMut<'_, T>,
) {
    // A matrix without elements may have any number of blocks.
    if out.data().is_empty() {
        return;
    }
    store_zeros(out.data_mut(), beta);
    for_blocks(gemm, x, |(top, left), block| {
        let w = band(w, left, block.cols());
        if let (Some(w), Some(out)) = (w, band_mut(&mut out, top, block.rows())) {
            // The shapes are those that were just given.
            let _always = matmul(gemm, block, w, T::ONE, out);
        }
    });
}

/// dw ← xᵀ · dout, with a block of `x` on the stack. The shapes agree.
pub(super) fn transposed_product<T: Float>(
    gemm: &impl Gemm<T>,
    x: &impl Rows<T>,
    dout: Mat<'_, T>,
    mut dw: MatMut<'_, T>,
) {
    // As above.
    if dw.data().is_empty() {
        return;
    }
    store_zeros(dw.data_mut(), T::ZERO);
    for_blocks(gemm, x, |(top, left), block| {
        let dout = band(dout, top, block.rows());
        if let (Some(dout), Some(dw)) = (dout, band_mut(&mut dw, left, block.cols())) {
            // As above.
            let _always = matmul(gemm, block.t(), dout, T::ONE, dw);
        }
    });
}
