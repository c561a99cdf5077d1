//! A configuration to start from: it trains as the data alone do, and replaces nothing.

use crate::program::{barenet, message, refused_in_one_line, stdout, succeeds};
use std::fs;
use tempfile::TempDir;

/// A table that `barenet-data` is tested with too.
fn real(name: &str) -> String {
    format!("{}/../data/tests/tables/{name}.csv", env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn it_trains_to_the_bits_that_the_data_alone_give() {
    let place = TempDir::new().unwrap();
    for (name, more) in [
        ("iris", &[][..]),
        ("diabetes", &["--hidden", "20"]),
        ("iris", &["--task", "reconstruct", "--ignore", "species"]),
    ] {
        let (data, quick) = (real(name), ["--epochs", "3", "-q", "--force"]);
        let init = [&["init", "--data", &data, "--out", "a.toml", "--force"], more].concat();
        let output = barenet(place.path(), &init);
        succeeds(&output);
        assert!(stdout(&output).contains("next      `barenet train --data "), "{output:?}");
        let train = ["train", "--data", &data, "--out"];
        let alone = [&train[..], &["alone"], &quick, more].concat();
        succeeds(&barenet(place.path(), &alone));
        let started = [&train[..], &["started", "--config", "a.toml"], &quick].concat();
        let output = barenet(place.path(), &started);
        succeeds(&output);
        assert_eq!(message(&output), "", "{name}");
        let events = |run: &str| fs::read(place.path().join(run).join("events.jsonl")).unwrap();
        assert!(events("alone") == events("started"), "{name} {more:?}");
    }
}

#[test]
fn it_says_what_it_chose_and_what_each_setting_means() {
    let place = TempDir::new().unwrap();
    let data = real("iris");
    succeeds(&barenet(place.path(), &["init", "--data", &data, "--lr", "0.01", "--out", "i.toml"]));
    let text = fs::read_to_string(place.path().join("i.toml")).unwrap();
    for line in [
        "# classify species from 4 columns (4 inputs), 150 training rows",
        "task = \"classify\"",
        "target = \"species\"",
        "scale = \"standard\"",
        "hidden = [100]",
        "# Learning rate at the start",
        "learning_rate = 0.01",
        "num_epochs = 400",
    ] {
        assert!(text.lines().any(|found| found == line), "{line}: {text}");
    }
    for absent in ["test_size", "val_size", "threads", "gemm", "print_every"] {
        assert!(!text.contains(&format!("\n{absent} =")), "{absent}: {text}");
    }
}

#[test]
fn it_replaces_no_file_unless_it_is_told_to_and_leaves_none_where_it_fails() {
    let place = TempDir::new().unwrap();
    let data = real("iris");
    let init = |more: &[&str]| barenet(place.path(), &[&["init", "--data", &data], more].concat());
    fs::write(place.path().join("barenet.toml"), "mine").unwrap();
    refused_in_one_line(&init(&[]), 1, &["barenet.toml: is there; replace it with --force"]);
    assert_eq!(fs::read(place.path().join("barenet.toml")).unwrap(), b"mine");
    succeeds(&init(&["--force"]));
    assert!(fs::read(place.path().join("barenet.toml")).unwrap().starts_with(b"# classify"));
    fs::create_dir(place.path().join("folder")).unwrap();
    refused_in_one_line(&init(&["--out", "folder", "--force"]), 1, &["folder: is a folder"]);
    refused_in_one_line(&init(&["--out", "no/where.toml"]), 1, &["no: cannot be opened"]);
    refused_in_one_line(&init(&["--out", ".."]), 2, &["--out names no file"]);
    for (more, code, problem) in [
        (&["--target", "sepal"][..], 1, "has no column \"sepal\""),
        (&["--batch-size", "1000"], 2, "batch_size is 1000"),
    ] {
        let arguments = [&["--out", "other.toml"], more].concat();
        refused_in_one_line(&init(&arguments), code, &[problem]);
    }
    let names = fs::read_dir(place.path()).unwrap().count();
    assert_eq!(names, 2, "the file and the folder");
}
