//! Metrics that take all outputs at once, by which the best weights are chosen.

use crate::files::same_run;
use crate::program::{barenet, refused_in_one_line, stdout, succeeds};
use serde_json::Value;
use std::fs;
use std::path::Path;
use tempfile::TempDir;

const METRICS: [&str; 4] = ["balanced-accuracy", "f1", "auc", "r2"];

/// A table with a class of few rows, and one of numbers.
fn tables(folder: &Path) {
    let rows = |y: &dyn Fn(u32, f64) -> String| -> String {
        let row = |i: u32| {
            let (x, z) = (f64::from(i * 7919 % 1000) / 500.0, f64::from(i * 104_729 % 997) / 500.0);
            let x = if i.is_multiple_of(12) { x + 1.0 } else { x };
            format!("{x},{z},{}\n", y(i, x * z))
        };
        (0..600).map(row).collect()
    };
    let class =
        |i: u32, _: f64| ["rare", "usual", "usual too"][(i % 12).min(2) as usize].to_owned();
    fs::write(folder.join("classes.csv"), format!("x,z,class\n{}", rows(&class))).unwrap();
    let product = |_: u32, product: f64| product.to_string();
    fs::write(folder.join("numbers.csv"), format!("x,z,y\n{}", rows(&product))).unwrap();
}

fn table_of(metric: &str) -> &'static str {
    if metric == "r2" { "numbers.csv" } else { "classes.csv" }
}

