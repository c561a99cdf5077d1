//! Products of stored matrices, against the definition.

use crate::tolerance::{GEMM_F32, GEMM_F64};
use barenet::{Float, Gemm, GemmArgs, Mat, MatMut, Rng};

/// Random numbers in −1..1.
pub fn random<T: Float>(rng: &mut Rng, len: usize) -> Vec<T> {
    (0..len).map(|_| T::from_f64(2.0 * rng.uniform() - 1.0)).collect()
}

/// A product to compute: sizes, transposes, β.
#[derive(Clone, Copy, Debug)]
pub struct Case {
    /// Rows of op(A) and C.
    pub m: usize,
    /// Columns of op(A), rows of op(B).
    pub k: usize,
    /// Columns of op(B) and C.
    pub n: usize,
    /// Whether A is transposed.
    pub ta: bool,
    /// Whether B is transposed.
    pub tb: bool,
    /// The factor of the old C.
    pub beta: f64,
}

impl Case {
    /// A, B and C, the same each time.
    #[must_use]
    pub fn operands<T: Float>(&self) -> (Vec<T>, Vec<T>, Vec<T>) {
        let mut rng = Rng::seed(7);
        let (a, b) = (random(&mut rng, self.m * self.k), random(&mut rng, self.k * self.n));
        let c = random(&mut rng, self.m * self.n);
        // With beta = 0, C may hold anything and must not be read.
        (a, b, if self.beta == 0.0 { vec![T::from_f64(f64::NAN); self.m * self.n] } else { c })
    }

    /// Computes the product.
    ///
    /// # Panics
    ///
    /// Never: the shapes agree.
    pub fn run<T: Float>(&self, gemm: &impl Gemm<T>) -> Vec<T> {
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

    /// The definition, in f64.
    fn naive<T: Float>(&self) -> Vec<f64> {
        let &Case { m, k, n, ta, tb, beta } = self;
        let (a, b, c) = self.operands::<T>();
        let mut out = definition((&a, ta), (&b, tb), [m, k, n]);
        if beta != 0.0 {
            out.iter_mut().zip(c).for_each(|(out, c)| *out += beta * c.to_f64());
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

/// op(A)·op(B) in f64, each element summed over k from first to last.
pub(super) fn definition<T: Float>(
    (a, ta): (&[T], bool),
    (b, tb): (&[T], bool),
    [m, k, n]: [usize; 3],
) -> Vec<f64> {
    let (mut out, row_len) = (vec![0.0; m * n], n.max(1));
    let b = (0..k * n).map(|i| if tb { b[i % n * k + i / n] } else { b[i] }.to_f64());
    let b: Vec<f64> = b.collect();
    for (i, out) in out.chunks_exact_mut(row_len).enumerate() {
        for (l, b) in b.chunks_exact(row_len).enumerate() {
            let a = if ta { a[l * m + i] } else { a[i * k + l] }.to_f64();
            out.iter_mut().zip(b).for_each(|(out, b)| *out += a * b);
        }
    }
    out
}

/// Every transpose and β for every m, k and n.
#[must_use]
pub fn cases(ms: &[usize], ks: &[usize], ns: &[usize]) -> Vec<Case> {
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
#[must_use]
pub fn layer_cases() -> Vec<Case> {
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

/// Compares products of all kinds of sizes and transposes with the definition.
///
/// # Panics
///
/// If one is another.
pub fn check_products<T: Float>(gemm: &impl Gemm<T>) {
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

/// Computes products twice.
///
/// # Panics
///
/// If the second has other bits.
pub fn check_repetition<T: Float>(gemm: &impl Gemm<T>) {
    for case in layer_cases() {
        let [first, second] = [0; 2].map(|_| case.run::<T>(gemm));
        assert!(first == second, "the same product has other bits: {case:?}");
    }
}
