//! Runs that are stopped, damaged or made longer, and resumed as if nothing had been.

#![cfg(unix)]

use crate::files::same_run;
use crate::program::{barenet, command, message, refused, refused_in_one_line, stdout, succeeds};
use crate::running::{Running, long_run};
use serde_json::Value;
use std::fs;
use std::process::Stdio;
use std::time::Duration;
use tempfile::TempDir;

#[test]
fn the_first_signal_stops_a_run_well_and_says_how_to_resume() {
    for (name, code) in [("-INT", 130), ("-TERM", 143)] {
        let place = TempDir::new().unwrap();
        let mut running = long_run(place.path(), "run");
        running.signal(name);
        let (status, message) = running.end();
        assert_eq!(status, Some(code), "{message}");
        assert!(message.contains("resume with: barenet train --resume run"), "{message}");
        assert!(place.path().join("run/training.png").is_file(), "the plots are drawn");
        // The checkpoint is that of the iteration that the message names.
        let (running, event) =
            Running::start(place.path(), &["train", "--resume", "run"], "resume");
        let stopped = format!("stopped at iteration {};", event["iteration"]);
        assert!(message.contains(&stopped), "{message}");
        running.kill();
    }
}

/// The first signal finds the run in a step that takes minutes; the second does not wait for it.
#[test]
fn the_second_signal_stops_a_run_at_once() {
    for (first, second, code) in
        [("-INT", "-INT", 130), ("-TERM", "-TERM", 143), ("-INT", "-TERM", 143)]
    {
        let place = TempDir::new().unwrap();
        let arguments = [
            "train",
            "--gemm",
            "portable",
            "--hidden",
            "2000,8000,8000,8000",
            "--batch-size",
            "4000",
            "--out",
            "run",
            "--threads",
            "1",
        ];
        let (mut running, _) = Running::start(place.path(), &arguments, "start");
        std::thread::sleep(Duration::from_millis(300));
        running.signal(first);
        std::thread::sleep(Duration::from_millis(300));
        assert!(running.0.try_wait().unwrap().is_none(), "the first signal waits for the step");
        running.signal(second);
        let (status, message) = running.end();
        assert_eq!(status, Some(code), "{message}");
        assert!(message.is_empty(), "{message}");
    }
}

/// Also one that comes while the data are still being read.
#[test]
fn a_signal_before_the_first_step_stops_a_run_well() {
    for delay in [0, 5, 20, 60] {
        let place = TempDir::new().unwrap();
        let arguments = ["train", "-q", "--hidden", "16", "--epochs", "100000", "--out", "run"];
        let child = command(place.path(), &arguments).stderr(Stdio::piped()).spawn().unwrap();
        let mut running = Running(child);
        std::thread::sleep(Duration::from_millis(delay));
        running.signal("-TERM");
        let (status, message) = running.end();
        // Before it listens, a process ends as processes do.
        if status.is_some() {
            assert_eq!(status, Some(143), "{message}");
            assert!(place.path().join("run/last.ckpt").is_file());
        }
    }
}

