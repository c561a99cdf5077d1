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
use crate::mat::MatMut;
use crate::slices::{columns_of, copy, for_blocks, rows_of, rows_of_mut, zip};

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
        let (p, is_transposed, mut c) = Flat::new(args);
        let c = c.data_mut();
        if c.is_empty() {
            return;
        }
        match is_transposed {
            _ if p.k == 0 => scale(c, p.beta),
            (false, false) => p.nn(c),
            (true, false) => p.tn(c),
            (false, true) => p.nt(c),
            (true, true) => p.tt(c),
        }
    }
}

/// β·C, which is all that remains of a product over k = 0.
pub(super) fn scale<T: Float>(c: &mut [T], beta: T) {
    if beta == T::ONE {
        return;
    }
    for c in c {
        *c = if beta == T::ZERO { T::ZERO } else { beta * *c };
    }
}

/// Four rows of a flat slice.
#[inline(always)]
fn four_rows<T>(data: &[T], cols: usize) -> Option<[&[T]; ROWS]> {
    let mut rows = rows_of(data, cols);
    Some([rows.next()?, rows.next()?, rows.next()?, rows.next()?])
}

/// A product but for C: A and B as they are stored, and the sizes of op(A), m × k, and op(B), k × n.
///
/// Its methods are named by what is transposed: `tn` computes C ← Aᵀ·B + β·C. Those `in_little_code` are for firmware
/// that multiplies little.
#[derive(Clone, Copy)]
pub(super) struct Flat<'a, T> {
    pub(super) a: &'a [T],
    pub(super) b: &'a [T],
    pub(super) m: usize,
    pub(super) k: usize,
    pub(super) n: usize,
    pub(super) beta: T,
}

impl<'a, T: Float> Flat<'a, T> {
    /// Takes a product apart: operands, which are transposed, and C.
    #[inline(always)]
    pub(super) fn new(args: GemmArgs<'a, T>) -> (Self, (bool, bool), MatMut<'a, T>) {
        let (m, k, n) = args.sizes();
        let (a, b, beta, c) = args.into_parts();
        let is_transposed = (a.is_transposed(), b.is_transposed());
        (Self { a: a.mat().data(), b: b.mat().data(), m, k, n, beta }, is_transposed, c)
    }

    /// C ← acc + β·C for one run of C, never reading C if β = 0.
    fn store(self, c: &mut [T], acc: &[T]) {
        if self.beta == T::ZERO {
            copy(c, acc);
        } else {
            for (c, &acc) in c.iter_mut().zip(acc) {
                *c = acc + self.beta * *c;
            }
        }
    }

    /// `R` × `N` elements of C, of its first rows and from column `j` on: `a` gives, for each k, `R` numbers of op(A).
    #[inline(always)]
    fn block<const R: usize, const N: usize>(
        self,
        a: impl Iterator<Item = [T; R]>,
        c: &mut [T],
        j: usize,
    ) {
        let mut acc = [[T::ZERO; N]; R];
        for (x, w) in a.zip(columns_of::<T, N>(self.b, self.n, j)) {
            for (row, x) in acc.iter_mut().zip(x) {
                for (acc, &w) in row.iter_mut().zip(w) {
                    *acc += x * w;
                }
            }
        }
        for (c, acc) in rows_of_mut(c, self.n).zip(&acc) {
            if let Some(c) = c.get_mut(j..) {
                self.store(c, acc);
            }
        }
    }

    fn nn(self, c: &mut [T]) {
        let Self { a, k, n, .. } = self;
        let mut c_blocks = c.chunks_exact_mut(n.saturating_mul(ROWS).max(1));
        let mut a_blocks = a.chunks_exact(k.saturating_mul(ROWS).max(1));
        for (a, c) in a_blocks.by_ref().zip(c_blocks.by_ref()) {
            let Some([a0, a1, a2, a3]) = four_rows(a, k) else { return };
            for_blocks!(n, [COLS, COLS / 2, 1], |j, WIDTH| {
                let a = zip!(a0, a1, a2, a3).map(|(&x0, &x1, &x2, &x3)| [x0, x1, x2, x3]);
                self.block::<ROWS, WIDTH>(a, c, j);
            });
        }
        let (a, c) = (a_blocks.remainder(), c_blocks.into_remainder());
        for (a, c) in rows_of(a, k).zip(rows_of_mut(c, n)) {
            for_blocks!(n, [COLS, COLS / 2, 1], |j, WIDTH| self.nn_row::<WIDTH>(a, c, j));
        }
    }

