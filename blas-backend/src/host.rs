//! The backend of a computer with an operating system.

#[cfg(target_arch = "x86_64")]
mod amx;
mod backend;
#[cfg(target_arch = "x86_64")]
mod bf16;
mod bf16_net;
mod cpu;
mod disk;
mod int8;
mod isa;
mod kernel;
#[cfg(feature = "matrixmultiply")]
mod matrixmultiply;
#[cfg(feature = "openblas")]
mod openblas;
pub mod peak;
mod precision;
#[cfg(any(feature = "matrixmultiply", feature = "openblas"))]
mod prefer_own;
mod rounding;
mod sealed;
#[cfg(unix)]
mod signal;
#[cfg(own_kernels)]
mod simd;
mod subnormal;
mod team;

// Only the portable kernel, on a CPU without own ones, computes no tiles.
#[cfg(any(own_kernels, feature = "matrixmultiply", feature = "openblas"))]
mod scratch;
#[cfg(any(own_kernels, feature = "matrixmultiply", feature = "openblas"))]
mod tile;

#[cfg(target_arch = "x86_64")]
pub use amx::Amx;
pub use backend::Backend;
pub use bf16_net::Bf16Net;
pub use cpu::cpu_features;
pub use disk::free_space;
pub use kernel::Kernel;
#[cfg(feature = "matrixmultiply")]
pub use matrixmultiply::MatrixMultiply;
#[cfg(feature = "openblas")]
pub use openblas::OpenBlas;
pub use precision::Precision;
pub use sealed::{Plain, Sealed};
#[cfg(unix)]
pub use signal::is_signal_ignored;
#[cfg(own_kernels)]
pub use simd::Simd;
pub use team::cpus;
