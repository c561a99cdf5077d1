//! Every layer, forward and backward, of a batch of 128 with 1024 features. `B/s` counts each number
//! that is read or written once; the affine layer uses the first kernel of this build.

use barenet::layers::{
    BatchNormConfig, affine_backward, affine_forward, batchnorm_backward, batchnorm_forward_test,
    batchnorm_forward_train, dropout_backward, dropout_forward, dropout_mask, relu_backward,
    relu_forward, softmax_loss, svm_loss,
};
use barenet::{Mat, MatMut, Portable, Rng};
use barenet_benches::{bytes, normal};
use barenet_blas::{Backend, Kernel};
use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion, Throughput, criterion_group, criterion_main};
use std::fmt::Debug;
use std::time::Duration;

/// N, the batch.
const N: usize = 128;
/// M, the features.
const M: usize = 1024;
/// C, the classes.
const C: usize = 10;

/// Times one layer that moves `floats` numbers. Fails if the layer refuses its arguments.
fn time<R, E: Debug>(
    group: &mut BenchmarkGroup<'_, WallTime>,
    name: &str,
    floats: usize,
    mut layer: impl FnMut() -> Result<R, E>,
) {
    if let Err(error) = layer() {
        panic!("{name}: {error:?}");
    }
    group.throughput(Throughput::Bytes(bytes(floats)));
    group.bench_function(name, |bencher| bencher.iter(&mut layer));
}

fn affine(c: &mut Criterion) {
    let mut group = c.benchmark_group("affine");
    let backend = Backend::new(Kernel::default(), 1);
    let (x, w, b, dout) = (normal(N * M, 1), normal(M * M, 2), normal(M, 3), normal(N * M, 4));
    let (mut out, mut dx, mut dw, mut db) =
        (vec![0.0; N * M], vec![0.0; N * M], vec![0.0; M * M], vec![0.0; M]);
    time(&mut group, "forward", 2 * N * M + M * M + M, || {
        let (x, w) = (Mat::new(&x, N, M)?, Mat::new(&w, M, M)?);
        affine_forward(&backend, x, w, &b, MatMut::new(&mut out, N, M)?)
    });
    time(&mut group, "backward", 3 * N * M + 2 * M * M + M, || {
        let (dout, x, w) = (Mat::new(&dout, N, M)?, Mat::new(&x, N, M)?, Mat::new(&w, M, M)?);
        let (dx, dw) = (MatMut::new(&mut dx, N, M)?, MatMut::new(&mut dw, M, M)?);
        affine_backward(&backend, dout, x, w, Some(dx), dw, &mut db)
    });
}

fn relu(c: &mut Criterion) {
    let mut group = c.benchmark_group("relu");
    let (x, dout) = (normal(N * M, 1), normal(N * M, 2));
    let (mut out, mut dx) = (vec![0.0; N * M], vec![0.0; N * M]);
    time(&mut group, "forward", 2 * N * M, || relu_forward(&x, &mut out));
    time(&mut group, "backward", 3 * N * M, || relu_backward(&dout, &out, &mut dx));
}

fn batchnorm(c: &mut Criterion) {
    let mut group = c.benchmark_group("batchnorm");
    let config = BatchNormConfig::default();
    let (x, dout, gamma, beta) = (normal(N * M, 1), normal(N * M, 2), normal(M, 3), normal(M, 4));
    let (mut mean, mut var) = (vec![0.0; M], vec![1.0; M]);
    let (mut x_hat, mut inv_std, mut out) = (vec![0.0; N * M], vec![0.0; M], vec![0.0; N * M]);
    let (mut dgamma, mut dbeta) = (vec![0.0; M], vec![0.0; M]);
    time(&mut group, "forward_test", 2 * N * M, || {
        let (x, out) = (Mat::new(&x, N, M)?, MatMut::new(&mut out, N, M)?);
        batchnorm_forward_test(&Portable, &config, x, &gamma, &beta, &mean, &var, out)
    });
    time(&mut group, "forward_train", 3 * N * M, || {
        let (x_hat, out) = (MatMut::new(&mut x_hat, N, M)?, MatMut::new(&mut out, N, M)?);
        let x = Mat::new(&x, N, M)?;
        let (mean, var, inv_std) = (&mut mean, &mut var, &mut inv_std);
        batchnorm_forward_train(
            &Portable, &config, x, &gamma, &beta, mean, var, x_hat, inv_std, out,
        )
    });
    time(&mut group, "backward", 3 * N * M, || {
        let (dout, x_hat) = (Mat::new(&dout, N, M)?, Mat::new(&x_hat, N, M)?);
        let dx = MatMut::new(&mut out, N, M)?;
        batchnorm_backward(&Portable, dout, &gamma, x_hat, &inv_std, dx, &mut dgamma, &mut dbeta)
    });
}

fn dropout(c: &mut Criterion) {
    let mut group = c.benchmark_group("dropout");
    let (x, dout) = (normal(N * M, 1), normal(N * M, 2));
    let (mut mask, mut out) = (vec![0.0; N * M], vec![0.0; N * M]);
    time(&mut group, "mask", N * M, || dropout_mask(Rng::seed(3), 0.8, &mut mask));
    time(&mut group, "forward", 3 * N * M, || dropout_forward(&x, &mask, &mut out));
    time(&mut group, "backward", 3 * N * M, || dropout_backward(&dout, &mask, &mut out));
}

fn loss(c: &mut Criterion) {
    let mut group = c.benchmark_group("loss");
    let (scores, mut dscores) = (normal(N * C, 1), vec![0.0; N * C]);
    let y: Vec<_> = (0..10).cycle().take(N).collect();
    time(&mut group, "softmax", 2 * N * C, || {
        let dscores = MatMut::new(&mut dscores, N, C)?;
        softmax_loss(Mat::new(&scores, N, C)?, &y, dscores)
    });
    time(&mut group, "svm", 2 * N * C, || {
        let dscores = MatMut::new(&mut dscores, N, C)?;
        svm_loss(Mat::new(&scores, N, C)?, &y, dscores)
    });
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        // The font that plotters has here is not registered under the name criterion asks for.
        .without_plots()
        .sample_size(20)
        .warm_up_time(Duration::from_millis(200))
        .measurement_time(Duration::from_secs(1));
    targets = affine, relu, batchnorm, dropout, loss
}
criterion_main!(benches);
