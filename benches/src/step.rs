//! One training step, with its memory.

use crate::{Workload, normal};
use barenet::{
    FullyConnectedNet, Init, Label, Mat, Rng, SolverBuffers, SolverConfig, Targets, UpdateRule,
};
use barenet_blas::Backend;
use barenet_run::buffers::OwnedBuffers;
use std::error::Error;

/// A network that does one training step after another on the same batch: loss, gradients, update.
#[derive(Debug)]
pub struct Step<'a> {
    net: FullyConnectedNet<'a, f32>,
    rule: UpdateRule<f32>,
    learning_rate: f32,
    memory: OwnedBuffers<f32>,
    x: Vec<f32>,
    y: Vec<Label>,
    steps: u64,
}

impl<'a> Step<'a> {
    /// Allocates everything, draws weights and a batch.
    ///
    /// # Errors
    ///
    /// If the workload is none.
    pub fn new(workload: &Workload<'a>) -> Result<Self, Box<dyn Error + Send + Sync>> {
        let (net, rule) = (workload.net()?, workload.rule);
        let (arch, batch) = (net.arch, workload.batch);
        let config = SolverConfig { batch_size: batch, ..SolverConfig::new(rule) };
        let mut memory = OwnedBuffers::new(&arch, &config)?;
        net.init(Init::He, Rng::seed(0), &mut memory.lend().state(&arch)?);
        Ok(Self {
            net,
            rule,
            learning_rate: workload.learning_rate,
            memory,
            x: normal(batch * arch.input_dim(), 1),
            y: (0..10).cycle().take(batch).collect(),
            steps: 0,
        })
    }

    /// Does the next step and returns its loss.
    ///
    /// # Errors
    ///
    /// If the network refuses its memory.
    pub fn run(&mut self, backend: &Backend) -> Result<f32, barenet::Error> {
        self.steps += 1;
        let rng = Rng::seed(2).fork(self.steps);
        let x = Mat::new(&self.x, self.y.len(), self.net.arch.input_dim())?;
        let mut buffers = self.memory.lend();
        let mut state = buffers.state(&self.net.arch)?;
        let loss = self.net.loss(backend, rng, &mut state, x, Targets::Classes(&self.y))?;
        let t = usize::try_from(self.steps).unwrap_or(usize::MAX);
        let SolverBuffers { params, grads, update_state, .. } = buffers;
        self.rule.update(backend, self.learning_rate, t, params, grads, update_state)?;
        Ok(loss)
    }
}
