//! Networks at test time: running statistics, no dropout.

use super::FullyConnectedNet;
use super::input::LayerInput;
use crate::arch::Activation;
use crate::error::{Error, check_shape};
use crate::float::Float;
use crate::gemm::{Gemm, Rows};
use crate::layers::{affine_forward, hidden_forward_test};
use crate::mat::{Mat, MatMut};
use crate::state::{Weights, layer_params, layer_running};

impl<T: Float> FullyConnectedNet<'_, T> {
    /// Computes the scores of a batch at test time: running statistics, no dropout.
    ///
    /// # Shapes
    ///
    /// | argument    | shape                          | role                     |
    /// |-------------|--------------------------------|--------------------------|
    /// | `x`         | (N, D)                         | input: any [`Rows`] |
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
        x: impl Rows<T> + Copy,
        workspace: &'w mut [T],
    ) -> Result<Mat<'w, T>, Error> {
        Ok(self.scores_mut(gemm, weights, x, workspace)?.into_mat())
    }

    /// The same, for a loss that overwrites them.
    pub(crate) fn scores_mut<'w>(
        &self,
        gemm: &impl Gemm<T>,
        weights: Weights<'_, T>,
        x: impl Rows<T> + Copy,
        workspace: &'w mut [T],
    ) -> Result<MatMut<'w, T>, Error> {
        self.run(gemm, weights, x, self.arch.num_layers(), workspace, |_| {})
    }

    /// Computes what the first `num_layers` layers make of a batch at test time: the input of the
    /// layers after them, which are [`Arch::head`](crate::Arch::head).
    ///
    /// To train only the head of a network whose other weights stay in flash, train a network of
    /// that architecture on the features: its gradients are those that the whole network would have.
    ///
    /// ```
    /// use barenet::{Arch, FullyConnectedNet, Portable, Targets, TrainState, Weights, optim::sgd};
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
    /// let loss = HEAD.loss(&Portable, barenet::Rng::seed(0), &mut state, features, Targets::Classes(&[1]))?;
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
    /// | `x`         | (N, D)                          | input: any [`Rows`] |
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
        x: impl Rows<T> + Copy,
        num_layers: usize,
        workspace: &'w mut [T],
    ) -> Result<Mat<'w, T>, Error> {
        if num_layers == 0 || num_layers >= self.arch.num_layers() {
            let what = "num_layers must be at least 1 and leave at least one layer";
            return Err(Error::InvalidConfig { what });
        }
        Ok(self.run(gemm, weights, x, num_layers, workspace, |_| {})?.into_mat())
    }

    /// Computes the output of layer `num_layers` at test time, and shows that of every layer.
    pub(crate) fn run<'w>(
        &self,
        gemm: &impl Gemm<T>,
        weights: Weights<'_, T>,
        x: impl Rows<T> + Copy,
        num_layers: usize,
        workspace: &'w mut [T],
        mut show: impl FnMut(Mat<'_, T>),
    ) -> Result<MatMut<'w, T>, Error> {
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
        if self.arch.has_local() {
            self.local_forward_test(gemm, weights, &x, write, read).ok_or(too_small)?;
        }
        let len = |width: usize| batch.saturating_mul(width);
        let mut width = 0;
        for layer in self.arch.layers().take(num_layers) {
            let input = if layer.params_start == 0 {
                LayerInput::Batch(x)
            } else {
                let input = read.get(..len(layer.fan_in)).ok_or(too_small)?;
                LayerInput::Hidden(Mat::new(input, batch, layer.fan_in)?)
            };
            let params = layer_params(&layer, weights.params).ok_or(too_small)?;
            let out = write.get_mut(..len(layer.fan_out)).ok_or(too_small)?;
            let mut out = MatMut::new(out, batch, layer.fan_out)?;
            match layer.activation {
                Activation::Relu => {
                    let (norm, running) = (&self.batchnorm, layer_running(&layer, weights.running));
                    hidden_forward_test(gemm, norm, input, &params, running, out.reborrow())
                }
                Activation::Identity => {
                    affine_forward(gemm, input, params.w, params.b, out.reborrow())
                }
            }?;
            show(out.as_mat());
            width = layer.fan_out;
            core::mem::swap(&mut read, &mut write);
        }
        Ok(MatMut::new(read.get_mut(..len(width)).ok_or(too_small)?, batch, width)?)
    }
}
