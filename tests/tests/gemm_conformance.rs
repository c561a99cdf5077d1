//! One suite that every backend passes, in f32 and f64.

use barenet::layers::{affine_forward, affine_relu_forward};
use barenet::{Compact, Float, Gemm, GemmArgs, Mat, MatMut, Portable, Rng, ShapeError};
use barenet_blas::{Backend, Kernel};
use barenet_tests::tolerance::{GEMM_F32, GEMM_F64};

/// Random numbers in −1..1.
fn random<T: Float>(rng: &mut Rng, len: usize) -> Vec<T> {
    (0..len).map(|_| T::from_f64(2.0 * rng.uniform() - 1.0)).collect()
}

/// A product to compute: sizes, transposes, β.
#[derive(Clone, Copy, Debug)]
struct Case {
    m: usize,
    k: usize,
    n: usize,
    ta: bool,
    tb: bool,
    beta: f64,
}

impl Case {
    fn operands<T: Float>(&self) -> (Vec<T>, Vec<T>, Vec<T>) {
        let mut rng = Rng::seed(7);
        let (a, b) = (random(&mut rng, self.m * self.k), random(&mut rng, self.k * self.n));
        let c = random(&mut rng, self.m * self.n);
        // With beta = 0, C may hold anything and must not be read.
        (a, b, if self.beta == 0.0 { vec![T::from_f64(f64::NAN); self.m * self.n] } else { c })
    }

    fn run<T: Float>(&self, gemm: &impl Gemm<T>) -> Vec<T> {
        let &Case { m, k, n, ta, tb, beta } = self;
        let (a, b, mut c) = self.operands::<T>();
        let a =
            if ta { Mat::new(&a, k, m).unwrap().t() } else { Mat::new(&a, m, k).unwrap().into() };
        let b =
            if tb { Mat::new(&b, n, k).unwrap().t() } else { Mat::new(&b, k, n).unwrap().into() };
        let c_mat = MatMut::new(&mut c, m, n).unwrap();
        gemm.gemm(GemmArgs::new(a, b, T::from_f64(beta), c_mat).unwrap());
        c
    }

    /// The definition, element by element, in f64.
    fn naive<T: Float>(&self) -> Vec<f64> {
        let &Case { m, k, n, ta, tb, beta } = self;
        let (a, b, c) = self.operands::<T>();
        let mut out = Vec::new();
        for i in 0..m {
            for j in 0..n {
                let a = |l: usize| if ta { a[l * m + i] } else { a[i * k + l] }.to_f64();
                let b = |l: usize| if tb { b[j * k + l] } else { b[l * n + j] }.to_f64();
                let sum: f64 = (0..k).map(|l| a(l) * b(l)).sum();
                let old = if beta == 0.0 { 0.0 } else { beta * c[i * n + j].to_f64() };
                out.push(sum + old);
            }
        }
        out
    }

    fn check<T: Float>(&self, gemm: &impl Gemm<T>) {
        let tolerance = if T::NAME == "float64" { GEMM_F64 } else { GEMM_F32 };
        let tolerance = tolerance * (self.k.max(1) as f64).sqrt();
        for (found, expected) in self.run(gemm).into_iter().zip(self.naive::<T>()) {
            let found = found.to_f64();
            assert!((found - expected).abs() <= tolerance, "{found} for {expected} in {self:?}");
        }
    }
}

/// Every transpose and beta for every m, k and n.
fn cases(ms: &[usize], ks: &[usize], ns: &[usize]) -> Vec<Case> {
    let mut cases = Vec::new();
    for &m in ms {
        for &k in ks {
            for &n in ns {
                for (ta, tb) in [(false, false), (true, false), (false, true), (true, true)] {
                    for beta in [0.0, 1.0, 0.5] {
                        cases.push(Case { m, k, n, ta, tb, beta });
                    }
                }
            }
        }
    }
    cases
}

