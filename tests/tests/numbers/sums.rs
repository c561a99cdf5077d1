//! Sums of many numbers, and of numbers that are far from 0: right in f32, and of the same bits however the
//! work is divided.

use barenet::layers::{
    BatchNormConfig, HiddenCache, HiddenParams, Norm, RunningStats, affine_backward,
    batchnorm_backward, batchnorm_forward_test, batchnorm_forward_train, hidden_forward_train,
    softmax_loss, svm_loss,
};
use barenet::{
    Arch, Float, FullyConnectedNet, Gemm, Label, Mat, MatMut, Portable, Rng, Scaling, Weights, fold,
};
use barenet_blas::{Backend, Kernel};

/// Output of the forward pass of a batch norm, with gamma 1 and beta 0.5.
struct Normalised<T> {
    x_hat: Vec<T>,
    out: Vec<T>,
    running_mean: Vec<T>,
    running_var: Vec<T>,
}

fn normalise<T: Float>(x: &[T], cols: usize) -> Normalised<T> {
    let (rows, nan) = (x.len() / cols, T::from_f64(f64::NAN));
    let (mut x_hat, mut out) = (vec![nan; x.len()], vec![nan; x.len()]);
    let (mut running_mean, mut running_var) = (vec![T::ZERO; cols], vec![T::ZERO; cols]);
    let config = BatchNormConfig { momentum: T::ZERO, ..BatchNormConfig::default() };
    batchnorm_forward_train(
        &Portable,
        &config,
        Mat::new(x, rows, cols).unwrap(),
        &vec![T::ONE; cols],
        &vec![T::from_f64(0.5); cols],
        &mut running_mean,
        &mut running_var,
        MatMut::new(&mut x_hat, rows, cols).unwrap(),
        &mut vec![nan; cols],
        MatMut::new(&mut out, rows, cols).unwrap(),
    )
    .unwrap();
    Normalised { x_hat, out, running_mean, running_var }
}

const CONSTANTS: [f64; 12] =
    [1000.1, 30_000.7, 1e-20, 0.1, -7.3e5, 1e30, 3e38, -3e-40, 0.0, 1.0 / 3.0, 123_456.7, -1e-7];

const ROWS: [usize; 9] = [1, 2, 3, 7, 250, 256, 257, 1000, 4099];

fn constant_columns_are_normalised_to_zero<T: Float>() {
    let constants = CONSTANTS.map(T::from_f64);
    for rows in ROWS {
        let found = normalise(&constants.repeat(rows), constants.len());
        assert!(found.x_hat.iter().all(|&x| x == T::ZERO), "{rows}");
        assert!(found.out.iter().all(|&x| x == T::from_f64(0.5)), "{rows}");
        assert_eq!(found.running_mean, constants, "{rows}");
        assert!(found.running_var.iter().all(|&var| var == T::ZERO), "{rows}");
    }
}

#[test]
fn a_constant_column_is_normalised_to_zero_whatever_the_constant() {
    constant_columns_are_normalised_to_zero::<f32>();
    constant_columns_are_normalised_to_zero::<f64>();
}

/// A whole hidden layer with the weights as columns, and its inputs all 1: what it normalises are the
/// weights.
fn hidden_layer(gemm: &impl Gemm<f32>, x: &[f32], w: &[f32]) -> [Vec<f32>; 3] {
    let (rows, cols) = (x.len(), w.len());
    let (mut x_hat, mut out) = (vec![f32::NAN; rows * cols], vec![f32::NAN; rows * cols]);
    let (mut inv_std, zeros, ones) = (vec![f32::NAN; cols], vec![0.0; cols], vec![1.0; cols]);
    let (mut mean, mut var) = (zeros.clone(), zeros.clone());
    let norm = Some(Norm { gamma: &ones, beta: &zeros });
    let params = HiddenParams { w: Mat::new(w, 1, cols).unwrap(), b: &zeros, norm };
    let mut cache = HiddenCache {
        x_hat: MatMut::new(&mut x_hat, rows, cols).unwrap(),
        inv_std: &mut inv_std,
        out: MatMut::new(&mut out, rows, cols).unwrap(),
    };
    let running = Some(RunningStats { mean: &mut mean[..], var: &mut var[..] });
    let (config, x) = (BatchNormConfig::default(), Mat::new(x, rows, 1).unwrap());
    hidden_forward_train(gemm, &config, x, &params, running, None, &mut cache).unwrap();
    [x_hat, inv_std, mean]
}

