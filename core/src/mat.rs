//! Matrices: checked two-dimensional views of flat slices, row-major and without gaps.
//!
//! A view knows its rows and columns, and that its slice has exactly `rows · cols` elements. That is
//! checked once, where the view is made, and true ever after.

use crate::error::ShapeError;
use crate::slices::Divide;
use core::slice::{ChunksExact, ChunksExactMut};

/// A matrix that is read.
#[derive(Debug, PartialEq)]
pub struct Mat<'a, T> {
    data: &'a [T],
    rows: usize,
    cols: usize,
}

/// A matrix that is written.
#[derive(Debug, PartialEq)]
pub struct MatMut<'a, T> {
    data: &'a mut [T],
    rows: usize,
    cols: usize,
}

/// A matrix or its transpose: BLAS's op(A). Only products take it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Op<M> {
    mat: M,
    transposed: bool,
}

// By hand, because a view of any T is `Copy`, whether T is or not.
impl<T> Clone for Mat<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<T> Copy for Mat<'_, T> {}
fn check(len: usize, rows: usize, cols: usize) -> Result<(), ShapeError> {
    // A product that overflows cannot be the length of a slice.
    if rows.checked_mul(cols) == Some(len) {
        Ok(())
    } else {
        Err(ShapeError { what: "data", expected: (rows, cols), found: (1, len) })
    }
}

impl<'a, T> Mat<'a, T> {
    /// Views `data` as `rows` × `cols`.
    ///
    /// ```
    /// use barenet::Mat;
    /// let m = Mat::new(&[1, 2, 3, 4, 5, 6], 2, 3)?;
    /// assert_eq!(m.row_iter().last(), Some(&[4, 5, 6][..]));
    /// assert!(Mat::new(&[1, 2, 3], 2, 2).is_err());
    /// # Ok::<(), barenet::ShapeError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`ShapeError`] if `data` has not exactly `rows · cols` elements.
    pub fn new(data: &'a [T], rows: usize, cols: usize) -> Result<Self, ShapeError> {
        check(data.len(), rows, cols)?;
        Ok(Self { data, rows, cols })
    }

    /// The number of rows.
    #[must_use]
    pub const fn rows(&self) -> usize {
        self.rows
    }

    /// The number of columns.
    #[must_use]
    pub const fn cols(&self) -> usize {
        self.cols
    }

    /// Rows and columns.
    #[must_use]
    pub const fn shape(&self) -> (usize, usize) {
        (self.rows, self.cols)
    }

    /// All elements, row after row.
    #[must_use]
    pub const fn data(&self) -> &'a [T] {
        self.data
    }

    /// The rows, one slice each. A matrix of no columns yields none.
    pub fn row_iter(&self) -> ChunksExact<'a, T> {
        self.data.chunks_exact(self.cols.max(1))
    }

    /// The first `rows` rows, or all if there are fewer, and the others.
    #[must_use]
    pub fn split_rows(self, rows: usize) -> (Self, Self) {
        let rows = rows.min(self.rows);
        let (first, second) = self.data.split_at_checked(rows * self.cols).unwrap_or_default();
        (Self { data: first, rows, ..self }, Self { data: second, rows: self.rows - rows, ..self })
    }

    /// The transpose, for a product. Moves nothing.
    #[must_use]
    pub const fn t(self) -> Op<Self> {
        Op { mat: self, transposed: true }
    }
}

impl<'a, T> MatMut<'a, T> {
    /// Views `data` as `rows` × `cols`, for writing.
    ///
    /// # Errors
    ///
    /// [`ShapeError`] if `data` has not exactly `rows · cols` elements.
    pub fn new(data: &'a mut [T], rows: usize, cols: usize) -> Result<Self, ShapeError> {
        check(data.len(), rows, cols)?;
        Ok(Self { data, rows, cols })
    }

    /// The number of rows.
    #[must_use]
    pub const fn rows(&self) -> usize {
        self.rows
    }

    /// The number of columns.
    #[must_use]
    pub const fn cols(&self) -> usize {
        self.cols
    }

    /// Rows and columns.
    #[must_use]
    pub const fn shape(&self) -> (usize, usize) {
        (self.rows, self.cols)
    }

