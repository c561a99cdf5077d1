//! Networks in training whose batch is cut into shards: loss and gradients with the same bits on any number of ranks.
//!
//! All shards of a rank go through a layer before any goes through the next, so that what the shards share there, the statistics of
//! batch norm, can be merged, and a gradient travels while those of the layers before it are computed.

use super::FullyConnectedNet;
use super::flush::Flush;
use super::head::{Bands, Head};
use super::input::LayerInput;
use super::training::{block, last_block};
use crate::arch::{Activation, Arch, LayerSpec, fold_layers, max};
use crate::error::{Error, check_buffer, check_shape};
use crate::float::Float;
use crate::gemm::{Gemm, RowRange, Rows};
use crate::layers::{
    Dropout, HiddenCache, HiddenParams, Norm, NormGrads, ReluBackward, Targets, affine_dw,
    affine_dx, affine_forward, hidden_forward_train, mean, merge_statistics, move_running,
    normalize_shard, shard_gradient, shard_gradient_sums, shard_statistics,
};
use crate::machine::run;
use crate::mat::{Mat, MatMut};
use crate::rng::Rng;
use crate::shards::{Ranks, Shards, SumScratch, sum_in_tree};
use crate::slices::{Divide, First, copy, take_mut};
use crate::state::{TrainState, layer_params, layer_running_mut, take_cache};
use core::iter::zip;
use core::mem::swap;
use core::ops::Range;

/// Training in shards, on one rank or several.
#[derive(Debug)]
pub struct DataParallel<'a, R: ?Sized> {
    /// Shards of a batch, at least 1. The bits of a run depend on it.
    pub shards: usize,
    /// Whether batch norm takes mean and variance of the whole batch, or those of each shard.
    pub sync_batchnorm: bool,
    /// Who computes them.
    pub ranks: &'a R,
}

impl<R: ?Sized> Clone for DataParallel<'_, R> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<R: ?Sized> Copy for DataParallel<'_, R> {}

impl<R: ?Sized> DataParallel<'_, R> {
    /// Elements of the workspace of [`FullyConnectedNet::loss_in_shards`] for a batch.
    ///
    /// # Errors
    ///
    /// Those of [`Shards::new`], and [`Error::InvalidConfig`] for ranks that do not divide the shards.
    pub fn workspace_len<T>(&self, arch: &Arch<'_>, batch: usize) -> Result<usize, Error>
    where
        R: Ranks<T>,
    {
        let (shards, held) = self.held(batch)?;
        Ok(Lens::new(arch, &shards, &held, self.ranks.count()).sum())
    }

    /// The shards of a batch, and those that this rank holds.
    fn held<T>(&self, batch: usize) -> Result<(Shards, Range<usize>), Error>
    where
        R: Ranks<T>,
    {
        let shards = Shards::new(batch, self.shards)?;
        let (rank, count) = (self.ranks.rank(), self.ranks.count());
        if self.shards.checked_rem(count) != Some(0) {
            let what =
                "ranks must divide the shards: as many ranks as there are, or a half, a quarter, …";
            return Err(Error::InvalidConfig { what });
        }
        Ok((shards, shards.of_rank(rank, count)))
    }
}

/// Elements of the parts of a workspace.
struct Lens {
    caches: usize,
    block: usize,
    /// Vectors of each shard, and those of all parts.
    values: usize,
    all: usize,
    /// Gradients of parts after the first, and sums that wait.
    others: usize,
    scratch: usize,
}

impl Lens {
    fn new(arch: &Arch<'_>, shards: &Shards, held: &Range<usize>, num_ranks: usize) -> Self {
        let caches = held.clone().fold(0_usize, |len, shard| {
            len.saturating_add(arch.cache_len(shards.rows(shard).len()))
        });
        let widest = arch.widest();
        let gradient = fold_layers!(arch.layers(), |most, layer| {
            max(most, layer.w().len().saturating_add(layer.fan_out))
        });
        let parts = shards.num_parts(held);
        Self {
            caches,
            block: shards.rows_of(held).len().saturating_mul(widest),
            values: held.len().saturating_mul(2 * widest),
            all: shards.num_parts_of_all(num_ranks).saturating_mul(2 * widest),
            others: parts.saturating_sub(1).saturating_mul(gradient),
            scratch: SumScratch::vectors(held.len()).saturating_mul(gradient),
        }
    }

    fn sum(&self) -> usize {
        let Self { caches, block, values, all, others, scratch } = *self;
        [caches, block, block, values, all, others, scratch]
            .into_iter()
            .fold(0, usize::saturating_add)
    }
}

