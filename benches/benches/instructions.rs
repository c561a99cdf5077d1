//! Instructions of the hot kernels, counted by valgrind on one thread: the same number on a quiet and
//! on a busy machine. `scripts/instructions.sh` runs it and compares with the run before.
//!
//! Each has a limit, so that a pass that is no longer made of vector instructions is noticed.
//!
//! valgrind reports a CPU of its own, with AVX2 and without AVX-512: kernels are chosen by what the
//! CPU says, so what is counted here are those of AVX2.

#![allow(missing_docs, unused_qualifications, reason = "what the macros make")]

use barenet::layers::{
    BatchNormConfig, batchnorm_backward, batchnorm_forward_train, dropout_mask, relu_backward,
    softmax_loss,
};
use barenet::{Mat, MatMut, Portable, Rng, UpdateRule, matmul};
use barenet_benches::{Step, WORKLOADS, normal};
use barenet_blas::{Backend, Kernel};
use gungraun::{
    Callgrind, EventKind, LibraryBenchmarkConfig, library_benchmark, library_benchmark_group, main,
};
use std::hint::black_box;

/// N and M of a layer of W2 and W3.
const N: usize = 100;
const M: usize = 100;

fn backend(kernel: Kernel) -> Backend {
    Backend::new(kernel, 1)
}

/// Fails above so many instructions, a quarter more than were counted: what loses its vectors needs
/// several times as many.
fn at_most(instructions: u64) -> LibraryBenchmarkConfig {
    let mut callgrind = Callgrind::default();
    callgrind.hard_limits([(EventKind::Ir, instructions)]);
    let mut config = LibraryBenchmarkConfig::default();
    config.tool(callgrind);
    config
}

/// Matrices of a product, and the backend.
struct Product {
    backend: Backend,
    sizes: [usize; 3],
    a: Vec<f32>,
    b: Vec<f32>,
    c: Vec<f32>,
}

fn product(kernel: Kernel, [m, k, n]: [usize; 3]) -> Product {
    let (a, b) = (normal(m * k, 1), normal(k * n, 2));
    Product { backend: backend(kernel), sizes: [m, k, n], a, b, c: vec![0.0; m * n] }
}

#[library_benchmark]
#[bench::portable_100(args = (product(Kernel::Portable, [100, 100, 100])), config = at_most(2_300_000))]
#[bench::fastest_100(args = (product(Kernel::default(), [100, 100, 100])), config = at_most(500_000))]
#[bench::fastest_236x3072x100(args = (product(Kernel::default(), [236, 3072, 100])), config = at_most(30_000_000))]
#[bench::fastest_one_row(args = (product(Kernel::default(), [1, 3072, 100])), config = at_most(330_000))]
#[bench::portable_one_row(args = (product(Kernel::Portable, [1, 3072, 100])), config = at_most(1_000_000))]
fn gemm(mut p: Product) -> Product {
    let [m, k, n] = p.sizes;
    let (a, b) = (Mat::new(&p.a, m, k).expect("m·k"), Mat::new(&p.b, k, n).expect("k·n"));
    let c = MatMut::new(&mut p.c, m, n).expect("m·n");
    matmul(&p.backend, a, b, 0.0, c).expect("the shapes agree");
    p
}

fn step_of(name: &str) -> (Backend, Step<'static>) {
    let workload = WORKLOADS.iter().find(|workload| workload.name == name).expect("a workload");
    let (backend, mut step) = (backend(Kernel::default()), Step::new(workload).expect("valid"));
    step.run(&backend).expect("valid");
    (backend, step)
}

#[library_benchmark]
#[bench::w1(args = (step_of("W1")), config = at_most(62_000_000))]
#[bench::w2(args = (step_of("W2")), config = at_most(34_000_000))]
#[bench::w3(args = (step_of("W3")), config = at_most(20_000_000))]
fn step((backend, mut step): (Backend, Step<'static>)) -> (Backend, Step<'static>) {
    black_box(step.run(&backend).expect("valid"));
    (backend, step)
}

/// Equally long slices of numbers.
fn numbers<const COUNT: usize>(len: usize) -> [Vec<f32>; COUNT] {
    core::array::from_fn(|i| normal(len, i as u64))
}

#[library_benchmark]
#[bench::layer(args = (numbers::<3>(N * M)), config = at_most(24_000))]
fn relu([dout, out, mut dx]: [Vec<f32>; 3]) -> [Vec<f32>; 3] {
    relu_backward(&dout, &out, &mut dx).expect("the lengths agree");
    [dout, out, dx]
}

#[library_benchmark]
#[bench::layer(args = (numbers::<1>(N * M)), config = at_most(112_000))]
fn dropout([mut mask]: [Vec<f32>; 1]) -> [Vec<f32>; 1] {
    black_box(dropout_mask(Rng::seed(3), 0.8, &mut mask).is_ok());
    [mask]
}

#[library_benchmark]
#[bench::layer(args = (numbers::<3>(N * M), numbers::<7>(M)), config = at_most(120_000))]
fn batchnorm(
    [x, mut x_hat, mut out]: [Vec<f32>; 3],
    [gamma, beta, mut mean, mut var, mut inv_std, mut dgamma, mut dbeta]: [Vec<f32>; 7],
) -> [Vec<f32>; 3] {
    let config = BatchNormConfig::default();
    let forward = batchnorm_forward_train(
        &Portable,
        &config,
        Mat::new(&x, N, M).expect("N·M"),
        &gamma,
        &beta,
        &mut mean,
        &mut var,
        MatMut::new(&mut x_hat, N, M).expect("N·M"),
        &mut inv_std,
        MatMut::new(&mut out, N, M).expect("N·M"),
    );
    forward.expect("the shapes agree");
    let (dout, x_hat_mat) =
        (Mat::new(&x, N, M).expect("N·M"), Mat::new(&x_hat, N, M).expect("N·M"));
    let dx = MatMut::new(&mut out, N, M).expect("N·M");
    batchnorm_backward(&Portable, dout, &gamma, x_hat_mat, &inv_std, dx, &mut dgamma, &mut dbeta)
        .expect("the shapes agree");
    [x, x_hat, out]
}

#[library_benchmark]
#[bench::classes(args = (numbers::<2>(N * 10)), config = at_most(90_000))]
fn softmax([scores, mut dscores]: [Vec<f32>; 2]) -> [Vec<f32>; 2] {
    let y: [u32; N] = core::array::from_fn(|n| (n % 10) as u32);
    let out = MatMut::new(&mut dscores, N, 10).expect("N·C");
    black_box(softmax_loss(Mat::new(&scores, N, 10).expect("N·C"), &y, out).expect("labels"));
    [scores, dscores]
}

#[library_benchmark]
#[bench::sgd(args = ("sgd", numbers::<2>(100_000), Vec::new()), config = at_most(90_000))]
#[bench::adam(args = ("adam", numbers::<2>(100_000), vec![0.0; 200_000]), config = at_most(450_000))]
fn update(rule: &str, [mut w, dw]: [Vec<f32>; 2], mut state: Vec<f32>) -> [Vec<f32>; 3] {
    let rule = UpdateRule::from_name(rule).expect("a rule");
    rule.update(&backend(Kernel::default()), 1e-3, 1, &mut w, &dw, &mut state).expect("lengths");
    [w, dw, state]
}

library_benchmark_group!(
    name = kernels;
    benchmarks = gemm, relu, dropout, batchnorm, softmax, update
);
library_benchmark_group!(
    name = steps;
    benchmarks = step
);
main!(library_benchmark_groups = kernels, steps);