/// The products of a training step: large and narrow, whole in no tile.
fn layer_cases() -> Vec<Case> {
    let case = |m, k, n, ta, tb| Case { m, k, n, ta, tb, beta: 0.0 };
    // Tools that watch every access to memory would take an hour: the smallest that are divided.
    if std::env::var_os("BARENET_SMALL_PRODUCTS").is_some() {
        return vec![
            Case { beta: 1.0, ..case(110, 97, 101, false, false) },
            case(301, 36, 102, true, false),
            case(35, 10, 300, false, true),
            case(10, 105, 1030, false, false),
            case(1030, 10, 105, true, false),
            case(33, 110, 301, false, true),
            case(1, 3072, 400, false, false),
        ];
    }
    vec![
        Case { beta: 1.0, ..case(236, 3072, 100, false, false) },
        case(3072, 236, 100, true, false),
        case(236, 100, 10, false, false),
        case(236, 10, 100, false, true),
        case(50, 1024, 1030, false, false),
        case(1030, 50, 1024, true, false),
        case(128, 1024, 3072, false, true),
        case(1, 3072, 100, false, false),
        // Cut into as many tiles as there are threads.
        case(1, 1024, 1030, false, false),
        case(2, 1030, 1024, false, true),
    ]
}

fn equals_the_definition<T: Float>(gemm: &impl Gemm<T>) {
    let small = &[0, 1, 2, 3, 5, 7, 17];
    for case in cases(small, small, small) {
        case.check::<T>(gemm);
    }
    let whole = &[13, 64];
    for case in cases(whole, whole, whole) {
        case.check::<T>(gemm);
    }
    // A few columns more than vectors hold, in one stretch of k and in two.
    for case in cases(&[6, 30, 67], &[0, 9, 200], &[18, 19, 33, 52]) {
        case.check::<T>(gemm);
    }
    for case in layer_cases() {
        case.check::<T>(gemm);
    }
}

fn gives_the_same_bits_at_any_number_of_threads<T: Float>(kernel: Kernel) {
    let single = Backend::new(kernel, 1).unwrap();
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

macro_rules! gemm_conformance {
    ($name:ident, $kernel:expr, $gemm:expr) => {
        mod $name {
            use super::*;

            #[test]
            fn equals_the_definition_in_f32() {
                equals_the_definition::<f32>(&$gemm);
            }
            #[test]
            fn equals_the_definition_in_f64() {
                equals_the_definition::<f64>(&$gemm);
            }
            #[test]
            fn with_threads_equals_the_definition() {
                let backend = Backend::with_threads($kernel, 3).unwrap();
                backend.install(|| equals_the_definition::<f32>(&backend));
            }
            #[test]
            fn gives_the_same_bits_at_any_number_of_threads() {
                super::gives_the_same_bits_at_any_number_of_threads::<f32>($kernel);
                super::gives_the_same_bits_at_any_number_of_threads::<f64>($kernel);
            }
        }
    };
}

gemm_conformance!(portable, Kernel::Portable, Portable);
#[cfg(target_arch = "x86_64")]
gemm_conformance!(simd, Kernel::Simd, barenet_blas::Simd::new());
#[cfg(feature = "matrixmultiply")]
gemm_conformance!(matrixmultiply, Kernel::MatrixMultiply, barenet_blas::MatrixMultiply);
#[cfg(feature = "openblas")]
gemm_conformance!(openblas, Kernel::OpenBlas, barenet_blas::OpenBlas::new());

#[cfg(target_arch = "x86_64")]
#[test]
fn simd_without_avx512_equals_the_definition() {
    equals_the_definition::<f32>(&barenet_blas::Simd::without_avx512());
    equals_the_definition::<f64>(&barenet_blas::Simd::without_avx512());
}

/// Rows and columns of a large product that is cut into tiles, and of each tile, have the same bits
/// as if they were computed alone.
#[cfg(target_arch = "x86_64")]
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
    for &kernel in Kernel::ALL {
        let backend = Backend::new(kernel, 1).unwrap();
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
fn compact_equals_the_definition() {
    equals_the_definition::<f32>(&Compact);
    equals_the_definition::<f64>(&Compact);
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
