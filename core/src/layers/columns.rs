//! Passes over a batch, a block of columns at a time.
//!
//! What a pass sums or repeats for each column then stays in registers while it goes through the rows,
//! and the length of every inner loop is a constant. Columns do not depend on each other, so the bits
//! are those of a pass column by column.

use crate::float::Float;
use crate::gemm::CHUNK;
use crate::slices::take;

/// Runs `$body` with block after block of `$cols` columns: `$j` is the first one, `$WIDTH` how many.
macro_rules! for_column_blocks {
    ($cols:expr, |$j:ident, $width:ident| $body:expr) => {{
        let cols: usize = $cols;
        let mut $j = 0;
        // On bare metal there are no vector registers to fill: wide blocks would only be code.
        if !cfg!(target_os = "none") {
            while cols - $j >= 32 {
                const $width: usize = 32;
                $body;
                $j += $width;
            }
            while cols - $j >= 4 {
                const $width: usize = 4;
                $body;
                $j += $width;
            }
        }
        while $j < cols {
            const $width: usize = 1;
            $body;
            $j += $width;
        }
    }};
}

pub(super) use for_column_blocks;

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

/// Where to divide a pass over `rows` rows of `width` columns by columns: near the middle, between two
/// blocks, or nowhere if a half would not pay for handing it to a thread.
pub(super) fn split_columns(rows: usize, width: usize) -> Option<usize> {
    let at = width / 64 * 32;
    (rows * width >= 2 * CHUNK && at > 0).then_some(at)
}

/// Where to divide `len` elements in rows of `cols`: after an even number of rows near the middle, or
/// nowhere if a half would not pay for handing it to a thread.
pub(super) fn split_rows(len: usize, cols: usize) -> Option<usize> {
    let at = len.checked_div(4 * cols)? * 2 * cols;
    (len >= 2 * CHUNK && at > 0).then_some(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pass_is_divided_between_blocks_of_columns_and_after_even_rows() {
        assert_eq!(split_columns(128, 1024), Some(512));
        assert_eq!(split_columns(1000, 100), Some(32));
        assert_eq!(split_columns(50, 100), None);
        assert_eq!(split_columns(CHUNK, 32), None);
        assert_eq!(split_rows(1001 * 33, 33), Some(500 * 33));
        assert_eq!(split_rows(50 * 100, 100), None);
        assert_eq!(split_rows(3 * CHUNK, CHUNK), None);
        assert_eq!(split_rows(0, 0), None);
    }
}
