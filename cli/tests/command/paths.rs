//! Folders with names that a shell would take apart, and folders that cannot be written.

#![cfg(unix)]

use crate::files::unfinished;
use crate::program::{
    QUICK, barenet, command, message, quick, refused, refused_in_one_line, succeeds,
};
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::process::Command;
use tempfile::TempDir;

/// Runs what a message advises between backticks, as a shell does.
#[track_caller]
fn take_advice(folder: &Path, message: &str) {
    let (_, rest) = message.split_once("`barenet ").unwrap();
    let (arguments, _) = rest.rsplit_once('`').unwrap();
    let script = format!("\"$0\" {arguments}");
    let status = Command::new("sh")
        .args(["-c", &script, env!("CARGO_BIN_EXE_barenet")])
        .current_dir(folder)
        .env_remove("CIFAR10_DIR")
        .output()
        .unwrap();
    succeeds(&status);
}

#[test]
fn what_a_message_advises_works_for_a_run_of_any_name() {
    for name in [&b"it's my $HOME;"[..], b"-run", b"two\nlines, caf\xe9"] {
        let place = TempDir::new().unwrap();
        let run = OsStr::from_bytes(name);
        let folder = place.path().join(run);
        let path = Path::new(".").join(run);
        let with_run = |start: &[&'static str], end: &[&'static str]| {
            let (start, end) = (start.iter().map(OsStr::new), end.iter().map(OsStr::new));
            let words: Vec<_> = start.chain([path.as_os_str()]).chain(end).collect();
            barenet(place.path(), &words)
        };
        succeeds(&with_run(&[&QUICK[..], &["-q", "--out"]].concat(), &[]));
        // No weights, damaged weights, a damaged summary, no summary, and no checkpoint.
        let best = folder.join("best.safetensors");
        let whole = fs::read(&best).unwrap();
        fs::remove_file(&best).unwrap();
        let output = with_run(&["eval"], &[]);
        refused_in_one_line(&output, 1, &["best.safetensors is missing"]);
        take_advice(place.path(), &message(&output));
        assert!(fs::read(&best).unwrap() == whole);
        fs::write(&best, &whole[..100]).unwrap();
        take_advice(place.path(), &message(&with_run(&["eval"], &[])));
        assert!(fs::read(&best).unwrap() == whole);
        let summary = folder.join("summary.json");
        fs::write(&summary, "{").unwrap();
        let export = || with_run(&["export"], &["--format", "firmware"]);
        refused(&export(), 1, &["summary.json: damaged"]);
        take_advice(place.path(), &message(&export()));
        fs::remove_file(&summary).unwrap();
        take_advice(place.path(), &message(&export()));
        succeeds(&export());
        fs::remove_file(folder.join("last.ckpt")).unwrap();
        for damaged in [None, Some(&b"\0\0\0\0"[..]), Some(b"BNETCKPX"), Some(b"")] {
            if let Some(bytes) = damaged {
                fs::write(folder.join("last.ckpt"), bytes).unwrap();
            }
            let output = with_run(&["train", "-q", "--resume"], &[]);
            refused(&output, 1, &["no checkpoint that can be used"]);
            take_advice(place.path(), &message(&output));
            assert!(fs::read(&best).unwrap() == whole);
        }
    }
}

#[test]
fn what_a_message_advises_works_for_a_run_that_left_no_weights() {
    let place = TempDir::new().unwrap();
    let run = place.path().join("my run");
    fs::create_dir(&run).unwrap();
    let output = barenet(place.path(), &["eval", "my run"]);
    refused(&output, 1, &["my run: no run here"]);
    let settings = [&QUICK[..], &["--seed", "3", "--out", "other"]].concat();
    succeeds(&barenet(place.path(), &settings));
    fs::copy(place.path().join("other/config.toml"), run.join("config.toml")).unwrap();
    for arguments in [&["eval", "my run"][..], &["export", "my run", "--format", "firmware"]] {
        let output = barenet(place.path(), arguments);
        refused_in_one_line(&output, 1, &["my run: this run ended before its first check"]);
    }
    take_advice(place.path(), &message(&barenet(place.path(), &["eval", "my run"])));
    let read = |run: &str| fs::read(place.path().join(run).join("last.ckpt")).unwrap();
    assert!(read("my run") == read("other"), "begun anew with the same settings");
    let output = barenet(place.path(), &["eval", "my run/config.toml"]);
    refused_in_one_line(&output, 1, &["config.toml: is a file; a run is named by its folder"]);
}

#[test]
fn a_run_in_a_folder_of_any_name_leaves_its_files_there() {
    let place = TempDir::new().unwrap();
    for name in [&b" "[..], b"caf\xe9", "\u{65e5}\u{672c}".as_bytes(), b"a\tb"] {
        let run = place.path().join(OsStr::from_bytes(name));
        let output =
            command(place.path(), &QUICK).args(["-q", "--out"]).arg(&run).output().unwrap();
        succeeds(&output);
        assert!(run.join("last.ckpt").is_file());
        succeeds(&barenet(place.path(), &[OsStr::new("eval"), run.as_os_str()]));
    }
    let output = quick(place.path(), &["--out", ""]);
    refused(&output, 2, &["--out"]);
}

#[cfg(target_os = "linux")]
#[test]
fn a_folder_or_disk_that_cannot_be_written_is_named_as_it_was_asked_for() {
    let place = TempDir::new().unwrap();
    let output = quick(place.path(), &["--out", "/proc/barenet"]);
    refused_in_one_line(&output, 1, &["/proc/barenet: cannot make this folder"]);
    fs::write(place.path().join("file"), "x").unwrap();
    let output = quick(place.path(), &["--out", "file"]);
    refused_in_one_line(&output, 1, &["file is no folder; choose another --out"]);
    // /dev/full fails every write as a full disk does.
    fs::create_dir(place.path().join("run")).unwrap();
    let events = unfinished(&place.path().join("run"), "events.jsonl");
    std::os::unix::fs::symlink("/dev/full", events).unwrap();
    let output = quick(place.path(), &["--out", "run"]);
    refused(&output, 1, &["events.jsonl: cannot be written", "No space left on device"]);

    let output = quick(place.path(), &["--out", "/proc"]);
    refused_in_one_line(&output, 1, &["error: /proc: cannot be written: "]);
    let output = barenet(place.path(), &["compare", "-q", "--out", "/proc"]);
    refused_in_one_line(&output, 1, &["error: /proc: cannot be written: "]);
    succeeds(&quick(place.path(), &["-q", "--out", "good"]));
    for (out, why) in [
        ("/proc/firmware", "cannot be written: "),
        ("/dev/null/net", "/dev/null is no folder; choose another --out"),
        ("good/best.safetensors/net", "good/best.safetensors is no folder; choose another --out"),
    ] {
        let output =
            barenet(place.path(), &["export", "good", "--format", "firmware", "--out", out]);
        refused_in_one_line(&output, 1, &[&format!("error: {out}: {why}")]);
    }
    if cfg!(feature = "fetch") {
        let output = barenet(place.path(), &["data", "fetch", "-q", "--dir", "/proc"]);
        refused_in_one_line(&output, 1, &["error: /proc: cannot be written: "]);
    }
}
