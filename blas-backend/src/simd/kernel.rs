//! One tile of C, and the loops around it.

use super::SimdElement;
use super::few_columns::{FewColumns, along_k, along_rows, num_few_columns};
use super::few_rows::few_rows;
use super::isa::{F32x8, F32x16, F64x4, F64x8, Isa, Vector};
use super::pack::{Scratch, copy_rows, transpose};
use crate::tile::{FEW_ROWS, Operand, Product};
use barenet::Float;
use core::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
use core::hint::black_box;
use core::ops::Range;

/// How much of k is summed before C is touched: three vectors of so many rows of B stay in the
/// first-level cache, beside the rows of A that they are multiplied with.
const MAX_DEPTH: usize = 192;

/// Columns of B copied together, so that the copy stays in the second-level cache.
const MAX_COLS: usize = 512;

/// Rows that lie further apart than so many bytes need an entry of the TLB each, and powers of two
/// fall onto each other in the cache: they are copied many at once, rather than by the tiles that read
/// them first.
const FAR_BYTES: usize = 1536;

/// Numbers of C that do not stay in the second-level cache beside the operands.
const LARGE: usize = 1 << 16;

/// With fewer rows of C than this, copying B does not pay.
const MIN_ROWS_TO_COPY: usize = 24;

/// How many rows of B ahead of the one that it copies a tile prefetches.
const ROWS_AHEAD: usize = 12;

/// So many rows are worth a tile if B's rows are near each other.
const ROWS_OF_A_SMALL_TILE: usize = 4;

/// Whether [`few_rows`] computes this product, which it then can.
pub(super) fn has_few_rows<T>(p: &Product<'_, T>) -> bool {
    let is_small = p.b.row_stride * size_of::<T>() <= FAR_BYTES;
    let is_plain = p.b.col_stride == 1 || p.a.col_stride == 1;
    is_plain && p.m <= FEW_ROWS && !(is_small && p.m >= ROWS_OF_A_SMALL_TILE)
}

/// α, and β unless it is 0.
pub(super) type Factors<T> = (T, Option<T>);

/// A tile's rows of A, by address: neighbours along k first, or, if transposed, neighbours along m.
#[derive(Clone, Copy)]
pub(super) struct Rows<T> {
    pub(super) data: *const T,
    pub(super) stride: usize,
}

/// A tile's columns of B, by address.
#[derive(Clone, Copy)]
struct Columns<T> {
    data: *const T,
    stride: usize,
    /// How many there are; the last vector may have fewer than it has lanes.
    len: usize,
    /// Whether the last vector may be read as a whole.
    is_padded: bool,
    /// Where the first tile leaves a copy, whose rows are `VECTORS` whole vectors; or null.
    copy: *mut T,
}

/// Computes `ROWS` × `VECTORS` vectors of C, each element by fused additions in the order of k.
///
/// # Safety
///
/// As of [`Vector`]; A must have `ROWS` rows of `k` numbers, B `k` rows of the columns, C `ROWS` rows of
/// them, and, if `COPIES`, the copy room for `k` rows.
#[inline(always)]
unsafe fn tile<
    V: Vector,
    const ROWS: usize,
    const VECTORS: usize,
    const TRANSPOSED: bool,
    const COPIES: bool,
