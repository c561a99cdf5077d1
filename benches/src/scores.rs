//! The scores of one batch, with their memory.

use crate::{Workload, normal};
use barenet::{FullyConnectedNet, Init, Mat, Rng, TrainState, Weights};
use barenet_blas::Backend;
use barenet_run::buffers::Aligned;
use std::error::Error;

/// A network that scores the same batch again and again. Its weights lie where those of
/// `barenet train` do.
#[derive(Debug)]
pub struct Scores<'a> {
    net: FullyConnectedNet<'a, f32>,
    params: Aligned<f32>,
    running: Vec<f32>,
    batch: usize,
    x: Vec<f32>,
    workspace: Vec<f32>,
}

impl<'a> Scores<'a> {
    /// Allocates everything, draws weights and a batch.
    ///
    /// # Errors
    ///
    /// If the workload is none.
    pub fn new(
        workload: &Workload<'a>,
        batch: usize,
    ) -> Result<Self, Box<dyn Error + Send + Sync>> {
        let net = workload.net()?;
        let arch = net.arch;
        let mut params = Aligned::zeros(arch.num_params(), "the parameters")?;
        let mut running = vec![0.0; arch.num_running()];
        let mut grads = vec![0.0; arch.num_params()];
        let mut state = TrainState::new(&arch, &mut params, &mut running, &mut grads, &mut [])?;
        net.init(Init::He, Rng::seed(0), &mut state);
        running.fill(1.0);
        let x = normal(batch * arch.input_dim(), 1);
        let workspace = vec![0.0; arch.infer_workspace_len(batch)];
        Ok(Self { net, params, running, batch, x, workspace })
    }

    /// Computes the scores and returns them.
    ///
    /// # Errors
    ///
    /// If the network refuses its memory.
    pub fn run(&mut self, backend: &Backend) -> Result<Mat<'_, f32>, barenet::Error> {
        let Self { net, params, running, batch, x, workspace } = self;
        let weights = Weights::new(&net.arch, params, running)?;
        let x = Mat::new(x, *batch, net.arch.input_dim())?;
        net.scores(backend, weights, x, workspace)
    }
}
