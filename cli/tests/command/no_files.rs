//! Pipes, folders, sockets and devices where a file is expected: refused at once, by name.

#![cfg(unix)]

use crate::program::{QUICK, command, quick, refused, refused_in_one_line, succeeds};
use std::fs;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// Things that are no files, and their names.
const KINDS: [(&str, &str); 4] = [
    ("pipe", "is a pipe, where"),
    ("folder", "is a folder, where"),
    ("socket", "is a socket, where"),
    ("device", "is a device, where"),
];

/// Puts something else in place of a file.
fn put(kind: &str, path: &Path) {
    let _before = fs::remove_file(path);
    match kind {
        "pipe" => assert!(Command::new("mkfifo").arg(path).status().unwrap().success()),
        "folder" => fs::create_dir(path).unwrap(),
        "socket" => drop(UnixListener::bind(path).unwrap()),
        _ => symlink("/dev/zero", path).unwrap(),
    }
}

/// Runs `barenet`; if it waits for something that never comes, the test fails rather than wait too.
fn run(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = command(folder, arguments);
    // The folder `data` is looked at only if nothing is named.
    if folder.join("data").exists() {
        command.env_remove("CIFAR10_DIR");
    }
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let begin = Instant::now();
    while child.try_wait().unwrap().is_none() {
        if begin.elapsed() > Duration::from_secs(60) {
            child.kill().unwrap();
            panic!("{arguments:?} waits: {:?}", child.wait_with_output());
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    child.wait_with_output().unwrap()
}

const FILES: [&str; 9] = [
    "config.toml",
    "events.jsonl",
    "last.ckpt",
    "previous.ckpt",
    "best.safetensors",
    "summary.json",
    "training.svg",
    "training.png",
    "report.html",
];

#[test]
fn what_is_no_file_in_the_folder_of_a_new_run_is_in_its_way() {
    for (name, (kind, _)) in FILES.iter().zip(KINDS.iter().cycle()) {
        let place = TempDir::new().unwrap();
        fs::create_dir(place.path().join("run")).unwrap();
        put(kind, &place.path().join("run").join(name));
        let output = run(place.path(), &[&QUICK[..], &["--out", "run", "--force"]].concat());
        refused_in_one_line(&output, 1, &[&format!("run/{name}: in the way")]);
        let found = fs::read_dir(place.path().join("run")).unwrap().count();
        assert_eq!(found, 1, "{name}: nothing was trained");
    }
}

#[test]
fn what_is_no_file_in_the_folder_of_a_run_is_refused_before_it_goes_on() {
    let place = TempDir::new().unwrap();
    succeeds(&quick(place.path(), &["-q", "--out", "run"]));
    for (name, (kind, what)) in FILES.iter().zip(KINDS[..3].iter().cycle()) {
        let path = place.path().join("run").join(name);
        let whole = fs::read(&path);
        put(kind, &path);
        let output = run(place.path(), &["train", "--resume", "run", "--epochs", "3"]);
        let problem = if ["training.svg", "training.png", "report.html"].contains(name) {
            "in the way"
        } else {
            what
        };
        refused(&output, 1, &[&format!("run/{name}: {problem}")]);
        if *kind == "folder" { fs::remove_dir(&path) } else { fs::remove_file(&path) }.unwrap();
        if let Ok(whole) = whole {
            fs::write(&path, whole).unwrap();
        }
    }
}

#[test]
fn what_is_no_file_where_a_trained_run_has_one_is_named() {
    let place = TempDir::new().unwrap();
    succeeds(&quick(place.path(), &["-q", "--out", "run"]));
    for (name, arguments) in [
        ("best.safetensors", &["eval", "run"][..]),
        ("summary.json", &["export", "run", "--format", "firmware"]),
        ("last.ckpt", &["train", "--resume", "run"]),
    ] {
        let path = place.path().join("run").join(name);
        let whole = fs::read(&path).unwrap();
        for (kind, what) in KINDS {
            put(kind, &path);
            refused(&run(place.path(), arguments), 1, &[&format!("run/{name}: {what}")]);
            if kind == "folder" {
                fs::remove_dir(&path).unwrap();
            }
        }
        fs::remove_file(&path).unwrap();
        fs::write(&path, whole).unwrap();
    }
}

#[test]
fn images_that_are_no_files_are_refused_and_not_taken_for_missing() {
    let place = TempDir::new().unwrap();
    for (kind, what) in KINDS {
        for (name, others) in [
            ("data_batch_1.bin", &["test_batch.bin"][..]),
            ("data_batch_1.bin", &[]),
            ("data_batch_1", &["test_batch"]),
            ("cifar-10-binary.tar.gz", &[]),
            ("cifar-10-python.tar.gz", &[]),
        ] {
            let data = place.path().join("data");
            let _before = fs::remove_dir_all(&data);
            fs::create_dir(&data).unwrap();
            others.iter().for_each(|other| fs::write(data.join(other), [0; 100]).unwrap());
            put(kind, &data.join(name));
            let problem = format!("data/{name}: {what}");
            for named in [&[][..], &["--data", "data"]] {
                let output = run(place.path(), &[&["data", "info"][..], named].concat());
                refused_in_one_line(&output, 1, &[&problem]);
            }
            if kind != "folder" {
                let path = format!("data/{name}");
                let output = run(place.path(), &[&QUICK[..], &["--data", &path]].concat());
                refused_in_one_line(&output, 1, &[&problem]);
            }
        }
    }
    assert!(!place.path().join("runs").exists());
}

#[test]
fn settings_are_read_from_files_and_open_pipes_only_and_not_without_end() {
    let place = TempDir::new().unwrap();
    for (kind, what) in KINDS {
        let name = format!("{kind}.toml");
        put(kind, &place.path().join(&name));
        for command in ["train", "compare"] {
            let output = run(place.path(), &[command, "--config", &name]);
            refused_in_one_line(&output, 1, &[&format!("{name}: cannot be read: {what}")]);
        }
    }
    let file = fs::File::create(place.path().join("large.toml")).unwrap();
    file.set_len(10_000_000_000).unwrap();
    let output = run(place.path(), &["train", "--config", "large.toml"]);
    refused_in_one_line(&output, 1, &["large.toml: cannot be read: has more than 1048576 bytes"]);

    let (reader, mut writer) = std::io::pipe().unwrap();
    std::io::Write::write_all(&mut writer, b"num_epochs = 2\nhidden = [5]\n").unwrap();
    drop(writer);
    let arguments = [&QUICK[..], &["--config", "/dev/stdin", "--out", "piped"]].concat();
    succeeds(&command(place.path(), &arguments).stdin(reader).output().unwrap());
}
