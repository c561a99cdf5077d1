//! Networks in training whose batch is cut into shards: loss and gradients with the same bits on any number of ranks.
//!
//! All shards of a rank go through a layer before any goes through the next, so that what the shards share there, the statistics of
//! batch norm, can be merged, and a gradient travels while those of the layers before it are computed.

mod backward;
mod forward;
mod lens;
mod local;
mod values;
mod walk;

use super::FullyConnectedNet;
use super::flush::Flush;
use crate::arch::Arch;
use crate::error::{Error, check_buffer};
use crate::float::Float;
use crate::gemm::{Gemm, RowRange, Rows};
use crate::layers::{Targets, mean};
use crate::rng::Rng;
use crate::shards::{Ranks, Shards, add, gradient_pieces};
use crate::slices::take_mut;
use crate::state::TrainState;
use backward::{local_slot, slot_of};
use core::iter::zip;
use core::mem::swap;
use core::ops::Range;
use lens::Lens;
use local::weights_of;
use values::Values;
use walk::Walk;

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
    /// Those of [`Self::loss`] and of [`DataParallel::workspace_len`], and [`Error::LostRank`].
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
        self.check_batch(x.shape(), y)?;
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

        // By the whole batch: ranks of few samples replace what one process does.
        let flush = Flush::new(gemm, batch);
        flush.run(params);
        let penalty = self.penalty(gemm, params);
        self.keep_running(running, grads);
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
            self.refuse_step(loss, running, grads);
            return Ok(loss);
        }
        for (number, layer) in zip((0..self.arch.num_layers()).rev(), self.arch.layers_reversed()) {
            walk.backward(
                number,
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
        if self.arch.has_local() {
            let blocks = (dout, dx);
            walk.local_backward(params, grads, caches, blocks, &mut values, (others, scratch))?;
        }
        for (number, layer) in zip((0..self.arch.num_layers()).rev(), self.arch.layers_reversed()) {
            for (piece, (_, numbers)) in gradient_pieces(&layer).enumerate() {
                let sum = grads.get_mut(numbers).ok_or(broken)?;
                let slot = slot_of(number, piece, self.arch.num_layers());
                ranks.end_sum(&walk.shards, slot, sum)?;
            }
        }
        if self.arch.has_local() {
            for number in (0..self.arch.local().windows.len()).rev() {
                let layer = self.arch.local_layers().nth(number).ok_or(broken)?;
                let sum = grads.get_mut(weights_of(&layer)).ok_or(broken)?;
                ranks.end_sum(&walk.shards, local_slot(number, self.arch.num_layers()), sum)?;
            }
        }
        self.add_penalty_gradient(gemm, params, grads);
        walk.flush.run(grads);
        walk.flush.run(running);
        Ok(loss)
    }
}
