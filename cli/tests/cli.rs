//! The command as a process: exit status, messages, files.

#[path = "common/program.rs"]
mod program;

use program::{barenet, command, message, quick, refused, refused_in_one_line, stdout, succeeds};
use std::fs;
use tempfile::TempDir;

#[test]
fn a_run_leaves_every_file_it_promises() {
    let place = TempDir::new().unwrap();
    let output = quick(place.path(), &["--out", "run"]);
    succeeds(&output);
    let lines = stdout(&output);
    assert!(lines.contains("built-in images (CIFAR-10 was not found"), "{lines}");
    assert!(lines.contains("(Iteration 1 / 2) loss: 2."), "{lines}");
    assert!(lines.contains("(Epoch 2 / 2) train acc: 0."), "{lines}");
    for (file, start) in [
        ("config.toml", &b"preset = \"two-layer\"\n"[..]),
        ("events.jsonl", b"{\"event\":\"start\""),
        ("summary.json", b"{\n  \"name\": \"two-layer\""),
        ("training.svg", b"<svg"),
        ("training.png", b"\x89PNG"),
    ] {
        let bytes = fs::read(place.path().join("run").join(file)).unwrap();
        assert!(bytes.starts_with(start), "{file}");
    }
    let summary: serde_json::Value =
        serde_json::from_slice(&fs::read(place.path().join("run/summary.json")).unwrap()).unwrap();
    for key in [
        "best_val_acc",
        "val_acc",
        "test_acc",
        "num_params",
        "samples_per_second",
        "seconds",
        "backend",
        "threads",
        "dtype",
        "seed",
    ] {
        assert!(!summary[key].is_null(), "{key}");
    }
    assert_eq!(summary["num_params"], 3072 * 8 + 8 + 8 * 10 + 10);
    let names = fs::read_dir(place.path().join("run")).unwrap().count();
    assert_eq!(names, 8, "nothing is left but the six files, the checkpoint and the lock");
}

#[test]
fn eval_gives_the_accuracy_that_the_run_summed_up() {
    let place = TempDir::new().unwrap();
    succeeds(&quick(place.path(), &["--out", "run", "-q", "--batchnorm"]));
    let summary: serde_json::Value =
        serde_json::from_slice(&fs::read(place.path().join("run/summary.json")).unwrap()).unwrap();
    for (split, key) in [("val", "val_acc"), ("test", "test_acc")] {
        let output = barenet(place.path(), &["eval", "run", "--split", split, "--json"]);
        let result: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(result["accuracy"], summary[key], "{split}");
    }
    assert_eq!(summary["val_acc"], summary["best_val_acc"]);
}

#[test]
fn a_run_can_be_repeated_from_its_configuration() {
    let place = TempDir::new().unwrap();
    let first = quick(place.path(), &["--out", "a", "--seed", "7", "--dtype", "f64", "-q"]);
    succeeds(&first);
    assert!(first.stdout.is_empty() && first.stderr.is_empty(), "quiet is quiet");
    let again = barenet(place.path(), &["train", "--config", "a/config.toml", "--out", "b", "-q"]);
    succeeds(&again);
    for file in ["best.safetensors", "events.jsonl", "config.toml", "training.png"] {
        let read = |run: &str| fs::read(place.path().join(run).join(file)).unwrap();
        assert!(read("a") == read("b"), "{file} differs");
    }
}

#[test]
fn runs_without_a_folder_number_themselves() {
    let place = TempDir::new().unwrap();
    succeeds(&quick(place.path(), &["-q"]));
    succeeds(&quick(place.path(), &["-q"]));
    assert!(place.path().join("runs/two-layer/best.safetensors").is_file());
    assert!(place.path().join("runs/two-layer-2/best.safetensors").is_file());
}

#[test]
fn a_folder_that_holds_a_run_is_not_overwritten() {
    let place = TempDir::new().unwrap();
    succeeds(&quick(place.path(), &["-q", "--out", "run"]));
    let again = quick(place.path(), &["-q", "--out", "run"]);
    refused_in_one_line(&again, 1, &["run: holds another run", "--force"]);
    succeeds(&quick(place.path(), &["-q", "--out", "run", "--force"]));
}

