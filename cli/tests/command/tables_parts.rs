//! Tables given apart, rows that are left out, and settings that do nothing with them: what is said in a line.

use crate::program::{barenet, message, refused_in_one_line, stdout, succeeds};
use serde_json::Value;
use std::fs;
use std::path::Path;
use std::process::Output;
use tempfile::TempDir;

fn train(folder: &Path, data: &str, more: &[&str]) -> Output {
    let arguments =
        ["train", "--data", data, "--out", "run", "--epochs", "1", "--quiet", "--force"];
    barenet(folder, &[&arguments, more].concat())
}

fn save(folder: &Path, name: &str, header: &str, rows: &[String]) {
    fs::write(folder.join(name), format!("{header}\n{}\n", rows.join("\n"))).unwrap();
}

/// Rows of who, two numbers, the second of which is given, and a class.
fn rows(count: usize, who: &str, b: &str) -> Vec<String> {
    let row = |n: usize| format!("{who}{},{}.5,{b},{}", n % 10, n * n % 7, ["p", "q"][n % 2]);
    (0..count).map(row).collect()
}

/// Whether a command warns of something, in one line; it succeeds.
fn warned(output: &Output, part: &str) -> bool {
    succeeds(output);
    let lines = message(output);
    lines.lines().filter(|line| line.starts_with("warning: ") && line.contains(part)).count() == 1
}

#[test]
fn texts_of_rows_that_are_left_out_are_no_inputs_and_names_of_rows_are_warned_of() {
    let place = TempDir::new().unwrap();
    let mut table = rows(60, "w", "1");
    table.extend((0..9).map(|n| format!("left{n},,2,p")));
    save(place.path(), "a.csv", "who,a,b,y", &table);
    let info = barenet(place.path(), &["data", "info", "a.csv", "--missing", "drop", "--json"]);
    let found: Value = serde_json::from_str(&stdout(&info)).unwrap();
    let inputs = found["table"]["inputs"].as_array().unwrap();
    assert_eq!((inputs.len(), &found["train"]), (12, &60.into()), "{found}");
    let output = train(place.path(), "a.csv", &["--missing", "drop"]);
    assert!(warned(&output, "9 of 69 rows lack a value, and are left out"), "{output:?}");
    assert!(!message(&output).contains("different texts"), "{output:?}");

    let names: Vec<String> =
        (0..60).map(|n| format!("name {},{},{}", n.min(50), n % 7, n % 2)).collect();
    save(place.path(), "a.csv", "passenger,b,y", &names);
    let part = "a.csv, column \"passenger\": has 51 different texts in 60 rows, each of which is an input; if it";
    for output in
        [train(place.path(), "a.csv", &[]), barenet(place.path(), &["data", "info", "a.csv"])]
    {
        assert!(warned(&output, part), "{output:?}");
        assert!(message(&output).contains("leave it out with --ignore \"passenger\""));
    }
}

#[test]
fn what_says_nothing_of_the_parts_that_are_given_is_said_in_a_line() {
    let place = TempDir::new().unwrap();
    save(place.path(), "a.csv", "who,a,b,y", &rows(60, "w", "1"));
    save(place.path(), "b.csv", "who,a,b,y", &rows(20, "w", "1"));
    let apart = ["--val", "b.csv", "--test", "b.csv"];
    for (more, ignored) in [
        (
            &["--val-fraction", "0.3"][..],
            "val_fraction is ignored: it takes data without a validation",
        ),
        (&["--test-fraction", "0.3"], "test_fraction is ignored: it takes data without a test set"),
        (
            &["--val-size", "9"],
            "val_size is ignored: it takes no val_fraction, and data of one's own",
        ),
    ] {
        assert!(
            warned(&train(place.path(), "a.csv", &[more, &apart].concat()), ignored),
            "{more:?}"
        );
    }
    let output = train(place.path(), "a.csv", &["--test-size", "9"]);
    assert!(warned(&output, "test_size is ignored: it takes a test set"), "{output:?}");
    // Where they do something, nothing is said; nor of the settings that a run wrote.
    let output = train(place.path(), "a.csv", &["--test", "b.csv", "--test-size", "9"]);
    assert!(!message(&output).contains("is ignored"), "{output:?}");
    let config = ["--config", "run/config.toml", "--test", "b.csv"];
    fs::copy(place.path().join("run/config.toml"), place.path().join("config.toml")).unwrap();
    let again = train(place.path(), "a.csv", &["--config", "config.toml", config[2], config[3]]);
    assert!(!message(&again).contains("val_size"), "{again:?}");
    // Of what has no missing numbers, what is done about them says nothing.
    let parts = ["--missing says nothing of built-in images; leave it out"];
    refused_in_one_line(&train(place.path(), "builtin", &["--missing", "mean"]), 2, &parts);
    succeeds(&barenet(place.path(), &["data", "info", "builtin"]));
    // A run in folds is refused before the data are looked for.
    let parts = ["folds must be at least 2, found 1"];
    refused_in_one_line(&train(place.path(), "no.csv", &["--folds", "1"]), 2, &parts);
}

