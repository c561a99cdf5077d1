//! The folder that a command writes to: what is there already, and what becomes of it meanwhile.

#![cfg(unix)]

#[path = "common/program.rs"]
mod program;
#[path = "common/running.rs"]
mod running;

use program::{command, message, succeeds};
use running::{Running, long_run};
use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;
use tempfile::TempDir;

/// All files of a folder with what is in them.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
    let read = |entry: fs::DirEntry| {
        (entry.file_name().into_string().unwrap(), fs::read(entry.path()).unwrap_or_default())
    };
    entries.map(read).collect()
}

#[cfg(target_os = "linux")]
#[test]
fn a_run_whose_folder_is_moved_goes_on_in_it_and_writes_into_no_other() {
    let place = TempDir::new().unwrap();
    let (there, kept) = (place.path().join("a/m"), place.path().join("b kept"));
    let mut first = long_run(place.path(), "a/m");
    fs::rename(&there, &kept).unwrap();
    // Another run in a folder of that name.
    let mut second = long_run(place.path(), "a/m");
    second.signal("-INT");
    second.end();
    let others = files(&there);
    let checkpoint = |folder: &Path| fs::read(folder.join("last.ckpt")).ok();
    let before = checkpoint(&kept);
    while [None, before.clone()].contains(&checkpoint(&kept)) {
        std::thread::sleep(Duration::from_millis(5));
    }
    first.signal("-TERM");
    let (status, said) = first.end();
    assert_eq!(status, Some(143), "{said}");
    assert!(files(&there) == others, "the first wrote into the folder of the second");
    assert!(kept.join("training.png").is_file(), "the plots are drawn where the run is");
    let advice = format!("--resume '{}'", fs::canonicalize(&kept).unwrap().display());
    assert!(said.contains(&advice), "{said}");
    // Both go on as if nothing had been.
    for run in ["a/m", "b kept"] {
        Running::start(place.path(), &["train", "--resume", run], "resume").0.kill();
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_comparison_whose_folder_is_moved_is_written_there() {
    let place = TempDir::new().unwrap();
    let arguments = ["compare", "--hidden", "8", "--train-size", "300", "--epochs", "3"];
    let mut child = command(place.path(), &[&arguments[..], &["--out", "c"]].concat())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    lines.find(|line| line.as_ref().unwrap().starts_with("running with")).unwrap().unwrap();
    fs::rename(place.path().join("c"), place.path().join("kept")).unwrap();
    fs::create_dir(place.path().join("c")).unwrap();
    lines.for_each(drop);
    let output = child.wait_with_output().unwrap();
    succeeds(&output);
    assert_eq!(message(&output), "");
    assert!(files(&place.path().join("c")).is_empty(), "another folder of its name");
    for name in ["comparison.svg", "comparison.png", "comparison.json"] {
        assert!(place.path().join("kept").join(name).is_file(), "{name}");
    }
}