impl<T: Float> FullyConnectedNet<'_, T> {
    /// Computes [`Self::loss`] of a batch in shards: here those of one rank, and what all ranks share.
    ///
    /// `x` and `y` are the whole batch on every rank, which reads its own part. Loss, gradients and running statistics are those of the
    /// whole batch, and the same bits on every rank and for any number of them. They differ in rounding from those of
    /// another number of shards. With `sync_batchnorm` mean and variance are of the whole batch; without it, of each
    /// shard, and running statistics move towards their mean. Dropout masks are those of a batch that is not cut, for shards that begin
    /// at an even element of a layer's output.
    ///
    /// ```
    /// use barenet::{Alone, Arch, DataParallel, FullyConnectedNet, Init, Mat, Portable, Rng, Targets, TrainState};
    ///
    /// let net = FullyConnectedNet::<f32>::new(Arch::new(&[2, 8, 3]));
    /// let in_shards = DataParallel { shards: 2, sync_batchnorm: true, ranks: &Alone };
    /// let mut workspace = vec![0.0; in_shards.workspace_len::<f32>(&net.arch, 4)?];
    /// let (mut params, mut grads) = (vec![0.0; net.arch.num_params()], vec![0.0; net.arch.num_params()]);
    /// let mut state = TrainState::new(&net.arch, &mut params, &mut [], &mut grads, &mut workspace)?;
    /// net.init(Init::He, Rng::seed(0), &mut state);
    /// let (x, y) = ([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8], [0, 2, 1, 1]);
    /// let (x, y) = (Mat::new(&x, 4, 2)?, Targets::Classes(&y));
    /// let loss = net.loss_in_shards(&Portable, Rng::seed(1), &mut state, x, y, in_shards)?;
    /// assert!(loss > 0.0);
    /// # Ok::<(), barenet::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`Self::loss`] and of [`DataParallel::workspace_len`], [`Error::InvalidConfig`] for locally connected layers, and
    /// [`Error::LostRank`].
    pub fn loss_in_shards<R: Ranks<T> + ?Sized>(
        &self,
        gemm: &impl Gemm<T>,
        rng: Rng,
        state: &mut TrainState<'_, T>,
        x: impl Rows<T> + RowRange,
        y: Targets<'_, T>,
        parallel: DataParallel<'_, R>,
    ) -> Result<T, Error> {
        let (batch, _) = x.shape();
        let TrainState { params, running, grads, workspace } = state;
        check_shape("x", (batch, self.arch.input_dim()), x.shape())?;
        self.check_class_weights()?;
        self.loss.check_targets((batch, self.arch.num_classes()), y)?;
        if self.arch.has_local() {
            let what = "a net with locally connected layers is trained with shards = 1";
            return Err(Error::InvalidConfig { what });
        }
        let (shards, held) = parallel.held(batch)?;
        let num_ranks = parallel.ranks.count();
        let lens = Lens::new(&self.arch, &shards, &held, num_ranks);
        let (required, found) = (lens.sum(), workspace.len());
        check_buffer("workspace", required, found)?;
        let broken = Error::BufferTooSmall { what: "state", required, found };
        let mut rest = &mut **workspace;
        let mut take = |len| take_mut(&mut rest, len).ok_or(broken);
        let (caches, dout, dx) = (take(lens.caches)?, take(lens.block)?, take(lens.block)?);
        let mut values = Values { of_shards: take(lens.values)?, of_all: take(lens.all)? };
        let (others, scratch) = (take(lens.others)?, take(lens.scratch)?);

        let flush = Flush::new(gemm, shards.rows_of(&held).len());
        flush.run(params);
        let penalty = self.penalty(gemm, params);
        // Running statistics are kept where nothing else lies until it is known whether the loss is finite.
        self.for_norm_places(|norm, statistics| {
            let now = running.get(statistics).unwrap_or_default();
            copy(grads.get_mut(norm).unwrap_or_default(), now);
        });
        let relu_scale = (!self.arch.has_batchnorm()).then_some(T::ONE / self.keep_prob);
        let DataParallel { sync_batchnorm, ranks, .. } = parallel;
        let walk = Walk {
            net: self,
            gemm,
            flush,
            x,
            shards,
            held,
            ranks,
            sync_batchnorm,
            relu_scale,
            broken,
        };
        let (mut dout, mut dx) = (dout, dx);
        walk.forward(rng, y, params, running, caches, (dout, dx), &mut values)?;
        let sum = values.merged(&walk, 1, |a, b, _| add(a, b))?;
        let loss = mean(sum.first().copied().unwrap_or(T::ZERO), batch) + penalty;
        if !loss.is_finite() {
            self.for_norm_places(|norm, statistics| {
                let kept = grads.get(norm).unwrap_or_default();
                copy(running.get_mut(statistics).unwrap_or_default(), kept);
            });
            grads.fill(loss);
            return Ok(loss);
        }
        for (slot, layer) in zip((0..self.arch.num_layers()).rev(), self.arch.layers_reversed()) {
            walk.backward(
                slot,
                &layer,
                params,
                grads,
                caches,
                (dout, dx),
                &mut values,
                (others, scratch),
            )?;
            swap(&mut dout, &mut dx);
        }
        for (slot, layer) in zip((0..self.arch.num_layers()).rev(), self.arch.layers_reversed()) {
            let sum = grads.get_mut(affine_of(&layer)).ok_or(broken)?;
            ranks.end_sum(&walk.shards, slot, sum)?;
        }
        self.add_penalty_gradient(gemm, params, grads);
        walk.flush.run(grads);
        walk.flush.run(running);
        Ok(loss)
    }
}

