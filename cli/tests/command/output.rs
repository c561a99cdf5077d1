//! Standard output: JSON that programs read, readers that go away, and disks that are full.

use crate::program::{QUICK, command, message, quick, refused_in_one_line, stdout, succeeds};
use serde_json::Value;
use std::path::Path;
use std::process::{Output, Stdio};
use tempfile::TempDir;

/// Runs `barenet` with something else as its standard output.
fn with_stdout(folder: &Path, arguments: &[&str], stdout: impl Into<Stdio>) -> Output {
    let mut command = command(folder, arguments);
    command.stdout(stdout).stderr(Stdio::piped()).spawn().unwrap().wait_with_output().unwrap()
}

/// Every command but `train`, each in the two forms that it prints.
const COMMANDS: &[&[&str]] = &[
    &["presets"],
    &["presets", "--json"],
    &["presets", "best"],
    &["data", "info"],
    &["data", "info", "--json"],
    &["course", "--quick"],
    &["course", "sandwich", "--json"],
    &["gradcheck"],
    &["gradcheck", "--json"],
    &["eval", "run"],
    &["eval", "run", "--json"],
    &["predict", "rows", "row.csv"],
    &["predict", "rows", "row.csv", "--json"],
    &["compare", "--update-rules", "sgd", "--train-size", "200", "--epochs", "1"],
    &["compare", "--update-rules", "sgd", "--train-size", "200", "--epochs", "1", "--json"],
    &["sweep", SWEEP, "--data", IRIS, "--epochs", "1"],
    &["report", "run"],
    &["export", "run", "--format", "firmware", "--force"],
    &["export", "run", "--format", "onnx", "--force"],
    &["import", concat!(env!("CARGO_MANIFEST_DIR"), "/../fuzz/seeds/onnx/pytorch")],
    &["config", "--explain"],
    &["init", "--data", IRIS, "--out", "start.toml", "--force"],
    &["find-lr", "--data", IRIS, "--steps", "20"],
    &["find-lr", "--data", IRIS, "--steps", "20", "--json"],
    &["profile", "--data", IRIS, "--seconds", "0.01"],
    &["profile", "--data", IRIS, "--seconds", "0.01", "--json"],
    &["plan", "--data", IRIS, "--seconds", "0.01"],
    &["plan", "--data", IRIS, "--seconds", "0.01", "--json"],
    &["doctor", "--data", IRIS, "--json"],
    &["completions", "bash"],
    &["man"],
    &["man", "--out", "man"],
    &["train", "--help"],
    &["--version"],
];

/// A table of which there is nothing to warn.
const IRIS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../data/tests/tables/iris.csv");

/// Two learning rates.
const SWEEP: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/command/sweep.toml");

/// Leaves a run on a table, and a row to answer for.
fn train_on_a_table(folder: &Path) {
    let row = |i: usize| format!("{i},{}\n", ["a", "b"][i / 10]);
    let table = (0..20).fold("x,y\n".to_owned(), |table, i| table + &row(i));
    std::fs::write(folder.join("table.csv"), table).unwrap();
    std::fs::write(folder.join("row.csv"), "x\n3\n").unwrap();
    let train = ["train", "--data", "table.csv", "--epochs", "1", "-q", "--out", "rows"];
    succeeds(&command(folder, &train).output().unwrap());
}

#[test]
fn every_command_of_the_help_is_among_those_that_are_tried() {
    let place = TempDir::new().unwrap();
    let help = stdout(&command(place.path(), &["--help"]).output().unwrap());
    let lines = help.lines().skip_while(|&line| line != "Commands:").skip(1);
    let lines = lines.take_while(|line| !line.is_empty());
    let names: Vec<_> = lines.filter_map(|line| line.split_whitespace().next()).collect();
    assert!(names.contains(&"export"), "{help}");
    for name in names.into_iter().filter(|&name| name != "help") {
        assert!(COMMANDS.iter().any(|arguments| arguments.contains(&name)), "{name}");
    }
}

