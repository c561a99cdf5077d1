//! Shared by the benchmarks: the workloads, the backends, and numbers to compute with.
//!
//! ```sh
//! cargo bench -p barenet-benches --features openblas                    # everything, and a summary
//! cargo bench -p barenet-benches --bench gemm -- --quick 'forward'      # some of it, roughly
//! ```

pub mod bounds;
mod scores;
mod step;

pub use scores::Scores;
pub use step::Step;

use barenet::{Arch, ArchError, FullyConnectedNet, Rng, UpdateRule};
use barenet_blas::{Backend, Kernel};
use barenet_run::config::Config;
use barenet_run::presets::Preset;
use std::sync::LazyLock;

/// A network and how it is trained.
#[derive(Clone, Copy, Debug)]
pub struct Workload<'a> {
    /// `W1` … `W4`.
    pub name: &'static str,
    /// Layer sizes.
    pub dims: &'a [usize],
    /// Whether there is batch norm.
    pub batchnorm: bool,
    /// How likely dropout keeps a value.
    pub keep_prob: f32,
    /// Images in a batch.
    pub batch: usize,
    /// The update rule with its constants.
    pub rule: UpdateRule<f32>,
    /// Its learning rate.
    pub learning_rate: f32,
}

/// The workloads on which barenet is compared with other libraries: the presets `w1` … `w4`.
pub static WORKLOADS: LazyLock<Vec<Workload<'static>>> = LazyLock::new(|| {
    let presets = ["w1", "w2", "w3", "w4"].into_iter().map(Preset::find);
    presets.filter_map(|preset| Workload::of_preset(preset.ok()??)).collect()
});

impl<'a> Workload<'a> {
    fn of_preset(preset: Preset) -> Option<Self> {
        let config = Config::new(preset.settings, 3072, 10).ok()?;
        let (net, solver) = (config.net(), config.solver());
        Some(Self {
            name: preset.name.to_uppercase().leak(),
            dims: net.arch.dims().to_vec().leak(),
            batchnorm: net.arch.has_batchnorm(),
            keep_prob: net.keep_prob,
            batch: solver.batch_size,
            rule: solver.update_rule,
            learning_rate: solver.learning_rate,
        })
    }

    /// The network.
    ///
    /// # Errors
    ///
    /// If the sizes overflow on this computer.
    pub fn net(&self) -> Result<FullyConnectedNet<'a, f32>, ArchError> {
        let arch = Arch::try_new(self.dims)?;
        let mut net = FullyConnectedNet::new(arch);
        if self.batchnorm {
            net.arch = arch.with_batchnorm();
        }
        net.keep_prob = self.keep_prob;
        Ok(net)
    }

    /// Elements of all weight matrices.
    #[must_use]
    pub fn num_weights(&self) -> usize {
        self.products().map(|[d, m]| d * m).sum()
    }

    /// Floating-point operations of the matrix products of one image: one forward, two backward but
    /// for the first layer, whose input gradient nobody needs.
    #[must_use]
    pub fn train_flops(&self) -> usize {
        let first = self.products().next().map_or(0, |[d, m]| d * m);
        2 * (3 * self.num_weights() - first)
    }

    /// Inputs and outputs of each affine layer.
    pub fn products(&self) -> impl Iterator<Item = [usize; 2]> + use<'a> {
        self.dims.windows(2).map(|pair| [pair[0], pair[1]])
    }
}

/// Every kernel of this build on one thread, and those that use more on all CPUs. Named as
/// `openblas/2`: kernel and threads.
#[must_use]
pub fn backends() -> Vec<(String, Backend)> {
    let mut backends = Vec::new();
    for kernel in Kernel::available() {
        let one = Backend::new(kernel, 1);
        backends.push((format!("{}/1", kernel.name()), one));
        let all = Backend::new(kernel, 0);
        if kernel != Kernel::Portable && all.threads() > 1 {
            backends.push((format!("{}/{}", kernel.name(), all.threads()), all));
        }
    }
    backends
}

/// Normally distributed numbers, always the same for the same seed.
#[must_use]
pub fn normal(len: usize, seed: u64) -> Vec<f32> {
    let mut numbers = vec![0.0; len];
    Rng::seed(seed).fill_normal(1.0, &mut numbers);
    numbers
}

/// Bytes of that many `f32`, for a benchmark's throughput.
#[must_use]
pub const fn bytes(floats: usize) -> u64 {
    (floats * size_of::<f32>()) as u64
}
