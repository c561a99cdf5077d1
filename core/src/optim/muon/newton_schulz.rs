//! The nearest orthogonal matrix, roughly, by Newton–Schulz iterations.

use crate::float::Float;
use crate::gemm::{Gemm, GemmArgs};
use crate::mat::{Mat, MatMut, Op};
use crate::slices::{rows_of_mut, take_mut};
use core::mem::swap;

/// X ← A·X + B·XXᵀX + C·(XXᵀ)²X: coefficients with which singular values from 0 to 1 grow fastest, and end around 1.
const COEFFICIENTS: [f64; 3] = [3.4445, -4.775, 2.0315];

const NUM_STEPS: usize = 5;

/// A norm below which a gradient is noise, which is not to be made as large as any other: PyTorch's.
const EPSILON: f64 = 1e-7;

/// Squares of the shorter side that [`orthogonalize`] works in.
pub(super) const NUM_SQUARES: usize = 4;

/// Products of three squares' sides that it computes, and the two with X.
pub(super) const NUM_PRODUCTS: usize = NUM_STEPS + 3 * (NUM_STEPS - 1);

/// Writes `factor` · orthogonal(x) to `out`, both `rows` × `cols`. `squares` has at least [`NUM_SQUARES`] times the square of the
/// shorter side. `None` only if a slice has another length.
///
/// Where columns are fewer than rows, each step is X ← X·P, P = A·I + B·G + C·G², where G = XᵀX: so the next G is P·G·P, and X need
/// not be computed before the end, when it is the first X times the product Q of all P. Of X there are two products so, and not ten. Where rows
/// are fewer, G is XXᵀ, and X becomes Q·X. In rounding G may have a singular value of just below 0: P makes A of it too, and
/// five steps do not make it large.
pub(super) fn orthogonalize<T: Float>(
    gemm: &impl Gemm<T>,
    (rows, cols): (usize, usize),
    factor: T,
    x: &[T],
    out: &mut [T],
    squares: &mut [T],
) -> Option<()> {
    let side = rows.min(cols);
    let len = side.checked_mul(side)?;
    let mut squares = squares.get_mut(..len.checked_mul(NUM_SQUARES)?)?;
    let squares = [(); NUM_SQUARES].map(|()| take_mut(&mut squares, len));
    let [Some(g), Some(p), Some(mut q), Some(mut free)] = squares else { return None };
    let [of_x, of_cube, of_fifth] = COEFFICIENTS.map(T::from_f64);
    let x = Mat::new(x, rows, cols).ok()?;
    let is_tall = cols < rows;
    let (left, right) = if is_tall { (x.t(), Op::new(x)) } else { (Op::new(x), x.t()) };
    let gram = product(gemm, left, right, MatMut::new(g, side, side).ok()?)?;
    // The squared norm of X is the trace of G.
    let trace = gram.row_iter().enumerate().filter_map(|(i, row)| row.get(i));
    let norm = trace.fold(T::ZERO, |sum, &square| sum + square).sqrt();
    let scale = T::ONE / norm.max(T::from_f64(EPSILON));
    g.iter_mut().for_each(|g| *g = *g * scale * scale);
    for step in 1..=NUM_STEPS {
        let square = Mat::new(&*g, side, side).ok()?;
        multiply(gemm, square, square, p)?;
        for (i, (row, g)) in rows_of_mut(p, side).zip(square.row_iter()).enumerate() {
            for (p, &g) in row.iter_mut().zip(g) {
                *p = of_cube * g + of_fifth * *p;
            }
            row.get_mut(i).into_iter().for_each(|p| *p += of_x);
        }
        let step_of_x = Mat::new(&*p, side, side).ok()?;
        if step == 1 {
            q.iter_mut().zip(step_of_x.data()).for_each(|(q, &p)| *q = factor * scale * p);
        } else {
            multiply(gemm, Mat::new(&*q, side, side).ok()?, step_of_x, free)?;
            swap(&mut q, &mut free);
        }
        if step < NUM_STEPS {
            multiply(gemm, step_of_x, square, free)?;
            multiply(gemm, Mat::new(&*free, side, side).ok()?, step_of_x, g)?;
        }
    }
    let q = Op::new(Mat::new(&*q, side, side).ok()?);
    let (left, right) = if is_tall { (Op::new(x), q) } else { (q, Op::new(x)) };
    product(gemm, left, right, MatMut::new(out, rows, cols).ok()?)?;
    Some(())
}

/// c ← a · b, all square.
fn multiply<T: Float>(
    gemm: &impl Gemm<T>,
    a: Mat<'_, T>,
    b: Mat<'_, T>,
    c: &mut [T],
) -> Option<()> {
    let (rows, cols) = a.shape();
    product(gemm, a.into(), b.into(), MatMut::new(c, rows, cols).ok()?)?;
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
