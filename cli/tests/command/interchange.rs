//! `barenet export` to the files of other programs: they compute what `barenet predict` does.

use crate::program::{barenet, quick, refused_in_one_line, stdout, succeeds};
use crate::python::{python, run_python};
use barenet::Rng;
use barenet::quant::{Bits, Calibration};
use barenet_run::export::{Exported, Wanted, WantedBits};
use barenet_run::images::{self, Files};
use barenet_run::settings::{ExportDtype, Settings};
use barenet_run::trained_run::TrainedRun;
use serde_json::Value;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use tempfile::TempDir;

/// Largest difference of a probability: both sides add in `f32`, in another order.
const PROBABILITY: f64 = 1e-4;
/// Largest difference of a value, in deviations of the targets.
const VALUE: f64 = 1e-4;

/// A program that prints every output of a graph for the numbers of a table, and its texts.
const RUN_ONNX: &str = r#"
import json, sys
import numpy as np, onnx, onnxruntime
onnx.checker.check_model(onnx.load(sys.argv[1]), full_check=True)
session = onnxruntime.InferenceSession(sys.argv[1])
x = np.loadtxt(sys.argv[2], delimiter=",", skiprows=1, dtype=np.float32)[:, :6]
outputs = session.run(None, {"features": x})
names = [output.name for output in session.get_outputs()]
found = {name: values.astype(float).tolist() for name, values in zip(names, outputs)}
print(json.dumps(found | {"notes": session.get_modelmeta().custom_metadata_map}))
"#;

/// A table of 1,200 rows: 6 inputs of different sizes, a class, and two numbers.
fn write_tables(folder: &Path) {
    let mut rng = Rng::seed(3);
    let mut normal = || (0..12).map(|_| rng.uniform()).sum::<f64>() - 6.0;
    let head = "a,\"b \"\"q\"\"\",c,d,é,f";
    let (mut classes, mut values) = (format!("{head},y\n"), format!("{head},t,u\n"));
    for _ in 0..1200 {
        let z: Vec<f64> = (0..6).map(|_| normal()).collect();
        let scales = [(1.0, 0.0), (10.0, 5.0), (100.0, -50.0), (0.1, 1.0), (5.0, 2.0), (2.0, 3.0)];
        let x: Vec<_> = z.iter().zip(scales).map(|(z, (f, o))| (z * f + o).to_string()).collect();
        let (t, u) = (z[0] * z[1] + z[2], (z[3] - z[4]).abs() * 30.0 + 100.0);
        let class = if t > 0.5 {
            "yes, \"\"really\"\""
        } else if u > 140.0 {
            "ünder"
        } else {
            "no"
        };
        writeln!(classes, "{},\"{class}\"", x.join(",")).unwrap();
        writeln!(values, "{},{t},{u}", x.join(",")).unwrap();
    }
    fs::write(folder.join("classes.csv"), &classes).unwrap();
    fs::write(folder.join("values.csv"), &values).unwrap();
    let numbers =
        values.lines().map(|line| line.split(',').take(6).collect::<Vec<_>>().join(",") + "\n");
    fs::write(folder.join("numbers.csv"), numbers.collect::<String>()).unwrap();
}

/// Trains, in a folder that has the tables.
fn trained(arguments: &[&str]) -> TempDir {
    let place = TempDir::new().unwrap();
    write_tables(place.path());
    let train = ["train", "-q", "--epochs", "3", "--hidden", "16,8", "--out", "run"];
    succeeds(&barenet(place.path(), &[&train, arguments].concat()));
    place
}

fn export(place: &TempDir, arguments: &[&str]) -> String {
    let output = barenet(place.path(), &[&["export", "run"], arguments].concat());
    succeeds(&output);
    stdout(&output)
}

