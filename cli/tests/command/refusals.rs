//! Flags, settings and files that cannot be used: exit status, and what is said.

use crate::program::{barenet, command, message, quick, refused, refused_in_one_line, succeeds};
use barenet_blas::Kernel;
use barenet_model::sealed::reseal;
use std::fs;
use tempfile::TempDir;

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
    refuse(&["--shift", "32"], &["shift is 32, and the pictures are of 32x32 pixels: at most 31"]);
    refuse(&["--flip", "both"], &["both", "none, random, alternating"]);
    refuse(&["--update-rule", "sdg"], &["sdg", "sgd, sgd_momentum"]);
    refuse(&["--preset", "three-layer"], &["there is no \"three-layer\"", "two-layer"]);
    refuse(&["--lerning-rate", "1"], &["--lerning-rate", "--learning-rate"]);
    let output = barenet(place.path(), &["train", "--hidden", "16777216,16777216,16777216"]);
    refused_in_one_line(&output, 1, &["not enough memory", "MB"]);
    let output = barenet(place.path(), &["train", "--hidden", "5,0"]);
    refused_in_one_line(&output, 2, &["hidden must be sizes from 1", "found 0"]);
}

#[test]
fn negative_numbers_are_refused_by_what_the_setting_is() {
    let place = TempDir::new().unwrap();
    let whole = "a whole number from 0 on is needed";
    for (flag, value, part) in [
        ("--lr", "-1", "learning_rate must be above 0, found -1"),
        ("--learning-rate", "-1e-3", "learning_rate must be above 0, found -0.001"),
        ("--reg", "-0.5", "reg must be at least 0, found -0.5"),
        ("--batch-size", "-1", whole),
        ("--hidden", "-5", whole),
        ("--hidden", "-5,5", whole),
        ("--hidden", "5,-5", whole),
        ("--lr", "-inf", "learning_rate must be above 0, found -inf"),
        ("--lr", "--epochs", "'--epochs' for '--learning-rate <X>'"),
        ("--threads", "-2", whole),
        ("--epochs", "1.5", whole),
        ("--train-size", "99999999999999999999", "at most 18446744073709551615 is possible"),
        ("--checkpoint-every", "-1", whole),
        ("--seed", "-1", "'-1' for '--seed <N>'"),
        ("--checkpoint-secs", "-1", "'-1' for '--checkpoint-secs <SECONDS>'"),
    ] {
        refused(&barenet(place.path(), &["train", flag, value]), 2, &[part]);
    }
    refused(&barenet(place.path(), &["eval", "run", "--test-size", "-1"]), 2, &[whole]);
    refused(&barenet(place.path(), &["compare", "--reg", "-1"]), 2, &["reg must be at least 0"]);
    let export = ["export", "run", "--format", "firmware", "--ram", "-1"];
    refused(&barenet(place.path(), &export), 2, &["a number of bytes such as"]);
}

#[cfg(not(feature = "openblas"))]
#[test]
fn a_kernel_that_is_not_built_in_is_refused_with_the_way_to_get_it() {
    let place = TempDir::new().unwrap();
    let output = quick(place.path(), &["--gemm", "openblas"]);
    refused_in_one_line(&output, 2, &["this build has no openblas", "--features openblas"]);
}

#[test]
fn a_precision_that_there_is_not_is_refused_and_one_without_effect_is_named() {
    let place = TempDir::new().unwrap();
    let output = quick(place.path(), &["--precision", "bf8"]);
    refused(&output, 2, &["bf8", "f32, bf16x3, bf16"]);
    let output = quick(place.path(), &["--precision", "bf16", "--dtype", "f64"]);
    succeeds(&output);
    let warning = message(&output);
    assert!(warning.contains("precision is ignored: it takes dtype f32"), "{warning}");
}

/// Where there is AMX, it is used.
#[test]
fn amx_is_refused_where_there_is_none() {
    let place = TempDir::new().unwrap();
    let output = quick(place.path(), &["--gemm", "amx"]);
    match Kernel::from_name("amx").and_then(Kernel::obstacle) {
        Some(obstacle) => refused_in_one_line(&output, 2, &["gemm: ", obstacle]),
        None if Kernel::from_name("amx").is_some() => assert!(output.status.success()),
        None => refused_in_one_line(&output, 2, &["this build has no amx"]),
    }
}

#[test]
fn mistakes_in_a_configuration_file_are_named_with_file_and_line() {
    let place = TempDir::new().unwrap();
    for (content, parts) in [
        ("reg = 0.1\nlerning_rate = 1.0\n", &["a.toml:2: unknown field `lerning_rate`"][..]),
        ("\nupdate_rule = \"sdg\"\n", &["a.toml:2: unknown variant `sdg`", "sgd_momentum"]),
        ("preset = \"nothing\"\n", &["there is no \"nothing\""]),
        ("batch_size = -1\n", &["a.toml:1:"]),
        ("batch_size = \"many\"\n", &["a.toml:1: batch_size: invalid type"]),
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
    refuse("empty", &["empty: the folder is empty; name a table", "for each class"]);
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
    refused_in_one_line(&output, 1, &["error: CIFAR10_DIR: ", "no CIFAR-10 here"]);
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
    let other = text_replace(&whole, b"hidden = [8]", b"hidden = [9]");
    fs::write(&path, reseal(&other).unwrap()).unwrap();
    refused_in_one_line(
        &barenet(place.path(), &["eval", "run"]),
        1,
        &["tensor W1 has shape [3072, 8], but the network needs [3072, 9]"],
    );
    refused_in_one_line(&barenet(place.path(), &["eval", "nothing"]), 1, &["no run here"]);
}

#[test]
fn settings_that_a_file_holds_are_the_fault_of_the_file_and_not_of_a_flag() {
    let place = TempDir::new().unwrap();
    succeeds(&quick(place.path(), &["-q", "--out", "run"]));
    for file in ["n.onnx", "n.safetensors"] {
        succeeds(&barenet(
            place.path(),
            &[
                "export",
                "run",
                "--format",
                if file.ends_with("onnx") { "onnx" } else { "safetensors" },
                "--out",
                file,
            ],
        ));
    }
    let best = "run/best.safetensors";
    for (right, wrong, expected) in [
        (&b"hidden = ["[..], &b"hidden = {"[..], "the settings in it cannot be read: "),
        (b"keep_prob = 1.0", b"keep_prob = 3.0", "the settings in it cannot be used: "),
    ] {
        let damage = |file: &str| {
            let path = place.path().join(file);
            let whole = fs::read(&path).unwrap();
            let changed = text_replace(&whole, right, wrong);
            let changed = if file == best { reseal(&changed).unwrap() } else { changed };
            fs::write(&path, changed).unwrap();
            (path, whole)
        };
        let mended = [best, "n.onnx", "n.safetensors"].map(damage);
        for arguments in [
            &["eval", "run"][..],
            &["export", "run", "--format", "onnx"],
            &["train", "--from", "run", "--out", "new"],
            &["import", "n.onnx", "--out", "new"],
            &["import", "n.safetensors", "--out", "new"],
            &["train", "--from", "n.onnx", "--out", "new"],
        ] {
            let output = barenet(place.path(), arguments);
            refused_in_one_line(&output, 1, &[expected]);
        }
        assert!(!place.path().join("new").exists());
        for (path, whole) in mended {
            fs::write(path, whole).unwrap();
        }
    }
}

fn text_replace(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let at = bytes.windows(from.len()).position(|window| window == from).unwrap();
    [&bytes[..at], to, &bytes[at + from.len()..]].concat()
}
