//! The product in safe, portable Rust.
//!
//! C is computed in blocks of a few rows by a few columns that stay in registers while k runs, so
//! each element of C is written once. What is fixed is the order in which one element is summed:
//! over k from first to last (B as stored), or in [`LANES`] partial sums that are added up in order
//! (B transposed). It depends neither on the block an element falls in nor on the sizes of C: a
//! product computed tile by tile, on any number of threads or on a microcontroller, has the same
//! bits.
//!
//! Blocks are unrolled by hand with constant sizes: firmware is often built for size, where the
//! optimiser does not unroll.

use super::{Gemm, GemmArgs};
use crate::float::Float;
use crate::machine::Machine;
use crate::slices::{columns_of, copy, for_blocks, rows_of, rows_of_mut};

/// Matrix products in safe Rust that runs anywhere.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Portable;

/// Rows of C computed together.
const ROWS: usize = 4;
/// Columns of C computed together.
const COLS: usize = 8;
/// Partial sums of a dot product: float addition may not be reordered by the compiler, so what it
/// is to run side by side must be written side by side.
const LANES: usize = 8;

impl Machine for Portable {}

impl<T: Float> Gemm<T> for Portable {
    fn gemm(&self, args: GemmArgs<'_, T>) {
        let (m, k, n) = args.sizes();
        let (a, b, beta, mut c) = args.into_parts();
        let (a_data, b_data) = (a.mat().data(), b.mat().data());
        if m == 0 || n == 0 {
            return;
        }
        if k == 0 {
            return store_zeros(c.data_mut(), beta);
        }
        match (a.is_transposed(), b.is_transposed()) {
            (false, false) => multiply_nn(a_data, b_data, c.data_mut(), k, n, beta),
            (true, false) => multiply_tn(a_data, b_data, c.data_mut(), m, n, beta),
            (false, true) => multiply_nt(a_data, b_data, c.data_mut(), k, n, beta),
            (true, true) => multiply_tt(a_data, b_data, c.data_mut(), m, k, n, beta),
        }
    }
}

/// C ← acc + β·C for one run of C, never reading C if β = 0.
fn store<T: Float>(c: &mut [T], acc: &[T], beta: T) {
    if beta == T::ZERO {
        copy(c, acc);
    } else {
        for (c, &acc) in c.iter_mut().zip(acc) {
            *c = acc + beta * *c;
        }
    }
}

/// β·C, which is all that remains of a product over k = 0.
pub(super) fn store_zeros<T: Float>(c: &mut [T], beta: T) {
    if beta == T::ONE {
        return;
    }
    for c in c {
        *c = if beta == T::ZERO { T::ZERO } else { beta * *c };
    }
}

/// acc ← acc + x·wᵀ, a block of C in registers.
#[inline(always)]
fn rank_one<T: Float, const R: usize, const N: usize>(
    acc: &mut [[T; N]; R],
    x: [T; R],
    w: &[T; N],
) {
    for (row, x) in acc.iter_mut().zip(x) {
        for (acc, &w) in row.iter_mut().zip(w) {
            *acc += x * w;
        }
    }
}

fn multiply_nn<T: Float>(a: &[T], b: &[T], c: &mut [T], k: usize, n: usize, beta: T) {
    let mut c_blocks = c.chunks_exact_mut(n.saturating_mul(ROWS).max(1));
    let mut a_blocks = a.chunks_exact(k.saturating_mul(ROWS).max(1));
    for (a, c) in a_blocks.by_ref().zip(c_blocks.by_ref()) {
        for_blocks!(n, [COLS, COLS / 2, 1], |j, WIDTH| nn_rows::<T, WIDTH>(a, b, c, k, n, j, beta));
    }
    for (a, c) in rows_of(a_blocks.remainder(), k).zip(rows_of_mut(c_blocks.into_remainder(), n)) {
        for_blocks!(n, [COLS, COLS / 2, 1], |j, WIDTH| nn_row::<T, WIDTH>(a, b, c, n, j, beta));
    }
}

/// `ROWS` × `N` elements of C from column `j` on.
#[inline(always)]
fn nn_rows<T: Float, const N: usize>(
    a: &[T],
    b: &[T],
    c: &mut [T],
    k: usize,
    n: usize,
    j: usize,
    beta: T,
) {
    let mut rows = rows_of(a, k);
    let (Some(a0), Some(a1), Some(a2), Some(a3)) =
        (rows.next(), rows.next(), rows.next(), rows.next())
    else {
        return;
    };
    let mut acc = [[T::ZERO; N]; ROWS];
    let b_columns = columns_of::<T, N>(b, n, j);
    for ((((&x0, &x1), &x2), &x3), w) in a0.iter().zip(a1).zip(a2).zip(a3).zip(b_columns) {
        rank_one(&mut acc, [x0, x1, x2, x3], w);
    }
    store_block(c, &acc, n, j, beta);
}

/// `N` elements of one row of C from column `j` on.
#[inline(always)]
fn nn_row<T: Float, const N: usize>(a: &[T], b: &[T], c: &mut [T], n: usize, j: usize, beta: T) {
    let mut acc = [[T::ZERO; N]];
    for (&x, w) in a.iter().zip(columns_of::<T, N>(b, n, j)) {
        rank_one(&mut acc, [x], w);
    }
    store_block(c, &acc, n, j, beta);
}

/// Stores a block of C: its rows, from column `j` on.
#[inline(always)]
fn store_block<T: Float, const R: usize, const N: usize>(
    c: &mut [T],
    acc: &[[T; N]; R],
    n: usize,
    j: usize,
    beta: T,
) {
    for (c, acc) in rows_of_mut(c, n).zip(acc) {
        if let Some(c) = c.get_mut(j..) {
            store(c, acc, beta);
        }
    }
}

