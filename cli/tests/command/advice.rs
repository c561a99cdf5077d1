//! What is said to somebody whose own data, or whose flags, are wrong: advice that the command can take.

use crate::program::{barenet, message, refused_in_one_line, stdout, succeeds};
use std::collections::HashSet;
use std::fs;
use std::path::Path;
use tempfile::TempDir;

/// A folder with a table and a run on it.
fn trained() -> TempDir {
    let place = TempDir::new().unwrap();
    let rows = (0..60).map(|i| format!("{i},{},c{}\n", ["red", "blue"][i % 2], i % 3));
    let table = "x,colour,y\n".to_owned() + &rows.collect::<String>();
    fs::write(place.path().join("t.csv"), table).unwrap();
    let flags = ["--epochs", "1", "--hidden", "4", "--missing", "drop", "-q", "--out", "run"];
    succeeds(&barenet(place.path(), &[&["train", "--data", "t.csv"][..], &flags].concat()));
    place
}

fn write(place: &Path, name: &str, text: &str) {
    fs::write(place.join(name), text).unwrap();
}

#[test]
fn advice_names_no_flag_that_the_command_has_not() {
    let place = trained();
    let place = place.path();
    let flags_in = |text: &str| -> HashSet<String> {
        let parts = text.split("--").skip(1);
        let is_part = |c: char| c.is_ascii_lowercase() || c == '-';
        parts.map(|flag| flag.split(|c| !is_part(c)).next().unwrap().to_owned()).collect()
    };
    for command in [&["predict", "run"][..], &["eval", "run", "--data"], &["data", "info"]] {
        let name = if command[0] == "data" { command } else { &command[..1] };
        let known = flags_in(&stdout(&barenet(place, &[name, &["--help"]].concat())));
        for (table, part) in [
            ("x,colour,y\n1,red,c1\n,red,c0\n", "the cell is missing; fill it in"),
            ("x,colour,y\n1,red,c1\ninf,red,c0\n", "or larger than 1e30; correct it"),
            ("x,colour,y\n1,red,c1\n2,red,c0\ntwo,red,c0\n", "no number; correct it"),
            ("x,colour,x,y\n1,red,2,c0\n", "both named \"x\"; rename one"),
            ("x,colour,y\n", "has a header and no rows; add rows"),
        ] {
            write(place, "bad.csv", table);
            let output = barenet(place, &[command, &["bad.csv"]].concat());
            if output.status.success() || command[0] == "eval" && table.contains("\n,red") {
                continue; // This run leaves such rows out.
            }
            refused_in_one_line(&output, 1, &[part]);
            let found = flags_in(&message(&output));
            assert!(found.is_subset(&known), "{command:?} {table}: {found:?}");
        }
    }
}

#[test]
fn a_table_to_answer_for_is_told_which_column_it_lacks() {
    let place = trained();
    for (table, parts) in [
        ("xx,colour\n1,red\n", &["has no column \"x\"; the nearest name is \"xx\""][..]),
        ("size,colour\n1,red\n", &["has no column \"x\"; its columns are \"size\", \"colour\""]),
        (
            "1,red\n2,blue\n",
            &["has no column \"colour\"; its columns have no names: put a row of them above"],
        ),
    ] {
        write(place.path(), "new.csv", table);
        let output = barenet(place.path(), &["predict", "run", "new.csv"]);
        refused_in_one_line(&output, 1, parts);
    }
}

#[test]
fn data_of_another_size_are_not_taken_for_damaged_weights() {
    let place = TempDir::new().unwrap();
    let numpy = format!("{}/../tests/arrays/diabetes.npz", env!("CARGO_MANIFEST_DIR"));
    let train = ["train", "--data", &numpy, "--epochs", "1", "-q", "--out", "run"];
    succeeds(&barenet(place.path(), &train));
    let rows = (0..60).map(|i| format!("{i}.5,{}.25,{}.125\n", i % 7, i * i));
    write(place.path(), "t.csv", &("a,b,y\n".to_owned() + &rows.collect::<String>()));
    let output = barenet(place.path(), &["eval", "run", "--data", "t.csv", "--other-data"]);
    let message = message(&output);
    assert_eq!(output.status.code(), Some(1), "{message}");
    let expected = "run: its network takes 10 inputs and has 1 outputs, and table from t.csv would take 2 and 1";
    assert!(message.contains(expected) && !message.contains("--resume"), "{message}");
}