>(
    k: usize,
    a: Rows<V::Element>,
    b: Columns<V::Element>,
    (alpha, beta): Factors<V::Element>,
    (c, c_stride): (*mut V::Element, usize),
) where
    V::Element: Float,
{
    // SAFETY: the promises of the caller cover every address formed here.
    unsafe {
        let last_lanes = b.len - (VECTORS - 1) * V::LANES;
        let mask = V::mask(last_lanes);
        let is_whole = last_lanes == V::LANES;
        let zero = V::splat(V::Element::ZERO);
        let mut sums = [[zero; VECTORS]; ROWS];
        let (mut b_at, mut copy_at, b_stride) = (b.data, b.copy, b.stride);
        macro_rules! sum_over_k {
            ($last:ident => $load_last:expr) => {
                for l in 0..k {
                    let mut b_row = [zero; VECTORS];
                    for (j, b) in b_row.iter_mut().enumerate().take(VECTORS - 1) {
                        *b = V::load(b_at.add(j * V::LANES));
                    }
                    let $last = b_at.add((VECTORS - 1) * V::LANES);
                    b_row[VECTORS - 1] = $load_last;
                    if COPIES {
                        for (j, b) in b_row.into_iter().enumerate() {
                            b.store(copy_at.add(j * V::LANES));
                            let ahead = b_at.wrapping_add(ROWS_AHEAD * b_stride + j * V::LANES);
                            _mm_prefetch::<_MM_HINT_T0>(ahead.cast());
                        }
                        copy_at = copy_at.add(VECTORS * V::LANES);
                    }
                    for (i, sums) in sums.iter_mut().enumerate() {
                        let at = if TRANSPOSED { l * a.stride + i } else { i * a.stride + l };
                        let a = V::splat(*a.data.add(at));
                        for (sum, b) in sums.iter_mut().zip(b_row) {
                            *sum = a.mul_add(b, *sum);
                        }
                    }
                    b_at = b_at.add(b.stride);
                }
            };
        }
        if is_whole || b.is_padded {
            sum_over_k!(last => V::load(last));
        } else {
            sum_over_k!(last => V::load_masked(last, mask));
        }
        let alpha = V::splat(alpha);
        // The last vector is always stored by its mask: with a choice here the compiler leaves the
        // sums in memory.
        macro_rules! store {
            (|$sum:ident, $c:ident, $load:ident| $result:expr) => {
                for (i, sums) in sums.iter().enumerate() {
                    let c = c.add(i * c_stride);
                    for (j, &$sum) in sums.iter().enumerate().take(VECTORS - 1) {
                        let $c = c.add(j * V::LANES);
                        let $load = || V::load($c);
                        ($result).store($c);
                    }
                    let ($sum, $c) = (sums[VECTORS - 1], c.add((VECTORS - 1) * V::LANES));
                    let $load = || V::load_masked($c, mask);
                    ($result).store_masked($c, mask);
                }
            };
        }
        match beta {
            None => store!(|sum, c, _load| sum.mul(alpha)),
            Some(beta) => {
                let beta = V::splat(beta);
                store!(|sum, c, load| sum.mul_add(alpha, load().mul(beta)));
            }
        }
    }
}

/// Computes all tiles of some rows and of columns `VECTORS` vectors wide: as many of `ROWS` rows as
/// fit, then smaller ones. If the columns are to be copied, the first tile does it as it reads them,
/// and the others read the copy.
///
/// # Safety
///
/// As of [`tile`], for all these rows.
#[inline(always)]
unsafe fn rows<V: Vector, const ROWS: usize, const VECTORS: usize, const TRANSPOSED: bool>(
    rows: Range<usize>,
    (k, a, mut b, factors, (c, c_stride)): Work<V::Element>,
) where
    V::Element: Float,
{
    let mut top = rows.start;
    macro_rules! next_tile {
        ($rows:expr, $copies:expr) => {
            let first = if TRANSPOSED { top } else { top * a.stride };
            let a = Rows { data: a.data.wrapping_add(first), ..a };
            let c = (c.wrapping_add(top * c_stride), c_stride);
            // SAFETY: the promise of the caller.
            unsafe { tile::<V, { $rows }, VECTORS, TRANSPOSED, $copies>(k, a, b, factors, c) };
            top += $rows;
        };
    }
    macro_rules! tiles {
        ($rows:expr) => {
            while rows.end - top >= $rows {
                next_tile!($rows, false);
            }
        };
    }
    if !b.copy.is_null() {
        if rows.len() >= ROWS {
            next_tile!(ROWS, true);
        } else {
            // SAFETY: the promise of the caller.
            unsafe { copy_rows::<V>((b.data, b.stride), (k, b.len), (b.copy, VECTORS * V::LANES)) };
        }
        b = Columns { data: b.copy, stride: VECTORS * V::LANES, is_padded: true, ..b };
    }
    tiles!(ROWS);
    tiles!(4);
    tiles!(2);
    tiles!(1);
}

/// What the tiles of one block have in common: k, A, B, α and β, C and its stride.
type Work<T> = (usize, Rows<T>, Columns<T>, Factors<T>, (*mut T, usize));

