//! Products in this crate's own kernels: AVX-512, AVX2 with FMA, or NEON, found at run time.
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

mod blocks;
mod few_columns;
mod few_rows;
mod microkernel;
#[cfg(target_arch = "aarch64")]
mod neon;
mod pack;
mod plan;
mod vector;
#[cfg(target_arch = "x86_64")]
mod x86;

use crate::host::isa::Isa;
use crate::host::isa::run_vectorized;
use crate::host::subnormal::{CAN_FLUSH, Subnormals};
use crate::host::tile::{self, Multiply, Product};
use barenet::{Epilogue, Float, Gemm, GemmArgs, Machine, Pass, Portable, Rows};
#[cfg(target_arch = "aarch64")]
use neon::{F32x4, F64x2};
#[cfg(target_arch = "x86_64")]
pub(crate) use x86::transpose_f32;
#[cfg(target_arch = "x86_64")]
use x86::{F32x8, F32x16, F64x4, F64x8};

/// Matrix products by this crate's kernels, on the calling thread.
///
/// On a CPU of x86-64 without AVX2 and FMA, [`Portable`] multiplies.
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
    #[cfg(target_arch = "x86_64")]
    #[must_use]
    pub fn without_avx512() -> Self {
        Self(Isa::of_this_cpu().map(Isa::without_avx512))
    }

    /// Instruction set of the CPU that is used, for example `"AVX-512"`; `None` if there is none.
    #[must_use]
    pub fn describe(&self) -> Option<&'static str> {
        self.0.map(Isa::name)
    }

    /// The instruction set, if there is one.
    #[cfg(target_arch = "x86_64")]
    pub(crate) const fn isa(self) -> Option<Isa> {
        self.0
    }

    /// The kernels, if the CPU has what they need.
    pub(crate) fn kernels(&self) -> Option<OwnKernels> {
        self.0.map(OwnKernels)
    }
}

/// Own kernels of one instruction set.
pub(crate) struct OwnKernels(Isa);

impl OwnKernels {
    /// Those of this CPU, if it has vectors for them.
    pub(crate) fn of_this_cpu() -> Option<Self> {
        Isa::of_this_cpu().map(Self)
    }

    /// Those for a product that a library leaves to them: of few rows, which it multiplies no faster than many, or with
    /// a transposed B.
    #[cfg(any(feature = "matrixmultiply", feature = "openblas"))]
    pub(crate) fn preferred_for<T>(product: &Product<'_, T>) -> Option<Self> {
        let is_slow = blocks::has_few_rows(product) || product.b.col_stride != 1;
        Self::of_this_cpu().filter(|_| is_slow)
    }
}

impl<T: Float> Multiply<T> for OwnKernels {
    fn multiply(&self, product: &Product<'_, T>) {
        product.by_type(
            |product| multiply_f32(self.0, product),
            |product| multiply_f64(self.0, product),
        );
    }

    fn may_be_cut_anywhere(&self, product: &Product<'_, T>) -> bool {
        blocks::has_few_rows(product)
    }
}

// Not generic: so the kernels are compiled with this crate, and not again with each that uses it.
fn multiply_f32(isa: Isa, product: &Product<'_, f32>) {
    // SAFETY: `Isa` exists only for what the CPU has.
    unsafe {
        match isa {
            #[cfg(target_arch = "x86_64")]
            Isa::Avx512 => blocks::with_avx512::<F32x16>(product),
            #[cfg(target_arch = "x86_64")]
            Isa::Avx2 => blocks::with_avx2::<F32x8>(product),
            #[cfg(target_arch = "aarch64")]
            Isa::Neon => blocks::with_neon::<F32x4>(product),
        }
    }
}

fn multiply_f64(isa: Isa, product: &Product<'_, f64>) {
    // SAFETY: as above.
    unsafe {
        match isa {
            #[cfg(target_arch = "x86_64")]
            Isa::Avx512 => blocks::with_avx512::<F64x8>(product),
            #[cfg(target_arch = "x86_64")]
            Isa::Avx2 => blocks::with_avx2::<F64x4>(product),
            #[cfg(target_arch = "aarch64")]
            Isa::Neon => blocks::with_neon::<F64x2>(product),
        }
    }
}

impl Machine for Simd {
    fn vectorized<P: Pass>(&self, pass: P) -> P::Output {
        let _subnormals = Subnormals::are_zero();
        run_vectorized(pass)
    }

    fn flushes_subnormals(&self) -> bool {
        CAN_FLUSH
    }
}

impl<T: Float> Gemm<T> for Simd {
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
