//! One training step, with its memory.

use crate::{Workload, normal};
use barenet::{FullyConnectedNet, Init, Label, Mat, Rng, Targets, TrainState, UpdateRule};
use barenet_blas::Backend;
use std::error::Error;

/// A network that does one training step after another on the same batch: loss, gradients, update.
#[derive(Debug)]
pub struct Step<'a> {
    net: FullyConnectedNet<'a, f32>,
    rule: UpdateRule<f32>,
    learning_rate: f32,
    params: Vec<f32>,
    running: Vec<f32>,
    grads: Vec<f32>,
    workspace: Vec<f32>,
    rule_state: Vec<f32>,
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
        let (net, rule) = (workload.net()?, workload.rule()?);
        let (arch, batch) = (net.arch, workload.batch);
        let mut step = Self {
            net,
            rule,
            learning_rate: workload.learning_rate,
            params: vec![0.0; arch.num_params()],
            running: vec![0.0; arch.num_running()],
            grads: vec![0.0; arch.num_params()],
            workspace: vec![0.0; arch.train_workspace_len(batch)],
            rule_state: vec![0.0; arch.num_params() * rule.state_per_param()],
            x: normal(batch * arch.input_dim(), 1),
            y: (0..10).cycle().take(batch).collect(),
            steps: 0,
        };
        let Self { params, running, grads, workspace, .. } = &mut step;
        let mut state = TrainState::new(&arch, params, running, grads, workspace)?;
        net.init(Init::He, Rng::seed(0), &mut state);
        Ok(step)
    }

    /// Does the next step and returns its loss.
    ///
    /// # Errors
    ///
    /// If the network refuses its memory.
    pub fn run(&mut self, backend: &Backend) -> Result<f32, barenet::Error> {
        self.steps += 1;
        let Self { net, params, running, grads, workspace, .. } = self;
        let rng = Rng::seed(2).fork(self.steps);
        let x = Mat::new(&self.x, self.y.len(), net.arch.input_dim())?;
        let mut state = TrainState::new(&net.arch, params, running, grads, workspace)?;
        let loss = net.loss(backend, rng, &mut state, x, Targets::Classes(&self.y))?;
        let t = usize::try_from(self.steps).unwrap_or(usize::MAX);
        let state = &mut self.rule_state;
        self.rule.update(backend, self.learning_rate, t, params, grads, state)?;
        Ok(loss)
    }
}
