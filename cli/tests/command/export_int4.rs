//! `barenet export --bits 4`: weights of which two lie in a byte.

use crate::export_c;
use crate::program::{barenet, passes_its_own_tests, refused_in_one_line, stdout, succeeds};
use std::fs;
use tempfile::TempDir;

/// Tables that `barenet-data` is tested with too.
const DIGITS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../data/tests/tables/digits.csv");
const TFLITE: &str =
    concat!(env!("CARGO_MANIFEST_DIR"), "/../model/src/tflite/tests/relu6_int8.tflite");

const INT4: [&str; 6] = ["--format", "firmware", "--dtype", "int8", "--bits", "4"];

fn run(place: &TempDir, arguments: &[&str]) -> String {
    let output = barenet(place.path(), arguments);
    succeeds(&output);
    stdout(&output)
}

/// The number before the words, in a line.
fn number(text: &str, words: &str) -> f64 {
    let line = text.lines().find(|line| line.contains(words)).unwrap();
    let before = line.split(words).next().unwrap().split_whitespace().last().unwrap();
    before.parse().unwrap()
}

#[test]
fn weights_take_half_the_flash_and_the_crate_gives_the_scores_of_here() {
    let place = TempDir::new().unwrap();
    let train = ["train", "-q", "--data", DIGITS, "--hidden", "32,16", "--epochs", "60"];
    run(&place, &[&train[..], &["--out", "run"]].concat());
    let export = ["export", "run", "--data", DIGITS];
    let text = run(&place, &[&export[..], &INT4, &["--out", "net"]].concat());
    assert!(text.contains("64-32-16-10, int8 with weights of 4 bits"), "{text}");
    let weights = fs::read(place.path().join("net/src/weights.bin")).unwrap();
    // Two in a byte; the ten outputs take three blocks of four.
    assert_eq!(weights.len(), (64 * 32 + 32 * 16 + 16 * 12) / 2);
    assert!(number(&text, " after, int8") > number(&text, " before,") - 0.05, "{text}");
    assert!(number(&text, " of them in the class of f32") > 0.9, "{text}");
    passes_its_own_tests(&place.path().join("net"), 4);
    run(&place, &[&export[..], &["--format", "c"], &INT4[2..], &["--out", "c"]].concat());
    let c = place.path().join("c");
    if let Some(output) = export_c::tested(&c, &["-O2"]) {
        assert!(output.status.success(), "{}", stdout(&output));
    }
    // The same weights, as words.
    let numbers = fs::read_to_string(c.join("src/model_numbers.h")).unwrap();
    let first = u32::from_le_bytes(*weights.first_chunk().unwrap());
    assert!(numbers.contains(&format!("= {{\n    0x{first:08X}u")), "{numbers:.600}");
    // It is another network than the one of 8 bits, and the same every time.
    run(&place, &[&export[..], &INT4, &["--out", "again"]].concat());
    assert!(fs::read(place.path().join("again/src/weights.bin")).unwrap() == weights);
    let eight = [&export[..], &INT4[..5], &["8", "--out", "eight"]].concat();
    let text = run(&place, &eight);
    assert!(text.contains("64-32-16-10, int8, "), "{text}");
    let eight = fs::read(place.path().join("eight/src/weights.bin")).unwrap();
    assert_eq!(eight.len(), 2 * weights.len());
}

