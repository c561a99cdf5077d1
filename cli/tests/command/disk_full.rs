//! Disks that are full: what was whole stays whole, and the run is resumed once there is room.

#![cfg(target_os = "linux")]

use crate::files::unfinished;
use crate::program::{barenet, message, succeeds};
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Command, Output};
use tempfile::TempDir;

const SETTINGS: [&str; 14] = [
    "train",
    "-q",
    "--hidden",
    "24",
    "--train-size",
    "300",
    "--epochs",
    "3",
    "--update-rule",
    "adam",
    "--checkpoint-every",
    "1",
    "--batch-size",
    "100",
];
/// Files whose bytes are the same however the run came to its end.
const FILES: [&str; 4] = ["config.toml", "events.jsonl", "best.safetensors", "last.ckpt"];

fn whole_run(place: &Path) -> Vec<Vec<u8>> {
    succeeds(&barenet(place, &[&SETTINGS[..], &["--out", "whole"]].concat()));
    FILES.map(|name| fs::read(place.join("whole").join(name)).unwrap()).to_vec()
}

#[track_caller]
fn goes_on_to(place: &Path, run: &str, expected: &[Vec<u8>], what: &str) {
    let output = barenet(place, &["train", "-q", "--resume", run]);
    assert!(output.status.success(), "{what}: {}", message(&output));
    for (name, expected) in FILES.iter().zip(expected) {
        assert!(&fs::read(place.join(run).join(name)).unwrap() == expected, "{name}, {what}");
    }
}

/// Every byte that is written to `/dev/full` finds the disk full.
#[test]
fn a_file_that_finds_the_disk_full_is_named_and_the_run_goes_on_later() {
    let place = TempDir::new().unwrap();
    let expected = whole_run(place.path());
    for name in [
        "config.toml",
        "best.safetensors",
        "last.ckpt",
        "summary.json",
        "training.png",
        "report.html",
    ] {
        let run = place.path().join(name);
        fs::create_dir(&run).unwrap();
        symlink("/dev/full", unfinished(&run, name)).unwrap();
        let arguments = [&SETTINGS[..], &["--out", name]].concat();
        let output = barenet(place.path(), &arguments);
        let message = message(&output);
        if name == "last.ckpt" {
            // The next one finds room.
            assert!(output.status.success(), "{message}");
        } else {
            assert_eq!(output.status.code(), Some(1), "{name}: {message}");
            assert!(message.contains(&format!("{name}: cannot be written: No space")), "{message}");
        }
        // Nothing that is there is half of something.
        assert!(!run.join(name).exists() || name == "last.ckpt");
        if run.join("last.ckpt").exists() {
            goes_on_to(place.path(), name, &expected, name);
        }
    }
}

/// Runs on a disk of its own of so many KiB; what is left there is copied to `copy`.
fn run_on_a_small_disk(place: &Path, kib: usize, copy: &str) -> Output {
    let script = r#"
        mkdir -p disk && mount -t tmpfs -o size="$1"k tmpfs disk || exit 99
        "$2" train -q --out disk/run $3
        status=$?
        cp -r disk/run "$4"
        exit $status"#;
    Command::new("unshare")
        .args(["--user", "--map-root-user", "--mount", "sh", "-c", script, "sh"])
        .arg(kib.to_string())
        .arg(env!("CARGO_BIN_EXE_barenet"))
        .arg(SETTINGS[2..].join(" "))
        .arg(copy)
        .current_dir(place)
        .env_remove("CIFAR10_DIR")
        .output()
        .unwrap()
}

#[test]
fn a_run_on_a_disk_that_fills_up_goes_on_elsewhere_to_the_same_bytes() {
    let place = TempDir::new().unwrap();
    let probe = run_on_a_small_disk(place.path(), 100_000, "probe");
    if matches!(probe.status.code(), Some(99 | 1))
        && !place.path().join("probe/summary.json").exists()
    {
        eprintln!("skipped: no file system of one's own: {}", message(&probe));
        return;
    }
    assert!(probe.status.success(), "{}", message(&probe));
    let expected = whole_run(place.path());
    let size = |name: &str| fs::metadata(place.path().join("probe").join(name)).unwrap().len();
    // A checkpoint of Adam and the best weights, and of both as much as lies there at once.
    let once = usize::try_from(size("last.ckpt").max(size("best.safetensors")) / 1024).unwrap();
    let (mut failed, mut went_on) = (0, 0);
    for tenths in (2..40).step_by(3) {
        let copy = format!("copy{tenths}");
        let output = run_on_a_small_disk(place.path(), once * tenths / 10, &copy);
        if output.status.success() {
            continue;
        }
        failed += 1;
        assert_eq!(output.status.code(), Some(1), "{}", message(&output));
        assert!(message(&output).contains("No space left on device"), "{}", message(&output));
        let run = place.path().join(&copy);
        if run.join("last.ckpt").exists() || run.join("previous.ckpt").exists() {
            goes_on_to(place.path(), &copy, &expected, &copy);
            went_on += 1;
        }
    }
    assert!(failed > 2 && went_on > 0, "{failed} runs found the disk full, {went_on} went on");
}
