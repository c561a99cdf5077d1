//! Limits of the system: no more threads, no longer files, no more memory.

// OpenBLAS is loaded before the program begins, and waits for ever or ends the process where it gets no
// threads or memory.
#![cfg(all(target_os = "linux", not(feature = "openblas")))]

use crate::files::same_run;
use crate::program::{barenet, command, message, refused, succeeds};
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::process::{Command, Output};
use tempfile::TempDir;

const SETTINGS: [&str; 10] = [
    "train",
    "--hidden",
    "200",
    "--train-size",
    "600",
    "--epochs",
    "2",
    "--batch-size",
    "256",
    "--checkpoint-every=1",
];

/// Runs `barenet` with a limit, or says that this cannot be done here.
fn limited(place: &Path, limit: &str, arguments: &[&str]) -> Option<Output> {
    let program = command(place, arguments);
    let mut limited = Command::new("prlimit");
    limited.arg(limit).arg(program.get_program()).args(arguments);
    run_like(&program, limited)
}

fn run_like(program: &Command, mut limited: Command) -> Option<Output> {
    limited.current_dir(program.get_current_dir().unwrap()).env_clear().envs(std::env::vars());
    for (name, value) in program.get_envs() {
        match value {
            Some(value) => limited.env(name, value),
            None => limited.env_remove(name),
        };
    }
    let output = limited.output().ok();
    if output.is_none() {
        eprintln!("skipped: {:?} cannot be started", limited.get_program());
    }
    output
}

/// The same as a user that may have so many threads in all, the first included.
fn with_threads(place: &Path, threads: usize, arguments: &[&str]) -> Option<Output> {
    let limit = format!("--nproc={threads}:{threads}");
    if fs::metadata("/proc/self").unwrap().uid() != 0 {
        // This user has more than one thread already.
        return if threads == 1 { limited(place, &limit, arguments) } else { None };
    }
    // Nobody counts the threads of root: a user that nobody is, and a program that it may run.
    let copy = place.join("barenet");
    if !copy.exists() {
        fs::copy(env!("CARGO_BIN_EXE_barenet"), &copy).unwrap();
        fs::set_permissions(place, fs::Permissions::from_mode(0o777)).unwrap();
        fs::set_permissions(&copy, fs::Permissions::from_mode(0o755)).unwrap();
    }
    let user = (50_000 + std::process::id() % 10_000).to_string();
    let mut limited = Command::new("setpriv");
    limited.args(["--reuid", &user, "--regid", &user, "--clear-groups", "prlimit", &limit]);
    limited.arg(copy).args(arguments);
    run_like(&command(place, arguments), limited)
}

#[test]
fn a_system_that_starts_no_more_threads_gets_the_same_run() {
    let place = TempDir::new().unwrap();
    succeeds(&barenet(place.path(), &[&SETTINGS[..], &["--out", "free", "--threads=2"]].concat()));
    for (limit, threads) in [(1, "1"), (1, "2"), (1, "8"), (2, "3"), (3, "8")] {
        let out = format!("run-{limit}-{threads}");
        let arguments = [&SETTINGS[..], &["--out", &out, "--threads", threads]].concat();
        let Some(output) = with_threads(place.path(), limit, &arguments) else { continue };
        succeeds(&output);
        let message = message(&output);
        if threads == "1" {
            assert_eq!(message, "");
        } else {
            assert_eq!(message.lines().count(), 1, "{message}");
            // More threads than CPUs are not tried for again.
            let cpus = std::thread::available_parallelism().unwrap().get();
            let found = limit.min(cpus);
            let part = format!("warning: the system starts only {found} of {threads} threads (");
            assert!(message.contains(&part) && message.contains("`ulimit -u`"), "{message}");
        }
        same_run(place.path(), "free", &out);
        for (command, more) in [("eval", &[][..]), ("export", &["--format", "firmware"])] {
            let arguments = [&[command, &out][..], more].concat();
            let output = with_threads(place.path(), limit, &arguments).unwrap();
            succeeds(&output);
        }
    }
    let compare = ["compare", "--update-rules", "sgd", "--train-size", "300", "--epochs", "1"];
    if let Some(output) = with_threads(place.path(), 1, &compare) {
        succeeds(&output);
    }
}

#[test]
fn a_file_that_may_not_be_longer_is_an_error_that_names_it() {
    let place = TempDir::new().unwrap();
    for limit in [0, 1, 300, 3000, 100_000, 3_000_000] {
        let out = format!("run-{limit}");
        let arguments = [&SETTINGS[..], &["-q", "--out", &out]].concat();
        let Some(output) = limited(place.path(), &format!("--fsize={limit}"), &arguments) else {
            return;
        };
        refused(&output, 1, &["cannot be written", "File too large", &out]);
        assert!(message(&output).lines().count() < 12, "{}", message(&output));
    }
}

#[test]
fn where_there_is_no_memory_the_run_ends_with_an_error() {
    let place = TempDir::new().unwrap();
    for megabytes in [20, 40, 60, 80, 100, 120, 150, 200] {
        let out = format!("run-{megabytes}");
        let sizes = ["train", "--hidden", "1500", "--train-size", "300", "--epochs", "1", "-q"];
        let arguments = [&sizes[..], &["--threads=2", "--out", &out]].concat();
        let limit = format!("--as={}", megabytes << 20);
        // Where there is no memory to load the program and start it, it cannot say so.
        let Some(started) = limited(place.path(), &limit, &["--version"]) else { return };
        if !started.status.success() {
            continue;
        }
        let Some(output) = limited(place.path(), &limit, &arguments) else { return };
        let (code, message) = (output.status.code(), message(&output));
        assert!(matches!(code, Some(0 | 1)), "{megabytes} MB: {:?} {message}", output.status);
        assert!(!message.contains("panicked"), "{message}");
        let said = message.contains("memory") || code == Some(0);
        assert!(said, "{megabytes} MB: {message}");
    }
}
