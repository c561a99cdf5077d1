//! How tests start the program, and what they expect of what it says.

// Not every system has the tests that use it.
#![allow(dead_code)]

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

/// `barenet` in a folder, with built-in images, no colours and as many threads as asked for.
pub(crate) fn command(folder: &Path, arguments: &[impl AsRef<OsStr>]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_barenet"));
    command.args(arguments).current_dir(folder);
    command.env("CIFAR10_DIR", "builtin").env("NO_COLOR", "1").env("BARENET_EXACT_THREADS", "1");
    for name in ["http_proxy", "https_proxy", "all_proxy", "no_proxy"] {
        command.env_remove(name).env_remove(name.to_uppercase());
    }
    command
}

/// Runs it to its end.
pub(crate) fn barenet(folder: &Path, arguments: &[impl AsRef<OsStr>]) -> Output {
    command(folder, arguments).output().unwrap()
}

/// Text on standard output.
pub(crate) fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// Text on standard error.
pub(crate) fn message(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[track_caller]
pub(crate) fn succeeds(output: &Output) {
    assert!(output.status.success(), "{}", message(output));
}

/// An exit status, and a message that has all `parts`.
#[track_caller]
pub(crate) fn refused(output: &Output, code: i32, parts: &[&str]) {
    let message = message(output);
    assert_eq!(output.status.code(), Some(code), "{message}");
    assert!(!message.contains("panicked"), "{message}");
    for part in parts {
        assert!(message.contains(part), "{part:?} is not in {message:?}");
    }
}

#[track_caller]
pub(crate) fn refused_in_one_line(output: &Output, code: i32, parts: &[&str]) {
    refused(output, code, parts);
    assert_eq!(message(output).trim_end().lines().count(), 1, "{}", message(output));
}

/// Where generated crates are built: the core, which all of them take, once for this process. What earlier ones built is
/// removed.
pub(crate) fn target_of_crates() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        let all = Path::new(env!("CARGO_TARGET_TMPDIR")).join("crates");
        let is_over =
            |process: &Path| !Path::new("/proc").join(process.file_name().unwrap()).exists();
        for earlier in fs::read_dir(&all).into_iter().flatten().flatten() {
            if is_over(&earlier.path()) {
                // Another process may be as fast.
                let _removed = fs::remove_dir_all(earlier.path());
            }
        }
        all.join(std::process::id().to_string())
    })
}

/// Builds and tests a generated crate as its user does, without the network, and without a warning of its own.
#[track_caller]
pub(crate) fn passes_its_own_tests(folder: &Path, count: usize) {
    let output = Command::new(env!("CARGO"))
        .args(["test", "--offline", "--locked"])
        .current_dir(folder)
        .env("CARGO_TARGET_DIR", target_of_crates())
        .output()
        .unwrap();
    let (printed, complaints) = (stdout(&output), message(&output));
    assert!(output.status.success(), "{printed}{complaints}");
    assert!(printed.contains(&format!("test result: ok. {count} passed")), "{printed}");
    assert!(!complaints.contains("warning"), "{complaints}");
}

/// A run that takes no time.
pub(crate) const QUICK: [&str; 7] =
    ["train", "--hidden", "8", "--train-size", "300", "--epochs", "2"];

pub(crate) fn quick(folder: &Path, more: &[&str]) -> Output {
    barenet(folder, &[&QUICK, more].concat())
}