#[test]
fn bits_are_chosen_so_that_the_network_fits_and_loses_least() {
    let place = TempDir::new().unwrap();
    let train = ["train", "-q", "--data", DIGITS, "--hidden", "32,16", "--epochs", "60"];
    run(&place, &[&train[..], &["--out", "run"]].concat());
    let export = |format: &str, out: &str, more: &[&str]| {
        let flags = ["export", "run", "--data", DIGITS, "--dtype", "int8", "--format", format];
        barenet(place.path(), &[&flags[..], &["--out", out], more].concat())
    };
    let weights = |out: &str| fs::read(place.path().join(out).join("src/weights.bin")).unwrap();
    let printed = |format: &str, out: &str, more: &[&str]| {
        let output = export(format, out, more);
        succeeds(&output);
        stdout(&output)
    };
    let bits = |text: &str| -> Vec<u32> {
        let table = text.lines().skip_while(|line| !line.starts_with("layer  ")).skip(1).take(3);
        table.map(|line| line.split_whitespace().nth(1).unwrap().parse().unwrap()).collect()
    };
    let eight = printed("firmware", "eight", &[]);
    assert_eq!(bits(&eight), [8, 8, 8]);
    let (most, least) = (number(&eight, " bytes of flash"), 2640.0);
    // Where all fits, nothing is lost; where next to nothing does, all have 4 bits.
    let text = printed("firmware", "all", &["--bits", "auto", "--flash", &most.to_string()]);
    assert_eq!((bits(&text), weights("all")), (vec![8, 8, 8], weights("eight")));
    let text = printed("firmware", "none", &["--bits", "auto", "--flash", &least.to_string()]);
    assert_eq!((bits(&text), number(&text, " bytes of flash")), (vec![4, 4, 4], least));
    // In between some have, and the network is the one of these bits.
    let text = printed("firmware", "some", &["--bits", "auto", "--flash", "4400"]);
    assert!(number(&text, " bytes of flash") <= 4400.0, "{text}");
    assert!(text.contains("int8 with weights of 4 and of 8 bits"), "{text}");
    let said: Vec<_> = bits(&text).iter().map(u32::to_string).collect();
    assert!(said.contains(&"4".to_owned()) && said.contains(&"8".to_owned()), "{text}");
    passes_its_own_tests(&place.path().join("some"), 4);
    let text_of_each = printed("firmware", "each", &["--bits", &said.join(",")]);
    assert_eq!((bits(&text_of_each), weights("each")), (bits(&text), weights("some")));
    let text = printed("c", "c", &["--bits", "auto", "--flash", "4400"]);
    if let Some(output) = export_c::tested(&place.path().join("c"), &["-O2"]) {
        assert!(output.status.success(), "{}", stdout(&output));
    }
    assert_eq!(bits(&text), bits(&text_of_each));
    // Without a size of flash it is the metric that may not fall.
    let text = printed("firmware", "auto", &["--bits", "auto"]);
    assert!(bits(&text).contains(&4), "{text}");
    assert!(number(&text, " after, int8") > number(&text, " before,") - 0.01, "{text}");
    // What cannot be met says what it would take.
    let output = export("firmware", "net", &["--bits", "auto", "--flash", "2K"]);
    let parts = ["4 bits throughout the network needs 2640 bytes of flash", "allows 2048"];
    refused_in_one_line(&output, 1, &parts);
    let output = export("firmware", "net", &["--bits", "8,4"]);
    refused_in_one_line(&output, 1, &["--bits has 2 numbers, and the network has 3 layers"]);
    assert!(!place.path().join("net").exists());
}

#[test]
fn every_rule_of_the_calibration_gives_a_network_that_holds_its_tests() {
    let place = TempDir::new().unwrap();
    let train = ["train", "-q", "--hidden", "16", "--train-size", "2000", "--test-size", "300"];
    run(&place, &[&train[..], &["--epochs", "1", "--out", "run"]].concat());
    let export = ["export", "run", "--format", "firmware", "--dtype", "int8"];
    let files = ["max", "percentile", "mse"].map(|rule| {
        let text = run(&place, &[&export[..], &["--calibration", rule, "--out", rule]].concat());
        assert!(number(&text, " of them in the class of f32") > 0.95, "{rule}: {text}");
        passes_its_own_tests(&place.path().join(rule), 4);
        fs::read_to_string(place.path().join(rule).join("src/lib.rs")).unwrap()
    });
    let [max, percentile, mse] = files;
    assert!(max != percentile && percentile != mse && max != mse, "the rules are the same");
    run(&place, &[&export[..], &["--out", "default"]].concat());
    assert!(fs::read_to_string(place.path().join("default/src/lib.rs")).unwrap() == mse);
    let of_f32 = ["export", "run", "--format", "firmware", "--calibration", "max", "--out", "net"];
    let refused = barenet(place.path(), &of_f32);
    refused_in_one_line(&refused, 2, &["--calibration is for --dtype int8"]);
    assert!(!place.path().join("net").exists());
}

