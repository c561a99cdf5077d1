//! Products with few rows, the inference of single samples: as fast as B comes from memory.
//!
//! B is read once, from its first number to its last, where it lies.

use super::isa::Vector;
use crate::tile::{Operand, Product};
use barenet::Float;
use core::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};

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
pub(super) unsafe fn few_rows<V: Vector>(p: &Product<'_, V::Element>)
where
    V::Element: Float,
{
    // SAFETY: the promises of the caller.
    unsafe {
        if p.b.col_stride == 1 {
            let mut done = 0;
            while p.k - done >= DEPTH {
                add_rows::<V, DEPTH>(p, done);
                done += DEPTH;
            }
            while done < p.k {
                add_rows::<V, 1>(p, done);
                done += 1;
            }
            if p.k == 0 {
                add_rows::<V, 0>(p, 0);
            }
        } else {
            dots::<V>(p);
        }
    }
}

/// C ← C + α · columns `start..start + ROWS` of A · as many rows of B; C first becomes β·C.
///
/// # Safety
///
/// As of [`few_rows`]; the columns must lie within A and B's columns behind each other.
#[inline(always)]
unsafe fn add_rows<V: Vector, const ROWS: usize>(p: &Product<'_, V::Element>, start: usize)
where
    V::Element: Float,
{
    let (zero, one) = (V::Element::ZERO, V::Element::ONE);
    let beta = if start > 0 { one } else { p.beta };
    let b = p.b.data.wrapping_add(start * p.b.row_stride);
    for i in 0..p.m {
        // SAFETY: row i of C, and the promise of the caller.
        unsafe {
            let mut x = [V::splat(zero); ROWS];
            for (x, l) in x.iter_mut().zip(start..) {
                *x = V::splat(p.alpha * *p.a.data.add(i * p.a.row_stride + l * p.a.col_stride));
            }
            let c = p.c.add(i * p.c_stride);
            let scale = V::splat(beta);
            for j in (0..p.n).step_by(V::LANES) {
                let c = c.add(j);
                let b = b.wrapping_add(j);
                macro_rules! add {
                    ($load:expr, $store:expr) => {{
                        let mut sum = if beta == zero {
                            V::splat(zero)
                        } else if beta == one {
                            $load(c.cast_const())
                        } else {
                            $load(c.cast_const()).mul(scale)
                        };
                        for (x, row) in x.iter().zip(0..) {
                            let b = b.wrapping_add(row * p.b.row_stride);
                            // The same numbers of the next rows: each row may lie on a page of its own,
                            // where the CPU's own prediction starts anew.
                            let next = b.wrapping_add(ROWS * p.b.row_stride);
                            _mm_prefetch::<_MM_HINT_T0>(next.cast());
                            sum = x.mul_add($load(b), sum);
                        }
                        $store(sum, c);
                    }};
                }
                if p.n - j >= V::LANES {
                    add!(|from| V::load(from), |v: V, to| v.store(to));
                } else {
                    let mask = V::mask(p.n - j);
                    add!(|from| V::load_masked(from, mask), |v: V, to| v.store_masked(to, mask));
                }
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
unsafe fn dots<V: Vector>(p: &Product<'_, V::Element>)
where
    V::Element: Float,
{
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
                let dot = p.alpha * lanes.into_iter().fold(zero, |sum, lane| sum + lane);
                let c = p.c.add(i * p.c_stride + j);
                *c = if p.beta == zero { dot } else { dot + p.beta * *c };
            }
        }
    }
}