/// The answers of `barenet predict`, a row each.
fn predicted(place: &TempDir, table: &str) -> Vec<Value> {
    let output = barenet(place.path(), &["predict", "run", table, "--json"]);
    succeeds(&output);
    stdout(&output).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn numbers(values: &Value) -> Vec<f64> {
    match values {
        Value::Array(all) => all.iter().flat_map(numbers).collect(),
        Value::Object(all) => all.values().flat_map(numbers).collect(),
        number => vec![number.as_f64().unwrap()],
    }
}

#[track_caller]
fn close(found: &[f64], expected: &[f64], tolerance: f64) {
    assert_eq!(found.len(), expected.len());
    for (found, expected) in found.iter().zip(expected) {
        assert!((found - expected).abs() <= tolerance, "{found} {expected}");
    }
}

#[test]
fn onnx_runtime_gives_the_probabilities_of_predict() {
    let Some(python) = python("numpy, onnx, onnxruntime") else { return };
    let place = trained(&["--data", "classes.csv", "--batchnorm"]);
    let expected: Vec<f64> = predicted(&place, "classes.csv")
        .iter()
        .flat_map(|row| numbers(&row["probabilities"]))
        .collect();
    for (file, flags) in [("folded.onnx", &[][..]), ("kept.onnx", &["--keep-batchnorm"][..])] {
        export(&place, &[&["--format", "onnx", "--out", file], flags].concat());
        let found = run_python(&python, place.path(), RUN_ONNX, &[file, "numbers.csv"]);
        close(&numbers(&found["probabilities"]), &expected, PROBABILITY);
        let notes = &found["notes"];
        assert_eq!(notes["task"], "classify");
        assert_eq!(notes["class_names"], r#"["no","yes, \"really\"","ünder"]"#);
        assert_eq!(notes["input_names"], r#"["a","b \"q\"","c","d","é","f"]"#);
    }
}

#[test]
fn onnx_runtime_gives_values_in_the_units_of_the_targets() {
    let Some(python) = python("numpy, onnx, onnxruntime") else { return };
    let place = trained(&["--data", "values.csv", "--task", "regress", "--target", "t,u"]);
    let expected: Vec<f64> = predicted(&place, "values.csv").iter().flat_map(numbers).collect();
    export(&place, &["--format", "onnx"]);
    let found = run_python(&python, place.path(), RUN_ONNX, &["run/model.onnx", "numbers.csv"]);
    // The deviation of the second target is about 18, of the first about 1.4.
    close(&numbers(&found["values"]), &expected, 18.0 * VALUE);
}

#[test]
fn onnx_runtime_gives_the_anomaly_scores_of_predict() {
    let Some(python) = python("numpy, onnx, onnxruntime") else { return };
    let place = trained(&["--data", "numbers.csv", "--task", "reconstruct", "--batchnorm"]);
    let expected: Vec<f64> = predicted(&place, "numbers.csv")
        .iter()
        .map(|row| row["anomaly_score"].as_f64().unwrap())
        .collect();
    export(&place, &["--format", "onnx"]);
    let found = run_python(&python, place.path(), RUN_ONNX, &["run/model.onnx", "numbers.csv"]);
    close(&numbers(&found["anomaly_score"]), &expected, VALUE);
    let reconstruction = numbers(&found["reconstruction"]);
    assert_eq!(reconstruction.len(), 1200 * 6);
    assert!(found["notes"]["anomaly_threshold"].as_str().unwrap().parse::<f64>().unwrap() > 0.0);
}

#[test]
fn onnx_runtime_gives_the_classes_of_the_int8_network_of_a_device() {
    let Some(python) = python("numpy, onnx, onnxruntime") else { return };
    let place = trained(&["--data", "classes.csv", "--batchnorm"]);
    let flags = ["--format", "onnx", "--dtype", "int8", "--data", "classes.csv"];
    let text = export(&place, &flags);
    assert!(text.contains("after, int8, on 240 test rows"), "{text}");
    let found = run_python(&python, place.path(), RUN_ONNX, &["run/model.onnx", "numbers.csv"]);
    let scores = numbers(&found["scores"]);

    let run = TrainedRun::open(&place.path().join("run")).unwrap();
    let summary = run.finished(None).unwrap();
    let files = Files::from(&*place.path().join("classes.csv"));
    let data = images::read(&files, run.settings(), run.trained_on()).unwrap();
    let on_images = run.on_images(&data, Settings::default(), false).unwrap();
    let wanted = Wanted {
        dtype: ExportDtype::Int8,
        bits: WantedBits::All(Bits::Eight),
        calibration: Calibration::default(),
        calibration_size: None,
        ram: None,
        flash: None,
    };
    let exported = Exported::new(&on_images, &summary, &wanted).unwrap();
    let text = fs::read_to_string(place.path().join("numbers.csv")).unwrap();
    let rows: Vec<Vec<f32>> = text
        .lines()
        .skip(1)
        .map(|line| line.split(',').map(|x| x.parse().unwrap()).collect())
        .collect();
    let expected = exported.device.model.scores(rows.iter().map(|row| &**row)).unwrap();
    let class = |scores: &[f64]| {
        (0..scores.len()).max_by(|&a, &b| scores[a].total_cmp(&scores[b])).unwrap()
    };
    let same = expected
        .iter()
        .zip(scores.chunks_exact(3))
        .filter(|(expected, found)| expected.class() as usize == class(found))
        .count();
    // A sum in the middle between two bytes is rounded the other way, seldom.
    assert!(same >= 1195, "{same} of 1200");
}

#[test]
fn the_program_of_the_documentation_loads_the_weights_into_pytorch() {
    let Some(python) = python("numpy, torch, safetensors") else { return };
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/interchange.md");
    let page = fs::read_to_string(page).unwrap();
    let program = page.split("```python\n").nth(1).unwrap().split("```").next().unwrap();
    let place = TempDir::new().unwrap();
    let iris = concat!(env!("CARGO_MANIFEST_DIR"), "/../data/tests/tables/iris.csv");
    fs::copy(iris, place.path().join("iris.csv")).unwrap();
    for command in [
        &["train", "-q", "--data", "iris.csv", "--hidden", "16", "--batchnorm", "--out", "run"][..],
        &[
            "export",
            "run",
            "--format",
            "safetensors",
            "--layout",
            "pytorch",
            "--out",
            "iris.safetensors",
        ],
    ] {
        succeeds(&barenet(place.path(), command));
    }
    let found = run_python(&python, place.path(), program, &[]);
    let rows = predicted(&place, "iris.csv");
    let expected: Vec<f64> = rows.iter().flat_map(|row| numbers(&row["probabilities"])).collect();
    close(&numbers(&found), &expected, PROBABILITY);
}

#[test]
fn the_program_of_the_documentation_saves_weights_of_pytorch_for_an_import() {
    let Some(python) = python("numpy, torch, safetensors") else { return };
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/interchange.md");
    let page = fs::read_to_string(page).unwrap();
    let program = page.split("```python\n").nth(2).unwrap().split("```").next().unwrap();
    let place = TempDir::new().unwrap();
    let rows: String =
        (0..50).map(|row| format!("{},{},-1,0.5\n", row % 7, f64::from(row) / 8.0)).collect();
    fs::write(place.path().join("rows.csv"), rows).unwrap();
    let answers = r#"
import json, numpy, torch
x = torch.tensor(numpy.loadtxt("rows.csv", delimiter=",", dtype="f4"))
print(json.dumps(torch.softmax(net(x), 1).tolist()))
"#;
    let expected = run_python(&python, place.path(), &format!("{program}{answers}"), &[]);
    let names = "setosa,versicolor,virginica";
    let import = ["import", "theirs.safetensors", "--classes", names, "--out", "run"];
    succeeds(&barenet(place.path(), &import));
    let rows = predicted(&place, "rows.csv");
    let found: Vec<f64> = rows.iter().flat_map(|row| numbers(&row["probabilities"])).collect();
    assert_eq!(found.len(), 150);
    close(&numbers(&expected), &found, PROBABILITY);
}

#[test]
fn files_are_the_same_bytes_every_time_and_are_replaced_with_force_only() {
    let place = TempDir::new().unwrap();
    succeeds(&quick(place.path(), &["--out", "run", "--batchnorm"]));
    for (format, file) in
        [("safetensors", "model.safetensors"), ("npz", "model.npz"), ("onnx", "model.onnx")]
    {
        let flags = ["export", "run", "--format", format];
        let output = barenet(place.path(), &flags);
        succeeds(&output);
        assert!(stdout(&output).contains(&format!("bytes in run/{file}")));
        let first = fs::read(place.path().join("run").join(file)).unwrap();
        refused_in_one_line(
            &barenet(place.path(), &flags),
            1,
            &[file, "is there already", "--force"],
        );
        succeeds(&barenet(place.path(), &[&flags[..], &["--force"]].concat()));
        assert_eq!(fs::read(place.path().join("run").join(file)).unwrap(), first);
    }
}

#[test]
fn flags_of_other_formats_and_places_that_are_none_are_refused() {
    let place = TempDir::new().unwrap();
    succeeds(&quick(place.path(), &["--out", "run"]));
    fs::create_dir(place.path().join("folder")).unwrap();
    for (code, arguments, part) in [
        (
            2,
            &["--format", "firmware", "--layout", "pytorch"][..],
            "--layout and --keep-scaling are",
        ),
        (2, &["--format", "onnx", "--keep-scaling"], "--layout and --keep-scaling are"),
        (2, &["--format", "npz", "--keep-batchnorm"], "--keep-batchnorm is for --format onnx"),
        (
            2,
            &["--format", "npz", "--dtype", "int8"],
            "--dtype int8 is for --format firmware, c and onnx",
        ),
        (2, &["--format", "onnx", "--ram", "1K"], "--ram, --flash"),
        (1, &["--format", "onnx", "--out", "folder"], "folder: is a folder"),
        (1, &["--format", "onnx", "--out", "no/where.onnx"], "no is no folder"),
    ] {
        let arguments = [&["export", "run"], arguments].concat();
        refused_in_one_line(&barenet(place.path(), &arguments), code, &[part]);
    }
    succeeds(&quick(place.path(), &["--local", "4@8/8", "--out", "local"]));
    let arguments = ["export", "local", "--format", "onnx"];
    refused_in_one_line(&barenet(place.path(), &arguments), 1, &["locally connected layers"]);
    assert!(!place.path().join("local/model.onnx").exists());
}
