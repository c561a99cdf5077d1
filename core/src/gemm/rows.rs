//! Matrices that are read by rows: batches, on the left of a product.

use crate::float::Float;
use crate::mat::Mat;
use crate::scaling::Scaling;
use crate::slices::copy;
use core::ops::Range;

/// A batch on the left of a product: numbers ([`Mat`]), one image as bytes (`&[u8]`), or whatever can write stretches
/// of its rows.
///
/// Images that are bytes in memory, say, become numbers a block at a time, while the block is in the cache. As numbers
/// they would take four times the room, and be written and read once more.
///
/// ```
/// use barenet::{Gemm, GemmArgs, Mat, MatMut, Op, Portable, Rows};
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
/// let x = Op::new(Images(&[[129, 130], [128, 127]]));
/// let args = GemmArgs::new(x, Mat::new(&w, 2, 1)?, 0.0, MatMut::new(&mut out, 2, 1)?)?;
/// Portable.product(args, ());
/// assert_eq!(out, [21.0, -10.0]);
/// # Ok::<(), barenet::ShapeError>(())
/// ```
pub trait Rows<T>: Sync {
    /// Rows and columns: (N, D).
    fn shape(&self) -> (usize, usize);

    /// Writes row `row` from column `start` on, as many columns as `out` has room for. Mark it
    /// `#[inline(always)]`, so that it is compiled for the CPU's vector instructions.
    fn read(&self, row: usize, start: usize, out: &mut [T]);

    /// The bytes in memory that [`Self::read`] makes these columns of row `row` of, if they lie in one piece: a backend
    /// may fetch them ahead, since the rows of a batch lie anywhere in memory, where the CPU's own prediction
    /// does not look.
    #[inline(always)]
    fn bytes(&self, row: usize, columns: Range<usize>) -> &[u8] {
        let _ignored = (row, columns);
        &[]
    }

    /// How [`Self::read`] makes its numbers, if each is the byte of its column in [`Self::bytes`], scaled so, in every row: a backend may
    /// multiply the bytes, which are exact in fewer bits.
    #[inline(always)]
    fn scaled_bytes(&self) -> Option<Scaling<'_, T>> {
        None
    }

    /// The numbers, if all of them are stored: then they are multiplied where they lie.
    #[inline(always)]
    fn stored(&self) -> Option<Mat<'_, T>> {
        None
    }

    /// Whether [`Self::stored`] gives them always, by the type: a program has no code for other rows then.
    #[inline(always)]
    fn is_stored(&self) -> bool {
        false
    }

    /// Whether there is one row always, by the type: a block of it takes less memory.
    #[inline(always)]
    fn is_one_row(&self) -> bool {
        false
    }
}

/// Rows of which some neighbouring ones are rows of the same kind: a batch that can be cut into [shards](crate::Shards).
pub trait RowRange: Copy {
    /// These rows; fewer where there are not as many.
    #[must_use]
    fn row_range(self, rows: Range<usize>) -> Self;
}

impl<T> RowRange for Mat<'_, T> {
    fn row_range(self, rows: Range<usize>) -> Self {
        self.split_rows(rows.end).0.split_rows(rows.start).1
    }
}

impl<T: Float> Rows<T> for Mat<'_, T> {
    #[inline(always)]
    fn shape(&self) -> (usize, usize) {
        Mat::shape(self)
    }

    #[inline(always)]
    fn read(&self, row: usize, start: usize, out: &mut [T]) {
        copy(out, self.data().get(row * self.cols() + start..).unwrap_or_default());
    }

    #[inline(always)]
    fn stored(&self) -> Option<Mat<'_, T>> {
        Some(*self)
    }

    #[inline(always)]
    fn is_stored(&self) -> bool {
        true
    }
}

/// The bytes of one image, as the numbers 0 to 255.
impl<T: Float> Rows<T> for &[u8] {
    #[inline(always)]
    fn shape(&self) -> (usize, usize) {
        (1, self.len())
    }

    #[inline(always)]
    fn read(&self, _row: usize, start: usize, out: &mut [T]) {
        for (out, &byte) in out.iter_mut().zip(self.get(start..).unwrap_or_default()) {
            *out = T::from_usize(byte.into());
        }
    }

    #[inline(always)]
    fn is_one_row(&self) -> bool {
        true
    }
}
