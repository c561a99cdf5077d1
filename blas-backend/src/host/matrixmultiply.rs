//! Products by the `matrixmultiply` crate: pure Rust, with the CPU's vector instructions found at
//! run time.

use crate::host::isa::run_vectorized;
use crate::host::prefer_own::PreferOwn;
use crate::host::subnormal::{CAN_FLUSH, Subnormals};
use crate::host::tile::{self, Multiply, Product};
use barenet::{Epilogue, Float, Gemm, GemmArgs, Machine, Pass, Rows};

/// Matrix products by the `matrixmultiply` crate, on the calling thread.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MatrixMultiply;

impl Machine for MatrixMultiply {
    fn vectorized<P: Pass>(&self, pass: P) -> P::Output {
        let _subnormals = Subnormals::are_zero();
        run_vectorized(pass)
    }

    fn flushes_subnormals(&self) -> bool {
        CAN_FLUSH
    }
}

impl<T: Float> Gemm<T> for MatrixMultiply {
    fn gemm(&self, args: GemmArgs<'_, T>) {
        self.product(args, ());
    }

    fn product<X: Rows<T>>(&self, args: GemmArgs<'_, T, X>, epilogue: impl Epilogue<T>) {
        let _subnormals = Subnormals::are_zero();
        tile::product(self, &PreferOwn(*self), args, epilogue);
    }
}

impl<T: Float> Multiply<T> for MatrixMultiply {
    fn multiply(&self, product: &Product<'_, T>) {
        product.by_type(
            |product| multiply(product, ::matrixmultiply::sgemm),
            |product| multiply(product, ::matrixmultiply::dgemm),
        );
    }
}

/// A product of the library: m, k, n, α, A and its strides, B and its strides, β, C and its strides.
type LibraryGemm<T> = unsafe fn(
    usize,
    usize,
    usize,
    T,
    *const T,
    isize,
    isize,
    *const T,
    isize,
    isize,
    T,
    *mut T,
    isize,
    isize,
);

fn multiply<T: Float>(p: &Product<'_, T>, gemm: LibraryGemm<T>) {
    // A slice has at most isize::MAX bytes, so every stride of a matrix of elements
    // fits; that of an empty one is never used.
    #[allow(clippy::cast_possible_wrap)]
    let stride = |stride: usize| stride as isize;
    // SAFETY: the invariant of `Product`: all elements lie within borrowed slices, and
    // those of C are this product's alone. The library does not read C if β is 0.
    unsafe {
        gemm(
            p.m,
            p.k,
            p.n,
            T::ONE,
            p.a.data,
            stride(p.a.row_stride),
            stride(p.a.col_stride),
            p.b.data,
            stride(p.b.row_stride),
            stride(p.b.col_stride),
            p.write_bias(),
            p.c,
            stride(p.c_stride),
            1,
        );
    }
}
