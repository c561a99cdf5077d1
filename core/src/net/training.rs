//! Networks in training: loss and gradients.

use super::FullyConnectedNet;
use super::flush::Flush;
use super::head::{Bands, Head};
use super::input::LayerInput;
use crate::arch::{Activation, LayerSpec};
use crate::error::{Error, check_buffer, check_len, check_shape};
use crate::float::Float;
use crate::gemm::{Gemm, Rows};
use crate::layers::{
    Dropout, HiddenGrads, HiddenParams, ReluBackward, Targets, affine_dw, affine_dx,
    hidden_forward_train, mean, norm_relu_backward,
};
use crate::machine::run;
use crate::mat::{Mat, MatMut};
use crate::rng::Rng;
use crate::slices::{First, copy, take_mut};
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
    /// [`Error::Shape`] if `x`, `y` or the weights of the classes do not fit, [`Error::BufferTooSmall`] if the workspace is too
    /// short, [`Error::InvalidLabel`], or [`Error::InvalidConfig`] for a `keep_prob` or a weight out of range,
    /// and for classes where the loss takes numbers or the other way round.
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
        self.check_batch(x.shape(), y)?;
        let required = self.arch.train_workspace_len(batch);
        check_buffer("workspace", required, workspace.len())?;
        // Unreachable once the lengths are checked; an error is cheaper to prove than a panic.
        let broken = Error::BufferTooSmall { what: "state", required, found: workspace.len() };
        let (caches, blocks) =
            workspace.split_at_mut_checked(self.arch.cache_len(batch)).ok_or(broken)?;
        let blocks = blocks.split_at_mut_checked(batch * self.arch.widest()).ok_or(broken)?;
        let flush = Flush::new(gemm, batch);
        flush.run(params);
        let penalty = self.penalty(gemm, params);
        self.keep_running(running, grads);
        // Where there is batch norm, the gradient goes through the ReLU with it.
        let relu_scale = (!self.arch.has_batchnorm()).then_some(T::ONE / self.keep_prob);
        let walk = Walk { net: self, gemm, flush, x, batch, relu_scale, broken };
        let (dout, dx) = blocks;
        let sum = walk.forward(rng, y, params, running, caches, (&mut *dout, &mut *dx))?;
        let loss = mean(sum, batch) + penalty;
        if !loss.is_finite() {
            self.refuse_step(loss, running, grads);
            return Ok(loss);
        }
        walk.backward(params, grads, caches, (dout, dx))?;
        self.add_penalty_gradient(gemm, params, grads);
        walk.flush.run(grads);
        walk.flush.run(running);
        Ok(loss)
    }

    /// Refuses a batch that does not fit.
    pub(super) fn check_batch(
        &self,
        shape: (usize, usize),
        y: Targets<'_, T>,
    ) -> Result<(), Error> {
        let (batch, _) = shape;
        check_shape("x", (batch, self.arch.input_dim()), shape)?;
        self.check_class_weights()?;
        self.loss.check_targets((batch, self.arch.num_classes()), y)
    }

    /// Keeps running statistics where nothing else lies until it is known whether the loss is finite: in the gradients of batch norm.
    pub(super) fn keep_running(&self, running: &[T], grads: &mut [T]) {
        self.for_norm_places(|norm, statistics| {
            let now = running.get(statistics).unwrap_or_default();
            copy(grads.get_mut(norm).unwrap_or_default(), now);
        });
    }

    /// Takes back what [was kept](Self::keep_running), and fills the gradients with a loss that is not finite.
    pub(super) fn refuse_step(&self, loss: T, running: &mut [T], grads: &mut [T]) {
        self.for_norm_places(|norm, statistics| {
            let kept = grads.get(norm).unwrap_or_default();
            copy(running.get_mut(statistics).unwrap_or_default(), kept);
        });
        grads.fill(loss);
    }

    /// Refuses weights of classes that are not one for each class.
    pub(crate) fn check_class_weights(&self) -> Result<(), Error> {
        let weights = self.class_weights;
        if weights.is_empty() {
            return Ok(());
        }
        if !self.loss.takes_classes() {
            let what = "weights of classes are for the losses softmax and svm";
            return Err(Error::InvalidConfig { what });
        }
        check_len("class_weights", self.arch.num_classes(), weights.len())?;
        if !weights.iter().all(|&weight| weight.is_finite() && weight >= T::ZERO) {
            return Err(Error::InvalidConfig { what: "a weight of a class must be at least 0" });
        }
        Ok(())
    }

    fn dropout(&self, rng: Rng) -> Option<Dropout<T>> {
        (self.keep_prob != T::ONE).then_some(Dropout { keep_prob: self.keep_prob, rng })
    }

    /// Calls a function with the places of gamma and beta of each layer, and of its mean and variance in `running`: as
    /// many numbers.
    #[inline(always)]
    fn for_norm_places(&self, mut f: impl FnMut(Range<usize>, Range<usize>)) {
        if self.arch.has_local() {
            for layer in self.arch.local_layers() {
                let norm = layer.gamma().start..layer.beta().end;
                f(norm, layer.running_mean().start..layer.running_var().end);
            }
        }
        for layer in self.arch.layers() {
            let norm = layer.gamma().start..layer.beta().end;
            f(norm, layer.running_mean().start..layer.running_var().end);
        }
    }
}

