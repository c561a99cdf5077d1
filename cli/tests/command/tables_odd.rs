//! Tables with a slip: a number beyond all bounds, words among numbers, classes that are written in several ways.

use crate::program::{barenet, message, refused_in_one_line, succeeds};
use std::fs;
use std::path::Path;
use std::process::Output;
use tempfile::TempDir;

fn train(folder: &Path, more: &[&str]) -> Output {
    barenet(
        folder,
        &[&["train", "--data", "t.csv", "--epochs", "1", "--out", "run"], more].concat(),
    )
}

/// A table of two inputs, the second of which is given, and a target.
fn table(b: &dyn Fn(usize) -> String, y: &dyn Fn(usize) -> String) -> String {
    let row = |n: usize| format!("{},{},{}\n", n * n % 17, b(n), y(n));
    format!("a,b,y\n{}", (0..60).map(row).collect::<String>())
}

fn number(n: usize) -> String {
    format!("{}.5", n % 7)
}

fn class(n: usize) -> String {
    ["p", "q"][n % 2].to_owned()
}

#[test]
fn a_number_beyond_all_bounds_is_refused_by_its_line_and_column_before_anything_is_written() {
    let place = TempDir::new().unwrap();
    let slip = |n: usize| if n == 40 { "1e25".to_owned() } else { number(n) };
    let in_input = table(&slip, &class);
    let in_target = table(&number, &slip);
    let expected = "line 42, column \"b\": is 1e25, and the most that other rows have there is 6.5";
    for (text, more, part) in [
        (&in_input, &[][..], expected),
        (&in_input, &["--folds", "2"], expected),
        (&in_target, &[], "line 42, column \"y\": is 1e25"),
    ] {
        fs::write(place.path().join("t.csv"), text).unwrap();
        refused_in_one_line(&train(place.path(), more), 1, &["t.csv, ", part, "correct the cell"]);
        assert!(!place.path().join("run").exists());
    }
    // Where it is the test set that has it, that is named, and data info says it too.
    fs::write(place.path().join("t.csv"), table(&number, &class)).unwrap();
    fs::write(place.path().join("u.csv"), &in_input).unwrap();
    let parts = ["u.csv, line 42, column \"b\": is 1e25"];
    refused_in_one_line(&train(place.path(), &["--test", "u.csv"]), 1, &parts);
    assert!(!place.path().join("run").exists());
    let output = barenet(place.path(), &["data", "info", "u.csv"]);
    succeeds(&output);
    let part = "warning: u.csv, line 42, column \"b\": is 1e25";
    assert!(message(&output).contains(part), "{}", message(&output));
    // One that is far off and can be learnt with is warned of, with its line.
    let far = |n: usize| if n == 40 { "1e9".to_owned() } else { number(n) };
    fs::write(place.path().join("t.csv"), table(&far, &class)).unwrap();
    let output = train(place.path(), &[]);
    succeeds(&output);
    assert!(message(&output).contains("warning: t.csv, line 42: b is 1e9 once"), "{output:?}");
}

#[test]
fn words_among_numbers_are_warned_of_unless_the_column_is_said_to_be_text() {
    let place = TempDir::new().unwrap();
    let mixed = |n: usize| if n % 2 == 1 { number(n) } else { ["low", "high"][n / 2 % 2].into() };
    let one = |n: usize| if n == 33 { "7".to_owned() } else { class(n) };
    let in_b = "t.csv, line 2, column \"b\": \"low\" is no number, and 30 of the 59 other cells are numbers: each of the 9";
    let in_y = "t.csv, line 35, column \"y\": \"7\" is a number, and 59 of the 59 other cells are words: each of the 3";
    for (text, column, part) in
        [(table(&mixed, &class), "b", in_b), (table(&number, &one), "y", in_y)]
    {
        fs::write(place.path().join("t.csv"), text).unwrap();
        let info = barenet(place.path(), &["data", "info", "t.csv"]);
        succeeds(&info);
        assert!(message(&info).contains(part), "{}", message(&info));
        assert!(message(&info).contains(&format!("say --text \"{column}\"")), "{info:?}");
        if column == "b" {
            let output = train(place.path(), &[]);
            succeeds(&output);
            assert!(message(&output).contains(part), "{}", message(&output));
            assert!(message(&output).contains("--missing drop"), "{}", message(&output));
            fs::remove_dir_all(place.path().join("run")).unwrap();
        }
        let said = barenet(place.path(), &["data", "info", "t.csv", "--text", column]);
        succeeds(&said);
        assert!(!message(&said).contains("other cells are"), "{}", message(&said));
    }
    // Another text in every row is no name of a row where most are numbers.
    let unlike = |n: usize| if n % 2 == 1 { format!("{n}.25") } else { format!("w{n}") };
    fs::write(place.path().join("t.csv"), table(&unlike, &class)).unwrap();
    let parts = ["line 2, column \"b\": \"w0\" is no number", "--missing drop", "--ignore \"b\""];
    refused_in_one_line(&train(place.path(), &[]), 1, &parts);
}

#[test]
fn classes_and_texts_that_differ_by_case_or_spaces_alone_are_warned_of() {
    let place = TempDir::new().unwrap();
    let classes = |n: usize| ["yes", "no", "Yes", "no"][n % 4].to_owned();
    let towns = |n: usize| ["New York", "Rome", "new  york"][n % 3].to_owned();
    fs::write(place.path().join("t.csv"), table(&towns, &classes)).unwrap();
    for output in [barenet(place.path(), &["data", "info", "t.csv"]), train(place.path(), &[])] {
        succeeds(&output);
        for part in [
            "warning: the classes \"Yes\" and \"yes\" count as two: write them alike",
            "warning: b: the texts \"New York\" and \"new  york\" count as two",
        ] {
            assert!(message(&output).contains(part), "{part} is not in {}", message(&output));
        }
    }
}

#[test]
fn an_autoencoder_takes_labels_and_says_so_of_numbers() {
    let place = TempDir::new().unwrap();
    fs::write(place.path().join("t.csv"), table(&number, &number)).unwrap();
    let reconstruct = ["--task", "reconstruct", "--target", "y"];
    let parts = [
        "t.csv, column \"y\": is of numbers, and the target of an autoencoder is labels",
        "with --normal the one to learn",
    ];
    refused_in_one_line(&train(place.path(), &reconstruct), 1, &parts);
    assert!(!place.path().join("run").exists());
    let label = |n: usize| usize::from(n.is_multiple_of(10)).to_string();
    fs::write(place.path().join("t.csv"), table(&number, &label)).unwrap();
    succeeds(&train(place.path(), &[&reconstruct[..], &["--normal", "0"]].concat()));
}
