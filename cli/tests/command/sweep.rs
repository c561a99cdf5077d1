//! `barenet sweep`: killed and resumed to the same bytes, on the terminal, in a report, and refused in a line.

use crate::program::{barenet, command, message, refused_in_one_line, stdout, succeeds};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// A table that `barenet-data` is tested with too.
const IRIS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../data/tests/tables/iris.csv");

const HALVED: &str = "method = \"random\"\ntrials = 5\n[settings]\nnum_epochs = 40\n[parameters]\n\
                      learning_rate = { min = 1e-4, max = 1e-1, log = true }\nhidden = { values = [[8], [8, 8], []] }\n\
                      [halving]\nmin_epochs = 4\n";

/// All files of a sweep whose bytes no time is in.
fn files(sweep: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut all = BTreeMap::new();
    let mut folders = vec![sweep.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if !path.ends_with(".lock") && !path.ends_with("summary.json") {
                let name = path.strip_prefix(sweep).unwrap().display().to_string();
                all.insert(name, fs::read(path).unwrap());
            }
        }
    }
    all
}

#[test]
fn a_sweep_that_is_killed_again_and_again_ends_with_the_same_files() {
    let place = TempDir::new().unwrap();
    fs::write(place.path().join("s.toml"), HALVED).unwrap();
    let arguments = |out: &'static str, jobs| {
        ["sweep", "s.toml", "--data", IRIS, "-q", "--jobs", jobs, "--out", out]
    };
    let begin = Instant::now();
    succeeds(&barenet(place.path(), &arguments("whole", "1")));
    let length = begin.elapsed();
    let mut kills = 0;
    loop {
        let jobs = ["1", "2"][kills % 2];
        let mut child = command(place.path(), &arguments("killed", jobs))
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        if kills < 6 {
            let share = u32::try_from(kills * 37 % 60).unwrap();
            std::thread::sleep(length * (10 + share) / 100 + Duration::from_millis(1));
            child.kill().unwrap();
            kills += 1;
        }
        let output = child.wait_with_output().unwrap();
        if output.status.success() {
            break;
        }
        assert_eq!(message(&output), "", "killed");
    }
    let (whole, killed) = (files(&place.path().join("whole")), files(&place.path().join("killed")));
    assert!(whole.keys().eq(killed.keys()), "{:?}\n{:?}", whole.keys(), killed.keys());
    for (name, bytes) in &whole {
        assert!(killed[name] == *bytes, "{name}");
    }
}

#[test]
fn processes_that_were_started_together_share_the_trials_and_wait_where_they_are_compared() {
    let place = TempDir::new().unwrap();
    fs::write(place.path().join("s.toml"), HALVED).unwrap();
    let sweep = |out| ["sweep", "s.toml", "--data", IRIS, "--jobs", "1", "--out", out];
    succeeds(&barenet(place.path(), &[&sweep("alone")[..], &["-q"]].concat()));
    // More processes than trials: the last has nothing to do.
    let started: Vec<_> = (0..6)
        .rev()
        .map(|rank: usize| {
            let mut process = command(place.path(), &sweep("together"));
            process.env("OMPI_COMM_WORLD_RANK", rank.to_string());
            process.env("OMPI_COMM_WORLD_SIZE", "6");
            process.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
        })
        .collect();
    for (number, process) in started.into_iter().enumerate() {
        let output = process.wait_with_output().unwrap();
        succeeds(&output);
        assert_eq!(message(&output), "", "{number}");
        let shows = stdout(&output).contains("the best is trial-");
        assert_eq!(shows, number == 5, "{}", stdout(&output));
    }
    let (alone, together) =
        (files(&place.path().join("alone")), files(&place.path().join("together")));
    assert!(alone == together, "{:?}\n{:?}", alone.keys(), together.keys());
}

