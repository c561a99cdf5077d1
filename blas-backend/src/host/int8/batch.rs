//! Layers of a batch: the weights are put into another order once for all rows.

use super::requantize;
use barenet::quant::{Output, QuantBatch, QuantParts};
use core::cell::RefCell;

/// Rows and blocks of four outputs that any kernel multiplies together, at most.
pub(super) const MAX_ROWS: usize = 8;
pub(super) const MAX_BLOCKS: usize = 8;

/// With fewer rows the weights stay as they are.
const MIN_ROWS: usize = 4;

/// Weights of four inputs for 16 outputs, those of an output in a lane of 32 bits.
#[derive(Clone, Copy)]
#[repr(align(64))]
pub(super) struct Line(pub(super) [i32; 16]);

thread_local! {
    static WEIGHTS: RefCell<Vec<Line>> = const { RefCell::new(Vec::new()) };
}

/// Vectors of outputs whose sums, for some rows, are in registers at once.
///
/// # Safety
///
/// The functions may be called only on a CPU that has their instructions.
pub(super) trait Panels {
    const ROWS: usize;
    const BLOCKS: usize;
    /// Lines of weights for a group of inputs: four blocks in each.
    const LINES: usize;

    /// Computes a layer of one row. The parts must be those of `QuantArgs`.
    unsafe fn layer<O: Output>(parts: QuantParts<'_, O>);

    /// Puts the weights of up to [`Self::BLOCKS`] blocks, of `groups` groups each, into lanes; those without an output hold
    /// anything. Returns whether all are numbers of 8 bits: all that [`pack`](barenet::quant::pack) has packed are.
    unsafe fn put_in_lanes(w: &[[u32; 4]], groups: usize, to: &mut [Line]) -> bool;

    /// Computes the sums of [`Self::ROWS`] rows, each of as many groups as `w` has.
    unsafe fn tile(
        x: [*const [u8; 4]; MAX_ROWS],
        w: &[Line],
        sums: &mut [[[i32; 4]; MAX_BLOCKS]; MAX_ROWS],
    );
}

/// Computes a layer of the rows of a batch.
///
/// # Safety
///
/// As of [`Panels`].
#[inline(always)]
pub(super) unsafe fn layer_of_batch<P: Panels, O: Output>(batch: QuantBatch<'_, O>) {
    let num_rows = batch.num_rows();
    let QuantParts { x, w, channels, out } = batch.into_parts();
    let (groups, blocks) = (x.len() / num_rows, channels.len());
    if blocks == 0 {
        return;
    }
    let mut weights = WEIGHTS.take();
    weights.resize(groups * P::LINES, Line([0; 16]));
    let mut sums = [[[0; 4]; MAX_BLOCKS]; MAX_ROWS];
    let mut is_packed = num_rows >= MIN_ROWS;
    for left in (0..blocks).step_by(P::BLOCKS) {
        let right = (left + P::BLOCKS).min(blocks);
        let w = &w[left * groups..right * groups];
        // SAFETY: the promise of the caller.
        is_packed = is_packed && unsafe { P::put_in_lanes(w, groups, &mut weights) };
        if !is_packed {
            break;
        }
        for top in (0..num_rows).step_by(P::ROWS) {
            // Rows that are not there are the last one again: what is summed of them is not stored.
            let rows = core::array::from_fn(|i| x[(top + i).min(num_rows - 1) * groups..].as_ptr());
            // SAFETY: the promise of the caller; from each address on there are `groups` groups.
            unsafe { P::tile(rows, &weights, &mut sums) };
            for (row, sums) in (top..num_rows.min(top + P::ROWS)).zip(&sums) {
                let out = &mut out[row * blocks + left..row * blocks + right];
                requantize(sums, &channels[left..right], out);
            }
        }
    }
    WEIGHTS.set(weights);
    if !is_packed {
        for (x, out) in x.chunks_exact(groups).zip(out.chunks_exact_mut(blocks)) {
            // SAFETY: the promise of the caller; the parts of a row.
            unsafe { P::layer(QuantParts { x, w, channels, out }) };
        }
    }
}
