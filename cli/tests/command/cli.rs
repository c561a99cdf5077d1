//! The command as a process: exit status, messages, files.

use crate::program::{QUICK, barenet, command, quick, refused_in_one_line, stdout, succeeds};
use std::fs;
use tempfile::TempDir;

#[test]
fn a_run_leaves_every_file_it_promises() {
    let place = TempDir::new().unwrap();
    let mut command = command(place.path(), &[&QUICK[..], &["--out", "run"]].concat());
    let output = command.env_remove("CIFAR10_DIR").output().unwrap();
    succeeds(&output);
    let lines = stdout(&output);
    assert!(lines.contains("built-in images (CIFAR-10 was not found"), "{lines}");
    assert!(lines.contains("(Iteration 1 / 2) loss: 2."), "{lines}");
    assert!(lines.contains("(Epoch 2 / 2) train acc: 0."), "{lines}");
    for (file, start) in [
        ("config.toml", &b"preset = \"two-layer\"\n"[..]),
        ("events.jsonl", b"{\"event\":\"start\""),
        ("summary.json", b"{\n  \"name\": \"two-layer\""),
        ("training.svg", b"<svg"),
        ("training.png", b"\x89PNG"),
        ("report.html", b"<!DOCTYPE html>\n<!-- drawn by barenet -->\n"),
    ] {
        let bytes = fs::read(place.path().join("run").join(file)).unwrap();
        assert!(bytes.starts_with(start), "{file}");
    }
    let summary: serde_json::Value =
        serde_json::from_slice(&fs::read(place.path().join("run/summary.json")).unwrap()).unwrap();
    for key in [
        "best_val_acc",
        "val_acc",
        "test_acc",
        "num_params",
        "samples_per_second",
        "seconds",
        "backend",
        "threads",
        "dtype",
        "seed",
    ] {
        assert!(!summary[key].is_null(), "{key}");
    }
    assert_eq!(summary["num_params"], 3072 * 8 + 8 + 8 * 10 + 10);
    let names = fs::read_dir(place.path().join("run")).unwrap().count();
    assert_eq!(names, 9, "nothing is left but the seven files, the checkpoint and the lock");
}

#[test]
fn eval_gives_the_accuracy_that_the_run_summed_up() {
    let place = TempDir::new().unwrap();
    succeeds(&quick(place.path(), &["--out", "run", "-q", "--batchnorm"]));
    let summary: serde_json::Value =
        serde_json::from_slice(&fs::read(place.path().join("run/summary.json")).unwrap()).unwrap();
    for (split, key) in [("val", "val_acc"), ("test", "test_acc")] {
        let output = barenet(place.path(), &["eval", "run", "--split", split, "--json"]);
        let result: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(result["accuracy"], summary[key], "{split}");
    }
    assert_eq!(summary["val_acc"], summary["best_val_acc"]);
}

#[test]
fn a_run_can_be_repeated_from_its_configuration() {
    let place = TempDir::new().unwrap();
    let first = quick(place.path(), &["--out", "a", "--seed", "7", "--dtype", "f64", "-q"]);
    succeeds(&first);
    assert!(first.stdout.is_empty() && first.stderr.is_empty(), "quiet is quiet");
    let again = barenet(place.path(), &["train", "--config", "a/config.toml", "--out", "b", "-q"]);
    succeeds(&again);
    for file in ["best.safetensors", "events.jsonl", "config.toml", "training.png"] {
        let read = |run: &str| fs::read(place.path().join(run).join(file)).unwrap();
        assert!(read("a") == read("b"), "{file} differs");
    }
}

#[test]
fn runs_without_a_folder_number_themselves() {
    let place = TempDir::new().unwrap();
    succeeds(&quick(place.path(), &["-q"]));
    succeeds(&quick(place.path(), &["-q"]));
    assert!(place.path().join("runs/two-layer/best.safetensors").is_file());
    assert!(place.path().join("runs/two-layer-2/best.safetensors").is_file());
}

#[test]
fn a_folder_that_holds_a_run_is_not_overwritten() {
    let place = TempDir::new().unwrap();
    succeeds(&quick(place.path(), &["-q", "--out", "run"]));
    let again = quick(place.path(), &["-q", "--out", "run"]);
    refused_in_one_line(&again, 1, &["run: holds another run", "--force"]);
    succeeds(&quick(place.path(), &["-q", "--out", "run", "--force"]));
}

