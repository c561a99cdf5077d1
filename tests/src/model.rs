//! A network together with its memory.

use barenet::{
    DataParallel, Error, Float, FullyConnectedNet, Gemm, Init, Mat, Portable, Ranks, Rng, Targets,
    TrainState, Weights,
};

/// A network, its numbers, and memory that starts as NaN: what is read before it is written shows.
#[derive(Clone, Debug)]
pub struct Model<'a, T> {
    /// The network.
    pub net: FullyConnectedNet<'a, T>,
    /// Its parameters.
    pub params: Vec<T>,
    /// Its running statistics.
    pub running: Vec<T>,
    /// The gradients of the last loss.
    pub grads: Vec<T>,
}

impl<'a, T: Float> Model<'a, T> {
    /// A network of drawn weights.
    ///
    /// # Panics
    ///
    /// Never: the buffers have the lengths that the network asks for.
    #[must_use]
    pub fn new(net: FullyConnectedNet<'a, T>, init: Init, seed: u64) -> Self {
        let nan = T::from_f64(f64::NAN);
        let mut model = Self {
            net,
            params: vec![nan; net.arch.num_params()],
            running: vec![nan; net.arch.num_running()],
            grads: vec![nan; net.arch.num_params()],
        };
        let Model { params, running, grads, .. } = &mut model;
        let mut state = TrainState::new(&net.arch, params, running, grads, &mut []).unwrap();
        net.init(init, Rng::seed(seed), &mut state);
        model
    }

    /// The loss of a batch, with a given backend; leaves the gradients in `grads`.
    ///
    /// # Errors
    ///
    /// Those of [`FullyConnectedNet::loss`].
    pub fn loss_with(
        &mut self,
        gemm: &impl Gemm<T>,
        rng: Rng,
        x: &[T],
        y: Targets<'_, T>,
    ) -> Result<T, Error> {
        let nan = T::from_f64(f64::NAN);
        self.grads.fill(nan);
        let batch = x.len() / self.net.arch.input_dim();
        let mut workspace = vec![nan; self.net.arch.train_workspace_len(batch)];
        let Self { net, params, running, grads } = self;
        let mut state = TrainState::new(&net.arch, params, running, grads, &mut workspace)?;
        net.loss(gemm, rng, &mut state, Mat::new(x, batch, net.arch.input_dim())?, y)
    }

    /// The loss of a batch in shards; leaves the gradients in `grads`.
    ///
    /// # Errors
    ///
    /// Those of [`FullyConnectedNet::loss_in_shards`].
    pub fn loss_in_shards<R: Ranks<T> + ?Sized>(
        &mut self,
        rng: Rng,
        x: &[T],
        y: Targets<'_, T>,
        parallel: DataParallel<'_, R>,
    ) -> Result<T, Error> {
        let nan = T::from_f64(f64::NAN);
        self.grads.fill(nan);
        let batch = x.len() / self.net.arch.input_dim();
        let mut workspace = vec![nan; parallel.workspace_len::<T>(&self.net.arch, batch)?];
        let Self { net, params, running, grads } = self;
        let mut state = TrainState::new(&net.arch, params, running, grads, &mut workspace)?;
        let x = Mat::new(x, batch, net.arch.input_dim())?;
        net.loss_in_shards(&Portable, rng, &mut state, x, y, parallel)
    }

    /// The loss of a batch.
    ///
    /// # Panics
    ///
    /// If the batch does not fit the network.
    pub fn loss(&mut self, rng: Rng, x: &[T], y: Targets<'_, T>) -> T {
        self.loss_with(&Portable, rng, x, y).unwrap()
    }

    /// The scores of a batch at test time.
    ///
    /// # Panics
    ///
    /// If the batch does not fit the network.
    #[must_use]
    pub fn scores(&self, x: &[T]) -> Vec<T> {
        let arch = self.net.arch;
        let batch = x.len() / arch.input_dim();
        let mut workspace = vec![T::from_f64(f64::NAN); arch.infer_workspace_len(batch)];
        let weights = Weights::new(&arch, &self.params, &self.running).unwrap();
        let x = Mat::new(x, batch, arch.input_dim()).unwrap();
        self.net.scores(&Portable, weights, x, &mut workspace).unwrap().data().to_vec()
    }
}
