//! Short vectors that all shards share.

use super::walk::Walk;
use crate::error::Error;
use crate::float::Float;
use crate::layers::merge_statistics;
use crate::shards::Ranks;

/// Vectors of each shard of this rank, and those of each part of all ranks.
pub(super) struct Values<'a, T> {
    pub(super) of_shards: &'a mut [T],
    pub(super) of_all: &'a mut [T],
}

impl<T: Float> Values<'_, T> {
    /// Merges the vectors of `len` numbers that the shards of all ranks have.
    pub(super) fn merged<G, X, R: Ranks<T> + ?Sized>(
        &mut self,
        walk: &Walk<'_, T, G, X, R>,
        len: usize,
        merge: impl Fn(&mut [T], &[T], [usize; 2]),
    ) -> Result<&[T], Error> {
        let Walk { shards, held, ranks, broken, .. } = walk;
        shards.fold_shards(held, self.of_shards, len, &merge);
        let len_of =
            |rank| shards.num_parts(&shards.of_rank(rank, ranks.count())).saturating_mul(len);
        let mine = self.of_shards.get(..len_of(ranks.rank())).ok_or(*broken)?;
        let total = shards.num_parts_of_all(ranks.count()).saturating_mul(len);
        let all = self.of_all.get_mut(..total).ok_or(*broken)?;
        ranks.gather(mine, &len_of, all)?;
        shards.fold_parts(ranks.count(), all, len, &merge);
        all.get(..len).ok_or(*broken)
    }

    /// Mean and variance of `cols` features over all shards, of those that each shard has.
    pub(super) fn merged_statistics<G, X, R: Ranks<T> + ?Sized>(
        &mut self,
        walk: &Walk<'_, T, G, X, R>,
        cols: usize,
    ) -> Result<&[T], Error> {
        let between = walk.sync_batchnorm;
        self.merged(walk, 2 * cols, |a, b, samples| merge_statistics(a, b, samples, between))
    }
}
