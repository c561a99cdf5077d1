//! The arguments of a product.

use super::Rows;
use crate::error::{ShapeError, check_shape};
use crate::mat::{Mat, MatMut, Op};

/// The arguments of C ← op(A)·op(B) + β·C. That one exists proves that the shapes agree.
///
/// A is a [`Mat`], or any [`Rows`].
#[derive(Debug)]
pub struct GemmArgs<'a, T, X = Mat<'a, T>> {
    pub(super) a: Op<X>,
    pub(super) b: Op<Mat<'a, T>>,
    pub(super) beta: T,
    pub(super) c: MatMut<'a, T>,
}

impl<'a, T, X: Rows<T>> GemmArgs<'a, T, X> {
    /// Checks the shapes of one product.
    ///
    /// # Errors
    ///
    /// [`ShapeError`] naming `b` if its rows are not the columns of `a`, or if it is transposed and `a` is not
    /// [stored](Rows::stored), or `c` if it is not m × n.
    #[inline]
    pub fn new(
        a: impl Into<Op<X>>,
        b: impl Into<Op<Mat<'a, T>>>,
        beta: T,
        c: MatMut<'a, T>,
    ) -> Result<Self, ShapeError> {
        let (a, b) = (a.into(), b.into());
        let (rows, cols) = a.mat().shape();
        let (m, k) = if a.is_transposed() { (cols, rows) } else { (rows, cols) };
        check_shape("b", (k, b.cols()), (b.rows(), b.cols()))?;
        if b.is_transposed() && a.mat().stored().is_none() {
            return Err(ShapeError { what: "b", expected: (k, b.cols()), found: b.mat().shape() });
        }
        check_shape("c", (m, b.cols()), c.shape())?;
        Ok(Self { a, b, beta, c })
    }

    /// The sizes (m, k, n).
    #[must_use]
    pub fn sizes(&self) -> (usize, usize, usize) {
        (self.c.rows(), self.b.rows(), self.b.cols())
    }

    /// Takes the arguments apart, for a backend: op(A), op(B), β and C. With β = 0, C is not to be read.
    #[must_use]
    pub fn into_parts(self) -> (Op<X>, Op<Mat<'a, T>>, T, MatMut<'a, T>) {
        let Self { a, b, beta, c } = self;
        (a, b, beta, c)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn args_name_the_argument_that_does_not_fit() {
        let (a, mut c) = ([0.0; 6], [0.0; 4]);
        let a = Mat::new(&a, 2, 3).unwrap();
        let c_mat = MatMut::new(&mut c, 2, 2).unwrap();
        assert_eq!(GemmArgs::new(a, a, 0.0, c_mat).unwrap_err().what, "b");
        let c_mat = MatMut::new(&mut c, 4, 1).unwrap();
        assert_eq!(GemmArgs::new(a, a.t(), 0.0, c_mat).unwrap_err().what, "c");
        let c_mat = MatMut::new(&mut c[..2], 1, 2).unwrap();
        let bytes = Op::new(&[1_u8, 2, 3][..]);
        assert_eq!(GemmArgs::new(bytes, a.t(), 0.0, c_mat).unwrap_err().what, "b");
    }
}
