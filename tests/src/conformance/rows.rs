//! Products whose left operand is read where it is multiplied, against the definition.

use crate::tolerance::{GEMM_F32, GEMM_F64};
use barenet::{Float, Gemm, GemmArgs, Mat, MatMut, Op, Rng, Rows};

/// Bytes in rows, as numbers from −1 to 1.
#[derive(Clone, Debug)]
pub struct Bytes {
    bytes: Vec<u8>,
    shape: (usize, usize),
}

impl Bytes {
    /// Random ones.
    #[must_use]
    pub fn new(rows: usize, cols: usize) -> Self {
        let mut rng = Rng::seed(3);
        Self {
            bytes: (0..rows * cols).map(|_| rng.below(256) as u8).collect(),
            shape: (rows, cols),
        }
    }

    /// All numbers, as a matrix has them.
    #[must_use]
    pub fn numbers<T: Float>(&self) -> Vec<T> {
        let mut numbers = vec![T::ZERO; self.bytes.len()];
        for (row, out) in numbers.chunks_exact_mut(self.shape.1.max(1)).enumerate() {
            self.read(row, 0, out);
        }
        numbers
    }
}

impl<T: Float> Rows<T> for &Bytes {
    fn shape(&self) -> (usize, usize) {
        self.shape
    }

    #[inline(always)]
    fn read(&self, row: usize, start: usize, out: &mut [T]) {
        let bytes = &self.bytes[row * self.shape.1..][start..self.shape.1];
        assert!(out.len() <= bytes.len(), "more is asked for than there is");
        for (out, &byte) in out.iter_mut().zip(bytes) {
            *out = (T::from_usize(byte.into()) - T::from_f64(127.5)) / T::from_f64(127.5);
        }
    }

    fn bytes(&self, row: usize, columns: std::ops::Range<usize>) -> &[u8] {
        assert!(row < self.shape.0 && columns.end <= self.shape.1, "{row}, {columns:?}");
        &self.bytes[row * self.shape.1..][columns]
    }
}

/// Numbers that are not all the same, of both signs.
#[must_use]
pub fn normal<T: Float>(seed: u64, len: usize) -> Vec<T> {
    let mut numbers = vec![T::ZERO; len];
    Rng::seed(seed).fill_normal(1.0, &mut numbers);
    numbers
}

/// Computes x · w and xᵀ · dout.
///
/// # Panics
///
/// Never: the shapes agree.
pub fn products<T: Float>(gemm: &impl Gemm<T>, x: &Bytes, m: usize) -> [Vec<T>; 2] {
    let (n, d) = x.shape;
    let (w, dout) = (normal(1, d * m), normal(2, n * m));
    let (mut out, mut dw) =
        (vec![T::from_f64(f64::NAN); n * m], vec![T::from_f64(f64::NAN); d * m]);
    let (w, dout) = (Mat::new(&w, d, m).unwrap(), Mat::new(&dout, n, m).unwrap());
    let args = GemmArgs::new(Op::new(x), w, T::ZERO, MatMut::new(&mut out, n, m).unwrap());
    gemm.product(args.unwrap(), ());
    let args = GemmArgs::new(Op::transposed(x), dout, T::ZERO, MatMut::new(&mut dw, d, m).unwrap());
    gemm.product(args.unwrap(), ());
    [out, dw]
}

/// The same by the definition, in f64.
fn naive<T: Float>(x: &Bytes, m: usize) -> [Vec<f64>; 2] {
    let (n, d) = x.shape;
    let f64s = |numbers: Vec<T>| numbers.into_iter().map(T::to_f64).collect::<Vec<_>>();
    let (x, w) = (f64s(x.numbers()), f64s(normal(1, d * m)));
    let (dout, mut out) = (f64s(normal(2, n * m)), vec![0.0; n * m]);
    let mut dw = vec![0.0; d * m];
    for i in 0..n {
        for l in 0..d {
            for j in 0..m {
                out[i * m + j] += x[i * d + l] * w[l * m + j];
                dw[l * m + j] += x[i * d + l] * dout[i * m + j];
            }
        }
    }
    [out, dw]
}

/// No rows, one, odd numbers, whole and broken blocks, narrow and wide results.
pub const SHAPES: [[usize; 3]; 14] = [
    [0, 5, 3],
    [3, 0, 2],
    [2, 3, 0],
    [1, 1, 1],
    [1, 500, 10],
    [7, 385, 17],
    [8, 128, 16],
    [9, 129, 1],
    [50, 768, 100],
    [118, 1000, 100],
    [236, 300, 10],
    [400, 60, 33],
    [40, 257, 300],
    [700, 20, 5],
];

/// Compares products of rows that are read with the definition.
///
/// # Panics
///
/// If one is another.
pub fn check_rows<T: Float>(gemm: &impl Gemm<T>) {
    let tolerance = if T::NAME == "float64" { GEMM_F64 } else { GEMM_F32 };
    for [n, d, m] in SHAPES {
        let x = Bytes::new(n, d);
        let summed = [d, n];
        let results = products(gemm, &x, m).into_iter().zip(naive::<T>(&x, m)).zip(summed);
        for ((found, expected), summed) in results {
            let tolerance = 4.0 * tolerance * (summed.max(1) as f64).sqrt();
            for (found, expected) in found.into_iter().map(T::to_f64).zip(expected) {
                assert!(
                    (found - expected).abs() <= tolerance,
                    "{found} for {expected}: {n} {d} {m}"
                );
            }
        }
    }
}
