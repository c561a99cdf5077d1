//! `train --tensorboard`, read back by TensorBoard.

#![cfg(feature = "tensorboard")]

use crate::program::{barenet, message, quick, succeeds};
use crate::python::{python, run_python};
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// Prints tags, and of each the steps and values, of the runs in a folder.
const READ: &str = r#"
import json, sys
from tensorboard.backend.event_processing.event_multiplexer import EventMultiplexer
runs = EventMultiplexer(size_guidance={"scalars": 0, "tensors": 0}).AddRunsFromDirectory(sys.argv[1]).Reload()
def scalars(run):
    events = runs.GetAccumulator(run)
    return {tag: [[e.step, e.value] for e in events.Scalars(tag)] for tag in events.Tags()["scalars"]}
print(json.dumps({run: scalars(run) for run in runs.Runs()}))
"#;

fn event_files(run: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(run).unwrap().map(|entry| entry.unwrap().path());
    let is_of_board = |path: &PathBuf| path.to_str().unwrap().contains("tfevents");
    entries.filter(is_of_board).collect()
}

/// What the log of a run has, as TensorBoard is to have it: numbers of 32 bits.
fn logged(run: &Path) -> Value {
    let mut loss = Vec::new();
    let tags = ["train_acc", "val_acc", "grad_norm", "weight_norm"];
    let mut checks = tags.map(|_| Vec::new());
    for line in fs::read_to_string(run.join("events.jsonl")).unwrap().lines() {
        let event: Value = serde_json::from_str(line).unwrap();
        let number = |key: &str| f64::from(event[key].as_f64().unwrap() as f32);
        match event["event"].as_str().unwrap() {
            "step" => loss.push(json!([event["iteration"], number("loss")])),
            "epoch" => {
                let step = json!(loss.len());
                for (tag, check) in tags.iter().zip(&mut checks) {
                    check.push(json!([step, number(tag)]));
                }
            }
            _ => {}
        }
    }
    let [train, val, gradients, weights] = checks;
    json!({
        "loss": loss, "train_acc": train, "val_acc": val, "grad_norm": gradients, "weight_norm": weights
    })
}

#[test]
fn tensorboard_reads_the_numbers_of_the_log_of_whole_and_resumed_runs() {
    let place = TempDir::new().unwrap();
    let more = ["--tensorboard", "--schedule", "cosine", "--batch-size", "50"];
    let whole = [&more[..], &["--epochs", "3", "--out", "runs/whole"]].concat();
    succeeds(&quick(place.path(), &whole));
    // Another number of epochs would be another schedule.
    let longer = ["--tensorboard", "--batch-size", "50", "--out", "runs/longer"];
    succeeds(&quick(place.path(), &longer));
    let [whole, longer] = ["runs/whole", "runs/longer"].map(|run| place.path().join(run));
    let first = event_files(&longer);
    // It goes on by itself.
    succeeds(&barenet(place.path(), &["train", "--resume", "runs/longer", "--epochs", "4"]));
    assert_ne!(event_files(&longer), first);
    assert_eq!((event_files(&longer).len(), event_files(&whole).len()), (1, 1));

    let Some(python) = python("tensorboard") else { return };
    let found = run_python(&python, place.path(), READ, &["runs"]);
    for (name, run, steps) in [("whole", &whole, 18), ("longer", &longer, 24)] {
        let (found, logged) = (&found[name], logged(run));
        assert_eq!(found["loss"].as_array().unwrap().len(), steps, "{name}: {found}");
        for tag in ["loss", "train_acc", "val_acc", "grad_norm", "weight_norm"] {
            assert_eq!(found[tag], logged[tag], "{name}: {tag}");
        }
    }
    let rates = found["whole"]["learning_rate"].as_array().unwrap();
    let rates: Vec<_> = rates.iter().map(|event| event[1].as_f64().unwrap()).collect();
    assert!(rates.len() == 4 && rates[0] > rates[1] && rates[1] > rates[3], "{rates:?}");
}

#[test]
fn a_run_has_an_event_file_if_it_is_asked_for_and_a_new_run_has_none_of_the_one_before() {
    let place = TempDir::new().unwrap();
    let run = place.path().join("run");
    succeeds(&quick(place.path(), &["-q", "--out", "run"]));
    assert_eq!(event_files(&run), [] as [PathBuf; 0]);
    let output = quick(place.path(), &["-q", "--out", "run", "--force", "--tensorboard"]);
    succeeds(&output);
    assert_eq!((event_files(&run).len(), message(&output)), (1, String::new()));
    succeeds(&quick(place.path(), &["-q", "--out", "run", "--force"]));
    assert_eq!(event_files(&run), [] as [PathBuf; 0]);
    succeeds(&barenet(place.path(), &["train", "-q", "--resume", "run", "--epochs", "3"]));
    assert_eq!(event_files(&run), [] as [PathBuf; 0]);
}
