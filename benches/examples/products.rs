//! Rates of the three products of an affine layer, in GFLOP/s, for any layer and batch:
//!
//! ```sh
//! cargo run --release -p barenet-benches --example products -- 1 256x3072x2048 200x500x500
//! ```
//!
//! The first argument is the number of threads; then come layers as N x D x M: the batch, inputs, and outputs. `bf16`
//! before a layer rounds the numbers of those behind it to bf16. Each rate is the best of many calls.

use barenet::{Mat, MatMut, Op, matmul};
use barenet_benches::normal;
use barenet_blas::{Backend, Kernel, Precision};
use std::error::Error;
use std::time::{Duration, Instant};

/// How long each rate is measured.
const TIME: Duration = Duration::from_millis(400);

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let threads = arguments.next().ok_or("usage: products THREADS NxDxM…")?.parse()?;
    let mut backend = Backend::new(Kernel::default(), threads);
    println!("{}, {threads} threads; GFLOP/s", backend.kernel());
    println!("{:<18} {:>8} {:>8} {:>8}", "N x D x M", "forward", "dw", "dx");
    for layer in arguments {
        if layer == "bf16" {
            backend = backend.with_precision(Precision::Bf16);
            println!("bf16");
            continue;
        }
        let sizes = layer.split('x').map(str::parse).collect::<Result<Vec<usize>, _>>()?;
        let [n, d, m] = sizes[..] else { return Err("a layer is NxDxM".into()) };
        let (x, w, dout) = (normal(n * d, 1), normal(d * m, 2), normal(n * m, 3));
        let (x, w, dout) = (Mat::new(&x, n, d)?, Mat::new(&w, d, m)?, Mat::new(&dout, n, m)?);
        let rates = [
            rate(&backend, x.into(), w.into())?,
            rate(&backend, x.t(), dout.into())?,
            rate(&backend, dout.into(), w.t())?,
        ];
        println!("{layer:<18} {:>8.0} {:>8.0} {:>8.0}", rates[0], rates[1], rates[2]);
    }
    Ok(())
}

fn rate(
    backend: &Backend,
    a: Op<Mat<'_, f32>>,
    b: Op<Mat<'_, f32>>,
) -> Result<f64, Box<dyn Error>> {
    let (rows, cols) = (a.rows(), b.cols());
    let mut c = vec![0.0; rows * cols];
    let (start, mut best) = (Instant::now(), f64::INFINITY);
    backend.install(|| -> Result<(), Box<dyn Error>> {
        while start.elapsed() < TIME {
            let clock = Instant::now();
            matmul(backend, a, b, 0.0, MatMut::new(&mut c, rows, cols)?)?;
            best = best.min(clock.elapsed().as_secs_f64());
        }
        Ok(())
    })?;
    Ok((2 * rows * cols * a.cols()) as f64 / best / 1e9)
}
