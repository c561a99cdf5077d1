//! Products with few rows, the inference of single samples: as fast as B comes from memory.
//!
//! B is read once, from its first number to its last, where it lies.

use super::vector::Vector;
use crate::host::tile::{Operand, Product};
use barenet::Float;
use core::hint::black_box;

/// Rows of B that are added to a row of C together.
const DEPTH: usize = 8;

/// Vectors in which a dot product is summed.
const SUMS: usize = 4;

/// Computes a product of few rows.
///
/// # Safety
///
/// As of [`Vector`], and the invariant of [`Product`]. One of B's strides must be 1, and if it is not
/// that from column to column, so must be A's.
#[inline(always)]
pub(super) unsafe fn few_rows<V: Vector>(p: &Product<'_, V::Element>) {
    let beta = p.write_bias();
    // SAFETY: the promises of the caller.
    unsafe {
        if p.b.col_stride == 1 {
            p.scale(beta);
            let mut done = 0;
            while p.k - done >= DEPTH {
                add_rows::<V, DEPTH>(p, done);
                done += DEPTH;
            }
            while done < p.k {
                add_rows::<V, 1>(p, done);
                done += 1;
            }
        } else {
            dots::<V>(p, beta);
        }
    }
}

/// C ← C + columns `start..start + ROWS` of A · as many rows of B.
///
/// # Safety
///
/// As of [`few_rows`]; the columns must lie within A and B's columns behind each other.
#[inline(always)]
unsafe fn add_rows<V: Vector, const ROWS: usize>(p: &Product<'_, V::Element>, start: usize) {
    let b = p.b.data.wrapping_add(start * p.b.row_stride);
    let rows: [_; ROWS] = core::array::from_fn(|row| b.wrapping_add(row * p.b.row_stride));
    let whole = p.n / V::LANES * V::LANES;
    for i in 0..p.m {
        // SAFETY: row i of C, and the promise of the caller.
        unsafe {
            let x: [_; ROWS] = core::array::from_fn(|row| {
                let at = i * p.a.row_stride + (start + row) * p.a.col_stride;
                V::splat(*p.a.data.add(at))
            });
            let c = p.c.add(i * p.c_stride);
            // The same numbers of the next rows: each row may lie on a page of its own, where the CPU's
            // own prediction starts anew. Once, with the first row of A. Counted by itself, since an address
            // for each row would not fit the registers.
            let mut ahead = black_box(ROWS * p.b.row_stride);
            for j in (0..whole).step_by(V::LANES) {
                let mut sum = V::load(c.add(j));
                for (x, row) in x.into_iter().zip(rows) {
                    if i == 0 {
                        V::prefetch(row.wrapping_add(ahead));
                    }
                    sum = x.mul_add(V::load(row.add(j)), sum);
                }
                sum.store(c.add(j));
                ahead += V::LANES;
            }
            if whole < p.n {
                let mask = V::mask(p.n - whole);
                let c = c.add(whole);
                let mut sum = V::load_masked(c, mask);
                for (x, row) in x.into_iter().zip(rows) {
                    sum = x.mul_add(V::load_masked(row.add(whole), mask), sum);
                }
                sum.store_masked(c, mask);
            }
        }
    }
}

/// Row after row of the transposed B, multiplied with the rows of A: numbers of k side by side, in
/// [`SUMS`] vectors of sums.
///
/// # Safety
///
/// As of [`few_rows`].
#[inline(always)]
unsafe fn dots<V: Vector>(p: &Product<'_, V::Element>, beta: V::Element) {
    let zero = V::Element::ZERO;
    let Operand { data: b, col_stride, .. } = p.b;
    for j in 0..p.n {
        for i in 0..p.m {
            // SAFETY: row i of A, row j of the transposed B, element (i, j) of C.
            unsafe {
                let (a, b) = (p.a.data.add(i * p.a.row_stride), b.add(j * col_stride));
                let mut sums = [V::splat(zero); SUMS];
                let mut l = 0;
                while p.k - l >= SUMS * V::LANES {
                    for (sum, at) in sums.iter_mut().zip((l..).step_by(V::LANES)) {
                        *sum = V::load(a.add(at)).mul_add(V::load(b.add(at)), *sum);
                    }
                    l += SUMS * V::LANES;
                }
                let one = V::splat(V::Element::ONE);
                let [mut sum, rest @ ..] = sums;
                for other in rest {
                    sum = other.mul_add(one, sum);
                }
                while l < p.k {
                    let mask = V::mask(p.k - l);
                    let (a, b) = (V::load_masked(a.add(l), mask), V::load_masked(b.add(l), mask));
                    sum = a.mul_add(b, sum);
                    l += V::LANES;
                }
                let mut lanes = [zero; 16];
                sum.store(lanes.as_mut_ptr());
                let dot = lanes.into_iter().fold(zero, |sum, lane| sum + lane);
                let c = p.c.add(i * p.c_stride + j);
                *c = if beta == zero { dot } else { dot + beta * *c };
            }
        }
    }
}