#[test]
fn a_layer_of_constant_units_is_normalised_to_zero_on_any_number_of_threads() {
    // As many columns as make blocks of every width, and a batch that is divided.
    let w: Vec<f32> = CONSTANTS.iter().map(|&w| w as f32).cycle().take(141).collect();
    let mut varied = vec![0.0; 1000];
    Rng::seed(1).fill_normal(1.0, &mut varied);
    for kernel in Kernel::available() {
        let alone = Backend::with_threads(kernel, 1).unwrap();
        for rows in [1, 2, 5, 250, 1000] {
            let [x_hat, ..] = hidden_layer(&alone, &vec![1.0; rows], &w);
            assert!(x_hat.iter().all(|&x| x == 0.0), "{kernel}, {rows}");
        }
        let bits = |backend: &Backend| -> [Vec<u32>; 3] {
            hidden_layer(backend, &varied, &w).map(|x| x.into_iter().map(f32::to_bits).collect())
        };
        let expected = bits(&alone);
        for threads in [2, 3] {
            let backend = Backend::with_threads(kernel, threads).unwrap();
            assert!(bits(&backend) == expected, "{kernel}, {threads}");
        }
    }
}

#[test]
fn columns_far_from_zero_are_normalised_as_in_f64() {
    let columns = [(1e4, 1e-2), (-1e4, 2e-2), (3e5, 1.0), (1e6, 0.5), (-20.0, 1e-4), (0.0, 1e3)];
    for rows in [2, 7, 100, 250, 1000, 100_000] {
        let mut noise = vec![0.0_f64; rows * columns.len()];
        Rng::seed(5).fill_normal(1.0, &mut noise);
        let x: Vec<f32> = noise
            .iter()
            .zip(columns.iter().cycle())
            .map(|(z, (mean, deviation))| (mean + deviation * z) as f32)
            .collect();
        let found = normalise(&x, columns.len());
        let expected = normalise(&x.iter().map(|&x| f64::from(x)).collect::<Vec<_>>(), 6);
        for ((&found, &expected), n) in found.x_hat.iter().zip(&expected.x_hat).zip(0..) {
            let error = (f64::from(found) - expected).abs();
            assert!(error <= 1e-3 * expected.abs().max(0.1), "{rows} {n}: {found}, {expected}");
        }
        for (&found, &expected) in found.running_var.iter().zip(&expected.running_var) {
            assert!((f64::from(found) / expected - 1.0).abs() < 1e-4, "{rows}: {found}");
        }
    }
}

/// A first sample that is far from all others is no good place to measure from, and good enough.
#[test]
fn an_outlier_in_the_first_row_costs_no_precision() {
    for outlier in [1e3, 1e6, -1e9] {
        let mut x = vec![0.0_f64; 20_000];
        Rng::seed(6).fill_normal(1.0, &mut x);
        x[0] = outlier;
        let x: Vec<f32> = x.into_iter().map(|x| x as f32).collect();
        let found = normalise(&x, 1);
        let expected = normalise(&x.iter().map(|&x| f64::from(x)).collect::<Vec<_>>(), 1);
        for (&found, &expected) in found.x_hat.iter().zip(&expected.x_hat) {
            assert!((f64::from(found) - expected).abs() < 1e-3 * expected.abs().max(0.1));
        }
    }
}

/// Compares with a sum in f64, relative to the sum of absolute values.
fn assert_sum(found: f32, terms: impl Iterator<Item = f64>) {
    let (sum, size) = terms.fold((0.0, 0.0), |(sum, size), x| (sum + x, size + x.abs()));
    assert!((f64::from(found) - sum).abs() <= 2e-5 * size, "{found}, {sum}");
}

