//! Arrays of one's own: trained on, measured, and refused in a line.

use crate::program::{barenet, refused_in_one_line, stdout, succeeds};
use serde_json::Value;
use std::fs;
use std::path::Path;
use tempfile::TempDir;

/// A file of arrays.
fn real(name: &str) -> String {
    format!("{}/../tests/arrays/{name}", env!("CARGO_MANIFEST_DIR"))
}

fn train(folder: &Path, data: &str, more: &[&str]) -> std::process::Output {
    barenet(folder, &[&["train", "--data", data, "--epochs", "20", "--out", "run"], more].concat())
}

/// What the run says of itself, and what `barenet eval` finds.
fn figures(folder: &Path, data: &str) -> (Value, Value) {
    let summary = fs::read_to_string(folder.join("run/summary.json")).unwrap();
    let output = barenet(folder, &["eval", "run", "--data", data, "--json"]);
    succeeds(&output);
    (serde_json::from_str(&summary).unwrap(), serde_json::from_str(&stdout(&output)).unwrap())
}

#[test]
fn arrays_of_numpy_are_learnt_in_one_command() {
    let place = TempDir::new().unwrap();
    let data = real("diabetes.npz");
    let output = train(place.path(), &data, &[]);
    succeeds(&output);
    let text = stdout(&output);
    for part in [
        "266 training, 88 validation, 88 test rows",
        "task      regress y from 10 inputs, scaled standard, loss mse",
    ] {
        assert!(text.contains(part), "{part:?} is not in {text}");
    }
    let (summary, found) = figures(place.path(), &data);
    assert_eq!((&summary["data"], &found["data"]), (&"numpy".into(), &"numpy".into()));
    let r2 = summary["test_r2"].as_f64().unwrap();
    assert!(r2 > 0.3 && r2 < 0.7, "{r2}");
    assert!((found["r2"].as_f64().unwrap() - r2).abs() < 1e-12);
    let output = barenet(place.path(), &["data", "info", "--data", &data, "--json"]);
    let info: Value = serde_json::from_str(&stdout(&output)).unwrap();
    assert_eq!((&info["train"], &info["arrays"]["inputs"]), (&442.into(), &10.into()));
    assert_eq!(info["arrays"]["targets"][0]["max"], 346.0);
}

#[test]
fn arrays_that_cannot_be_used_are_refused_in_a_line_and_nothing_is_written() {
    let place = TempDir::new().unwrap();
    let file = |name: &str, bytes: &[u8]| fs::write(place.path().join(name), bytes).unwrap();
    let npy = |header: &str| {
        [&b"\x93NUMPY\x01\0"[..], &[u8::try_from(header.len()).unwrap(), 0], header.as_bytes()]
            .concat()
    };
    let lying = "{'descr': '<f8', 'fortran_order': False, 'shape': (1099511627776, 784)}";
    file("lying.npy", &npy(lying));
    file("objects.npy", &npy("{'descr': '|O', 'fortran_order': False, 'shape': (3,)}"));
    file("cut.npz", &fs::read(real("diabetes.npz")).unwrap()[..9000]);
    for (data, more, parts) in [
        (
            "lying.npy",
            &[][..],
            &["lying.npy: truncated: its header promises 1099511627776 x 784"][..],
        ),
        ("objects.npy", &[], &["objects.npy: holds pickled objects, which are never loaded"]),
        ("cut.npz", &[], &["cut.npz: is no whole zip archive"]),
        (&real("diabetes.npz"), &["--task", "classify"], &["class 25 has one sample"]),
        (&real("diabetes.npz"), &["--header"], &["--header says nothing of numpy arrays"]),
    ] {
        refused_in_one_line(&train(place.path(), data, more), 1, parts);
        assert!(!place.path().join("run").exists());
    }
}
