//! Names of runs that have no `--out`: those of their data, or of their preset.

use crate::program::{barenet, quick, stdout, succeeds};
use serde_json::Value;
use std::fs;
use tempfile::TempDir;

/// A table that `barenet-data` is tested with too.
const IRIS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../data/tests/tables/iris.csv");

#[test]
fn a_run_on_data_of_ones_own_is_called_after_them_and_so_is_its_crate() {
    let place = TempDir::new().unwrap();
    fs::copy(IRIS, place.path().join("ma mère's \"irises\".csv")).unwrap();
    let data = ["--data", "ma mère's \"irises\".csv"];
    let run = |arguments: &[&str]| {
        let output = barenet(place.path(), &[arguments, &data].concat());
        succeeds(&output);
        stdout(&output)
    };
    let summary = |run: &str| -> Value {
        let file = place.path().join(run).join("summary.json");
        serde_json::from_slice(&fs::read(file).unwrap()).unwrap()
    };
    let train = ["train", "--epochs", "1", "--hidden", "3"];
    let text = run(&train);
    assert!(text.contains("runs/ma-mère-s-irises"), "{text}");
    run(&train);
    // Its settings again, which name the preset of all such data.
    let config = "runs/ma-mère-s-irises/config.toml";
    run(&["train", "-q", "--config", config]);
    // A file without a preset.
    fs::write(place.path().join("mine.toml"), "num_epochs = 1\nhidden = [3]\n").unwrap();
    run(&["train", "-q", "--config", "mine.toml"]);
    for number in ["", "-2", "-3", "-4"] {
        let name = format!("runs/ma-mère-s-irises{number}");
        assert_eq!(summary(&name)["name"], "ma-mère-s-irises", "{name}");
    }
    run(&["train", "-q", "--resume", "runs/ma-mère-s-irises", "--epochs", "2"]);
    assert_eq!(summary("runs/ma-mère-s-irises")["name"], "ma-mère-s-irises");
    run(&[&train[..], &["--folds", "2"]].concat());
    let fold = "runs/ma-mère-s-irises-folds/fold-2";
    assert_eq!(summary(fold)["name"], "ma-mère-s-irises");
    let text = run(&["export", "runs/ma-mère-s-irises", "--format", "firmware"]);
    assert!(text.contains("crate     ma-m-re-s-irises-net in "), "{text}");

    // Another preset is named on purpose, and so is a run to start from.
    run(&["train", "-q", "--epochs", "1", "--hidden", "3", "--preset", "w1"]);
    assert_eq!(summary("runs/w1")["name"], "w1");
    run(&["train", "-q", "--epochs", "1", "--from", "runs/w1"]);
    assert_eq!(summary("runs/w1-2")["name"], "w1");
    assert_eq!(fs::read_dir(place.path().join("runs")).unwrap().count(), 7);
}

#[test]
fn a_run_on_the_data_of_the_course_is_called_after_its_preset() {
    let place = TempDir::new().unwrap();
    succeeds(&quick(place.path(), &["-q"]));
    assert!(place.path().join("runs/two-layer/summary.json").exists());
}
