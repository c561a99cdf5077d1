//! The way of shards through locally connected layers, and back.
//!
//! Of each shard the batch lies a feature a row, as in [`net::local`](crate::net). None of these functions is inlined, so that networks
//! without such layers run the code that they have without them.

use super::backward::local_slot;
use super::values::Values;
use super::walk::Walk;
use crate::arch::LocalSpec;
use crate::error::Error;
use crate::float::Float;
use crate::gemm::{Gemm, RowRange, Rows};
use crate::layers::{
    NormalizeRows, ReluRows, ReluRowsGradient, RowGradient, RowGradientSums, RowStatistics,
    Transpose, local_backward, local_forward, move_running,
};
use crate::machine::run;
use crate::mat::{Mat, MatMut};
use crate::net::local::{LocalCache, matrix_mut};
use crate::net::training::last_block;
use crate::shards::{Ranks, add};
use crate::slices::{First, copy};
use core::iter::zip;
use core::mem::swap;
use core::ops::Range;

/// The place of W and b.
pub(super) const fn weights_of(layer: &LocalSpec) -> Range<usize> {
    layer.w().start..layer.b().end
}

impl<T: Float, G: Gemm<T>, X: Rows<T> + RowRange, R: Ranks<T> + ?Sized> Walk<'_, T, G, X, R> {
    /// The layers forward: the caches of all shards, with their outputs a sample a row at the end.
    #[inline(never)]
    pub(super) fn local_forward(
        &self,
        params: &[T],
        running: &mut [T],
        caches: &mut [T],
        values: &mut Values<'_, T>,
    ) -> Result<(), Error> {
        let Self { net, gemm, ref flush, broken, .. } = *self;
        let local = net.arch.local();
        for shard in self.held.clone() {
            let rows = self.shards.rows(shard);
            let (start, len) = (self.shard_start(shard), local.num_inputs() * rows.len());
            let turned = caches.get_mut(start..start + len).ok_or(broken)?;
            net.turn(gemm, &self.x.row_range(rows), turned);
        }
        for layer in net.arch.local_layers() {
            let (w, b) =
                (params.get(layer.w()).ok_or(broken)?, params.get(layer.b()).ok_or(broken)?);
            let cols = layer.fan_out();
            for (shard, statistics) in
                zip(self.held.clone(), values.of_shards.chunks_exact_mut(2 * cols))
            {
                let (input, cache) = self.local_cache(caches, shard, &layer)?;
                let LocalCache { mut x_hat, mut out, .. } = cache;
                if layer.batchnorm {
                    local_forward(gemm, &layer.windows, input, w, b, x_hat.reborrow())?;
                    let (mean, var) = statistics.split_at_mut_checked(cols).ok_or(broken)?;
                    run(gemm, RowStatistics { x: x_hat.as_mat(), mean, var });
                } else {
                    local_forward(gemm, &layer.windows, input, w, b, out.reborrow())?;
                    run(gemm, ReluRows { x: out.data_mut() });
                    flush.run(out.data_mut());
                }
            }
            if layer.batchnorm {
                self.local_normalize(&layer, params, running, caches, values)?;
            }
        }
        for shard in self.held.clone() {
            let rows = self.shards.rows(shard).len();
            let end = self.shard_start(shard) + net.arch.local_cache_len(rows);
            let len = local.num_outputs() * rows;
            let (before, out) = caches
                .get_mut(..end)
                .and_then(|caches| caches.split_at_mut_checked(end.checked_sub(len)?))
                .ok_or(broken)?;
            let x = last_block(before, local.num_outputs(), rows).ok_or(broken)?;
            run(gemm, Transpose { x, first: First(0), out });
        }
        Ok(())
    }

    /// Batch norm and ReLU, of the statistics that the shards have.
    fn local_normalize(
        &self,
        layer: &LocalSpec,
        params: &[T],
        running: &mut [T],
        caches: &mut [T],
        values: &mut Values<'_, T>,
    ) -> Result<(), Error> {
        let Self { net, gemm, ref flush, broken, .. } = *self;
        let (cols, eps) = (layer.fan_out(), net.batchnorm.eps);
        let gamma = params.get(layer.gamma()).ok_or(broken)?;
        let beta = params.get(layer.beta()).ok_or(broken)?;
        let normalize = |statistics: &[T], cache: LocalCache<'_, T>| {
            let LocalCache { mut x_hat, inv_std, mut out } = cache;
            let (mean, var) = statistics.split_at_checked(cols).unwrap_or_default();
            let (to, of_out) = (x_hat.reborrow(), out.reborrow());
            run(
                gemm,
                NormalizeRows { eps, gamma, beta, mean, var, inv_std, x_hat: to, out: of_out },
            );
            flush.run(x_hat.data_mut());
            flush.run(out.data_mut());
        };
        if !self.sync_batchnorm {
            for (shard, statistics) in
                zip(self.held.clone(), values.of_shards.chunks_exact(2 * cols))
            {
                normalize(statistics, self.local_cache(caches, shard, layer)?.1);
            }
        }
        let statistics = values.merged_statistics(self, cols)?;
        if self.sync_batchnorm {
            for shard in self.held.clone() {
                normalize(statistics, self.local_cache(caches, shard, layer)?.1);
            }
        }
        let (mean, var) = statistics.split_at_checked(cols).ok_or(broken)?;
        let places = [layer.running_mean(), layer.running_var()];
        let [running_mean, running_var] = running.get_disjoint_mut(places).map_err(|_| broken)?;
        move_running(net.batchnorm.momentum, running_mean, mean);
        move_running(net.batchnorm.momentum, running_var, var);
        Ok(())
    }

    /// The layers reversed, from the gradient at their outputs, which lies a sample a row in the first block. The sums of their
    /// gradients are begun.
    #[inline(never)]
    pub(super) fn local_backward(
        &self,
        params: &[T],
        grads: &mut [T],
        caches: &mut [T],
        (mut dout_block, mut dx_block): (&mut [T], &mut [T]),
        values: &mut Values<'_, T>,
        (others, scratch): (&mut [T], &mut [T]),
    ) -> Result<(), Error> {
        let Self { net, gemm, ref flush, broken, .. } = *self;
        let outputs = net.arch.local().num_outputs();
        for shard in self.held.clone() {
            let dout = self.block(dout_block, shard, outputs)?;
            let mut turned = self.turned_block(dx_block, shard, outputs)?;
            run(gemm, Transpose { x: dout.as_mat(), first: First(0), out: turned.data_mut() });
        }
        swap(&mut dout_block, &mut dx_block);
        for number in (0..net.arch.local().windows.len()).rev() {
            let layer = net.arch.local_layers().nth(number).ok_or(broken)?;
            if layer.batchnorm {
                self.local_norm_backward(&layer, params, grads, caches, dout_block, values)?;
            }
            for shard in self.held.clone() {
                let mut dout = self.turned_block(dout_block, shard, layer.fan_out())?;
                if !layer.batchnorm {
                    let (_, cache) = self.local_cache(caches, shard, &layer)?;
                    let out = cache.out.into_mat();
                    run(gemm, ReluRowsGradient { out: out.data(), dout: dout.data_mut() });
                }
                flush.run(dout.data_mut());
            }
            let first = grads.get_mut(weights_of(&layer)).ok_or(broken)?;
            let w = params.get(layer.w()).ok_or(broken)?;
            let inputs = layer.windows.num_inputs();
            let slot = local_slot(number, net.arch.num_layers());
            self.gradient(slot, first, (others, scratch), |shard, to| {
                let (dw, db) = to.split_at_mut_checked(w.len()).ok_or(broken)?;
                let (x, _) = self.local_cache(caches, shard, &layer)?;
                let dout = self.turned_block(dout_block, shard, layer.fan_out())?;
                let mut dx = self.turned_block(dx_block, shard, inputs)?;
                let to = (number > 0).then(|| dx.reborrow());
                local_backward(gemm, &layer.windows, dout.as_mat(), x, w, to, dw, db)?;
                if number > 0 {
                    flush.run(dx.data_mut());
                }
                Ok(())
            })?;
            swap(&mut dout_block, &mut dx_block);
        }
        Ok(())
    }

    /// The gradient through ReLU and batch norm, in place.
    fn local_norm_backward(
        &self,
        layer: &LocalSpec,
        params: &[T],
        grads: &mut [T],
        caches: &mut [T],
        dout_block: &mut [T],
        values: &mut Values<'_, T>,
    ) -> Result<(), Error> {
        let Self { gemm, broken, ref shards, .. } = *self;
        let cols = layer.fan_out();
        let gamma = params.get(layer.gamma()).ok_or(broken)?;
        let gradient = |sums: &[T], dout: MatMut<'_, T>, cache: LocalCache<'_, T>, num_samples| {
            let (dgamma, dbeta) = sums.split_at_checked(cols).unwrap_or_default();
            let (inv_std, x_hat) = (&*cache.inv_std, cache.x_hat.into_mat());
            run(gemm, RowGradient { num_samples, gamma, inv_std, dgamma, dbeta, x_hat, dout });
        };
        for (shard, sums) in zip(self.held.clone(), values.of_shards.chunks_exact_mut(2 * cols)) {
            let (_, cache) = self.local_cache(caches, shard, layer)?;
            let mut dout = self.turned_block(dout_block, shard, cols)?;
            let (dgamma, dbeta) = sums.split_at_mut_checked(cols).ok_or(broken)?;
            let (x_hat, out) = (cache.x_hat.as_mat(), cache.out.as_mat());
            run(gemm, RowGradientSums { x_hat, out, dout: dout.reborrow(), dgamma, dbeta });
            if !self.sync_batchnorm {
                gradient(sums, dout, cache, shards.rows(shard).len());
            }
        }
        let sums = values.merged(self, 2 * cols, |a, b, _| add(a, b))?;
        if self.sync_batchnorm {
            for shard in self.held.clone() {
                let (_, cache) = self.local_cache(caches, shard, layer)?;
                let dout = self.turned_block(dout_block, shard, cols)?;
                gradient(sums, dout, cache, shards.num_samples());
            }
        }
        let (dgamma, dbeta) = sums.split_at_checked(cols).ok_or(broken)?;
        copy(grads.get_mut(layer.gamma()).ok_or(broken)?, dgamma);
        copy(grads.get_mut(layer.beta()).ok_or(broken)?, dbeta);
        Ok(())
    }

    /// The input of a layer for a shard, a feature a row, and the shard's cache of that layer.
    fn local_cache<'c>(
        &self,
        caches: &'c mut [T],
        shard: usize,
        layer: &LocalSpec,
    ) -> Result<(Mat<'c, T>, LocalCache<'c, T>), Error> {
        let (arch, rows) = (&self.net.arch, self.shards.rows(shard).len());
        let before =
            arch.local_layers().take_while(|other| other.params_start < layer.params_start);
        let before: usize = before.map(|layer| layer.cache_len(rows)).sum();
        let start = self.shard_start(shard) + arch.local().num_inputs() * rows + before;
        let (before, rest) = caches.split_at_mut_checked(start).ok_or(self.broken)?;
        let cache = rest.get_mut(..layer.cache_len(rows)).ok_or(self.broken)?;
        let input = last_block(before, layer.windows.num_inputs(), rows).ok_or(self.broken)?;
        Ok((input, LocalCache::of(layer, rows, cache).ok_or(self.broken)?))
    }

    /// The part of a block that a shard has, a feature a row.
    fn turned_block<'b>(
        &self,
        data: &'b mut [T],
        shard: usize,
        features: usize,
    ) -> Result<MatMut<'b, T>, Error> {
        let (rows, data) = self.at_shard(data, shard, features)?;
        matrix_mut(data, features, rows).ok_or(self.broken)
    }
}
