//! Networks: which layers run in which order over which part of the flat slices.

mod flush;
mod folded;
mod head;
mod inference;
mod input;
mod local;
mod penalty;
mod sharded;
mod training;

pub use folded::FoldedNet;
pub use sharded::DataParallel;

use crate::arch::{Arch, ArchError};
use crate::float::Float;
use crate::layers::{BatchNormConfig, Loss};
use crate::metric::Metric;
use crate::rng::Rng;
use crate::state::{TrainState, layer_grads};

/// Initial weights. Biases start at 0, `gamma` at 1, `beta` and the running statistics at 0.
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
    fn std(self, fan_in: usize, fan_out: usize) -> f64 {
        let fan_in = f64::from_usize(fan_in);
        match self {
            Self::Gaussian { weight_scale } => weight_scale,
            Self::He => libm::sqrt(2.0 / fan_in),
            Self::Xavier => libm::sqrt(2.0 / (fan_in + f64::from_usize(fan_out))),
        }
    }
}

/// A fully-connected network of any depth: {affine → \[batch norm\] → ReLU → \[dropout\]} × (L − 1)
/// → affine → loss.
///
/// It is a blueprint: `Copy`, usable in a `const`, and it owns no numbers.
///
/// ```
/// use barenet::{Arch, FullyConnectedNet, Init, Mat, Portable, Rng, Targets, TrainState};
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
/// let loss = NET.loss(&Portable, Rng::seed(1), &mut state, x, Targets::Classes(&[0, 2]))?;
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
    /// Probability that dropout keeps a value, in (0, 1]. Default 1: no dropout.
    pub keep_prob: T,
    /// The loss. Default softmax.
    pub loss: Loss,
    /// The metric by which the best weights are chosen. Default: [that of the loss](Loss::metric).
    pub metric: Option<Metric>,
    /// Weights of the classes: the loss of a sample counts this often. One for each class, at least 0, or none.
    /// Default: none, which is 1 for each.
    pub class_weights: &'a [T],
}

impl<'a> FullyConnectedNet<'a, f32> {
    /// A network in `f32` without regularisation and dropout, for a `const`.
    #[must_use]
    pub const fn new(arch: Arch<'a>) -> Self {
        let batchnorm = BatchNormConfig { eps: 1e-5, momentum: 0.9 };
        Self {
            arch,
            reg: 0.0,
            batchnorm,
            keep_prob: 1.0,
            loss: Loss::Softmax,
            metric: None,
            class_weights: &[],
        }
    }
}

impl<'a, T: Float> FullyConnectedNet<'a, T> {
    /// A network without regularisation and dropout, in any type.
    #[must_use]
    pub fn with_arch(arch: Arch<'a>) -> Self {
        let batchnorm = BatchNormConfig::default();
        let (reg, keep_prob, loss) = (T::ZERO, T::ONE, Loss::Softmax);
        Self { arch, reg, batchnorm, keep_prob, loss, metric: None, class_weights: &[] }
    }

    /// The metric by which the best weights are chosen.
    #[must_use]
    pub const fn metric(&self) -> Metric {
        match self.metric {
            Some(metric) => metric,
            None => self.loss.metric(),
        }
    }

    /// Draws the weights and sets everything else to its start.
    ///
    /// Each layer has a stream of its own, so its weights do not depend on the other layers' sizes. Units of a locally connected
    /// layer count as those of a whole window wherever they lie.
    pub fn init(&self, init: Init, rng: Rng, state: &mut TrainState<'_, T>) {
        for (layer, stream) in self.arch.layers().zip(0..) {
            if let Some(mut numbers) = layer_grads(&layer, state.params) {
                rng.fork(stream)
                    .fill_normal(init.std(layer.fan_in, layer.fan_out), numbers.dw.data_mut());
                numbers.db.fill(T::ZERO);
                if let Some(norm) = numbers.norm {
                    norm.dgamma.fill(T::ONE);
                    norm.dbeta.fill(T::ZERO);
                }
            }
        }
        if self.arch.has_local() {
            self.init_local(init, rng, state.params);
        }
        state.running.fill(T::ZERO);
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