#[test]
fn json_events_are_one_object_a_line() {
    let place = TempDir::new().unwrap();
    let kinds = |output: &Output| -> Vec<String> {
        let events = stdout(output);
        let events = events.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        events.map(|event| event["event"].as_str().unwrap().to_owned()).collect()
    };
    let output = quick(place.path(), &["--json", "--out", "run"]);
    succeeds(&output);
    assert_eq!(kinds(&output), ["start", "step", "epoch", "epoch", "step", "epoch", "end"]);
    let end: Value = serde_json::from_str(stdout(&output).lines().last().unwrap()).unwrap();
    assert!(end["summary"]["test_acc"].is_number());
    let output = command(place.path(), &["train", "--json", "--resume", "run"]).output().unwrap();
    succeeds(&output);
    assert_eq!(kinds(&output), ["start", "resume", "end"]);
    let output = quick(place.path(), &["--json", "--learning-rate", "1e30", "--epochs", "9"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(kinds(&output).ends_with(&["diverged".to_owned(), "end".to_owned()]));
}

#[test]
fn a_result_in_json_is_one_value_and_nothing_else() {
    let place = TempDir::new().unwrap();
    succeeds(&quick(place.path(), &["-q", "--out", "run"]));
    train_on_a_table(place.path());
    for arguments in COMMANDS.iter().filter(|arguments| arguments.contains(&"--json")) {
        let output = command(place.path(), arguments).output().unwrap();
        succeeds(&output);
        assert!(serde_json::from_str::<Value>(&stdout(&output)).is_ok(), "{arguments:?}");
    }
}

#[test]
fn a_rule_that_diverges_has_no_figures_in_a_comparison() {
    let place = TempDir::new().unwrap();
    let rules = ["compare", "--update-rules", "sgd", "--hidden", "8", "--train-size", "200"];
    // The weights of the first step are too large already.
    let arguments = [&rules[..], &["--weight-scale", "1e30"]].concat();
    let output = command(place.path(), &[&arguments[..], &["--json"]].concat()).output().unwrap();
    succeeds(&output);
    let result: Value = serde_json::from_str(&stdout(&output)).unwrap();
    let run = &result["runs"][0];
    assert_eq!(run["diverged_at"], 1, "{run}");
    for key in ["loss", "train_acc", "val_acc", "best_val_acc"] {
        assert!(run[key].is_null(), "{run}");
    }
    let output = command(place.path(), &arguments).output().unwrap();
    assert!(stdout(&output).contains("sgd                      -           -           -\n"));
}

#[test]
fn a_reader_that_goes_away_is_no_failure_and_stops_no_training() {
    let place = TempDir::new().unwrap();
    let closed = || std::io::pipe().unwrap().1;
    for (out, more) in [("run", &[][..]), ("json", &["--json"])] {
        let arguments = [&QUICK[..], &["--out", out], more].concat();
        let output = with_stdout(place.path(), &arguments, closed());
        assert_eq!((output.status.code(), message(&output)), (Some(0), String::new()));
        assert!(place.path().join(out).join("summary.json").is_file());
    }
    train_on_a_table(place.path());
    for arguments in COMMANDS {
        let output = with_stdout(place.path(), arguments, closed());
        let said = (output.status.code(), message(&output));
        assert_eq!(said, (Some(0), String::new()), "{arguments:?}");
    }
}

/// `/dev/full` fails every write as a full disk does.
#[cfg(target_os = "linux")]
#[test]
fn output_that_finds_the_disk_full_is_an_error_after_the_run_has_left_all_its_files() {
    let place = TempDir::new().unwrap();
    let full = || std::fs::File::options().write(true).open("/dev/full").unwrap();
    let problem = "standard output cannot be written: No space left on device";
    succeeds(&quick(place.path(), &["-q", "--out", "whole"]));
    for (out, more) in [("run", &[][..]), ("json", &["--json"])] {
        let arguments = [&QUICK[..], &["--out", out], more].concat();
        let output = with_stdout(place.path(), &arguments, full());
        let complete = format!("error: the run is complete in {out}, but {problem}");
        refused_in_one_line(&output, 1, &[&complete]);
        let names = |run: &str| std::fs::read_dir(place.path().join(run)).unwrap().count();
        assert_eq!(names(out), names("whole"));
    }
    train_on_a_table(place.path());
    for arguments in COMMANDS {
        refused_in_one_line(&with_stdout(place.path(), arguments, full()), 1, &[problem]);
    }
    let comparison = std::fs::read(place.path().join("runs/compare/comparison.json")).unwrap();
    assert!(serde_json::from_slice::<Value>(&comparison).is_ok());
    // Nothing is printed, so nothing fails.
    let quiet = [&QUICK[..], &["-q", "--out", "quiet"]].concat();
    succeeds(&with_stdout(place.path(), &quiet, full()));
}

/// The exit status says what is wrong even if nobody can be told in words.
#[cfg(target_os = "linux")]
#[test]
fn messages_that_cannot_be_written_leave_the_exit_status_as_it_is() {
    let place = TempDir::new().unwrap();
    for (arguments, code) in [
        (&["presets", "nothing"][..], 2),
        (&["presets", "--nothing"], 2),
        (&["eval", "nothing"], 1),
        (&["presets"], 0),
    ] {
        let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
        let status = command(place.path(), arguments).stdout(Stdio::null()).stderr(full).status();
        assert_eq!(status.unwrap().code(), Some(code), "{arguments:?}");
    }
}
