//! A rate on one thread, and on all CPUs at once.

use crate::host::team::cpus;
use std::thread;

/// A rate on one thread, and the sum over a thread for each CPU.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rate {
    /// On one thread.
    pub one: f64,
    /// On all.
    pub all: f64,
}

impl Rate {
    /// Measures on this thread, then on all CPUs that this process may use at once, each with its part of `numbers`.
    ///
    /// ```
    /// use barenet_blas::peak::{Rate, read_bytes};
    /// use core::time::Duration;
    /// let numbers = [0.0; 1000];
    /// let rate = Rate::measure(&numbers, |part| read_bytes(part, Duration::from_millis(2)));
    /// assert!(rate.one > 1e6 && rate.all > 1e6);
    /// ```
    #[must_use]
    pub fn measure(numbers: &[f32], rate: impl Fn(&[f32]) -> f64 + Sync) -> Self {
        let (one, cpus) = (rate(numbers), cpus());
        let part = numbers.len().div_ceil(cpus).max(1);
        let all = thread::scope(|scope| {
            let parts = (0..cpus).map(|cpu| {
                let part = numbers.chunks(part).nth(cpu).unwrap_or_default();
                let rate = &rate;
                thread::Builder::new().spawn_scoped(scope, move || rate(part))
            });
            // Where the system starts no more threads, those that there are count.
            let parts: Vec<_> = parts.flatten().collect();
            parts.into_iter().map(|part| part.join().unwrap_or(0.0)).sum()
        });
        Self { one, all }
    }
}
