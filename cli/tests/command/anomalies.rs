//! What is normal trains alone, and anomalies that are labelled validate and test, given apart.

use crate::program::{barenet, message, refused_in_one_line, stdout, succeeds};
use image::{GrayImage, Luma};
use serde_json::Value;
use std::fs;
use std::path::Path;
use tempfile::TempDir;

/// Rows on a line, but for so many of fifty, which are not.
fn table(others: usize, from: usize, normal: &str) -> String {
    let row = |i: usize| {
        let x = (i * 7919 % 1000) as f64 / 500.0;
        let (z, class) = if i % 50 < others { (3.0 - 2.0 * x, "odd") } else { (x, normal) };
        format!("{x},{z},{class}\n")
    };
    format!("x,z,class\n{}", (from..from + 400).map(row).collect::<String>())
}

/// A picture whose left half is light, or its right one.
fn save(folder: &Path, name: &str, is_right: bool, grain: u8) {
    let path = folder.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let light = |x| if (x >= 4) == is_right { 200 - grain } else { 40 + grain };
    GrayImage::from_fn(8, 8, |x, _| Luma([light(x)])).save(path).unwrap();
}

fn run(folder: &Path, arguments: &[&[&str]]) -> String {
    let output = barenet(folder, &arguments.concat());
    succeeds(&output);
    stdout(&output)
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

fn summary(folder: &Path) -> Value {
    json(&fs::read_to_string(folder.join("run/summary.json")).unwrap())
}

#[test]
fn a_table_of_normal_rows_trains_and_one_with_labelled_anomalies_tests() {
    let place = TempDir::new().unwrap();
    for (name, others, from) in [("train", 0, 0), ("val", 20, 400), ("test", 20, 800)] {
        fs::write(place.path().join(name), table(others, from, "good")).unwrap();
    }
    // More anomalies than normal rows.
    fs::write(place.path().join("more"), table(30, 1200, "good")).unwrap();
    let parts = ["--data", "train", "--val", "val", "--test", "test"];
    let task = ["--task", "reconstruct", "--target", "class"];
    let text = run(place.path(), &[&["data", "info"], &parts, &task]);
    assert!(text.contains("1 odd"), "{text}");
    let size = ["--hidden", "8,1,8", "--epochs", "6", "--out", "run", "--metric", "auc"];
    let text = run(place.path(), &[&["train"], &parts, &task, &size]);
    assert!(text.contains("test AUC"), "{text}");
    let summary = summary(place.path());
    assert!(summary["test_auc"].as_f64().unwrap() > 0.8, "{summary}");

    let eval = |more: &[&str]| json(&run(place.path(), &[&["eval", "run", "--json"], more]));
    let found = eval(&parts);
    assert_eq!(found["auc"], summary["test_auc"]);
    assert_eq!(found["anomaly_threshold"], summary["anomaly_threshold"]);
    // What is normal is what was in training, and not what is frequent elsewhere; a class may be new.
    let other = fs::read_to_string(place.path().join("more")).unwrap().replace("odd", "worn");
    fs::write(place.path().join("more"), other).unwrap();
    let found = eval(&["--data", "more", "--other-data"]);
    assert!(found["auc"].as_f64().unwrap() > 0.8, "{found}");
    assert!(found["above_threshold"]["other"].as_u64().unwrap() > 100, "{found}");
    let text = run(place.path(), &[&["predict", "run", "more"]]);
    assert!(text.starts_with("anomaly_score,is_anomaly\n"), "{text}");
    let resume = ["--resume", "run", "--epochs", "7"];
    run(place.path(), &[&["train"], &parts, &resume]);

    // A network that tells classes apart has to know them.
    fs::write(place.path().join("train"), table(0, 0, "bent") + "1,2,good\n2,1,good\n").unwrap();
    let output = barenet(place.path(), &[&["train", "--out", "other"][..], &parts].concat());
    refused_in_one_line(&output, 1, &["line", "class \"odd\" is not one of those that train"]);
}

#[test]
fn pictures_of_what_is_whole_train_and_those_of_what_is_broken_test() {
    let place = TempDir::new().unwrap();
    for grain in 0..20 {
        save(place.path(), &format!("set/train/good/{grain}.png"), false, grain);
        save(place.path(), &format!("set/test/good/{grain}.png"), false, grain);
        save(place.path(), &format!("set/test/broken/{grain}.png"), true, grain);
    }
    let data = ["--data", "set"];
    let task = ["--task", "reconstruct", "--hidden", "4", "--epochs", "20", "--out", "run"];
    let text = run(place.path(), &[&["train"], &data, &task]);
    assert!(text.contains("test AUC"), "{text}");
    let auc = summary(place.path())["test_auc"].clone();
    assert!(auc.as_f64().unwrap() > 0.9, "{auc}");
    let eval = |data: &[&str]| json(&run(place.path(), &[&["eval", "run", "--json"], data]));
    assert_eq!(eval(&data)["auc"], auc);
    let found = eval(&["--data", "set/test", "--other-data"]);
    assert!(found["auc"].as_f64().unwrap() > 0.9, "{found}");

    let output = barenet(place.path(), &["train", "--data", "set"]);
    refused_in_one_line(&output, 1, &["has one class only", "--task reconstruct"]);
}

#[test]
fn labels_of_arrays_that_only_test_count_if_it_is_said_what_is_normal() {
    let place = TempDir::new().unwrap();
    let npy = |name: &str, descr: &str, shape: &str, bytes: Vec<u8>| {
        let header =
            format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}\n");
        let len = u16::try_from(header.len()).unwrap().to_le_bytes();
        let file = [b"\x93NUMPY\x01\0", &len[..], header.as_bytes(), &bytes].concat();
        fs::create_dir_all(place.path().join("set")).unwrap();
        fs::write(place.path().join("set").join(name), file).unwrap();
    };
    let normal = |i: u8| [i, i];
    npy("x_train.npy", "|u1", "(100, 2)", (0..100).flat_map(normal).collect());
    let odd = |i: u8| if i < 50 { normal(i) } else { [i, 150 - i] };
    npy("x_test.npy", "|u1", "(100, 2)", (0..100).flat_map(odd).collect());
    npy("y_test.npy", "|u1", "(100,)", (0..100).map(|i| u8::from(i >= 50)).collect());
    let train = |more: &[&str]| {
        let task = ["--task", "reconstruct", "--hidden", "1", "--epochs", "5", "--force"];
        let data = ["train", "--data", "set", "--out", "run"];
        let output = barenet(place.path(), &[&data[..], &task, more].concat());
        succeeds(&output);
        (stdout(&output), message(&output))
    };
    let (text, said) = train(&[]);
    let unused =
        "y_test.npy: not used, since the samples that train have no labels: say with --normal";
    assert!(!text.contains("AUC") && said.contains(unused), "{text}{said}");
    let (text, said) = train(&["--normal", "0"]);
    assert!(text.contains("test AUC") && !said.contains("not used"), "{text}{said}");
    let found = run(place.path(), &[&["eval", "run", "--data", "set"]]);
    assert!(found.contains("AUC"), "{found}");
}
