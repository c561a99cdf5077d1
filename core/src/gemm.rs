//! Matrix products, the one operation worth replacing.
//!
//! Every layer takes a [`Gemm`]. [`Portable`] is the one that works everywhere, [`Compact`] the same in
//! little code for firmware; the crate `barenet-blas` has vector kernels, matrixmultiply and
//! OpenBLAS, with threads. In this file the letters are BLAS's:
//! op(A) is m × k, op(B) is k × n, C is m × n.

mod compact;
mod epilogue;
mod made_rows;
mod portable;
mod row;

use crate::error::{ShapeError, check_shape};
use crate::float::Float;
use crate::machine::Machine;
use crate::mat::{Mat, MatMut, Op};

pub use compact::Compact;
pub use epilogue::Epilogue;
pub(crate) use epilogue::{Affine, After, WherePositive, pass_where_positive, with_epilogue};
pub use made_rows::Rows;
pub use portable::Portable;
pub(crate) use row::affine_row;

/// The arguments of C ← α·op(A)·op(B) + β·C. That one exists proves that the shapes agree.
#[derive(Debug)]
pub struct GemmArgs<'a, T> {
    alpha: T,
    a: Op<'a, T>,
    b: Op<'a, T>,
    beta: T,
    c: MatMut<'a, T>,
}

/// What [`GemmArgs`] holds, taken apart.
#[derive(Debug)]
pub struct GemmParts<'a, T> {
    /// Factor of the product.
    pub alpha: T,
    /// op(A), m × k.
    pub a: Op<'a, T>,
    /// op(B), k × n.
    pub b: Op<'a, T>,
    /// Factor of what C held. 0 means that C is not read.
    pub beta: T,
    /// C, m × n.
    pub c: MatMut<'a, T>,
}

impl<'a, T> GemmArgs<'a, T> {
    /// Checks the shapes of one product.
    ///
    /// # Errors
    ///
    /// [`ShapeError`] naming `b` if its rows are not the columns of `a`, or `c` if it is not m × n.
    pub fn new(
        alpha: T,
        a: impl Into<Op<'a, T>>,
        b: impl Into<Op<'a, T>>,
        beta: T,
        c: MatMut<'a, T>,
    ) -> Result<Self, ShapeError> {
        let (a, b) = (a.into(), b.into());
        check_shape("b", (a.cols(), b.cols()), (b.rows(), b.cols()))?;
        check_shape("c", (a.rows(), b.cols()), c.shape())?;
        Ok(Self { alpha, a, b, beta, c })
    }

    /// The sizes (m, k, n).
    #[must_use]
    pub fn sizes(&self) -> (usize, usize, usize) {
        (self.a.rows(), self.a.cols(), self.b.cols())
    }

    /// Takes the arguments apart, for a backend.
    #[must_use]
    pub fn into_parts(self) -> GemmParts<'a, T> {
        let Self { alpha, a, b, beta, c } = self;
        GemmParts { alpha, a, b, beta, c }
    }
}

