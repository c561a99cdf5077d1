//! A look at what training depends on here: kernels, CPUs, speed, data, disk, and what to change if it is slow.

mod advice;
mod bounds;
mod cpus;
mod data;
mod disk;
mod kernels;

pub use advice::advice;
pub use bounds::{Bounds, Speed};
pub use cpus::Cpus;
pub use data::FoundData;
pub use disk::Disk;
pub use kernels::{FoundKernel, kernels, openblas};

use serde::Serialize;
use std::path::Path;

/// What was found.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Found {
    /// Whether the program was built without `--release`.
    pub is_debug_build: bool,
    /// Version and core type of OpenBLAS, in a build that has it.
    pub openblas: Option<String>,
    /// The kernels that multiply matrices, in the order in which they are preferred.
    pub kernels: Vec<FoundKernel>,
    /// The CPUs.
    pub cpus: Cpus,
    /// What they can do at best.
    pub bounds: Bounds,
    /// The data of a run that names none, or those that are named.
    pub data: FoundData,
    /// The disk of the folder of runs.
    pub disk: Disk,
}

impl Found {
    /// Looks at all of it, which takes a second or two. `data` is what `--data` would name, `runs` the folder in which runs are to
    /// lie, whether it is there or not.
    ///
    /// ```no_run
    /// use barenet_run::doctor::{Found, advice};
    /// let found = Found::look(None, "runs".as_ref());
    /// println!("{:.0} GFLOP/s", found.bounds.multiply_adds.all_threads / 1e9);
    /// advice(&found).iter().for_each(|line| println!("{line}"));
    /// ```
    #[must_use]
    pub fn look(data: Option<&Path>, runs: &Path) -> Self {
        let cpus = Cpus::look();
        Self {
            is_debug_build: cfg!(debug_assertions),
            openblas: openblas(),
            kernels: kernels(),
            bounds: Bounds::measure(cpus.free_memory),
            cpus,
            data: FoundData::look(data),
            disk: Disk::look(runs),
        }
    }
}
