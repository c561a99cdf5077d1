//! Products whose left operand is made where it is multiplied, by every backend.

use barenet::layers::{affine_backward, affine_forward};
use barenet::{Arch, ShapeError, Targets};
use barenet::{
    Float, FullyConnectedNet, Gemm, GemmArgs, Init, Mat, MatMut, Op, Portable, Rng, Rows,
    TrainState,
};
use barenet_blas::{Backend, Kernel};
use barenet_tests::tolerance::{GEMM_F32, GEMM_F64};

/// Bytes in rows, as numbers from −1 to 1.
struct Bytes {
    bytes: Vec<u8>,
    shape: (usize, usize),
}

impl Bytes {
    fn new(rows: usize, cols: usize) -> Self {
        let mut rng = Rng::seed(3);
        Self {
            bytes: (0..rows * cols).map(|_| rng.below(256) as u8).collect(),
            shape: (rows, cols),
        }
    }

    fn numbers<T: Float>(&self) -> Vec<T> {
        let mut numbers = vec![T::ZERO; self.bytes.len()];
        for (row, out) in numbers.chunks_exact_mut(self.shape.1.max(1)).enumerate() {
            self.read(row, 0, out);
        }
        numbers
    }
}

impl<T: Float> Rows<T> for Bytes {
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

    fn prefetch(&self, row: usize, columns: std::ops::Range<usize>) {
        assert!(row < self.shape.0 && columns.end <= self.shape.1, "{row}, {columns:?}");
    }
}

/// Numbers that are not all the same, of both signs.
fn normal<T: Float>(seed: u64, len: usize) -> Vec<T> {
    let mut numbers = vec![T::ZERO; len];
    Rng::seed(seed).fill_normal(1.0, &mut numbers);
    numbers
}