/// A backend: a [`Machine`] that multiplies matrices.
///
/// # Contract
///
/// - C ← α·op(A)·op(B) + β·C. With β = 0, C is written and never read: it may hold NaN.
/// - m, k and n may be 0. With k = 0 the product is 0.
/// - Shapes that do not agree, and a bias that has not a number for each column, are a defect of the caller:
///   nothing is written. The layers refuse them before they call a backend.
/// - The same call gives the same bits, whatever the number of threads.
///
/// ```
/// use barenet::{Gemm, GemmArgs, Machine, Mat, MatMut, Portable};
///
/// /// Counts products, to show what a layer costs.
/// struct Counting(core::sync::atomic::AtomicUsize);
///
/// impl Machine for Counting {}
///
/// impl Gemm<f32> for Counting {
///     fn gemm(&self, args: GemmArgs<'_, f32>) {
///         self.0.fetch_add(1, core::sync::atomic::Ordering::Relaxed);
///         Portable.gemm(args);
///     }
/// }
///
/// let (a, mut c) = ([1.0, 2.0, 3.0, 4.0], [f32::NAN; 4]);
/// let a = Mat::new(&a, 2, 2)?;
/// Counting(0.into()).gemm(GemmArgs::new(1.0, a, a.t(), 0.0, MatMut::new(&mut c, 2, 2)?)?);
/// assert_eq!(c, [5.0, 11.0, 11.0, 25.0]);
/// # Ok::<(), barenet::ShapeError>(())
/// ```
pub trait Gemm<T>: Machine {
    /// Multiplies: C ← α·op(A)·op(B) + β·C.
    fn gemm(&self, args: GemmArgs<'_, T>);

    /// Multiplies, and does what `epilogue` does besides: C ← after(α·op(A)·op(B) + (bias, or β·C)).
    ///
    /// Here one after the other. A backend that does it tile by tile must give the same bits.
    fn gemm_then(&self, args: GemmArgs<'_, T>, epilogue: impl Epilogue<T>)
    where
        T: Float,
    {
        let GemmArgs { alpha, a, b, beta, c } = args;
        with_epilogue(self, epilogue, beta, c, |beta, c| {
            self.gemm(GemmArgs { alpha, a, b, beta, c });
        });
    }

    /// Computes out ← x·w + b, and of it max(·, 0) if `relu`. The shapes agree.
    fn affine(&self, x: Mat<'_, T>, w: Mat<'_, T>, b: &[T], relu: bool, out: MatMut<'_, T>)
    where
        T: Float,
    {
        if let Ok(args) = GemmArgs::new(T::ONE, x, w, T::ZERO, out) {
            self.gemm_then(args, Affine { b, relu });
        }
    }

    /// Computes out ← x · w and what `epilogue` does, making `x` block by block. The shapes agree.
    ///
    /// Here with 1,024 numbers on the stack; a backend may have a better place for them.
    fn rows_product(
        &self,
        x: &impl Rows<T>,
        w: Mat<'_, T>,
        out: MatMut<'_, T>,
        epilogue: impl Epilogue<T>,
    ) where
        T: Float,
    {
        if made_rows::agree(x.shape(), w, &out) {
            with_epilogue(self, epilogue, T::ZERO, out, |beta, out| {
                made_rows::product(self, x, w, beta, out);
            });
        }
    }

    /// Computes dw ← xᵀ · dout, making `x` block by block. The shapes agree.
    ///
    /// Here with 1,024 numbers on the stack; a backend may have a better place for them.
    fn rows_transposed_product(&self, x: &impl Rows<T>, dout: Mat<'_, T>, dw: MatMut<'_, T>)
    where
        T: Float,
    {
        let (rows, cols) = x.shape();
        if made_rows::agree((cols, rows), dout, &dw) {
            made_rows::transposed_product(self, x, dout, dw);
        }
    }
}

/// Computes C ← op(A)·op(B) + β·C.
///
/// ```
/// use barenet::{Mat, MatMut, Portable, matmul};
/// let (a, b, mut c) = ([1.0, 2.0], [3.0, 4.0], [0.0]);
/// matmul(&Portable, Mat::new(&a, 1, 2)?, Mat::new(&b, 1, 2)?.t(), 0.0, MatMut::new(&mut c, 1, 1)?)?;
/// assert_eq!(c, [11.0]);
/// # Ok::<(), barenet::ShapeError>(())
/// ```
///
/// # Errors
///
/// [`ShapeError`] if the shapes disagree; C is not written.
pub fn matmul<'a, T: Float>(
    gemm: &impl Gemm<T>,
    a: impl Into<Op<'a, T>>,
    b: impl Into<Op<'a, T>>,
    beta: T,
    c: MatMut<'a, T>,
) -> Result<(), ShapeError> {
    gemm.gemm(GemmArgs::new(T::ONE, a, b, beta, c)?);
    Ok(())
}

/// C ← α·acc + β·C for one run of C, never reading C if β = 0.
pub(crate) fn store<T: Float>(c: &mut [T], acc: &[T], alpha: T, beta: T) {
    if beta == T::ZERO {
        for (c, &acc) in c.iter_mut().zip(acc) {
            *c = alpha * acc;
        }
    } else {
        for (c, &acc) in c.iter_mut().zip(acc) {
            *c = alpha * acc + beta * *c;
        }
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
        assert_eq!(GemmArgs::new(1.0, a, a, 0.0, c_mat).unwrap_err().what, "b");
        let c_mat = MatMut::new(&mut c, 4, 1).unwrap();
        assert_eq!(GemmArgs::new(1.0, a, a.t(), 0.0, c_mat).unwrap_err().what, "c");
    }
}
