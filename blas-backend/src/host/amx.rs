//! Products on AMX, the matrix unit of Intel's servers since Sapphire Rapids.

mod detect;

use crate::host::bf16::{self, Emulated, Hardware};
use crate::host::isa::run_vectorized;
use crate::host::simd::OwnKernels;
use crate::host::subnormal::{CAN_FLUSH, Subnormals};
use crate::host::tile::{self, Multiply, Product};
use barenet::{Epilogue, Float, Gemm, GemmArgs, Machine, Pass, Portable, Rows};
pub(crate) use detect::NoAmx;

/// Matrix products in `f32` on AMX, on the calling thread. Those that are too small to be split into bf16, and those in `f64`,
/// are computed as by [`Simd`](super::Simd).
#[derive(Clone, Copy, Debug)]
pub struct Amx(Arithmetic);

#[derive(Clone, Copy, Debug)]
enum Arithmetic {
    /// Exists only where AMX may be used.
    Hardware,
    Emulated,
}

impl Amx {
    /// AMX, if the CPU has it and the system lets this process use it.
    #[must_use]
    pub fn new() -> Option<Self> {
        Self::detect().ok()
    }

    pub(crate) fn detect() -> Result<Self, NoAmx> {
        detect::detect().map(|()| Self(Arithmetic::Hardware))
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
        Self(Arithmetic::Emulated)
    }

    /// The kernels, if the CPU has what those for small products need.
    pub(crate) fn kernels(self) -> Option<AmxKernels> {
        OwnKernels::of_this_cpu().map(|own| AmxKernels { arithmetic: self.0, own })
    }
}

/// Kernels of the unit, and those for what it is not used for.
pub(crate) struct AmxKernels {
    arithmetic: Arithmetic,
    own: OwnKernels,
}

/// Whether splitting the operands takes less time than the unit saves: so many rows and columns that each number is used often
/// enough. Decided by the sizes alone.
const fn is_worth_splitting(product: &Product<'_, f32>) -> bool {
    let Product { m, k, n, .. } = *product;
    m.saturating_mul(n) / 32 >= m.saturating_add(n) && k >= 32
}

impl<T: Float> Multiply<T> for AmxKernels {
    const WHOLE: (usize, usize) = (32, 32);

    fn multiply(&self, product: &Product<'_, T>) {
        product.by_type(|product| self.multiply_f32(product), |product| self.own.multiply(product));
    }

    fn may_be_cut_anywhere(&self, product: &Product<'_, T>) -> bool {
        self.own.may_be_cut_anywhere(product)
    }
}

impl AmxKernels {
    fn multiply_f32(&self, product: &Product<'_, f32>) {
        match self.arithmetic {
            // SAFETY: AMX is there, by the constructor.
            Arithmetic::Hardware if is_worth_splitting(product) => unsafe {
                bf16::multiply::<Hardware, 3, 3>(product, &self.own);
            },
            Arithmetic::Hardware => self.own.multiply(product),
            // SAFETY: it is everywhere.
            Arithmetic::Emulated => unsafe {
                bf16::multiply::<Emulated, 3, 3>(product, &self.own);
            },
        }
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
            Some(kernels) => tile::product(self, &kernels, args, epilogue),
            None => Portable.product(args, epilogue),
        }
    }
}