/// out + x · w, and xᵀ · dout.
fn products<T: Float>(gemm: &impl Gemm<T>, x: &Bytes, m: usize) -> [Vec<T>; 2] {
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
const SHAPES: [[usize; 3]; 14] = [
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

fn equals_the_definition<T: Float>(gemm: &impl Gemm<T>) {
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

#[test]
fn every_backend_equals_the_definition() {
    equals_the_definition::<f32>(&Portable);
    equals_the_definition::<f64>(&Portable);
    for &kernel in Kernel::ALL {
        let backend = Backend::with_threads(kernel, 2).unwrap();
        equals_the_definition::<f32>(&backend);
        equals_the_definition::<f64>(&backend);
    }
}

fn gives_the_same_bits_at_any_number_of_threads<T: Float>() {
    for &kernel in Kernel::ALL {
        let backends = [1, 2, 3, 8].map(|n| Backend::with_threads(kernel, n).unwrap());
        for [n, d, m] in SHAPES {
            let x = Bytes::new(n, d);
            let [one, others @ ..] =
                backends.each_ref().map(|gemm| gemm.install(|| products::<T>(gemm, &x, m)));
            assert!(others.iter().all(|other| *other == one), "{kernel}: {n} {d} {m}");
        }
    }
}

#[test]
fn the_number_of_threads_changes_no_bit() {
    gives_the_same_bits_at_any_number_of_threads::<f32>();
    gives_the_same_bits_at_any_number_of_threads::<f64>();
}

/// Loss and gradients of a network whose input is stored, and made.
#[test]
fn a_network_trains_on_rows_as_on_numbers() {
    let x = Bytes::new(20, 300);
    let numbers = x.numbers::<f64>();
    let y: Vec<_> = (0..4).cycle().take(20).collect();
    for dims in [&[300, 4][..], &[300, 9, 4], &[300, 9, 8, 4]] {
        let net = FullyConnectedNet::<f64>::with_arch(Arch::new(dims));
        let run = |is_made: bool| {
            let len = net.arch.num_params();
            let (mut params, mut grads) = (vec![0.0; len], vec![f64::NAN; len]);
            let mut workspace = vec![f64::NAN; net.arch.train_workspace_len(20)];
            let mut state =
                TrainState::new(&net.arch, &mut params, &mut [], &mut grads, &mut workspace)
                    .unwrap();
            net.init(Init::He, Rng::seed(0), &mut state);
            let loss = if is_made {
                net.loss(&Portable, Rng::seed(0), &mut state, &x, Targets::Classes(&y))
            } else {
                let x = Mat::new(&numbers, 20, 300).unwrap();
                net.loss(&Portable, Rng::seed(0), &mut state, x, Targets::Classes(&y))
            };
            (loss.unwrap(), grads)
        };
        let ((loss, grads), (expected_loss, expected)) = (run(true), run(false));
        assert!((loss - expected_loss).abs() < 1e-13);
        assert!(grads.iter().zip(&expected).all(|(a, b)| (a - b).abs() < 1e-13));
    }
}

#[test]
fn one_image_of_bytes_gives_the_gradient_of_its_numbers() {
    let bytes: [u8; 150] = std::array::from_fn(|i| (i * 89 % 256) as u8);
    let numbers = bytes.map(f64::from);
    let (w, dout): (Vec<f64>, Vec<f64>) = (normal(1, 450), normal(2, 3));
    let (w, dout) = (Mat::new(&w, 150, 3).unwrap(), Mat::new(&dout, 1, 3).unwrap());
    let gradient = |x: &dyn Fn(MatMut<'_, f64>, &mut [f64]) -> Result<(), ShapeError>| {
        let (mut dw, mut db) = (vec![f64::NAN; 450], vec![f64::NAN; 3]);
        x(MatMut::new(&mut dw, 150, 3).unwrap(), &mut db).unwrap();
        (dw, db)
    };
    let of_bytes =
        gradient(&|dw, db| affine_backward(&Portable, dout, &bytes[..], w, None, dw, db));
    let x = Mat::new(&numbers, 1, 150).unwrap();
    let of_numbers = gradient(&|dw, db| affine_backward(&Portable, dout, x, w, None, dw, db));
    assert_eq!(of_bytes, of_numbers);
}

#[test]
fn rows_of_the_wrong_width_are_refused() {
    let (x, w, mut out) = (Bytes::new(2, 3), [0.0_f32; 8], [7.0; 4]);
    let w = Mat::new(&w, 4, 2).unwrap();
    let error = affine_forward(&Portable, &x, w, &[0.0; 2], MatMut::new(&mut out, 2, 2).unwrap());
    assert_eq!((error.unwrap_err().what, out), ("w", [7.0; 4]));
}

/// For k up to a block's, and multiples of it, the depth that is summed at once is the same: a run on
/// stored numbers is repeated to the bit.
#[cfg(target_arch = "x86_64")]
#[test]
fn simd_has_the_bits_of_the_product_of_stored_numbers() {
    let backend = Backend::new(Kernel::Simd, 0).unwrap();
    for [n, d, m] in [[236, 3072, 100], [50, 3072, 100], [9, 100, 40]] {
        let x = Bytes::new(n, d);
        let numbers = x.numbers::<f32>();
        let stored = Mat::new(&numbers, n, d).unwrap();
        let (w, mut out) = (normal(1, d * m), vec![f32::NAN; n * m]);
        let (dout, mut dw) = (normal(2, n * m), vec![0.0; d * m]);
        let (w, dout) = (Mat::new(&w, d, m).unwrap(), Mat::new(&dout, n, m).unwrap());
        let out_mat = MatMut::new(&mut out, n, m).unwrap();
        barenet::matmul(&backend, stored, w, 0.0, out_mat).unwrap();
        let dw_mat = MatMut::new(&mut dw, d, m).unwrap();
        barenet::matmul(&backend, stored.t(), dout, 0.0, dw_mat).unwrap();
        assert_eq!(products::<f32>(&backend, &x, m), [out, dw]);
    }
}