#[test]
fn groups_and_classes_of_tables_that_are_given_apart_are_compared() {
    let place = TempDir::new().unwrap();
    save(place.path(), "a.csv", "who,a,b,y", &rows(60, "w", "1"));
    save(place.path(), "b.csv", "who,a,b,y", &rows(20, "w", "1"));
    save(place.path(), "c.csv", "who,a,b,y", &rows(20, "x", "1"));
    let grouped = |test| train(place.path(), "a.csv", &["--group", "who", "--test", test]);
    let output = grouped("b.csv");
    let part =
        "b.csv: 10 groups, such as \"w0\", are in a.csv too: figures of such samples say too much";
    assert!(warned(&output, part), "{output:?}");
    assert!(!message(&grouped("c.csv")).contains("group"), "{output:?}");
    let upper: Vec<String> = rows(20, "x", "1").iter().map(|row| row.replace(",q", ",Q")).collect();
    save(place.path(), "c.csv", "who,a,b,y", &upper);
    let parts = [
        "c.csv, line 3, column \"y\": class \"Q\" is not one of those that train (the nearest is \"q\")",
    ];
    refused_in_one_line(&grouped("c.csv"), 1, &parts);
    let parts = ["b.tsv: No such file or folder; the nearest name there is \"b.csv\""];
    refused_in_one_line(&grouped("b.tsv"), 1, &parts);
}

#[test]
fn a_column_that_was_constant_in_training_is_named_where_it_differs() {
    let place = TempDir::new().unwrap();
    save(place.path(), "a.csv", "who,a,b,y", &rows(60, "w", "7"));
    save(place.path(), "b.csv", "who,a,b,y", &rows(20, "w", "8"));
    let output = train(place.path(), "a.csv", &["--test", "b.csv"]);
    assert!(warned(&output, "b is the same in all rows; --ignore"), "{output:?}");
    let part = "b is constant in training (7 in all samples), and another number, such as 8, in 20 of 20 rows here";
    for (arguments, is_warned) in [
        (&["predict", "run", "b.csv"][..], true),
        (&["predict", "run", "a.csv"], false),
        (&["eval", "run", "--data", "a.csv", "--test", "b.csv"], true),
        (&["eval", "run", "--data", "a.csv", "--test", "b.csv", "--split", "val"], false),
    ] {
        let output = barenet(place.path(), arguments);
        assert_eq!(warned(&output, part), is_warned, "{arguments:?}: {output:?}");
    }
}

#[test]
fn columns_that_nobody_needs_may_be_there_twice_in_what_is_answered_for() {
    let place = TempDir::new().unwrap();
    save(place.path(), "a.csv", "who,a,b,y", &rows(60, "w", "1"));
    succeeds(&train(place.path(), "a.csv", &["--ignore", "who,b"]));
    save(place.path(), "new.csv", "note,a,note,y,y", &["1,2.5,3,p,q".to_owned()]);
    let output = barenet(place.path(), &["predict", "run", "new.csv", "--keep"]);
    succeeds(&output);
    assert!(stdout(&output).starts_with("note,a,note,y,y,predicted y\n1,2.5,3,p,q,"), "{output:?}");
    let output = barenet(place.path(), &["predict", "run", "new.csv", "--keep", "--json"]);
    let row: Value = serde_json::from_str(&stdout(&output)).unwrap();
    assert_eq!((&row["row"]["note"], &row["row"]["note 2"]), (&1.into(), &3.into()));
    save(place.path(), "new.csv", "a,b,a", &["1,2.5,3".to_owned()]);
    let parts = ["new.csv: the columns 1 and 3 are both named \"a\"; rename one"];
    refused_in_one_line(&barenet(place.path(), &["predict", "run", "new.csv"]), 1, &parts);
}

