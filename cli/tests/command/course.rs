//! `barenet course`: the document's figures beside ours.

use crate::program::{barenet, command, message, refused, refused_in_one_line, stdout, succeeds};
use serde_json::Value;
use tempfile::TempDir;

#[test]
fn what_needs_no_data_agrees_and_the_rest_says_what_it_lacks() {
    let place = TempDir::new().unwrap();
    let output = barenet(place.path(), &["course"]);
    succeeds(&output);
    let printed = stdout(&output);
    assert!(printed.contains("\nRMSProp and Adam (adam)\n"), "{printed}");
    assert!(printed.contains("2.3025458445  2.3025458445  yes, 10 digits"), "{printed}");
    assert_eq!(printed.matches("not run, CIFAR-10 was not found").count(), 6, "{printed}");
    assert!(printed.contains("\n47 of 47 figures agree with the document; 6 sections without"));
    let quick = stdout(&barenet(place.path(), &["course", "--quick"]));
    assert_eq!(quick.matches("left out with --quick").count(), 6, "{quick}");
}

#[test]
fn sections_are_named_and_programs_read_them() {
    let place = TempDir::new().unwrap();
    let output = barenet(place.path(), &["course", "losses", "relu-forward", "--json"]);
    succeeds(&output);
    let found: Value = serde_json::from_str(&stdout(&output)).unwrap();
    let names = found["sections"].as_array().unwrap().iter().map(|section| &section["name"]);
    assert!(names.eq(["relu-forward", "losses"]), "{found}");
    let check = &found["sections"][1]["checks"][0];
    assert_eq!(check["document"], 8.999602749096233, "{check}");
    assert_eq!((&check["agrees"], &found["failed"]), (&Value::Bool(true), &Value::from(0)));
}

#[test]
fn a_section_that_was_asked_for_and_cannot_run_is_a_failure() {
    let place = TempDir::new().unwrap();
    let output = barenet(place.path(), &["course", "solver"]);
    refused_in_one_line(&output, 1, &["solver: not run, CIFAR-10 was not found"]);
    let output = barenet(place.path(), &["course", "best", "--data", "builtin"]);
    refused_in_one_line(&output, 1, &["built-in", "not CIFAR-10", "--data"]);
    refused(&barenet(place.path(), &["course", "softmax"]), 2, &["softmax", "losses"]);
    let output = barenet(place.path(), &["course", "--quick", "--data", "x"]);
    refused(&output, 2, &["--quick", "--data"]);
}

#[test]
fn trainings_agree_on_cifar10() {
    let Some(cifar10) = std::env::var_os("CIFAR10_DIR") else {
        eprintln!("skipped: CIFAR10_DIR does not say where CIFAR-10 is");
        return;
    };
    let place = TempDir::new().unwrap();
    let mut course = command(place.path(), &["course", "data", "overfit", "--json", "--data"]);
    let output = course.arg(cifar10).output().unwrap();
    succeeds(&output);
    let found: Value = serde_json::from_str(&stdout(&output)).unwrap();
    assert_eq!(found["sections"][0]["checks"][0]["ours"], 49_000.0, "{found}");
    // First loss, 21 epochs of two accuracies, what the text asks for, and the last and the best accuracy, of both.
    assert_eq!(found["checks"], 3 + 2 * (1 + 2 * 21 + 1 + 2), "{}", message(&output));
    assert_eq!(found["failed"], 0);
}