#[test]
fn layers_of_one_input_have_weights_of_4_bits_too() {
    let place = TempDir::new().unwrap();
    let rows: String =
        (0..200).map(|n| format!("{},{}\n", n, if n < 100 { "a" } else { "b" })).collect();
    fs::write(place.path().join("one.csv"), format!("x,y\n{rows}")).unwrap();
    // The second has a layer of one input within, which may tell nothing apart.
    for (hidden, out, layers) in [("4", "one", 2), ("4,1,3", "within", 4)] {
        let train = ["train", "-q", "--data", "one.csv", "--epochs", "40", "--hidden", hidden];
        run(&place, &[&train[..], &["--out", out]].concat());
        let net = format!("{out}-net");
        let export = ["export", out, "--data", "one.csv", "--out", &net];
        let text = run(&place, &[&export[..], &INT4].concat());
        // Each layer is one block of one group.
        let weights = fs::read(place.path().join(net).join("src/weights.bin")).unwrap();
        assert_eq!(weights.len(), 8 * layers);
        assert!(out == "within" || number(&text, " after, int8") >= 0.9, "{text}");
    }
}

#[test]
fn what_has_no_weights_of_4_bits_is_refused_in_a_line_and_nothing_is_made() {
    let place = TempDir::new().unwrap();
    let train = ["train", "-q", "--data", DIGITS, "--hidden", "8", "--epochs", "2", "--out", "run"];
    run(&place, &train);
    let export = |more: &[&str]| {
        barenet(
            place.path(),
            &[&["export", "run", "--data", DIGITS, "--out", "net"], more].concat(),
        )
    };
    let usage = "--bits 4 is for --format firmware or c, with --dtype int8";
    for flags in [
        &["--format", "firmware", "--bits", "4"][..],
        &["--format", "c", "--bits", "4"],
        &["--format", "onnx", "--dtype", "int8", "--bits", "4"],
    ] {
        refused_in_one_line(&export(flags), 2, &[usage]);
        assert!(!place.path().join("net").exists(), "{flags:?}");
    }
    let output = export(&["--format", "firmware", "--dtype", "int8", "--bits", "5"]);
    assert_eq!(output.status.code(), Some(2));
    let kept = [&["export", TFLITE, "--out", "net"], &INT4[..]].concat();
    refused_in_one_line(&barenet(place.path(), &kept), 2, &["--requantize makes others"]);
    let of_rule = ["export", TFLITE, "--out", "net", "--calibration", "max"];
    let output = barenet(place.path(), &[&of_rule[..], &INT4[..4]].concat());
    refused_in_one_line(&output, 2, &["exported as they are", "--requantize"]);
    let local = ["train", "-q", "--local", "4@8/8", "--train-size", "200", "--epochs", "1"];
    run(&place, &[&local[..], &["--out", "local"]].concat());
    let output = barenet(place.path(), &[&["export", "local", "--out", "net"], &INT4[..]].concat());
    refused_in_one_line(&output, 1, &["locally connected layers have weights of 8 bits alone"]);
    let auto = [&["export", "local", "--out", "net"], &INT4[..5], &["auto"]].concat();
    let output = barenet(place.path(), &auto);
    refused_in_one_line(&output, 1, &["locally connected ones have weights of 8 bits alone"]);
    assert!(!place.path().join("net").exists());
}
