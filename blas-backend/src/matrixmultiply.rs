//! Products by the `matrixmultiply` crate: pure Rust, with the CPU's vector instructions found at
//! run time.

use crate::own_first::OwnFirst;
use crate::subnormal::{CAN_FLUSH, Subnormals};
use crate::tile::{Multiply, Product};
use crate::vectorized::vectorized;
use barenet::{Gemm, GemmArgs, Machine, Pass};

/// Matrix products by the `matrixmultiply` crate, on the calling thread.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MatrixMultiply;

impl Machine for MatrixMultiply {
    fn vectorized<P: Pass>(&self, pass: P) -> P::Output {
        let _subnormals = Subnormals::are_zero();
        vectorized(pass)
    }

    fn flushes_subnormals(&self) -> bool {
        CAN_FLUSH
    }
}

macro_rules! impl_matrixmultiply {
    ($t:ty, $gemm:path) => {
        impl Gemm<$t> for MatrixMultiply {
            fn gemm(&self, args: GemmArgs<'_, $t>) {
                let _subnormals = Subnormals::are_zero();
                Product::new(args).run(&OwnFirst(self), (), self);
            }
        }

        impl Multiply<$t> for MatrixMultiply {
            fn multiply(&self, p: &Product<'_, $t>) {
                // A slice has at most isize::MAX bytes, so every stride of a matrix of elements
                // fits; that of an empty one is never used.
                #[allow(clippy::cast_possible_wrap)]
                let stride = |stride: usize| stride as isize;
                // SAFETY: the invariant of `Product`: all elements lie within borrowed slices, and
                // those of C are this product's alone. The library does not read C if β is 0.
                unsafe {
                    $gemm(
                        p.m,
                        p.k,
                        p.n,
                        p.alpha,
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
        }
    };
}

impl_matrixmultiply!(f32, ::matrixmultiply::sgemm);
impl_matrixmultiply!(f64, ::matrixmultiply::dgemm);
