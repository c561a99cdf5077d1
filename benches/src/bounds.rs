//! Bounds of the machine, measured on one thread and on all.

use crate::{WORKLOADS, bytes};
use barenet_blas::cpus;
use barenet_blas::peak::{Rate, fma_flops, read_bytes};
use core::fmt;
use core::time::Duration;

/// How long each figure is measured.
const TIME: Duration = Duration::from_millis(150);
/// Numbers that fit the caches of a core: 1 MB, what a layer of the benchmarks moves.
const CACHE: usize = 1 << 18;
/// Numbers that no cache close to a core holds: 256 MB.
const MEMORY: usize = 64 << 20;

/// The bounds of a machine.
#[derive(Clone, Debug)]
pub struct Bounds {
    /// CPUs that this process may use.
    pub cpus: usize,
    /// Multiply-adds in registers, floating-point operations per second.
    pub fma: Rate,
    /// Reading what only memory (or a distant cache) holds, bytes per second.
    pub memory: Rate,
    /// Reading 1 MB for each thread again and again, bytes per second.
    pub cache: Rate,
    /// Reading the weights of each workload again and again, seconds for once.
    pub weights: Vec<(&'static str, Rate)>,
}

impl Bounds {
    /// Measures them, in about two seconds.
    #[must_use]
    pub fn measure() -> Self {
        let read = |numbers: &[f32]| Rate::measure(numbers, |part| read_bytes(part, TIME));
        let weights = WORKLOADS.iter().map(|workload| {
            let len = workload.num_weights();
            let rate = read(&vec![1.0; len]);
            let seconds = |rate| bytes(len) as f64 / rate;
            (workload.name, Rate { one: seconds(rate.one), all: seconds(rate.all) })
        });
        Self {
            cpus: cpus(),
            fma: Rate::measure(&[], |_| fma_flops(TIME)),
            cache: Rate::measure(&[], |_| read_bytes(&vec![1.0; CACHE], TIME)),
            memory: read(&vec![1.0; MEMORY]),
            weights: weights.collect(),
        }
    }

    /// As one line of JSON.
    #[must_use]
    pub fn to_json(&self) -> String {
        let rate = |Rate { one, all }: &Rate| format!("[{one:e}, {all:e}]");
        let weights: Vec<_> =
            self.weights.iter().map(|(name, times)| format!("{name:?}: {}", rate(times))).collect();
        format!(
            r#"{{"cpus": {}, "fma": {}, "cache": {}, "memory": {}, "weights": {{{}}}}}"#,
            self.cpus,
            rate(&self.fma),
            rate(&self.cache),
            rate(&self.memory),
            weights.join(", ")
        )
    }
}

impl fmt::Display for Bounds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let threads = format!("{} threads", self.cpus);
        writeln!(f, "{:<34}{:>12}{threads:>12}", "bounds of this machine", "1 thread")?;
        let mut row = |what: &str, unit: &str, rate: &Rate, scale: f64| {
            let what = format!("{what}, {unit}");
            writeln!(f, "{what:<34}{:>12.1}{:>12.1}", rate.one * scale, rate.all * scale)
        };
        row("multiply-adds, f32", "GFLOP/s", &self.fma, 1e-9)?;
        row("reading 1 MB in caches", "GB/s", &self.cache, 1e-9)?;
        row("reading from memory", "GB/s", &self.memory, 1e-9)?;
        for (name, times) in &self.weights {
            row(&format!("reading {name}'s weights once"), "µs", times, 1e6)?;
        }
        Ok(())
    }
}
