//! Operands split into bf16, tile after tile as the unit takes them.

use super::split::take_part;
use super::unit::{DEPTH, SIDE, TILE};
use crate::host::simd::transpose_f32;

/// How the numbers of a tile lie.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    /// Rows of A: a line in each row, its pairs of k side by side.
    Lines,
    /// Rows of B: a pair of k in each row, the lines side by side.
    Pairs,
}

/// Rows of A, or columns of B, by address: number l of line i lies at `i * line_stride + l * k_stride`. One of the two is
/// 1, or there is one line or number.
#[derive(Clone, Copy)]
pub(super) struct Lines {
    pub(super) data: *const f32,
    pub(super) line_stride: usize,
    pub(super) k_stride: usize,
}

impl Lines {
    /// Those from line `line` and number `l` on.
    #[inline(always)]
    pub(super) fn at(self, line: usize, l: usize) -> Self {
        let data = self.data.wrapping_add(line * self.line_stride + l * self.k_stride);
        Self { data, ..self }
    }
}

/// Packs `num` lines of `depth` numbers: strips of 16 lines one after the other, in each a stretch of 32 numbers after the
/// other, and of it a tile for each part. Where there are no more lines or numbers there are zeros. Returns the largest
/// absolute value, infinite or NaN if there is one.
///
/// # Safety
///
/// The lines must be there, in `to` room for all tiles, and the CPU must have AVX2.
#[inline(always)]
pub(super) unsafe fn pack<const PARTS: usize>(
    lines: Lines,
    (num, depth): (usize, usize),
    order: Order,
    to: *mut u32,
) -> f32 {
    let mut packed = Packed::<PARTS>::new(to, depth);
    let (strips, steps) = (num.div_ceil(SIDE), depth.div_ceil(DEPTH));
    // As the numbers lie in memory.
    let (outer, inner) = if lines.k_stride == 1 { (strips, steps) } else { (steps, strips) };
    for outer in 0..outer {
        for inner in 0..inner {
            let (strip, step) = if lines.k_stride == 1 { (outer, inner) } else { (inner, outer) };
            let (first, start) = (strip * SIDE, step * DEPTH);
            let len = (SIDE.min(num - first), DEPTH.min(depth - start));
            // SAFETY: the promise of the caller.
            unsafe { packed.tile(lines.at(first, start), len, order, (strip, step)) };
        }
    }
    packed.most()
}

/// Tiles that are packed.
pub(super) struct Packed<const PARTS: usize> {
    to: *mut u32,
    /// Stretches of 32 numbers in a strip.
    steps: usize,
    /// The largest absolute values, as bits.
    most: [u32; SIDE],
    copied: [f32; SIDE * DEPTH],
}

impl<const PARTS: usize> Packed<PARTS> {
    #[inline(always)]
    pub(super) fn new(to: *mut u32, depth: usize) -> Self {
        let steps = depth.div_ceil(DEPTH);
        Self { to, steps, most: [0; SIDE], copied: [0.0; SIDE * DEPTH] }
    }

    /// The largest absolute value, infinite or NaN if there is one.
    #[inline(always)]
    pub(super) fn most(self) -> f32 {
        f32::from_bits(self.most.into_iter().fold(0, u32::max))
    }

    /// Packs the tiles of so many lines and numbers, of a strip and a stretch in it.
    ///
    /// # Safety
    ///
    /// As of [`pack`].
    #[inline(always)]
    pub(super) unsafe fn tile(
        &mut self,
        from: Lines,
        (count, len): (usize, usize),
        order: Order,
        (strip, step): (usize, usize),
    ) {
        let is_right = match order {
            Order::Lines => from.k_stride == 1,
            Order::Pairs => from.line_stride == 1,
        };
        // SAFETY: the promise of the caller; what is copied has room for all.
        unsafe {
            let (data, stride) = if is_right && count == SIDE && len == DEPTH {
                (from.data, from.line_stride.max(from.k_stride))
            } else {
                copy(from, (count, len), order, &mut self.copied);
                (self.copied.as_ptr(), if order == Order::Lines { DEPTH } else { SIDE })
            };
            let to = self.to.add((strip * self.steps + step) * PARTS * TILE);
            match order {
                Order::Lines => split_lines::<PARTS>(data, stride, to, &mut self.most),
                Order::Pairs => split_pairs::<PARTS>(data, stride, to, &mut self.most),
            }
        }
    }
}

