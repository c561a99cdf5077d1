//! The folder that a command writes to: what is there already, and what becomes of it meanwhile.

#![cfg(unix)]

use crate::files::same_run;
use crate::program::{
    barenet, command, message, quick, refused, refused_in_one_line, stdout, succeeds,
};
use crate::running::{Running, long_run};
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

/// Reasons that keep a run from its first step, and their messages.
const HOPELESS: [(&[&str], &str); 4] = [
    (&["--hidden", "1000000,1000000"], "not enough memory"),
    (&["--data", "nothing"], "nothing"),
    (&["--weight-scale", "1e30"], "not a finite number at iteration 1"),
    (&["--train-size", "10000000"], "train_size"),
];

#[test]
fn a_run_that_does_no_step_leaves_the_run_that_it_was_to_replace() {
    let place = TempDir::new().unwrap();
    let run = place.path().join("run");
    succeeds(&quick(place.path(), &["-q", "--out", "run"]));
    let before = files(&run);
    for (settings, problem) in HOPELESS {
        let output = quick(place.path(), &[settings, &["--out", "run", "--force"]].concat());
        assert!(!output.status.success(), "{settings:?}");
        assert!(message(&output).contains(problem), "{}", message(&output));
        assert!(files(&run) == before, "{settings:?}");
    }
    succeeds(&barenet(place.path(), &["eval", "run"]));
    // Nor is it touched by one that is killed in its first step, which takes minutes.
    let slow = ["train", "--gemm", "portable", "--hidden", "2000,8000,8000,8000", "--threads", "1"];
    let slow = [&slow[..], &["--batch-size", "4000", "--out", "run", "--force"]].concat();
    let (running, _) = Running::start(place.path(), &slow, "start");
    std::thread::sleep(Duration::from_millis(200));
    running.kill();
    for (name, bytes) in &before {
        assert!(&fs::read(run.join(name)).unwrap() == bytes, "{name}");
    }
    succeeds(&barenet(place.path(), &["train", "-q", "--resume", "run"]));
    // One that does leaves nothing of the old one, or of what was killed.
    succeeds(&quick(place.path(), &["-q", "--seed", "5", "--out", "run", "--force"]));
    succeeds(&quick(place.path(), &["-q", "--seed", "5", "--out", "fresh"]));
    same_run(place.path(), "run", "fresh");
}

#[test]
fn a_run_that_does_no_step_leaves_nothing() {
    let place = TempDir::new().unwrap();
    fs::create_dir(place.path().join("mine")).unwrap();
    fs::write(place.path().join("mine/notes.txt"), "mine").unwrap();
    for (settings, _) in HOPELESS {
        for out in [&[][..], &["--out", "a/b/c"], &["--out", "mine"]] {
            let output = quick(place.path(), &[settings, out].concat());
            assert!(!output.status.success(), "{settings:?}");
            let left: Vec<_> = files(place.path()).into_keys().collect();
            assert_eq!(left, ["mine"], "{settings:?} {out:?}");
            assert_eq!(files(&place.path().join("mine")).len(), 1, "{settings:?} {out:?}");
        }
    }
    // A second signal ends a run without time to clear away: the next one takes its folder.
    let slow = ["train", "--gemm", "portable", "--hidden", "2000,8000,8000,8000", "--threads", "1"];
    let slow = [&slow[..], &["--batch-size", "4000", "--preset", "two-layer"]].concat();
    let (mut running, start) = Running::start(place.path(), &slow, "start");
    running.signal("-INT");
    running.insist("-INT");
    assert_eq!(running.end().0, Some(130));
    let output = barenet(place.path(), &["train", "-q", "--hidden", "1000000,1000000"]);
    refused_in_one_line(&output, 1, &["not enough memory"]);
    succeeds(&quick(place.path(), &["-q", "--preset", "two-layer"]));
    assert_eq!(start["out"], "runs/two-layer");
    assert!(place.path().join("runs/two-layer/summary.json").is_file());
    fs::remove_dir_all(place.path().join("runs")).unwrap();
    let output = barenet(place.path(), &["compare", "-q", "--hidden", "1000000,1000000"]);
    refused_in_one_line(&output, 1, &["not enough memory"]);
    assert!(!place.path().join("runs").exists());
}

