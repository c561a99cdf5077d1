//! The way of shards forward.

use super::values::Values;
use super::walk::Walk;
use crate::arch::{Activation, LayerSpec};
use crate::error::Error;
use crate::float::Float;
use crate::gemm::{Gemm, RowRange, Rows};
use crate::layers::{
    Dropout, HiddenCache, HiddenParams, Norm, Targets, affine_forward, hidden_forward_train,
    move_running, normalize_shard, shard_statistics,
};
use crate::machine::run;
use crate::net::head::{Bands, Head};
use crate::net::input::LayerInput;
use crate::rng::Rng;
use crate::shards::Ranks;
use crate::slices::First;
use crate::state::{layer_params, layer_running_mut};
use core::iter::zip;

impl<T: Float, G: Gemm<T>, X: Rows<T> + RowRange, R: Ranks<T> + ?Sized> Walk<'_, T, G, X, R> {
    /// The losses of the shards, in `values`, the caches, and in the blocks the gradient at the scores and at the input of the last
    /// layer.
    pub(super) fn forward(
        &self,
        rng: Rng,
        y: Targets<'_, T>,
        params: &[T],
        running: &mut [T],
        caches: &mut [T],
        (dscores, dx): (&mut [T], &mut [T]),
        values: &mut Values<'_, T>,
    ) -> Result<(), Error> {
        let Self { net, gemm, ref flush, broken, .. } = *self;
        if net.arch.has_local() {
            self.local_forward(params, running, caches, values)?;
        }
        for (layer, stream) in net.arch.layers().zip(0..) {
            let params = layer_params(&layer, params).ok_or(broken)?;
            let dropout = (net.keep_prob != T::ONE)
                .then_some(Dropout { keep_prob: net.keep_prob, rng: rng.fork(stream) });
            match (layer.activation, params.norm) {
                (Activation::Relu, None) => {
                    for shard in self.held.clone() {
                        let (input, mut cache) = self.cache(caches, shard, &layer)?;
                        let dropout = self.of_shard(dropout, shard, &layer);
                        let norm = &net.batchnorm;
                        hidden_forward_train(
                            gemm, norm, input, &params, None, dropout, &mut cache,
                        )?;
                        flush.run(cache.out.data_mut());
                    }
                }
                (Activation::Relu, Some(norm)) => {
                    self.norm_forward(&layer, &params, norm, dropout, running, caches, values)?;
                }
                (Activation::Identity, _) => {
                    let (loss, class_weights) = (net.loss, net.class_weights);
                    let relu_scale = self.relu_scale_before(&layer);
                    let num_samples = self.shards.num_samples();
                    let head = Head { loss, class_weights, params, relu_scale, num_samples, y };
                    for (place, shard) in self.held.clone().enumerate() {
                        let first = self.shards.rows(shard).start;
                        let scores = self.block(dscores, shard, layer.fan_out)?;
                        let sum = match self.input(caches, shard, &layer)? {
                            LayerInput::Batch(x) => head.run(gemm, x, first, scores),
                            LayerInput::Hidden(x) => {
                                let mut dx = self.block(dx, shard, layer.fan_in)?;
                                let (first, to) = (First(first), dx.reborrow());
                                let sum = run(gemm, Bands { gemm, head, x, first, scores, dx: to });
                                flush.run(dx.data_mut());
                                sum
                            }
                        };
                        *values.of_shards.get_mut(place).ok_or(broken)? = sum;
                    }
                }
            }
        }
        Ok(())
    }

    /// A hidden layer with batch norm.
    fn norm_forward(
        &self,
        layer: &LayerSpec,
        params: &HiddenParams<'_, T>,
        norm: Norm<'_, T>,
        dropout: Option<Dropout<T>>,
        running: &mut [T],
        caches: &mut [T],
        values: &mut Values<'_, T>,
    ) -> Result<(), Error> {
        let Self { net, gemm, ref flush, broken, .. } = *self;
        let (cols, eps) = (layer.fan_out, net.batchnorm.eps);
        let normalize = |statistics: &[T], shard, cache: &mut HiddenCache<'_, T>| {
            let HiddenCache { x_hat, inv_std, out } = cache;
            let statistics = statistics.split_at_checked(cols).unwrap_or_default();
            let dropout = self.of_shard(dropout, shard, layer);
            let (x, out) = (x_hat.data_mut(), out.data_mut());
            normalize_shard(gemm, eps, statistics, norm, dropout, x, inv_std, out);
            flush.run(x);
            flush.run(out);
        };
        for (shard, statistics) in
            zip(self.held.clone(), values.of_shards.chunks_exact_mut(2 * cols))
        {
            let (input, mut cache) = self.cache(caches, shard, layer)?;
            let HiddenCache { x_hat, inv_std, out } = &mut cache;
            affine_forward(gemm, input, params.w, params.b, x_hat.reborrow())?;
            let (mean, var) = statistics.split_at_mut_checked(cols).ok_or(broken)?;
            shard_statistics(gemm, x_hat.as_mat(), out.data_mut(), inv_std, mean, var);
            if !self.sync_batchnorm {
                normalize(statistics, shard, &mut cache);
            }
        }
        let statistics = values.merged_statistics(self, cols)?;
        if self.sync_batchnorm {
            for shard in self.held.clone() {
                let (_, mut cache) = self.cache(caches, shard, layer)?;
                normalize(statistics, shard, &mut cache);
            }
        }
        let (mean, var) = statistics.split_at_checked(cols).ok_or(broken)?;
        let running = layer_running_mut(layer, running).ok_or(broken)?;
        move_running(net.batchnorm.momentum, running.mean, mean);
        move_running(net.batchnorm.momentum, running.var, var);
        Ok(())
    }
}
