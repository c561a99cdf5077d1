//! `barenet import`: networks of other programs are runs.

use crate::export_c::tested;
use crate::program::{
    barenet, message, passes_its_own_tests, quick, refused_in_one_line, stdout, succeeds,
};
use serde_json::Value;
use std::fs;
use std::path::Path;
use tempfile::TempDir;

/// A table that `barenet-data` is tested with too.
const IRIS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../data/tests/tables/iris.csv");
const DIABETES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../data/tests/tables/diabetes.csv");

/// A file that another program wrote.
fn foreign(name: &str) -> String {
    format!("{}/../fuzz/seeds/{name}", env!("CARGO_MANIFEST_DIR"))
}

fn best(place: &TempDir, run: &str) -> Vec<u8> {
    fs::read(place.path().join(run).join("best.safetensors")).unwrap()
}

fn run(place: &TempDir, arguments: &[&str]) -> String {
    let output = barenet(place.path(), arguments);
    succeeds(&output);
    stdout(&output)
}

/// Formats that keep every bit of a network.
const WHOLE: [(&str, &[&str]); 4] = [
    ("n.onnx", &["--format", "onnx", "--keep-batchnorm"]),
    ("p.safetensors", &["--format", "safetensors", "--layout", "pytorch", "--keep-scaling"]),
    ("b.safetensors", &["--format", "safetensors"]),
    ("n.npz", &["--format", "npz"]),
];

#[test]
fn what_was_exported_comes_back_with_the_same_bits_and_knows_its_data() {
    for train in [
        &["--data", IRIS, "--batchnorm", "--hidden", "9,5"][..],
        &["--data", DIABETES, "--hidden", "7"],
        &["--data", DIABETES, "--task", "reconstruct", "--batchnorm", "--hidden", "4"],
        &["--data", IRIS, "--scale", "none", "--hidden", "6"],
    ] {
        let place = TempDir::new().unwrap();
        let arguments = [&["train", "-q", "--epochs", "2", "--out", "run"], train].concat();
        succeeds(&barenet(place.path(), &arguments));
        for (file, flags) in WHOLE {
            run(&place, &[&["export", "run", "--out", file], flags].concat());
            let back = format!("back-{file}");
            let text = run(&place, &["import", file, "--out", &back]);
            assert!(text.contains("the file says what it was trained on"), "{text}");
            assert!(best(&place, &back) == best(&place, "run"), "{file} {train:?}");
        }
        let eval = |name| run(&place, &["eval", name, "--data", train[1]]);
        assert_eq!(eval("back-n.onnx"), eval("run"));
        // And it can leave again.
        let again =
            ["export", "back-n.npz", "--out", "again.onnx", "--format", "onnx", "--keep-batchnorm"];
        run(&place, &again);
        let file = |name| fs::read(place.path().join(name)).unwrap();
        if !train.contains(&"reconstruct") {
            assert!(file("again.onnx") == file("n.onnx"));
        }
    }
}

#[test]
fn a_network_of_pictures_comes_back_and_becomes_firmware() {
    let place = TempDir::new().unwrap();
    succeeds(&quick(place.path(), &["--out", "run", "--batchnorm"]));
    for (file, flags) in WHOLE {
        run(&place, &[&["export", "run", "--out", file], flags].concat());
        let back = format!("back-{file}");
        run(&place, &["import", file, "--out", &back]);
        assert!(best(&place, &back) == best(&place, "run"), "{file}");
    }
    let flags = ["--format", "firmware", "--dtype", "int8", "--test-size", "50"];
    run(&place, &[&["export", "back-n.onnx", "--out", "net"], &flags[..]].concat());
    assert!(place.path().join("net/src/lib.rs").exists());
    // Batch norm that was folded is not there again.
    run(&place, &["export", "run", "--format", "onnx"]);
    let text = run(&place, &["import", "run/model.onnx", "--out", "folded"]);
    assert!(text.contains("network   3072-8-10\n"), "{text}");
    let accuracy = |run_of| run(&place, &["eval", run_of]).lines().nth(1).unwrap().to_owned();
    assert_eq!(accuracy("folded"), accuracy("run"));
}

