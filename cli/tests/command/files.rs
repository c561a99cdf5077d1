//! Files that are the same of runs that are the same.

// Not every system has the tests that use it.
#![allow(dead_code)]

use std::fs;
use std::path::{Path, PathBuf};

/// Everything that must be the same bytes; `summary.json` has times in it, and `report.html` too, in lines of their own.
pub(crate) const FILES: [&str; 6] = [
    "config.toml",
    "events.jsonl",
    "best.safetensors",
    "last.ckpt",
    "training.svg",
    "training.png",
];

/// The report of a run without the lines that have its times; `None` if it has none, as one of a fold.
pub(crate) fn untimed_report(folder: &Path, run: &str) -> Option<String> {
    let page = fs::read_to_string(folder.join(run).join("report.html")).ok()?;
    let lines: Vec<_> = page.lines().filter(|line| !line.contains("class=\"timing\"")).collect();
    Some(lines.join("\n"))
}

#[track_caller]
pub(crate) fn same_run(folder: &Path, a: &str, b: &str) {
    for file in FILES {
        let read = |run: &str| fs::read(folder.join(run).join(file)).unwrap();
        assert!(read(a) == read(b), "{file} of {a} and {b} differ");
    }
    assert_eq!(untimed_report(folder, a), untimed_report(folder, b), "report.html of {a} and {b}");
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
