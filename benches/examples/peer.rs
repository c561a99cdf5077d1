//! barenet as one of the peers of `benches/peers`: inference only, as training has the command
//! `barenet train`. `peer THREADS` answers each line `infer WORKLOAD VARIANT BATCH SECONDS` with the
//! median seconds of a call; the variants are `scores`, the whole net, `products`, its matrix
//! products alone, and `bf16`, the whole net with products in bf16, of one image with weights that are kept as bf16.

use barenet::{Arch, Mat, MatMut, matmul};
use barenet_benches::{Scores, WORKLOADS, Workload, normal};
use barenet_blas::{Backend, Bf16Net, Kernel, Precision};
use std::error::Error;
use std::io::{BufRead, Write, stdin, stdout};
use std::time::{Duration, Instant};

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

fn main() -> Result<()> {
    let threads = std::env::args().nth(1).ok_or("usage: peer THREADS")?.parse()?;
    let backend = Backend::new(Kernel::default(), threads);
    let bf16 = Backend::new(Kernel::default(), threads).with_precision(Precision::Bf16);
    let mut out = stdout();
    writeln!(out, "ready")?;
    for line in stdin().lock().lines() {
        let line = line?;
        match answer(&line, &backend, &bf16) {
            Ok(seconds) => writeln!(out, "{seconds}")?,
            Err(error) => {
                eprintln!("barenet: {line}: {error}");
                writeln!(out, "failed")?;
            }
        }
        out.flush()?;
    }
    Ok(())
}

fn answer(line: &str, backend: &Backend, bf16: &Backend) -> Result<f64> {
    let ["infer", name, variant, batch, seconds] = line.split(' ').collect::<Vec<_>>()[..] else {
        return Err("not a request".into());
    };
    let workload = WORKLOADS.iter().find(|workload| workload.name == name).ok_or("which?")?;
    let (batch, time) = (batch.parse()?, Duration::from_secs_f64(seconds.parse()?));
    match variant {
        "scores" => scores(workload, batch, time, backend),
        "bf16" if batch == 1 => of_bf16(workload, time, backend),
        "bf16" => scores(workload, batch, time, bf16),
        "products" => products(workload, batch, time, backend),
        _ => Err("no such variant".into()),
    }
}

/// The median time of a call, over at least that long.
fn median(time: Duration, mut call: impl FnMut() -> Result<()>) -> Result<f64> {
    for _ in 0..10 {
        call()?;
    }
    let begin = Instant::now();
    let mut times = Vec::new();
    while begin.elapsed() < time {
        let start = Instant::now();
        call()?;
        times.push(start.elapsed());
    }
    times.sort();
    Ok(times[times.len() / 2].as_secs_f64())
}

fn scores(workload: &Workload, batch: usize, time: Duration, backend: &Backend) -> Result<f64> {
    let mut scores = Scores::new(workload, batch)?;
    backend.install(|| {
        median(time, || {
            std::hint::black_box(scores.run(backend)?);
            Ok(())
        })
    })
}

fn of_bf16(workload: &Workload, time: Duration, backend: &Backend) -> Result<f64> {
    let arch = Arch::try_new(workload.dims)?;
    let net = Bf16Net::new(arch, &normal(arch.num_params(), 1))?;
    let x = normal(arch.input_dim(), 2);
    let mut workspace = vec![0.0; net.workspace_len()];
    backend.install(|| {
        median(time, || {
            std::hint::black_box(net.scores(backend, &x, &mut workspace)?);
            Ok(())
        })
    })
}

fn products(workload: &Workload, batch: usize, time: Duration, backend: &Backend) -> Result<f64> {
    let matrices: Vec<_> =
        workload.products().map(|[d, m]| (d, m, normal(batch * d, 1), normal(d * m, 2))).collect();
    let mut out = vec![0.0; batch * workload.dims.iter().copied().max().unwrap_or(0)];
    backend.install(|| {
        median(time, || {
            for (d, m, x, w) in &matrices {
                let (x, w) = (Mat::new(x, batch, *d)?, Mat::new(w, *d, *m)?);
                let out = out.get_mut(..batch * m).ok_or("out is too short")?;
                matmul(backend, x, w, 0.0, MatMut::new(out, batch, *m)?)?;
            }
            Ok(())
        })
    })
}
