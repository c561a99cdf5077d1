//! The loops around the unit: stretches of k and rows whose packed numbers stay in the cache, and blocks of C that stay in
//! the unit.

use super::pack::{Lines, Order, pack};
use super::source::Source;
use super::unit::{DEPTH, SIDE, TILE, Unit};
use crate::host::scratch::{Place, Scratch};
use crate::host::tile::{Multiply, Product};
use barenet::Pass;
use core::marker::PhantomData;
use core::ops::Range;

/// How much of k is summed before C is touched: of 32 columns of B, three parts take 36 KiB. And errors are the smallest
/// so: with more, each sum is rounded more often behind its largest number, with less there are more sums.
const MAX_DEPTH: usize = 192;

/// Rows and columns of C that stay in the unit: two tiles by two.
const BLOCK: usize = 2 * SIDE;

/// The smallest sum that is taken from three parts, of numbers up to 1; of larger ones it is as much larger. Parts and products
/// below 2⁻¹²⁶ that are lost are together no more than rounding makes of such a sum.
const LEAST: f32 = f32::from_bits((127 - 96) << 23);

/// The same where there are fewer than three parts, and C is rounded no more coarsely than they.
const MAX_DEPTH_OF_FEW_PARTS: usize = 512;

/// Packed tiles of A, and of B, at most: 512 KiB, a part of the second-level cache.
const MAX_TILES: usize = 1 << 9;

/// Computes a product with the operands split into `A` and `B` parts, on a unit.
///
/// What comes out infinite or NaN is computed again by `exact`: parts of an infinite number, and sums of them, may be NaN
/// where the product is not. So is what is so small that its small parts count as 0, if there are three.
///
/// # Safety
///
/// The machine must have the unit.
pub(super) unsafe fn multiply_from<U: Unit, L, const A: usize, const B: usize>(
    source: &impl Source,
    product: &Product<'_, f32, L>,
    exact: &dyn Multiply<f32>,
) {
    // SAFETY: the promise of the caller.
    unsafe {
        U::vectorized(Blocks::<U, _, _, A, B> { source, product, exact, unit: PhantomData });
    }
}

/// The same with a left operand that is stored.
///
/// # Safety
///
/// As of [`multiply_from`].
pub(crate) unsafe fn multiply<U: Unit, const A: usize, const B: usize>(
    product: &Product<'_, f32>,
    exact: &dyn Multiply<f32>,
) {
    // SAFETY: the promise of the caller.
    unsafe { multiply_from::<U, _, A, B>(&product.a, product, exact) };
}

/// Pairs of parts whose products count, but for the first two: of all that are not smaller than the least of them. Each
/// differs in one part from the one before, and the other one stays in the unit.
const fn small_terms(a: usize, b: usize) -> &'static [(usize, usize)] {
    match (a, b) {
        (3, 3) => &[(0, 2), (0, 1), (1, 1), (1, 0), (2, 0)],
        (2, 2) => &[(0, 1), (1, 0)],
        (1, 2) => &[(0, 1)],
        (1, 3) => &[(0, 2), (0, 1)],
        _ => &[],
    }
}

struct Blocks<'p, 'a, U, S, L, const A: usize, const B: usize> {
    source: &'p S,
    product: &'p Product<'a, f32, L>,
    exact: &'p dyn Multiply<f32>,
    unit: PhantomData<fn(U)>,
}

// SAFETY: it is run by the thread that made it.
unsafe impl<U, S, L, const A: usize, const B: usize> Send for Blocks<'_, '_, U, S, L, A, B> {}

/// Sums of a block of C.
#[repr(align(64))]
struct Sums([f32; BLOCK * BLOCK]);

