//! The product in little code, for firmware that runs one image after the other.
//!
//! Layers go forward one row at a time, by the kernel of [`row`](super::row). All else is computed by short
//! loops. Elements are summed in the order of [`Portable`](super::Portable), so the bits are the same.

use super::portable::{Flat, scale};
use super::product::by_parts;
use super::row::{add_bias, multiply_row};
use super::{Epilogue, Gemm, GemmArgs, Rows};
use crate::float::Float;
use crate::machine::Machine;
use crate::slices::{rows_of, rows_of_mut, take};

/// Matrix products with the bits of [`Portable`](super::Portable), fast for one row and in a fraction of
/// the code.
///
/// ```
/// use barenet::{Compact, Mat, MatMut, Portable, matmul};
/// let (x, w) = ([1.0, 2.0, 3.0], [0.1; 3 * 21]);
/// let (x, w) = (Mat::new(&x, 1, 3)?, Mat::new(&w, 3, 21)?);
/// let (mut c, mut d) = ([f64::NAN; 21], [f64::NAN; 21]);
/// matmul(&Compact, x, w, 0.0, MatMut::new(&mut c, 1, 21)?)?;
/// matmul(&Portable, x, w, 0.0, MatMut::new(&mut d, 1, 21)?)?;
/// assert_eq!(c, d);
/// # Ok::<(), barenet::ShapeError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Compact;

impl Machine for Compact {}

impl<T: Float> Gemm<T> for Compact {
    // Inlined, so that a program which transposes nothing has none of the code for it.
    #[inline(always)]
    fn gemm(&self, args: GemmArgs<'_, T>) {
        let (p, is_transposed, mut c) = Flat::new(args);
        let c = c.data_mut();
        match is_transposed {
            _ if p.k == 0 => scale(c, p.beta),
            (false, false) if p.beta == T::ZERO => {
                for (a, c) in rows_of(p.a, p.k).zip(rows_of_mut(c, p.n)) {
                    row_times_matrix(a, p.b, c);
                }
            }
            (false, false) => p.nn_in_little_code(c),
            (true, false) => p.tn_in_little_code(c),
            (false, true) => p.nt_in_little_code(c),
            (true, true) => p.tt(c),
        }
    }

    // A layer forward, row by row.
    #[inline(always)]
    fn product<X: Rows<T>>(&self, args: GemmArgs<'_, T, X>, mut epilogue: impl Epilogue<T>) {
        let GemmArgs { ref a, b, ref c, .. } = args;
        let (Some(x), Some(bias), false) =
            (a.mat().stored(), epilogue.bias(), a.is_transposed() || b.is_transposed())
        else {
            return by_parts(self, args, epilogue);
        };
        let (k, n) = b.mat().shape();
        // The layers have checked it already, so that this is no code where they are inlined.
        if x.shape() != (c.rows(), k) || bias.len() != n {
            return;
        }
        let (mut rows, mut c) = (x.data(), args.c);
        for (row, out) in rows_of_mut(c.data_mut(), n).enumerate() {
            let Some(x) = take(&mut rows, k) else { break };
            row_times_matrix(x, b.mat().data(), out);
            if let Some(bias) = epilogue.bias() {
                add_bias(bias, false, out);
            }
            epilogue.after(row, out);
        }
    }
}

/// out ← x·W. Never inlined, so that a program has it once, however many products it has.
#[inline(never)]
fn row_times_matrix<T: Float>(x: &[T], w: &[T], out: &mut [T]) {
    let _shapes_agree = multiply_row(x, w, out);
}