/// Probabilities of the first rows of a table without a head.
fn probabilities(place: &Path, run: &str) -> Vec<Vec<f64>> {
    fs::write(place.join("rows.csv"), "5.1,3.5,1.4,0.2\n7.0,3.2,4.7,1.4\n6.3,3.3,6.0,2.5\n")
        .unwrap();
    let output = barenet(place, &["predict", run, "rows.csv", "--json"]);
    succeeds(&output);
    let row = |line: &str| -> Vec<f64> {
        let value: Value = serde_json::from_str(line).unwrap();
        value["probabilities"].as_object().unwrap().values().map(|p| p.as_f64().unwrap()).collect()
    };
    stdout(&output).lines().map(row).collect()
}

#[test]
fn networks_of_scikit_learn_and_pytorch_answer_as_they_do_there() {
    let place = TempDir::new().unwrap();
    // What ONNX Runtime makes of the three rows.
    let expected: [(&str, &[&[f64]]); 3] = [
        ("scikit-learn", EXPECTED_SKLEARN),
        ("two-classes", EXPECTED_TWO),
        ("pytorch", EXPECTED_PYTORCH),
    ];
    for (name, expected) in expected {
        run(&place, &["import", &foreign(&format!("onnx/{name}")), "--out", name]);
        let found = probabilities(place.path(), name);
        assert_eq!(found.len(), expected.len());
        for (found, expected) in found.iter().flatten().zip(expected.iter().copied().flatten()) {
            assert!((found - expected).abs() < 1e-5, "{name}: {found} {expected}");
        }
    }
    let text = run(&place, &["eval", "scikit-learn", "--data", IRIS]);
    assert!(text.contains("accuracy"), "{text}");
    let named = ["import", &foreign("onnx/pytorch"), "--classes", "a,b \"q\",ü", "--out", "named"];
    run(&place, &named);
    assert!(run(&place, &["predict", "named", "rows.csv", "--json"]).contains("b \\\"q\\\""));
    let flags = ["--format", "firmware", "--data", IRIS, "--out", "net"];
    run(&place, &[&["export", "scikit-learn"], &flags[..]].concat());
    assert!(place.path().join("net/src/lib.rs").exists());
    let manifest = fs::read_to_string(place.path().join("net/Cargo.toml")).unwrap();
    assert!(manifest.contains("trained by another program"), "{manifest}");
    // The same in one.
    fs::copy(foreign("onnx/scikit-learn"), place.path().join("theirs.onnx")).unwrap();
    run(&place, &["export", "theirs.onnx", "--format", "firmware", "--data", IRIS]);
    let weights =
        |folder: &str| fs::read(place.path().join(folder).join("src/weights.bin")).unwrap();
    assert!(weights("theirs-firmware") == weights("net"));
}

#[test]
fn in_f32_a_file_becomes_a_crate_and_c_without_data() {
    let place = TempDir::new().unwrap();
    fs::copy(foreign("onnx/scikit-learn"), place.path().join("theirs.onnx")).unwrap();
    let weights =
        |folder: &str| fs::read(place.path().join(folder).join("src/weights.bin")).unwrap();
    let text = run(&place, &["export", "theirs.onnx", "--format", "firmware"]);
    assert!(text.contains("f32, folded; not measured, as --data names no data"), "{text}");
    // It has no batch norm, and its texts name none.
    let text = fs::read_to_string(place.path().join("theirs-firmware/src/lib.rs")).unwrap();
    assert!(
        text.contains(
            "Samples go in as the numbers that they are: scaling is folded into the weights.\n"
        ),
        "{text}"
    );
    passes_its_own_tests(&place.path().join("theirs-firmware"), 4);
    // What is measured changes nothing of it.
    run(
        &place,
        &["export", "theirs.onnx", "--format", "firmware", "--data", IRIS, "--out", "measured"],
    );
    assert!(weights("theirs-firmware") == weights("measured"));
    run(&place, &["import", "theirs.onnx", "--out", "run"]);
    run(&place, &["export", "run", "--format", "c"]);
    let text = fs::read_to_string(place.path().join("run/c/src/model.h")).unwrap();
    assert!(
        text.contains("Numbers go in as they are: scaling is folded into the weights.\n"),
        "{text}"
    );
    if let Some(output) = tested(&place.path().join("run/c"), &["-O2"]) {
        assert!(output.status.success(), "{}", stdout(&output));
    }
    // Bytes need data, and the file that was named is told, not where it was imported to.
    let output = barenet(
        place.path(),
        &["export", "theirs.onnx", "--format", "c", "--dtype", "int8", "--out", "int8"],
    );
    let told = ["error: theirs.onnx: another program trained it; name data for it with --data"];
    refused_in_one_line(&output, 1, &told);
    assert!(!place.path().join("int8").exists());
}

