//! `barenet export` as a process: the generated crate, and what is refused.

use crate::program::{
    barenet, command, message, passes_its_own_tests, refused_in_one_line, stdout, succeeds,
    target_of_crates,
};
use barenet::{Arch, Weights};
use barenet_model::scales::Scales;
use barenet_model::sealed::reseal;
use barenet_model::weights::{from_safetensors, read_config, to_safetensors};
use barenet_run::checkpoint::Checkpoint;
use barenet_run::trained_on::TrainedOn;
use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use tempfile::TempDir;

/// A folder with a small run in it.
fn trained(more: &[&str]) -> TempDir {
    let place = TempDir::new().unwrap();
    let quick = ["train", "--train-size", "300", "--epochs", "2", "-q", "--out", "run"];
    let output = barenet(place.path(), &[&quick, more].concat());
    succeeds(&output);
    place
}

fn export(place: &TempDir, more: &[&str]) -> Output {
    let arguments = ["export", "run", "--format", "firmware", "--out", "net"];
    barenet(place.path(), &[&arguments, more].concat())
}

/// Exit status, one line that has all `parts`, and nothing written.
#[track_caller]
fn refused(place: &TempDir, output: &Output, code: i32, parts: &[&str]) {
    refused_in_one_line(output, code, parts);
    let mut left: Vec<_> =
        fs::read_dir(place.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    left.sort();
    assert_eq!(left, ["run"]);
}

/// Writes the weights of a run of 3072-8-10 anew, with another text beside them.
fn with_text(place: &TempDir, change: impl Fn(&str) -> String) {
    let file = place.path().join("run/best.safetensors");
    let bytes = fs::read(&file).unwrap();
    let text = change(&read_config(&bytes, &file).unwrap());
    let arch = Arch::new(&[3072, 8, 10]);
    let found = from_safetensors::<f32>(&bytes, &arch, &file).unwrap();
    let weights = Weights::new(&arch, &found.params, &found.running).unwrap();
    fs::write(&file, to_safetensors(&arch, weights, &found.scales, &text).unwrap()).unwrap();
}

/// The text beside the weights of a run.
fn text(place: &TempDir) -> String {
    let file = place.path().join("run/best.safetensors");
    read_config(&fs::read(&file).unwrap(), &file).unwrap()
}

/// The same, with something else in what the run says of its images.
fn with_data(place: &TempDir, key: &str, value: serde_json::Value) {
    with_text(place, |text| {
        let (settings, json) = text.trim_end().rsplit_once("# Data: ").unwrap();
        let mut data: serde_json::Value = serde_json::from_str(json).unwrap();
        data[key] = value.clone();
        serde_json::from_value::<TrainedOn>(data).unwrap().append_to(settings).unwrap()
    });
}

/// Class names, and a summary, that would be source if they could.
const HOSTILE: [&str; 10] = [
    "\"; 10] = []; #![evil]",
    "two\nlines\r\n",
    "@RAM@ @NAMES@ @",
    "*/ /* // \\",
    "\u{202e}\u{2066}\u{200b}",
    "\u{1b}[2J\0\u{7f}",
    "{}{0}",
    "e\u{301}日本\u{1f600}",
    "'r#\"\"#",
    "",
];

#[test]
fn text_from_a_run_is_data_in_the_crate() {
    let place = trained(&["--hidden", "8"]);
    let mut names = HOSTILE.map(str::to_owned);
    names[9] = "long ".repeat(10_000);
    with_data(&place, "class_names", serde_json::json!(names));
    let evil = HOSTILE.concat();
    with_data(&place, "data", serde_json::json!(evil));
    let file = place.path().join("run/summary.json");
    let mut summary: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(&file).unwrap()).unwrap();
    summary["name"] = serde_json::json!(evil);
    summary["data"] = serde_json::json!(evil);
    fs::write(&file, summary.to_string()).unwrap();
    succeeds(&export(&place, &["--other-data"]));
    let net = place.path().join("net");
    let toml = fs::read_to_string(net.join("Cargo.toml")).unwrap();
    assert!(toml.parse::<toml::Table>().is_ok(), "{toml}");
    let (_, name) = toml.split_once("name = \"").unwrap();
    let name = name.split_once('"').unwrap().0.replace('-', "_");
    let numbers =
        |name: &String| name.chars().map(|c| format!("\\u{{{:x}}}", u32::from(c))).collect();
    let expected: Vec<String> =
        names.iter().map(numbers).map(|name: String| format!("\"{name}\"")).collect();
    let test = format!(
        "#[test]\nfn names() {{ assert_eq!({name}::CLASS_NAMES, [{}]); }}\n",
        expected.join(", ")
    );
    fs::write(net.join("tests/names.rs"), test).unwrap();
    passes_its_own_tests(&net, 4);
    for folder in ["", "barenet"] {
        for (file, part) in [("LICENSE-MIT", "MIT"), ("LICENSE-APACHE", "Apache License")] {
            assert!(fs::read_to_string(net.join(folder).join(file)).unwrap().contains(part));
        }
    }
}

