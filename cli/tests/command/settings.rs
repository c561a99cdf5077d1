//! Settings from the command line: what is ignored is said, what cannot work is refused, and what is
//! left to the program trains.

use crate::program::{barenet, message, quick, refused_in_one_line, stdout, succeeds};
use std::fs;
use tempfile::TempDir;

#[test]
fn what_is_written_and_ignored_is_named_and_what_a_preset_has_is_not() {
    let place = TempDir::new().unwrap();
    let warned = |more: &[&str], lines: &[&str]| {
        let arguments = ["--out", "run", "--force", "--epochs", "1", "-q"];
        let output = quick(place.path(), &[more, &arguments[..]].concat());
        succeeds(&output);
        let said = message(&output);
        assert_eq!(said.lines().count(), lines.len(), "{more:?}: {said}");
        for (said, expected) in said.lines().zip(lines) {
            assert!(said.starts_with(&format!("warning: {expected} is ignored: ")), "{said}");
        }
    };
    warned(&[], &[]);
    warned(&["--momentum", "0.5"], &["momentum"]);
    // The preset has a weight scale and a decay, which these make do nothing.
    warned(&["--init", "he", "--schedule", "cosine"], &[]);
    warned(&["--init", "he", "--weight-scale", "0.1"], &["weight_scale"]);
    warned(&["--beta1", "0.8", "--weight-decay", "0.1"], &["beta1", "weight_decay"]);
    // What a run writes of itself warns of nothing.
    let output = barenet(place.path(), &["train", "--config", "run/config.toml", "-q"]);
    succeeds(&output);
    assert_eq!(message(&output), "");
    fs::write(place.path().join("mine.toml"), "epsilon = 0.1\nupdate_rule = \"nesterov\"\n")
        .unwrap();
    warned(&["--config", "mine.toml"], &["epsilon"]);
    let arguments = ["--update-rules", "sgd,adam", "--train-size", "200", "--epochs", "1", "-q"];
    let compare =
        |more: &[&str]| barenet(place.path(), &[&["compare"], &arguments[..], more].concat());
    assert_eq!(message(&compare(&["--beta1", "0.8"])), "");
    assert!(message(&compare(&["--momentum", "0.8"])).starts_with("warning: momentum is ignored"));
}

#[test]
fn what_cannot_work_is_refused_before_anything_is_written() {
    let place = TempDir::new().unwrap();
    for (arguments, problem) in [
        (&["--batch-size", "301"][..], "batch_size is 301, but there are only 300"),
        (&["--batchnorm", "--batch-size", "1"], "batchnorm takes batches of at least 2"),
        (&["--batchnorm", "--train-size", "1"], "batchnorm takes batches of at least 2"),
        (&["--schedule", "cosine", "--lr-warmup", "3"], "lr_warmup is 3, but the run has only 2"),
        (
            &["--schedule", "one-cycle", "--lr-warmup-epochs", "2.5"],
            "lr_warmup_epochs is 2.5, but num_epochs is only 2",
        ),
        (&["--label-smoothing", "1"], "label_smoothing must be in 0..1, found 1.0"),
        (&["--label-smoothing", "0.1", "--loss", "svm"], "label_smoothing is for the loss softmax"),
        (&["--clip-norm", "0"], "clip_norm must be above 0, found 0.0"),
        (&["--weight-scale", "0"], "weight_scale must be above 0"),
        (&["--whiten", "-1"], "whiten must be 0, or from 1e-6 to 100, found -1.0"),
        (&["--whiten", "1e-9"], "whiten must be 0, or from 1e-6 to 100, found 1e-9"),
        (&["--whiten", "1e30"], "whiten must be 0, or from 1e-6 to 100, found 1e30"),
        (&["--reg", "inf"], "reg must be a finite number, at least 0, found inf"),
        (&["--local", "99999@3"], "local must be of units from 1 to 65536, found 99999"),
        (&["--local", "4@3/0+1"], "local must be of strides from 1 to 65536, found 0"),
        (
            &["--whiten", "0.1", "--local", "4@20/4"],
            "here they see 1200; take whiten 0, or another local, of smaller windows",
        ),
        (
            &["--whiten", "1", "--local", "1@16/1"],
            "whiten takes fewer or smaller windows than the 289 of",
        ),
        (
            &["--whiten", "0.1"],
            "whiten takes a first layer whose units see at most 1024 inputs each, and here they see 3072; take whiten 0",
        ),
        (&["--ema-decay", "1"], "ema_decay must be in 0..1, found 1.0"),
    ] {
        refused_in_one_line(&quick(place.path(), arguments), 2, &[problem]);
        assert!(!place.path().join("runs").exists(), "{arguments:?}");
    }
    // A batch that nobody asked for is as large as it can be.
    succeeds(&quick(place.path(), &["--train-size", "20", "--out", "run"]));
    let config = fs::read_to_string(place.path().join("run/config.toml")).unwrap();
    assert!(config.contains("batch_size = 20\n"), "{config}");
    // A test part too, in training and where a run is measured on other data.
    let arguments = ["--preset", "tiny", "--epochs", "1", "--train-size", "200"];
    let output = quick(place.path(), &[&arguments[..], &["--test-size", "2001"]].concat());
    refused_in_one_line(&output, 2, &["test_size is 2001, but there are only 2000 such samples"]);
    succeeds(&quick(place.path(), &[&arguments[..], &["--out", "tiny"]].concat()));
    let summary = fs::read_to_string(place.path().join("tiny/summary.json")).unwrap();
    assert!(summary.contains("\"test_size\": 2000"), "{summary}");
    succeeds(&barenet(place.path(), &["eval", "tiny", "--tta"]));
    // What init writes trains here, and leaves the size to the preset for data that come later.
    succeeds(&barenet(place.path(), &["init", "--preset", "tiny", "--out", "tiny.toml"]));
    let written = fs::read_to_string(place.path().join("tiny.toml")).unwrap();
    assert!(!written.contains("\ntest_size"), "{written}");
    let train = ["train", "-q", "--config", "tiny.toml", "--epochs", "1", "--train-size", "300"];
    succeeds(&barenet(place.path(), &[&train[..], &["--out", "again"]].concat()));
    let again = fs::read_to_string(place.path().join("again/summary.json")).unwrap();
    assert!(again.contains("\"test_size\": 2000"), "{again}");
}

#[test]
fn a_file_that_says_next_to_nothing_trains_with_every_rule() {
    let place = TempDir::new().unwrap();
    fs::write(place.path().join("seed.toml"), "seed = 1\n").unwrap();
    for rule in barenet::UpdateRule::<f32>::NAMES {
        for batchnorm in ["--batchnorm=false", "--batchnorm=true"] {
            let mut arguments = vec!["train", "--config", "seed.toml", "--hidden", "64", "--json"];
            arguments.extend(["--update-rule", rule, batchnorm, "--train-size", "3000"]);
            arguments.extend(["--epochs", "3", "--out", "run", "--force"]);
            let output = barenet(place.path(), &arguments);
            succeeds(&output);
            let end = stdout(&output);
            let end: serde_json::Value = serde_json::from_str(end.lines().last().unwrap()).unwrap();
            let accuracy = end["summary"]["final_val_acc"].as_f64().unwrap();
            assert!(accuracy > 0.18, "{rule} {batchnorm}: {accuracy}");
        }
    }
}
