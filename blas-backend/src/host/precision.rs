//! How exact products of `f32` are.

/// How exact products of `f32` are to be, at least. A kernel computes more exactly where that is as fast.
///
/// The error of each is measured in `docs/accuracy-of-products.md`; products of `f64` are what they are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Precision {
    /// As exact as `f32` is.
    #[default]
    F32,
    /// An error of 2⁻¹⁶ of each product: with AMX, each number is the sum of two bf16. Without AMX it is `F32`.
    Bf16x3,
    /// An error of 2⁻⁸ of each product: with AMX, and on CPUs with AVX-512 that multiply bf16, numbers are rounded to bf16. On
    /// others it is `F32`.
    Bf16,
}