    /// `N` elements of one row of C from column `j` on.
    #[inline(always)]
    fn nn_row<const N: usize>(self, a: &[T], c: &mut [T], j: usize) {
        self.block::<1, N>(a.iter().map(|&x| [x]), c, j);
    }

    /// One element after the other.
    pub(super) fn nn_in_little_code(self, c: &mut [T]) {
        for (a, c) in rows_of(self.a, self.k).zip(rows_of_mut(c, self.n)) {
            for j in 0..self.n {
                self.nn_row::<1>(a, c, j);
            }
        }
    }

    fn tn(self, c: &mut [T]) {
        let n = self.n;
        let mut c_blocks = c.chunks_exact_mut(n.saturating_mul(ROWS).max(1));
        let mut i = 0;
        for c in c_blocks.by_ref() {
            for_blocks!(n, [COLS, COLS / 2, 1], |j, WIDTH| self.tn_block::<ROWS, WIDTH>(c, i, j));
            i += ROWS;
        }
        for c in c_blocks.into_remainder().chunks_exact_mut(n.max(1)) {
            for_blocks!(n, [COLS, COLS / 2, 1], |j, WIDTH| self.tn_block::<1, WIDTH>(c, i, j));
            i += 1;
        }
    }

    /// `R` × `N` elements of C from row `i` and column `j` on: row after row of A and B, `R` and `N`
    /// neighbours of each.
    #[inline(always)]
    fn tn_block<const R: usize, const N: usize>(self, c: &mut [T], i: usize, j: usize) {
        self.block::<R, N>(columns_of::<T, R>(self.a, self.m, i).copied(), c, j);
    }

    /// Row after row, a few columns at a time.
    pub(super) fn tn_in_little_code(self, c: &mut [T]) {
        for (i, c) in rows_of_mut(c, self.n).enumerate() {
            for_blocks!(self.n, [COLS / 2, 1], |j, WIDTH| self.tn_block::<1, WIDTH>(c, i, j));
        }
    }

    fn nt(self, c: &mut [T]) {
        let Self { k, n, .. } = self;
        for (a, c) in rows_of(self.a, k).zip(rows_of_mut(c, n)) {
            let mut c_blocks = c.chunks_exact_mut(ROWS);
            let mut b_blocks = self.b.chunks_exact(k.saturating_mul(ROWS).max(1));
            for (b, c) in b_blocks.by_ref().zip(c_blocks.by_ref()) {
                if let Some(b) = four_rows(b, k) {
                    self.store(c, &dots(a, b));
                }
            }
            for (b, c) in rows_of(b_blocks.remainder(), k).zip(c_blocks.into_remainder()) {
                self.store(core::slice::from_mut(c), &dots(a, [b]));
            }
        }
    }

    /// One element after the other.
    pub(super) fn nt_in_little_code(self, c: &mut [T]) {
        for (a, c) in rows_of(self.a, self.k).zip(rows_of_mut(c, self.n)) {
            for (b, c) in rows_of(self.b, self.k).zip(c) {
                self.store(core::slice::from_mut(c), &dots(a, [b]));
            }
        }
    }

    /// No layer asks for it, so it is short rather than fast.
    pub(super) fn tt(self, c: &mut [T]) {
        for (i, c) in rows_of_mut(c, self.n).enumerate() {
            for (b, c) in rows_of(self.b, self.k).zip(c) {
                let column = self.a.get(i..).unwrap_or_default().iter().step_by(self.m.max(1));
                let sum = column.zip(b).fold(T::ZERO, |sum, (&x, &w)| sum + x * w);
                self.store(core::slice::from_mut(c), &[sum]);
            }
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
            for (acc, &x, &w) in zip!(&mut acc, x, w) {
                *acc += x * w;
            }
        }
        let sum = acc.into_iter().fold(T::ZERO, |sum, lane| sum + lane);
        x_tail.iter().zip(w_tail).fold(sum, |sum, (&x, &w)| sum + x * w)
    })
}