impl<U: Unit, S: Source, L, const A: usize, const B: usize> Pass for Blocks<'_, '_, U, S, L, A, B> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let (p, source) = (self.product, self.source);
        let b = Lines { data: p.b.data, line_stride: p.b.col_stride, k_stride: p.b.row_stride };
        let has_three = B == 3;
        let max_depth = if has_three { MAX_DEPTH } else { MAX_DEPTH_OF_FEW_PARTS };
        let depth = p.k.div_ceil(p.k.div_ceil(max_depth).max(1)).next_multiple_of(DEPTH);
        let strip = |depth: usize, parts: usize| depth.div_ceil(DEPTH) * parts * TILE;
        let max_lines =
            |parts| (MAX_TILES * TILE / strip(depth, parts) * SIDE).next_multiple_of(BLOCK);
        let (max_rows, max_cols) = (max_lines(A), max_lines(B));
        let least = |a: f32, b: f32| if has_three { LEAST * a.max(b).max(1.0) } else { 0.0 };
        let [mut a_memory, mut b_memory, mut rest_memory] =
            [Place::SplitA, Place::SplitB, Place::Rests].map(Scratch::<f32>::take);
        let rests = rest_memory.numbers(if S::HAS_REST { max_cols.min(p.n) } else { 0 });
        let room = |memory: &mut Scratch<f32>, lines: usize, parts| {
            let len = lines.next_multiple_of(BLOCK) / SIDE * strip(depth, parts);
            memory.numbers(len).as_mut_ptr().cast::<u32>()
        };
        let a_packed = room(&mut a_memory, max_rows.min(p.m), A);
        let b_packed = room(&mut b_memory, max_cols.min(p.n), B);
        let mut sums = Sums([0.0; BLOCK * BLOCK]);
        // SAFETY: the promise of the caller of `multiply`.
        let mut unit = unsafe { U::start() };
        for start in (0..p.k).step_by(depth) {
            let ks = start..p.k.min(start + depth);
            let (a_strip, b_strip) = (strip(ks.len(), A), strip(ks.len(), B));
            for left in (0..p.n).step_by(max_cols) {
                let (right, b) = (p.n.min(left + max_cols), b.at(left, start));
                // SAFETY: columns of B; there is room for all.
                let b_most =
                    unsafe { pack::<B>(b, (right - left, ks.len()), Order::Pairs, b_packed) };
                if S::HAS_REST {
                    // SAFETY: rows of B.
                    unsafe { sum_rests(source, b, ks.clone(), &mut rests[..right - left]) };
                }
                for top in (0..p.m).step_by(max_rows) {
                    let bottom = p.m.min(top + max_rows);
                    // SAFETY: rows of A, likewise.
                    let a_most = unsafe { source.pack::<A>(top..bottom, ks.clone(), a_packed) };
                    for col in (left..right).step_by(BLOCK) {
                        for row in (top..bottom).step_by(BLOCK) {
                            let rows = row..bottom.min(row + BLOCK);
                            let cols = col..right.min(col + BLOCK);
                            let a_at = a_packed.wrapping_add((row - top) / SIDE * a_strip);
                            let b_at = b_packed.wrapping_add((col - left) / SIDE * b_strip);
                            let a = Strips::new(a_at, a_strip, rows.len());
                            let b = Strips::new(b_at, b_strip, cols.len());
                            let steps = ks.len().div_ceil(DEPTH);
                            // SAFETY: as many strips as there are rows and columns were packed.
                            unsafe {
                                sum::<U, A, B>(&mut unit, a, b, steps, &mut sums);
                                if S::HAS_REST {
                                    let rests = &rests[cols.start - left..cols.end - left];
                                    add_rests(source, rows.clone(), rests, &mut sums);
                                }
                                let part = (rows, cols, ks.clone());
                                let least = least(a_most, b_most);
                                finish((source, p, self.exact), part, least, &mut sums);
                            }
                        }
                    }
                }
            }
        }
    }
}

/// Packed rows of A or columns of B of a block: a strip of tiles, or two.
#[derive(Clone, Copy)]
struct Strips {
    first: *const u32,
    second: *const u32,
    are_two: bool,
}

impl Strips {
    #[inline(always)]
    fn new(first: *const u32, len: usize, lines: usize) -> Self {
        Self { first, second: first.wrapping_add(len), are_two: lines > SIDE }
    }
}

/// Sums a stretch of k for a block of C.
///
/// # Safety
///
/// The strips must have the tiles.
#[inline(always)]
unsafe fn sum<U: Unit, const A: usize, const B: usize>(
    unit: &mut U,
    a: Strips,
    b: Strips,
    steps: usize,
    Sums(sums): &mut Sums,
) {
    unit.zero::<0>();
    unit.zero::<1>();
    unit.zero::<2>();
    unit.zero::<3>();
    for terms in [small_terms(A, B), &[(0, 0)]] {
        for step in 0..steps {
            let mut loaded = [usize::MAX; 2];
            for &(i, j) in terms {
                let (a_at, b_at) = ((step * A + i) * TILE, (step * B + j) * TILE);
                // SAFETY: the promise of the caller: tiles of this stretch, of part i of A and part j of B.
                unsafe {
                    if loaded[0] != i {
                        unit.load::<4>(a.first.add(a_at));
                        if a.are_two {
                            unit.load::<5>(a.second.add(a_at));
                        }
                    }
                    if loaded[1] != j {
                        unit.load::<6>(b.first.add(b_at));
                        if b.are_two {
                            unit.load::<7>(b.second.add(b_at));
                        }
                    }
                }
                loaded = [i, j];
                unit.multiply::<0, 4, 6>();
                if b.are_two {
                    unit.multiply::<1, 4, 7>();
                }
                if a.are_two {
                    unit.multiply::<2, 5, 6>();
                    if b.are_two {
                        unit.multiply::<3, 5, 7>();
                    }
                }
            }
        }
    }
    let first = sums.as_mut_ptr();
    // SAFETY: four tiles of a block, two by two.
    unsafe {
        unit.store::<0>(first, BLOCK);
        unit.store::<1>(first.add(SIDE), BLOCK);
        unit.store::<2>(first.add(SIDE * BLOCK), BLOCK);
        unit.store::<3>(first.add(SIDE * BLOCK + SIDE), BLOCK);
    }
}

