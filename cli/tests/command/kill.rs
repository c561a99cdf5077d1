//! Runs that are killed at random moments, and resumed to the bytes of a run that was not.

#![cfg(unix)]

use crate::files::same_run;
use crate::program::{barenet, command, message, succeeds};
use barenet_blas::Kernel;
use std::fs;
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, SystemTime};
use tempfile::TempDir;

/// Runs long enough to be killed somewhere in the middle.
fn settings(which: usize) -> Vec<&'static str> {
    let rules = barenet::UpdateRule::<f32>::NAMES;
    let kernels: Vec<_> = Kernel::available().collect();
    let mut settings = vec![
        "train",
        "-q",
        "--hidden",
        "24,16",
        "--epochs",
        "4",
        "--train-size",
        "2000",
        "--batch-size",
        "20",
        "--learning-rate",
        "1e-4",
        "--checkpoint-every",
        "7",
        "--update-rule",
        rules[which % rules.len()],
        "--gemm",
        kernels[which % kernels.len()].name(),
    ];
    if which.is_multiple_of(2) {
        settings.extend(["--batchnorm", "--keep-prob", "0.8"]);
    }
    if which % 3 == 1 {
        settings.extend(["--dtype", "f64", "--sampling", "shuffled", "--ema-decay", "0.9"]);
    }
    if which % 3 == 2 {
        settings.extend(["--schedule", "cosine", "--reg", "0.01", "--threads", "1"]);
    }
    settings
}

/// Numbers without pattern, the same in every run of the test.
struct Random(u64);

impl Random {
    fn below(&mut self, n: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % n
    }
}

/// How often runs are killed after a checkpoint in all: `BARENET_KILLS`, by default a few.
fn num_kills() -> usize {
    std::env::var("BARENET_KILLS").ok().and_then(|n| n.parse().ok()).unwrap_or(12)
}

/// When a run's checkpoints were last written, if they were.
fn checkpoint(run: &Path) -> Option<SystemTime> {
    let time = |name| fs::metadata(run.join(name)).and_then(|file| file.modified()).ok();
    ["last.ckpt", "previous.ckpt"].into_iter().filter_map(time).max()
}

/// Waits for a checkpoint after the one of time `before`, or the end of the run.
fn wait_for_checkpoint(run: &Path, before: Option<SystemTime>, child: &mut Child) {
    while checkpoint(run) == before && child.try_wait().unwrap().is_none() {
        std::thread::sleep(Duration::from_micros(200));
    }
}

#[test]
fn runs_killed_at_random_moments_end_with_the_bytes_of_a_run_that_was_not() {
    let place = TempDir::new().unwrap();
    let mut random = Random(1);
    let (mut kills, mut went_on, mut which) = (0, 0, 0);
    while went_on < num_kills() {
        let (whole, killed) = (format!("whole{which}"), format!("killed{which}"));
        let start = std::time::Instant::now();
        succeeds(&barenet(place.path(), &[&settings(which)[..], &["--out", &whole]].concat()));
        let length = u64::try_from(start.elapsed().as_millis()).unwrap().max(10);

        let run = place.path().join(&killed);
        let mut kills_of_this_run = 0;
        loop {
            // Killed before its first checkpoint there is nothing to resume from.
            let before = checkpoint(&run);
            let arguments = if before.is_none() {
                let _nothing_there = fs::remove_dir_all(&run);
                [&settings(which)[..], &["--out", &killed]].concat()
            } else {
                // How many threads there are may change from one part to the next.
                let threads = ["1", "2", "3"][usize::try_from(random.below(3)).unwrap()];
                let resume = ["train", "-q", "--resume", &killed, "--checkpoint-every", "7"];
                [&resume[..], &["--threads", threads]].concat()
            };
            let mut child =
                command(place.path(), &arguments).stderr(Stdio::piped()).spawn().unwrap();
            // After some kills the run may come to its end.
            if kills_of_this_run < 6 {
                // How much of its time a run takes before its first step differs from machine to machine:
                // most moments are counted from a checkpoint.
                let range = if random.below(4) == 0 {
                    length
                } else {
                    wait_for_checkpoint(&run, before, &mut child);
                    length / 4
                };
                std::thread::sleep(Duration::from_millis(random.below(range)));
                child.kill().unwrap();
            }
            let output = child.wait_with_output().unwrap();
            if output.status.success() {
                break;
            }
            assert_eq!(output.status.code(), None, "{}", message(&output));
            kills += 1;
            kills_of_this_run += 1;
            went_on += usize::from(checkpoint(&run).is_some());
        }
        same_run(place.path(), &whole, &killed);
        which += 1;
    }
    println!("{kills} kills of {which} runs, {went_on} of them after a checkpoint");
}
