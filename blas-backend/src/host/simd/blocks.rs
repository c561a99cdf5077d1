//! The loops around the microkernel: stretches of k, columns that stay in the cache, and copies.

use super::few_columns::{FewColumns, along_k, along_rows};
use super::few_rows::few_rows;
use super::microkernel::{Added, TileColumns, TileRows, Work, rows};
use super::pack::{copy_rows, transpose};
use super::plan::{FAR_BYTES, Plan};
use super::vector::Vector;
use crate::host::scratch::{Place, Scratch};
use crate::host::tile::{FEW_ROWS, Operand, Product};
use barenet::Float;
use core::hint::black_box;

/// So many rows are worth a tile if B's rows are near each other.
const ROWS_OF_A_SMALL_TILE: usize = 4;

/// Whether [`few_rows`] computes this product, which it then can.
pub(super) fn has_few_rows<T>(p: &Product<'_, T>) -> bool {
    let is_small = p.b.row_stride * size_of::<T>() <= FAR_BYTES;
    let is_plain = p.b.col_stride == 1 || p.a.col_stride == 1;
    is_plain && p.m <= FEW_ROWS && !(is_small && p.m >= ROWS_OF_A_SMALL_TILE)
}

/// Width in vectors of the next tiles if so many are left: three, whose rows of tiles use
/// registers and loads best, unless that leaves a narrow rest.
const fn vectors_of_tile(left: usize, widest: usize) -> usize {
    match left {
        0..=2 => left,
        4 if widest >= 4 => 4,
        4 => 2,
        _ => 3,
    }
}

/// Numbers that are added to the sums of the stretch of k number `block`.
#[inline(always)]
fn added_to<T: Float>(p: &Product<'_, T>, block: usize) -> Option<Added<T>> {
    if block == 0 && !p.bias.is_null() {
        return Some(Added { beta: T::ONE, from: p.bias, stride: 0 });
    }
    let beta = if block > 0 { T::ONE } else { p.beta };
    let c = Added { beta, from: p.c.cast_const(), stride: p.c_stride };
    (beta != T::ZERO).then_some(c)
}

/// Computes a product with the vectors `V`, `R1` rows in a tile one vector wide, `R2` in one of two
/// vectors, and so on.
///
/// # Safety
///
/// As of [`Vector`], and the invariant of [`Product`].
#[inline(always)]
unsafe fn multiply<
    V: Vector,
    const R1: usize,
    const R2: usize,
    const R3: usize,
    const R4: usize,
>(
    p: &Product<'_, V::Element>,
) {
    let mut scratch = [Place::A, Place::B, Place::FewColumns].map(Scratch::<V::Element>::take);
    let [a_scratch, b_scratch, few_scratch] = &mut scratch;
    let plan = Plan::new::<V>(p, R3, R4);
    let many_cols = p.n - plan.few_cols;
    for left in (0..many_cols).step_by(plan.max_cols) {
        let cols = (many_cols - left).min(plan.max_cols);
        for block in 0..plan.depths {
            let start = block * plan.depth;
            // Opaque, so that the innermost loop counts to a number and not to an expression.
            let depth = black_box(plan.depth.min(p.k - start.min(p.k)));
            let added = added_to(p, block);
            let copy = if plan.copies_b {
                b_scratch.numbers(cols.div_ceil(V::LANES) * V::LANES * depth).as_mut_ptr()
            } else {
                core::ptr::null_mut()
            };
            // SAFETY: rows `start..start + depth` and columns `left..left + cols` lie within B, the
            // same rows of k within A, and the last columns within B and C.
            unsafe {
                if plan.copies_b && !plan.copies_on_the_way {
                    copy_b::<V>(p, (start, depth), (left, cols), plan.widest, copy);
                }
                let a = a_block::<V>(p, (start, depth), plan.copies_a, a_scratch);
                let block = Block { start, left, cols, depth, a, added, copy };
                tiles::<V, R1, R2, R3, R4>(p, plan, block);
                if left + cols == many_cols && plan.few_cols > 0 {
                    let (c, cols) = ((p.c.wrapping_add(many_cols), p.c_stride), plan.few_cols);
                    let added = added.map(|added| added.at(0, many_cols));
                    let anywhere = plan.is_transposed;
                    let b = few_columns_of_b(p, (start, depth), cols, anywhere, few_scratch);
                    let few = FewColumns { b, depth, cols, c, added };
                    if plan.is_transposed {
                        along_rows::<V>(0..p.m, a, few);
                    } else {
                        along_k::<V>(0..p.m, a, few);
                    }
                }
            }
        }
    }
}