#[test]
fn figures_of_the_course_stand_only_beside_its_own_experiment() {
    let place = TempDir::new().unwrap();
    // 60,000 black images of the first class are what CIFAR-10 looks like to the program.
    let names = (1..=5).map(|i| format!("data_batch_{i}.bin")).chain(["test_batch.bin".into()]);
    fs::create_dir(place.path().join("black")).unwrap();
    for name in names {
        let file = fs::File::create(place.path().join("black").join(name)).unwrap();
        file.set_len(30_730_000).unwrap();
    }
    let has_column = |more: &[&str]| {
        let arguments = [&["train", "--preset", "overfit-three-layer"], more].concat();
        let output = barenet(place.path(), &arguments);
        succeeds(&output);
        let lines = stdout(&output);
        let header = lines.lines().find(|line| line.contains("this run")).unwrap();
        assert_eq!(header.contains("course"), lines.contains("    2.348\n"), "{lines}");
        header.contains("course")
    };
    let black = ["--data", "black"];
    assert!(has_column(&black));
    assert!(has_column(
        &[&black[..], &["--seed", "5", "--dtype", "f32", "--threads", "1"]].concat()
    ));
    assert!(!has_column(&[&black[..], &["--epochs", "1"]].concat()));
    assert!(!has_column(&[&black[..], &["--reg", "0.1"]].concat()));
    assert!(!has_column(&[]), "on built-in images");
}

#[test]
fn a_loss_that_is_not_finite_stops_the_run_and_keeps_the_best_weights() {
    let place = TempDir::new().unwrap();
    let arguments = ["--out", "run", "-q", "--epochs", "9"];
    let output = quick(place.path(), &[&["--learning-rate", "1e3"], &arguments[..]].concat());
    refused_in_one_line(&output, 1, &["not a finite number at iteration", "--learning-rate"]);
    let events = fs::read_to_string(place.path().join("run/events.jsonl")).unwrap();
    assert!(events.trim_end().lines().last().unwrap().starts_with("{\"event\":\"diverged\""));
    let output = barenet(place.path(), &["eval", "run"]);
    succeeds(&output);
}

#[test]
fn weights_that_are_missing_beside_a_checkpoint_are_written_anew_by_what_the_message_says() {
    let place = TempDir::new().unwrap();
    succeeds(&quick(place.path(), &["--out", "run"]));
    let summary = || fs::read_to_string(place.path().join("run/summary.json")).unwrap();
    let before = summary();
    fs::remove_file(place.path().join("run/best.safetensors")).unwrap();
    let output = barenet(place.path(), &["eval", "run"]);
    refused_in_one_line(&output, 1, &["best.safetensors is missing", "train --resume run`"]);
    let resume = || succeeds(&barenet(place.path(), &["train", "--resume", "run", "--quiet"]));
    resume();
    succeeds(&barenet(place.path(), &["eval", "run"]));
    assert_eq!(summary(), before, "the speed is that of the command that trained");
    fs::remove_file(place.path().join("run/summary.json")).unwrap();
    resume();
    let summary = summary();
    assert!(summary.contains("\"samples_per_second\": 0.0"), "{summary}");
}

#[test]
fn compare_plots_all_rules_together() {
    let place = TempDir::new().unwrap();
    let arguments = [
        "compare",
        "--update-rules",
        "sgd,adamw",
        "--hidden",
        "8",
        "--train-size",
        "300",
        "--epochs",
        "2",
        "--out",
        "c",
        "--json",
    ];
    let output = barenet(place.path(), &arguments);
    let result: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(result["runs"][1]["update_rule"], "adamw");
    let svg = fs::read_to_string(place.path().join("c/comparison.svg")).unwrap();
    assert!(svg.contains("Validation accuracy") && svg.contains("adamw"));
    assert!(place.path().join("c/comparison.png").is_file());
}

#[test]
fn gradcheck_meets_the_document() {
    let place = TempDir::new().unwrap();
    let output = barenet(place.path(), &["gradcheck"]);
    succeeds(&output);
    assert!(stdout(&output).contains("2.3025458445    2.3025458445"));
}

#[test]
fn help_shows_examples_and_every_subcommand() {
    let place = TempDir::new().unwrap();
    let help = stdout(&barenet(place.path(), &["--help"]));
    for word in ["train", "eval", "export", "compare", "gradcheck", "presets", "data", "Examples:"]
    {
        assert!(help.contains(word), "{word}");
    }
    assert_eq!(barenet(place.path(), &[] as &[&str]).status.code(), Some(2));
}

#[test]
fn presets_are_files_that_train_reads() {
    let place = TempDir::new().unwrap();
    let preset = barenet(place.path(), &["presets", "six-layer-adam"]);
    fs::write(place.path().join("p.toml"), &preset.stdout).unwrap();
    let output = barenet(
        place.path(),
        &[
            "train",
            "--config",
            "p.toml",
            "--epochs",
            "1",
            "--train-size",
            "200",
            "-q",
            "--out",
            "run",
        ],
    );
    succeeds(&output);
}
