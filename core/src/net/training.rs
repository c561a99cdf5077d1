//! Networks in training: loss and gradients.

use super::FullyConnectedNet;
use super::flush::Flush;
use super::head::{Bands, Head};
use crate::arch::{Activation, LayerSpec};
use crate::error::{Error, check_shape};
use crate::float::Float;
use crate::gemm::{Gemm, Rows};
use crate::layers::{
    Dropout, HiddenGrads, HiddenParams, NormGrads, Relu, RunningStats, Targets, affine_dw,
    affine_dx, hidden_forward_train, mean, norm_relu_backward,
};
use crate::machine::run;
use crate::mat::{Mat, MatMut};
use crate::rng::Rng;
use crate::slices::copy;
use crate::state::{
    TrainState, check_workspace, layer_grads, layer_params, layer_running_mut, take_cache,
};

impl<T: Float> FullyConnectedNet<'_, T> {
    /// Computes the loss of a batch in training, and all gradients.
    ///
    /// Gradients are overwritten and include those of the regularisation; running statistics move
    /// on. A loss that is NaN or infinite leaves the running statistics as they were, and fills the
    /// gradients with itself. The dropout masks depend on `rng` alone: the same `rng` gives the same
    /// function, another one for each step gives other masks.
    ///
    /// Subnormal numbers count as 0, so that no CPU slows down on them: by the arithmetic of a backend that
    /// [flushes](crate::Machine::flushes_subnormals) them, otherwise those among parameters, activations, gradients and
    /// running statistics are replaced in `state`, in batches of 16 samples and more.
    ///
    /// # Shapes
    ///
    /// | argument | shape  | role                                             |
    /// |----------|--------|--------------------------------------------------|
    /// | `x`      | (N, D) | input: any [`Rows`] |
    /// | `y`      | (N) or (N, C) | the right classes, or the right outputs   |
    /// | `state`  |        | workspace of at least `arch.train_workspace_len(N)` |
    ///
    /// # Errors
    ///
    /// [`Error::Shape`] if `x` or `y` does not fit, [`Error::BufferTooSmall`] if the workspace is too
    /// short, [`Error::InvalidLabel`], or [`Error::InvalidConfig`] for a `keep_prob` out of range, and for
    /// classes where the loss takes numbers or the other way round.
    pub fn loss(
        &self,
        gemm: &impl Gemm<T>,
        rng: Rng,
        state: &mut TrainState<'_, T>,
        x: impl Rows<T> + Copy,
        y: Targets<'_, T>,
    ) -> Result<T, Error> {
        let (batch, _) = x.shape();
        let TrainState { params, running, grads, workspace } = state;
        check_shape("x", (batch, self.arch.input_dim()), x.shape())?;
        self.loss.check_targets((batch, self.arch.num_classes()), y)?;
        let required = self.arch.train_workspace_len(batch);
        check_workspace(required, workspace.len())?;
        // Unreachable once the lengths are checked; an error is cheaper to prove than a panic.
        let broken = Error::BufferTooSmall { what: "state", required, found: workspace.len() };
        let (caches, blocks) =
            workspace.split_at_mut_checked(self.arch.cache_len(batch)).ok_or(broken)?;
        let (mut dout_block, mut dx_block) =
            blocks.split_at_mut_checked(batch * self.arch.widest()).ok_or(broken)?;
        let flush = Flush::new(gemm, batch);
        flush.run(params);
        let relu_scale = (!self.arch.has_batchnorm()).then_some(T::ONE / self.keep_prob);
        let penalty = self.penalty(gemm, params);

        // Forward: {affine - [batchnorm] - relu - [dropout]} x (L - 1) - affine - loss
        let mut sum = T::ZERO;
        let (mut input, mut rest) = (None, &mut *caches);
        for (layer, stream) in self.arch.layers().zip(0..) {
            let params = layer_params(&layer, params).ok_or(broken)?;
            if layer.activation == Activation::Relu {
                let running = layer_running_mut(&layer, running);
                keep_running(running.as_ref(), layer_grads(&layer, grads));
                let dropout = self.dropout(rng.fork(stream));
                let mut cache = take_cache(&layer, batch, &mut rest)?;
                let (norm, cached) = (&self.batchnorm, &mut cache);
                match input {
                    None => hidden_forward_train(gemm, norm, x, &params, running, dropout, cached),
                    Some(x) => {
                        hidden_forward_train(gemm, norm, x, &params, running, dropout, cached)
                    }
                }?;
                flush.run(cache.x_hat.data_mut());
                flush.run(cache.out.data_mut());
                input = Some(Mat::new(cache.out.into_data(), batch, layer.fan_out)?);
            } else {
                let head = Head { loss: self.loss, params, relu_scale, num_samples: batch, y };
                let scores = block(dout_block, batch, layer.fan_out).ok_or(broken)?;
                sum = match input {
                    None => head.run(gemm, x, 0, scores),
                    Some(x) => {
                        let dx = block(dx_block, batch, layer.fan_in).ok_or(broken)?;
                        let dx_len = batch.saturating_mul(layer.fan_in);
                        let sum = run(gemm, Bands { gemm, head, x, first: 0, scores, dx });
                        flush.run(dx_block.get_mut(..dx_len).unwrap_or_default());
                        sum
                    }
                };
            }
        }

        let loss = mean(sum, batch) + penalty;
        if !loss.is_finite() {
            for layer in self.arch.layers() {
                restore_running(layer_running_mut(&layer, running), layer_grads(&layer, grads));
            }
            grads.fill(loss);
            return Ok(loss);
        }

        // Backward: the same list, reversed
        for (index, layer) in (0..self.arch.num_layers()).rev().zip(self.layers_reversed()) {
            let start = self.arch.layers().take(index).map(|layer| layer.cache_len(batch)).sum();
            let (before, mut cache) = caches.split_at_mut_checked(start).ok_or(broken)?;
            let mut dout = block(dout_block, batch, layer.fan_out).ok_or(broken)?;
            let HiddenParams { w, norm, .. } = layer_params(&layer, params).ok_or(broken)?;
            let layer_grads = layer_grads(&layer, grads).ok_or(broken)?;
            let HiddenGrads { dw, db, norm: norm_grads } = layer_grads;
            if let (Some(norm), Some(norm_grads)) = (norm, norm_grads) {
                let cache = take_cache(&layer, batch, &mut cache)?;
                norm_relu_backward(
                    gemm,
                    dout.reborrow(),
                    &norm,
                    self.keep_prob,
                    &cache,
                    norm_grads,
                )?;
                flush.run(dout.data_mut());
            }
            if index == 0 {
                affine_dw(gemm, dout.as_mat(), x, dw, db)?;
            } else {
                // The output of the layer before lies at the end of its cache.
                let len = batch.saturating_mul(layer.fan_in);
                let out = before.len().checked_sub(len).and_then(|at| before.get(at..));
                let x = Mat::new(out.ok_or(broken)?, batch, layer.fan_in)?;
                affine_dw(gemm, dout.as_mat(), x, dw, db)?;
                // The last layer has computed it already.
                if layer.activation == Activation::Relu {
                    let relu = relu_scale.map(|scale| Relu { out: x, scale });
                    let dx = block(dx_block, batch, layer.fan_in).ok_or(broken)?;
                    affine_dx(gemm, dout.as_mat(), w, relu, dx)?;
                    flush.run(dx_block.get_mut(..len).unwrap_or_default());
                }
            }
            core::mem::swap(&mut dout_block, &mut dx_block);
        }
        self.add_penalty_gradient(gemm, params, grads);
        flush.run(grads);
        flush.run(running);
        Ok(loss)
    }

    fn dropout(&self, rng: Rng) -> Option<Dropout<T>> {
        (self.keep_prob != T::ONE).then_some(Dropout { keep_prob: self.keep_prob, rng })
    }

    /// The layers from last to first. Networks are short: finding each anew needs no memory.
    fn layers_reversed(&self) -> impl Iterator<Item = LayerSpec> {
        (0..self.arch.num_layers()).rev().filter_map(|index| self.arch.layers().nth(index))
    }
}

/// Copies the running statistics of a layer to where its gradients will be: until the backward pass
/// nobody needs the place, and by then it is known whether the loss is finite.
fn keep_running<T: Copy>(
    running: Option<&RunningStats<&mut [T]>>,
    grads: Option<HiddenGrads<'_, T>>,
) {
    if let (Some(running), Some(NormGrads { dgamma, dbeta })) =
        (running, grads.and_then(|grads| grads.norm))
    {
        copy(dgamma, running.mean);
        copy(dbeta, running.var);
    }
}

/// Takes them back.
fn restore_running<T: Copy>(
    running: Option<RunningStats<&mut [T]>>,
    grads: Option<HiddenGrads<'_, T>>,
) {
    if let (Some(running), Some(NormGrads { dgamma, dbeta })) =
        (running, grads.and_then(|grads| grads.norm))
    {
        copy(running.mean, dgamma);
        copy(running.var, dbeta);
    }
}

/// The first `rows` · `cols` elements of a block.
fn block<T>(data: &mut [T], rows: usize, cols: usize) -> Option<MatMut<'_, T>> {
    MatMut::new(data.get_mut(..rows.checked_mul(cols)?)?, rows, cols).ok()
}
