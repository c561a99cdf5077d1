//! The kernels, and why one of them is taken.

use barenet_blas::Kernel;
use serde::Serialize;

/// A kernel that multiplies matrices, in this build or not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FoundKernel {
    /// Its name, for `--gemm`.
    pub name: &'static str,
    /// Whether a run takes it that names none.
    pub is_chosen: bool,
    /// Whether it can be taken.
    pub can_be_chosen: bool,
    /// Why.
    pub why: String,
}

/// All kernels, in the order in which they are preferred.
///
/// ```
/// use barenet_run::doctor::kernels;
/// assert_eq!(kernels().iter().filter(|kernel| kernel.is_chosen).count(), 1);
/// ```
#[must_use]
pub fn kernels() -> Vec<FoundKernel> {
    let chosen = Kernel::default();
    let found = |name| {
        let kernel = Kernel::from_name(name);
        let is_chosen = kernel == Some(chosen);
        let can_be_chosen = kernel.is_some_and(|kernel| kernel.obstacle().is_none());
        FoundKernel { name, is_chosen, can_be_chosen, why: why(name, kernel, is_chosen) }
    };
    Kernel::NAMES.into_iter().map(found).collect()
}

fn why(name: &str, kernel: Option<Kernel>, is_chosen: bool) -> String {
    let Some(kernel) = kernel else {
        return match name {
            "openblas" | "matrixmultiply" => {
                format!("not in this build; `cargo build --release --features {name}` has it")
            }
            _ => "not for this kind of processor".to_owned(),
        };
    };
    if is_chosen {
        return format!("taken: the first of this build that this CPU can run: {kernel}");
    }
    match kernel.obstacle() {
        Some(obstacle) => obstacle.to_owned(),
        None if !kernel.is_for_this_cpu() => "this CPU has not the instructions".to_owned(),
        None => format!("can be taken with --gemm {name}"),
    }
}

/// The version of OpenBLAS and the core type that it found, in a build that has it.
#[must_use]
pub fn openblas() -> Option<String> {
    Kernel::from_name("openblas").map(|kernel| kernel.to_string())
}