    /// All elements, row after row.
    #[must_use]
    pub const fn data(&self) -> &[T] {
        self.data
    }

    /// All elements, row after row, for writing.
    #[must_use]
    pub const fn data_mut(&mut self) -> &mut [T] {
        self.data
    }

    /// The matrix, for reading.
    #[must_use]
    pub const fn as_mat(&self) -> Mat<'_, T> {
        Mat { data: self.data, rows: self.rows, cols: self.cols }
    }

    /// The matrix, for reading, for as long as its slice was lent.
    #[must_use]
    pub const fn into_mat(self) -> Mat<'a, T> {
        Mat { data: self.data, rows: self.rows, cols: self.cols }
    }

    /// Lends the matrix to a function that takes it by value.
    #[must_use]
    pub const fn reborrow(&mut self) -> MatMut<'_, T> {
        MatMut { data: self.data, rows: self.rows, cols: self.cols }
    }

    /// The first `rows` rows, or all if there are fewer, and the others.
    #[must_use]
    pub fn split_rows(self, rows: usize) -> (Self, Self) {
        let (all, cols) = (self.rows, self.cols);
        let rows = rows.min(all);
        let (first, second) = self.data.split_at_mut_checked(rows * cols).unwrap_or_default();
        (Self { data: first, rows, cols }, Self { data: second, rows: all - rows, cols })
    }

    /// The rows, one slice each. A matrix of no columns yields none.
    pub fn row_iter_mut(&mut self) -> ChunksExactMut<'_, T> {
        self.data.chunks_exact_mut(self.cols.max(1))
    }
}

impl<T> Divide for Mat<'_, T> {
    fn divide(self, rows: usize) -> (Self, Self) {
        self.split_rows(rows)
    }
}

impl<T> Divide for MatMut<'_, T> {
    fn divide(self, rows: usize) -> (Self, Self) {
        self.split_rows(rows)
    }
}

impl<M> Op<M> {
    /// The matrix as it is.
    #[must_use]
    pub const fn new(mat: M) -> Self {
        Self { mat, transposed: false }
    }

    /// The matrix transposed.
    #[must_use]
    pub const fn transposed(mat: M) -> Self {
        Self { mat, transposed: true }
    }

    /// The same of another matrix.
    #[must_use]
    pub const fn of<N>(&self, mat: N) -> Op<N> {
        Op { mat, transposed: self.transposed }
    }

    /// The matrix as it is stored.
    #[must_use]
    pub const fn mat(&self) -> &M {
        &self.mat
    }

    /// Whether the product takes its transpose.
    #[must_use]
    pub const fn is_transposed(&self) -> bool {
        self.transposed
    }
}

impl<T> Op<Mat<'_, T>> {
    /// Rows of the operand.
    #[must_use]
    pub const fn rows(&self) -> usize {
        if self.transposed { self.mat.cols } else { self.mat.rows }
    }

    /// Columns of the operand.
    #[must_use]
    pub const fn cols(&self) -> usize {
        if self.transposed { self.mat.rows } else { self.mat.cols }
    }
}

impl<'a, T> From<Mat<'a, T>> for Op<Mat<'a, T>> {
    fn from(mat: Mat<'a, T>) -> Self {
        Self::new(mat)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_view_refuses_a_length_that_is_not_rows_times_cols() {
        let e = Mat::new(&[0.0; 5], 2, 3).unwrap_err();
        assert_eq!((e.expected, e.found), ((2, 3), (1, 5)));
    }

    #[test]
    fn a_view_refuses_a_shape_that_overflows() {
        assert!(Mat::<u8>::new(&[], usize::MAX, 2).is_err());
    }

    #[test]
    fn a_transpose_swaps_rows_and_columns() {
        let data = [0_u8; 6];
        let t = Mat::new(&data, 2, 3).unwrap().t();
        assert_eq!((t.rows(), t.cols(), t.is_transposed()), (3, 2, true));
    }

    #[test]
    fn a_matrix_without_columns_has_no_row_slices() {
        assert_eq!(Mat::<u8>::new(&[], 4, 0).unwrap().row_iter().count(), 0);
    }
}