#[test]
fn other_images_than_those_of_the_run_are_refused_unless_asked_for() {
    let place = trained(&["--hidden", "8"]);
    let eval = |more: &[&str]| barenet(place.path(), &[&["eval", "run"], more].concat());
    assert_eq!(message(&eval(&[])), "");
    let whole = fs::read(place.path().join("run/best.safetensors")).unwrap();
    let names: Vec<_> = ('a'..='j').map(String::from).collect();
    for (key, value, says) in [
        ("data", "cifar10", "it was trained on CIFAR-10, and these are built-in images"),
        ("train", "0123456789abcdef", "it was trained on other training images than those of"),
        ("test", "0123456789abcdef", "it was trained on other test images than those of"),
    ] {
        fs::write(place.path().join("run/best.safetensors"), &whole).unwrap();
        with_data(&place, key, serde_json::json!(value));
        with_data(&place, "class_names", serde_json::json!(names));
        let parts = [&format!("run: {says}"), "with --data", "--other-data"];
        for dtype in ["f32", "int8"] {
            refused(&place, &export(&place, &["--dtype", dtype]), 1, &parts);
        }
        for split in ["train", "val", "test"] {
            refused(&place, &eval(&["--split", split]), 1, &parts);
        }
        for output in [eval(&["--other-data"]), export(&place, &["--other-data"])] {
            succeeds(&output);
            assert!(message(&output).contains(&format!("warning: run: {says}")));
        }
        let lib = fs::read_to_string(place.path().join("net/src/lib.rs")).unwrap();
        assert!(lib.contains(r#"= ["a", "b", "c", "d","#), "the names are the run's");
        fs::remove_dir_all(place.path().join("net")).unwrap();
    }
    with_data(&place, "class_names", serde_json::json!(["a"]));
    refused(&place, &export(&place, &[]), 1, &["best.safetensors: names 1 classes"]);
}

#[test]
fn of_a_run_that_names_no_images_as_much_is_checked_as_can_be() {
    let place = trained(&["--hidden", "8"]);
    with_text(&place, |text| text.rsplit_once("# Data: ").unwrap().0.to_owned());
    let eval = || barenet(place.path(), &["eval", "run"]);
    succeeds(&eval());
    assert_eq!(message(&eval()), "", "the checkpoint knows its images");
    let file = place.path().join("run/last.ckpt");
    let mut checkpoint = Checkpoint::<f32>::from_bytes(&fs::read(&file).unwrap(), &file).unwrap();
    checkpoint.data ^= 1;
    fs::write(&file, checkpoint.to_bytes().unwrap()).unwrap();
    refused(&place, &eval(), 1, &["trained on other training images", "--other-data"]);
    fs::remove_file(&file).unwrap();
    let output = eval();
    succeeds(&output);
    assert!(message(&output).contains("nothing says which images it was trained on"));
    let file = place.path().join("run/summary.json");
    let summary = fs::read_to_string(&file).unwrap().replace("built-in", "cifar10");
    fs::write(&file, summary).unwrap();
    refused(&place, &eval(), 1, &["trained on CIFAR-10, and these are built-in images"]);
    refused(&place, &export(&place, &[]), 1, &["trained on CIFAR-10, and these are built-in"]);
    succeeds(&export(&place, &["--other-data"]));
    let lib = fs::read_to_string(place.path().join("net/src/lib.rs")).unwrap();
    assert!(lib.contains("on cifar10, measured on other images"));
    assert!(lib.contains(r#"= ["airplane", "automobile", "bird","#), "the names are the run's");
}

#[test]
fn force_replaces_an_export_and_nothing_that_somebody_else_put_there() {
    let place = trained(&["--hidden", "8"]);
    succeeds(&export(&place, &[]));
    let net = place.path().join("net");
    fs::create_dir(net.join(".git")).unwrap();
    fs::write(net.join(".git/HEAD"), "ref").unwrap();
    fs::write(net.join("src/main.rs"), "mine").unwrap();
    for foreign in [".git", "src/main.rs"] {
        let output = export(&place, &["--force", "--dtype", "int8"]);
        refused_in_one_line(&output, 1, &[&format!("error: net: {foreign} is in the way: ")]);
        assert!(net.join(".git/HEAD").is_file() || foreign != ".git");
        assert_eq!(fs::read(net.join("src/main.rs")).unwrap(), b"mine");
        assert!(!net.join("src/channels.rs").exists());
        let _not_the_first = fs::remove_dir_all(net.join(".git"));
    }
    fs::remove_file(net.join("src/main.rs")).unwrap();
    succeeds(&export(&place, &["--force", "--dtype", "int8"]));
    assert!(net.join("src/channels.rs").exists());
    succeeds(&export(&place, &["--force"]));
    assert!(!net.join("src/channels.rs").exists());
    assert_eq!(fs::read_dir(place.path()).unwrap().count(), 2);
}

#[test]
fn of_several_exports_to_one_place_one_wins_and_the_others_say_so() {
    let place = trained(&["--hidden", "8"]);
    let arguments = ["export", "run", "--format", "firmware", "--out", "net"];
    let start = |_| {
        let mut command = command(place.path(), &arguments);
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    };
    let all: Vec<_> = (0..8).map(start).collect();
    let all: Vec<_> = all.into_iter().map(|one| one.wait_with_output().unwrap()).collect();
    assert_eq!(all.iter().filter(|one| one.status.success()).count(), 1);
    for loser in all.iter().filter(|one| !one.status.success()) {
        refused_in_one_line(loser, 1, &["error: net: "]);
        assert!(!message(loser).contains("os error"), "{}", message(loser));
    }
    assert_eq!(fs::read_dir(place.path()).unwrap().count(), 2);
}

#[test]
fn an_f32_crate_passes_its_own_tests() {
    let place = trained(&["--hidden", "12,9", "--batchnorm", "--keep-prob", "0.8"]);
    let output = export(&place, &[]);
    succeeds(&output);
    let printed = stdout(&output);
    for part in
        ["3072-12-9-10, f32, folded", " before, f32", " after, f32, folded, on 1000 test images"]
    {
        assert!(printed.contains(part), "{printed}");
    }
    assert!(printed.contains(&format!("{} bytes of RAM", 4 * (12 + 9))), "{printed}");
    passes_its_own_tests(&place.path().join("net"), 4);
}

#[test]
fn an_int8_crate_of_an_f64_run_passes_its_own_tests_and_finds_changed_weights() {
    let place = trained(&["--hidden", "11", "--dtype", "f64"]);
    let output = export(&place, &["--dtype", "int8", "--calibration-size", "64"]);
    succeeds(&output);
    assert!(stdout(&output).contains(" before, f64\n"), "{}", stdout(&output));
    passes_its_own_tests(&place.path().join("net"), 4);

    let weights = place.path().join("net/src/weights.bin");
    let mut bytes = fs::read(&weights).unwrap();
    bytes[1000] ^= 1;
    fs::write(&weights, bytes).unwrap();
    let output = Command::new(env!("CARGO"))
        .args(["test", "--offline", "the_weights_are_the_exported_ones"])
        .current_dir(place.path().join("net"))
        .env("CARGO_TARGET_DIR", target_of_crates())
        .output()
        .unwrap();
    assert!(stdout(&output).contains("assertion failed: verify()"), "{}", stdout(&output));
}

#[test]
fn what_int8_lost_is_printed_and_an_accuracy_that_is_too_low_is_refused() {
    let place = trained(&["--hidden", "12,8"]);
    for dtype in ["f32", "int8"] {
        let output = export(&place, &["--dtype", dtype, "--min-accuracy", "0.999"]);
        let parts =
            ["run: the exported network has an accuracy of 0.", "--min-accuracy asks for 0.999"];
        refused(&place, &output, 1, &parts);
    }
    for bad in ["1.5", "-0.1", "NaN", "50%"] {
        let output = export(&place, &["--min-accuracy", bad]);
        assert_eq!(output.status.code(), Some(2), "{bad}: {}", message(&output));
    }
    let output = export(&place, &["--dtype", "int8", "--min-accuracy", "0"]);
    succeeds(&output);
    let printed = stdout(&output);
    let columns = ["layer", "bits", "weights", "outputs", "range", "noise dB", "error", "clipped"];
    let end = "accuracy lost alone\n  1          8 ";
    for part in
        [&["of them in the class of f32\n", end, "\n  3          8 "], &columns[..]].concat()
    {
        assert!(printed.contains(part), "{part}: {printed}");
    }
}

#[test]
fn the_same_run_gives_the_same_crate() {
    let place = trained(&["--hidden", "8"]);
    succeeds(&export(&place, &[]));
    assert!(export(&place, &["--out", "again"]).status.code() == Some(2), "--out is given twice");
    let read = || fs::read(place.path().join("net/src/lib.rs")).unwrap();
    let first = read();
    succeeds(&export(&place, &["--force"]));
    assert_eq!(read(), first);
}

#[test]
fn a_network_that_does_not_fit_is_refused_with_both_numbers() {
    let place = trained(&["--hidden", "8"]);
    let needed = 4 * (3072 * 8 + 8 + 8 * 10 + 10);
    let output = export(&place, &["--flash", "64K"]);
    let numbers = [format!("needs {needed} bytes of flash"), "allows 65536".to_owned()];
    refused(&place, &output, 1, &numbers.each_ref().map(|part| &**part));
    let output = export(&place, &["--ram", "71"]);
    refused(&place, &output, 1, &["needs 72 bytes of RAM", "--ram allows 71"]);
    succeeds(&export(&place, &["--ram", "72", "--flash", &needed.to_string()]));
}

#[test]
fn a_run_that_was_never_finished_is_refused() {
    let place = trained(&["--hidden", "8"]);
    fs::remove_file(place.path().join("run/summary.json")).unwrap();
    refused(
        &place,
        &export(&place, &[]),
        1,
        &["run: this run was never finished", "train --resume run`"],
    );
    fs::remove_file(place.path().join("run/best.safetensors")).unwrap();
    refused(
        &place,
        &export(&place, &[]),
        1,
        &["run: best.safetensors is missing", "train --resume run`"],
    );
}

#[test]
fn a_run_that_diverged_or_is_being_made_longer_is_refused() {
    let place = trained(&["--hidden", "8"]);
    let summary = place.path().join("run/summary.json");
    let of_two_epochs = fs::read_to_string(&summary).unwrap();
    succeeds(&barenet(place.path(), &["train", "-q", "--resume", "run", "--epochs", "3"]));
    fs::write(&summary, of_two_epochs).unwrap();
    refused(
        &place,
        &export(&place, &[]),
        1,
        &["run: this run was never finished: its summary is of 2 of 3 epochs; `barenet train"],
    );
    let text = fs::read_to_string(&summary).unwrap();
    fs::write(&summary, text.replacen("\n", "\n  \"diverged_at\": 7,\n", 1)).unwrap();
    let parts = ["run: this run was never finished: its loss was not a finite number at iteration"];
    refused(&place, &export(&place, &[]), 1, &parts);
}

#[test]
fn weights_that_are_not_finite_are_refused() {
    let place = trained(&["--hidden", "8"]);
    let file = place.path().join("run/best.safetensors");
    let whole = fs::read(&file).unwrap();
    for bad in [f32::NAN, f32::INFINITY] {
        let mut bytes = whole.clone();
        // The last number of the last tensor.
        bytes.splice(whole.len() - 4.., bad.to_le_bytes());
        fs::write(&file, reseal(&bytes).unwrap()).unwrap();
        for dtype in ["f32", "int8"] {
            let output = export(&place, &["--dtype", dtype]);
            refused(&place, &output, 1, &["best.safetensors: ", "1 of the ", "NaN or infinite"]);
        }
    }
}

#[test]
fn calibration_on_too_few_images_is_refused() {
    let place = trained(&["--hidden", "8"]);
    let output = export(&place, &["--dtype", "int8", "--calibration-size", "31"]);
    refused(
        &place,
        &output,
        1,
        &["calibration needs at least 32 samples, found 31; take more of them, or --dtype f32"],
    );
    let output = export(&place, &["--dtype", "int8", "--calibration-size", "0"]);
    refused(&place, &output, 1, &["calibration needs at least 32 samples, found 0"]);
    let output = export(&place, &["--dtype", "int8", "--calibration-size", "9999"]);
    refused(&place, &output, 1, &["9999", "only 1000 validation images"]);
    let output = export(&place, &["--calibration-size", "64"]);
    refused(&place, &output, 2, &["--calibration-size is for --dtype int8"]);
}

#[test]
fn a_layer_too_wide_for_32_bit_sums_is_refused_in_int8() {
    let place = trained(&["--hidden", "1,70000", "--test-size", "10", "--val-size", "40"]);
    // Weights that are all the same have all the largest integer.
    let config = text(&place);
    let arch = Arch::new(&[3072, 1, 70_000, 10]);
    let params = vec![0.5; arch.num_params()];
    let weights = Weights::new(&arch, &params, &[]).unwrap();
    let bytes =
        to_safetensors(&arch, weights, &Scales::offset(vec![100.0_f32; 3072]), &config).unwrap();
    fs::write(place.path().join("run/best.safetensors"), bytes).unwrap();
    let output = export(&place, &["--dtype", "int8"]);
    refused(&place, &output, 1, &["layer 3 is too wide for int8", "70000 inputs"]);
}

#[test]
fn flags_that_cannot_be_used_are_refused_with_status_2() {
    let place = TempDir::new().unwrap();
    for bad in [&["--ram", "much"][..], &["--dtype", "int4"], &["--format", "elf"]] {
        assert_eq!(export(&place, bad).status.code(), Some(2), "{bad:?}");
    }
}

#[test]
fn a_place_that_holds_something_is_kept() {
    let place = trained(&["--hidden", "8"]);
    fs::create_dir(place.path().join("net")).unwrap();
    fs::write(place.path().join("net/thesis.tex"), "years of work").unwrap();
    for more in [&[][..], &["--force"]] {
        let output = export(&place, more);
        assert_eq!(output.status.code(), Some(1));
        assert!(message(&output).starts_with("error: net: "), "{}", message(&output));
    }
    assert_eq!(fs::read_dir(place.path().join("net")).unwrap().count(), 1);
}

#[test]
fn the_folder_that_the_user_is_in_is_not_taken_away() {
    let place = trained(&["--hidden", "8"]);
    let from = |folder: &str, out: &str| {
        let arguments = ["export", "../run", "--format", "firmware", "--force", "--out", out];
        barenet(&place.path().join(folder), &arguments)
    };
    fs::create_dir(place.path().join("net")).unwrap();
    for out in [".", "./", "../net"] {
        let output = from("net", out);
        assert_eq!(output.status.code(), Some(1), "{out}");
        assert!(
            message(&output).contains("cannot be replaced from within"),
            "{}",
            message(&output)
        );
    }
    succeeds(&from("run", "../net"));
    assert_eq!(from("net/src", "../../net").status.code(), Some(1));
    assert!(from("net", "..").status.code() == Some(1), "nor one above it");
}

/// A program with several exported crates, and barenet itself.
const PROGRAM: &str = r#"
macro_rules! check {
    ($net:ident) => {
        assert!($net::verify());
        let mut workspace = $net::Workspace::new();
        for (image, expected) in $net::test_vector::each() {
            assert_eq!($net::scores(image, &mut workspace).unwrap(), expected);
        }
    };
}

fn main() {
    check!(one);
    check!(one_int8);
    check!(other_int8);
    assert_eq!(barenet::Arch::new(&[2, 1]).num_params(), 3);
}
"#;

#[test]
fn several_exported_crates_of_many_weights_link_into_one_program() {
    // With so many weights the compiler would refuse to read them in one by one.
    let one = trained(&["--hidden", "64", "--batchnorm"]);
    let other = trained(&["--hidden", "32,16", "--seed", "7"]);
    succeeds(&export(&one, &[]));
    fs::rename(one.path().join("net"), one.path().join("f32")).unwrap();
    succeeds(&export(&one, &["--dtype", "int8"]));
    succeeds(&export(&other, &["--dtype", "int8"]));

    let program = TempDir::new().unwrap();
    let core = Path::new(env!("CARGO_MANIFEST_DIR")).join("../core");
    let dependency = |path: &Path| format!("{{ package = \"two-layer-net\", path = {path:?} }}");
    let manifest = format!(
        "[package]\nname = \"program\"\nedition = \"2024\"\n[workspace]\n[dependencies]\n\
         barenet = {{ path = {core:?} }}\none = {}\none-int8 = {}\nother-int8 = {}\n",
        dependency(&one.path().join("f32")),
        dependency(&one.path().join("net")),
        dependency(&other.path().join("net")),
    );
    fs::write(program.path().join("Cargo.toml"), manifest).unwrap();
    fs::create_dir(program.path().join("src")).unwrap();
    fs::write(program.path().join("src/main.rs"), PROGRAM).unwrap();
    let output = Command::new(env!("CARGO"))
        .args(["run", "--quiet", "--offline"])
        .current_dir(program.path())
        .env("CARGO_TARGET_DIR", target_of_crates())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", message(&output));
    assert_eq!(message(&output), "", "no warnings");
}
