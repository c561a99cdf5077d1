//! The range test: a rate that trains, a plot, and nothing else.

use crate::program::{barenet, refused_in_one_line, stdout, succeeds};
use serde_json::Value;
use std::fs;
use tempfile::TempDir;

/// A table that `barenet-data` is tested with too.
const IRIS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../data/tests/tables/iris.csv");

#[test]
fn what_is_suggested_is_a_flag_that_train_takes_and_learns_with() {
    let place = TempDir::new().unwrap();
    let output = barenet(place.path(), &["find-lr", "--data", IRIS, "-q"]);
    succeeds(&output);
    let flag = stdout(&output);
    let words: Vec<_> = flag.split_whitespace().collect();
    assert_eq!((words.len(), words[0]), (2, "--lr"), "{flag}");
    let train = ["train", "--data", IRIS, "--epochs", "40", "--out", "run", "-q"];
    succeeds(&barenet(place.path(), &[&train[..], &words].concat()));
    let summary = fs::read(place.path().join("run/summary.json")).unwrap();
    let summary: Value = serde_json::from_slice(&summary).unwrap();
    let accuracy = summary["test_accuracy"].as_f64().unwrap();
    assert!(accuracy > 0.85, "{flag}: {accuracy}");
    let svg = fs::read_to_string(place.path().join("find-lr.svg")).unwrap();
    assert!(svg.contains("Range test of the learning rate – iris"), "{svg}");
}

#[test]
fn rates_grow_until_the_loss_is_too_large_and_the_same_seed_gives_the_same_losses() {
    let place = TempDir::new().unwrap();
    let find = |more: &[&str]| -> Value {
        let small = ["find-lr", "--hidden", "8", "--train-size", "2000", "--json", "--steps", "60"];
        let output = barenet(place.path(), &[&small[..], more].concat());
        succeeds(&output);
        serde_json::from_str(&stdout(&output)).unwrap()
    };
    let found = find(&["--threads", "1"]);
    let numbers = |name: &str| -> Vec<f64> {
        let numbers = found[name].as_array().unwrap().iter();
        numbers.map(|number| number.as_f64().unwrap()).collect()
    };
    let (rates, losses) = (numbers("rates"), numbers("losses"));
    assert_eq!(rates.len(), losses.len());
    assert!(rates.windows(2).all(|pair| pair[0] < pair[1]), "{rates:?}");
    // So high a rate makes an end of it.
    assert!(rates.len() < 60 || found["diverged"] == true, "{found}");
    let suggestion = found["suggestion"].as_f64().unwrap();
    assert!(rates[0] < suggestion && suggestion < found["least"]["rate"].as_f64().unwrap());
    assert_eq!(find(&["--threads", "3"]), found);
}

#[test]
fn what_cannot_be_tested_is_refused_and_no_other_file_is_replaced() {
    let place = TempDir::new().unwrap();
    let find =
        |more: &[&str]| barenet(place.path(), &[&["find-lr", "--data", IRIS], more].concat());
    for (more, problem) in [
        (&["--steps", "3"][..], "at least 10 steps, found 3"),
        (&["--lowest", "1", "--highest", "0.5"], "the rates go from 1.0 to 0.5"),
        (&["--lowest", "-1"], "the rates go from -1.0"),
        (&["--highest", "inf"], "to inf"),
        (&["--batch-size", "1000"], "batch_size is 1000"),
    ] {
        refused_in_one_line(&find(more), 2, &[problem]);
    }
    let output = find(&["--lowest", "1e-12", "--highest", "1e-11"]);
    refused_in_one_line(&output, 1, &["falls at none of these rates", "--lowest"]);
    fs::write(place.path().join("mine.svg"), "<svg/>").unwrap();
    refused_in_one_line(&find(&["--out", "mine.svg"]), 1, &["barenet did not draw"]);
    refused_in_one_line(&find(&["--out", "mine.png"]), 2, &["name a file that ends in .svg"]);
    assert_eq!(fs::read(place.path().join("mine.svg")).unwrap(), b"<svg/>");
}