#[test]
fn what_barenet_did_not_write_is_in_the_way_and_stays() {
    let place = TempDir::new().unwrap();
    let theirs = [
        ("config.toml", "# my own\nseed = 3\n"),
        ("events.jsonl", "{\"event\":\"deploy\"}\n"),
        ("training.svg", "<svg xmlns=\"http://www.w3.org/2000/svg\"/>\n"),
        ("training.png", "\u{89}PNG mine"),
        ("report.html", "<!DOCTYPE html>\n<title>mine</title>\n"),
        ("summary.json", "{\"name\": \"mine\"}\n"),
        ("best.safetensors", "mine"),
        ("last.ckpt", "PK mine"),
    ];
    for (name, text) in theirs {
        for force in [&[][..], &["--force"]] {
            let run = place.path().join(name);
            fs::create_dir_all(&run).unwrap();
            fs::write(run.join(name), text).unwrap();
            let output = quick(place.path(), &[&["--out", name], force].concat());
            refused_in_one_line(&output, 1, &[&format!("{name}/{name}: in the way")]);
            assert_eq!(files(&run).len(), 1, "{name}");
            assert_eq!(fs::read_to_string(run.join(name)).unwrap(), text);
        }
    }
    // Beside a run of barenet's too, and when that goes on.
    succeeds(&quick(place.path(), &["-q", "--out", "run"]));
    for name in ["training.svg", "training.png", "report.html"] {
        let path = place.path().join("run").join(name);
        let ours = fs::read(&path).unwrap();
        fs::write(&path, "mine").unwrap();
        let before = files(&place.path().join("run"));
        refused(&quick(place.path(), &["--out", "run", "--force"]), 1, &[name, "in the way"]);
        let resume = ["train", "--resume", "run", "--epochs", "3"];
        refused(&barenet(place.path(), &resume), 1, &[name, "in the way"]);
        assert!(files(&place.path().join("run")) == before);
        fs::write(&path, ours).unwrap();
    }
    for name in ["comparison.svg", "comparison.png", "comparison.json"] {
        let folder = place.path().join(name);
        fs::create_dir(&folder).unwrap();
        fs::write(folder.join(name), "mine").unwrap();
        let output = barenet(place.path(), &["compare", "-q", "--out", name]);
        refused_in_one_line(&output, 1, &[&format!("{name}/{name}: in the way")]);
        assert_eq!(files(&folder).len(), 1, "{name}");
        assert_eq!(fs::read_to_string(folder.join(name)).unwrap(), "mine");
    }
    let compare = ["compare", "-q", "--hidden", "4", "--train-size", "100", "--epochs", "1"];
    for _ in 0..2 {
        succeeds(&barenet(place.path(), &[&compare[..], &["--out", "again"]].concat()));
    }
}

#[test]
fn a_file_of_the_user_s_that_is_called_unfinished_stays() {
    let place = TempDir::new().unwrap();
    let run = place.path().join("run");
    fs::create_dir(&run).unwrap();
    let names = ["config.toml", "best.safetensors", "last.ckpt", "training.svg", "summary.json"];
    for name in names {
        for theirs in [format!("{name}.unfinished"), format!(".{name}.unfinished")] {
            fs::write(run.join(theirs), "mine").unwrap();
        }
    }
    succeeds(&quick(place.path(), &["-q", "--out", "run"]));
    let left = files(&run);
    let mine = left.iter().filter(|(_, text)| text.as_slice() == b"mine");
    assert_eq!(mine.count(), 2 * names.len());
}

