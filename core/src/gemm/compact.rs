//! The product in little code, for firmware that runs one image after the other.
//!
//! Layers go forward one row at a time, by the kernel of [`row`](super::row). All else is computed by short
//! loops. Elements are summed in the order of [`Portable`](super::Portable), so the bits are the same.

use super::portable::{
    Scale, multiply_nn_by_elements, multiply_nt_by_rows, multiply_tn_by_rows, multiply_tt,
    store_zeros,
};
use super::row::{add_bias, multiply_row};
use super::{Gemm, GemmArgs, GemmParts};
use crate::float::Float;
use crate::machine::Machine;
use crate::mat::{Mat, MatMut};
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
        let (m, k, n) = args.sizes();
        let GemmParts { alpha, a, b, beta, mut c } = args.into_parts();
        let (a_data, b_data, c) = (a.mat().data(), b.mat().data(), c.data_mut());
        if k == 0 {
            return store_zeros(c, beta);
        }
        let scale = Scale { alpha, beta };
        match (a.is_transposed(), b.is_transposed()) {
            (false, false) if alpha == T::ONE && beta == T::ZERO => {
                for (a, c) in rows_of(a_data, k).zip(rows_of_mut(c, n)) {
                    let _shapes_agree = multiply_row(a, b_data, c);
                }
            }
            (false, false) => multiply_nn_by_elements(a_data, b_data, c, k, n, scale),
            (true, false) => multiply_tn_by_rows(a_data, b_data, c, m, n, scale),
            (false, true) => multiply_nt_by_rows(a_data, b_data, c, k, n, scale),
            (true, true) => multiply_tt(a_data, b_data, c, m, k, n, scale),
        }
    }

    #[inline(always)]
    fn affine(&self, x: Mat<'_, T>, w: Mat<'_, T>, b: &[T], relu: bool, mut out: MatMut<'_, T>) {
        let (k, n) = w.shape();
        // The layers have checked it already, so that this is no code where they are inlined.
        if x.cols() != k || out.shape() != (x.rows(), n) || b.len() != n {
            return;
        }
        let mut rows = x.data();
        for out in rows_of_mut(out.data_mut(), n) {
            let Some(x) = take(&mut rows, k) else { break };
            let _shapes_agree = multiply_row(x, w.data(), out);
            add_bias(b, relu, out);
        }
    }
}
