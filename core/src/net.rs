//! Networks: which layers run in which order over which part of the flat slices.

use crate::arch::{Arch, ArchError, LayerSpec};
use crate::error::{Error, ShapeError, check_shape};
use crate::float::Float;
use crate::gemm::{Gemm, Pass, split_point};
use crate::layers::{
    BatchNormConfig, Dropout, HiddenParams, Input, Label, Loss, affine_backward, affine_forward,
    hidden_backward, hidden_forward_test, hidden_forward_train,
};
use crate::mat::{Mat, MatMut};
use crate::rng::Rng;
use crate::state::{
    TrainState, Weights, check_workspace, layer_grads, layer_params, layer_running,
    layer_running_mut, take_cache,
};

/// How weights start. Biases start at 0, `gamma` at 1, `beta` and the running statistics at 0.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Init {
    /// Normal, mean 0, with this standard deviation (CS231n's `weight_scale`).
    Gaussian {
        /// Standard deviation, at least 0.
        weight_scale: f64,
    },
    /// Normal with standard deviation √(2 / fan_in), made for ReLU (He et al., ICCV 2015).
    He,
    /// Normal with standard deviation √(2 / (fan_in + fan_out)) (Glorot and Bengio, AISTATS 2010).
    Xavier,
}

impl Init {
    fn std(self, layer: &LayerSpec) -> f64 {
        let fan_in = f64::from_usize(layer.fan_in);
        match self {
            Self::Gaussian { weight_scale } => weight_scale,
            Self::He => libm::sqrt(2.0 / fan_in),
            Self::Xavier => libm::sqrt(2.0 / (fan_in + f64::from_usize(layer.fan_out))),
        }
    }
}

/// A fully-connected network of any depth: {affine → \[batch norm\] → ReLU → \[dropout\]} × (L − 1)
/// → affine → loss.
///
/// It is a blueprint: `Copy`, usable in a `const`, and it owns no numbers.
///
/// ```
/// use barenet::{Arch, FullyConnectedNet, Init, Mat, Portable, Rng, TrainState};
///
/// const NET: FullyConnectedNet<'static, f32> = FullyConnectedNet::new(Arch::new(&[4, 8, 3]));
/// const PARAMS: usize = NET.arch.num_params();
/// let (mut params, mut grads) = ([0.0; PARAMS], [0.0; PARAMS]);
/// let mut workspace = [0.0; NET.arch.train_workspace_len(2)];
/// let mut state = TrainState::new(&NET.arch, &mut params, &mut [], &mut grads, &mut workspace)?;
///
/// NET.init(Init::He, Rng::seed(0), &mut state);
/// let x = [0.1, 0.2, 0.3, 0.4, -0.1, -0.2, -0.3, -0.4];
/// let x = Mat::new(&x, 2, 4)?;
/// let loss = NET.loss(&Portable, Rng::seed(1), &mut state, x, &[0, 2])?;
/// assert!(loss > 0.0 && state.grads().iter().any(|&g| g != 0.0));
///
/// let mut workspace = [0.0; NET.arch.infer_workspace_len(2)];
/// let scores = NET.scores(&Portable, state.weights(), x, &mut workspace)?;
/// assert_eq!(scores.shape(), (2, 3));
/// # Ok::<(), barenet::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FullyConnectedNet<'a, T> {
    /// Layer sizes, and whether there is batch norm.
    pub arch: Arch<'a>,
    /// Strength of the L2 regularisation 0.5·`reg`·‖W‖², at least 0. Default 0.
    pub reg: T,
    /// Constants of the batch norms.
    pub batchnorm: BatchNormConfig<T>,
    /// How likely dropout keeps a value, in (0, 1]. Default 1: no dropout.
    pub keep_prob: T,
    /// Which loss is trained. Default softmax.
    pub loss: Loss,
}

impl<'a> FullyConnectedNet<'a, f32> {
    /// A network in `f32` without regularisation and dropout, for a `const`.
    #[must_use]
    pub const fn new(arch: Arch<'a>) -> Self {
        let batchnorm = BatchNormConfig { eps: 1e-5, momentum: 0.9 };
        Self { arch, reg: 0.0, batchnorm, keep_prob: 1.0, loss: Loss::Softmax }
    }
}

