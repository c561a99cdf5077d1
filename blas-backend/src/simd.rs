//! Products in this crate's own kernels: AVX-512 or AVX2 with FMA, found at run time.
//!
//! A tile of C stays in registers while a stretch of k is summed: vectors of a row of B times one
//! number of A after the other. A is read where it lies unless its rows lie far apart and it is
//! transposed or larger than the cache; B is copied into the order in which tiles read it unless C has
//! few rows. A few columns behind the last whole vector are summed in lanes that lie elsewhere, since a
//! vector of them would be mostly empty.
//!
//! Each element of C is summed in the order of k, or in a lane each, in stretches that depend on k alone;
//! the last columns of C are the same ones in every tile. So the bits do not depend on the tile that an
//! element falls in, nor on the number of threads.

mod few_columns;
mod few_rows;
mod kernel;
mod microkernel;
mod pack;
mod vector;

use crate::isa::Isa;
use crate::subnormal::{CAN_FLUSH, Subnormals};
use crate::tile::{Multiply, Product};
use crate::vectorized::vectorized;
use barenet::{Epilogue, Gemm, GemmArgs, Machine, Pass, Portable};

/// Matrix products by this crate's kernels, on the calling thread.
///
/// On a CPU without AVX2 and FMA, [`Portable`] multiplies.
#[derive(Clone, Copy, Debug)]
pub struct Simd(Option<Isa>);

impl Default for Simd {
    fn default() -> Self {
        Self::new()
    }
}

impl Simd {
    /// Looks what the CPU can do.
    #[must_use]
    pub fn new() -> Self {
        Self(Isa::of_this_cpu())
    }

    /// The same without AVX-512, to compare with or to test.
    #[must_use]
    pub fn without_avx512() -> Self {
        Self(Isa::of_this_cpu().map(Isa::without_avx512))
    }

    /// What is used of the CPU, for example `"AVX-512"`; `None` if it has nothing to use.
    #[must_use]
    pub fn describe(&self) -> Option<&'static str> {
        self.0.map(Isa::name)
    }

    /// The kernels, if the CPU has what they need.
    pub(crate) fn kernels(&self) -> Option<Kernels> {
        self.0.map(Kernels)
    }
}

/// Whether a product is left to these kernels by the libraries: few rows, which they multiply no faster
/// than many, or a transposed B; and the CPU has vectors to do it with.
#[cfg(any(feature = "matrixmultiply", feature = "openblas"))]
pub(crate) fn multiplies<T>(product: &Product<'_, T>) -> Option<Kernels> {
    let isa = Isa::of_this_cpu()?;
    (kernel::has_few_rows(product) || product.b.col_stride != 1).then_some(Kernels(isa))
}

/// The kernels of one instruction set.
pub(crate) struct Kernels(Isa);

/// A number type with kernels.
pub(crate) trait SimdElement: barenet::Float {
    /// # Safety
    ///
    /// The CPU must have `isa`.
    unsafe fn multiply(isa: Isa, product: &Product<'_, Self>);

    /// Copies a square of 32 bytes a row transposed.
    ///
    /// # Safety
    ///
    /// Both squares must be there and not overlap; the code must be compiled for AVX2, and the CPU
    /// have it.
    unsafe fn transpose_square(from: (*const Self, usize), to: (*mut Self, usize));
}

impl<T: SimdElement> Multiply<T> for Kernels {
    fn multiply(&self, product: &Product<'_, T>) {
        // SAFETY: `Isa` exists only for what the CPU has.
        unsafe { T::multiply(self.0, product) };
    }

    fn may_be_cut_anywhere(&self, product: &Product<'_, T>) -> bool {
        kernel::has_few_rows(product)
    }
}

impl Machine for Simd {
    fn vectorized<P: Pass>(&self, pass: P) -> P::Output {
        let _subnormals = Subnormals::are_zero();
        vectorized(pass)
    }

    fn flushes_subnormals(&self) -> bool {
        CAN_FLUSH
    }
}

macro_rules! impl_simd {
    ($t:ty) => {
        impl Gemm<$t> for Simd {
            fn gemm(&self, args: GemmArgs<'_, $t>) {
                self.gemm_then(args, ());
            }

            fn gemm_then(&self, args: GemmArgs<'_, $t>, epilogue: impl Epilogue<$t>) {
                let _subnormals = Subnormals::are_zero();
                match self.kernels() {
                    Some(kernels) => Product::new(args).run(&kernels, epilogue, self),
                    None => Portable.gemm_then(args, epilogue),
                }
            }
        }
    };
}

impl_simd!(f32);
impl_simd!(f64);
