//! Files that are the same of runs that are the same.

// Not every system has the tests that use it.
#![allow(dead_code)]

use std::fs;
use std::path::{Path, PathBuf};

/// Everything that must be the same bytes; `summary.json` has times in it.
pub(crate) const FILES: [&str; 6] = [
    "config.toml",
    "events.jsonl",
    "best.safetensors",
    "last.ckpt",
    "training.svg",
    "training.png",
];

#[track_caller]
pub(crate) fn same_run(folder: &Path, a: &str, b: &str) {
    for file in FILES {
        let read = |run: &str| fs::read(folder.join(run).join(file)).unwrap();
        assert!(read(a) == read(b), "{file} of {a} and {b} differ");
    }
    let names = |run: &str| {
        let mut names: Vec<_> = fs::read_dir(folder.join(run))
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect();
        names.sort();
        names
    };
    assert_eq!(names(a), names(b));
}

/// The path of a run's file until it is whole, which follows from what the run's lock says.
pub(crate) fn unfinished(run: &Path, name: &str) -> PathBuf {
    let lock =
        "barenet locks this file while it works in this folder; unfinished-0123456789abcdef\n";
    fs::write(run.join(".lock"), lock).unwrap();
    run.join(format!(".{name}.unfinished-0123456789abcdef"))
}
