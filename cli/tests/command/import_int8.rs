//! int8 files of TFLite: a run keeps the file, and what is exported of it gives the bytes of TFLite.

use crate::export_c::tested;
use crate::program::{
    barenet, message, passes_its_own_tests, refused_in_one_line, stdout, succeeds,
};
use std::fs;
use std::path::Path;
use tempfile::TempDir;

/// A network of 6-5-4-3, and 40 samples of six bytes, each followed by the three bytes of TFLite.
const FILE: &str =
    concat!(env!("CARGO_MANIFEST_DIR"), "/../model/src/tflite/tests/relu6_int8.tflite");
const BYTES: &[u8] = include_bytes!("../../../model/src/tflite/tests/relu6_int8.bytes");

const INT8: [&str; 4] = ["--format", "firmware", "--dtype", "int8"];

fn run(place: &TempDir, arguments: &[&str]) -> String {
    let output = barenet(place.path(), arguments);
    succeeds(&output);
    stdout(&output)
}

/// The pairs of [`BYTES`] as Rust or C has them.
fn pairs() -> Vec<(String, String)> {
    let list = |bytes: &[u8]| {
        let bytes: Vec<_> = bytes.iter().map(|byte| byte.cast_signed().to_string()).collect();
        bytes.join(", ")
    };
    BYTES.chunks_exact(9).map(|pair| (list(&pair[..6]), list(&pair[6..]))).collect()
}

/// Adds a test to an exported crate: the bytes of TFLite, of bytes and of the real numbers for which they stand.
fn add_bytes_of_tflite(net: &Path, name: &str) {
    let rows: String = pairs().iter().map(|(x, y)| format!("    ([{x}], [{y}]),\n")).collect();
    let test = format!(
        "use {name}::{{INPUT, Workspace, scores, scores_of_reals}};\n\n\
         const PAIRS: [([i8; 6], [i8; 3]); 40] = [\n{rows}];\n\n\
         #[test]\nfn bytes_are_those_of_tflite() {{\n    \
         let mut workspace = Workspace::new();\n    \
         for (x, y) in PAIRS {{\n        \
         assert_eq!(scores(&x, &mut workspace).unwrap(), y);\n        \
         assert_eq!(scores_of_reals(&x.map(|x| INPUT.real(x)), &mut workspace).unwrap(), y);\n    \
         }}\n}}\n"
    );
    fs::write(net.join("tests/tflite.rs"), test).unwrap();
}

#[test]
fn a_run_keeps_the_file_and_its_crate_gives_the_bytes_of_tflite_without_data() {
    let place = TempDir::new().unwrap();
    let text = run(&place, &["import", FILE, "--out", "run"]);
    assert!(text.contains("integers  kept"), "{text}");
    let kept = place.path().join("run/imported.tflite");
    assert!(fs::read(&kept).unwrap() == fs::read(FILE).unwrap());
    let text = run(&place, &[&["export", "run"], &INT8[..]].concat());
    assert!(text.contains("network   6-5-4-3, int8, the integers of the TFLite file"), "{text}");
    let net = place.path().join("run/firmware");
    add_bytes_of_tflite(&net, "run_net");
    passes_its_own_tests(&net, 5);

    // The bytes of the library in C too.
    run(&place, &["export", "run", "--format", "c", "--dtype", "int8"]);
    if let Some(output) = tested(&place.path().join("run/c"), &["-O2"]) {
        assert!(output.status.success(), "{}", stdout(&output));
    }

    // Of values, and of the file at once.
    run(&place, &["import", FILE, "--out", "values", "--task", "regress"]);
    run(&place, &[&["export", "values", "--out", "net"], &INT8[..]].concat());
    passes_its_own_tests(&place.path().join("net"), 6);
    fs::copy(FILE, place.path().join("theirs.tflite")).unwrap();
    run(&place, &[&["export", "theirs.tflite"], &INT8[..]].concat());
    let weights = |net: &str| fs::read(place.path().join(net).join("src/weights.bin")).unwrap();
    assert!(weights("theirs-firmware") == weights("net"));
}

