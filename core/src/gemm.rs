//! Matrix products, the one operation worth replacing.
//!
//! Every layer takes a [`Gemm`]. [`Portable`] is the one that works everywhere, [`Compact`] the same in
//! little code for firmware; the crate `barenet-blas` has vector kernels, matrixmultiply and
//! OpenBLAS, with threads. In this file the letters are BLAS's:
//! op(A) is m × k, op(B) is k × n, C is m × n.

mod args;
mod compact;
mod epilogue;
mod portable;
mod product;
mod row;
mod rows;

use crate::error::ShapeError;
use crate::float::Float;
use crate::machine::Machine;
use crate::mat::{Mat, MatMut, Op};

pub use args::GemmArgs;
pub use compact::Compact;
pub use epilogue::Epilogue;
pub use portable::Portable;
pub(crate) use product::After;
pub(crate) use row::{add_bias, affine_row, multiply_row};
pub use rows::{RowRange, Rows};

/// A backend: a [`Machine`] that multiplies matrices.
///
/// # Contract
///
/// - C ← op(A)·op(B) + β·C. With β = 0, C is written and never read: it may hold NaN.
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
/// Counting(0.into()).gemm(GemmArgs::new(a, a.t(), 0.0, MatMut::new(&mut c, 2, 2)?)?);
/// assert_eq!(c, [5.0, 11.0, 11.0, 25.0]);
/// # Ok::<(), barenet::ShapeError>(())
/// ```
pub trait Gemm<T: Float>: Machine {
    /// Multiplies: C ← op(A)·op(B) + β·C.
    fn gemm(&self, args: GemmArgs<'_, T>);

    /// Multiplies any rows, and does what `epilogue` does besides: C ← after(op(A)·op(B) + (bias, or β·C)).
    ///
    /// Here one after the other: rows that are not stored are made block by block, in 1,024 numbers on the stack. A
    /// backend may do it tile by tile, and have a better place for blocks.
    fn product<X: Rows<T>>(&self, args: GemmArgs<'_, T, X>, epilogue: impl Epilogue<T>) {
        product::by_parts(self, args, epilogue);
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
    a: impl Into<Op<Mat<'a, T>>>,
    b: impl Into<Op<Mat<'a, T>>>,
    beta: T,
    c: MatMut<'a, T>,
) -> Result<(), ShapeError> {
    gemm.gemm(GemmArgs::new(a, b, beta, c)?);
    Ok(())
}
