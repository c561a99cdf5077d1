//! TFLite's own interpreter (`ai-edge-litert`): what its files are held against here is what it computes.

use crate::program::{barenet, stdout, succeeds};
use crate::python::{python, run_python};
use serde_json::Value;
use std::path::Path;
use tempfile::TempDir;

/// A program that gives the outputs of a file for rows of inputs, which are bytes or numbers of JSON.
const RUN: &str = r#"
import json, sys
import numpy as np
from ai_edge_litert.interpreter import Interpreter
net = Interpreter(model_path=sys.argv[1])
net.allocate_tensors()
(x,), (y,) = net.get_input_details(), net.get_output_details()
if sys.argv[2] == "bytes":
    rows = np.fromfile(sys.argv[3], x["dtype"]).reshape(-1, int(sys.argv[4]))[:, :x["shape"][1]]
else:
    rows = np.array(json.loads(sys.argv[3]), x["dtype"])
found = []
for row in rows:
    net.set_tensor(x["index"], row[None])
    net.invoke()
    found.append(net.get_tensor(y["index"])[0].tolist())
print(json.dumps(found))
"#;

const MODULES: &str = "numpy, ai_edge_litert.interpreter";

/// Files of the model crate's tests.
const FILES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../model/src/tflite/tests");

fn bytes(row: &[Value]) -> Vec<u8> {
    row.iter().map(|value| i8::try_from(value.as_i64().unwrap()).unwrap().cast_unsigned()).collect()
}

/// The rows of an answer, and those that are expected.
fn are_equal<'a>(found: &Value, expected: impl Iterator<Item = &'a [u8]>) -> usize {
    let found = found.as_array().unwrap();
    let expected: Vec<_> = expected.collect();
    assert_eq!(found.len(), expected.len());
    for (row, (found, expected)) in found.iter().zip(expected).enumerate() {
        assert_eq!(bytes(found.as_array().unwrap()), expected, "row {row}");
    }
    found.len()
}

#[test]
fn the_bytes_that_exports_are_held_against_are_those_of_the_interpreter() {
    let Some(python) = python(MODULES) else { return };
    let place = TempDir::new().unwrap();
    // Six bytes of a sample, and the three of its answer.
    let (file, pairs) = (format!("{FILES}/relu6_int8.tflite"), format!("{FILES}/relu6_int8.bytes"));
    let stored = std::fs::read(&pairs).unwrap();
    let found = run_python(&python, place.path(), RUN, &[&file, "bytes", &pairs, "9"]);
    let rows = are_equal(&found, stored.chunks_exact(9).map(|pair| &pair[6..]));
    assert_eq!(rows, 40);
}

#[test]
fn the_bytes_of_mlperf_tiny_are_those_of_the_interpreter() {
    let Some(folder) = std::env::var_os("MLPERF_TINY_AD_DIR") else {
        eprintln!("skipped: MLPERF_TINY_AD_DIR names no folder of MLPerf Tiny's autoencoder");
        return;
    };
    let Some(python) = python(MODULES) else { return };
    let place = TempDir::new().unwrap();
    let file = |name: &str| Path::new(&folder).join(name).display().to_string();
    let (net, inputs) = (file("ad01_int8.tflite"), file("ad01_int8_input.i8"));
    let stored = std::fs::read(file("ad01_int8_output.i8")).unwrap();
    let found = run_python(&python, place.path(), RUN, &[&net, "bytes", &inputs, "640"]);
    assert_eq!(are_equal(&found, stored.chunks_exact(640)), 196);
}

#[test]
fn real_numbers_are_answered_as_by_the_interpreter() {
    let Some(python) = python(MODULES) else { return };
    let place = TempDir::new().unwrap();
    let seeds = concat!(env!("CARGO_MANIFEST_DIR"), "/../fuzz/seeds/tflite");
    let file = format!("{seeds}/f32");
    let rows: Vec<[f64; 4]> = (0..200)
        .map(|row| [0, 1, 2, 3].map(|i| f64::from((row * (31 + 7 * i)) % 101) / 16.0 - 2.0))
        .collect();
    let table: String = rows.iter().map(|x| x.map(|x| x.to_string()).join(",") + "\n").collect();
    std::fs::write(place.path().join("rows.csv"), table).unwrap();
    succeeds(&barenet(place.path(), &["import", &file, "--out", "run"]));
    let output = barenet(place.path(), &["predict", "run", "rows.csv", "--json"]);
    succeeds(&output);

    let numbers = serde_json::to_string(&rows).unwrap();
    let expected = run_python(&python, place.path(), RUN, &[&file, "numbers", &numbers]);
    let (mut count, text) = (0, stdout(&output));
    for (line, expected) in text.lines().zip(expected.as_array().unwrap()) {
        let line: Value = serde_json::from_str(line).unwrap();
        let found = line["probabilities"].as_object().unwrap().values();
        for (found, expected) in found.zip(expected.as_array().unwrap()) {
            let difference = found.as_f64().unwrap() - expected.as_f64().unwrap();
            assert!(difference.abs() < 1e-6, "{line} {expected}");
            count += 1;
        }
    }
    assert_eq!(count, 400);
}
