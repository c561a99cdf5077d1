//! The suite of backends for each of ours, and what only ours promise.

use barenet::layers::{affine_forward, affine_relu_forward};
use barenet::{Compact, Float, Mat, MatMut, Portable, Rng, ShapeError};
use barenet_blas::{Backend, Kernel};
use barenet_tests::conformance::*;
use barenet_tests::gemm_conformance;

gemm_conformance!(portable, Portable);
gemm_conformance!(compact, Compact);
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
gemm_conformance!(simd, barenet_blas::Simd::new());
#[cfg(target_arch = "x86_64")]
gemm_conformance!(simd_without_avx512, barenet_blas::Simd::without_avx512());
#[cfg(target_arch = "x86_64")]
gemm_conformance!(amx_emulated, barenet_blas::Amx::emulated(), f32);
#[cfg(feature = "matrixmultiply")]
gemm_conformance!(matrixmultiply, barenet_blas::MatrixMultiply);
#[cfg(feature = "openblas")]
gemm_conformance!(openblas, barenet_blas::OpenBlas::new());

/// Products that are cut for the threads of a team.
#[test]
fn with_threads_every_kernel_equals_the_definition() {
    for kernel in Kernel::available() {
        let backend = Backend::with_threads(kernel, 3).unwrap();
        backend.install(|| {
            check_products::<f32>(&backend);
            check_rows::<f32>(&backend);
            check_rows::<f64>(&backend);
            check_machine(&backend);
        });
    }
}

fn has_the_same_bits_at_any_number_of_threads<T: Float>(kernel: Kernel) {
    let single = Backend::new(kernel, 1);
    for case in layer_cases() {
        let bits = |c: Vec<T>| c.into_iter().map(|x| x.to_f64().to_bits()).collect::<Vec<_>>();
        let expected = bits(case.run::<T>(&single));
        for threads in [1, 2, 3, 8] {
            let backend = Backend::with_threads(kernel, threads).unwrap();
            let inside = backend.install(|| case.run::<T>(&backend));
            assert_eq!(bits(inside), expected, "{threads} threads, {case:?}");
            assert_eq!(bits(case.run::<T>(&backend)), expected, "from outside the team: {case:?}");
        }
    }
}

#[test]
fn gives_the_same_bits_at_any_number_of_threads() {
    for kernel in Kernel::available() {
        has_the_same_bits_at_any_number_of_threads::<f32>(kernel);
        has_the_same_bits_at_any_number_of_threads::<f64>(kernel);
    }
}

/// Rows and columns of a large product that is cut into tiles, and of each tile, have the same bits
/// as if they were computed alone.
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
#[test]
fn simd_computes_rows_with_the_same_bits_in_any_tile() {
    for (k, n) in [(33, 21), (400, 100), (100, 130)] {
        let case = Case { m: 91, k, n, ta: false, tb: false, beta: 0.0 };
        let (a, b, _) = case.operands::<f32>();
        let whole = case.run::<f32>(&barenet_blas::Simd::new());
        let b = Mat::new(&b, k, n).unwrap();
        for rows in [8, 9, 30, 50] {
            for top in [0, 1, 41] {
                let a = Mat::new(&a[top * k..(top + rows) * k], rows, k).unwrap();
                let mut c = vec![0.0; rows * n];
                let c_mat = MatMut::new(&mut c, rows, n).unwrap();
                barenet::matmul(&barenet_blas::Simd::new(), a, b, 0.0, c_mat).unwrap();
                assert_eq!(c, whole[top * n..(top + rows) * n], "{rows} rows from {top}");
            }
        }
    }
}

