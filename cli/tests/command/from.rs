//! `barenet train --from`: runs that start from the weights of another run, or of a file.

use crate::files::same_run;
use crate::program::{barenet, message, quick, refused, refused_in_one_line, stdout, succeeds};
use barenet_model::scales::Scales;
use barenet_run::checkpoint::Checkpoint;
use serde_json::Value;
use std::fs;
use tempfile::TempDir;

/// Tables that `barenet-data` is tested with too.
const IRIS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../data/tests/tables/iris.csv");
const DIABETES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../data/tests/tables/diabetes.csv");
/// A network of 6-5-4-3 of int8.
const TFLITE: &str =
    concat!(env!("CARGO_MANIFEST_DIR"), "/../model/src/tflite/tests/relu6_int8.tflite");

fn run(place: &TempDir, arguments: &[&str]) -> String {
    let output = barenet(place.path(), arguments);
    succeeds(&output);
    stdout(&output)
}

/// The numbers of a tensor of the best weights.
fn tensor(place: &TempDir, run: &str, name: &str) -> Vec<u8> {
    let bytes = fs::read(place.path().join(run).join("best.safetensors")).unwrap();
    let head = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
    let json: Value = serde_json::from_slice(&bytes[8..8 + head]).unwrap();
    let at = |end: usize| json[name]["data_offsets"][end].as_u64().unwrap() as usize + 8 + head;
    bytes[at(0)..at(1)].to_vec()
}

/// What a run says that its weights started from: a name, and the SHA-256 of a file.
fn started_from(place: &TempDir, run: &str) -> (String, String) {
    let json = fs::read(place.path().join(run).join("summary.json")).unwrap();
    let from = &serde_json::from_slice::<Value>(&json).unwrap()["from"];
    let text = |key: &str| from[key].as_str().unwrap().to_owned();
    assert_eq!(text("sha256").len(), 64, "{from}");
    (text("name"), text("sha256"))
}

/// A run on iris, `src`, and a table without its first species, `new.csv`.
fn source() -> TempDir {
    let place = TempDir::new().unwrap();
    let train = ["train", "-q", "--data", IRIS, "--hidden", "9", "--batchnorm", "--epochs", "30"];
    run(&place, &[&train[..], &["--out", "src"]].concat());
    let text = fs::read_to_string(IRIS).unwrap();
    let rest: Vec<_> = text.lines().enumerate().filter(|(n, _)| *n == 0 || *n > 50).collect();
    let rest: String = rest.iter().map(|(_, line)| format!("{line}\n")).collect();
    fs::write(place.path().join("new.csv"), rest).unwrap();
    place
}

#[test]
fn a_run_starts_with_the_weights_scaling_layers_and_classes_of_another() {
    let place = source();
    let train = ["train", "--from", "src", "--data", "new.csv", "--epochs", "4", "--out", "new"];
    let text = run(&place, &train);
    assert!(text.contains("from      src, its weights and scaling"), "{text}");
    assert!(text.contains("network   4-9-3 with batch norm"), "{text}");
    for scaling in ["mean_image", "input_factor"] {
        assert!(tensor(&place, "new", scaling) == tensor(&place, "src", scaling), "{scaling}");
    }
    assert!(tensor(&place, "new", "W1") != tensor(&place, "src", "W1"), "it has learnt");
    // It is a run like any other.
    let text = run(&place, &["predict", "new", "new.csv"]);
    assert!(text.contains("virginica"), "{text}");
    run(&place, &["eval", "new", "--data", "new.csv"]);
    run(&place, &["export", "new", "--format", "onnx"]);
    // It is called as what it started from, with and without a folder of its own.
    let name = |run: &str| {
        let json = fs::read(place.path().join(run).join("summary.json")).unwrap();
        serde_json::from_slice::<Value>(&json).unwrap()["name"].as_str().unwrap().to_owned()
    };
    run(&place, &["train", "-q", "--from", "new", "--data", "new.csv", "--epochs", "1"]);
    assert_eq!((name("new"), name("runs/new")), ("src".to_owned(), "new".to_owned()));
    run(&place, &["train", "-q", "--resume", "runs/new", "--data", "new.csv", "--epochs", "2"]);
    assert_eq!(name("runs/new"), "new");
}

