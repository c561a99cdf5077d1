//! Tables: what is missing, what the first row is, what is kept as it is written, and what is refused.

use crate::program::{barenet, message, refused_in_one_line, stdout, succeeds};
use serde_json::Value;
use std::fs;
use std::path::Path;
use tempfile::TempDir;

fn train(folder: &Path, data: &str, more: &[&str]) -> std::process::Output {
    barenet(folder, &[&["train", "--data", data, "--out", "run"], more].concat())
}

#[test]
fn data_info_counts_missing_targets_and_training_says_what_to_do_about_them() {
    let place = TempDir::new().unwrap();
    // The first row lacks its input, and of the others three lack their target.
    let table = |first: &str, target: &dyn Fn(u32) -> String| -> String {
        let target = |n: u32| if n.is_multiple_of(10) { "?".to_owned() } else { target(n) };
        let rows = (0..30).map(|n| format!("{},{}\n", n * n % 7, target(n)));
        format!("x,y\n,{first}\n{}", rows.collect::<String>())
    };
    let classes = table("p", &|n| ["p", "q"][n as usize % 2].to_owned());
    let numbers = table("0.5", &|n| (f64::from(n) / 8.0).to_string());
    for (name, text) in [("classes.csv", classes), ("numbers.csv", numbers)] {
        fs::write(place.path().join(name), text).unwrap();
        let output = barenet(place.path(), &["data", "info", name]);
        succeeds(&output);
        let line =
            "warning: 3 of 31 rows lack the target y, and the figures here are without: fill it in";
        assert!(message(&output).contains(line), "{}", message(&output));
        assert!(stdout(&output).contains("rows      28; 1 column is"), "{}", stdout(&output));
        let output = barenet(place.path(), &["data", "info", name, "--json"]);
        let found: Value = serde_json::from_str(&stdout(&output)).unwrap();
        assert_eq!(found["table"]["missing_targets"], 3);
        assert_eq!(found["table"]["inputs"][0]["missing"], 1);
        let refusal = |more: &[&str]| train(place.path(), name, &[&["--missing"], more].concat());
        let parts = ["line 3, column \"y\": the cell is missing", "--missing drop"];
        refused_in_one_line(&refusal(&["mean"]), 1, &parts);
        assert!(!place.path().join("run").exists());
        succeeds(&train(place.path(), name, &["--missing", "drop", "--epochs", "1", "--force"]));
        fs::remove_dir_all(place.path().join("run")).unwrap();
    }
}

#[test]
fn names_that_numpy_writes_as_a_comment_are_those_of_the_columns() {
    let place = TempDir::new().unwrap();
    let row = |n: usize| format!("{}.5,{},{}\n", n % 7, n % 3, ["p", "q"][n % 2]);
    let rows: String = (0..40).map(row).collect();
    fs::write(place.path().join("a.csv"), format!("# one,two,kind\n{rows}")).unwrap();
    let output = train(place.path(), "a.csv", &["--ignore", "two", "--epochs", "1"]);
    succeeds(&output);
    assert!(stdout(&output).contains("classify kind from 1 column"), "{}", stdout(&output));
    fs::write(place.path().join("b.csv"), "# kind,one\np,1.5\n").unwrap();
    let output = barenet(place.path(), &["predict", "run", "b.csv"]);
    assert!(output.status.success() && stdout(&output).starts_with("kind\n"), "{output:?}");
    // One name too few is no name, and said.
    fs::write(place.path().join("a.csv"), format!("# one,two\n{rows}")).unwrap();
    let output = barenet(place.path(), &["data", "info", "a.csv"]);
    succeeds(&output);
    let part = "a.csv: the comment above the first row has 2 names, and the row 3 cells";
    assert!(message(&output).contains(part), "{}", message(&output));
    // A text alone above numbers is no reason to take the row for names: that is said too.
    let text = |n: usize| format!("{},{}.5,{}.25,{}\n", ["Rome", "Bern"][n % 2], n % 7, n % 3, n);
    let towns: String = (0..40).map(text).collect();
    fs::write(place.path().join("a.csv"), format!("town,1,2,3\n{towns}")).unwrap();
    let output = barenet(place.path(), &["data", "info", "a.csv"]);
    assert!(message(&output).contains("the first row, town and so on"), "{}", message(&output));
    // A text among the numbers of a table that is answered for.
    fs::write(place.path().join("c.csv"), "one\n?\nx\n").unwrap();
    let output = barenet(place.path(), &["predict", "run", "c.csv"]);
    let parts =
        ["c.csv, line 3, column \"one\": \"x\" is no number, and the column was of numbers"];
    refused_in_one_line(&output, 1, &parts);
}

#[test]
fn kept_columns_stay_in_their_order_and_as_they_are_written() {
    let place = TempDir::new().unwrap();
    let row = |n: usize| format!("{},{}.50,{}\n", 16_777_217 + n, n % 7, ["q", "p"][n % 2]);
    let rows: String = (0..40).map(row).collect();
    fs::write(place.path().join("a.csv"), format!("z,b,a\n{rows}")).unwrap();
    succeeds(&train(place.path(), "a.csv", &["--ignore", "z", "--epochs", "1"]));
    let output = barenet(place.path(), &["predict", "run", "a.csv", "--keep"]);
    assert!(stdout(&output).starts_with("z,b,a,predicted a\n16777217,0.50,q,"), "{output:?}");
    let output = barenet(place.path(), &["predict", "run", "a.csv", "--keep", "--json"]);
    let start = "{\"row\":{\"z\":16777217,\"b\":0.50,\"a\":\"q\"},\"a\":";
    let found = stdout(&output);
    assert!(found.starts_with(start) && found.contains(",\"probabilities\":{\"p\":"), "{found}");
    let lines = found.lines().map(serde_json::from_str::<Value>);
    assert_eq!(lines.filter(Result::is_ok).count(), 40);
}

#[test]
fn a_fold_of_none_is_refused() {
    let place = TempDir::new().unwrap();
    fs::write(place.path().join("a.csv"), "x,y\n1,p\n2,q\n3,p\n4,q\n").unwrap();
    let output = train(place.path(), "a.csv", &["--fold", "2"]);
    refused_in_one_line(&output, 2, &["fold is 2, and nothing says of how many", "folds"]);
    assert!(!place.path().join("run").exists());
}
