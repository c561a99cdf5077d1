//! One row of a layer in little code, for firmware that runs one image after the other.
//!
//! Blocks of 16, 8, 2 and 1 columns stay in registers while k runs. Every multiplication of a block is
//! written out: at opt-level "s" the optimiser leaves even a loop of constant length a loop, and then
//! most instructions only count. Each sum is in the order of [`Portable`](super::Portable), so the bits
//! are the same.

use crate::float::Float;
use crate::slices::{block, take, take_mut};

/// Rows of W that a turn of the widest block takes, so that its loop costs little.
const ROWS: usize = 4;

/// One row of a layer whose W and b lie at the front of `params`: out ← x·W + b, and of it max(·, 0) if
/// `relu`, NaN of NaN. Returns what follows b, or `None` if a length is wrong.
///
/// Never inlined, so that a program has it once, and its registers take stack once.
#[inline(never)]
pub(crate) fn affine_row<'a, T: Float, X: Copy + Into<T>>(
    x: &[X],
    mut params: &'a [T],
    relu: bool,
    out: &mut [T],
) -> Option<&'a [T]> {
    let w = take(&mut params, x.len() * out.len())?;
    let b = take(&mut params, out.len())?;
    multiply_row(x, w, out)?;
    add_bias(b, relu, out);
    Some(params)
}

/// out ← out + b, and of it max(·, 0) if `relu`, NaN of NaN.
#[inline(always)]
pub(crate) fn add_bias<T: Float>(b: &[T], relu: bool, out: &mut [T]) {
    // No number is below −∞.
    let least = if relu { T::ZERO } else { T::NEG_INFINITY };
    for (out, &b) in out.iter_mut().zip(b) {
        keep_rolled();
        let sum = *out + b;
        *out = if sum < least { least } else { sum };
    }
}

/// out ← x·W. `None` if a length is wrong.
#[inline(always)]
pub(crate) fn multiply_row<T: Float, X: Copy + Into<T>>(
    x: &[X],
    w: &[T],
    out: &mut [T],
) -> Option<()> {
    // Rows are shorter than this by far (longer ones fail a check below). The optimiser does not know, and
    // told that four of them do not overflow it finds most checks superfluous.
    let n = out.len() & (usize::MAX >> 4);
    let (turns, last) = x.as_chunks::<ROWS>();
    let x = turns.as_flattened();
    let (mut blocks, mut j) = (&mut *out, 0);
    while let Some(block) = take_block(&mut blocks) {
        *block = columns_16(turns, w, n, j)?;
        j += 16;
    }
    if let Some(block) = take_block(&mut blocks) {
        *block = columns(x, w, n, j, accumulate_8)?;
        j += 8;
    }
    while let Some(block) = take_block(&mut blocks) {
        *block = columns(x, w, n, j, accumulate_2)?;
        j += 2;
    }
    if let Some(block) = take_block(&mut blocks) {
        *block = columns(x, w, n, j, accumulate_1)?;
    }
    // What is left of the rows, fewer than a turn: too little work for code of its own in each block.
    let mut w = w.get(x.len() * n..)?;
    for &x in last {
        for (out, &w) in out.iter_mut().zip(take(&mut w, n)?) {
            keep_rolled();
            *out += x.into() * w;
        }
    }
    Some(())
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
accumulate!(accumulate_2, 2, a0 w0 a1 w1);
accumulate!(accumulate_1, 1, a0 w0);

/// Takes `N` elements off the front of a row, or none if there are fewer.
#[inline(always)]
fn take_block<'c, T, const N: usize>(c: &mut &'c mut [T]) -> Option<&'c mut [T; N]> {
    take_mut(c, N)?.first_chunk_mut()
}

/// `N` columns of the row from `j` on.
#[inline(always)]
fn columns<T: Float, X: Copy + Into<T>, const N: usize>(
    x: &[X],
    mut w: &[T],
    n: usize,
    j: usize,
    accumulate: impl Fn(&mut [T; N], T, &[T; N]),
) -> Option<[T; N]> {
    check_block::<N>(n, j)?;
    let mut acc = [T::ZERO; N];
    for &x in x {
        if N == 1 {
            keep_rolled();
        }
        accumulate(&mut acc, x.into(), block(take(&mut w, n)?, j)?);
    }
    Some(acc)
}

/// Sixteen columns of the row from `j` on, which are most of the work of wide layers.
#[inline(always)]
fn columns_16<T: Float, X: Copy + Into<T>>(
    x: &[[X; ROWS]],
    mut w: &[T],
    n: usize,
    j: usize,
) -> Option<[T; 16]> {
    check_block::<16>(n, j)?;
    let (len, j1, j2, j3) = (ROWS * n, n + j, 2 * n + j, 3 * n + j);
    check_block::<16>(len, j1)?;
    check_block::<16>(len, j2)?;
    check_block::<16>(len, j3)?;
    let mut acc = [T::ZERO; 16];
    for &[x0, x1, x2, x3] in x {
        let rows = take(&mut w, len)?;
        accumulate_16(&mut acc, x0.into(), block(rows, j)?);
        accumulate_16(&mut acc, x1.into(), block(rows, j1)?);
        accumulate_16(&mut acc, x2.into(), block(rows, j2)?);
        accumulate_16(&mut acc, x3.into(), block(rows, j3)?);
    }
    Some(acc)
}

/// Whether rows of `len` have a block of `N` from `j` on. Checked before a loop, it is not in the loop.
#[inline(always)]
fn check_block<const N: usize>(len: usize, j: usize) -> Option<()> {
    (len.checked_sub(j)? >= N).then_some(())
}

/// Keeps the loop that calls it from being unrolled, which at opt-level 3 would be a third of the code.
#[inline(always)]
fn keep_rolled() {
    core::hint::black_box(());
}