/// A stretch of k and some columns of C.
#[derive(Clone, Copy)]
struct Block<T> {
    /// The first row of B, and how many.
    start: usize,
    depth: usize,
    /// The first column, and how many.
    left: usize,
    cols: usize,
    /// This stretch of A.
    a: TileRows<T>,
    added: Option<Added<T>>,
    /// Room for a copy of B's part, if there is to be one.
    copy: *mut T,
}

/// Computes the tiles of a block: band after band of rows, and in it one width of columns after the other.
///
/// # Safety
///
/// As of [`multiply`]; the rows and columns of the block must lie within B, and the copy have room for them.
#[inline(always)]
unsafe fn tiles<V: Vector, const R1: usize, const R2: usize, const R3: usize, const R4: usize>(
    p: &Product<'_, V::Element>,
    plan: Plan,
    Block { start, left, cols, depth: k, a, added, copy }: Block<V::Element>,
) {
    let num_vectors = cols.div_ceil(V::LANES);
    for band in (0..p.m).step_by(plan.band_rows.max(1)) {
        let end = (band + plan.band_rows).min(p.m);
        let mut done = 0;
        while done < num_vectors {
            let vectors = vectors_of_tile(num_vectors - done, plan.widest);
            let done_cols = done * V::LANES;
            let len = (vectors * V::LANES).min(cols - done_cols);
            let copy = copy.wrapping_add(if plan.copies_b { done_cols * k } else { 0 });
            let b = if plan.copies_b && (band > 0 || !plan.copies_on_the_way) {
                let (stride, none) = (vectors * V::LANES, core::ptr::null_mut());
                TileColumns { data: copy, stride, len, is_padded: true, copy: none }
            } else {
                let at = start * p.b.row_stride + left + done_cols;
                let (data, stride) = (p.b.data.wrapping_add(at), p.b.row_stride);
                TileColumns { data, stride, len, is_padded: false, copy }
            };
            let (c, c_stride) = (p.c.wrapping_add(left + done_cols), p.c_stride);
            let added = added.map(|added| added.at(0, left + done_cols));
            let work = Work { k, a, b, added, c, c_stride };
            // SAFETY: rows `band..end` and these columns lie within A, B or their copies,
            // and C.
            unsafe {
                match (vectors, plan.is_transposed) {
                    (1, false) => rows::<V, R1, 1, false>(band..end, work),
                    (2, false) => rows::<V, R2, 2, false>(band..end, work),
                    (3, false) => rows::<V, R3, 3, false>(band..end, work),
                    (_, false) => rows::<V, R4, 4, false>(band..end, work),
                    (1, true) => rows::<V, R1, 1, true>(band..end, work),
                    (2, true) => rows::<V, R2, 2, true>(band..end, work),
                    (3, true) => rows::<V, R3, 3, true>(band..end, work),
                    (_, true) => rows::<V, R4, 4, true>(band..end, work),
                }
            }
            done += vectors;
        }
    }
}

/// A stretch of the last columns of B: where they lie if `anywhere`, otherwise each in one piece.
///
/// # Safety
///
/// They must lie within B.
#[inline(always)]
unsafe fn few_columns_of_b<T: Float>(
    p: &Product<'_, T>,
    (start, depth): (usize, usize),
    cols: usize,
    anywhere: bool,
    scratch: &mut Scratch<T>,
) -> Operand<T> {
    let Operand { data, row_stride, col_stride } = p.b;
    let first = data.wrapping_add(start * row_stride + (p.n - cols) * col_stride);
    if anywhere || row_stride == 1 {
        return Operand { data: first, row_stride, col_stride };
    }
    let copy = scratch.numbers(cols * depth).as_mut_ptr();
    for l in 0..depth {
        for j in 0..cols {
            // SAFETY: the promise of the caller; the copy has room for all.
            unsafe { *copy.add(j * depth + l) = *first.add(l * row_stride + j * col_stride) };
        }
    }
    Operand { data: copy, row_stride: 1, col_stride: depth }
}

