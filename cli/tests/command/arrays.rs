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
        " validation, 88 test rows",
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
fn a_folder_of_idx_files_is_learnt_and_its_test_images_are_all_measured() {
    let place = TempDir::new().unwrap();
    fs::create_dir(place.path().join("digits")).unwrap();
    for part in ["train", "t10k"] {
        for what in ["images-idx3", "labels-idx1"] {
            let name = format!("digits-{part}-{what}-ubyte.gz");
            fs::copy(real(&name), place.path().join("digits").join(name)).unwrap();
        }
    }
    let output = train(place.path(), "digits", &[]);
    succeeds(&output);
    let text = stdout(&output);
    for part in [
        "data      IDX images from digits (8 x 8)",
        " validation, 297 test images",
        "task      classify from 64 inputs, scaled standard, loss softmax",
    ] {
        assert!(text.contains(part), "{part:?} is not in {text}");
    }
    let (summary, found) = figures(place.path(), "digits");
    let accuracy = summary["test_accuracy"].as_f64().unwrap();
    // The test images are of other writers: scikit-learn finds 0.909 to 0.919.
    assert!(accuracy > 0.88, "{accuracy}");
    assert_eq!((&found["num_images"], &found["accuracy"]), (&297.into(), &accuracy.into()));
    // Other data are said to be others.
    let one = real("digits-t10k-images-idx3-ubyte.gz");
    let output = barenet(place.path(), &["eval", "run", "--data", &one]);
    refused_in_one_line(&output, 1, &["it was trained on other images"]);
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
    let huge = [0, 0, 8, 3, 0, 16, 0, 0, 0, 0, 4, 0, 0, 0, 4, 0];
    file("huge-images-idx3-ubyte", &huge);
    file("cut.npz", &fs::read(real("diabetes.npz")).unwrap()[..9000]);
    for (data, more, parts) in [
        (
            "lying.npy",
            &[][..],
            &["lying.npy: truncated: its header promises 1099511627776 x 784"][..],
        ),
        ("objects.npy", &[], &["objects.npy: holds pickled objects, which are never loaded"]),
        (
            "huge-images-idx3-ubyte",
            &[],
            &["huge-images-idx3-ubyte: truncated: its header promises 1048576 x 1024 x 1024"],
        ),
        ("cut.npz", &[], &["cut.npz: is no whole zip archive"]),
        (&real("diabetes.npz"), &["--task", "classify"], &["class 25 has one sample"]),
        (&real("diabetes.npz"), &["--header"], &["--header says nothing of numpy arrays"]),
    ] {
        refused_in_one_line(&train(place.path(), data, more), 1, parts);
        assert!(!place.path().join("run").exists());
    }
}
