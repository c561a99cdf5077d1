//! Which images a command uses, and that it says so.

use crate::program::{QUICK, command, message, refused_in_one_line, stdout, succeeds};
use std::ffi::OsStr;
use std::fs;
use std::path::Path;
use std::process::Output;
use tempfile::TempDir;

/// Runs the program where no variable says which images are meant.
fn barenet(folder: &Path, arguments: &[impl AsRef<OsStr>]) -> Output {
    command(folder, arguments).env_remove("CIFAR10_DIR").output().unwrap()
}

fn quick(folder: &Path, more: &[&str]) -> Output {
    barenet(folder, &[&QUICK, more].concat())
}

/// The warning that the built-in images stand in for CIFAR-10.
const WARNING: &str = "warning: data: built-in images (CIFAR-10 was not found";

#[test]
fn images_that_nobody_asked_for_are_named_on_standard_error_where_no_line_names_them() {
    let place = TempDir::new().unwrap();
    for (arguments, is_warned) in [
        (&["--quiet"][..], true),
        (&["--json"], false),
        (&[], false),
        (&["--quiet", "--data", "builtin"], false),
        (&["--json", "--data", "built-in"], false),
    ] {
        let output = quick(place.path(), &[arguments, &["--out", "run", "--force"]].concat());
        succeeds(&output);
        assert_eq!(message(&output).contains(WARNING), is_warned, "{arguments:?}");
    }
    let arguments = ["--train-size", "200", "--epochs", "1", "--hidden", "5", "-q"];
    let output = barenet(place.path(), &[&["compare"], &arguments[..]].concat());
    succeeds(&output);
    assert!(message(&output).contains(WARNING));
}

#[test]
fn the_first_event_names_the_images_and_the_log_not_where_they_lie() {
    let place = TempDir::new().unwrap();
    let output = quick(place.path(), &["--json", "--out", "run", "--data", "builtin"]);
    let first = |text: &str| -> serde_json::Value {
        serde_json::from_str(text.lines().next().unwrap()).unwrap()
    };
    let start = first(&stdout(&output));
    assert_eq!(
        (&start["data"], &start["data_source"]),
        (&"built-in".into(), &"built-in images".into())
    );
    let start = first(&fs::read_to_string(place.path().join("run/events.jsonl")).unwrap());
    assert_eq!((&start["data"], &start["data_source"]), (&"built-in".into(), &().into()));
}

#[test]
fn an_attempt_to_have_cifar_10_is_no_run_on_other_images() {
    let place = TempDir::new().unwrap();
    let refused = |variable: Option<&str>, parts: &[&str]| {
        for how in [&["--quiet"][..], &["--json"], &["--force", "--out", "runs/x"]] {
            let mut command = command(place.path(), &[&QUICK[..], how].concat());
            command.env_remove("CIFAR10_DIR").envs(variable.map(|value| ("CIFAR10_DIR", value)));
            refused_in_one_line(&command.output().unwrap(), 1, parts);
        }
        assert!(!place.path().join("runs").exists());
    };
    refused(Some(""), &["error: CIFAR10_DIR: is set to nothing", "`--data builtin`"]);
    refused(Some("gone"), &["error: CIFAR10_DIR: gone: No such file or folder"]);
    fs::create_dir(place.path().join("data")).unwrap();
    refused(None, &["error: data: no CIFAR-10", "the folder is empty", "`--data builtin`"]);
    #[cfg(unix)]
    {
        fs::remove_dir(place.path().join("data")).unwrap();
        std::os::unix::fs::symlink("/nowhere/cifar", place.path().join("data")).unwrap();
        refused(None, &["error: data: a link to /nowhere/cifar, which is not there"]);
    }
    for arguments in [&["data", "info"][..], &["compare", "-q"]] {
        refused_in_one_line(&barenet(place.path(), arguments), 1, &["`--data builtin`"]);
    }
    // Whoever asks for the built-in images has them wherever the others are.
    succeeds(&quick(place.path(), &["--data", "builtin", "-q"]));
}

#[test]
fn a_path_that_is_called_as_the_built_in_images_is_not_guessed_at() {
    let place = TempDir::new().unwrap();
    fs::create_dir(place.path().join("builtin")).unwrap();
    let output = barenet(place.path(), &["data", "info", "--data", "builtin"]);
    refused_in_one_line(&output, 1, &["write ./builtin for the latter"]);
    let output = barenet(place.path(), &["data", "info", "--data", "./builtin"]);
    refused_in_one_line(&output, 1, &["./builtin: the folder is empty"]);
}

#[test]
fn columns_of_wide_and_of_tiny_numbers_are_apart_and_of_many_classes_some_are_listed() {
    let place = TempDir::new().unwrap();
    let row = |i: usize| format!("{},{i}e-40,c{i:03}\n", 1_700_000_000 + 128 * i);
    let rows: String = (1..=150).map(row).collect();
    fs::write(place.path().join("t.csv"), format!("seconds,tiny,y\n{rows}")).unwrap();
    let output = barenet(place.path(), &["data", "info", "t.csv"]);
    succeeds(&output);
    let text = stdout(&output);
    let words = |name: &str| -> Vec<&str> {
        text.lines().find(|line| line.starts_with(name)).unwrap().split_whitespace().collect()
    };
    assert_eq!(
        words("seconds"),
        ["seconds", "whole", "1700000100", "1700009664.0000", "1700019200"]
    );
    assert_eq!(words("tiny"), ["tiny", "real", "1e-40", "7.5500e-39", "1.5e-38"]);
    assert!(text.contains("\n99 c100") && text.contains("\nand 50 more"), "{text}");
    assert!(message(&output).contains("there are 150 classes in 150 rows, such as \"c001\""));
}