#[test]
fn the_best_trial_is_shown_trained_anew_and_reported() {
    let place = TempDir::new().unwrap();
    let grid = "[parameters]\nlearning_rate = { values = [1e-3, 1e30] }\n";
    fs::write(place.path().join("lr.toml"), grid).unwrap();
    let sweep = ["sweep", "lr.toml", "--data", IRIS, "--epochs", "5"];
    let output = barenet(place.path(), &sweep);
    succeeds(&output);
    let printed = stdout(&output);
    for part in [
        "sweep     2 trials, all combinations: learning_rate",
        "trial-0002  the loss is not a finite number at iteration 1   learning_rate 1e30",
        "rank  run         state     val log_loss  epoch  epochs  learning_rate",
        "   2  trial-0002  diverged             -",
        "the best is trial-0001: learning_rate 0.001",
        "barenet train --config runs/lr/best.toml --data ",
    ] {
        assert!(printed.contains(part), "{part}\n{printed}");
    }
    // There is nothing left to do, and the result is the same.
    let output = barenet(place.path(), &[&sweep[..], &["--json"]].concat());
    let lines: Vec<Value> =
        stdout(&output).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 1);
    assert_eq!((&lines[0]["best"], &lines[0]["out"]), (&"trial-0001".into(), &"runs/lr".into()));
    assert_eq!(lines[0]["trials"][1]["diverged_at"], 1);

    let again = ["train", "--config", "runs/lr/best.toml", "--data", IRIS, "--out", "again", "-q"];
    succeeds(&barenet(place.path(), &again));
    let weights = |run: &str| fs::read(place.path().join(run).join("best.safetensors")).unwrap();
    assert!(weights("again") == weights("runs/lr/trial-0001"));

    let output = barenet(place.path(), &["report", "runs/lr", "again"]);
    succeeds(&output);
    assert_eq!(stdout(&output), "report.html: a report of 2 runs\n");
    let page = fs::read_to_string(place.path().join("report.html")).unwrap();
    let trials = ["trial-0001", "its loss was not a finite number in its first step"];
    assert!(trials.iter().all(|part| page.contains(part)));
    // Another file of that name is another sweep.
    fs::write(place.path().join("lr.toml"), grid.replace("1e-3", "1e-2")).unwrap();
    succeeds(&barenet(place.path(), &[&sweep[..], &["-q"]].concat()));
    assert!(place.path().join("runs/lr-2/best.toml").is_file());
}

#[test]
fn what_cannot_be_swept_is_refused_in_a_line_before_anything_is_written() {
    let place = TempDir::new().unwrap();
    let grid = "[parameters]\nreg = { values = [0, 1] }\n";
    fs::write(place.path().join("s.toml"), grid).unwrap();
    fs::write(place.path().join("bad.toml"), "\n[parameters]\nrge = { values = [0, 1] }\n")
        .unwrap();
    fs::write(place.path().join("halved.toml"), format!("{grid}[halving]\nmin_epochs = 9\n"))
        .unwrap();
    let metrics = "[parameters]\nmetric = { values = [\"auc\", \"f1\"] }\n";
    fs::write(place.path().join("metrics.toml"), metrics).unwrap();
    for (arguments, code, problem) in [
        (&["nothing.toml"][..], 1, "nothing.toml: cannot be read"),
        (&["bad.toml"], 2, "bad.toml:3: there is no setting `rge`; did you mean reg?"),
        (&["s.toml", "--data", "nothing.csv"], 1, "nothing.csv"),
        (
            &["s.toml", "--reg", "1"],
            2,
            "reg differs from trial to trial, and a flag sets it for all",
        ),
        (&["s.toml", "--jobs", "0"], 2, "--jobs must be at least 1"),
        (&["s.toml", "--train-size", "10000000"], 2, "trial-0001: train_size"),
        (&["halved.toml", "--epochs", "9"], 2, "no trial would end earlier"),
        (&["metrics.toml", "--data", IRIS], 2, "trials are compared by one; name it with --metric"),
        (&["s.toml", "--data", IRIS, "--folds", "3"], 2, "name it with --fold"),
        (&["s.toml", "--from", "runs/a"], 2, "--from is for `train`"),
        (&["s.toml", "--out", "s.toml"], 1, "is no folder; choose another --out"),
        (&["s.toml", "--hidden", "1000000,1000000"], 1, "not enough memory"),
    ] {
        let output = barenet(place.path(), &[&["sweep"], arguments].concat());
        refused_in_one_line(&output, code, &[problem]);
        assert!(!place.path().join("runs").exists(), "{arguments:?}");
    }
    // Nor is anything replaced that barenet did not write.
    for name in ["leaderboard.csv", "best.toml", "sweep.toml"] {
        fs::create_dir(place.path().join("theirs")).unwrap();
        fs::write(place.path().join("theirs").join(name), "mine").unwrap();
        let output = barenet(place.path(), &["sweep", "s.toml", "--data", IRIS, "--out", "theirs"]);
        refused_in_one_line(&output, 1, &[&format!("{name}: in the way")]);
        assert_eq!(files(&place.path().join("theirs")).len(), 1);
        fs::remove_dir_all(place.path().join("theirs")).unwrap();
    }
}
