//! Every tolerance of the tests, with its reason. All are relative errors as CS231n defines them.

/// f64 against PyTorch's autograd in f64: both round differently in every sum.
pub const GOLDEN_F64: f64 = 1e-10;

/// f32 against f64: sums of a few hundred products, each rounded to 6e-8.
pub const GOLDEN_F32: f64 = 2e-4;

/// f32 after 40 steps of training against f64: errors of each step are carried on.
pub const TRAJECTORY_F32: f64 = 2e-3;

/// An identity between two ways to compute the same in f64.
pub const IDENTITY: f64 = 1e-9;

/// A numerical against an analytic gradient in f64, on inputs kept away from kinks.
pub const GRADIENT: f64 = 1e-5;

/// A product against the naive one, times √k: the order of summation differs.
pub const GEMM_F32: f64 = 1e-5;

/// As above, in f64.
pub const GEMM_F64: f64 = 1e-13;
