//! Locally connected layers: trained, resumed, measured, answered with, and refused where there are no pictures.

use crate::program::{
    barenet, passes_its_own_tests, refused, refused_in_one_line, stdout, succeeds,
};
use std::fs;
use std::path::Path;
use tempfile::TempDir;

const LOCAL: &str = "3@4/2+1,5@4/4";

fn train(place: &Path, out: &str, more: &[&str]) -> std::process::Output {
    let start = ["train", "--local", LOCAL, "--hidden", "9", "--batchnorm", "--init", "he"];
    let size = ["--train-size", "200", "--batch-size", "50", "--out", out];
    barenet(place, &[&start[..], &size, more].concat())
}

#[test]
fn a_locally_connected_network_is_trained_resumed_measured_and_answers() {
    let place = TempDir::new().unwrap();
    let file = |name: &str| fs::read(place.path().join(name)).unwrap();
    let output = train(place.path(), "whole", &["--epochs", "3", "--scale", "channels"]);
    succeeds(&output);
    let line = "3072 - locally connected 3@4/2+1,5@4/4+0 - 80-9-10 with batch norm";
    assert!(stdout(&output).contains(line), "{}", stdout(&output));
    let config = String::from_utf8(file("whole/config.toml")).unwrap();
    assert!(config.contains("local = \"3@4/2+1,5@4/4+0\"\n"), "{config}");
    // Of one epoch, made longer, on other threads.
    let one = ["--epochs", "1", "--scale", "channels", "--threads", "3"];
    succeeds(&train(place.path(), "longer", &one));
    succeeds(&barenet(place.path(), &["train", "--resume", "longer", "--epochs", "3"]));
    for name in ["best.safetensors", "last.ckpt", "events.jsonl"] {
        assert!(file(&format!("whole/{name}")) == file(&format!("longer/{name}")), "{name}");
    }
    succeeds(&train(place.path(), "again", &["--config", "whole/config.toml"]));
    assert!(file("whole/best.safetensors") == file("again/best.safetensors"));
    for more in [&[][..], &["--tta"]] {
        let eval = [&["eval", "whole", "--json"], more].concat();
        succeeds(&barenet(place.path(), &eval));
    }
}

#[test]
fn a_network_that_whitens_is_resumed_and_starts_elsewhere() {
    let place = TempDir::new().unwrap();
    let file = |name: &str| fs::read(place.path().join(name)).unwrap();
    let whiten = ["--whiten", "0.1", "--scale", "channels", "--update-rule", "muon"];
    let train = |out: &str, more: &[&str]| {
        succeeds(&train(place.path(), out, &[&whiten[..], more].concat()));
    };
    train("whole", &["--epochs", "3"]);
    train("longer", &["--epochs", "1", "--threads", "3"]);
    succeeds(&barenet(place.path(), &["train", "--resume", "longer", "--epochs", "3"]));
    for name in ["best.safetensors", "last.ckpt", "events.jsonl"] {
        assert!(file(&format!("whole/{name}")) == file(&format!("longer/{name}")), "{name}");
    }
    train("plain", &["--epochs", "3", "--whiten", "0"]);
    assert!(file("whole/best.safetensors") != file("plain/best.safetensors"));
    // Weights that are there are taken as they are: without a step that changes them, whitening makes no difference.
    let from = ["--from", "plain", "--epochs", "1", "--learning-rate", "1e-30"];
    train("whitened", &from);
    train("not", &[&from[..], &["--whiten", "0"]].concat());
    let eval = |name: &str| stdout(&barenet(place.path(), &["eval", name, "--json"]));
    let figures = |name: &str| eval(name).replace(name, "");
    assert!(figures("plain").contains("accuracy"));
    assert_eq!(figures("whitened"), figures("not"));
}

#[test]
fn a_locally_connected_network_is_exported_and_computes_what_it_did() {
    let place = TempDir::new().unwrap();
    succeeds(&train(place.path(), "run", &["--epochs", "2", "--scale", "channels"]));
    for dtype in ["f32", "int8"] {
        let export = ["export", "run", "--format", "firmware", "--dtype", dtype];
        let output = barenet(place.path(), &[&export[..], &["--out", dtype]].concat());
        succeeds(&output);
        let text = stdout(&output);
        let line = "3072 - locally connected 3@4/2+1,5@4/4+0 - 80-9-10";
        assert!(text.contains(line), "{text}");
        passes_its_own_tests(&place.path().join(dtype), 4);
        // What it must reach is asked of the network as it is exported.
        let output =
            barenet(place.path(), &[&export[..], &["--out", "net", "--require", "1"]].concat());
        refused_in_one_line(&output, 1, &["the exported network has an accuracy of"]);
        let output =
            barenet(place.path(), &[&export[..], &["--out", "net", "--ram", "64"]].concat());
        refused_in_one_line(&output, 1, &["does not fit", "RAM for its workspace"]);
        assert!(!place.path().join("net").exists());
    }
}

#[test]
fn what_cannot_be_locally_connected_is_refused_in_one_line() {
    let place = TempDir::new().unwrap();
    for (local, part) in [
        ("3@40", "the windows of locally connected layer 1 do not fit"),
        ("3@4/2+1,5@17", "the windows of locally connected layer 2 do not fit"),
        ("3@4/2+4", "the windows of locally connected layer 1 do not fit"),
    ] {
        let output = barenet(place.path(), &["train", "--local", local]);
        refused_in_one_line(&output, 2, &[part]);
    }
    let output = barenet(place.path(), &["train", "--local", "12"]);
    refused(&output, 2, &["such as 12@4/2+1"]);
    fs::write(place.path().join("t.csv"), "a,b\n1,x\n2,y\n3,x\n4,y\n").unwrap();
    let output = barenet(place.path(), &["train", "--data", "t.csv", "--local", "3@4"]);
    refused_in_one_line(
        &output,
        2,
        &["locally connected layers take pictures", "leave --local out"],
    );
}
