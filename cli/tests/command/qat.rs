//! `barenet train --qat`: runs that train the weights that an export rounds.

use crate::files::same_run;
use crate::program::{
    barenet, passes_its_own_tests, refused, refused_in_one_line, stdout, succeeds,
};
use std::fs;
use tempfile::TempDir;

const DIGITS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../data/tests/tables/digits.csv");
const EXPORT: [&str; 4] = ["--format", "firmware", "--dtype", "int8"];

fn run(place: &TempDir, arguments: &[&str]) -> String {
    let output = barenet(place.path(), arguments);
    succeeds(&output);
    stdout(&output)
}

/// A run on digits, `src`.
fn source(more: &[&str]) -> TempDir {
    let place = TempDir::new().unwrap();
    let train = ["train", "-q", "--data", DIGITS, "--hidden", "32,16", "--epochs", "60"];
    run(&place, &[&train[..], &["--out", "src"], more].concat());
    place
}

/// The accuracies before and after an export, and what was printed.
fn exported(place: &TempDir, of: &str, out: &str, more: &[&str]) -> (f64, f64, String) {
    let export = [&["export", of, "--data", DIGITS, "--out", out], &EXPORT[..], more].concat();
    let text = run(place, &export);
    let number = |words: &str| -> f64 {
        let line = text.lines().find(|line| line.contains(words)).unwrap();
        let before = line.split(words).next().unwrap();
        before.split_whitespace().last().unwrap().parse().unwrap()
    };
    (number(" before,"), number(" after, int8"), text.clone())
}

#[test]
fn a_run_that_rounds_loses_little_in_4_bits_and_its_export_has_its_figure() {
    let place = source(&[]);
    let (real, plain, _) = exported(&place, "src", "plain", &["--bits", "4"]);
    let train = ["train", "-q", "--from", "src", "--data", DIGITS, "--qat"];
    run(&place, &[&train[..], &["--epochs", "30", "--out", "four"]].concat());
    let (before, after, text) = exported(&place, "four", "four-net", &[]);
    assert!(text.contains("64-32-16-10, int8 with weights of 4 bits, "), "{text}");
    assert!(after > plain + 0.01 && after > real - 0.01, "{real} {plain} {text}");
    // What is measured in training is what is exported, but for the bytes between the layers.
    assert!((after - before).abs() < 0.006, "{text}");
    passes_its_own_tests(&place.path().join("four-net"), 4);
    // Bits of each layer are kept for the export, which may still be told others.
    let mixed = ["--bits", "8,4,4", "--epochs", "3", "--out", "mixed"];
    run(&place, &[&train[..], &mixed].concat());
    let weights = |out: &str| fs::read(place.path().join(out).join("src/weights.bin")).unwrap();
    let (_, _, text) = exported(&place, "mixed", "mixed-net", &[]);
    assert!(text.contains("int8 with weights of 4 and of 8 bits"), "{text}");
    exported(&place, "mixed", "said", &["--bits", "8,4,4"]);
    assert!(weights("mixed-net") == weights("said"));
    let (_, _, text) = exported(&place, "mixed", "eight", &["--bits", "8"]);
    assert!(text.contains("64-32-16-10, int8, "), "{text}");
}

#[test]
fn batch_norm_is_folded_before_and_a_stopped_run_resumes_as_if_nothing_had_been() {
    let place = source(&["--batchnorm"]);
    let train = ["train", "--from", "src", "--data", DIGITS, "--qat"];
    let text = run(&place, &[&train[..], &["--epochs", "6", "--out", "one"]].concat());
    let network = text.lines().find(|line| line.starts_with("network   64-32-16-10"));
    assert!(network.is_some_and(|line| !line.contains("batch norm")), "{text}");
    // A hundredth of the steps that batch norm allowed, unless another rule or another rate is given.
    let config =
        |run: &str| fs::read_to_string(place.path().join(run).join("config.toml")).unwrap();
    assert!(config("src").contains("learning_rate = 0.005\n"), "{}", config("src"));
    assert!(config("one").contains("learning_rate = 0.00005\n"), "{}", config("one"));
    for given in [["--lr", "0.001"], ["--update-rule", "sgd"]] {
        run(
            &place,
            &[&train[..], &given, &["-q", "--epochs", "1", "--out", "given", "--force"]].concat(),
        );
        assert!(!config("given").contains("learning_rate = 0.00005\n"), "{given:?}");
    }
    run(&place, &[&train[..], &["-q", "--epochs", "3", "--out", "part"]].concat());
    // The other run may go.
    fs::remove_dir_all(place.path().join("src")).unwrap();
    run(&place, &["train", "-q", "--resume", "part", "--data", DIGITS, "--epochs", "6"]);
    same_run(place.path(), "one", "part");
    let (before, after, text) = exported(&place, "one", "net", &[]);
    assert!((after - before).abs() < 0.006, "{text}");
}

#[test]
fn a_run_may_round_from_its_start() {
    let place = source(&["--qat", "--bits", "4"]);
    let (before, after, text) = exported(&place, "src", "net", &[]);
    assert!(before > 0.9 && (after - before).abs() < 0.006, "{text}");
}

#[test]
fn what_cannot_be_rounded_is_refused_in_a_line_and_nothing_is_made() {
    let place = TempDir::new().unwrap();
    let train = |more: &[&str]| {
        let train = ["train", "-q", "--data", DIGITS, "--qat", "--out", "run"];
        barenet(place.path(), &[&train[..], more].concat())
    };
    for (flags, problem) in [
        (&["--batchnorm"][..], "qat takes a network without batchnorm"),
        (&["--bits", "5"], "bits must be 4 or 8 of each layer, found 5"),
        (&["--bits", "8,8,4"], "bits has 3 numbers, and the network has 2 layers"),
    ] {
        refused_in_one_line(&train(flags), 2, &[problem]);
        assert!(!place.path().join("run").exists(), "{flags:?}");
    }
    let auto = train(&["--bits", "auto"]);
    refused(
        &auto,
        2,
        &["`barenet export RUN --dtype int8 --bits auto` prints the bits of each layer"],
    );
    assert!(!place.path().join("run").exists());
    let local = ["train", "-q", "--local", "4@8/8", "--qat", "--out", "run"];
    let output = barenet(place.path(), &local);
    refused_in_one_line(&output, 2, &["this run has locally connected ones"]);
}
