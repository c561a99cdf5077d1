//! What the shards of a rank go through the layers with.

use crate::arch::LayerSpec;
use crate::error::Error;
use crate::float::Float;
use crate::gemm::{RowRange, Rows};
use crate::layers::{Dropout, HiddenCache};
use crate::mat::{Mat, MatMut};
use crate::net::FullyConnectedNet;
use crate::net::flush::Flush;
use crate::net::input::LayerInput;
use crate::net::training::{block, last_block};
use crate::shards::Shards;
use crate::slices::Divide;
use crate::state::take_cache;
use core::ops::Range;

/// The shards of a rank on their way through the layers and back.
///
/// The caches of a shard lie one after the other, as the layers do, and behind them those of the next shard. Gradients lie in two
/// blocks in turn, of which each shard has its rows.
pub(super) struct Walk<'a, T, G, X, R: ?Sized> {
    pub(super) net: &'a FullyConnectedNet<'a, T>,
    pub(super) gemm: &'a G,
    pub(super) flush: Flush<'a, G>,
    pub(super) x: X,
    pub(super) shards: Shards,
    pub(super) held: Range<usize>,
    pub(super) ranks: &'a R,
    pub(super) sync_batchnorm: bool,
    /// The factor of the gradient at a ReLU and dropout that no batch norm takes along.
    pub(super) relu_scale: Option<T>,
    pub(super) broken: Error,
}

impl<T: Float, G, X: Rows<T> + RowRange, R: ?Sized> Walk<'_, T, G, X, R> {
    /// The input of a hidden layer for a shard, and the shard's cache of that layer.
    pub(super) fn cache<'c>(
        &self,
        caches: &'c mut [T],
        shard: usize,
        layer: &LayerSpec,
    ) -> Result<(LayerInput<'c, T, X>, HiddenCache<'c, T>), Error> {
        let start = self.cache_start(shard, layer);
        let (before, mut rest) = caches.split_at_mut_checked(start).ok_or(self.broken)?;
        let rows = self.shards.rows(shard).len();
        Ok((self.input_after(before, shard, layer)?, take_cache(layer, rows, &mut rest)?))
    }

    /// The input of a layer for a shard.
    pub(super) fn input<'c>(
        &self,
        caches: &'c [T],
        shard: usize,
        layer: &LayerSpec,
    ) -> Result<LayerInput<'c, T, X>, Error> {
        let before = caches.get(..self.cache_start(shard, layer)).ok_or(self.broken)?;
        self.input_after(before, shard, layer)
    }

    fn input_after<'c>(
        &self,
        before: &'c [T],
        shard: usize,
        layer: &LayerSpec,
    ) -> Result<LayerInput<'c, T, X>, Error> {
        let rows = self.shards.rows(shard);
        if layer.params_start == 0 {
            return Ok(LayerInput::Batch(self.x.row_range(rows)));
        }
        let out: Option<Mat<'c, T>> = last_block(before, rows.len(), layer.fan_in);
        Ok(LayerInput::Hidden(out.ok_or(self.broken)?))
    }

    /// Where the caches of a shard begin.
    pub(super) fn shard_start(&self, shard: usize) -> usize {
        let (arch, shards) = (&self.net.arch, &self.shards);
        (self.held.start..shard).map(|shard| arch.cache_len(shards.rows(shard).len())).sum()
    }

    /// Where the cache of a layer for a shard begins.
    fn cache_start(&self, shard: usize, layer: &LayerSpec) -> usize {
        let (arch, rows) = (&self.net.arch, self.shards.rows(shard).len());
        let before = self.shard_start(shard) + arch.local_cache_len(rows);
        let layers = arch.layers().take_while(|other| other.params_start < layer.params_start);
        before + layers.map(|layer| layer.cache_len(rows)).sum::<usize>()
    }

    /// The factor of the gradient at the ReLU before a layer. Locally connected layers take theirs themselves.
    pub(super) fn relu_scale_before(&self, layer: &LayerSpec) -> Option<T> {
        let arch = &self.net.arch;
        let is_first = arch.has_local() && layer.params_start == arch.local_params_len();
        if is_first { None } else { self.relu_scale }
    }

    /// The rows of a shard in a block.
    pub(super) fn block<'b>(
        &self,
        data: &'b mut [T],
        shard: usize,
        cols: usize,
    ) -> Result<MatMut<'b, T>, Error> {
        let (rows, data) = self.at_shard(data, shard, cols)?;
        block(data, rows, cols).ok_or(self.broken)
    }

    /// How many rows a shard has, and a block of so many numbers a row from the first of them on.
    pub(super) fn at_shard<'b>(
        &self,
        data: &'b mut [T],
        shard: usize,
        cols: usize,
    ) -> Result<(usize, &'b mut [T]), Error> {
        let rows = self.shards.rows(shard);
        let start = (rows.start - self.shards.rows_of(&self.held).start) * cols;
        Ok((rows.len(), data.get_mut(start..).ok_or(self.broken)?))
    }

    /// Dropout as it is in these rows of the whole batch.
    pub(super) fn of_shard(
        &self,
        dropout: Option<Dropout<T>>,
        shard: usize,
        layer: &LayerSpec,
    ) -> Option<Dropout<T>> {
        let first = self.shards.rows(shard).start;
        dropout.map(|dropout| dropout.divide(first.saturating_mul(layer.fan_out)).1)
    }
}
