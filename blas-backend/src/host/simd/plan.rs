//! How a product is divided, decided by its sizes and by where its operands lie.

use super::few_columns::num_few_columns;
use super::vector::Vector;
use crate::host::tile::Product;

/// How much of k is summed before C is touched: three vectors of so many rows of B stay in the
/// first-level cache, beside the rows of A that they are multiplied with.
const MAX_DEPTH: usize = 192;

/// Columns of B copied together, so that the copy stays in the second-level cache.
const MAX_COLS: usize = 512;

/// Rows that lie further apart than so many bytes need an entry of the TLB each, and powers of two
/// fall onto each other in the cache: they are copied many at once, rather than by the tiles that read
/// them first.
pub(super) const FAR_BYTES: usize = 1536;

/// Numbers of C that do not stay in the second-level cache beside the operands.
const LARGE: usize = 1 << 16;

/// Numbers of A that do not stay in the second-level cache.
const AWAY: usize = 1 << 18;

/// So many columns of C are worth a copy of rows of A that are away.
const MANY_COLS: usize = 256;

/// With fewer rows of C than this, copying B does not pay.
const MIN_ROWS_TO_COPY: usize = 24;

/// How a product is divided into blocks, and what of it is copied.
#[derive(Clone, Copy)]
pub(super) struct Plan {
    /// Stretches of k, and how long each is but the last.
    pub(super) depths: usize,
    pub(super) depth: usize,
    /// Rows and columns of C that are computed before the next ones.
    pub(super) band_rows: usize,
    pub(super) max_cols: usize,
    /// Vectors in a tile, at most.
    pub(super) widest: usize,
    /// Columns that are multiplied by themselves.
    pub(super) few_cols: usize,
    pub(super) is_transposed: bool,
    pub(super) copies_a: bool,
    pub(super) copies_b: bool,
    /// Whether the first tiles copy B as they read it.
    pub(super) copies_on_the_way: bool,
}

impl Plan {
    /// `r3` and `r4` are the rows of tiles of three and four vectors.
    #[inline(always)]
    pub(super) fn new<V: Vector>(p: &Product<'_, V::Element>, r3: usize, r4: usize) -> Self {
        let depths = p.k.div_ceil(MAX_DEPTH).max(1);
        let is_far = |stride: usize| stride * size_of::<V::Element>() > FAR_BYTES;
        let is_transposed = p.a.row_stride == 1 && p.a.col_stride != 1;
        // A large C that is written once is written row by row, as its memory likes it: tiles of all columns
        // before those of the next rows. Otherwise B's columns stay in the cache: tiles of all rows first.
        let writes_rows = depths == 1 && is_far(p.c_stride) && p.m * p.n > LARGE;
        let (band_rows, widest, max_cols) =
            if writes_rows { (r3, 3, 2 * MAX_COLS) } else { (p.m, r4.min(4), MAX_COLS) };
        Self {
            depths,
            depth: p.k.div_ceil(depths),
            band_rows,
            max_cols,
            widest,
            few_cols: num_few_columns::<V>(p.n),
            is_transposed,
            copies_a: if is_transposed {
                is_far(p.a.col_stride) && p.n > 2 * V::LANES
            } else {
                is_far(p.a.row_stride) && p.n >= MANY_COLS && p.m * p.k > AWAY
            },
            copies_b: p.b.col_stride != 1 || (p.m >= MIN_ROWS_TO_COPY && p.n > V::LANES),
            copies_on_the_way: p.b.col_stride == 1 && !is_far(p.b.row_stride),
        }
    }
}
