//! What the command says of itself and of the commonest mistakes, word for word.
//!
//! `INSTA_UPDATE=always cargo test -p barenet-cli --test command snapshots` writes the files anew; then look at what changed.

// Messages of the system, and flags of features, are others elsewhere.
#![cfg(all(
    target_os = "linux",
    feature = "fetch",
    feature = "pickle",
    feature = "pictures",
    feature = "tensorboard",
    not(feature = "openblas")
))]

use crate::program::{command, message, quick, stdout, succeeds};
use insta::{Settings, assert_snapshot};
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use tempfile::TempDir;

/// Files without what would change with code that prints the same.
fn settings() -> Settings {
    let mut settings = Settings::clone_current();
    settings.set_snapshot_path("snapshots");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings
}

/// The help of a command and, after it, of those below it, by their names.
fn helps(place: &Path, name: &[&str], found: &mut Vec<(String, String)>) {
    let output = command(place, &[name, &["--help"]].concat()).env_remove("COLUMNS").output();
    let output = output.unwrap();
    succeeds(&output);
    let help = stdout(&output);
    let commands = help.lines().skip_while(|&line| line != "Commands:").skip(1);
    // A description that takes more than a line goes on farther to the right.
    let commands = commands
        .take_while(|line| !line.is_empty())
        .filter(|line| line.find(|c| c != ' ') == Some(2));
    let commands: Vec<_> = commands.filter_map(|line| line.split_whitespace().next()).collect();
    found.push(([&["barenet"], name].concat().join("-"), help.clone()));
    for inner in commands.into_iter().filter(|&inner| inner != "help") {
        helps(place, &[name, &[inner]].concat(), found);
    }
}

#[test]
fn help_is_as_it_was() {
    let place = TempDir::new().unwrap();
    let mut found = Vec::new();
    helps(place.path(), &[], &mut found);
    assert!(found.len() > 20, "{}", found.len());
    settings().bind(|| {
        for (name, help) in &found {
            assert_snapshot!(format!("help-{name}"), help);
        }
    });
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/command/snapshots");
    let names = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name());
    let names = names.filter_map(|name| {
        let name = name.into_string().unwrap();
        Some(name.strip_prefix("help-")?.strip_suffix(".snap")?.to_owned())
    });
    let there: BTreeSet<_> = names.collect();
    assert_eq!(there, found.into_iter().map(|(name, _)| name).collect(), "a command is gone");
}

/// Mistakes that are made often.
const MISTAKES: &[&str] = &[
    "",
    "trian",
    "train --lerning-rate 1",
    "train --learning-rate fast",
    "train --learning-rate -1",
    "train --epochs -1",
    "train --epochs 0",
    "train --hidden 10,,10",
    "train --update-rule adamm",
    "train --preset tow-layer",
    "train --config gone.toml",
    "train --config misspelt.toml",
    "train --data gone.csv",
    "train --data words.csv",
    "train --data rows.csv --target weigth",
    "train --out run",
    "train --resume gone",
    "train --resume run --learning-rate 1",
    "train --json --quiet",
    "eval",
    "eval gone",
    "eval run --split tests",
    "predict run gone.csv",
    "predict run photo.txt",
    "report gone",
    "export run --format firmware --dtype int3",
    "export gone --format onnx",
    "import gone.onnx",
    "import words.csv",
    "compare --update-rules sdg",
    "compare --update-rule sgd",
    "presets tow-layer",
    "find-lr --steps 0",
    "profile --seconds -1",
    "plan --ranks 0",
    "plan --bandwidth 10",
    "plan --latency soon",
    "plan --step-time 1ms",
    "plan --step-time 1ms --update-time 2ms",
    "plan --plot ..",
    "train --lr-scale cubic",
    "find-lr --lr-scale linear",
    "train --shards 300",
    "data info gone",
    "data info rows.csv --target weigth",
    "init --data gone",
    "course softmax",
    "course solver",
    "completions csh",
    "--color blue presets",
];

#[test]
fn mistakes_are_told_as_they_were() {
    let place = TempDir::new().unwrap();
    for (name, text) in [
        ("misspelt.toml", "lerning_rate = 1\n"),
        ("words.csv", "one,two\nthree,four\n"),
        ("rows.csv", "height,weight\n1,2\n2,3\n3,5\n4,7\n5,9\n6,11\n"),
        ("photo.txt", "no picture\n"),
    ] {
        fs::write(place.path().join(name), text).unwrap();
    }
    succeeds(&quick(place.path(), &["-q", "--out", "run"]));
    let mut told = String::new();
    for line in MISTAKES {
        let arguments: Vec<_> = line.split_whitespace().collect();
        let output = command(place.path(), &arguments).env_remove("COLUMNS").output().unwrap();
        let status = output.status.code().unwrap();
        writeln!(told, "$ barenet {line}\n{}exit status {status}\n", message(&output)).unwrap();
        assert_ne!(status, 0, "{line}");
    }
    settings().bind(|| assert_snapshot!("mistakes", told));
}