#[test]
fn names_with_orders_to_the_terminal_in_them_are_printed_without() {
    let place = TempDir::new().unwrap();
    let evil = |n: usize| format!("{}.5,\"{}\u{1b}[31m\nx\"", n * n % 7, ["p", "q"][n % 2]);
    let table: Vec<String> = (0..60).map(evil).collect();
    save(place.path(), "a\u{1b}.csv", "\"in\u{1b}[2Jput\",\"cl\nass\"", &table);
    let arguments = ["train", "--data", "a\u{1b}.csv", "--out", "run", "--epochs", "1"];
    for arguments in [
        &["data", "info", "a\u{1b}.csv"][..],
        &arguments,
        &["eval", "run", "--data", "a\u{1b}.csv"],
    ] {
        let output = barenet(place.path(), arguments);
        succeeds(&output);
        let text = stdout(&output) + &message(&output);
        assert!(!text.contains('\u{1b}') && text.contains("\\u{1b}"), "{text}");
        assert!(
            !text.lines().any(|line| line.starts_with('x') || line.starts_with("ass")),
            "{text}"
        );
    }
}

#[test]
fn labels_that_a_table_of_what_is_normal_lacks_are_those_of_the_table_that_tests() {
    let place = TempDir::new().unwrap();
    let row = |n: usize, class: &str| {
        let x = (n * 37 % 100) as f64 / 50.0;
        let z = if class.ends_with("bad") { 3.0 - 2.0 * x } else { x };
        format!("{x},{z}{class}")
    };
    let normal: Vec<String> = (0..100).map(|n| row(n, "")).collect();
    save(place.path(), "normal.csv", "x,z", &normal);
    let mixed: Vec<String> = (0..100).map(|n| row(n, [",good", ",bad"][n % 2])).collect();
    save(place.path(), "mixed.csv", "x,z,state", &mixed);
    let task = ["--task", "reconstruct", "--target", "state", "--hidden", "4,1,4"];
    let apart = ["--test", "mixed.csv"];
    let with = |more: &[&str]| train(place.path(), "normal.csv", &[&task, more].concat());
    succeeds(&with(&[&apart[..], &["--normal", "good"]].concat()));
    let read = || -> Value {
        let text = fs::read_to_string(place.path().join("run/summary.json")).unwrap();
        serde_json::from_str(&text).unwrap()
    };
    let auc = read()["test_auc"].clone();
    assert!(auc.is_number(), "{}", read());
    let eval = ["eval", "run", "--data", "normal.csv", "--test", "mixed.csv", "--json"];
    let found: Value = serde_json::from_str(&stdout(&barenet(place.path(), &eval))).unwrap();
    assert_eq!(found["auc"], auc);
    succeeds(&barenet(place.path(), &["predict", "run", "normal.csv"]));
    // Without a word on what is normal the labels say nothing, and where there are none that is an error.
    let output = with(&apart);
    assert!(warned(&output, "normal.csv: has no labels, and those of other parts are not used"));
    assert!(read()["test_auc"].is_null(), "{}", read());
    let parts = ["normal.csv: has no column \"state\""];
    refused_in_one_line(&with(&[]), 1, &parts);
    refused_in_one_line(&with(&["--test", "normal.csv", "--normal", "good"]), 1, &parts);
    refused_in_one_line(
        &with(&[&apart[..], &["--normal", "fine"]].concat()),
        1,
        &["no class \"fine\""],
    );
    // Nobody has named them.
    let output = train(place.path(), "mixed.csv", &["--task", "reconstruct", "--hidden", "4,1,4"]);
    assert!(
        warned(
            &output,
            "mixed.csv, column \"state\": is one of the inputs, as no --target is named; say --target \"state\""
        ),
        "{output:?}"
    );
}
