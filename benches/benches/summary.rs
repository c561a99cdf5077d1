//! Results of the benchmarks before it, as shares of what this machine can do: products against
//! multiply-adds in registers, layers against reading the same amount of memory, a step against the
//! multiply-adds of its products, one image against reading the weights once. It runs last, reads
//! what criterion has saved, and measures only the bounds.

use barenet_benches::WORKLOADS;
use barenet_benches::bounds::Bounds;
use barenet_blas::peak::Rate;
use serde_json::Value;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};

/// A benchmark as criterion keeps it.
struct Measured {
    group: String,
    function: String,
    seconds: f64,
    /// Elements or bytes of one call.
    work: f64,
}

impl Measured {
    fn read(folder: &Path) -> Option<Self> {
        let json = |name| -> Option<Value> {
            serde_json::from_str(&fs::read_to_string(folder.join(name)).ok()?).ok()
        };
        let (benchmark, estimates) = (json("benchmark.json")?, json("estimates.json")?);
        let throughput = benchmark["throughput"].as_object()?;
        Some(Self {
            group: benchmark["group_id"].as_str()?.to_owned(),
            function: benchmark["function_id"].as_str()?.to_owned(),
            seconds: estimates["median"]["point_estimate"].as_f64()? * 1e-9,
            work: throughput.values().next()?.as_f64()?,
        })
    }

    /// The bound for the threads that the function names at its end: `openblas/2`.
    fn bound(&self, rate: Rate) -> f64 {
        if self.function.ends_with("/1") { rate.one } else { rate.all }
    }
}

/// All benchmarks under criterion's folder, in the order of their names.
fn all_measured(root: &Path) -> Vec<Measured> {
    let mut folders = vec![root.to_owned()];
    let mut measured = Vec::new();
    while let Some(folder) = folders.pop() {
        if folder.file_name().is_some_and(|name| name == "new") {
            measured.extend(Measured::read(&folder));
        } else if let Ok(entries) = fs::read_dir(&folder) {
            folders
                .extend(entries.flatten().map(|entry| entry.path()).filter(|path| path.is_dir()));
        }
    }
    measured.sort_by(|a, b| (&a.group, &a.function).cmp(&(&b.group, &b.function)));
    measured
}

/// The folder into which criterion writes.
fn criterion_folder() -> PathBuf {
    let target = env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../target"), PathBuf::from);
    target.join("criterion")
}

fn print(title: &str, unit: &str, rows: &[(String, f64, f64)]) {
    println!("\n{title:<52}{unit:>10}{:>10}{:>8}", "bound", "share");
    for (name, value, bound) in rows {
        println!("{name:<52}{value:>10.1}{bound:>10.1}{:>7.0}%", 100.0 * value / bound);
    }
}

fn main() {
    // `cargo test --benches` only wants to know that this starts.
    if env::args().any(|arg| arg == "--test") {
        return;
    }
    let bounds = Bounds::measure();
    println!("\n{bounds}");
    let measured = all_measured(&criterion_folder());
    let of = |prefix: &'static str| measured.iter().filter(move |m| m.group.starts_with(prefix));
    let name = |m: &Measured| format!("{} {}", m.group, m.function);
    let workload = |m: &Measured| {
        WORKLOADS.iter().find(|workload| m.group.split(' ').any(|word| word == workload.name))
    };

    let products =
        of("gemm ").map(|m| (name(m), m.work / m.seconds * 1e-9, m.bound(bounds.fma) * 1e-9));
    print(
        "matrix products, of multiply-adds in registers",
        "GFLOP/s",
        &products.collect::<Vec<_>>(),
    );

    let layers = ["relu", "batchnorm", "dropout", "loss", "affine"].into_iter().flat_map(of);
    let layers = layers.map(|m| (name(m), m.work / m.seconds * 1e-9, bounds.cache.one * 1e-9));
    print("layers, of reading 1 MB on one thread", "GB/s", &layers.collect::<Vec<_>>());

    let steps = of("step ").filter_map(|m| {
        let flops = workload(m)?.train_flops() as f64 * m.work / m.seconds;
        Some((name(m), flops * 1e-9, m.bound(bounds.fma) * 1e-9))
    });
    print("training steps, of multiply-adds in registers", "GFLOP/s", &steps.collect::<Vec<_>>());

    let one = of("scores ").filter(|m| m.group.ends_with(" x1")).filter_map(|m| {
        let workload = workload(m)?;
        let (_, once) = bounds.weights.iter().find(|(name, _)| *name == workload.name)?;
        Some((name(m), 1.0 / m.seconds, 1.0 / m.bound(*once)))
    });
    print("one image, of reading the weights once", "images/s", &one.collect::<Vec<_>>());

    let many = of("scores ").filter(|m| m.group.ends_with(" x1000")).filter_map(|m| {
        let flops = 2.0 * workload(m)?.num_weights() as f64 * m.work / m.seconds;
        Some((name(m), flops * 1e-9, m.bound(bounds.fma) * 1e-9))
    });
    print("1,000 images, of multiply-adds in registers", "GFLOP/s", &many.collect::<Vec<_>>());
}