#[test]
fn settings_that_cannot_be_used_are_refused_with_exit_status_2() {
    let place = TempDir::new().unwrap();
    let refuse = |arguments: &[&str], parts: &[&str]| {
        let output = quick(place.path(), arguments);
        refused(&output, 2, parts);
        assert!(!place.path().join("runs").exists(), "{arguments:?} left a folder");
    };
    refuse(&["--batch-size", "0"], &["batch_size must be at least 1, found 0"]);
    refuse(&["--epochs", "0"], &["num_epochs must be at least 1"]);
    refuse(&["--learning-rate", "nan"], &["learning_rate must be above 0"]);
    refuse(&["--keep-prob", "0"], &["keep_prob must be above 0 and at most 1"]);
    refuse(&["--batch-size", "99999999999999999999"], &["--batch-size"]);
    refuse(&["--batch-size", "9999999999"], &["batch_size must be at most 1048576"]);
    refuse(&["--train-size", "999999"], &["train_size is 999999, but there are only 10000"]);
    refuse(&["--val-size", "11000"], &["val_size is 11000"]);
    refuse(&["--update-rule", "sdg"], &["sdg", "sgd, sgd_momentum"]);
    refuse(&["--preset", "three-layer"], &["there is no \"three-layer\"", "two-layer"]);
    refuse(&["--lerning-rate", "1"], &["--lerning-rate", "--learning-rate"]);
    let output = barenet(place.path(), &["train", "--hidden", "16777216,16777216,16777216"]);
    refused_in_one_line(&output, 1, &["not enough memory", "MB"]);
    let output = barenet(place.path(), &["train", "--hidden", "5,0"]);
    refused_in_one_line(&output, 2, &["hidden must be sizes from 1", "found 0"]);
}

#[cfg(not(feature = "openblas"))]
#[test]
fn a_kernel_that_is_not_built_in_is_refused_with_the_way_to_get_it() {
    let place = TempDir::new().unwrap();
    let output = quick(place.path(), &["--gemm", "openblas"]);
    refused_in_one_line(&output, 2, &["this build has no openblas", "--features openblas"]);
}

#[test]
fn mistakes_in_a_configuration_file_are_named_with_file_and_line() {
    let place = TempDir::new().unwrap();
    for (content, parts) in [
        ("reg = 0.1\nlerning_rate = 1.0\n", &["a.toml:2: unknown field `lerning_rate`"][..]),
        ("\nupdate_rule = \"sdg\"\n", &["a.toml:2: unknown variant `sdg`", "sgd_momentum"]),
        ("preset = \"nothing\"\n", &["there is no \"nothing\""]),
        ("batch_size = -1\n", &["a.toml:1:"]),
        ("batch_size = \"many\"\n", &["a.toml:1: invalid type"]),
        ("reg = [\n", &["a.toml:"]),
        ("batch_size = 0\n", &["batch_size must be at least 1"]),
    ] {
        fs::write(place.path().join("a.toml"), content).unwrap();
        let output = barenet(place.path(), &["train", "--config", "a.toml"]);
        refused_in_one_line(&output, 2, parts);
    }
    let output = barenet(place.path(), &["train", "--config", "nothing.toml"]);
    refused_in_one_line(&output, 1, &["nothing.toml: cannot be read"]);
    fs::write(place.path().join("a.toml"), b"\xff\xfe").unwrap();
    let output = barenet(place.path(), &["train", "--config", "a.toml"]);
    refused_in_one_line(&output, 1, &["a.toml: cannot be read"]);
}

