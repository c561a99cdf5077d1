//! Plots how the time of a training step, per sample, grows with the width, the depth and the batch of
//! a network, beside what the arithmetic alone explains.
//!
//! ```sh
//! cargo run --release -p barenet-benches --features openblas --example scaling   # about a minute
//! ```
//!
//! It writes `scaling.svg` and `scaling.png` to `target/scaling`, or to the folder that is its
//! argument, and prints the same as a table; a line marked with `<` costs more, compared with the
//! arithmetic, than its neighbours: a cliff.
//!
//! The arithmetic is that of the matrix products at the highest speed that any step of the sweep
//! reached, and of the numbers that the update rule moves at the measured memory bandwidth.

use barenet::UpdateRule;
use barenet_benches::bounds::Bounds;
use barenet_benches::{Step, Workload, bytes};
use barenet_blas::{Backend, Kernel};
use barenet_report::{Curve, Sweep, sweep_figure};
use std::error::Error;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// How long each network trains at least.
const TIME: Duration = Duration::from_millis(400);
/// A step that costs so many times more than its neighbours, compared with the arithmetic, is a cliff.
const CLIFF: f64 = 1.3;
/// Adam reads weights, gradients and two moments, and writes all but the gradients.
const MOVED_PER_PARAM: usize = 7;

/// Networks that differ in one size.
struct Series {
    title: &'static str,
    x_label: &'static str,
    /// The size, the layers and the batch of each.
    nets: Vec<(usize, Vec<usize>, usize)>,
}

struct Point {
    size: usize,
    /// Seconds per sample.
    measured: f64,
    /// Operations per sample.
    flops: f64,
    /// Bytes that the update rule moves, per sample.
    moved: f64,
}

fn all_series() -> [Series; 3] {
    let layers = |width: usize, depth: usize| [vec![3072], vec![width; depth], vec![10]].concat();
    let powers = |from: u32, to: u32| (from..=to).map(|exponent| 1_usize << exponent);
    [
        Series {
            title: "Width: two hidden layers, batches of 128",
            x_label: "Units in a hidden layer",
            nets: powers(6, 12).map(|width| (width, layers(width, 2), 128)).collect(),
        },
        Series {
            title: "Depth: hidden layers of 256, batches of 128",
            x_label: "Hidden layers",
            nets: powers(0, 5).map(|depth| (depth, layers(256, depth), 128)).collect(),
        },
        Series {
            title: "Batch: two hidden layers of 256",
            x_label: "Images in a batch",
            nets: powers(0, 12).map(|batch| (batch, layers(256, 2), batch)).collect(),
        },
    ]
}

/// The median time of a training step.
fn time(workload: &Workload<'_>, backend: &Backend) -> Result<f64, Box<dyn Error + Send + Sync>> {
    let mut step = Step::new(workload)?;
    backend.install(|| {
        step.run(backend)?;
        let begin = Instant::now();
        let mut times = Vec::new();
        while begin.elapsed() < TIME || times.len() < 3 {
            let start = Instant::now();
            step.run(backend)?;
            times.push(start.elapsed());
        }
        times.sort();
        Ok(times[times.len() / 2].as_secs_f64())
    })
}

fn measure(series: &Series, backend: &Backend) -> Result<Vec<Point>, Box<dyn Error + Send + Sync>> {
    let point = |(size, dims, batch): &(usize, Vec<usize>, usize)| {
        let workload = Workload {
            name: "scaling",
            dims,
            batchnorm: false,
            keep_prob: 1.0,
            batch: *batch,
            rule: UpdateRule::from_name("adam").ok_or("no such rule")?,
            learning_rate: 1e-4,
        };
        let samples = *batch as f64;
        Ok(Point {
            size: *size,
            measured: time(&workload, backend)? / samples,
            flops: workload.train_flops() as f64,
            moved: bytes(MOVED_PER_PARAM * workload.num_weights()) as f64 / samples,
        })
    };
    series.nets.iter().map(point).collect()
}

fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let folder = std::env::args().nth(1).map_or_else(|| "target/scaling".into(), PathBuf::from);
    let backend = Backend::new(Kernel::default(), 0);
    let bandwidth = Bounds::measure().memory.all;
    let all_series = all_series();
    let measured: Vec<_> =
        all_series.iter().map(|series| measure(series, &backend)).collect::<Result<_, _>>()?;
    let speed = |point: &Point| point.flops / (point.measured - point.moved / bandwidth).max(1e-12);
    let best = measured.iter().flatten().filter(|p| p.moved / bandwidth < p.measured / 2.0);
    let best = best.map(speed).fold(1.0, f64::max);
    println!(
        "{}, {} threads: products at {:.0} GFLOP/s, memory at {:.0} GB/s",
        backend.kernel(),
        backend.threads(),
        best * 1e-9,
        bandwidth * 1e-9
    );

    let mut sweeps = Vec::new();
    for (series, points) in all_series.iter().zip(&measured) {
        let expected = |point: &Point| point.flops / best + point.moved / bandwidth;
        let factor = |point: &Point| point.measured / expected(point);
        println!(
            "\n{}\n{:>24}{:>14}{:>14}{:>8}",
            series.title, "", "µs a sample", "arithmetic", "ratio"
        );
        for (i, point) in points.iter().enumerate() {
            let neighbours = [i.checked_sub(1), Some(i + 1)].into_iter().flatten();
            let around = neighbours.filter_map(|i| points.get(i)).map(factor).fold(0.0, f64::max);
            let mark = if factor(point) > CLIFF * around { " <" } else { "" };
            println!(
                "{:>24}{:>14.2}{:>14.2}{:>8.2}{mark}",
                point.size,
                1e6 * point.measured,
                1e6 * expected(point),
                factor(point)
            );
        }
        let curve = |label: &str, value: &dyn Fn(&Point) -> f64| Curve {
            label: label.to_owned(),
            points: points.iter().map(|point| (point.size as f64, 1e6 * value(point))).collect(),
        };
        sweeps.push(Sweep {
            title: series.title.to_owned(),
            x_label: series.x_label,
            y_label: "µs per sample",
            curves: vec![
                curve("measured", &|point| point.measured),
                curve("the arithmetic alone", &expected),
            ],
        });
    }
    std::fs::create_dir_all(&folder)?;
    let figure = sweep_figure(&sweeps);
    std::fs::write(folder.join("scaling.svg"), figure.to_svg()?)?;
    std::fs::write(folder.join("scaling.png"), figure.to_png()?)?;
    println!("\nthe plot is in {}", folder.display());
    Ok(())
}