fn multiply_tn<T: Float>(a: &[T], b: &[T], c: &mut [T], m: usize, n: usize, beta: T) {
    let mut c_blocks = c.chunks_exact_mut(n.saturating_mul(ROWS).max(1));
    let mut i = 0;
    for c in c_blocks.by_ref() {
        for_blocks!(n, [COLS, COLS / 2, 1], |j, WIDTH| tn_block::<T, ROWS, WIDTH>(
            a,
            b,
            c,
            (m, n),
            (i, j),
            beta
        ));
        i += ROWS;
    }
    for c in c_blocks.into_remainder().chunks_exact_mut(n.max(1)) {
        for_blocks!(n, [COLS, COLS / 2, 1], |j, WIDTH| tn_block::<T, 1, WIDTH>(
            a,
            b,
            c,
            (m, n),
            (i, j),
            beta
        ));
        i += 1;
    }
}

/// `R` × `N` elements of C from row `i` and column `j` on: row after row of A and B, `R` and `N`
/// neighbours of each.
#[inline(always)]
fn tn_block<T: Float, const R: usize, const N: usize>(
    a: &[T],
    b: &[T],
    c: &mut [T],
    (m, n): (usize, usize),
    (i, j): (usize, usize),
    beta: T,
) {
    let mut acc = [[T::ZERO; N]; R];
    for (&x, w) in columns_of::<T, R>(a, m, i).zip(columns_of::<T, N>(b, n, j)) {
        rank_one(&mut acc, x, w);
    }
    store_block(c, &acc, n, j, beta);
}

/// [`multiply_nn`] in little code: one element after the other.
pub(super) fn multiply_nn_by_elements<T: Float>(
    a: &[T],
    b: &[T],
    c: &mut [T],
    k: usize,
    n: usize,
    beta: T,
) {
    for (a, c) in rows_of(a, k).zip(rows_of_mut(c, n)) {
        for j in 0..n {
            nn_row::<T, 1>(a, b, c, n, j, beta);
        }
    }
}

/// [`multiply_tn`] in little code: row after row, a few columns at a time.
pub(super) fn multiply_tn_by_rows<T: Float>(
    a: &[T],
    b: &[T],
    c: &mut [T],
    m: usize,
    n: usize,
    beta: T,
) {
    for (i, c) in rows_of_mut(c, n).enumerate() {
        for_blocks!(n, [COLS / 2, 1], |j, WIDTH| tn_block::<T, 1, WIDTH>(
            a,
            b,
            c,
            (m, n),
            (i, j),
            beta
        ));
    }
}

fn multiply_nt<T: Float>(a: &[T], b: &[T], c: &mut [T], k: usize, n: usize, beta: T) {
    for (a, c) in rows_of(a, k).zip(rows_of_mut(c, n)) {
        let mut c_blocks = c.chunks_exact_mut(ROWS);
        let mut b_blocks = b.chunks_exact(k.saturating_mul(ROWS).max(1));
        for (b, c) in b_blocks.by_ref().zip(c_blocks.by_ref()) {
            let mut rows = rows_of(b, k);
            if let (Some(b0), Some(b1), Some(b2), Some(b3)) =
                (rows.next(), rows.next(), rows.next(), rows.next())
            {
                store(c, &dots(a, [b0, b1, b2, b3]), beta);
            }
        }
        for (b, c) in rows_of(b_blocks.remainder(), k).zip(c_blocks.into_remainder()) {
            store(core::slice::from_mut(c), &dots(a, [b]), beta);
        }
    }
}

/// [`multiply_nt`] in little code: one element after the other.
pub(super) fn multiply_nt_by_rows<T: Float>(
    a: &[T],
    b: &[T],
    c: &mut [T],
    k: usize,
    n: usize,
    beta: T,
) {
    for (a, c) in rows_of(a, k).zip(rows_of_mut(c, n)) {
        for (b, c) in rows_of(b, k).zip(c) {
            store(core::slice::from_mut(c), &dots(a, [b]), beta);
        }
    }
}

/// Dot products of `a` with `R` rows. Each is summed in [`LANES`] lanes whatever `R` is.
#[inline(always)]
fn dots<T: Float, const R: usize>(a: &[T], b: [&[T]; R]) -> [T; R] {
    let (x_chunks, x_tail) = a.as_chunks::<LANES>();
    b.map(|b| {
        let (w_chunks, w_tail) = b.as_chunks::<LANES>();
        let mut acc = [T::ZERO; LANES];
        for (x, w) in x_chunks.iter().zip(w_chunks) {
            for ((acc, &x), &w) in acc.iter_mut().zip(x).zip(w) {
                *acc += x * w;
            }
        }
        let sum = acc.into_iter().fold(T::ZERO, |sum, lane| sum + lane);
        x_tail.iter().zip(w_tail).fold(sum, |sum, (&x, &w)| sum + x * w)
    })
}

/// Both transposed. No layer asks for it, so it is short rather than fast.
pub(super) fn multiply_tt<T: Float>(
    a: &[T],
    b: &[T],
    c: &mut [T],
    m: usize,
    k: usize,
    n: usize,
    beta: T,
) {
    for (i, c) in rows_of_mut(c, n).enumerate() {
        for (b, c) in rows_of(b, k).zip(c) {
            let column = a.get(i..).unwrap_or_default().iter().step_by(m.max(1));
            let sum = column.zip(b).fold(T::ZERO, |sum, (&x, &w)| sum + x * w);
            store(core::slice::from_mut(c), &[sum], beta);
        }
    }
}