#[test]
fn nothing_is_made_in_a_folder_that_is_no_run() {
    let place = TempDir::new().unwrap();
    for name in ["empty", "full"] {
        fs::create_dir(place.path().join(name)).unwrap();
    }
    fs::write(place.path().join("full/passwd"), "root").unwrap();
    let output = barenet(place.path(), &["train", "--resume", "empty"]);
    refused_in_one_line(&output, 1, &["empty: no checkpoint that can be used"]);
    let output = barenet(place.path(), &["train", "--resume", "full", "--epochs", "3"]);
    refused_in_one_line(&output, 1, &["full: no checkpoint that can be used"]);
    assert!(files(&place.path().join("empty")).is_empty());
    assert_eq!(files(&place.path().join("full")).len(), 1);
}

#[test]
fn events_that_somebody_cuts_meanwhile_go_on_at_their_end() {
    let place = TempDir::new().unwrap();
    let mut running = long_run(place.path(), "run");
    let path = place.path().join("run/events.jsonl");
    fs::File::options().write(true).open(&path).unwrap().set_len(3).unwrap();
    while fs::metadata(&path).unwrap().len() < 1000 {
        std::thread::sleep(Duration::from_millis(5));
    }
    running.signal("-INT");
    running.end();
    let bytes = fs::read(&path).unwrap();
    assert!(!bytes.contains(&0), "a hole where the log was cut");
    assert!(bytes.starts_with(b"{\"e"));
}

/// A run that was finished, and can never get better.
fn finished(place: &Path) {
    let settings = ["train", "-q", "--hidden", "4", "--train-size", "3000", "--batch-size", "1"];
    let settings = [&settings[..], &["--learning-rate", "1e-30", "--epochs", "1"]].concat();
    succeeds(&barenet(place, &[&settings[..], &["--out", "run"]].concat()));
}

#[track_caller]
fn can_be_used(place: &Path) {
    let output = barenet(place, &["eval", "run"]);
    succeeds(&output);
    assert!(stdout(&output).contains("accuracy"), "{}", stdout(&output));
    let export = ["export", "run", "--format", "firmware", "--force", "--out", "crate"];
    succeeds(&barenet(place, &export));
}

#[test]
fn a_finished_run_can_be_used_while_it_is_made_longer() {
    let place = TempDir::new().unwrap();
    finished(place.path());
    can_be_used(place.path());
    let run = place.path().join("run");
    // Not enough memory for what is asked: nothing changes.
    let before = files(&run);
    let longer = ["train", "--resume", "run", "--epochs", "500"];
    let program = command(place.path(), &longer);
    let mut limited = std::process::Command::new("prlimit");
    limited.arg("--as=45000000").arg(program.get_program()).args(longer).current_dir(place.path());
    match limited.env("CIFAR10_DIR", "builtin").output() {
        // OpenBLAS is loaded before the program begins, and takes more than there is.
        Ok(output) if cfg!(feature = "openblas") => assert!(!output.status.success()),
        Ok(output) => refused(&output, 1, &["memory"]),
        Err(error) => eprintln!("without a limit of memory: prlimit: {error}"),
    }
    assert!(files(&run) == before);
    // Killed at once, and later.
    for (kind, wait) in [("resume", 0), ("step", 0), ("epoch", 300)] {
        let longer = ["train", "--resume", "run", "--epochs", "500"];
        let (running, _) = Running::start(place.path(), &longer, kind);
        std::thread::sleep(Duration::from_millis(wait));
        running.kill();
        can_be_used(place.path());
    }
    // Stopped well.
    let (mut running, _) = Running::start(place.path(), &["train", "--resume", "run"], "resume");
    running.signal("-TERM");
    assert_eq!(running.end().0, Some(143));
    can_be_used(place.path());
    assert!(fs::read_to_string(run.join("config.toml")).unwrap().contains("num_epochs = 500"));
}
