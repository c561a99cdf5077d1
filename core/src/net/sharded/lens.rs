//! The workspace of a batch in shards, and how long its parts are.

use crate::arch::Arch;
use crate::shards::{Shards, gradient_pieces, scratch_vectors};
use core::ops::Range;

/// Elements of the parts of a workspace.
pub(super) struct Lens {
    pub(super) caches: usize,
    pub(super) block: usize,
    /// Vectors of each shard, and those of all parts.
    pub(super) values: usize,
    pub(super) all: usize,
    /// Gradients of parts after the first, and sums that wait.
    pub(super) others: usize,
    pub(super) scratch: usize,
}

impl Lens {
    pub(super) fn new(
        arch: &Arch<'_>,
        shards: &Shards,
        held: &Range<usize>,
        num_ranks: usize,
    ) -> Self {
        let caches = held.clone().fold(0_usize, |len, shard| {
            len.saturating_add(arch.cache_len(shards.rows(shard).len()))
        });
        let widest = arch.widest();
        let pieces = arch.layers().flat_map(|layer| gradient_pieces(&layer));
        let local = arch.local_layers().map(|layer| layer.params_len());
        let gradient = pieces.map(|(_, numbers)| numbers.len()).chain(local).max().unwrap_or(0);
        let parts = shards.num_parts(held);
        Self {
            caches,
            block: shards.rows_of(held).len().saturating_mul(widest),
            values: held.len().saturating_mul(2 * widest),
            all: shards.num_parts_of_all(num_ranks).saturating_mul(2 * widest),
            others: parts.saturating_sub(1).saturating_mul(gradient),
            scratch: scratch_vectors(held.len()).saturating_mul(gradient),
        }
    }

    pub(super) fn sum(&self) -> usize {
        let Self { caches, block, values, all, others, scratch } = *self;
        [caches, block, block, values, all, others, scratch]
            .into_iter()
            .fold(0, usize::saturating_add)
    }
}
