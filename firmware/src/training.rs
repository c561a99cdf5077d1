//! Training, as the program `learn` does it on the device and `build.rs` does it on the host: both
//! must end at the same weights, bit for bit.

use super::net::{HEAD, NET, SCRATCH};
use barenet::optim::sgd;
use barenet::{Arch, Error, FullyConnectedNet, Gemm, Init, Mat, Rng, Targets, TrainState, Weights};

/// Samples of a step.
pub const BATCH: usize = 8;
/// Steps of a training.
pub const STEPS: u64 = 60;
const SEED: u64 = 5;

const LEARNING_RATE: f32 = 0.05;
const HEAD_LEARNING_RATE: f32 = 0.4;
/// How far the pixels that the frozen net knows are spread.
const PIXEL_STD: f64 = 74.0;

/// All memory that training takes besides its stack: each part has the length that the
/// architecture asks for.
#[derive(Debug)]
pub struct Memory<const PARAMS: usize, const X: usize, const WORKSPACE: usize> {
    /// Parameters, as they are learnt.
    pub params: [f32; PARAMS],
    /// Gradients.
    pub grads: [f32; PARAMS],
    /// Activations.
    pub workspace: [f32; WORKSPACE],
    /// A batch.
    pub x: [f32; X],
    /// Its labels.
    pub y: [u32; BATCH],
}

impl<const PARAMS: usize, const X: usize, const WORKSPACE: usize> Memory<PARAMS, X, WORKSPACE> {
    /// Memory that holds nothing yet.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            params: [0.0; PARAMS],
            grads: [0.0; PARAMS],
            workspace: [0.0; WORKSPACE],
            x: [0.0; X],
            y: [0; BATCH],
        }
    }

    /// One step: forward, backward, SGD. Returns the loss before it.
    ///
    /// # Errors
    ///
    /// If a length does not fit the architecture.
    pub fn step(
        &mut self,
        gemm: &impl Gemm<f32>,
        net: &FullyConnectedNet<'_, f32>,
        rate: f32,
    ) -> Result<f32, Error> {
        let Self { params, grads, workspace, x, y } = self;
        let mut state = TrainState::new(&net.arch, params, &mut [], grads, workspace)?;
        let x = Mat::new(x, BATCH, net.arch.input_dim())?;
        let loss = net.loss(gemm, Rng::seed(SEED), &mut state, x, Targets::Classes(y))?;
        let (params, grads) = state.params_and_grads();
        sgd(params, grads, rate)?;
        Ok(loss)
    }

    /// The loss of the first and of the last step.
    fn train(
        &mut self,
        gemm: &impl Gemm<f32>,
        net: &FullyConnectedNet<'_, f32>,
        rate: f32,
        mut draw: impl FnMut(&mut Self, u64) -> Result<(), Error>,
    ) -> Result<Losses, Error> {
        let mut losses = Losses { first: f32::NAN, last: f32::NAN };
        for number in 0..STEPS {
            draw(self, number)?;
            losses.last = self.step(gemm, net, rate)?;
            if number == 0 {
                losses.first = losses.last;
            }
        }
        Ok(losses)
    }
}

impl<const P: usize, const X: usize, const W: usize> Default for Memory<P, X, W> {
    fn default() -> Self {
        Self::new()
    }
}

/// How the loss fell.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Losses {
    /// Of the first step.
    pub first: f32,
    /// Of the last step.
    pub last: f32,
}

/// Memory to train an architecture in.
macro_rules! memory_for {
    ($arch:expr) => {
        Memory<
            { $arch.num_params() },
            { BATCH * $arch.input_dim() },
            { $arch.train_workspace_len(BATCH) },
        >
    };
}

/// Bytes that training an architecture takes, by its const functions.
#[must_use]
pub const fn ram_bytes(arch: &Arch<'_>) -> usize {
    let x = BATCH * arch.input_dim();
    size_of::<f32>() * (2 * arch.num_params() + arch.train_workspace_len(BATCH) + x + BATCH)
}

/// Memory of the net that is trained from nothing.
pub type ScratchMemory = memory_for!(SCRATCH.arch);
/// Memory of the last layer of the frozen net.
pub type HeadMemory = memory_for!(HEAD.arch);
/// Workspace in which the frozen net computes features, one image at a time.
pub type FeatureWorkspace = [f32; NET.arch.infer_workspace_len(1)];

/// Trains a small net from nothing.
///
/// # Errors
///
/// If a length does not fit the architecture.
pub fn from_scratch(gemm: &impl Gemm<f32>, memory: &mut ScratchMemory) -> Result<Losses, Error> {
    let Memory { params, grads, workspace, .. } = memory;
    let mut state = TrainState::new(&SCRATCH.arch, params, &mut [], grads, workspace)?;
    SCRATCH.init(Init::He, Rng::seed(SEED).fork(0), &mut state);
    memory.train(gemm, &SCRATCH, LEARNING_RATE, |memory, number| {
        draw(number, 1.0, &SCRATCH.arch, |row, x, label| {
            put(row, x, &mut memory.x);
            put(row, &[label], &mut memory.y);
            Ok(())
        })
    })
}

/// Trains the last layer of a net whose other layers stay in flash.
///
/// # Errors
///
/// If a length does not fit the architecture.
pub fn last_layer(
    gemm: &impl Gemm<f32>,
    params: &[f32],
    running: &[f32],
    memory: &mut HeadMemory,
    workspace: &mut FeatureWorkspace,
) -> Result<Losses, Error> {
    let weights = Weights::new(&NET.arch, params, running)?;
    // What the net had learnt before is where its last layer starts.
    if let Some(head) = params.last_chunk() {
        memory.params = *head;
    }
    let num_frozen = NET.arch.num_layers() - HEAD.arch.num_layers();
    memory.train(gemm, &HEAD, HEAD_LEARNING_RATE, |memory, number| {
        draw(number, PIXEL_STD, &NET.arch, |row, x, label| {
            let x = Mat::new(x, 1, x.len())?;
            let features = NET.features(gemm, weights, x, num_frozen, workspace)?;
            put(row, features.data(), &mut memory.x);
            put(row, &[label], &mut memory.y);
            Ok(())
        })
    })
}

/// Writes one row of a batch.
fn put<T: Copy>(row: usize, from: &[T], batch: &mut [T]) {
    for (to, &from) in batch.iter_mut().skip(row * from.len()).zip(from) {
        *to = from;
    }
}

/// Draws the samples of a step: each class is a point of its own, and noise.
fn draw(
    step: u64,
    std: f64,
    arch: &Arch<'_>,
    mut each: impl FnMut(usize, &[f32], u32) -> Result<(), Error>,
) -> Result<(), Error> {
    let (mut buffer, mut noise) = ([0.0; MAX_INPUTS], [0.0; MAX_INPUTS]);
    let (Some(x), Some(noise)) =
        (buffer.get_mut(..arch.input_dim()), noise.get_mut(..arch.input_dim()))
    else {
        return Err(Error::InvalidConfig { what: "more inputs than MAX_INPUTS" });
    };
    let rng = Rng::seed(SEED);
    for row in 0..BATCH {
        let mut sample = rng.fork(1).fork(step).fork(row as u64);
        let label = sample.below(arch.num_classes() as u64);
        rng.fork(2).fork(label).fill_normal(std, x);
        sample.fill_normal(0.5 * std, noise);
        for (x, noise) in x.iter_mut().zip(noise.iter()) {
            *x += *noise;
        }
        each(row, x, label as u32)?;
    }
    Ok(())
}

const MAX_INPUTS: usize = 256;