#[test]
fn such_a_run_is_the_same_with_any_threads_and_resumes_when_the_other_run_is_gone() {
    let place = source();
    let train = |out: &str, epochs: &str, more: &[&str]| {
        let how = ["train", "-q", "--from", "src", "--data", "new.csv", "--schedule", "constant"];
        run(&place, &[&how[..], &["--epochs", epochs, "--out", out], more].concat());
    };
    train("one", "6", &["--threads", "1"]);
    train("two", "6", &["--threads", "2"]);
    same_run(place.path(), "one", "two");
    train("part", "2", &[]);
    fs::remove_dir_all(place.path().join("src")).unwrap();
    run(&place, &["train", "-q", "--resume", "part", "--data", "new.csv", "--epochs", "6"]);
    same_run(place.path(), "one", "part");
    assert_eq!(started_from(&place, "one").0, "src");
    assert_eq!(started_from(&place, "one"), started_from(&place, "part"));
    // The settings in the folder are as the run wrote them: nothing is said of them.
    let again = ["train", "-q", "--resume", "part", "--data", "new.csv", "--epochs", "7"];
    let output = barenet(place.path(), &again);
    succeeds(&output);
    assert!(!message(&output).contains("changed since"), "{}", message(&output));
}

#[test]
fn a_checkpoint_with_scalings_of_another_network_is_refused_in_a_line() {
    let place = source();
    let train = ["train", "-q", "--from", "src", "--data", "new.csv", "--epochs", "2"];
    run(&place, &[&train[..], &["--out", "part"]].concat());
    let file = place.path().join("part/last.ckpt");
    let saved = Checkpoint::<f32>::from_bytes(&fs::read(&file).unwrap(), &file).unwrap();
    let whole = saved.scales.clone().unwrap();
    for (scales, part) in [
        (Scales { offset: vec![0.0; 3], ..whole.clone() }, "mean_image has 3 numbers"),
        (Scales { factor: vec![1.0; 5], ..whole }, "input_factor has 5 numbers"),
    ] {
        let bytes = saved.clone().keeping(Some(scales)).to_bytes().unwrap();
        fs::write(&file, &bytes).unwrap();
        let resume = ["train", "--resume", "part", "--data", "new.csv", "--epochs", "4"];
        let output = barenet(place.path(), &resume);
        refused_in_one_line(&output, 1, &["last.ckpt: ", part, "the network takes 4"]);
        assert!(fs::read(&file).unwrap() == bytes);
    }
}

#[test]
fn networks_of_files_and_imports_train_on() {
    let place = source();
    for (file, flags) in [
        ("m.onnx", &["--format", "onnx", "--keep-batchnorm"][..]),
        ("m.npz", &["--format", "npz", "--layout", "pytorch"]),
    ] {
        run(&place, &[&["export", "src", "--out", file], flags].concat());
        let out = format!("of-{file}");
        let data = ["--data", "new.csv", "--epochs", "2", "--out", &out];
        run(&place, &[&["train", "-q", "--from", file], &data[..]].concat());
        run(&place, &["eval", &out, "--data", "new.csv"]);
        assert_eq!(started_from(&place, &out).0, file);
    }
    assert!(started_from(&place, "of-m.onnx").1 != started_from(&place, "of-m.npz").1);
    // Real numbers that stand for integers, and a table of six columns.
    run(&place, &["import", TFLITE, "--out", "int8"]);
    let row = |n: usize| format!("{},{},1,{},0,3,{}\n", n % 5, n % 7, n % 2, n % 3);
    let rows: String = (0..60).map(row).collect();
    fs::write(place.path().join("six.csv"), format!("a,b,c,d,e,f,y\n{rows}")).unwrap();
    let train = ["train", "-q", "--from", "int8", "--data", "six.csv", "--epochs", "2"];
    let output = barenet(place.path(), &[&train[..], &["--out", "six"]].concat());
    succeeds(&output);
    assert!(message(&output).contains("trains the real numbers"), "{}", message(&output));
    assert!(!place.path().join("six/imported.tflite").exists());
    let int8 = ["export", "six", "--data", "six.csv", "--format", "firmware", "--dtype", "int8"];
    run(&place, &[&int8[..], &["--out", "net"]].concat());
}