/// The place of W and b.
const fn affine_of(layer: &LayerSpec) -> Range<usize> {
    layer.w().start..layer.b().end
}

fn add<T: Float>(sum: &mut [T], other: &[T]) {
    for (sum, &other) in sum.iter_mut().zip(other) {
        *sum += other;
    }
}

/// Short vectors that all shards share: of each shard of this rank one, and then one of each part of all ranks.
struct Values<'a, T> {
    of_shards: &'a mut [T],
    of_all: &'a mut [T],
}

impl<T: Float> Values<'_, T> {
    /// Merges the vectors of `len` numbers that the shards of all ranks have.
    fn merged<G, X, R: Ranks<T> + ?Sized>(
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
}

/// The shards of a rank on their way through the layers and back.
///
/// The caches of a shard lie one after the other, as the layers do, and behind them those of the next shard. Gradients lie in two
/// blocks in turn, of which each shard has its rows.
struct Walk<'a, T, G, X, R: ?Sized> {
    net: &'a FullyConnectedNet<'a, T>,
    gemm: &'a G,
    flush: Flush<'a, G>,
    x: X,
    shards: Shards,
    held: Range<usize>,
    ranks: &'a R,
    sync_batchnorm: bool,
    /// The factor of the gradient at a ReLU and dropout that no batch norm takes along.
    relu_scale: Option<T>,
    broken: Error,
}

