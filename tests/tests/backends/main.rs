//! Products and what is made of them, by every backend.

mod fused;
mod gemm_conformance;
mod products;
mod rows;
