//! Passes over a batch, a block of columns at a time.
//!
//! The sums of a pass over each column then stay in registers while it goes through the rows,
//! and the length of every inner loop is a constant. Columns do not depend on each other, so the bits
//! are those of a pass column by column.

use crate::float::Float;
use crate::slices::take;

/// Runs `$body` with block after block of `$cols` columns: `$j` is the first one, `$WIDTH` how many.
macro_rules! for_column_blocks {
    ($cols:expr, |$j:ident, $width:ident| $body:expr) => {
        // On bare metal there are no vector registers to fill: wide blocks would only be code.
        if cfg!(target_os = "none") {
            $crate::slices::for_blocks!($cols, [1], |$j, $width| $body);
        } else {
            $crate::slices::for_blocks!($cols, [32, 4, 1], |$j, $width| $body);
        }
    };
}

/// Puts a block of each row, from column `$j` on, under the name of the row; ends the pass if there is none.
macro_rules! let_blocks {
    ([$($row:ident),+], $j:expr, $width:ident) => {
        let ($(Some($row),)+) = ($($crate::slices::block::<_, $width>($row, $j),)+) else { return };
    };
}

pub(super) use {for_column_blocks, let_blocks};

/// Rows that are summed one after the other. What is lost of a sum grows with the number of its additions,
/// so the sums of more rows are those of pieces: a hundred thousand rows lose as much as a few hundred. A
/// piece is longer than most batches, which so cost nothing.
pub(super) const PIECE: usize = 256;

/// The pieces of some rows of `cols` columns.
#[inline(always)]
pub(super) fn pieces_of<T>(mut rows: &[T], cols: usize) -> impl Iterator<Item = &[T]> {
    let most = cols.saturating_mul(PIECE);
    core::iter::from_fn(move || {
        let len = most.min(rows.len());
        if len == 0 { None } else { take(&mut rows, len) }
    })
}

/// sum ← sum + x.
#[inline(always)]
pub(super) fn add<T: Float, const N: usize>(sum: &mut [T; N], x: &[T; N]) {
    for (sum, &x) in sum.iter_mut().zip(x) {
        *sum += x;
    }
}