/// Probabilities of TFLite's interpreter.
#[test]
fn a_network_of_tflite_is_a_run_and_what_is_none_is_refused() {
    let place = TempDir::new().unwrap();
    let text = run(&place, &["import", &foreign("tflite/f32"), "--out", "run"]);
    assert!(text.contains("network   4-3-2\ntask      classify: 0, 1\n"), "{text}");
    let expected = [
        [0.2573872208595276, 0.7426128387451172],
        [0.1859074980020523, 0.8140925168991089],
        [0.13939696550369263, 0.8606030941009521],
    ];
    let found = probabilities(place.path(), "run");
    assert_eq!(found.len(), 3);
    for (found, expected) in found.iter().zip(expected).flat_map(|(f, e)| f.iter().zip(e)) {
        assert!((found - expected).abs() < 1e-6, "{found} {expected}");
    }
    let text =
        run(&place, &["import", &foreign("tflite/int8"), "--out", "values", "--task", "regress"]);
    assert!(text.contains("network   4-3-2\ntask      regress\n"), "{text}");

    let whole = fs::read(foreign("tflite/f32")).unwrap();
    fs::write(place.path().join("cut.tflite"), &whole[..whole.len() - 40]).unwrap();
    let output = barenet(place.path(), &["import", "cut.tflite", "--out", "cut"]);
    refused_in_one_line(&output, 1, &["cut.tflite", "damaged or not whole"]);
    let conv = concat!(env!("CARGO_MANIFEST_DIR"), "/../model/src/tflite/tests/conv.tflite");
    let output = barenet(place.path(), &["import", conv, "--out", "conv"]);
    refused_in_one_line(&output, 1, &["CONV_2D \"hidden\"", "FULLY_CONNECTED"]);
    assert!(!place.path().join("cut").exists() && !place.path().join("conv").exists());
}

const EXPECTED_SKLEARN: &[&[f64]] = &[
    &[0.5399337, 0.0898016, 0.3702648],
    &[0.3317094, 0.2516299, 0.4166608],
    &[0.2959437, 0.2687376, 0.4353186],
];
const EXPECTED_TWO: &[&[f64]] =
    &[&[0.5598572, 0.4401428], &[0.7466904, 0.2533096], &[0.8383908, 0.1616092]];
const EXPECTED_PYTORCH: &[&[f64]] = &[
    &[0.2692080, 0.4803924, 0.2503997],
    &[0.2224894, 0.6045938, 0.1729168],
    &[0.1529329, 0.7131300, 0.1339371],
];

