//! Runs whose numbers become NaN or infinite: what they leave is finite, and the message says why.

use crate::program::{barenet, message, quick, succeeds};
use std::fs;
use tempfile::TempDir;

/// The f32 of the tensors of a weights file.
fn numbers(file: &[u8]) -> impl Iterator<Item = f32> {
    let (length, rest) = file.split_first_chunk::<8>().unwrap();
    let header = usize::try_from(u64::from_le_bytes(*length)).unwrap();
    rest[header..].as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes))
}

#[test]
fn whatever_a_run_diverges_of_it_leaves_finite_weights_or_none() {
    let place = TempDir::new().unwrap();
    for (settings, advice) in [
        (&["--learning-rate", "1e3"][..], "--learning-rate"),
        (&["--learning-rate", "1e30", "--batchnorm"], "--learning-rate"),
        (&["--reg", "1e25"], "--reg"),
        (&["--weight-scale", "1e30"], "--weight-scale"),
        (&["--update-rule", "rmsprop", "--learning-rate", "1e38"], "--learning-rate"),
        (
            &["--update-rule", "adam", "--learning-rate", "1e35", "--hidden", "4,4"],
            "--learning-rate",
        ),
    ] {
        let arguments =
            ["--out", "run", "--force", "-q", "--checkpoint-every", "1", "--epochs", "9"];
        let output = quick(place.path(), &[settings, &arguments[..]].concat());
        let said = message(&output);
        assert_eq!(output.status.code(), Some(1), "{settings:?}: {said}");
        assert!(
            said.contains("not a finite number at iteration") && said.contains(advice),
            "{said}"
        );
        assert_eq!(said.lines().count(), 1, "{said}");
        let best = fs::read(place.path().join("run/best.safetensors"));
        assert_eq!(said.contains("best.safetensors"), best.is_ok(), "{said}");
        if let Ok(best) = best {
            assert!(numbers(&best).all(f32::is_finite), "{settings:?}");
            succeeds(&barenet(place.path(), &["eval", "run"]));
        }
        let resumed = barenet(place.path(), &["train", "--resume", "run", "-q"]);
        assert!(!message(&resumed).contains("diverged: it holds"), "{}", message(&resumed));
    }
}

#[test]
fn adam_without_an_epsilon_trains() {
    let place = TempDir::new().unwrap();
    for (rule, epsilon) in [("adam", "0"), ("adamw", "1e-46"), ("rmsprop", "0")] {
        let settings = ["--update-rule", rule, "--epsilon", epsilon, "--learning-rate", "1e-4"];
        let output = quick(place.path(), &[&settings[..], &["--out", "run", "--force"]].concat());
        succeeds(&output);
        let best = fs::read(place.path().join("run/best.safetensors")).unwrap();
        assert!(numbers(&best).all(f32::is_finite), "{rule}");
    }
}

#[test]
fn weights_that_overflow_before_the_first_step_name_their_setting() {
    let place = TempDir::new().unwrap();
    for scale in ["2e38", "3.4e38"] {
        let output = quick(place.path(), &["--out", "run", "--weight-scale", scale]);
        let said = message(&output);
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains("--weight-scale") && said.lines().count() == 1, "{said}");
        assert!(!place.path().join("run").exists());
    }
}