#[test]
fn sums_over_many_samples_are_those_of_f64() {
    // One number over and over is the worst case: roundings all go the same way.
    let (rows, cols) = (300_000, 3);
    let dout: Vec<f32> = [0.1, 7.7, -1e-3].repeat(rows);
    let x_hat: Vec<f32> = [0.3, 1.1, 0.9].repeat(rows);
    let (dout_mat, x_mat) =
        (Mat::new(&dout, rows, cols).unwrap(), Mat::new(&x_hat, rows, cols).unwrap());
    let column = |x: &[f32], j: usize| {
        x.iter().skip(j).step_by(cols).map(|&x| f64::from(x)).collect::<Vec<_>>()
    };

    let (mut dgamma, mut dbeta, mut dx) = ([0.0; 3], [0.0; 3], vec![0.0; rows * cols]);
    let dx_mat = MatMut::new(&mut dx, rows, cols).unwrap();
    batchnorm_backward(
        &Portable,
        dout_mat,
        &[1.0; 3],
        x_mat,
        &[1.0; 3],
        dx_mat,
        &mut dgamma,
        &mut dbeta,
    )
    .unwrap();
    let (mut db, mut dw) = ([0.0; 3], [0.0; 9]);
    let dw_mat = MatMut::new(&mut dw, 3, 3).unwrap();
    let w = Mat::new(&[0.0; 9], 3, 3).unwrap();
    affine_backward(&Portable, dout_mat, x_mat, w, None, dw_mat, &mut db).unwrap();
    for j in 0..cols {
        let (dout, x_hat) = (column(&dout, j), column(&x_hat, j));
        assert_sum(db[j], dout.iter().copied());
        assert_sum(dbeta[j], dout.iter().copied());
        assert_sum(dgamma[j], dout.iter().zip(&x_hat).map(|(d, x)| d * x));
    }

    // A loss is the same for one sample and for the same sample over and over.
    let scores: Vec<f32> = [0.3, -1.2, 2.0].repeat(rows);
    for loss in [softmax_loss::<f32>, svm_loss::<f32>] {
        let of = |rows: usize| {
            let (y, mut d) = (vec![1 as Label; rows], vec![0.0; rows * cols]);
            let scores = Mat::new(&scores[..rows * cols], rows, cols).unwrap();
            loss(scores, &y, MatMut::new(&mut d, rows, cols).unwrap()).unwrap()
        };
        assert!((of(rows) / of(1) - 1.0).abs() < 2e-5, "{} {}", of(rows), of(1));
    }
    // Very many classes.
    let (scores, mut d) = (vec![0.1_f32; rows], vec![0.0; rows]);
    let scores = Mat::new(&scores, 1, rows).unwrap();
    let loss = softmax_loss(scores, &[7], MatMut::new(&mut d, 1, rows).unwrap()).unwrap();
    assert!((f64::from(loss) / (rows as f64).ln() - 1.0).abs() < 2e-6, "{loss}");
}

#[test]
fn a_variance_that_overflows_shows() {
    for (a, b) in [(1e30_f32, -1e30), (1e20, 3e20), (3e38, -3e38), (f32::INFINITY, 1.0)] {
        for rows in [2, 100, 600] {
            let x: Vec<f32> = [a, b].repeat(rows / 2);
            let found = normalise(&x, 1);
            assert!(found.x_hat.iter().any(|x| !x.is_finite()), "{a} {rows}");
            assert!(!found.running_var[0].is_finite());
            // At test time too, by the layer and in a folded network.
            let (mean, var) = (&found.running_mean, &found.running_var);
            let mut out = [0.0; 2];
            let (config, x) = (BatchNormConfig::default(), Mat::new(&x[..2], 2, 1).unwrap());
            let out_mat = MatMut::new(&mut out, 2, 1).unwrap();
            batchnorm_forward_test(&Portable, &config, x, &[1.0], &[0.0], mean, var, out_mat)
                .unwrap();
            assert!(out.iter().all(|x| !x.is_finite()), "{out:?}");
            let net = FullyConnectedNet::new(Arch::new(&[1, 1, 1]).with_batchnorm());
            let params = vec![1.0; net.arch.num_params()];
            let mut folded = vec![0.0; net.arch.without_batchnorm().num_params()];
            let running = [mean[0], var[0]];
            let weights = Weights::new(&net.arch, &params, &running).unwrap();
            fold(&net, weights, Scaling::NONE, Scaling::NONE, &mut folded).unwrap();
            assert!(!folded[0].is_finite(), "{folded:?}");
        }
    }
}
