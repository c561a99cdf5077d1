//! A whole run of `Solver`, with batch norm and Adam, as the program `solver` does it on the device and
//! `build.rs` does it on the host: both must end at the same weights, bit for bit.

use barenet::{
    Arch, Dataset, Error, FullyConnectedNet, Gemm, History, Init, Label, Rng, Sample, Solver,
    SolverBuffers, SolverConfig, Target, UpdateRule,
};

/// The network that is trained.
pub const NET: FullyConnectedNet<'static, f32> =
    FullyConnectedNet::new(Arch::new(&[8, 12, 3]).with_batchnorm());
const BATCH: usize = 10;
const SEED: u64 = 7;

/// Three classes of points, each around one of its own, of which each number is drawn anew when it is read.
struct Points {
    samples: usize,
    stream: u64,
}

impl Dataset<f32> for Points {
    fn len(&self) -> usize {
        self.samples
    }

    fn input_dim(&self) -> usize {
        NET.arch.input_dim()
    }

    fn target(&self, index: usize) -> Target {
        Target::Class((index % 3) as Label)
    }

    fn read(&self, sample: Sample, start: usize, x: &mut [f32]) {
        let (rng, index) = (Rng::seed(SEED), sample.index as u64);
        let noise = rng.fork(self.stream).fork(index);
        for (i, x) in (start as u64..).zip(x) {
            let center = rng.fork(0).fork(index % 3).fork(i).uniform();
            *x = (center + 0.5 * noise.fork(i).uniform()) as f32;
        }
    }
}

const fn max(a: usize, b: usize) -> usize {
    if a > b { a } else { b }
}

const WORKSPACE_LEN: usize =
    max(NET.arch.train_workspace_len(BATCH), NET.arch.infer_workspace_len(BATCH));

/// All memory of the run besides its stack.
#[derive(Debug)]
pub struct Memory {
    /// Parameters, gradients, two numbers of Adam's for each, the best parameters.
    pub params: [[f32; NET.arch.num_params()]; 5],
    /// Running statistics, and the best ones.
    pub running: [[f32; NET.arch.num_running()]; 2],
    workspace: [f32; WORKSPACE_LEN],
    indices: [usize; BATCH],
    y: [Label; BATCH],
}

impl Memory {
    /// Memory that holds nothing yet.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            params: [[0.0; NET.arch.num_params()]; 5],
            running: [[0.0; NET.arch.num_running()]; 2],
            workspace: [0.0; WORKSPACE_LEN],
            indices: [0; BATCH],
            y: [0; BATCH],
        }
    }
}

impl Default for Memory {
    fn default() -> Self {
        Self::new()
    }
}

/// Trains for four epochs; the best validation accuracy.
///
/// # Errors
///
/// If a length does not fit the architecture.
pub fn run(gemm: &impl Gemm<f32>, memory: &mut Memory) -> Result<f32, Error> {
    let (train, val) = (Points { samples: 90, stream: 1 }, Points { samples: 30, stream: 2 });
    let config = SolverConfig {
        learning_rate: 0.02,
        batch_size: BATCH,
        eval_batch_size: BATCH,
        num_epochs: 4,
        ..SolverConfig::new(UpdateRule::Adam { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 })
    };
    let Memory { params, running, workspace, indices, y } = memory;
    let [params, grads, rest @ ..] = params;
    let [update_state @ .., best_params] = rest;
    let [running, best_running] = running;
    let mut buffers = SolverBuffers {
        params,
        running,
        grads,
        update_state: update_state.as_flattened_mut(),
        best_params,
        best_running,
        indices,
        y,
        workspace,
        average: Default::default(),
        history: History::default(),
    };
    NET.init(Init::He, Rng::seed(SEED), &mut buffers.state(&NET.arch)?);
    let mut solver = Solver::new(NET, config, gemm, &train, &val, buffers)?;
    solver.train(|_event| ())?;
    Ok(solver.progress().best_val.unwrap_or_default())
}