#[test]
fn sigusr1_writes_a_checkpoint_and_the_run_goes_on() {
    let place = TempDir::new().unwrap();
    // One epoch is longer than the test, so no other checkpoint comes.
    let arguments = [
        "train",
        "--hidden",
        "16",
        "--epochs",
        "1",
        "--batch-size",
        "1",
        "--learning-rate",
        "1e-6",
        "--sampling",
        "shuffled",
        "--hidden",
        "1024,1024",
        "--out",
        "run",
    ];
    let (mut running, _) = Running::start(place.path(), &arguments, "epoch");
    let last = place.path().join("run/last.ckpt");
    while !last.exists() {
        std::thread::sleep(Duration::from_millis(5));
    }
    let before = fs::read(&last).unwrap();
    running.signal("-USR1");
    for _ in 0..6000 {
        if fs::read(&last).is_ok_and(|bytes| bytes != before) {
            assert!(running.0.try_wait().unwrap().is_none(), "the run goes on");
            return;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("no checkpoint after a minute");
}

#[test]
fn two_processes_do_not_train_in_one_folder() {
    let place = TempDir::new().unwrap();
    let running = long_run(place.path(), "run");
    for arguments in [&["train", "--resume", "run"][..], &["train", "--out", "run", "--force"]] {
        let output = barenet(place.path(), arguments);
        refused_in_one_line(&output, 1, &["run: another process trains in this folder"]);
    }
    // A process that was killed holds nothing.
    running.kill();
    Running::start(place.path(), &["train", "--resume", "run"], "resume");
}

#[test]
fn a_run_made_longer_is_the_longer_run() {
    let place = TempDir::new().unwrap();
    let short = ["train", "-q", "--hidden", "16", "--train-size", "500", "--update-rule", "adam"];
    succeeds(&barenet(place.path(), &[&short[..], &["--epochs", "2", "--out", "a"]].concat()));
    succeeds(&barenet(place.path(), &["train", "-q", "--resume", "a", "--epochs", "5"]));
    succeeds(&barenet(place.path(), &[&short[..], &["--epochs", "5", "--out", "b"]].concat()));
    same_run(place.path(), "a", "b");
}

#[test]
fn a_run_out_of_patience_ends_where_it_would_have_without_an_interruption() {
    let place = TempDir::new().unwrap();
    let table = concat!(env!("CARGO_MANIFEST_DIR"), "/../data/tests/tables/iris.csv");
    let of_table = |arguments: &[&str]| {
        let output = barenet(place.path(), &[arguments, &["--data", table]].concat());
        succeeds(&output);
        stdout(&output)
    };
    let train = |out: &str, epochs: &str, patience: &str| {
        let how = ["--epochs", epochs, "--patience", patience, "--metric", "accuracy"];
        of_table(&[&["train", "--out", out], &how[..]].concat())
    };
    let epochs = |run: &str| {
        let text = fs::read_to_string(place.path().join(run).join("summary.json")).unwrap();
        let summary: Value = serde_json::from_str(&text).unwrap();
        (summary["epochs"].as_u64().unwrap(), summary["best_epoch"].as_u64().unwrap())
    };
    let text = train("whole", "300", "3");
    let (done, best) = epochs("whole");
    assert!(done < 300 && done == best + 3, "{done} epochs, best {best}");
    let ended = format!(
        "ended after epoch {done} of 300: 3 epochs without a better validation accuracy (--patience)"
    );
    assert!(text.contains(&ended), "{text}");
    train("part", "2", "3");
    of_table(&["train", "-q", "--resume", "part", "--epochs", "300"]);
    same_run(place.path(), "whole", "part");
    // It is finished.
    of_table(&["eval", "whole"]);
    of_table(&["train", "-q", "--resume", "whole"]);
    same_run(place.path(), "whole", "part");
    // It goes on with more patience.
    assert!(!train("endless", "300", "0").contains("--patience"));
    assert_eq!(epochs("endless").0, 300);
    of_table(&["train", "-q", "--resume", "whole", "--patience", "0"]);
    same_run(place.path(), "endless", "whole");
}

/// The wish for more epochs is not lost with the process.
#[test]
fn a_run_made_longer_and_killed_at_once_goes_on_to_its_new_end() {
    let place = TempDir::new().unwrap();
    let short = ["train", "-q", "--hidden", "16", "--train-size", "500", "--epochs", "1"];
    let short = [&short[..], &["--batch-size", "100", "--out", "run"]].concat();
    succeeds(&barenet(place.path(), &short));
    let longer = ["train", "--resume", "run", "--epochs", "100000"];
    let (running, _) = Running::start(place.path(), &longer, "resume");
    let config = place.path().join("run/config.toml");
    while !fs::read_to_string(&config).unwrap().contains("100000") {
        std::thread::sleep(Duration::from_millis(1));
    }
    running.kill();
    let (running, start) = Running::start(place.path(), &["train", "--resume", "run"], "start");
    assert_eq!(start["num_iterations"], 500_000);
    running.kill();
}

#[test]
fn settings_that_were_changed_in_the_folder_do_not_count_and_that_is_said() {
    let place = TempDir::new().unwrap();
    let settings = ["train", "-q", "--hidden", "16", "--train-size", "200", "--epochs", "2"];
    succeeds(&barenet(place.path(), &[&settings[..], &["--out", "run"]].concat()));
    let config = place.path().join("run/config.toml");
    let own = fs::read_to_string(&config).unwrap();
    fs::write(&config, own.replace("seed = 0", "seed = 7")).unwrap();
    let output = barenet(place.path(), &["train", "-q", "--resume", "run"]);
    succeeds(&output);
    assert!(message(&output).contains("run/config.toml: changed since"), "{}", message(&output));
    assert!(fs::read_to_string(&config).unwrap() == own);
    let output = barenet(place.path(), &["train", "-q", "--resume", "run", "--epochs", "3"]);
    assert_eq!(message(&output), "");
}

#[test]
fn a_damaged_checkpoint_is_passed_over_for_the_previous_one() {
    let place = TempDir::new().unwrap();
    let mut running = long_run(place.path(), "run");
    running.signal("-INT");
    running.end();
    let last = place.path().join("run/last.ckpt");
    let mut bytes = fs::read(&last).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&last, &bytes).unwrap();
    let (mut running, _) = Running::start(place.path(), &["train", "--resume", "run"], "resume");
    running.signal("-INT");
    let (status, message) = running.end();
    assert_eq!(status, Some(130), "{message}");
    assert!(message.contains("warning: run/last.ckpt: damaged"), "{message}");
    assert!(message.contains("resumes from run/previous.ckpt"), "{message}");
}

#[test]
fn what_cannot_go_on_is_refused() {
    let place = TempDir::new().unwrap();
    let refuse = |arguments: &[&str], code, part: &str| {
        refused(&barenet(place.path(), arguments), code, &[part]);
    };
    refuse(&["train", "--resume", "nothing"], 1, "nothing: there is no run to resume");
    fs::create_dir(place.path().join("empty")).unwrap();
    refuse(&["train", "--resume", "empty"], 1, "empty: no checkpoint that can be used");
    let quick = ["train", "-q", "--hidden", "8", "--train-size", "200", "--epochs", "1"];
    succeeds(&barenet(place.path(), &[&quick[..], &["--out", "run"]].concat()));
    // The weights are damaged: what can be done is said, and helps.
    let best = place.path().join("run/best.safetensors");
    let whole = fs::read(&best).unwrap();
    for at in [3, whole.len() / 2, whole.len() - 1] {
        let mut bytes = whole.clone();
        bytes[at] ^= 1;
        fs::write(&best, &bytes).unwrap();
        refuse(&["eval", "run"], 1, "`barenet train --resume run` writes it anew");
    }
    fs::write(&best, &whole[..100]).unwrap();
    refuse(&["eval", "run"], 1, "`barenet train --resume run` writes it anew");
    succeeds(&barenet(place.path(), &["train", "-q", "--resume", "run"]));
    assert!(fs::read(&best).unwrap() == whole);
    // So it does of a run on data of one's own, with the data.
    let table: String = (0..60).map(|n| format!("{n},{}\n", ["p", "q"][n % 2])).collect();
    fs::write(place.path().join("t.csv"), format!("a,y\n{table}")).unwrap();
    let own = ["train", "-q", "--data", "t.csv", "--epochs", "2", "--out", "own"];
    succeeds(&barenet(place.path(), &own));
    fs::remove_file(place.path().join("own/best.safetensors")).unwrap();
    let data = ["eval", "own", "--data", "t.csv"];
    refuse(&data, 1, "`barenet train --resume own --data DATA` writes it anew");
    succeeds(&barenet(place.path(), &["train", "-q", "--resume", "own", "--data", "t.csv"]));
    succeeds(&barenet(place.path(), &data));
    fs::write(place.path().join("own/last.ckpt"), "damaged").unwrap();
    refuse(
        &["train", "--resume", "own", "--data", "t.csv"],
        1,
        "`barenet train --config own/config.toml --data DATA --out own --force` restarts the run",
    );
    let again = ["--config", "own/config.toml", "--data", "t.csv", "--out", "own", "--force"];
    succeeds(&barenet(place.path(), &[&["train", "-q"], &again[..]].concat()));
    let shorter = ["train", "-q", "--hidden", "8", "--train-size", "200", "--epochs", "3"];
    succeeds(&barenet(place.path(), &[&shorter[..], &["--out", "three"]].concat()));
    let fewer = ["train", "--resume", "three", "--epochs", "2"];
    refuse(
        &fewer,
        2,
        "--epochs 2: the run has done 3 iterations already, which is more than the 2 of 2 epochs",
    );
    let other = ["train", "--resume", "run", "--learning-rate", "1"];
    refuse(&other, 2, "a resumed run keeps its own settings");
    refuse(&["train", "--resume", "run", "--out", "x"], 2, "--out");
}