#[test]
fn integers_that_cannot_be_exported_are_told_at_the_import_and_refused_with_the_layer() {
    let place = TempDir::new().unwrap();
    // A scale of hidden units for which a factor is above a quarter.
    let mut file = fs::read(FILE).unwrap();
    let scale = 0.05_f32.to_le_bytes();
    let at = file.windows(4).position(|found| found == scale).unwrap();
    file[at..][..4].copy_from_slice(&1e-4_f32.to_le_bytes());
    // Both of the units and of the inputs of the next layer, which are one tensor.
    fs::write(place.path().join("odd.tflite"), file).unwrap();
    let output = barenet(place.path(), &["import", "odd.tflite", "--out", "run"]);
    succeeds(&output);
    let told = ["FULLY_CONNECTED \"hidden1\": the factor of a unit is", "--requantize"];
    for part in told {
        assert!(message(&output).contains(part), "{}", message(&output));
    }
    let output = barenet(place.path(), &[&["export", "run"], &INT8[..]].concat());
    refused_in_one_line(&output, 1, &told);
    assert!(!place.path().join("run/firmware").exists());
    // In f32 it goes, with data.
    let rows: String = (0..80).map(|row| format!("{},1,2,3,4,5,{}\n", row % 9, row % 3)).collect();
    fs::write(place.path().join("rows.csv"), format!("a,b,c,d,e,f,class\n{rows}")).unwrap();
    for more in [&["--requantize"][..], &[]] {
        let dtype = if more.is_empty() { "f32" } else { "int8" };
        let flags = ["--format", "firmware", "--data", "rows.csv", "--force", "--dtype", dtype];
        run(&place, &[&["export", "run"], &flags[..], more].concat());
    }
}

#[test]
fn a_kept_file_that_is_gone_or_another_is_refused_and_flags_that_measure_too() {
    let place = TempDir::new().unwrap();
    run(&place, &["import", FILE, "--out", "run"]);
    let export = |more: &[&str]| {
        barenet(place.path(), &[&["export", "run", "--out", "net"], more, &INT8].concat())
    };
    for more in [&["--data", "x.csv"][..], &["--calibration-size", "9"], &["--min-accuracy", "0.5"]]
    {
        refused_in_one_line(&export(more), 2, &["as they are", "--requantize"]);
    }
    let flags = ["export", "run", "--format", "firmware", "--requantize"];
    refused_in_one_line(&barenet(place.path(), &flags), 2, &["--requantize is for --dtype int8"]);
    refused_in_one_line(&export(&["--ram", "20"]), 1, &["does not fit", "--ram allows 20"]);
    let kept = place.path().join("run/imported.tflite");
    let mut other = fs::read(&kept).unwrap();
    *other.last_mut().unwrap() ^= 1;
    fs::write(&kept, other).unwrap();
    refused_in_one_line(&export(&[]), 1, &["is not the file that was imported", "--requantize"]);
    fs::remove_file(&kept).unwrap();
    refused_in_one_line(&export(&[]), 1, &["imported.tflite", "--requantize"]);
    assert!(!place.path().join("net").exists());

    // What goes to other programs and comes back keeps no file.
    run(&place, &["export", "run", "--format", "safetensors"]);
    run(&place, &["import", "run/model.safetensors", "--out", "back"]);
    assert!(!place.path().join("back/imported.tflite").exists());
    let output = barenet(place.path(), &[&["export", "back"], &INT8[..]].concat());
    assert!(!message(&output).contains("imported.tflite"), "{}", message(&output));
}

#[test]
fn a_new_run_takes_the_kept_file_away_and_one_of_somebody_else_stays() {
    let place = TempDir::new().unwrap();
    run(&place, &["import", FILE, "--out", "run"]);
    let train = |out| {
        let flags = ["train", "-q", "--preset", "two-layer", "--epochs", "1", "--hidden", "4"];
        barenet(
            place.path(),
            &[&flags[..], &["--data", "builtin", "--force", "--out", out]].concat(),
        )
    };
    succeeds(&train("run"));
    assert!(!place.path().join("run/imported.tflite").exists());
    fs::create_dir(place.path().join("theirs")).unwrap();
    fs::copy(FILE, place.path().join("theirs/imported.tflite")).unwrap();
    refused_in_one_line(&train("theirs"), 1, &["imported.tflite: in the way"]);
}
