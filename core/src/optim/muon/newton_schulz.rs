//! The nearest orthogonal matrix, roughly, by Newton–Schulz iterations.

use crate::float::Float;
use crate::gemm::{Gemm, GemmArgs};
use crate::mat::{Mat, MatMut, Op};
use crate::slices::rows_of_mut;
use core::mem::swap;

/// X ← A·X + B·XXᵀX + C·(XXᵀ)²X: coefficients with which singular values from 0 to 1 grow fastest, and end around 1.
const COEFFICIENTS: [f64; 3] = [3.4445, -4.775, 2.0315];

/// An odd number, so that the last result lies in the other block than the matrix.
const NUM_STEPS: usize = 5;

/// A norm below which a gradient is noise, which is not to be made as large as any other: PyTorch's.
const EPSILON: f64 = 1e-7;

/// Writes `factor` · orthogonal(x) to `out`, both `rows` × `cols`. `x` is overwritten; `squares` has at least twice the square of
/// the shorter side. `None` only if a slice has another length.
///
/// The products are of a short side: XᵀX where columns are fewer than rows, XXᵀ where rows are.
pub(super) fn orthogonalize<T: Float>(
    gemm: &impl Gemm<T>,
    (rows, cols): (usize, usize),
    factor: T,
    x: &mut [T],
    out: &mut [T],
    squares: &mut [T],
) -> Option<()> {
    let side = rows.min(cols);
    let len = side.checked_mul(side)?;
    let (a, p) = squares.get_mut(..len.checked_mul(2)?)?.split_at_mut_checked(len)?;
    let [of_x, of_cube, of_fifth] = COEFFICIENTS.map(T::from_f64);
    let (mut from, mut to) = (x, out);
    for step in 1..=NUM_STEPS {
        let x = Mat::new(&*from, rows, cols).ok()?;
        let (left, right) = if cols < rows { (x.t(), Op::new(x)) } else { (Op::new(x), x.t()) };
        let a_mat = product(gemm, left, right, MatMut::new(a, side, side).ok()?)?;
        let mut scale = T::ONE;
        if step == 1 {
            // The squared norm of X is the trace of XᵀX.
            let trace = a_mat.row_iter().enumerate().filter_map(|(i, row)| row.get(i));
            let norm = trace.fold(T::ZERO, |sum, &square| sum + square).sqrt();
            scale = T::ONE / norm.max(T::from_f64(EPSILON));
            a.iter_mut().for_each(|a| *a = *a * scale * scale);
        }
        let a_mat = Mat::new(&*a, side, side).ok()?;
        product(gemm, a_mat.into(), a_mat.into(), MatMut::new(p, side, side).ok()?)?;
        if step == NUM_STEPS {
            scale = factor;
        }
        for (i, (row, a)) in rows_of_mut(p, side).zip(a_mat.row_iter()).enumerate() {
            for (p, &a) in row.iter_mut().zip(a) {
                *p = scale * (of_cube * a + of_fifth * *p);
            }
            row.get_mut(i).into_iter().for_each(|p| *p += scale * of_x);
        }
        let p = Op::new(Mat::new(&*p, side, side).ok()?);
        let (left, right) = if cols < rows { (Op::new(x), p) } else { (p, Op::new(x)) };
        product(gemm, left, right, MatMut::new(to, rows, cols).ok()?)?;
        swap(&mut from, &mut to);
    }
    Some(())
}

/// c ← a · b
fn product<'a, T: Float>(
    gemm: &impl Gemm<T>,
    a: Op<Mat<'_, T>>,
    b: Op<Mat<'_, T>>,
    mut c: MatMut<'a, T>,
) -> Option<Mat<'a, T>> {
    gemm.gemm(GemmArgs::new(a, b, T::ZERO, c.reborrow()).ok()?);
    Some(c.into_mat())
}
