//! One seed, one program, one kernel: the same files, byte for byte, at any number of threads.

#[path = "common/program.rs"]
mod program;

use barenet_blas::Kernel;
use program::{command, stdout, succeeds};
use std::fs;
use std::path::Path;
use tempfile::TempDir;

/// What must be the same bytes; `summary.json` has times in it.
const FILES: [&str; 5] =
    ["config.toml", "events.jsonl", "best.safetensors", "last.ckpt", "training.png"];

/// Trains, and checks that as many threads were at work as were asked for.
#[track_caller]
fn train(folder: &Path, out: &str, threads: &str, settings: &[&str]) -> Vec<Vec<u8>> {
    let output = command(folder, &["train", "-q", "--force", "--out", out, "--threads", threads])
        .args(["--hidden", "72,40", "--train-size", "330", "--batch-size", "110"])
        .args(["--val-size", "60", "--test-size", "10", "--epochs", "2", "--learning-rate", "1e-3"])
        .args(settings)
        .output()
        .unwrap();
    succeeds(&output);
    let read = |name: &str| fs::read(folder.join(out).join(name)).unwrap();
    let summary: serde_json::Value = serde_json::from_slice(&read("summary.json")).unwrap();
    assert_eq!(summary["threads"].to_string(), threads);
    FILES.map(read).to_vec()
}

/// Every kernel of this build with every update rule, plain and with batch norm and dropout.
fn same_files_at_any_number_of_threads(dtype: &str) {
    let place = TempDir::new().unwrap();
    let rules = ["sgd", "sgd_momentum", "nesterov", "rmsprop", "adam", "adamw"];
    let mut runs = Vec::new();
    for kernel in Kernel::ALL {
        for rule in rules {
            let settings = ["--gemm", kernel.name(), "--dtype", dtype, "--update-rule", rule];
            let full = ["--batchnorm", "--keep-prob", "0.8", "--sampling", "with_replacement"];
            for settings in [settings.to_vec(), [&settings[..], &full].concat()] {
                let expected = train(place.path(), "one", "1", &settings);
                for threads in ["2", "3", "8"] {
                    let found = train(place.path(), "more", threads, &settings);
                    for (name, (found, expected)) in FILES.iter().zip(found.iter().zip(&expected)) {
                        assert!(found == expected, "{name} with {threads} threads, {settings:?}");
                    }
                }
                runs.push(expected);
            }
        }
    }
    // If all settings gave the same files, the comparison would say nothing.
    let weights = |run: &Vec<Vec<u8>>| run[2].clone();
    let mut all: Vec<_> = runs.iter().map(weights).collect();
    all.sort();
    all.dedup();
    assert_eq!(all.len(), runs.len());
}

#[test]
fn files_of_f32_are_the_same_bytes_at_any_number_of_threads() {
    same_files_at_any_number_of_threads("f32");
}

#[test]
fn files_of_f64_are_the_same_bytes_at_any_number_of_threads() {
    same_files_at_any_number_of_threads("f64");
}

#[test]
fn without_the_variable_there_are_not_more_threads_than_cpus() {
    let place = TempDir::new().unwrap();
    let cpus = std::thread::available_parallelism().unwrap().get();
    let arguments = ["train", "--epochs", "1", "--train-size", "100", "--threads", "1000"];
    let output =
        command(place.path(), &arguments).env_remove("BARENET_EXACT_THREADS").output().unwrap();
    let text = stdout(&output);
    assert!(text.contains(&format!(", {cpus} threads")), "{text}");
}
