//! What the CPUs can do at best, measured.

use barenet_blas::cpus;
use barenet_blas::peak::{Rate, fma_flops, read_bytes};
use serde::Serialize;
use std::time::Duration;

/// How long a figure is measured on one thread, and again on all: four times this in all.
const TIME: Duration = Duration::from_millis(200);

/// Numbers that no cache close to a core holds: 256 MB.
const MEMORY: usize = 64 << 20;

/// A rate a second.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Speed {
    /// On one thread.
    pub one_thread: f64,
    /// The sum over a thread for each CPU.
    pub all_threads: f64,
}

impl From<Rate> for Speed {
    fn from(rate: Rate) -> Self {
        Self { one_thread: rate.one, all_threads: rate.all }
    }
}

/// Measured bounds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Bounds {
    /// Operations of multiply-adds in f32 in registers.
    pub multiply_adds: Speed,
    /// Bytes read from memory; `None` where there is too little of it to measure.
    pub memory: Option<Speed>,
}

impl Bounds {
    /// Measures operations of multiply-adds in f32 on so many threads, in half a second.
    #[must_use]
    pub fn multiply_adds_on(threads: usize) -> f64 {
        let rate = Rate::measure(&[], |_| fma_flops(TIME));
        if threads == 1 { rate.one } else { rate.all * threads as f64 / cpus() as f64 }
    }

    /// Measures them in about a second; `free` bytes of memory are there, if that is known.
    #[must_use]
    pub fn measure(free: Option<u64>) -> Self {
        let multiply_adds = Rate::measure(&[], |_| fma_flops(TIME)).into();
        let needed = MEMORY * size_of::<f32>();
        let is_enough =
            free.is_none_or(|free| free / 4 > u64::try_from(needed).unwrap_or(u64::MAX));
        let numbers = is_enough.then(numbers).flatten();
        let memory =
            numbers.map(|numbers| Rate::measure(&numbers, |part| read_bytes(part, TIME)).into());
        Self { multiply_adds, memory }
    }
}

/// Numbers in memory; `None` if the system lends none.
fn numbers() -> Option<Vec<f32>> {
    let mut numbers = Vec::new();
    numbers.try_reserve_exact(MEMORY).ok()?;
    barenet_blas::prefer_huge_pages(numbers.spare_capacity_mut());
    numbers.resize(MEMORY, 1.0);
    Some(numbers)
}
