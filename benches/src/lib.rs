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
use std::error::Error;

/// A network and how it is trained.
#[derive(Clone, Copy, Debug)]
pub struct Workload<'a> {
    /// `W1` … `W4`.
    pub name: &'static str,
    /// Layer sizes.
    pub dims: &'a [usize],
    /// Whether there are batch norm and dropout with a `keep_prob` of 0.8.
    pub batchnorm_dropout: bool,
    /// Images in a batch.
    pub batch: usize,
    /// The name of the update rule.
    pub update_rule: &'static str,
    /// Its learning rate.
    pub learning_rate: f32,
}

/// The workloads on which barenet is compared with other libraries.
pub const WORKLOADS: [Workload<'static>; 4] = [
    Workload {
        name: "W1",
        dims: &[3072, 100, 10],
        batchnorm_dropout: false,
        batch: 236,
        update_rule: "sgd",
        learning_rate: 1e-3,
    },
    Workload {
        name: "W2",
        dims: &[3072, 100, 100, 100, 100, 100, 10],
        batchnorm_dropout: false,
        batch: 100,
        update_rule: "adam",
        learning_rate: 1e-3,
    },
    Workload {
        name: "W3",
        dims: &[3072, 100, 100, 100, 100, 100, 100, 10],
        batchnorm_dropout: true,
        batch: 50,
        update_rule: "adam",
        learning_rate: 1e-4,
    },
    Workload {
        name: "W4",
        dims: &[3072, 1024, 1024, 512, 10],
        batchnorm_dropout: true,
        batch: 128,
        update_rule: "adam",
        learning_rate: 1e-3,
    },
];

impl<'a> Workload<'a> {
    /// The network.
    ///
    /// # Errors
    ///
    /// If the sizes overflow on this computer.
    pub fn net(&self) -> Result<FullyConnectedNet<'a, f32>, ArchError> {
        let arch = Arch::try_new(self.dims)?;
        let mut net = FullyConnectedNet::new(arch);
        if self.batchnorm_dropout {
            net.arch = arch.with_batchnorm();
            net.keep_prob = 0.8;
        }
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

    /// The update rule with its default constants.
    ///
    /// # Errors
    ///
    /// If there is no rule of that name.
    pub fn rule(&self) -> Result<UpdateRule<f32>, Box<dyn Error + Send + Sync>> {
        Ok(UpdateRule::from_name(self.update_rule).ok_or("no such update rule")?)
    }
}

/// Every kernel of this build on one thread, and those that use more on all CPUs. Named as
/// `openblas/2`: kernel and threads.
///
/// # Errors
///
/// If the operating system refuses to start threads.
pub fn backends() -> Result<Vec<(String, Backend)>, Box<dyn Error>> {
    let mut backends = Vec::new();
    for &kernel in Kernel::ALL {
        let one = Backend::new(kernel, 1)?;
        backends.push((format!("{}/1", kernel.name()), one));
        let all = Backend::new(kernel, 0)?;
        if kernel != Kernel::Portable && all.threads() > 1 {
            backends.push((format!("{}/{}", kernel.name(), all.threads()), all));
        }
    }
    Ok(backends)
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