#[test]
fn data_that_are_no_cifar10_are_refused_by_file() {
    let place = TempDir::new().unwrap();
    let refuse = |data: &str, parts: &[&str]| {
        let output = quick(place.path(), &["--data", data]);
        refused_in_one_line(&output, 1, parts);
    };
    refuse("nothing", &["nothing: No such file"]);
    fs::create_dir(place.path().join("empty")).unwrap();
    refuse("empty", &["empty: no CIFAR-10 here; expected data_batch_1.bin"]);
    fs::create_dir(place.path().join("short")).unwrap();
    fs::write(place.path().join("short/data_batch_1.bin"), [0; 3072]).unwrap();
    refuse("short", &["data_batch_1.bin: truncated: expected 30730000 bytes", "found 3072"]);
    fs::create_dir(place.path().join("long")).unwrap();
    fs::write(place.path().join("long/data_batch_1.bin"), vec![0; 30_730_001]).unwrap();
    refuse("long", &["data_batch_1.bin: too long: expected 30730000 bytes"]);
    fs::write(place.path().join("long/data_batch_1.bin"), vec![0; 30_730_000]).unwrap();
    refuse("long", &["data_batch_2.bin: No such file"]);
    fs::write(place.path().join("long/data_batch_1.bin"), vec![10; 30_730_000]).unwrap();
    refuse("long", &["data_batch_1.bin: image 1 has label 10; labels are 0 to 9"]);
    fs::write(place.path().join("no.tar.gz"), b"no archive").unwrap();
    refuse("no.tar.gz", &["no.tar.gz: not a whole .tar.gz"]);
    fs::create_dir(place.path().join("python")).unwrap();
    fs::write(place.path().join("python/data_batch_1"), b"\x80\x02}q\x01.").unwrap();
    refuse("python", &["data_batch_1: not a CIFAR-10 batch"]);
    assert!(!place.path().join("runs").exists());
}

#[test]
fn cifar10_that_was_asked_for_by_variable_is_not_silently_replaced() {
    let place = TempDir::new().unwrap();
    let output =
        command(place.path(), &["data", "info"]).env("CIFAR10_DIR", place.path()).output().unwrap();
    refused_in_one_line(&output, 1, &["no CIFAR-10 here"]);
}

#[test]
fn a_loss_that_is_not_finite_stops_the_run_and_keeps_the_best_weights() {
    let place = TempDir::new().unwrap();
    let output =
        quick(place.path(), &["--learning-rate", "1e30", "--out", "run", "-q", "--epochs", "9"]);
    refused_in_one_line(&output, 1, &["not a finite number at iteration", "--learning-rate"]);
    let events = fs::read_to_string(place.path().join("run/events.jsonl")).unwrap();
    assert!(events.trim_end().lines().last().unwrap().starts_with("{\"event\":\"diverged\""));
    let output = barenet(place.path(), &["eval", "run"]);
    succeeds(&output);
}

#[test]
fn weights_that_are_damaged_or_of_another_network_are_refused() {
    let place = TempDir::new().unwrap();
    succeeds(&quick(place.path(), &["-q", "--out", "run"]));
    let path = place.path().join("run/best.safetensors");
    let whole = fs::read(&path).unwrap();
    for len in [0, 7, 100, whole.len() - 1] {
        fs::write(&path, &whole[..len]).unwrap();
        let output = barenet(place.path(), &["eval", "run"]);
        refused_in_one_line(&output, 1, &["best.safetensors: not a"]);
    }
    let mut changed = whole.clone();
    *changed.last_mut().unwrap() ^= 1;
    fs::write(&path, changed).unwrap();
    refused_in_one_line(
        &barenet(place.path(), &["eval", "run"]),
        1,
        &["best.safetensors: damaged", "barenet train --resume"],
    );
    succeeds(&barenet(place.path(), &["train", "--resume", "run", "-q"]));
    assert!(fs::read(&path).unwrap() == whole, "resuming mends it");
    // The same file with settings of a wider network.
    let other: Vec<u8> = text_replace(&whole, b"hidden = [8]", b"hidden = [9]");
    fs::write(&path, other).unwrap();
    refused_in_one_line(
        &barenet(place.path(), &["eval", "run"]),
        1,
        &["tensor W1 has shape [3072, 8], but the network needs [3072, 9]"],
    );
    refused_in_one_line(&barenet(place.path(), &["eval", "nothing"]), 1, &["no run here"]);
}

fn text_replace(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let at = bytes.windows(from.len()).position(|window| window == from).unwrap();
    [&bytes[..at], to, &bytes[at + from.len()..]].concat()
}

