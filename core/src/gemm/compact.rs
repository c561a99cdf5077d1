//! The product in little code, for firmware that runs one image after the other.
//!
//! One row of C at a time, in blocks of 16, 8, 4, 2 and 1 columns that stay in registers while k runs.
//! Every multiplication is written out: at opt-level "s" the optimiser leaves even a loop of constant
//! length a loop, and then most instructions only count. Elements are summed in the order of
//! [`Portable`](super::Portable), so the bits are the same.

use super::portable::{
    Scale, multiply_nt_by_rows, multiply_tn_by_elements, multiply_tt, store_zeros,
};
use super::{Gemm, GemmArgs, GemmParts, rows_of, rows_of_mut};
use crate::float::Float;
use crate::mat::{Mat, MatMut};
use crate::state::{take, take_mut};

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
            (false, false) => {
                for (a, c) in rows_of(a_data, k).zip(rows_of_mut(c, n)) {
                    multiply_row(a, b_data, c, scale);
                }
            }
            (true, false) => multiply_tn_by_elements(a_data, b_data, c, m, n, scale),
            (false, true) => multiply_nt_by_rows(a_data, b_data, c, k, n, scale),
            (true, true) => multiply_tt(a_data, b_data, c, m, k, n, scale),
        }
    }

    #[inline(always)]
    fn affine(
        &self,
        x: Mat<'_, T>,
        w: Mat<'_, T>,
        b: &[T],
        relu: bool,
        out: &mut MatMut<'_, T>,
    ) -> bool {
        let (k, n) = w.shape();
        let mut rows = x.data();
        for out in rows_of_mut(out.data_mut(), n) {
            let Some(x) = take(&mut rows, k) else { break };
            affine_row(x, w.data(), b, relu, out);
        }
        true
    }
}

/// One row of a layer: out ← x·w + b, and of it max(·, 0) if `relu`, NaN of NaN.
///
/// Never inlined, so that a program has it once, and its registers take stack once.
#[inline(never)]
pub(crate) fn affine_row<T: Float, X: Copy + Into<T>>(
    x: &[X],
    w: &[T],
    b: &[T],
    relu: bool,
    out: &mut [T],
) {
    multiply_row(x, w, out, Overwrite);
    // No number is below −∞.
    let least = if relu { T::ZERO } else { T::NEG_INFINITY };
    for (out, &b) in out.iter_mut().zip(b) {
        let sum = *out + b;
        *out = if sum < least { least } else { sum };
    }
}

/// Where the sums of a block go.
trait Store<T> {
    fn store<const N: usize>(&self, c: &mut [T; N], acc: [T; N]);
}

/// C ← acc, from registers.
struct Overwrite;

impl<T> Store<T> for Overwrite {
    #[inline(always)]
    fn store<const N: usize>(&self, c: &mut [T; N], acc: [T; N]) {
        *c = acc;
    }
}

impl<T: Float> Store<T> for Scale<T> {
    #[inline(always)]
    fn store<const N: usize>(&self, c: &mut [T; N], acc: [T; N]) {
        Scale::store(*self, c, &acc);
    }
}

/// acc ← acc + x·w, written out.
macro_rules! accumulate {
    ($name:ident, $n:literal, $($acc:ident $w:ident)*) => {
        #[inline(always)]
        fn $name<T: Float>(acc: &mut [T; $n], x: T, w: &[T; $n]) {
            let ([$($acc),*], [$($w),*]) = (acc, w);
            $(*$acc += x * *$w;)*
        }
    };
}

accumulate!(accumulate_16, 16, a0 w0 a1 w1 a2 w2 a3 w3 a4 w4 a5 w5 a6 w6 a7 w7
    a8 w8 a9 w9 a10 w10 a11 w11 a12 w12 a13 w13 a14 w14 a15 w15);
accumulate!(accumulate_8, 8, a0 w0 a1 w1 a2 w2 a3 w3 a4 w4 a5 w5 a6 w6 a7 w7);
accumulate!(accumulate_4, 4, a0 w0 a1 w1 a2 w2 a3 w3);
accumulate!(accumulate_2, 2, a0 w0 a1 w1);
accumulate!(accumulate_1, 1, a0 w0);

/// One row of C, block after block.
#[inline(always)]
fn multiply_row<T: Float, X: Copy + Into<T>>(a: &[X], b: &[T], mut c: &mut [T], to: impl Store<T>) {
    let (n, mut j) = (c.len(), 0);
    while let Some(block) = take_block(&mut c) {
        to.store(block, columns_16(a, b, n, j));
        j += 16;
    }
    if let Some(block) = take_block(&mut c) {
        to.store(block, columns(a, b, n, j, accumulate_8));
        j += 8;
    }
    if let Some(block) = take_block(&mut c) {
        to.store(block, columns(a, b, n, j, accumulate_4));
        j += 4;
    }
    if let Some(block) = take_block(&mut c) {
        to.store(block, columns(a, b, n, j, accumulate_2));
        j += 2;
    }
    if let Some(block) = take_block(&mut c) {
        to.store(block, columns(a, b, n, j, accumulate_1));
    }
}

/// Takes `N` elements off the front of a row, or none if there are fewer.
#[inline(always)]
fn take_block<'c, T, const N: usize>(c: &mut &'c mut [T]) -> Option<&'c mut [T; N]> {
    take_mut(c, N)?.first_chunk_mut()
}

/// `N` columns of the row from `j` on.
#[inline(always)]
fn columns<T: Float, X: Copy + Into<T>, const N: usize>(
    a: &[X],
    mut b: &[T],
    n: usize,
    j: usize,
    accumulate: impl Fn(&mut [T; N], T, &[T; N]),
) -> [T; N] {
    let mut acc = [T::ZERO; N];
    for &x in a {
        let row = take(&mut b, n).and_then(|row| row.get(j..)?.first_chunk());
        let Some(row) = row else { break };
        accumulate(&mut acc, x.into(), row);
    }
    acc
}

/// Sixteen columns of the row from `j` on. They are most of the work of wide layers: four rows of B a
/// turn, so that the loop costs little.
#[inline(always)]
fn columns_16<T: Float, X: Copy + Into<T>>(a: &[X], mut b: &[T], n: usize, j: usize) -> [T; 16] {
    let mut acc = [T::ZERO; 16];
    let (fours, rest) = a.as_chunks::<4>();
    for &[x0, x1, x2, x3] in fours {
        let Some(rows) = take(&mut b, 4 * n) else { break };
        let row = |index: usize| rows.get(index * n + j..).and_then(|row| row.first_chunk());
        let (Some(w0), Some(w1), Some(w2), Some(w3)) = (row(0), row(1), row(2), row(3)) else {
            break;
        };
        accumulate_16(&mut acc, x0.into(), w0);
        accumulate_16(&mut acc, x1.into(), w1);
        accumulate_16(&mut acc, x2.into(), w2);
        accumulate_16(&mut acc, x3.into(), w3);
    }
    for &x in rest {
        let row = take(&mut b, n).and_then(|row| row.get(j..)?.first_chunk());
        let Some(row) = row else { break };
        accumulate_16(&mut acc, x.into(), row);
    }
    acc
}
