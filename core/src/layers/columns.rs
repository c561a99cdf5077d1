//! Passes over a batch, a block of columns at a time.
//!
//! What a pass sums or repeats for each column then stays in registers while it goes through the rows,
//! and the length of every inner loop is a constant. Columns do not depend on each other, so the bits
//! are those of a pass column by column.

/// Runs `$body` with block after block of `$cols` columns: `$j` is the first one, `$WIDTH` how many.
macro_rules! for_column_blocks {
    ($cols:expr, |$j:ident, $width:ident| $body:expr) => {{
        let cols: usize = $cols;
        let mut $j = 0;
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
        while $j < cols {
            const $width: usize = 1;
            $body;
            $j += $width;
        }
    }};
}

pub(super) use for_column_blocks;

/// `N` numbers of a row from number `j` on.
#[inline(always)]
pub(super) fn block<T, const N: usize>(row: &[T], j: usize) -> Option<&[T; N]> {
    row.get(j..)?.first_chunk()
}

/// `N` numbers of a row from number `j` on, for writing.
#[inline(always)]
pub(super) fn block_mut<T, const N: usize>(row: &mut [T], j: usize) -> Option<&mut [T; N]> {
    row.get_mut(j..)?.first_chunk_mut()
}