#[test]
fn values_and_pictures_train_on_with_their_scalings() {
    let place = TempDir::new().unwrap();
    let train = ["train", "-q", "--data", DIABETES, "--epochs", "20"];
    run(&place, &[&train[..], &["--out", "src"]].concat());
    run(
        &place,
        &["train", "-q", "--from", "src", "--data", DIABETES, "--epochs", "2", "--out", "on"],
    );
    // Steps that are too small for the numbers leave the weights as they were.
    let still = ["--learning-rate", "1e-30", "--epochs", "1", "--out", "still"];
    run(&place, &[&["train", "-q", "--from", "src", "--data", DIABETES], &still[..]].concat());
    for name in ["W1", "b1", "W2", "b2"] {
        assert!(tensor(&place, "still", name) == tensor(&place, "src", name), "{name}");
        assert!(tensor(&place, "on", name) != tensor(&place, "src", name), "{name}");
    }
    for scaling in ["mean_image", "input_factor", "target_offset", "target_factor"] {
        assert!(tensor(&place, "on", scaling) == tensor(&place, "src", scaling), "{scaling}");
    }
    succeeds(&quick(place.path(), &["--out", "pictures", "--batchnorm"]));
    let more = ["--from", "pictures", "--train-size", "200", "--epochs", "1", "--out", "more"];
    let text = run(&place, &[&["train"], &more[..]].concat());
    assert!(text.contains("-8-10 with batch norm"), "{text}");
    assert!(tensor(&place, "more", "mean_image") == tensor(&place, "pictures", "mean_image"));
}

#[test]
fn what_contradicts_the_weights_is_refused_in_a_line_and_nothing_is_made() {
    let place = source();
    let from = ["train", "-q", "--from", "src", "--out", "made"];
    for (flags, code, part) in [
        (
            &["--data", IRIS, "--target", "1"][..],
            2,
            "target: a run that starts from src reads its data as those were read",
        ),
        (
            &["--data", IRIS, "--hidden", "7"],
            2,
            "hidden: a run that starts from src keeps its layers",
        ),
        (
            &["--data", IRIS, "--batchnorm=false"],
            2,
            "batchnorm: a run that starts from src keeps its layers",
        ),
        (
            &["--data", IRIS, "--dtype", "f64"],
            2,
            "dtype: a run that starts from src keeps its number type",
        ),
        (
            &["--data", IRIS, "--scale", "minmax"],
            2,
            "scale: a run that starts from src keeps its scaling",
        ),
        (
            &["--data", IRIS, "--loss", "mse"],
            2,
            "loss: a run that starts from src answers what it answered",
        ),
        (&["--data", IRIS, "--task", "regress"], 2, "task: a run that starts from src answers"),
        (&["--data", IRIS, "--folds", "3"], 2, "folds: a run that starts from src has weights"),
        (&["--data", "builtin"], 1, "src: its network takes 4 inputs and has 3 outputs"),
        (&[], 1, "name them with --data"),
        (&["--data", DIABETES], 1, ""),
    ] {
        let output = barenet(place.path(), &[&from[..], flags].concat());
        refused_in_one_line(&output, code, &[part]);
        assert!(!place.path().join("made").exists(), "{flags:?}");
    }
    // What is the same contradicts nothing.
    let same = ["--data", IRIS, "--hidden", "9", "--batchnorm", "--epochs", "1"];
    run(&place, &[&from[..], &same].concat());
    for (name, part) in [("missing", "no run here"), ("new.csv", "new.csv: ")] {
        let output = barenet(place.path(), &["train", "-q", "--from", name, "--data", IRIS]);
        refused_in_one_line(&output, 1, &[part]);
    }
    let output = barenet(place.path(), &["train", "--from", "src", "--resume", "src"]);
    refused(&output, 2, &["cannot be used with"]);
    assert!(!place.path().join("runs").exists());
}