/// Slices of f32 begin at any multiple of four bytes.
#[test]
fn slices_that_begin_between_vectors_give_the_same_bits() {
    for kernel in Kernel::available() {
        let backend = Backend::new(kernel, 1);
        for case in [(5, 9, 17, false), (30, 40, 50, true), (1, 64, 33, false)] {
            let (m, k, n, tb) = case;
            let case = Case { m, k, n, ta: false, tb, beta: 0.0 };
            let (a, b, _) = case.operands::<f32>();
            let expected = case.run::<f32>(&backend);
            for offset in 1..4 {
                let shifted = |x: &[f32]| [&vec![f32::NAN; offset], x].concat();
                let (a, b) = (shifted(&a), shifted(&b));
                let mut c = vec![f32::NAN; offset + m * n];
                let a = Mat::new(&a[offset..], m, k).unwrap();
                let b = &b[offset..];
                let b = if tb {
                    Mat::new(b, n, k).unwrap().t()
                } else {
                    Mat::new(b, k, n).unwrap().into()
                };
                let c_mat = MatMut::new(&mut c[offset..], m, n).unwrap();
                barenet::matmul(&backend, a, b, 0.0, c_mat).unwrap();
                assert_eq!(c[offset..], expected, "{kernel}, {offset}");
            }
        }
    }
}

/// The order in which the portable product sums does not depend on where an element lies.
#[test]
fn portable_computes_a_part_of_a_product_with_the_bits_of_the_whole() {
    for (m, k, n) in [(9, 33, 21), (4, 100, 10), (5, 8, 8)] {
        let case = Case { m, k, n, ta: false, tb: false, beta: 0.0 };
        let (a, b, _) = case.operands::<f32>();
        let whole = case.run::<f32>(&Portable);
        for i in 0..m {
            let mut row = vec![0.0; n];
            let a = Mat::new(&a[i * k..(i + 1) * k], 1, k).unwrap();
            let b = Mat::new(&b, k, n).unwrap();
            barenet::matmul(&Portable, a, b, 0.0, MatMut::new(&mut row, 1, n).unwrap()).unwrap();
            assert_eq!(row, whole[i * n..(i + 1) * n]);
            for j in 0..n {
                let column: Vec<f32> = b.row_iter().map(|row| row[j]).collect();
                let column = Mat::new(&column, k, 1).unwrap();
                let mut c = [0.0];
                barenet::matmul(&Portable, a, column, 0.0, MatMut::new(&mut c, 1, 1).unwrap())
                    .unwrap();
                assert_eq!(c[0], whole[i * n + j]);
            }
        }
    }
}

#[test]
fn compact_has_the_bits_of_portable() {
    let sizes = &[1, 3, 14, 31];
    for case in cases(sizes, sizes, sizes).into_iter().chain(layer_cases()) {
        let bits = |c: Vec<f32>| c.into_iter().map(f32::to_bits).collect::<Vec<_>>();
        assert_eq!(bits(case.run(&Compact)), bits(case.run(&Portable)), "{case:?}");
    }
}

/// `Compact` adds the bias and takes the positive part while it stores.
#[test]
fn layers_by_compact_have_the_bits_of_portable() {
    let mut rng = Rng::seed(3);
    for (rows, inputs, outputs) in [(1, 1, 1), (1, 64, 32), (3, 17, 27), (1, 5, 10), (2, 8, 3)] {
        let mut x: Vec<f32> = random(&mut rng, rows * inputs);
        if rows > 1 {
            x[0] = f32::NAN; // one row of NaN, and others
        }
        let (w, b) = (random(&mut rng, inputs * outputs), random(&mut rng, outputs));
        let (x, w) = (Mat::new(&x, rows, inputs).unwrap(), Mat::new(&w, inputs, outputs).unwrap());
        let run = |layer: &dyn Fn(MatMut<'_, f32>) -> Result<(), ShapeError>| {
            let mut out = vec![f32::NAN; rows * outputs];
            layer(MatMut::new(&mut out, rows, outputs).unwrap()).unwrap();
            // What NaN it is does not matter, that it is one does.
            out.into_iter()
                .map(|v| if v.is_nan() { u32::MAX } else { v.to_bits() })
                .collect::<Vec<_>>()
        };
        assert_eq!(
            run(&|out| affine_forward(&Compact, x, w, &b, out)),
            run(&|out| affine_forward(&Portable, x, w, &b, out)),
        );
        assert_eq!(
            run(&|out| affine_relu_forward(&Compact, x, w, &b, out)),
            run(&|out| affine_relu_forward(&Portable, x, w, &b, out)),
        );
    }
}
