//! Networks in training: loss and gradients.

use super::FullyConnectedNet;
use super::flush::Flush;
use super::head::Head;
use crate::arch::LayerSpec;
use crate::error::{Error, check_shape};
use crate::float::Float;
use crate::gemm::{Gemm, Pass, split_point};
use crate::layers::{
    Dropout, HiddenGrads, HiddenParams, Input, Label, Relu, affine_dw, affine_dx, check_labels,
    hidden_forward_train, mean, norm_relu_backward,
};
use crate::mat::{Mat, MatMut};
use crate::rng::Rng;
use crate::state::{
    TrainState, check_workspace, layer_grads, layer_params, layer_running_mut, take_cache,
};

impl<T: Float> FullyConnectedNet<'_, T> {
    /// Computes the loss of a batch in training, and all gradients.
    ///
    /// Gradients are overwritten and include those of the regularisation; running statistics move
    /// on. The dropout masks depend on `rng` alone: the same `rng` gives the same function, another
    /// one for each step gives other masks.
    ///
    /// Subnormal numbers count as 0, so that no CPU slows down on them: by the arithmetic of a backend that
    /// [flushes](Gemm::flushes_subnormals) them, otherwise those among parameters, activations, gradients and
    /// running statistics are replaced in `state`, in batches of 16 samples and more.
    ///
    /// # Shapes
    ///
    /// | argument | shape  | role                                             |
    /// |----------|--------|--------------------------------------------------|
    /// | `x`      | (N, D) | input: a [`Mat`], one image as bytes, or [`Rows`](crate::Rows) |
    /// | `y`      | (N)    | the right classes                                |
    /// | `state`  |        | workspace of at least `arch.train_workspace_len(N)` |
    ///
    /// # Errors
    ///
    /// [`Error::Shape`] if `x` or `y` does not fit, [`Error::BufferTooSmall`] if the workspace is too
    /// short, [`Error::InvalidLabel`], or [`Error::InvalidConfig`] for a `keep_prob` out of range.
    pub fn loss(
        &self,
        gemm: &impl Gemm<T>,
        rng: Rng,
        state: &mut TrainState<'_, T>,
        x: impl Input<T>,
        y: &[Label],
    ) -> Result<T, Error> {
        let (batch, _) = x.shape();
        let TrainState { params, running, grads, workspace } = state;
        check_shape("x", (batch, self.arch.input_dim()), x.shape())?;
        check_labels((batch, self.arch.num_classes()), y)?;
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

        // Forward: {affine - [batchnorm] - relu - [dropout]} x (L - 1) - affine - loss
        let mut sum = T::ZERO;
        let (mut input, mut rest) = (None, &mut *caches);
        for (layer, stream) in self.arch.layers().zip(0..) {
            let params = layer_params(&layer, params).ok_or(broken)?;
            if layer.hidden {
                let running = layer_running_mut(&layer, running);
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
                let head = Head { loss: self.loss, params, relu_scale, num_samples: batch };
                let scores = block(dout_block, batch, layer.fan_out).ok_or(broken)?;
                sum = match input {
                    None => head.run(gemm, x, y, scores),
                    Some(x) => {
                        let dx = block(dx_block, batch, layer.fan_in).ok_or(broken)?;
                        let dx_len = batch.saturating_mul(layer.fan_in);
                        let sum = head.run_bands(gemm, x, y, scores, dx);
                        flush.run(dx_block.get_mut(..dx_len).unwrap_or_default());
                        sum
                    }
                };
            }
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
                if layer.hidden {
                    let relu = relu_scale.map(|scale| Relu { out: x, scale });
                    let dx = block(dx_block, batch, layer.fan_in).ok_or(broken)?;
                    affine_dx(gemm, dout.as_mat(), w, relu, dx)?;
                    flush.run(dx_block.get_mut(..len).unwrap_or_default());
                }
            }
            core::mem::swap(&mut dout_block, &mut dx_block);
        }
        let loss = mean(sum, batch) + self.add_regularization(gemm, params, grads);
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

    /// dW ← dW + reg·W for every layer; returns 0.5·reg·Σ W².
    fn add_regularization(&self, gemm: &impl Gemm<T>, params: &[T], grads: &mut [T]) -> T {
        let mut sum = T::ZERO;
        if self.reg != T::ZERO {
            for layer in self.arch.layers() {
                if let (Some(HiddenParams { w, .. }), Some(mut grads)) =
                    (layer_params(&layer, params), layer_grads(&layer, grads))
                {
                    sum += add_scaled(gemm, self.reg, w.data(), grads.dw.data_mut());
                }
            }
        }
        T::from_f64(0.5) * self.reg * sum
    }
}

/// The first `rows` · `cols` elements of a block.
fn block<T>(data: &mut [T], rows: usize, cols: usize) -> Option<MatMut<'_, T>> {
    MatMut::new(data.get_mut(..rows.checked_mul(cols)?)?, rows, cols).ok()
}

/// dw ← dw + reg·w; returns Σ w². Summed in fixed pieces and lanes, so that the bits do not depend
/// on threads.
fn add_scaled<T: Float>(gemm: &impl Gemm<T>, reg: T, w: &[T], dw: &mut [T]) -> T {
    let Some(at) = split_point(w.len()) else {
        return gemm.vectorized(AddScaledChunk, (reg, w, dw));
    };
    let ((w_left, w_right), (dw_left, dw_right)) =
        match (w.split_at_checked(at), dw.split_at_mut_checked(at)) {
            (Some(w), Some(dw)) => (w, dw),
            _ => return T::ZERO,
        };
    let (mut left, mut right) = (T::ZERO, T::ZERO);
    gemm.join(
        || left = add_scaled(gemm, reg, w_left, dw_left),
        || right = add_scaled(gemm, reg, w_right, dw_right),
    );
    left + right
}

/// A piece of [`add_scaled`].
struct AddScaledChunk;

impl<T: Float> Pass<(T, &[T], &mut [T])> for AddScaledChunk {
    type Output = T;

    #[inline(always)]
    fn run((reg, w, dw): (T, &[T], &mut [T])) -> T {
        let (mut lanes, mut tail) = ([T::ZERO; 16], T::ZERO);
        let (w_chunks, w_tail) = w.as_chunks::<16>();
        let (dw_chunks, dw_tail) = dw.as_chunks_mut::<16>();
        for (w, dw) in w_chunks.iter().zip(dw_chunks) {
            for ((lane, &w), dw) in lanes.iter_mut().zip(w).zip(dw) {
                *dw += reg * w;
                *lane += w * w;
            }
        }
        for (&w, dw) in w_tail.iter().zip(dw_tail) {
            *dw += reg * w;
            tail += w * w;
        }
        lanes.into_iter().fold(tail, |sum, lane| sum + lane)
    }
}