#[test]
fn values_come_out_in_the_units_of_the_targets_after_their_scaling_was_folded() {
    let place = TempDir::new().unwrap();
    succeeds(&barenet(
        place.path(),
        &["train", "-q", "--epochs", "2", "--data", DIABETES, "--out", "run"],
    ));
    let values = |name: &str| -> Vec<f64> {
        run(&place, &["predict", name, DIABETES])
            .lines()
            .skip(1)
            .map(|x| x.parse().unwrap())
            .collect()
    };
    let expected = values("run");
    for (file, flags) in [
        ("a.safetensors", &["--format", "safetensors", "--layout", "pytorch"][..]),
        ("a.npz", &["--format", "npz", "--layout", "pytorch"]),
    ] {
        run(&place, &[&["export", "run", "--out", file], flags].concat());
        let back = format!("back-{file}");
        run(&place, &["import", file, "--out", &back]);
        let found = values(&back);
        assert_eq!(found.len(), 442);
        // Targets are up to 346, and numbers of f32 add up in another order.
        assert!(found.iter().zip(&expected).all(|(a, b)| (a - b).abs() < 0.01), "{file}");
    }
}

#[test]
fn what_cannot_be_imported_is_refused_in_a_line_and_nothing_is_made() {
    let place = TempDir::new().unwrap();
    let write = |name: &str, bytes: &[u8]| fs::write(place.path().join(name), bytes).unwrap();
    let whole = fs::read(foreign("onnx/kept")).unwrap();
    let arrays = fs::read(foreign("tensors/barenet.safetensors")).unwrap();
    write("empty", b"");
    write("text.onnx", b"hello, this is no network\n");
    write("cut.onnx", &whole[..whole.len() / 2]);
    write("cut.tflite", &whole[..whole.len() / 2]);
    write("cut.safetensors", &arrays[..arrays.len() - 1]);
    write("cut.npz", b"PK\x03\x04 and nothing");
    write("head.safetensors", b"\xff\xff\xff\xff\xff\xff\xff\x7f{");
    let fine = foreign("onnx/pytorch");
    for (arguments, part) in [
        (&["missing.onnx"][..], "missing.onnx"),
        (&["empty"], "the file is empty"),
        (
            &["text.onnx"],
            "text.onnx: is text, and no network that can be read: networks are read from ONNX, TFLite",
        ),
        (&["cut.onnx"], "cut.onnx: is no whole ONNX file"),
        (&["cut.tflite"], "cut.tflite: is no TFLite file: bytes 5 to 8 are not TFL3"),
        (&["cut.safetensors"], "is no whole safetensors file"),
        (&["cut.npz"], "is no whole .npz file"),
        (&["head.safetensors"], "is no whole safetensors file"),
        (&[&*fine, "--map", "a=W1"], "--map names arrays"),
        (&[&*fine, "--classes", "a,b"], "2 classes are named, and the network has 3 scores"),
        (&[&*fine, "--classes", "a,b", "--task", "regress"], "the task is another"),
        (&[&*fine, "--task", "reconstruct"], "it cannot give its inputs back"),
    ] {
        let output = barenet(place.path(), &[&["import", "--out", "made"], arguments].concat());
        refused_in_one_line(&output, 1, &[part]);
        assert!(!place.path().join("made").exists(), "{arguments:?}");
    }
    // Files for runs, and files that are not there.
    fs::copy(&fine, place.path().join("a\n(b) ü.onnx")).unwrap();
    for (arguments, part) in [
        (
            &["eval", "a\n(b) ü.onnx"][..],
            "is a file; a run is named by its folder, and `barenet import ",
        ),
        (&["export", "gone.onnx", "--format", "c"], "gone.onnx: No such file or folder"),
        (&["train", "--from", "gone.npz"], "gone.npz: No such file or folder"),
    ] {
        refused_in_one_line(&barenet(place.path(), arguments), 1, &[part]);
    }
    let text = run(&place, &["import", "a\n(b) ü.onnx"]);
    assert!(text.contains("\nrun       runs/a-b-ü\n"), "{text}");

    run(&place, &["import", &fine, "--out", "made"]);
    let output = barenet(place.path(), &["import", &fine, "--out", "made"]);
    refused_in_one_line(&output, 1, &["made: holds another run"]);
    let output = barenet(place.path(), &["import", &fine, "--map", "W1"]);
    assert_eq!(output.status.code(), Some(2), "{}", message(&output));
}