#[cfg(target_os = "linux")]
#[test]
fn a_folder_or_disk_that_cannot_be_written_is_named() {
    let place = TempDir::new().unwrap();
    let output = quick(place.path(), &["--out", "/proc/barenet"]);
    refused_in_one_line(&output, 1, &["/proc/barenet: cannot make this folder"]);
    fs::write(place.path().join("file"), "x").unwrap();
    let output = quick(place.path(), &["--out", "file"]);
    refused_in_one_line(&output, 1, &["file: cannot make this folder"]);
    // /dev/full fails every write as a full disk does.
    fs::create_dir(place.path().join("run")).unwrap();
    std::os::unix::fs::symlink("/dev/full", place.path().join("run/events.jsonl")).unwrap();
    let output = quick(place.path(), &["--out", "run"]);
    refused(&output, 1, &["events.jsonl: cannot be written", "No space left on device"]);
}

#[test]
fn weights_that_are_missing_beside_a_checkpoint_are_written_anew_by_what_the_message_says() {
    let place = TempDir::new().unwrap();
    succeeds(&quick(place.path(), &["--out", "run"]));
    fs::remove_file(place.path().join("run/best.safetensors")).unwrap();
    let output = barenet(place.path(), &["eval", "run"]);
    refused_in_one_line(&output, 1, &["best.safetensors is missing", "train --resume run`"]);
    succeeds(&barenet(place.path(), &["train", "--resume", "run", "--quiet"]));
    succeeds(&barenet(place.path(), &["eval", "run"]));
    let summary = fs::read_to_string(place.path().join("run/summary.json")).unwrap();
    assert!(summary.contains("\"samples_per_second\": 0.0"), "{summary}");
}

#[test]
fn other_images_than_those_of_the_training_are_named() {
    let place = TempDir::new().unwrap();
    succeeds(&quick(place.path(), &["--out", "run"]));
    let output = barenet(place.path(), &["eval", "run"]);
    assert_eq!(message(&output), "");
    let summary = place.path().join("run/summary.json");
    let of_cifar10 = fs::read_to_string(&summary).unwrap().replace("built-in", "cifar10");
    fs::write(&summary, of_cifar10).unwrap();
    let output = barenet(place.path(), &["eval", "run"]);
    succeeds(&output);
    let warning = "warning: run: it was trained on CIFAR-10, and these are built-in images\n";
    assert_eq!(message(&output), warning);
}

#[test]
fn compare_plots_all_rules_together() {
    let place = TempDir::new().unwrap();
    let arguments = [
        "compare",
        "--update-rules",
        "sgd,adamw",
        "--hidden",
        "8",
        "--train-size",
        "300",
        "--epochs",
        "2",
        "--out",
        "c",
        "--json",
    ];
    let output = barenet(place.path(), &arguments);
    let result: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(result["runs"][1]["update_rule"], "adamw");
    let svg = fs::read_to_string(place.path().join("c/comparison.svg")).unwrap();
    assert!(svg.contains("Validation accuracy") && svg.contains("adamw"));
    assert!(place.path().join("c/comparison.png").is_file());
}

#[test]
fn gradcheck_meets_the_document() {
    let place = TempDir::new().unwrap();
    let output = barenet(place.path(), &["gradcheck"]);
    succeeds(&output);
    assert!(stdout(&output).contains("2.3025458445    2.3025458445"));
}

#[test]
fn help_shows_examples_and_every_subcommand() {
    let place = TempDir::new().unwrap();
    let help = stdout(&barenet(place.path(), &["--help"]));
    for word in ["train", "eval", "compare", "gradcheck", "presets", "data", "Examples:"] {
        assert!(help.contains(word), "{word}");
    }
    assert_eq!(barenet(place.path(), &[] as &[&str]).status.code(), Some(2));
}

#[test]
fn presets_are_files_that_train_reads() {
    let place = TempDir::new().unwrap();
    let preset = barenet(place.path(), &["presets", "six-layer-adam"]);
    fs::write(place.path().join("p.toml"), &preset.stdout).unwrap();
    let output = barenet(
        place.path(),
        &[
            "train",
            "--config",
            "p.toml",
            "--epochs",
            "1",
            "--train-size",
            "200",
            "-q",
            "--out",
            "run",
        ],
    );
    succeeds(&output);
}