/// Sums the rows of a stretch of B, each with its part of the rest of A.
///
/// # Safety
///
/// The rows must be there, of neighbouring numbers.
#[inline(always)]
unsafe fn sum_rests(source: &impl Source, b: Lines, ks: Range<usize>, rests: &mut [f32]) {
    rests.fill(0.0);
    for (l, at) in ks.enumerate() {
        let factor = source.k_rest(at);
        // SAFETY: the promise of the caller.
        let row = unsafe { core::slice::from_raw_parts(b.at(0, l).data, rests.len()) };
        for (rest, &b) in rests.iter_mut().zip(row) {
            *rest = factor.mul_add(b, *rest);
        }
    }
}

/// Adds the products of the rest of A to a block's sums.
#[inline(always)]
fn add_rests(source: &impl Source, rows: Range<usize>, rests: &[f32], Sums(sums): &mut Sums) {
    for (i, row) in rows.zip(sums.as_chunks_mut::<BLOCK>().0) {
        let factor = source.row_rest(i);
        for (sum, &rest) in row.iter_mut().zip(rests) {
            *sum = factor.mul_add(rest, *sum);
        }
    }
}

/// Adds the sums of a stretch of k to a block of C.
///
/// # Safety
///
/// Rows, columns and stretch must be within the product.
#[inline(always)]
unsafe fn finish<L>(
    (source, p, exact): (&impl Source, &Product<'_, f32, L>, &dyn Multiply<f32>),
    (rows, cols, ks): (Range<usize>, Range<usize>, Range<usize>),
    least: f32,
    Sums(sums): &mut Sums,
) {
    let numbers = &sums[..rows.len() * BLOCK];
    if numbers.iter().fold(0, |wrong, &sum| wrong | u32::from(!is_right(sum, least))) != 0 {
        // SAFETY: the promise of the caller.
        unsafe {
            replace((source, p, exact), (rows.clone(), cols.clone(), ks.clone()), least, sums);
        };
    }
    let is_first = ks.start == 0;
    let beta = if is_first { p.beta } else { 1.0 };
    for (i, sums) in rows.zip(sums.as_chunks::<BLOCK>().0) {
        // SAFETY: a part of a row of C, and of the bias.
        unsafe {
            let row =
                core::slice::from_raw_parts_mut(p.c.add(i * p.c_stride + cols.start), cols.len());
            if is_first && !p.bias.is_null() {
                let bias = core::slice::from_raw_parts(p.bias.add(cols.start), cols.len());
                for ((c, sum), bias) in row.iter_mut().zip(sums).zip(bias) {
                    *c = sum + bias;
                }
            } else if beta == 0.0 {
                row.copy_from_slice(&sums[..cols.len()]);
            } else {
                for (c, sum) in row.iter_mut().zip(sums) {
                    *c = beta.mul_add(*c, *sum);
                }
            }
        }
    }
}

/// Whether a sum of parts is that of the numbers.
#[inline(always)]
fn is_right(sum: f32, least: f32) -> bool {
    let size = sum.abs();
    (sum == 0.0) | (size >= least) & (size < f32::INFINITY)
}

/// Replaces the sums that are not right. That one is not is a matter of its row and its column alone.
///
/// # Safety
///
/// As of [`finish`].
#[cold]
#[inline(never)]
unsafe fn replace<L>(
    (source, p, exact): (&impl Source, &Product<'_, f32, L>, &dyn Multiply<f32>),
    (rows, cols, ks): (Range<usize>, Range<usize>, Range<usize>),
    least: f32,
    sums: &mut [f32; BLOCK * BLOCK],
) {
    let mut again = Sums([0.0; BLOCK * BLOCK]);
    let mut memory = Scratch::take(Place::Rows);
    // SAFETY: the promise of the caller; a block has room for a block.
    unsafe {
        let a = source.numbers(rows.clone(), ks.clone(), &mut memory);
        exact.multiply(&p.part(a, (rows, cols, ks), again.0.as_mut_ptr(), BLOCK));
    }
    for (sum, again) in sums.iter_mut().zip(again.0) {
        if !is_right(*sum, least) {
            *sum = again;
        }
    }
}
