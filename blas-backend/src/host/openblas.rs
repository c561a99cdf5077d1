//! Products by OpenBLAS, through its C interface.

use crate::host::isa::run_vectorized;
use crate::host::prefer_own::PreferOwn;
use crate::host::subnormal::{CAN_FLUSH, Subnormals};
use crate::host::tile::{self, Multiply, Operand, Product};
use barenet::{Epilogue, Float, Gemm, GemmArgs, Machine, Pass, Rows};
use blas_src as _;
use cblas::{Layout, Transpose};
use std::ffi::{CStr, c_char, c_int};
use std::sync::Once;

unsafe extern "C" {
    fn openblas_set_num_threads(num_threads: c_int);
    fn openblas_get_config() -> *const c_char;
    fn openblas_get_corename() -> *const c_char;
}

/// Matrix products by OpenBLAS, on the calling thread.
///
/// OpenBLAS's own threads are switched off for the process: how it divides work depends on how many
/// it has, and with it the bits of the result.
#[derive(Clone, Copy, Debug)]
pub struct OpenBlas(());

impl Default for OpenBlas {
    fn default() -> Self {
        Self::new()
    }
}

impl OpenBlas {
    /// Prepares the library.
    #[must_use]
    pub fn new() -> Self {
        static SINGLE_THREADED: Once = Once::new();
        // SAFETY: takes any positive number, and is called once, before any product.
        SINGLE_THREADED.call_once(|| unsafe { openblas_set_num_threads(1) });
        Self(())
    }

    /// The version of the library and the CPU type that it found, for example
    /// `"OpenBLAS 0.3.21 (Haswell)"`.
    #[must_use]
    pub fn describe(&self) -> String {
        // SAFETY: both return strings that the library keeps for ever.
        let (config, core) = unsafe {
            (CStr::from_ptr(openblas_get_config()), CStr::from_ptr(openblas_get_corename()))
        };
        let config = config.to_string_lossy();
        let version: Vec<_> = config.split_whitespace().take(2).collect();
        format!("{} ({})", version.join(" "), core.to_string_lossy())
    }
}

/// An operand as BLAS is told of it: stored row-major, by the distance of its rows, and whether
/// transposed. `None` if a number is too large for BLAS.
fn layout<T>(operand: &Operand<T>, rows: usize, cols: usize) -> Option<(Transpose, i32)> {
    // A stride of 1 in both directions comes of a single row or column: either reading is right.
    let (transpose, distance, at_least) = if operand.col_stride == 1 {
        (Transpose::None, operand.row_stride, cols)
    } else {
        (Transpose::Ordinary, operand.col_stride, rows)
    };
    Some((transpose, i32::try_from(distance.max(at_least).max(1)).ok()?))
}

impl Machine for OpenBlas {
    fn vectorized<P: Pass>(&self, pass: P) -> P::Output {
        let _subnormals = Subnormals::are_zero();
        run_vectorized(pass)
    }

    fn flushes_subnormals(&self) -> bool {
        CAN_FLUSH
    }
}

impl<T: Float> Gemm<T> for OpenBlas {
    fn gemm(&self, args: GemmArgs<'_, T>) {
        self.product(args, ());
    }

    fn product<X: Rows<T>>(&self, args: GemmArgs<'_, T, X>, epilogue: impl Epilogue<T>) {
        let _subnormals = Subnormals::are_zero();
        tile::product(self, &PreferOwn(*self), args, epilogue);
    }
}

impl<T: Float> Multiply<T> for OpenBlas {
    fn multiply(&self, product: &Product<'_, T>) {
        product.by_type(
            |product| multiply(product, cblas::sgemm),
            |product| multiply(product, cblas::dgemm),
        );
    }
}

/// A product of the library: m, n, k, α, A and its stride, B and its stride, β, C and its stride.
type LibraryGemm<T> = unsafe fn(
    Layout,
    Transpose,
    Transpose,
    i32,
    i32,
    i32,
    T,
    &[T],
    i32,
    &[T],
    i32,
    T,
    &mut [T],
    i32,
);

fn multiply<T: Float>(p: &Product<'_, T>, gemm: LibraryGemm<T>) {
    let sizes = (|| {
        let int = |size: usize| i32::try_from(size).ok();
        let (a, b) = (layout(&p.a, p.m, p.k)?, layout(&p.b, p.k, p.n)?);
        Some((int(p.m)?, int(p.k)?, int(p.n)?, a, b, int(p.c_stride.max(1))?))
    })();
    let Some((m, k, n, (transpose_a, lda), (transpose_b, ldb), ldc)) = sizes else {
        return p.multiply_slowly();
    };
    if k == 0 {
        // BLAS is free to leave C as it is, NaN included.
        return p.multiply_slowly();
    }
    // SAFETY: the invariant of `Product`: all elements lie within borrowed slices, and
    // those of C are this product's alone. The slices handed to `cblas` are only turned
    // back into pointers; they are made empty because other tiles may hold elements of
    // the same rows.
    unsafe {
        gemm(
            Layout::RowMajor,
            transpose_a,
            transpose_b,
            m,
            n,
            k,
            T::ONE,
            std::slice::from_raw_parts(p.a.data, 0),
            lda,
            std::slice::from_raw_parts(p.b.data, 0),
            ldb,
            p.write_bias(),
            std::slice::from_raw_parts_mut(p.c, 0),
            ldc,
        );
    }
}

impl<T: Float> Product<'_, T> {
    /// Element by element, for what BLAS cannot count: a dimension above `i32::MAX`, or k = 0.
    fn multiply_slowly(&self) {
        let beta = self.write_bias();
        for i in 0..self.m {
            for j in 0..self.n {
                let mut sum = T::ZERO;
                for l in 0..self.k {
                    // SAFETY: i < m, l < k, j < n and the invariant of `Product`.
                    unsafe {
                        let a = *self.a.data.add(i * self.a.row_stride + l * self.a.col_stride);
                        let b = *self.b.data.add(l * self.b.row_stride + j * self.b.col_stride);
                        sum += a * b;
                    }
                }
                // SAFETY: i < m, j < n and the invariant of `Product`.
                let c = unsafe { &mut *self.c.add(i * self.c_stride + j) };
                *c = sum + if beta == T::ZERO { T::ZERO } else { beta * *c };
            }
        }
    }
}