impl<T: Float, G: Gemm<T>, X: Rows<T> + RowRange, R: Ranks<T> + ?Sized> Walk<'_, T, G, X, R> {
    /// The losses of the shards, in `values`, the caches, and in the blocks the gradient at the scores and at the input of the last
    /// layer.
    fn forward(
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
                    let (relu_scale, num_samples) = (self.relu_scale, self.shards.num_samples());
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
        let between = self.sync_batchnorm;
        let merge = |a: &mut [T], b: &[T], samples| merge_statistics(a, b, samples, between);
        let statistics = values.merged(self, 2 * cols, merge)?;
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

    /// The gradients of a layer, and that of its input.
    fn backward(
        &self,
        slot: usize,
        layer: &LayerSpec,
        params: &[T],
        grads: &mut [T],
        caches: &mut [T],
        (dout_block, dx_block): (&mut [T], &mut [T]),
        values: &mut Values<'_, T>,
        (others, scratch): (&mut [T], &mut [T]),
    ) -> Result<(), Error> {
        let Self { gemm, ref flush, broken, ref shards, ref held, .. } = *self;
        let HiddenParams { w, norm, .. } = layer_params(layer, params).ok_or(broken)?;
        if let Some(norm) = norm {
            self.norm_backward(layer, norm, grads, caches, dout_block, values)?;
        }
        let (mut result, caches) = (Ok(()), &*caches);
        let mut compute = |shard: usize, to: &mut [T]| {
            let (dw, db) = to.split_at_mut_checked(w.data().len()).ok_or(broken)?;
            let dw = MatMut::new(dw, layer.fan_in, layer.fan_out)?;
            let dout = self.block(dout_block, shard, layer.fan_out)?;
            affine_dw(gemm, dout.as_mat(), self.input(caches, shard, layer)?, dw, db)?;
            Ok(())
        };
        let first = grads.get_mut(affine_of(layer)).ok_or(broken)?;
        let (len, mut part_number) = (first.len(), 0_usize);
        shards.for_parts(held, |part| {
            let to = match part_number.checked_sub(1) {
                None => Some(&mut *first),
                Some(n) => others.get_mut(n * len..).and_then(|others| others.get_mut(..len)),
            };
            part_number += 1;
            result = result
                .and_then(|()| sum_in_tree(gemm, &part, to.ok_or(broken)?, scratch, &mut compute));
        });
        result?;
        let others = others.get(..(part_number - 1) * len).ok_or(broken)?;
        self.ranks.start_sum(shards, slot, first, others)?;
        if layer.params_start == 0 || layer.activation == Activation::Identity {
            // Nothing comes before the first layer; the last one's went with the loss.
            return Ok(());
        }
        for shard in held.clone() {
            let LayerInput::Hidden(out) = self.input(caches, shard, layer)? else { continue };
            let dout = self.block(dout_block, shard, layer.fan_out)?;
            let mut dx = self.block(dx_block, shard, layer.fan_in)?;
            let relu = self.relu_scale.map(|scale| ReluBackward::new(out, scale));
            affine_dx(gemm, dout.as_mat(), w, relu, dx.reborrow())?;
            flush.run(dx.data_mut());
        }
        Ok(())
    }

    /// The gradient through dropout, ReLU and batch norm, in place.
    fn norm_backward(
        &self,
        layer: &LayerSpec,
        norm: Norm<'_, T>,
        grads: &mut [T],
        caches: &mut [T],
        dout_block: &mut [T],
        values: &mut Values<'_, T>,
    ) -> Result<(), Error> {
        let Self { net, gemm, ref flush, broken, ref shards, .. } = *self;
        let (cols, keep_prob) = (layer.fan_out, net.keep_prob);
        let gradient =
            |sums: &[T], dout: MatMut<'_, T>, cache: &HiddenCache<'_, T>, num_samples| {
                let sums = sums.split_at_checked(cols).unwrap_or_default();
                let (out, x_hat) = (cache.out.as_mat(), cache.x_hat.as_mat());
                let learnt = (norm.gamma, &*cache.inv_std);
                shard_gradient(gemm, keep_prob, dout, out, x_hat, learnt, sums, num_samples);
            };
        for (shard, sums) in zip(self.held.clone(), values.of_shards.chunks_exact_mut(2 * cols)) {
            let (_, cache) = self.cache(caches, shard, layer)?;
            let mut dout = self.block(dout_block, shard, cols)?;
            let (dgamma, dbeta) = sums.split_at_mut_checked(cols).ok_or(broken)?;
            let (out, x_hat) = (cache.out.as_mat(), cache.x_hat.as_mat());
            let to = NormGrads { dgamma, dbeta };
            shard_gradient_sums(gemm, keep_prob, dout.as_mat(), out, x_hat, to);
            if !self.sync_batchnorm {
                gradient(sums, dout.reborrow(), &cache, shards.rows(shard).len());
                flush.run(dout.data_mut());
            }
        }
        let sums = values.merged(self, 2 * cols, |a, b, _| add(a, b))?;
        if self.sync_batchnorm {
            for shard in self.held.clone() {
                let (_, cache) = self.cache(caches, shard, layer)?;
                let mut dout = self.block(dout_block, shard, cols)?;
                gradient(sums, dout.reborrow(), &cache, shards.num_samples());
                flush.run(dout.data_mut());
            }
        }
        let (dgamma, dbeta) = sums.split_at_checked(cols).ok_or(broken)?;
        copy(grads.get_mut(layer.gamma()).ok_or(broken)?, dgamma);
        copy(grads.get_mut(layer.beta()).ok_or(broken)?, dbeta);
        Ok(())
    }

    /// The input of a hidden layer for a shard, and the shard's cache of that layer.
    fn cache<'c>(
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
    fn input<'c>(
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

    /// Where the cache of a layer for a shard begins.
    fn cache_start(&self, shard: usize, layer: &LayerSpec) -> usize {
        let (arch, shards) = (&self.net.arch, &self.shards);
        let rows = |shard| shards.rows(shard).len();
        let before: usize = (self.held.start..shard).map(|shard| arch.cache_len(rows(shard))).sum();
        let layers = arch.layers().take_while(|other| other.params_start < layer.params_start);
        before + layers.map(|layer| layer.cache_len(rows(shard))).sum::<usize>()
    }

    /// The rows of a shard in a block.
    fn block<'b>(
        &self,
        data: &'b mut [T],
        shard: usize,
        cols: usize,
    ) -> Result<MatMut<'b, T>, Error> {
        let rows = self.shards.rows(shard);
        let start = (rows.start - self.shards.rows_of(&self.held).start) * cols;
        let data = data.get_mut(start..).ok_or(self.broken)?;
        block(data, rows.len(), cols).ok_or(self.broken)
    }

    /// Dropout as it is in these rows of the whole batch.
    fn of_shard(
        &self,
        dropout: Option<Dropout<T>>,
        shard: usize,
        layer: &LayerSpec,
    ) -> Option<Dropout<T>> {
        let first = self.shards.rows(shard).start;
        dropout.map(|dropout| dropout.divide(first.saturating_mul(layer.fan_out)).1)
    }
}