impl<'a, T: Float> FullyConnectedNet<'a, T> {
    /// A network without regularisation and dropout, in any type.
    #[must_use]
    pub fn with_arch(arch: Arch<'a>) -> Self {
        let batchnorm = BatchNormConfig::default();
        Self { arch, reg: T::ZERO, batchnorm, keep_prob: T::ONE, loss: Loss::Softmax }
    }

    /// Draws the weights and sets everything else to its start.
    ///
    /// Each layer has a stream of its own, so its weights do not depend on the other layers' sizes.
    pub fn init(&self, init: Init, rng: Rng, state: &mut TrainState<'_, T>) {
        for (layer, stream) in self.arch.layers().zip(0..) {
            if let Some(mut numbers) = layer_grads(&layer, state.params) {
                rng.fork(stream).fill_normal(init.std(&layer), numbers.dw.data_mut());
                numbers.db.fill(T::ZERO);
                if let Some(norm) = numbers.norm {
                    norm.dgamma.fill(T::ONE);
                    norm.dbeta.fill(T::ZERO);
                }
            }
        }
        state.running.fill(T::ZERO);
    }

    /// Computes the scores of a batch at test time: running statistics, no dropout.
    ///
    /// # Shapes
    ///
    /// | argument    | shape                          | role                     |
    /// |-------------|--------------------------------|--------------------------|
    /// | `x`         | (N, D)                         | input: a [`Mat`], or one image as bytes |
    /// | `workspace` | ≥ `arch.infer_workspace_len(N)` | scratch; holds the result |
    /// | result      | (N, C)                         | scores                   |
    ///
    /// # Errors
    ///
    /// [`Error::Shape`] if `x` has not D columns or the weights belong to another architecture,
    /// [`Error::BufferTooSmall`] if the workspace is too short.
    pub fn scores<'w>(
        &self,
        gemm: &impl Gemm<T>,
        weights: Weights<'_, T>,
        x: impl Input<T>,
        workspace: &'w mut [T],
    ) -> Result<Mat<'w, T>, Error> {
        self.run(gemm, weights, x, self.arch.num_layers(), workspace)
    }

    /// Computes what the first `num_layers` layers make of a batch at test time: the input of the
    /// layers after them, which are [`Arch::head`].
    ///
    /// To train only the head of a network whose other weights stay in flash, train a network of
    /// that architecture on the features: its gradients are those that the whole network would have.
    ///
    /// ```
    /// use barenet::{Arch, FullyConnectedNet, Mat, Portable, TrainState, Weights, layer_params, optim::sgd};
    ///
    /// const NET: FullyConnectedNet<'static, f32> = FullyConnectedNet::new(Arch::new(&[2, 3, 2]));
    /// const HEAD: FullyConnectedNet<'static, f32> = FullyConnectedNet::new(NET.arch.head(1));
    /// static PARAMS: [f32; NET.arch.num_params()] = [0.5; NET.arch.num_params()]; // in flash
    ///
    /// let mut params = *PARAMS.last_chunk::<{ HEAD.arch.num_params() }>().unwrap(); // in RAM
    /// let mut grads = [0.0; HEAD.arch.num_params()];
    /// let mut workspace = [0.0; NET.arch.infer_workspace_len(1)];
    /// let mut train_workspace = [0.0; HEAD.arch.train_workspace_len(1)];
    ///
    /// let weights = Weights::new(&NET.arch, &PARAMS, &[])?;
    /// let features = NET.features(&Portable, weights, &[10_u8, 20][..], 1, &mut workspace)?;
    /// let mut state = TrainState::new(&HEAD.arch, &mut params, &mut [], &mut grads, &mut train_workspace)?;
    /// let loss = HEAD.loss(&Portable, barenet::Rng::seed(0), &mut state, features, &[1])?;
    /// let (params, grads) = state.params_and_grads();
    /// sgd(params, grads, 0.01)?;
    /// assert!(loss > 0.0 && params[0] < 0.5 && params[1] > 0.5);
    /// # Ok::<(), barenet::Error>(())
    /// ```
    ///
    /// # Shapes
    ///
    /// | argument    | shape                           | role                          |
    /// |-------------|---------------------------------|-------------------------------|
    /// | `x`         | (N, D)                          | input: a [`Mat`], or one image as bytes |
    /// | `workspace` | ≥ `arch.infer_workspace_len(N)` | scratch; holds the result     |
    /// | result      | (N, H)                          | H outputs of layer `num_layers`, after its ReLU |
    ///
    /// # Errors
    ///
    /// Those of [`Self::scores`], and [`Error::InvalidConfig`] unless `num_layers` is at least 1 and
    /// leaves at least one layer.
    pub fn features<'w>(
        &self,
        gemm: &impl Gemm<T>,
        weights: Weights<'_, T>,
        x: impl Input<T>,
        num_layers: usize,
        workspace: &'w mut [T],
    ) -> Result<Mat<'w, T>, Error> {
        if num_layers == 0 || num_layers >= self.arch.num_layers() {
            let what = "num_layers must be at least 1 and leave at least one layer";
            return Err(Error::InvalidConfig { what });
        }
        self.run(gemm, weights, x, num_layers, workspace)
    }

    /// The output of layer `num_layers`, at test time.
    fn run<'w>(
        &self,
        gemm: &impl Gemm<T>,
        weights: Weights<'_, T>,
        x: impl Input<T>,
        num_layers: usize,
        workspace: &'w mut [T],
    ) -> Result<Mat<'w, T>, Error> {
        let (batch, _) = x.shape();
        let weights = Weights::new(&self.arch, weights.params, weights.running)?;
        check_shape("x", (batch, self.arch.input_dim()), x.shape())?;
        let too_small = Error::BufferTooSmall {
            what: "workspace",
            required: self.arch.infer_workspace_len(batch),
            found: workspace.len(),
        };
        let (even, _) = self.arch.infer_blocks(batch);
        let (mut write, mut read) = workspace.split_at_mut_checked(even).ok_or(too_small)?;
        let mut width = 0;
        for layer in self.arch.layers().take(num_layers) {
            let out = write.get_mut(..batch * layer.fan_out).ok_or(too_small)?;
            let out = MatMut::new(out, batch, layer.fan_out)?;
            if layer.params_start == 0 {
                self.layer_forward_test(gemm, &layer, weights, x, out)?;
            } else {
                let input = read.get(..batch * layer.fan_in).ok_or(too_small)?;
                let input = Mat::new(input, batch, layer.fan_in)?;
                self.layer_forward_test(gemm, &layer, weights, input, out)?;
            }
            width = layer.fan_out;
            core::mem::swap(&mut read, &mut write);
        }
        let out: &'w [T] = read;
        Ok(Mat::new(out.get(..batch * width).ok_or(too_small)?, batch, width)?)
    }

    /// One layer at test time.
    fn layer_forward_test(
        &self,
        gemm: &impl Gemm<T>,
        layer: &LayerSpec,
        weights: Weights<'_, T>,
        x: impl Input<T>,
        out: MatMut<'_, T>,
    ) -> Result<(), ShapeError> {
        // The lengths were checked: there are parameters for every layer.
        let Some(params) = layer_params(layer, weights.params) else { return Ok(()) };
        if layer.hidden {
            let running = layer_running(layer, weights.running);
            hidden_forward_test(gemm, &self.batchnorm, x, &params, running, out)
        } else {
            affine_forward(gemm, x, params.w, params.b, out)
        }
    }

    /// Computes the loss of a batch in training, and all gradients.
    ///
    /// Gradients are overwritten and include those of the regularisation; running statistics move
    /// on. The dropout masks depend on `rng` alone: the same `rng` gives the same function, another
    /// one for each step gives other masks.
    ///
    /// # Shapes
    ///
    /// | argument | shape  | role                                             |
    /// |----------|--------|--------------------------------------------------|
    /// | `x`      | (N, D) | input                                            |
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
        x: Mat<'_, T>,
        y: &[Label],
    ) -> Result<T, Error> {
        let batch = x.rows();
        let TrainState { params, running, grads, workspace } = state;
        check_shape("x", (batch, self.arch.input_dim()), x.shape())?;
        check_shape("y", (1, batch), (1, y.len()))?;
        let required = self.arch.train_workspace_len(batch);
        check_workspace(required, workspace.len())?;
        // Unreachable once the lengths are checked; an error is cheaper to prove than a panic.
        let broken = Error::BufferTooSmall { what: "state", required, found: workspace.len() };
        let (caches, blocks) =
            workspace.split_at_mut_checked(self.arch.cache_len(batch)).ok_or(broken)?;
        let (mut dout_block, mut dx_block) =
            blocks.split_at_mut_checked(batch * self.arch.widest()).ok_or(broken)?;

        // Forward: {affine - [batchnorm] - relu - [dropout]} x (L - 1) - affine - loss
        let mut data_loss = T::ZERO;
        let (mut input, mut rest) = (x, &mut *caches);
        for (layer, stream) in self.arch.layers().zip(0..) {
            let params = layer_params(&layer, params).ok_or(broken)?;
            if layer.hidden {
                let running = layer_running_mut(&layer, running);
                let dropout = self.dropout(rng.fork(stream));
                let mut cache = take_cache(&layer, batch, &mut rest)?;
                hidden_forward_train(
                    gemm,
                    &self.batchnorm,
                    input,
                    &params,
                    running,
                    dropout,
                    &mut cache,
                )?;
                input = Mat::new(cache.out.into_data(), batch, layer.fan_out)?;
            } else {
                let mut scores = block(dx_block, batch, layer.fan_out).ok_or(broken)?;
                affine_forward(gemm, input, params.w, params.b, scores.reborrow())?;
                let dscores = block(dout_block, batch, layer.fan_out).ok_or(broken)?;
                data_loss = self.loss.loss(scores.as_mat(), y, dscores)?;
            }
        }

        // Backward: the same list, reversed
        for (index, layer) in (0..self.arch.num_layers()).rev().zip(self.layers_reversed()) {
            let params = layer_params(&layer, params).ok_or(broken)?;
            let grads = layer_grads(&layer, grads).ok_or(broken)?;
            let start = self.arch.layers().take(index).map(|layer| layer.cache_len(batch)).sum();
            let (before, mut at) = caches.split_at_mut_checked(start).ok_or(broken)?;
            let (input, dx) = if index == 0 {
                (x, None)
            } else {
                // The output of the layer before lies at the end of its cache.
                let len = batch * layer.fan_in;
                let out = before.len().checked_sub(len).and_then(|at| before.get(at..));
                let dx = block(dx_block, batch, layer.fan_in).ok_or(broken)?;
                (Mat::new(out.ok_or(broken)?, batch, layer.fan_in)?, Some(dx))
            };
            let dout = block(dout_block, batch, layer.fan_out).ok_or(broken)?;
            if layer.hidden {
                let cache = take_cache(&layer, batch, &mut at)?;
                hidden_backward(gemm, dout, input, &params, self.keep_prob, &cache, dx, grads)?;
            } else {
                affine_backward(gemm, dout.as_mat(), input, params.w, dx, grads.dw, grads.db)?;
            }
            core::mem::swap(&mut dout_block, &mut dx_block);
        }
        Ok(data_loss + self.add_regularization(gemm, params, grads))
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
    MatMut::new(data.get_mut(..rows * cols)?, rows, cols).ok()
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

/// CS231n's two-layer network: affine → ReLU → affine → softmax.
///
/// It owns its three sizes, and [`Self::net`] is the network:
///
/// ```
/// use barenet::TwoLayerNet;
/// let two_layer = TwoLayerNet::new(3072, 100, 10)?;
/// let net = two_layer.net::<f32>();
/// assert_eq!(net.arch.num_params(), 308_310);
/// # Ok::<(), barenet::ArchError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TwoLayerNet {
    dims: [usize; 3],
}

impl TwoLayerNet {
    /// A network of `input_dim` inputs, `hidden_dim` hidden units and `num_classes` classes.
    ///
    /// # Errors
    ///
    /// [`ArchError`] if a size is 0 or the parameters overflow.
    pub const fn new(
        input_dim: usize,
        hidden_dim: usize,
        num_classes: usize,
    ) -> Result<Self, ArchError> {
        let dims = [input_dim, hidden_dim, num_classes];
        match Arch::try_new(&dims) {
            Ok(_) => Ok(Self { dims }),
            Err(e) => Err(e),
        }
    }

    /// The architecture.
    #[must_use]
    pub const fn arch(&self) -> Arch<'_> {
        // The sizes were checked by `Self::new`.
        Arch::new(&self.dims)
    }

    /// The network, without regularisation.
    #[must_use]
    pub fn net<T: Float>(&self) -> FullyConnectedNet<'_, T> {
        FullyConnectedNet::with_arch(self.arch())
    }
}
