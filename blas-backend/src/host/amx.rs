//! Products on AMX, the matrix unit of Intel's servers since Sapphire Rapids.

use crate::host::bf16::{self, Emulated};
use crate::host::isa::run_vectorized;
use crate::host::simd::OwnKernels;
use crate::host::subnormal::{CAN_FLUSH, Subnormals};
use crate::host::tile::{self, Multiply, Product};
use barenet::{Epilogue, Float, Gemm, GemmArgs, Machine, Pass, Portable, Rows};

/// Matrix products in the arithmetic of AMX, on the calling thread: those in `f32` that are large enough, and the others
/// as [`Simd`](super::Simd).
#[derive(Clone, Copy, Debug)]
pub struct Amx(());

impl Amx {
    /// The arithmetic without the unit, hundreds of times as slow, to test or to measure errors with. It computes products
    /// of all sizes.
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
        Self(())
    }

    /// The kernels, if the CPU has what those for small products need.
    fn kernels(self) -> Option<Kernels> {
        OwnKernels::of_this_cpu().map(Kernels)
    }
}

/// Kernels of the unit, and those for what it is not used for.
struct Kernels(OwnKernels);

impl<T: Float> Multiply<T> for Kernels {
    const WHOLE: (usize, usize) = (32, 32);

    fn multiply(&self, product: &Product<'_, T>) {
        product.by_type(
            |product| bf16::multiply::<Emulated, 3, 3>(product, &self.0),
            |product| self.0.multiply(product),
        );
    }

    fn may_be_cut_anywhere(&self, product: &Product<'_, T>) -> bool {
        self.0.may_be_cut_anywhere(product)
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
