//! Matrix products of the workloads, for every backend. `elem/s` are floating-point operations per
//! second.

use barenet::{Mat, MatMut, Op, matmul};
use barenet_benches::{backends, normal};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use std::time::Duration;

/// The three products of an affine layer, of a batch N with D inputs and M outputs.
#[derive(Clone, Copy)]
enum Product {
    /// out = x·w
    Forward,
    /// dw = xᵀ·dout
    Dw,
    /// dx = dout·wᵀ
    Dx,
}

const SHAPES: [(Product, [usize; 3]); 10] = [
    (Product::Forward, [236, 3072, 100]),
    (Product::Dw, [236, 3072, 100]),
    (Product::Forward, [100, 3072, 100]),
    (Product::Forward, [100, 100, 100]),
    (Product::Dw, [100, 100, 100]),
    (Product::Dx, [100, 100, 100]),
    (Product::Forward, [128, 3072, 1024]),
    (Product::Dw, [128, 3072, 1024]),
    (Product::Dx, [128, 3072, 1024]),
    (Product::Forward, [1, 3072, 100]),
];

fn products(c: &mut Criterion) {
    let backends = backends();
    for (product, [n, d, m]) in SHAPES {
        let (x, w, dout) = (normal(n * d, 1), normal(d * m, 2), normal(n * m, 3));
        let x = Mat::new(&x, n, d).expect("x is (N, D)");
        let w = Mat::new(&w, d, m).expect("w is (D, M)");
        let dout = Mat::new(&dout, n, m).expect("dout is (N, M)");
        let (name, a, b): (_, Op<Mat<'_, f32>>, Op<Mat<'_, f32>>) = match product {
            Product::Forward => ("forward", x.into(), w.into()),
            Product::Dw => ("dw", x.t(), dout.into()),
            Product::Dx => ("dx", dout.into(), w.t()),
        };
        let (rows, cols) = (a.rows(), b.cols());
        let mut out = vec![0.0; rows * cols];
        let mut group = c.benchmark_group(format!("gemm {name} {n}x{d}x{m}"));
        group.throughput(Throughput::Elements((2 * n * d * m) as u64));
        for (name, backend) in &backends {
            group.bench_function(name, |bencher| {
                backend.install(|| {
                    bencher.iter(|| {
                        let out = MatMut::new(&mut out, rows, cols)?;
                        matmul(backend, a, b, 0.0, out)
                    });
                });
            });
        }
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        // The font that plotters has here is not registered under the name criterion asks for.
        .without_plots()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(200))
        .measurement_time(Duration::from_secs(1));
    targets = products
}
criterion_main!(benches);
