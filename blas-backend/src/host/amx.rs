//! Products on AMX, the matrix unit of Intel's servers since Sapphire Rapids.

mod detect;

use crate::host::bf16::{Bf16Kernels, UnitKind};
use crate::host::isa::run_vectorized;
use crate::host::precision::Precision;
use crate::host::simd::OwnKernels;
use crate::host::subnormal::{CAN_FLUSH, Subnormals};
use barenet::{Epilogue, Float, Gemm, GemmArgs, Machine, Pass, Portable, Rows};
pub(crate) use detect::NoAmx;

/// Matrix products in `f32` on AMX, on the calling thread. Those that are too small to be split into bf16, and those in `f64`,
/// are computed as by [`Simd`](super::Simd).
#[derive(Clone, Copy, Debug)]
pub struct Amx {
    unit: UnitKind,
    precision: Precision,
}

impl Amx {
    /// AMX, if the CPU has it and the system lets this process use it.
    #[must_use]
    pub fn new() -> Option<Self> {
        Self::detect().ok()
    }

    pub(crate) fn detect() -> Result<Self, NoAmx> {
        detect::detect().map(|()| Self { unit: UnitKind::Amx, precision: Precision::F32 })
    }

    /// The same arithmetic without AMX, hundreds of times as slow, to test or to measure errors with. It computes products
    /// of all sizes so.
    ///
    /// ```
    /// use barenet::{Mat, MatMut, matmul};
    /// let (a, mut c) = ([1.0_f32, 2.0], [0.0]);
    /// let a = Mat::new(&a, 1, 2)?;
    /// matmul(&barenet_blas::Amx::emulated(), a, a.t(), 0.0, MatMut::new(&mut c, 1, 1)?)?;
    /// assert_eq!(c, [5.0]);
    /// # Ok::<(), barenet::ShapeError>(())
    /// ```
    #[must_use]
    pub const fn emulated() -> Self {
        Self { unit: UnitKind::Emulated, precision: Precision::F32 }
    }

    /// The same with another precision of products in `f32`.
    #[must_use]
    pub const fn with_precision(self, precision: Precision) -> Self {
        Self { precision, ..self }
    }

    /// The kernels, if the CPU has what those for small products need.
    pub(crate) fn kernels(self) -> Option<Bf16Kernels> {
        // SAFETY: AMX is there, by the constructors.
        OwnKernels::of_this_cpu()
            .map(|own| unsafe { Bf16Kernels::new(self.unit, self.precision, own) })
    }
}

impl Machine for Amx {
    fn vectorized<P: Pass>(&self, pass: P) -> P::Output {
        let _subnormals = Subnormals::are_zero();
        run_vectorized(pass)
    }

    fn flushes_subnormals(&self) -> bool {
        CAN_FLUSH
    }
}

impl<T: Float> Gemm<T> for Amx {
    fn gemm(&self, args: GemmArgs<'_, T>) {
        self.product(args, ());
    }

    fn product<X: Rows<T>>(&self, args: GemmArgs<'_, T, X>, epilogue: impl Epilogue<T>) {
        let _subnormals = Subnormals::are_zero();
        match self.kernels() {
            Some(kernels) => kernels.product(self, args, epilogue),
            None => Portable.product(args, epilogue),
        }
    }
}
