//! The way of shards back.

use super::values::Values;
use super::walk::Walk;
use crate::arch::{Activation, LayerSpec};
use crate::error::Error;
use crate::float::Float;
use crate::gemm::{Gemm, RowRange, Rows};
use crate::layers::{
    HiddenCache, HiddenParams, Norm, NormGrads, ReluBackward, affine_db, affine_dw_alone,
    affine_dx, shard_gradient, shard_gradient_sums,
};
use crate::mat::MatMut;
use crate::net::input::LayerInput;
use crate::shards::{Columns, Ranks, add, gradient_pieces, sum_in_tree};
use crate::slices::copy;
use crate::state::layer_params;
use core::iter::zip;
use core::ops::Range;

/// The slot of a piece of a layer's gradient. Only the first layer has more than one.
pub(super) const fn slot_of(layer: usize, piece: usize, num_layers: usize) -> usize {
    match piece {
        0 => layer,
        more => num_layers + more - 1,
    }
}

/// The slot of a locally connected layer's gradient. Where there are such layers, no other has more than a piece.
pub(super) const fn local_slot(layer: usize, num_layers: usize) -> usize {
    num_layers + layer
}

impl<T: Float, G: Gemm<T>, X: Rows<T> + RowRange, R: Ranks<T> + ?Sized> Walk<'_, T, G, X, R> {
    /// The gradients of a layer, and that of its input.
    pub(super) fn backward(
        &self,
        number: usize,
        layer: &LayerSpec,
        params: &[T],
        grads: &mut [T],
        caches: &mut [T],
        (dout_block, dx_block): (&mut [T], &mut [T]),
        values: &mut Values<'_, T>,
        (others, scratch): (&mut [T], &mut [T]),
    ) -> Result<(), Error> {
        let Self { gemm, ref flush, broken, ref held, .. } = *self;
        let HiddenParams { w, norm, .. } = layer_params(layer, params).ok_or(broken)?;
        if let Some(norm) = norm {
            self.norm_backward(layer, norm, grads, caches, dout_block, values)?;
        }
        let caches = &*caches;
        for (piece, (rows, numbers)) in gradient_pieces(layer).enumerate() {
            let first = grads.get_mut(numbers).ok_or(broken)?;
            let slot = slot_of(number, piece, self.net.arch.num_layers());
            self.piece(slot, layer, &rows, caches, dout_block, first, (others, scratch))?;
        }
        if layer.params_start == 0 || layer.activation == Activation::Identity {
            // Nothing comes before the first layer; the last one's went with the loss.
            return Ok(());
        }
        for shard in held.clone() {
            let LayerInput::Hidden(out) = self.input(caches, shard, layer)? else { continue };
            let dout = self.block(dout_block, shard, layer.fan_out)?;
            let mut dx = self.block(dx_block, shard, layer.fan_in)?;
            let relu = self.relu_scale_before(layer).map(|scale| ReluBackward::new(out, scale));
            affine_dx(gemm, dout.as_mat(), w, relu, dx.reborrow())?;
            flush.run(dx.data_mut());
        }
        Ok(())
    }

    /// The gradient of some rows of W, and if they are its last of b, whose sum over the shards of all ranks is begun.
    fn piece(
        &self,
        slot: usize,
        layer: &LayerSpec,
        rows: &Range<usize>,
        caches: &[T],
        dout_block: &mut [T],
        first: &mut [T],
        (others, scratch): (&mut [T], &mut [T]),
    ) -> Result<(), Error> {
        let Self { gemm, broken, .. } = *self;
        let compute = |shard: usize, to: &mut [T]| {
            let (dw, db) = to.split_at_mut_checked(rows.len() * layer.fan_out).ok_or(broken)?;
            let dw = MatMut::new(dw, rows.len(), layer.fan_out)?;
            let dout = self.block(dout_block, shard, layer.fan_out)?;
            let (dout, input) = (dout.as_mat(), self.input(caches, shard, layer)?);
            if !db.is_empty() {
                affine_db(gemm, dout, db);
            }
            match rows.len() == layer.fan_in {
                true => affine_dw_alone(gemm, dout, input, dw)?,
                false => {
                    let input = Columns { x: input, columns: (rows.start, rows.end) };
                    affine_dw_alone(gemm, dout, input, dw)?;
                }
            }
            Ok(())
        };
        self.gradient(slot, first, (others, scratch), compute)
    }

    /// The sum of a gradient over the shards of this rank, of which `compute` writes that of one; and that of all ranks is begun.
    pub(super) fn gradient(
        &self,
        slot: usize,
        first: &mut [T],
        (others, scratch): (&mut [T], &mut [T]),
        mut compute: impl FnMut(usize, &mut [T]) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let Self { gemm, broken, ref shards, ref held, .. } = *self;
        let (len, mut part_number, mut result) = (first.len(), 0_usize, Ok(()));
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
        self.ranks.start_sum(shards, slot, first, others)
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
}