/// The largest absolute values, as bits: those of larger numbers are larger.
#[inline(always)]
fn raise(most: &mut [u32; SIDE], numbers: &[f32; SIDE]) {
    for (most, number) in most.iter_mut().zip(numbers) {
        *most = (*most).max(number.to_bits() & 0x7FFF_FFFF);
    }
}

/// Copies a part of some lines: one after the other, or number after number of all.
///
/// # Safety
///
/// The lines must be there, and the CPU have AVX2.
#[inline(always)]
unsafe fn copy(
    from: Lines,
    (count, len): (usize, usize),
    order: Order,
    to: &mut [f32; SIDE * DEPTH],
) {
    let (line_stride, k_stride) = if order == Order::Lines { (DEPTH, 1) } else { (1, SIDE) };
    if count < SIDE || len < DEPTH {
        *to = [0.0; SIDE * DEPTH];
        for i in 0..count {
            for l in 0..len {
                // SAFETY: the promise of the caller.
                to[i * line_stride + l * k_stride] =
                    unsafe { *from.data.add(i * from.line_stride + l * from.k_stride) };
            }
        }
        return;
    }
    let (from_stride, to_stride) =
        (from.line_stride.max(from.k_stride), if order == Order::Lines { DEPTH } else { SIDE });
    for i in (0..SIDE).step_by(8) {
        for l in (0..DEPTH).step_by(8) {
            // SAFETY: the promise of the caller: squares of lines that lie the other way.
            unsafe {
                let to = to.as_mut_ptr().add(i * line_stride + l * k_stride);
                transpose_f32((from.at(i, l).data, from_stride), (to, to_stride));
            }
        }
    }
}

/// Splits 16 lines of 32 numbers that lie side by side.
///
/// # Safety
///
/// They must be there, and room for a tile for each part.
#[inline(always)]
unsafe fn split_lines<const PARTS: usize>(
    from: *const f32,
    stride: usize,
    to: *mut u32,
    most: &mut [u32; SIDE],
) {
    for i in 0..SIDE {
        for half in 0..2 {
            let at = half * SIDE;
            // SAFETY: the promise of the caller. A row of a tile is as long as 32 numbers of 16 bits.
            let (mut numbers, to) = unsafe {
                let from = from.add(i * stride + at).cast::<[f32; SIDE]>();
                (*from, to.add(i * SIDE).cast::<u16>().add(at))
            };
            raise(most, &numbers);
            for part in 0..PARTS {
                // The upper halves: a bf16 each.
                #[allow(clippy::cast_possible_truncation)]
                let row = take_part(&mut numbers).map(|part| (part >> 16) as u16);
                // SAFETY: as above.
                unsafe { *to.byte_add(part * TILE * size_of::<u32>()).cast() = row };
            }
        }
    }
}

/// Splits 32 rows of 16 numbers that lie side by side, two rows into one of pairs.
///
/// # Safety
///
/// They must be there, and room for a tile for each part.
#[inline(always)]
unsafe fn split_pairs<const PARTS: usize>(
    from: *const f32,
    stride: usize,
    to: *mut u32,
    most: &mut [u32; SIDE],
) {
    for p in 0..SIDE {
        // SAFETY: the promise of the caller.
        let (mut first, mut second, to) = unsafe {
            let from = from.add(2 * p * stride);
            let rows = from.cast::<[f32; SIDE]>();
            (*rows, *from.add(stride).cast::<[f32; SIDE]>(), to.add(p * SIDE))
        };
        raise(most, &first);
        raise(most, &second);
        for part in 0..PARTS {
            let mut row = take_part(&mut first);
            for (pair, second) in row.iter_mut().zip(take_part(&mut second)) {
                *pair = *pair >> 16 | second;
            }
            // SAFETY: as above.
            unsafe { *to.add(part * TILE).cast() = row };
        }
    }
}
