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

/// A file of one array.
fn npy(header: &str, numbers: &[u8]) -> Vec<u8> {
    let len = [u8::try_from(header.len()).unwrap(), 0];
    [&b"\x93NUMPY\x01\0"[..], &len, header.as_bytes(), numbers].concat()
}

#[test]
fn an_array_is_answered_for_as_the_table_of_its_numbers_is() {
    let place = TempDir::new().unwrap();
    let (npz, table) = (real("diabetes.npz"), real("../../data/tests/tables/diabetes.csv"));
    succeeds(&train(place.path(), &npz, &[]));
    // The inputs are those of the table, whose last column is the target.
    let text = fs::read_to_string(&table).unwrap();
    let rows = || text.lines().skip(1).map(|line| line.rsplit_once(',').unwrap().0);
    fs::write(place.path().join("rows.csv"), rows().collect::<Vec<_>>().join("\n")).unwrap();
    let predict = |run: &str, file: &str, more: &[&str]| {
        let output = barenet(place.path(), &[&["predict", run, file], more].concat());
        succeeds(&output);
        stdout(&output)
    };
    let answers = predict("run", &npz, &[]);
    assert_eq!((answers.lines().count(), answers.lines().next()), (443, Some("y")));
    // They are the same rows in another order, which a product's last bits may depend on.
    let are_alike = |left: &str, right: &str| {
        let [left, right] = [left, right].map(|answers| {
            let lines = answers.lines().skip(1);
            let mut numbers: Vec<f64> = lines.map(|line| line.parse().unwrap()).collect();
            numbers.sort_by(f64::total_cmp);
            numbers
        });
        assert_eq!((left.len(), right.len()), (442, 442));
        for (left, right) in left.iter().zip(&right) {
            assert!((left - right).abs() <= 1e-6 * right.abs(), "{left} and {right}");
        }
    };
    are_alike(&predict("run", "rows.csv", &[]), &answers);
    // In Fortran order and f64, two rows; the columns are kept.
    let two: Vec<Vec<f64>> =
        rows().take(2).map(|row| row.split(',').map(|x| x.parse().unwrap()).collect()).collect();
    let bytes: Vec<u8> = (0..10)
        .flat_map(|column| two.iter().flat_map(move |row| row[column].to_le_bytes()))
        .collect();
    let file = npy("{'descr': '<f8', 'fortran_order': True, 'shape': (2, 10)}", &bytes);
    fs::write(place.path().join("two.npy"), file).unwrap();
    let rows: Vec<_> = rows().take(2).collect();
    fs::write(place.path().join("two.csv"), rows.join("\n")).unwrap();
    let of_two = predict("run", "two.csv", &[]);
    let lines: Vec<_> = of_two.lines().collect();
    assert_eq!(predict("run", "two.npy", &[]).lines().collect::<Vec<_>>(), lines);
    let kept = predict("run", "two.npy", &["--keep", "--json"]);
    let kept: Value = serde_json::from_str(kept.lines().next().unwrap()).unwrap();
    assert_eq!((&kept["row"]["column 3"], &kept["row"]["column 1"]), (&29.2.into(), &48.into()));
    assert_eq!(kept["y"], lines[1].parse::<f64>().unwrap());
    // Of a network of the table the columns are found by their place.
    succeeds(&barenet(
        place.path(),
        &["train", "--data", &table, "--epochs", "20", "--out", "of-table"],
    ));
    are_alike(&predict("of-table", &npz, &[]), &predict("of-table", &table, &[]));

    let narrow = npy("{'descr': '|u1', 'fortran_order': False, 'shape': (2, 3)}", &[1; 6]);
    fs::write(place.path().join("narrow.npy"), narrow).unwrap();
    for run in ["run", "of-table"] {
        let output = barenet(place.path(), &["predict", run, "narrow.npy"]);
        let parts = ["narrow.npy: has rows of 3 numbers, and the network takes 10; give it the"];
        refused_in_one_line(&output, 1, &parts);
    }
}

#[test]
fn images_of_an_idx_file_are_answered_for() {
    let place = TempDir::new().unwrap();
    let data = real("digits-train-images-idx3-ubyte.gz");
    succeeds(&train(place.path(), &data, &[]));
    let test = real("digits-t10k-images-idx3-ubyte.gz");
    let output = barenet(place.path(), &["predict", "run", &test, "--json"]);
    succeeds(&output);
    let labels = fs::File::open(real("digits-t10k-labels-idx1-ubyte.gz")).unwrap();
    let mut found = Vec::new();
    std::io::copy(&mut flate2::read::GzDecoder::new(labels), &mut found).unwrap();
    let answers: Vec<Value> =
        stdout(&output).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let labels = &found[8..];
    assert_eq!(answers.len(), labels.len());
    let is_right = |(answer, label): &(&Value, &u8)| {
        answer["class"] == label.to_string()
            && answer["probabilities"][label.to_string()].as_f64().unwrap() > 0.1
    };
    let right = answers.iter().zip(labels).filter(is_right).count();
    assert!(right > 261, "{right} of 297");
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
    let lying = "{'descr': '<f8', 'fortran_order': False, 'shape': (1099511627776, 784)}";
    file("lying.npy", &npy(lying, &[]));
    file("objects.npy", &npy("{'descr': '|O', 'fortran_order': False, 'shape': (3,)}", &[]));
    let huge = [0, 0, 8, 3, 0, 16, 0, 0, 0, 0, 4, 0, 0, 0, 4, 0];
    file("huge-images-idx3-ubyte", &huge);
    file("cut.npz", &fs::read(real("diabetes.npz")).unwrap()[..9000]);
    let floats = |header: &str, numbers: &[f32]| {
        npy(header, &numbers.iter().flat_map(|x| x.to_le_bytes()).collect::<Vec<_>>())
    };
    let two_by_two = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 2)}";
    fs::create_dir(place.path().join("inf")).unwrap();
    file("inf/X.npy", &floats(two_by_two, &[1.0, f32::INFINITY, 2.0, 3.0]));
    file("complex.npy", &npy("{'descr': '<c8', 'fortran_order': False, 'shape': (1,)}", &[0; 8]));
    for (data, more, parts) in [
        ("inf", &[][..], &["X.npy: element [0, 1] is inf", "correct it"][..]),
        ("complex.npy", &[], &["of type \"<c8\"", "astype('float32')"]),
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
        let code = if more == ["--header"] { 2 } else { 1 };
        refused_in_one_line(&train(place.path(), data, more), code, parts);
        assert!(!place.path().join("run").exists());
    }
}
