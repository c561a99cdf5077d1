//! Products and what is made of them, by every backend.

#[cfg(target_arch = "x86_64")]
mod amx;
#[cfg(target_arch = "x86_64")]
mod bytes;
mod fused;
mod gemm_conformance;
#[cfg(target_arch = "x86_64")]
mod precision;
mod products;
mod rows;