/// Place from which columns `start..start + depth` of A can be read: their own, or a copy.
///
/// # Safety
///
/// They must lie within A.
#[inline(always)]
unsafe fn a_block<V: Vector>(
    p: &Product<'_, V::Element>,
    (start, depth): (usize, usize),
    copies: bool,
    scratch: &mut Scratch<V::Element>,
) -> TileRows<V::Element> {
    let Operand { data, row_stride, col_stride } = p.a;
    let data = data.wrapping_add(start * col_stride);
    if !copies {
        return TileRows { data, stride: if col_stride == 1 { row_stride } else { col_stride } };
    }
    let (rows, cols) = if col_stride == 1 { (p.m, depth) } else { (depth, p.m) };
    // An odd number of cache lines from row to row, so that they fall onto different places.
    let lanes = 64 / size_of::<V::Element>();
    let stride = (cols.div_ceil(lanes) | 1) * lanes;
    let copy = scratch.numbers(rows * stride).as_mut_ptr();
    // SAFETY: the promise of the caller; the copy has room for whole vectors in each row.
    unsafe { copy_rows::<V>((data, row_stride.max(col_stride)), (rows, cols), (copy, stride)) };
    TileRows { data: copy, stride }
}

/// Copies a block of B, tile after tile, each tile's rows behind each other.
///
/// # Safety
///
/// The block must lie within B, and the copy have room for `depth` rows of whole vectors.
#[inline(always)]
unsafe fn copy_b<V: Vector>(
    p: &Product<'_, V::Element>,
    (start, depth): (usize, usize),
    (left, cols): (usize, usize),
    widest: usize,
    copy: *mut V::Element,
) {
    let Operand { data, row_stride, col_stride } = p.b;
    let num_vectors = cols.div_ceil(V::LANES);
    let mut done = 0;
    while done < num_vectors {
        let vectors = vectors_of_tile(num_vectors - done, widest);
        let (width, done_cols) = (vectors * V::LANES, done * V::LANES);
        let len = width.min(cols - done_cols);
        // SAFETY: the promise of the caller.
        unsafe {
            let to = (copy.add(done_cols * depth), width);
            // B has nothing there if k is 0.
            let from = data.wrapping_add(start * row_stride + (left + done_cols) * col_stride);
            if col_stride == 1 {
                copy_rows::<V>((from, row_stride), (depth, len), to);
            } else {
                transpose::<V>((from, col_stride), (len, depth), to);
            }
        }
        done += vectors;
    }
}

/// Computes a product with the vectors of AVX-512.
///
/// # Safety
///
/// The CPU must have AVX-512; and the invariant of [`Product`].
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512vl,avx512bw,avx512dq,fma,avx2")]
pub(super) unsafe fn with_avx512<V: Vector>(product: &Product<'_, V::Element>) {
    // SAFETY: this function is compiled for AVX-512, which the CPU has.
    unsafe {
        if has_few_rows(product) {
            few_rows::<V>(product);
        } else {
            multiply::<V, 10, 10, 8, 6>(product);
        }
    }
}

/// Computes a product with the vectors of AVX2.
///
/// # Safety
///
/// The CPU must have AVX2 and FMA; and the invariant of [`Product`].
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
pub(super) unsafe fn with_avx2<V: Vector>(product: &Product<'_, V::Element>) {
    // SAFETY: this function is compiled for AVX2 and FMA, which the CPU has.
    unsafe {
        if has_few_rows(product) {
            few_rows::<V>(product);
        } else {
            multiply::<V, 10, 6, 4, 1>(product);
        }
    }
}

/// Computes a product with the vectors of NEON.
///
/// # Safety
///
/// The CPU must have NEON; and the invariant of [`Product`].
#[cfg(target_arch = "aarch64")]
#[target_feature(enable = "neon")]
pub(super) unsafe fn with_neon<V: Vector>(product: &Product<'_, V::Element>) {
    // SAFETY: this function is compiled for NEON, which the CPU has.
    unsafe {
        if has_few_rows(product) {
            few_rows::<V>(product);
        } else {
            multiply::<V, 8, 12, 8, 6>(product);
        }
    }
}