/// A batch on its way through the layers and back.
///
/// The caches lie one after the other, as the layers do. The gradient that comes to a layer lies in one of two
/// blocks, the one that it hands on in the other.
struct Walk<'a, T, G, X> {
    net: &'a FullyConnectedNet<'a, T>,
    gemm: &'a G,
    flush: Flush<'a, G>,
    x: X,
    batch: usize,
    /// The factor of the gradient at a ReLU and dropout that no batch norm takes along.
    relu_scale: Option<T>,
    broken: Error,
}

impl<T: Float, G: Gemm<T>, X: Rows<T> + Copy> Walk<'_, T, G, X> {
    /// {affine - \[batchnorm\] - relu - \[dropout\]} x (L - 1) - affine - loss: the sum of the samples' losses, the caches,
    /// and in the blocks the gradient at the scores and at the input of the last layer.
    fn forward(
        &self,
        rng: Rng,
        y: Targets<'_, T>,
        params: &[T],
        running: &mut [T],
        mut caches: &mut [T],
        (dscores, dx): (&mut [T], &mut [T]),
    ) -> Result<T, Error> {
        let Self { net, gemm, ref flush, x, batch, broken, .. } = *self;
        let (mut input, mut sum) = (LayerInput::Batch(x), T::ZERO);
        if net.arch.has_local() {
            let caches = take_mut(&mut caches, net.arch.local_cache_len(batch)).ok_or(broken)?;
            net.local_forward_train(gemm, flush, &x, params, running, caches).ok_or(broken)?;
            let outputs = net.arch.local().num_outputs();
            input = LayerInput::Hidden(last_block(caches, batch, outputs).ok_or(broken)?);
        }
        for (layer, stream) in net.arch.layers().zip(0..) {
            let params = layer_params(&layer, params).ok_or(broken)?;
            match layer.activation {
                Activation::Relu => {
                    let running = layer_running_mut(&layer, running);
                    let (norm, dropout) = (&net.batchnorm, net.dropout(rng.fork(stream)));
                    let mut cache = take_cache(&layer, batch, &mut caches)?;
                    hidden_forward_train(gemm, norm, input, &params, running, dropout, &mut cache)?;
                    flush.run(cache.x_hat.data_mut());
                    flush.run(cache.out.data_mut());
                    input = LayerInput::Hidden(cache.out.into_mat());
                }
                Activation::Identity => {
                    let (loss, class_weights) = (net.loss, net.class_weights);
                    let relu_scale = self.relu_scale_before(&layer);
                    let head =
                        Head { loss, class_weights, params, relu_scale, num_samples: batch, y };
                    let scores = block(dscores, batch, layer.fan_out).ok_or(broken)?;
                    sum = match input {
                        LayerInput::Batch(x) => head.run(gemm, x, 0, scores),
                        // With the gradient of its input, so that threads meet once and not three times: that is 2
                        // to 5 % of a step of many small layers.
                        LayerInput::Hidden(x) => {
                            let mut dx = block(dx, batch, layer.fan_in).ok_or(broken)?;
                            let (first, to) = (First(0), dx.reborrow());
                            let sum = run(gemm, Bands { gemm, head, x, first, scores, dx: to });
                            flush.run(dx.data_mut());
                            sum
                        }
                    };
                }
            }
        }
        Ok(sum)
    }

    /// The same layers reversed: all gradients but those of the penalty.
    fn backward(
        &self,
        params: &[T],
        grads: &mut [T],
        mut caches: &mut [T],
        (mut dout_block, mut dx_block): (&mut [T], &mut [T]),
    ) -> Result<(), Error> {
        let Self { net, gemm, ref flush, x, batch, broken, .. } = *self;
        for layer in net.arch.layers_reversed() {
            let before = caches.len().checked_sub(layer.cache_len(batch)).ok_or(broken)?;
            let mut cache;
            (caches, cache) = take(&mut caches).split_at_mut_checked(before).ok_or(broken)?;
            let mut dout = block(dout_block, batch, layer.fan_out).ok_or(broken)?;
            let HiddenParams { w, norm, .. } = layer_params(&layer, params).ok_or(broken)?;
            let layer_grads = layer_grads(&layer, grads).ok_or(broken)?;
            let HiddenGrads { dw, db, norm: norm_grads } = layer_grads;
            if let (Some(norm), Some(norm_grads)) = (norm, norm_grads) {
                let cache = take_cache(&layer, batch, &mut cache)?;
                let (upstream, keep_prob) = (dout.reborrow(), net.keep_prob);
                norm_relu_backward(gemm, upstream, &norm, keep_prob, &cache, norm_grads)?;
                flush.run(dout.data_mut());
            }
            let input = if layer.params_start == 0 {
                LayerInput::Batch(x)
            } else {
                LayerInput::Hidden(last_block(caches, batch, layer.fan_in).ok_or(broken)?)
            };
            affine_dw(gemm, dout.as_mat(), input, dw, db)?;
            match (layer.activation, input) {
                // Nothing comes before the first layer; the last one's went with the loss.
                (_, LayerInput::Batch(_)) | (Activation::Identity, _) => {}
                (Activation::Relu, LayerInput::Hidden(out)) => {
                    let mut dx = block(dx_block, batch, layer.fan_in).ok_or(broken)?;
                    let relu_scale = self.relu_scale_before(&layer);
                    let relu = relu_scale.map(|scale| ReluBackward::new(out, scale));
                    affine_dx(gemm, dout.as_mat(), w, relu, dx.reborrow())?;
                    flush.run(dx.data_mut());
                }
            }
            swap(&mut dout_block, &mut dx_block);
        }
        if net.arch.has_local() {
            let blocks = (dout_block, dx_block);
            net.local_backward(gemm, flush, params, grads, caches, batch, blocks).ok_or(broken)?;
        }
        Ok(())
    }

    /// The factor of the gradient at the ReLU before a layer. Locally connected layers take theirs themselves.
    #[inline(always)]
    fn relu_scale_before(&self, layer: &LayerSpec) -> Option<T> {
        let arch = &self.net.arch;
        let is_first = arch.has_local() && layer.params_start == arch.local_params_len();
        if is_first { None } else { self.relu_scale }
    }
}

/// The last `rows` · `cols` elements of the caches: what the last of their layers gave.
pub(super) fn last_block<T>(caches: &[T], rows: usize, cols: usize) -> Option<Mat<'_, T>> {
    let start = caches.len().checked_sub(rows.checked_mul(cols)?)?;
    Mat::new(caches.get(start..)?, rows, cols).ok()
}

/// The first `rows` · `cols` elements of a block.
pub(super) fn block<T>(data: &mut [T], rows: usize, cols: usize) -> Option<MatMut<'_, T>> {
    MatMut::new(data.get_mut(..rows.checked_mul(cols)?)?, rows, cols).ok()
}
