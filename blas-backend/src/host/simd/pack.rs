//! Copies of pieces of the operands, in the order in which the kernels read them.

use super::vector::Vector;

/// Copies rows to another distance.
///
/// # Safety
///
/// As of [`Vector`]. Both must have the rows and columns, and not overlap; the copy must have room for
/// whole vectors.
#[inline(always)]
pub(super) unsafe fn copy_rows<V: Vector>(
    (from, from_stride): (*const V::Element, usize),
    (rows, cols): (usize, usize),
    (to, to_stride): (*mut V::Element, usize),
) {
    let whole = cols / V::LANES * V::LANES;
    // SAFETY: the promise of the caller.
    unsafe {
        let mask = V::mask(cols - whole);
        for i in 0..rows {
            let (from, to) = (from.add(i * from_stride), to.add(i * to_stride));
            for j in (0..whole).step_by(V::LANES) {
                V::load(from.add(j)).store(to.add(j));
            }
            if whole < cols {
                V::load_masked(from.add(whole), mask).store(to.add(whole));
            }
        }
    }
}

/// Copies a rows × cols matrix transposed.
///
/// # Safety
///
/// `from` must have `rows` rows of `cols` numbers, `to` `cols` rows of `rows`, and they must not
/// overlap. As of [`Vector`].
#[inline(always)]
pub(super) unsafe fn transpose<V: Vector>(
    (from, from_stride): (*const V::Element, usize),
    (rows, cols): (usize, usize),
    (to, to_stride): (*mut V::Element, usize),
) {
    let side = V::SIDE;
    // SAFETY: the promise of the caller.
    unsafe {
        for top in (0..rows).step_by(side) {
            for left in (0..cols).step_by(side) {
                let from = from.add(top * from_stride + left);
                let to = to.add(left * to_stride + top);
                if rows - top >= side && cols - left >= side {
                    V::transpose_square((from, from_stride), (to, to_stride));
                } else {
                    for i in 0..side.min(rows - top) {
                        for j in 0..side.min(cols - left) {
                            *to.add(j * to_stride + i) = *from.add(i * from_stride + j);
                        }
                    }
                }
            }
        }
    }
}