/// How many vectors the next tiles are wide if so many are left: three, whose rows of tiles use
/// registers and loads best, unless that leaves a narrow rest.
const fn vectors_of_tile(left: usize, widest: usize) -> usize {
    match left {
        0..=2 => left,
        4 if widest >= 4 => 4,
        4 => 2,
        _ => 3,
    }
}

/// Computes a product with the vectors `V`, `R1` rows in a tile one vector wide, `R2` in one of two
/// vectors, and so on.
///
/// # Safety
///
/// As of [`Vector`], and the invariant of [`Product`].
#[inline(always)]
unsafe fn multiply<V: Vector, const R1: usize, const R2: usize, const R3: usize, const R4: usize>(
    p: &Product<'_, V::Element>,
) where
    V::Element: Float + SimdElement,
{
    let mut scratch = Scratch::<V::Element>::of_this_thread();
    let depths = p.k.div_ceil(MAX_DEPTH).max(1);
    let depth = p.k.div_ceil(depths);
    let is_far = |stride: usize| stride * size_of::<V::Element>() > FAR_BYTES;
    let copies_b = p.b.col_stride != 1 || (p.m >= MIN_ROWS_TO_COPY && p.n > V::LANES);
    let copies_on_the_way = p.b.col_stride == 1 && !is_far(p.b.row_stride);
    let is_transposed = p.a.row_stride == 1 && p.a.col_stride != 1;
    let copies_a = is_transposed && is_far(p.a.col_stride) && p.n > 2 * V::LANES;
    // A large C that is written once is written row by row, as its memory likes it: tiles of all columns
    // before those of the next rows. Otherwise B's columns stay in the cache: tiles of all rows first.
    let writes_rows = depths == 1 && is_far(p.c_stride) && p.m * p.n > LARGE;
    let (band_rows, widest, max_cols) =
        if writes_rows { (R3, 3, 2 * MAX_COLS) } else { (p.m, R4.min(4), MAX_COLS) };
    let few_cols = num_few_columns::<V>(p.n);
    let many_cols = p.n - few_cols;
    for left in (0..many_cols).step_by(max_cols) {
        let cols = (many_cols - left).min(max_cols);
        let has_last_col = left + cols == many_cols;
        for block in 0..depths {
            let start = block * depth;
            // Opaque, so that the innermost loop counts to a number and not to an expression.
            let depth = black_box(depth.min(p.k - start.min(p.k)));
            let beta = if block > 0 { V::Element::ONE } else { p.beta };
            let factors = (p.alpha, (beta != V::Element::ZERO).then_some(beta));
            let num_vectors = cols.div_ceil(V::LANES);
            let copy = match copies_b {
                true => scratch.b(num_vectors * V::LANES * depth),
                false => core::ptr::null_mut(),
            };
            // SAFETY: rows `start..start + depth` and columns `left..left + cols` lie within B, the
            // same rows of k within A.
            let a = unsafe {
                if copies_b && !copies_on_the_way {
                    copy_b::<V>(p, (start, depth), (left, cols), widest, copy);
                }
                a_block::<V>(p, (start, depth), copies_a, &mut scratch)
            };
            for band in (0..p.m).step_by(band_rows.max(1)) {
                let end = (band + band_rows).min(p.m);
                let mut done = 0;
                while done < num_vectors {
                    let vectors = vectors_of_tile(num_vectors - done, widest);
                    let done_cols = done * V::LANES;
                    let len = (vectors * V::LANES).min(cols - done_cols);
                    let copy = copy.wrapping_add(if copies_b { done_cols * depth } else { 0 });
                    let columns = if copies_b && (band > 0 || !copies_on_the_way) {
                        let (stride, none) = (vectors * V::LANES, core::ptr::null_mut());
                        Columns { data: copy, stride, len, is_padded: true, copy: none }
                    } else {
                        let at = start * p.b.row_stride + left + done_cols;
                        let (data, stride) = (p.b.data.wrapping_add(at), p.b.row_stride);
                        Columns { data, stride, len, is_padded: false, copy }
                    };
                    let c = (p.c.wrapping_add(left + done_cols), p.c_stride);
                    let work = (depth, a, columns, factors, c);
                    // SAFETY: rows `band..end` and these columns lie within A, B or their copies,
                    // and C.
                    unsafe {
                        match (vectors, is_transposed) {
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
            if has_last_col && few_cols > 0 {
                let (c, cols) = ((p.c.wrapping_add(many_cols), p.c_stride), few_cols);
                // SAFETY: the last columns lie within B and C.
                unsafe {
                    let b = few_columns_of_b(p, (start, depth), cols, is_transposed, &mut scratch);
                    let few = FewColumns { b, depth, cols, c, factors };
                    if is_transposed {
                        along_rows::<V>(0..p.m, a, few);
                    } else {
                        along_k::<V>(0..p.m, a, few);
                    }
                }
            }
        }
    }
    scratch.give_back();
}

/// A stretch of the last columns of B: where they lie if `anywhere`, otherwise each in one piece.
///
/// # Safety
///
/// They must lie within B.
#[inline(always)]
unsafe fn few_columns_of_b<T: SimdElement>(
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
    let copy = scratch.few_columns_of_b(cols * depth);
    for l in 0..depth {
        for j in 0..cols {
            // SAFETY: the promise of the caller; the copy has room for all.
            unsafe { *copy.add(j * depth + l) = *first.add(l * row_stride + j * col_stride) };
        }
    }
    Operand { data: copy, row_stride: 1, col_stride: depth }
}

/// Where columns `start..start + depth` of A can be read: where they lie, or in a copy.
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
) -> Rows<V::Element>
where
    V::Element: SimdElement,
{
    let Operand { data, row_stride, col_stride } = p.a;
    let data = data.wrapping_add(start * col_stride);
    if !copies {
        return Rows { data, stride: if col_stride == 1 { row_stride } else { col_stride } };
    }
    // An odd number of cache lines from row to row, so that they fall onto different places.
    let lanes = 64 / size_of::<V::Element>();
    let stride = (p.m.div_ceil(lanes) | 1) * lanes;
    let copy = scratch.a(stride * depth);
    // SAFETY: the promise of the caller; the copy has room for `depth` rows of `stride` ≥ m.
    unsafe { copy_rows::<V>((data, col_stride), (depth, p.m), (copy, stride)) };
    Rows { data: copy, stride }
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
) where
    V::Element: SimdElement,
{
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
            let from = data.add(start * row_stride + (left + done_cols) * col_stride);
            if col_stride == 1 {
                copy_rows::<V>((from, row_stride), (depth, len), to);
            } else {
                transpose((from, col_stride), (len, depth), to);
            }
        }
        done += vectors;
    }
}

macro_rules! impl_element {
    ($t:ty, $avx512:ident: $wide:ty, $avx2:ident: $narrow:ty, $transpose:path) => {
        /// # Safety
        ///
        /// The CPU must have AVX-512.
        #[target_feature(enable = "avx512f,avx512vl,avx512bw,avx512dq,fma,avx2")]
        unsafe fn $avx512(product: &Product<'_, $t>) {
            // SAFETY: this function is compiled for AVX-512, which the CPU has.
            unsafe {
                if has_few_rows(product) {
                    few_rows::<$wide>(product);
                } else {
                    multiply::<$wide, 10, 10, 8, 6>(product);
                }
            }
        }

        /// # Safety
        ///
        /// The CPU must have AVX2 and FMA.
        #[target_feature(enable = "avx2,fma")]
        unsafe fn $avx2(product: &Product<'_, $t>) {
            // SAFETY: this function is compiled for AVX2 and FMA, which the CPU has.
            unsafe {
                if has_few_rows(product) {
                    few_rows::<$narrow>(product);
                } else {
                    multiply::<$narrow, 10, 6, 4, 1>(product);
                }
            }
        }

        impl SimdElement for $t {
            unsafe fn multiply(isa: Isa, product: &Product<'_, Self>) {
                // SAFETY: the promise of the caller.
                unsafe {
                    match isa {
                        Isa::Avx512 => $avx512(product),
                        Isa::Avx2 => $avx2(product),
                    }
                }
            }

            #[inline(always)]
            unsafe fn transpose_square(from: (*const Self, usize), to: (*mut Self, usize)) {
                // SAFETY: the promise of the caller.
                unsafe { $transpose(from, to) };
            }
        }
    };
}

impl_element!(f32, multiply_f32_avx512: F32x16, multiply_f32_avx2: F32x8, super::pack::transpose_f32);
impl_element!(f64, multiply_f64_avx512: F64x8, multiply_f64_avx2: F64x4, super::pack::transpose_f64);
