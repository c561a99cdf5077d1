//! Products of bytes minus an offset for each column, such as images minus their mean: the bytes are exact in bf16.

use barenet::{Gemm, GemmArgs, Mat, MatMut, Op, Rng, Rows, Scaling};
use barenet_blas::{Amx, Backend, Kernel, Precision, Simd};
use barenet_tests::conformance::{TwicePlus, normal};
use std::ops::Range;

struct Images {
    bytes: Vec<u8>,
    offset: Vec<f32>,
}

impl Images {
    fn new(rows: usize, cols: usize) -> Self {
        let mut rng = Rng::seed(5);
        // As those of MNIST, far from the middle, and some that no byte is near.
        let offset = (0..cols).map(|j| [33.3, 0.0, 254.9, -7.5, 300.25][j % 5] + 0.01 * j as f32);
        let offset = offset.collect();
        Self { bytes: (0..rows * cols).map(|_| rng.below(256) as u8).collect(), offset }
    }
}

impl Rows<f32> for &Images {
    fn shape(&self) -> (usize, usize) {
        (self.bytes.len() / self.offset.len(), self.offset.len())
    }

    fn read(&self, row: usize, start: usize, out: &mut [f32]) {
        let bytes = Rows::<f32>::bytes(self, row, start..start + out.len());
        for ((out, &byte), offset) in out.iter_mut().zip(bytes).zip(&self.offset[start..]) {
            *out = f32::from(byte) - offset;
        }
    }

    fn bytes(&self, row: usize, columns: Range<usize>) -> &[u8] {
        &self.bytes[row * self.offset.len()..][columns]
    }

    fn scaled_bytes(&self) -> Option<Scaling<'_, f32>> {
        Some(Scaling::offset(&self.offset))
    }
}

/// x · w + bias with work on it, or xᵀ · w.
fn product(gemm: &impl Gemm<f32>, x: &Images, w: &[f32], is_transposed: bool) -> Vec<f32> {
    let (rows, cols) = Rows::<f32>::shape(&x);
    let (m, k) = if is_transposed { (cols, rows) } else { (rows, cols) };
    let n = w.len() / k;
    let (bias, p) = (normal(3, n), normal(4, m * n));
    let mut c = vec![f32::NAN; m * n];
    let a = if is_transposed { Op::transposed(x) } else { Op::new(x) };
    let c_mat = MatMut::new(&mut c, m, n).unwrap();
    let args = GemmArgs::new(a, Mat::new(w, k, n).unwrap(), 0.0, c_mat).unwrap();
    if is_transposed {
        gemm.product(args, ());
    } else {
        gemm.product(args, TwicePlus { bias: Some(&bias), p: &p, stride: n, cols: n });
    }
    c
}

const SHAPES: [[usize; 3]; 4] = [[1, 3, 2], [37, 70, 45], [101, 401, 33], [150, 300, 40]];

/// The largest error, in parts of the sum of absolute values.
fn error(gemm: &impl Gemm<f32>, [rows, cols, n]: [usize; 3], is_transposed: bool) -> f64 {
    let x = Images::new(rows, cols);
    let (m, k) = if is_transposed { (cols, rows) } else { (rows, cols) };
    let w: Vec<f32> = normal(1, k * n);
    let (bias, p): (Vec<f32>, Vec<f32>) = (normal(3, n), normal(4, m * n));
    let mut most = 0.0_f64;
    for (at, c) in product(gemm, &x, &w, is_transposed).into_iter().enumerate() {
        let (i, j) = (at / n, at % n);
        let number = |l: usize| {
            let (row, col) = if is_transposed { (l, i) } else { (i, l) };
            f64::from(x.bytes[row * cols + col]) - f64::from(x.offset[col])
        };
        let products = || (0..k).map(|l| number(l) * f64::from(w[l * n + j]));
        let (mut sum, mut size): (f64, f64) = (products().sum(), products().map(f64::abs).sum());
        if !is_transposed {
            sum = 2.0 * (sum + f64::from(bias[j])) + f64::from(p[at]);
            size = 2.0 * (size + f64::from(bias[j]).abs()) + f64::from(p[at]).abs();
        }
        most = most.max((f64::from(c) - sum).abs() / size);
    }
    most
}

#[test]
fn bytes_minus_an_offset_are_multiplied_as_exactly_as_was_asked_for() {
    for shape in SHAPES {
        for is_transposed in [false, true] {
            for (precision, bits) in
                [(Precision::F32, 22.0), (Precision::Bf16x3, 15.0), (Precision::Bf16, 7.0)]
            {
                let most = 2_f64.powf(-bits);
                let amx = Amx::emulated().with_precision(precision);
                let simd = Backend::new(Kernel::Simd, 1).with_precision(precision);
                for error in [error(&amx, shape, is_transposed), error(&simd, shape, is_transposed)]
                {
                    assert!(error < most, "{error:e}: {shape:?} {is_transposed} {precision:?}");
                }
            }
        }
    }
}

#[test]
fn products_of_bytes_have_the_same_bits_at_any_number_of_threads() {
    let x = Images::new(300, 500);
    for is_transposed in [false, true] {
        let w: Vec<f32> = normal(1, if is_transposed { 300 * 130 } else { 500 * 130 });
        for kernel in [Kernel::Amx, Kernel::Simd] {
            for precision in [Precision::F32, Precision::Bf16] {
                let bits = [1, 2, 3].map(|threads| {
                    let backend = Backend::with_threads(kernel, threads).unwrap();
                    let backend = backend.with_precision(precision);
                    let c = product(&backend, &x, &w, is_transposed);
                    c.into_iter().map(f32::to_bits).collect::<Vec<_>>()
                });
                assert!(bits[0] == bits[1] && bits[0] == bits[2], "{kernel} {precision:?}");
            }
        }
    }
}

#[test]
fn weights_that_are_not_finite_make_the_same_sums_not_finite_as_with_any_kernel() {
    let x = Images::new(37, 70);
    for weight in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        for is_transposed in [false, true] {
            let mut w: Vec<f32> = normal(1, if is_transposed { 37 * 45 } else { 70 * 45 });
            w[20 * 45 + 7] = weight;
            let found = product(&Amx::emulated(), &x, &w, is_transposed);
            let expected = product(&Simd::new(), &x, &w, is_transposed);
            for (found, expected) in found.into_iter().zip(expected) {
                let is_same = found == expected || found.is_nan() && expected.is_nan();
                assert!(is_same || expected.is_finite() && (found - expected).abs() < 0.1);
            }
        }
    }
}
