//! Products with an [`Epilogue`], against the definition.

use super::products::definition;
use super::rows::normal;
use crate::tolerance::{GEMM_F32, GEMM_F64};
use barenet::{Epilogue, Float, Gemm, GemmArgs, Mat, MatMut};

/// c ← 2·(A·B + bias) + p, with another number of p for each element: one that is taken from a wrong
/// place, twice or not at all shows.
#[derive(Clone, Copy, Debug)]
pub struct TwicePlus<'a, T> {
    /// A number for each column of C, if there is a bias.
    pub bias: Option<&'a [T]>,
    /// The numbers of all elements.
    pub p: &'a [T],
    /// Columns of the whole C.
    pub stride: usize,
    /// Columns of this part of it.
    pub cols: usize,
}

impl<T: Float> Epilogue<T> for TwicePlus<'_, T> {
    fn bias(&self) -> Option<&[T]> {
        self.bias
    }

    fn split_rows(self, rows: usize) -> (Self, Self) {
        (self, Self { p: &self.p[rows * self.stride..], ..self })
    }

    fn split_columns(self, columns: usize) -> (Self, Self) {
        let bias = self.bias.map(|bias| bias.split_at(columns));
        let right = self.cols - columns;
        (
            Self { bias: bias.map(|(left, _)| left), cols: columns, ..self },
            Self {
                bias: bias.map(|(_, right)| right),
                p: self.p.get(columns..).unwrap_or_default(),
                cols: right,
                ..self
            },
        )
    }

    fn after(&mut self, row: usize, c: &mut [T]) {
        assert!(c.len().is_multiple_of(self.cols.max(1)), "parts of rows");
        for (row, c) in (row..).zip(c.chunks_exact_mut(self.cols.max(1))) {
            for (c, &p) in c.iter_mut().zip(&self.p[row * self.stride..]) {
                *c = T::from_f64(2.0) * *c + p;
            }
        }
    }
}

/// m, k and n: none, few and many rows and columns; in one tile, cut by rows, by columns and by both; k
/// in one stretch, in several, and halved.
const SIZES: [[usize; 3]; 15] = [
    [3, 5, 0],
    [0, 5, 3],
    [4, 0, 7],
    [1, 3072, 100],
    [7, 300, 70],
    [1, 1100, 1000],
    [2, 30, 9],
    [9, 40, 19],
    [50, 100, 100],
    [101, 400, 100],
    [600, 128, 1024],
    [1100, 64, 96],
    [60, 80, 1040],
    [118, 390, 68],
    [300, 200, 10],
];

/// A product with an epilogue.
#[derive(Clone, Copy, Debug)]
pub struct FusedCase {
    /// m, k and n.
    pub sizes: [usize; 3],
    /// Whether A is transposed.
    pub ta: bool,
    /// Whether B is transposed.
    pub tb: bool,
    /// Whether the epilogue has a bias.
    pub has_bias: bool,
}

impl FusedCase {
    /// All cases.
    pub fn all() -> impl Iterator<Item = Self> {
        // What a sanitizer takes hundreds of times as long for; the smaller ones have every kind of tile.
        let is_quick = std::env::var_os("BARENET_SMALL_PRODUCTS").is_some();
        let sizes = SIZES.into_iter();
        sizes.filter(move |&[m, k, n]| !is_quick || m * k * n < 1 << 20).flat_map(|sizes| {
            [(false, false), (true, false), (false, true)].into_iter().flat_map(move |(ta, tb)| {
                [false, true].map(|has_bias| Self { sizes, ta, tb, has_bias })
            })
        })
    }

    /// A, B, bias and p.
    #[must_use]
    pub fn numbers<T: Float>(&self) -> [Vec<T>; 4] {
        let [m, k, n] = self.sizes;
        [normal(1, m * k), normal(2, k * n), normal(3, n), normal(4, m * n)]
    }

    /// Computes the product.
    ///
    /// # Panics
    ///
    /// Never: the shapes agree.
    pub fn run<T: Float>(&self, gemm: &impl Gemm<T>) -> Vec<T> {
        let Self { sizes: [m, k, n], ta, tb, has_bias } = *self;
        let [a, b, bias, p] = self.numbers();
        let mut c = vec![T::from_f64(f64::NAN); m * n];
        let a =
            if ta { Mat::new(&a, k, m).unwrap().t() } else { Mat::new(&a, m, k).unwrap().into() };
        let b =
            if tb { Mat::new(&b, n, k).unwrap().t() } else { Mat::new(&b, k, n).unwrap().into() };
        let c_mat = MatMut::new(&mut c, m, n).unwrap();
        let args = GemmArgs::new(a, b, T::ZERO, c_mat).unwrap();
        let bias = has_bias.then_some(&bias[..]);
        gemm.product(args, TwicePlus { bias, p: &p, stride: n, cols: n });
        c
    }

    /// The definition, in f64.
    #[must_use]
    pub fn naive<T: Float>(&self) -> Vec<f64> {
        let Self { sizes: [m, k, n], ta, tb, has_bias } = *self;
        let [a, b, bias, p] = self.numbers::<T>();
        let mut c = definition((&a, ta), (&b, tb), [m, k, n]);
        for (i, (c, p)) in c.iter_mut().zip(p).enumerate() {
            let bias = if has_bias { bias[i % n].to_f64() } else { 0.0 };
            *c = 2.0 * (*c + bias) + p.to_f64();
        }
        c
    }
}

/// Compares a result with the definition.
///
/// # Panics
///
/// If it is another.
pub fn assert_near<T: Float>(found: &[T], expected: &[f64], k: usize, what: &str) {
    let tolerance = if T::NAME == "float64" { GEMM_F64 } else { GEMM_F32 };
    let tolerance = 4.0 * tolerance * (k.max(1) as f64).sqrt();
    assert_eq!(found.len(), expected.len());
    for (index, (found, expected)) in found.iter().zip(expected).enumerate() {
        let found = found.to_f64();
        assert!((found - expected).abs() <= tolerance, "{what}, {index}: {found} for {expected}");
    }
}

/// Compares products with an epilogue with the definition.
///
/// # Panics
///
/// If one is another.
pub fn check_epilogues<T: Float>(gemm: &impl Gemm<T>) {
    for case in FusedCase::all() {
        assert_near(&case.run(gemm), &case.naive::<T>(), case.sizes[1], &format!("{case:?}"));
    }
}
