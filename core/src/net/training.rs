//! Networks in training: loss and gradients.

use super::FullyConnectedNet;
use super::activations::Activations;
use super::flush::Flush;
use super::head::{Bands, Head};
use crate::arch::Activation;
use crate::error::{Error, check_buffer, check_shape};
use crate::float::Float;
use crate::gemm::{Gemm, Rows};
use crate::layers::{
    Dropout, HiddenGrads, HiddenParams, ReluBackward, Targets, affine_dw, affine_dx,
    hidden_forward_train, mean, norm_relu_backward,
};
use crate::machine::run;
use crate::mat::{Mat, MatMut};
use crate::rng::Rng;
use crate::slices::{First, copy};
use crate::state::{TrainState, layer_grads, layer_params, layer_running_mut, take_cache};
use core::mem::{swap, take};
use core::ops::Range;

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
        check_buffer("workspace", required, workspace.len())?;
        // Unreachable once the lengths are checked; an error is cheaper to prove than a panic.
        let broken = Error::BufferTooSmall { what: "state", required, found: workspace.len() };
        let (mut caches, blocks) =
            workspace.split_at_mut_checked(self.arch.cache_len(batch)).ok_or(broken)?;
        let (mut dout_block, mut dx_block) =
            blocks.split_at_mut_checked(batch * self.arch.widest()).ok_or(broken)?;
        let flush = Flush::new(gemm, batch);
        flush.run(params);
        let relu_scale = (!self.arch.has_batchnorm()).then_some(T::ONE / self.keep_prob);
        let penalty = self.penalty(gemm, params);
        // Running statistics are kept where nothing else lies until it is known whether the loss is finite.
        for (norm, statistics) in self.norm_places() {
            let now = running.get(statistics).unwrap_or_default();
            copy(grads.get_mut(norm).unwrap_or_default(), now);
        }

        // Forward: {affine - [batchnorm] - relu - [dropout]} x (L - 1) - affine - loss
        let (mut input, mut rest, mut sum) = (Activations::Batch(x), &mut *caches, T::ZERO);
        for (layer, stream) in self.arch.layers().zip(0..) {
            let params = layer_params(&layer, params).ok_or(broken)?;
            match layer.activation {
                Activation::Relu => {
                    let running = layer_running_mut(&layer, running);
                    let (norm, dropout) = (&self.batchnorm, self.dropout(rng.fork(stream)));
                    let mut cache = take_cache(&layer, batch, &mut rest)?;
                    hidden_forward_train(gemm, norm, input, &params, running, dropout, &mut cache)?;
                    flush.run(cache.x_hat.data_mut());
                    flush.run(cache.out.data_mut());
                    input = Activations::Hidden(cache.out.into_mat());
                }
                Activation::Identity => {
                    let head = Head { loss: self.loss, params, relu_scale, num_samples: batch, y };
                    let scores = block(dout_block, batch, layer.fan_out).ok_or(broken)?;
                    sum = match input {
                        Activations::Batch(x) => head.run(gemm, x, 0, scores),
                        // With the gradient of its input, so that threads meet once and not three times: that is 2
                        // to 5 % of a step of many small layers.
                        Activations::Hidden(x) => {
                            let mut dx = block(dx_block, batch, layer.fan_in).ok_or(broken)?;
                            let dx_of_bands = dx.reborrow();
                            let bands =
                                Bands { gemm, head, x, first: First(0), scores, dx: dx_of_bands };
                            let sum = run(gemm, bands);
                            flush.run(dx.data_mut());
                            sum
                        }
                    };
                }
            }
        }

        let loss = mean(sum, batch) + penalty;
        if !loss.is_finite() {
            for (norm, statistics) in self.norm_places() {
                let kept = grads.get(norm).unwrap_or_default();
                copy(running.get_mut(statistics).unwrap_or_default(), kept);
            }
            grads.fill(loss);
            return Ok(loss);
        }

        // Backward: the same list, reversed
        for layer in self.arch.layers_reversed() {
            let before = caches.len().checked_sub(layer.cache_len(batch)).ok_or(broken)?;
            let mut cache;
            (caches, cache) = take(&mut caches).split_at_mut_checked(before).ok_or(broken)?;
            let mut dout = block(dout_block, batch, layer.fan_out).ok_or(broken)?;
            let HiddenParams { w, norm, .. } = layer_params(&layer, params).ok_or(broken)?;
            let layer_grads = layer_grads(&layer, grads).ok_or(broken)?;
            let HiddenGrads { dw, db, norm: norm_grads } = layer_grads;
            if let (Some(norm), Some(norm_grads)) = (norm, norm_grads) {
                let cache = take_cache(&layer, batch, &mut cache)?;
                let (upstream, keep_prob) = (dout.reborrow(), self.keep_prob);
                norm_relu_backward(gemm, upstream, &norm, keep_prob, &cache, norm_grads)?;
                flush.run(dout.data_mut());
            }
            let input = if layer.params_start == 0 {
                Activations::Batch(x)
            } else {
                let out = last_block(caches, batch, layer.fan_in).ok_or(broken)?;
                Activations::Hidden(out)
            };
            affine_dw(gemm, dout.as_mat(), input, dw, db)?;
            match (layer.activation, input) {
                // Nothing comes before the first layer; the last one's went with the loss.
                (_, Activations::Batch(_)) | (Activation::Identity, _) => {}
                (Activation::Relu, Activations::Hidden(out)) => {
                    let mut dx = block(dx_block, batch, layer.fan_in).ok_or(broken)?;
                    let relu = relu_scale.map(|scale| ReluBackward::new(out, scale));
                    affine_dx(gemm, dout.as_mat(), w, relu, dx.reborrow())?;
                    flush.run(dx.data_mut());
                }
            }
            swap(&mut dout_block, &mut dx_block);
        }
        self.add_penalty_gradient(gemm, params, grads);
        flush.run(grads);
        flush.run(running);
        Ok(loss)
    }

    fn dropout(&self, rng: Rng) -> Option<Dropout<T>> {
        (self.keep_prob != T::ONE).then_some(Dropout { keep_prob: self.keep_prob, rng })
    }

    /// The places of gamma and beta of each layer, and of its mean and variance in `running`: as many numbers.
    fn norm_places(&self) -> impl Iterator<Item = (Range<usize>, Range<usize>)> {
        self.arch.layers().map(|layer| {
            let norm = layer.gamma().start..layer.beta().end;
            (norm, layer.running_mean().start..layer.running_var().end)
        })
    }
}

/// The last `rows` · `cols` elements of the caches: what the last of their layers gave.
fn last_block<T>(caches: &[T], rows: usize, cols: usize) -> Option<Mat<'_, T>> {
    let start = caches.len().checked_sub(rows.checked_mul(cols)?)?;
    Mat::new(caches.get(start..)?, rows, cols).ok()
}

/// The first `rows` · `cols` elements of a block.
fn block<T>(data: &mut [T], rows: usize, cols: usize) -> Option<MatMut<'_, T>> {
    MatMut::new(data.get_mut(..rows.checked_mul(cols)?)?, rows, cols).ok()
}