fn train(folder: &Path, metric: &str, out: &str, more: &[&str]) {
    let data = table_of(metric);
    let arguments = ["train", "--data", data, "--metric", metric, "--out", out, "--epochs", "6"];
    succeeds(&barenet(folder, &[&arguments, more].concat()));
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

fn eval(folder: &Path, run: &str, data: &str, more: &[&str]) -> Value {
    let arguments = ["eval", run, "--data", data, "--json"];
    let output = barenet(folder, &[&arguments, more].concat());
    succeeds(&output);
    json(&stdout(&output))
}

#[test]
fn the_best_epoch_is_that_of_the_metric_and_every_command_finds_its_figure_again() {
    let place = TempDir::new().unwrap();
    tables(place.path());
    for (metric, key, name) in [
        ("balanced-accuracy", "balanced_acc", "balanced_accuracy"),
        ("f1", "f1", "f1"),
        ("auc", "auc", "auc"),
        ("r2", "r2", "r2"),
    ] {
        train(place.path(), metric, metric, &["--lr", "0.01"]);
        let run = place.path().join(metric);
        let summary = json(&fs::read_to_string(run.join("summary.json")).unwrap());
        let figure = |which: &str| summary[format!("{which}_{key}")].as_f64().unwrap();
        let events = fs::read_to_string(run.join("events.jsonl")).unwrap();
        let checks = events.lines().map(json).filter(|event| event["event"] == "epoch");
        let found: Vec<f64> =
            checks.map(|event| event[format!("val_{key}")].as_f64().unwrap()).collect();
        let best = found.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        assert_eq!(found.len(), 7, "{metric}");
        assert_eq!((figure("best_val"), figure("val")), (best, best), "{metric}");
        let first = found.iter().position(|&found| found == best).unwrap();
        assert_eq!(summary["best_epoch"], first, "{metric}");

        let test = eval(place.path(), metric, table_of(metric), &[]);
        assert_eq!(test[name].as_f64().unwrap(), figure("test"), "{metric}");
        // From the counts that eval prints: scikit-learn's definitions.
        if let Some(confusion) = test.get("confusion") {
            let counts: Vec<Vec<f64>> = serde_json::from_value(confusion.clone()).unwrap();
            let classes = 0..counts.len();
            let mean = |of: &dyn Fn(usize) -> f64| {
                classes.clone().map(of).sum::<f64>() / counts.len() as f64
            };
            let of_class = |c: usize| counts[c].iter().sum::<f64>();
            let named = |c: usize| counts.iter().map(|row| row[c]).sum::<f64>();
            let expected = match metric {
                "balanced-accuracy" => mean(&|c| counts[c][c] / of_class(c)),
                "f1" => mean(&|c| 2.0 * counts[c][c] / (of_class(c) + named(c))),
                _ => continue,
            };
            assert!((figure("test") - expected).abs() < 1e-6, "{metric}: {expected}");
        }
    }
}

#[test]
fn a_run_by_such_a_metric_is_the_same_at_any_thread_count_and_resumed() {
    let place = TempDir::new().unwrap();
    tables(place.path());
    for metric in METRICS {
        let name = |kind: &str| format!("{metric}-{kind}");
        train(place.path(), metric, &name("one"), &["--threads", "1"]);
        train(place.path(), metric, &name("two"), &["--threads", "2"]);
        same_run(place.path(), &name("one"), &name("two"));
        train(place.path(), metric, &name("resumed"), &["--epochs", "3"]);
        let run = name("resumed");
        let resume = ["train", "--data", table_of(metric), "--resume", &run, "--epochs", "6"];
        succeeds(&barenet(place.path(), &resume));
        for file in ["best.safetensors", "last.ckpt"] {
            let read = |run: &str| fs::read(place.path().join(run).join(file)).unwrap();
            assert!(read(&name("one")) == read(&run), "{metric}: {file}");
        }
    }
}

#[test]
fn an_export_is_refused_where_the_metric_of_its_run_is_worse_than_required() {
    let place = TempDir::new().unwrap();
    tables(place.path());
    for (metric, name) in [
        ("balanced-accuracy", "a balanced accuracy"),
        ("f1", "an F1"),
        ("auc", "an AUC"),
        ("r2", "an R²"),
    ] {
        train(place.path(), metric, metric, &[]);
        let export = |require: &str, out: &str| {
            let data = table_of(metric);
            let arguments = ["export", metric, "--data", data, "--format", "firmware"];
            let more = ["--dtype", "int8", "--out", out, "--require", require];
            barenet(place.path(), &[&arguments[..], &more].concat())
        };
        let message = format!("the exported network has {name} of ");
        refused_in_one_line(&export("1", "no"), 1, &[&message, "but --require asks for 1"]);
        let output = export("0.01", &format!("{metric}-net"));
        succeeds(&output);
        let before = stdout(&output).lines().filter(|line| line.contains(" before")).count();
        assert_eq!(before, 1, "{metric} alone: {}", stdout(&output));
    }
}

#[test]
fn anomalies_that_validate_choose_by_the_auc_and_leave_the_threshold_alone() {
    let place = TempDir::new().unwrap();
    // Normal rows lie on a line, others do not.
    let table = |others: usize, from: usize| -> String {
        let row = |i: usize| {
            let x = (i * 7919 % 1000) as f64 / 500.0;
            let (z, class) = if i % 50 < others { (3.0 - 2.0 * x, "odd") } else { (x, "good") };
            format!("{x},{z},{class}\n")
        };
        format!("x,z,class\n{}", (from..from + 400).map(row).collect::<String>())
    };
    for (name, others, from) in [("train", 10, 0), ("val", 20, 400), ("test", 20, 800)] {
        fs::write(place.path().join(name), table(others, from)).unwrap();
    }
    let run = |more: &[&str]| {
        let arguments =
            ["train", "--data", "train", "--val", "val", "--test", "test", "--out", "run"];
        let task = ["--task", "reconstruct", "--target", "class", "--normal", "good"];
        let size = ["--hidden", "8,1,8", "--epochs", "6", "--metric", "auc", "--force"];
        barenet(place.path(), &[&arguments[..], &task, &size, more].concat())
    };
    succeeds(&run(&[]));
    let summary = json(&fs::read_to_string(place.path().join("run/summary.json")).unwrap());
    assert!(summary["best_val_auc"].as_f64().unwrap() > 0.8, "{summary}");
    assert_eq!(summary["train_auc"], 0.5, "none but normal rows train");
    let found =
        eval(place.path(), "run", "train", &["--val", "val", "--test", "test", "--split", "val"]);
    assert_eq!(found["auc"], summary["val_auc"]);
    assert_eq!(found["anomaly_threshold"], summary["anomaly_threshold"]);
    // A hundredth of the 240 normal rows.
    assert_eq!(found["above_threshold"]["normal"], 3);

    fs::write(place.path().join("val"), table(0, 400)).unwrap();
    let parts = [
        "metric auc: none of the samples that validate is labelled as anything but normal",
        "--val",
    ];
    refused_in_one_line(&run(&[]), 2, &parts);
}

#[test]
fn a_metric_that_the_task_or_the_data_have_not_is_refused_in_a_line() {
    let place = TempDir::new().unwrap();
    tables(place.path());
    // Of targets that are all the same, none is explained: R² is 0, as scikit-learn has it, and chooses nothing.
    let numbers: String = (0..60).map(|x| format!("{x},{}\n", f64::from(x) / 7.0)).collect();
    fs::write(place.path().join("sevenths.csv"), format!("x,t\n{numbers}")).unwrap();
    fs::write(place.path().join("alike.csv"), "x,t\n1,0.1\n9,0.1\n30,0.1\n").unwrap();
    let of_alike = |more: &[&str]| {
        let arguments = ["train", "--data", "sevenths.csv", "--epochs", "2", "--force"];
        barenet(place.path(), &[&arguments, more, &["--out", "alike"]].concat())
    };
    let output = of_alike(&["--test", "alike.csv"]);
    succeeds(&output);
    let summary = fs::read(place.path().join("alike/summary.json")).unwrap();
    let summary: Value = serde_json::from_slice(&summary).unwrap();
    assert_eq!(summary["test_r2"], 0.0, "{summary}");
    let parts = ["metric r2: the samples that validate have all the same target", "--val"];
    refused_in_one_line(&of_alike(&["--val", "alike.csv", "--metric", "r2"]), 2, &parts);
    let refused = |data: &str, more: &[&str], parts: &[&str]| {
        let arguments = ["train", "--data", data, "--out", "run", "--epochs", "2"];
        refused_in_one_line(&barenet(place.path(), &[&arguments, more].concat()), 2, parts);
        assert!(!place.path().join("run").exists());
    };
    refused(
        "numbers.csv",
        &["--metric", "f1"],
        &["metric f1 is none of the loss mse", "mse, mae and r2"],
    );
    refused("numbers.csv", &["--metric", "auc"], &["metric auc: numbers take mse, mae or r2"]);
    refused(
        "classes.csv",
        &["--metric", "r2"],
        &["metric r2 is none of the loss softmax", "f1 and auc"],
    );
    let reconstruct = ["--task", "reconstruct", "--metric"];
    let with = |metric| [&reconstruct[..], &[metric]].concat();
    refused("numbers.csv", &with("r2"), &["metric r2: an autoencoder takes mse, mae or auc"]);
    refused(
        "numbers.csv",
        &with("auc"),
        &["metric auc: none of the samples that validate is labelled"],
    );
    let few = ["--metric", "auc", "--val-fraction", "0.003"];
    refused("classes.csv", &few, &["metric auc: none of the samples that validate is of class "]);
}
