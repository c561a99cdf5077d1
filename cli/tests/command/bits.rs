//! One seed, one program, one kernel: the same files, byte for byte, at any number of threads.

use crate::files::FILES;
use crate::program::{barenet, command, stdout, succeeds};
use barenet_blas::Kernel;
use std::fs;
use std::path::Path;
use tempfile::TempDir;

/// Trains, and checks that as many threads were at work as were asked for.
#[track_caller]
fn train(folder: &Path, out: &str, threads: &str, settings: &[&str]) -> Vec<Vec<u8>> {
    let output = command(folder, &["train", "-q", "--force", "--out", out, "--threads", threads])
        .args(["--hidden", "16,256", "--train-size", "520", "--batch-size", "260"])
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

/// The command, once for each kernel and number type; `src/commands/train/bits.rs` tries all settings.
#[test]
fn files_are_the_same_bytes_at_any_number_of_threads() {
    let place = TempDir::new().unwrap();
    for kernel in Kernel::available() {
        for dtype in ["f32", "f64"] {
            let settings = ["--gemm", kernel.name(), "--dtype", dtype, "--update-rule", "adam"];
            let full = ["--batchnorm", "--keep-prob", "0.8", "--reg", "0.01"];
            let settings = [&settings[..], &full].concat();
            let expected = train(place.path(), "one", "1", &settings);
            for threads in ["2", "3", "8"] {
                let found = train(place.path(), "more", threads, &settings);
                for (name, (found, expected)) in FILES.iter().zip(found.iter().zip(&expected)) {
                    assert!(found == expected, "{name} with {threads} threads, {settings:?}");
                }
            }
        }
    }
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

#[cfg(target_arch = "x86_64")]
#[test]
fn products_of_less_precision_have_the_same_bytes_at_any_number_of_threads() {
    let place = TempDir::new().unwrap();
    for precision in ["bf16", "bf16x3"] {
        let settings = ["--precision", precision, "--gemm", "simd", "--hidden", "128,256"];
        let expected = train(place.path(), "one", "1", &settings);
        assert!(String::from_utf8_lossy(&expected[0]).contains(precision), "{}", FILES[0]);
        for threads in ["2", "3"] {
            let found = train(place.path(), "more", threads, &settings);
            assert!(found == expected, "{precision} with {threads} threads");
        }
        for more in [&["--precision", precision][..], &[]] {
            succeeds(&barenet(place.path(), &[&["eval", "one"], more].concat()));
        }
    }
}
