//! Products in `f32` that need not be as exact as `f32` is.

use barenet::{Gemm, Mat};
use barenet_blas::{Amx, Backend, Kernel, Precision, Simd};
use barenet_tests::conformance::{Case, layer_cases};

const ALL: [(Precision, f64); 3] =
    [(Precision::F32, 24.0), (Precision::Bf16x3, 16.0), (Precision::Bf16, 8.0)];

/// The largest error, in units of the sum of absolute values that would be that large if all erred alike.
fn error(gemm: &impl Gemm<f32>) -> f64 {
    let case = Case { m: 75, k: 300, n: 101, ta: false, tb: true, beta: 0.0 };
    let (a, b, _) = case.operands::<f32>();
    let c = case.run::<f32>(gemm);
    let (a, b) = (Mat::new(&a, case.m, case.k).unwrap(), Mat::new(&b, case.n, case.k).unwrap());
    let mut most = 0.0_f64;
    for (c, a) in c.chunks_exact(case.n).zip(a.row_iter()) {
        for (&c, b) in c.iter().zip(b.row_iter()) {
            let products = || a.iter().zip(b).map(|(&a, &b)| f64::from(a) * f64::from(b));
            let (sum, size): (f64, f64) = (products().sum(), products().map(f64::abs).sum());
            most = most.max((f64::from(c) - sum).abs() / size);
        }
    }
    most
}

#[test]
fn a_product_is_as_exact_as_was_asked_for() {
    for (precision, bits) in ALL {
        let most = 2_f64.powf(-bits);
        let amx = error(&Amx::emulated().with_precision(precision));
        // Without AVX2 it is the portable product.
        let least = if Simd::new().describe().is_some() { most / 100.0 } else { 0.0 };
        assert!(amx < most && amx > least, "{precision:?}: {amx:e} of {most:e}");
        for kernel in Kernel::available() {
            let error = error(&Backend::new(kernel, 1).with_precision(precision));
            assert!(error < 4.0 * most, "{kernel}, {precision:?}: {error:e} of {most:e}");
        }
    }
}

#[test]
fn every_precision_has_the_same_bits_at_any_number_of_threads() {
    for kernel in Kernel::available().filter(|kernel| ["amx", "simd"].contains(&kernel.name())) {
        for (precision, _) in ALL {
            for case in layer_cases() {
                let bits = [1, 2, 3].map(|threads| {
                    let backend = Backend::with_threads(kernel, threads).unwrap();
                    let backend = backend.with_precision(precision);
                    case.run::<f32>(&backend).into_iter().map(f32::to_bits).collect::<Vec<_>>()
                });
                assert!(
                    bits[0] == bits[1] && bits[0] == bits[2],
                    "{kernel} {precision:?} {case:?}"
                );
            }
        }
    }
}

#[test]
fn numbers_in_f64_have_no_other_precision() {
    let case = Case { m: 64, k: 64, n: 64, ta: false, tb: false, beta: 0.0 };
    let expected = case.run::<f64>(&Simd::new());
    for precision in [Precision::Bf16, Precision::Bf16x3] {
        let backend = Backend::new(Kernel::Simd, 1).with_precision(precision);
        assert_eq!(case.run::<f64>(&backend), expected);
        assert_eq!(case.run::<f64>(&Amx::emulated().with_precision(precision)), expected);
    }
}