#[test]
fn folds_are_checked_before_they_train_and_leave_nothing() {
    let place = trained();
    let train = |more: &[&str]| {
        let flags = ["train", "--data", "t.csv", "--epochs", "1", "-q"];
        barenet(place.path(), &[&flags[..], more].concat())
    };
    let output = train(&["--folds", "500"]);
    refused_in_one_line(&output, 2, &["folds is 500, and there are only 60 samples to draw from"]);
    let output = train(&["--val-fraction", "0.6", "--test-fraction", "0.6"]);
    let parts = ["val_fraction 0.6 and the share 0.6 that tests leave nothing to train"];
    refused_in_one_line(&output, 2, &parts);
    refused_in_one_line(&train(&["--folds", "2", "--val-fraction", "0.5"]), 2, &["share 0.5"]);
    assert!(!place.path().join("runs").exists());

    for folder in ["t-folds", "t-folds-2"] {
        succeeds(&train(&["--folds", "2"]));
        assert!(place.path().join("runs").join(folder).join("fold-2/summary.json").exists());
    }
    let output = train(&["--folds", "3", "--out", "runs/t-folds"]);
    refused_in_one_line(&output, 1, &["fold-1: holds another run"]);
    assert!(!place.path().join("runs/t-folds/fold-3").exists());

    // The page of all folds, and the same again from their folder.
    let page = || fs::read_to_string(place.path().join("runs/t-folds/report.html")).unwrap();
    let of_training = page();
    assert!(of_training.contains("Cross-validation, 2 folds"), "{of_training}");
    let report = ["report", "runs/t-folds", "--data", "t.csv"];
    succeeds(&barenet(place.path(), &report));
    assert!(page() == of_training, "the report says something else than the training");
    fs::create_dir(place.path().join("mine")).unwrap();
    fs::write(place.path().join("mine/report.html"), "mine").unwrap();
    let output = train(&["--folds", "2", "--out", "mine"]);
    refused_in_one_line(&output, 1, &["report.html: in the way: barenet did not write it"]);
    assert!(!place.path().join("mine/fold-1").exists());
}

#[test]
fn the_settings_of_a_run_on_own_data_are_not_used_for_other_data() {
    let place = trained();
    let output = barenet(place.path(), &["train", "--config", "run/config.toml", "--out", "two"]);
    refused_in_one_line(&output, 2, &["on data of one's own", "name them with --data"]);
    let config = ["--config", "run/config.toml", "--data", "t.csv", "--out", "two", "-q"];
    succeeds(&barenet(place.path(), &[&["train"][..], &config].concat()));
}

#[test]
fn flags_that_cannot_be_used_with_the_data_end_with_2() {
    let place = trained();
    for (more, part) in [
        (
            &["--window", "3"][..],
            "--window says nothing of a table; leave it out, or name a folder",
        ),
        (&["--image-size", "8"], "--image-size says nothing of a table; leave it out, or name a"),
        (
            &["--task", "reconstruct", "--target", "y", "--loss", "softmax"],
            "take the loss mse, mae or huber",
        ),
        (&["--loss", "mse"], "with the task classify take the loss softmax or svm"),
        (&["--normal", "c0"], "take --task reconstruct"),
    ] {
        let output = barenet(place.path(), &[&["train", "--data", "t.csv"], more].concat());
        refused_in_one_line(&output, 2, &[part]);
    }
    let normal = ["train", "--data", "t.csv", "--task", "reconstruct", "--normal", "c9"];
    refused_in_one_line(
        &barenet(place.path(), &[&normal[..], &["--target", "y"]].concat()),
        1,
        &["has no class \"c9\", which --normal names; the nearest class is \"c0\""],
    );
    refused_in_one_line(&barenet(place.path(), &normal), 1, &["has no classes, and --normal"]);
    assert!(!place.path().join("runs").exists());
}
