//! Progress bars, where standard error is a terminal.

use super::colour::is_coloured;
use super::printer::Tick;
use indicatif::{HumanFloatCount, ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

/// The progress bar of a run. Only the thread that prints on standard error draws it.
#[derive(Debug, Default)]
pub(super) struct Bar {
    bar: OnceLock<ProgressBar>,
    samples: AtomicU64,
    samples_per_second: AtomicU64,
}

impl Bar {
    /// Shows it from now on.
    pub(super) fn show(&self, samples: usize) {
        let _first = self.bar.set(bar(to_u64(samples), "{percent:>3}%  {msg}  {eta} left"));
    }

    /// Says where it is to be drawn next.
    pub(super) fn move_to(&self, sample: usize, samples_per_second: f64) {
        self.samples.store(to_u64(sample), Ordering::Relaxed);
        self.samples_per_second.store(samples_per_second.to_bits(), Ordering::Relaxed);
    }

    /// Does something while the bar is away.
    pub(super) fn suspend<R>(&self, work: impl FnOnce() -> R) -> R {
        match self.bar.get() {
            Some(bar) => bar.suspend(work),
            None => work(),
        }
    }
}

impl Tick for Arc<Bar> {
    fn tick(&self) {
        if let Some(bar) = self.bar.get() {
            let rate = f64::from_bits(self.samples_per_second.load(Ordering::Relaxed));
            bar.set_position(self.samples.load(Ordering::Relaxed));
            bar.set_message(format!("{:.0} samples/s", HumanFloatCount(rate)));
            bar.tick();
        }
    }

    fn end(&self) {
        if let Some(bar) = self.bar.get() {
            bar.finish_and_clear();
        }
    }
}

/// A progress bar of bytes, if standard error is a terminal and somebody wants to see it.
#[cfg(feature = "fetch")]
pub(crate) fn bytes_bar(total: u64, quiet: bool) -> ProgressBar {
    use std::io::{self, IsTerminal};

    if quiet || !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    bar(total, "{bytes:>11} of {total_bytes}  {bytes_per_sec}  {eta} left")
}

/// A bar on standard error, and beside it what `figures` says.
fn bar(total: u64, figures: &str) -> ProgressBar {
    let bar = if is_coloured() { "{bar:30.cyan/dim}" } else { "{bar:30}" };
    let style = ProgressStyle::with_template(&format!("{bar} {figures}"));
    let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::stderr_with_hz(8));
    if let Ok(style) = style {
        bar.set_style(style.progress_chars("━━─"));
    }
    bar
}

fn to_u64(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}
