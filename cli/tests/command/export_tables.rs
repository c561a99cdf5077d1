//! `barenet export` of networks of tables as a process: crates that answer as `barenet predict` does.

use crate::program::{barenet, message, passes_its_own_tests, stdout, succeeds};
use barenet::{Arch, Rng};
use barenet_model::export::answer::Answer;
use barenet_model::export::crate_folder::{self, Contents};
use barenet_model::export::in_weights::InWeights;
use barenet_model::export::inputs::{InputMaps, Ranges};
use barenet_model::export::int8::{self, Input};
use barenet_model::export::model::{Model, Numbers};
use barenet_model::export::place::Place;
use barenet_model::export::row::Row;
use std::fs;
use std::path::Path;
use tempfile::TempDir;

/// A table that `barenet-data` is tested with too.
fn real(name: &str) -> String {
    format!("{}/../data/tests/tables/{name}.csv", env!("CARGO_MANIFEST_DIR"))
}

/// A folder with a run of a table, and what its export printed, in `net`.
fn exported(table: &str, train: &[&str], export: &[&str]) -> (TempDir, String) {
    let place = TempDir::new().unwrap();
    let data = ["--data", &real(table)];
    let arguments = [&["train", "-q", "--epochs", "30", "--out", "run"], &data[..], train].concat();
    succeeds(&barenet(place.path(), &arguments));
    let firmware = ["export", "run", "--format", "firmware", "--out", "net"];
    let output = barenet(place.path(), &[&firmware, &data[..], export].concat());
    succeeds(&output);
    (place, stdout(&output))
}

/// The answers of `barenet predict` for rows of a table, and the numbers of these rows but the last column.
fn predicted(place: &TempDir, table: &str, rows: &[usize]) -> Vec<(String, String)> {
    let output = barenet(place.path(), &["predict", "run", &real(table)]);
    succeeds(&output);
    let text = fs::read_to_string(real(table)).unwrap();
    let (answers, cells): (Vec<_>, Vec<_>) =
        (stdout(&output).lines().map(str::to_owned).collect(), text.lines().collect());
    let numbers = |row: usize| {
        let (numbers, _) = cells[row].rsplit_once(',').unwrap();
        let floats = numbers.split(',').map(|x| format!("{:?}", x.parse::<f32>().unwrap()));
        floats.collect::<Vec<_>>().join(", ")
    };
    rows.iter().map(|&row| (numbers(row), answers[row].clone())).collect()
}

/// Adds a test of the crate of a table, in which `check` is called with the numbers of each row and its answer.
fn add_check(net: &Path, table: &str, check: &str, rows: &[(String, String)], quote: &str) {
    let calls: String = rows
        .iter()
        .map(|(row, answer)| format!("    check(&[{row}], {quote}{answer}{quote});\n"))
        .collect();
    let test = format!("use {table}_net::*;\n\n{check}\n\n#[test]\nfn rows() {{\n{calls}}}\n");
    fs::write(net.join("tests/rows.rs"), test).unwrap();
}

#[test]
fn a_network_of_classes_names_the_class_of_a_row_of_numbers() {
    let (place, text) = exported("iris", &["--lr", "0.01", "--batchnorm"], &[]);
    assert!(text.contains("batch norm and scaling in the weights"), "{text}");
    assert!(text.contains("on 30 test rows"), "{text}");
    let net = place.path().join("net");
    let check = "fn check(row: &[f32; 4], expected: &str) {\n    \
                 let class = predict(row, &mut Workspace::new()).unwrap();\n    \
                 assert_eq!(CLASS_NAMES[class as usize], expected);\n    \
                 assert_eq!(INPUT_NAMES[3], \"petal width (cm)\");\n}";
    add_check(&net, "iris", check, &predicted(&place, "iris", &[1, 60, 150]), "\"");
    passes_its_own_tests(&net, 4);
}

#[test]
fn a_network_of_numbers_answers_in_the_unit_of_the_target() {
    let (place, text) = exported("diabetes", &[], &["--require", "0.9"]);
    let ((mse, mse_after), (r2, r2_after)) = (figures(&text, "MSE"), figures(&text, "R²"));
    assert!((mse - mse_after).abs() < 2e-4 && (r2 - r2_after).abs() < 2e-4, "{text}");
    assert!(r2 > 0.3, "{text}");
    let net = place.path().join("net");
    let check = "fn check(row: &[f32; 10], expected: f32) {\n    \
                 let [value] = predict(row, &mut Workspace::new()).unwrap();\n    \
                 assert!((value - expected).abs() < 0.02, \"{value}, expected {expected}\");\n    \
                 assert_eq!(TARGET_NAMES, [\"progression\"]);\n}";
    add_check(&net, "diabetes", check, &predicted(&place, "diabetes", &[1, 7, 442]), "");
    passes_its_own_tests(&net, 5);

    let firmware = ["export", "run", "--format", "firmware", "--out", "worse", "--require", "0.1"];
    let output = barenet(place.path(), &[&firmware, &["--data", &real("diabetes")][..]].concat());
    assert_eq!(output.status.code(), Some(1));
    assert!(message(&output).contains("MSE of 0."), "{}", message(&output));
}

#[test]
fn an_autoencoder_gives_the_anomaly_score_of_a_row() {
    let normal = ["--task", "reconstruct", "--target", "species", "--normal", "setosa"];
    let (place, text) = exported("iris", &[&normal[..], &["--hidden", "8,2,8"]].concat(), &[]);
    assert!(text.contains("anomaly   a score above "), "{text}");
    let net = place.path().join("net");
    let check = "fn check(row: &[f32; 4], expected: f32, is_other: bool) {\n    \
                 let score = anomaly_score(row, &mut Workspace::new()).unwrap();\n    \
                 assert!((score / expected - 1.0).abs() < 1e-3, \"{score}, expected {expected}\");\n    \
                 let is_anomaly = is_anomaly(row, &mut Workspace::new()).unwrap();\n    \
                 assert_eq!(is_anomaly, is_other);\n    \
                 assert_eq!(is_other, expected > THRESHOLD);\n}";
    add_check(&net, "iris", check, &predicted(&place, "iris", &[1, 60, 150]), "");
    passes_its_own_tests(&net, 5);
}

#[test]
fn a_network_takes_16_bit_integers_and_bytes() {
    let dims = vec![3, 4, 3];
    let params = (0_u8..).map(|i| f32::from(i % 7) - 3.0).take(Arch::new(&dims).num_params());
    let numbers = Numbers::F32(params.collect());
    let (offset, factor) = (vec![100.0, -5.0, 0.0], vec![0.01, 1.0, 2.5]);
    let values = Answer::Values { offset: offset.clone(), factor: factor.clone() };
    let anomaly = Answer::AnomalyScore { offset, factor, threshold: 2.0 };
    let integers = [Row::I16(&[-32768, 0, 32767]), Row::I16(&[1, -2, 3])];
    let bytes = [Row::U8(&[0, 255, 7]), Row::U8(&[9, 8, 7])];
    let names: Vec<_> = ["a", "b", "c"].map(String::from).to_vec();
    for (answer, samples, count) in
        [(Answer::Class, integers, 4), (values, integers, 5), (anomaly, bytes, 5)]
    {
        let model = Model { local: None, dims: dims.clone(), numbers: numbers.clone(), answer };
        written_crate_passes(&model, &samples, &names, count);
    }
}

/// Writes the crate of a network, and tests it.
#[track_caller]
fn written_crate_passes(model: &Model, samples: &[Row<'_>], names: &[String], count: usize) {
    let place = TempDir::new().unwrap();
    let net = place.path().join("net");
    let files = crate_folder::files(&Contents {
        name: "some-net",
        origin: "a test",
        model,
        in_weights: InWeights { batchnorm: true, scaling: "scaling" },
        order: "",
        input_names: &[],
        output_names: names,
        samples,
        scores: &model.scores(samples.iter().copied()).unwrap(),
    });
    Place::claim(&net, false).unwrap().write(files).unwrap();
    passes_its_own_tests(&net, count);
}

/// The figures before and after that an export printed.
fn figures(text: &str, name: &str) -> (f64, f64) {
    let mut lines = text.lines().skip_while(|line| !line.starts_with(name));
    let (before, after) = (lines.next().unwrap(), lines.next().unwrap());
    let figure = |line: &str, word| line.split_whitespace().nth(word).unwrap().parse().unwrap();
    (figure(before, 1), figure(after, 0))
}

#[test]
fn int8_networks_of_tables_are_as_good_as_those_of_f32() {
    let int8 = ["--dtype", "int8"];
    let (place, text) = exported("iris", &["--lr", "0.01"], &int8);
    let (before, after) = figures(&text, "accuracy");
    assert!((before - after).abs() <= 0.005, "{text}");
    passes_its_own_tests(&place.path().join("net"), 4);

    let (place, text) = exported("diabetes", &[], &int8);
    let (before, after) = figures(&text, "R²");
    assert!((before - after).abs() <= 0.01 * before, "{text}");
    let net = place.path().join("net");
    let check = "fn check(row: &[f32; 10], expected: f32) {\n    \
                 let [value] = predict(row, &mut Workspace::new()).unwrap();\n    \
                 assert!((value - expected).abs() < 5.0, \"{value}, expected {expected}\");\n}";
    add_check(&net, "diabetes", check, &predicted(&place, "diabetes", &[1, 7, 442]), "");
    passes_its_own_tests(&net, 5);

    let normal = ["--task", "reconstruct", "--target", "digit", "--normal", "3"];
    let more = [&normal[..], &["--hidden", "32,8,32"]].concat();
    let (place, text) = exported("digits", &more, &int8);
    let (before, after) = figures(&text, "AUC");
    assert!(before > 0.9 && (before - after).abs() <= 0.005, "{text}");
    passes_its_own_tests(&place.path().join("net"), 5);
}

#[test]
fn what_int8_cuts_off_of_anomalies_is_said() {
    let anomalies = ["--task", "reconstruct", "--target", "species", "--normal", "setosa"];
    let said = "int8 cuts off what lies beyond";
    let (_place, text) = exported("iris", &anomalies, &["--dtype", "int8"]);
    let (before, after) = figures(&text, "MSE");
    assert!(after > 1.1 * before && text.contains(said), "{text}");
    let (_place, text) = exported("iris", &anomalies, &[]);
    assert!(!text.contains(said), "{text}");
}

#[test]
fn a_network_of_recordings_takes_windows_of_the_integers_of_a_sensor() {
    let place = TempDir::new().unwrap();
    for (class, period) in [("slow", 20.0), ("fast", 5.0)] {
        let folder = place.path().join("motions").join(class);
        fs::create_dir_all(&folder).unwrap();
        for recording in 0..5 {
            let row = |time: i32| {
                let phase = f64::from(time + 3 * recording) / period * std::f64::consts::TAU;
                format!("{:.0},{:.0}\n", 1000.0 * phase.sin(), 16_000.0 + 300.0 * phase.cos())
            };
            let rows: String = (0..400).map(row).collect();
            fs::write(folder.join(format!("{recording}.csv")), format!("ax,ay\n{rows}")).unwrap();
        }
    }
    let data = ["--data", "motions", "--window", "16", "--stride", "8"];
    let train = ["train", "-q", "--epochs", "20", "--hidden", "8", "--out", "run"];
    succeeds(&barenet(place.path(), &[&train[..], &data].concat()));
    for dtype in ["f32", "int8"] {
        let firmware = ["export", "run", "--format", "firmware", "--dtype", dtype, "--force"];
        let output = barenet(
            place.path(),
            &[&firmware[..], &["--out", "net", "--data", "motions"]].concat(),
        );
        succeeds(&output);
        let text = stdout(&output);
        let (before, after) = figures(&text, "accuracy");
        assert!(before > 0.95 && (before - after).abs() <= 0.005, "{text}");
        let net = place.path().join("net");
        let source = fs::read_to_string(net.join("src/lib.rs")).unwrap();
        let expected = "/// The numbers of a sample, 16 rows in time, one after another, each of ax, ay: \
                        32 of them.\npub type Sample = [i16];";
        assert!(source.contains(expected), "{source}");
        passes_its_own_tests(&net, 4);
    }
}

#[test]
fn an_int8_network_takes_16_bit_integers_with_integers_alone() {
    let mut rng = Rng::seed(4);
    // The first is always the same, the last has a range of its own.
    let mut sample = || [7, rng.below(60_000) as i16, 5 + rng.below(4) as i16];
    let samples: Vec<[i16; 3]> = (0..100).map(|_| sample()).collect();
    let rows = || samples.iter().map(|sample| Row::I16(sample));
    let ranges = Ranges::fit(rows(), 3).unwrap();
    let maps = ranges.maps(Row::I16(&[])).unwrap();
    assert!(matches!(maps, InputMaps::Integer(_)));
    let bytes: Vec<_> = rows().map(|row| maps.to_bytes(row).unwrap()).collect();
    assert!(bytes.iter().all(|bytes| bytes[0] == 0), "a constant");
    for input in [1, 2] {
        let each = || bytes.iter().map(|bytes| bytes[input]);
        assert!(each().min().unwrap() < 60 && each().max().unwrap() > 200, "{input}: the range");
    }
    let dims = vec![3, 4, 3];
    let params = (0_u8..).map(|i| f32::from(i % 7) - 3.0).take(Arch::new(&dims).num_params());
    let numbers = Numbers::F32(params.collect());
    let (offset, factor) = (vec![100.0, -5.0, 0.0], vec![0.01, 1.0, 2.5]);
    let names: Vec<_> = ["a", "b", "c"].map(String::from).to_vec();
    for (answer, count) in [
        (Answer::Values { offset: offset.clone(), factor: factor.clone() }, 5),
        (Answer::AnomalyScore { offset, factor, threshold: 2.0 }, 5),
    ] {
        let folded = Model { local: None, dims: dims.clone(), numbers: numbers.clone(), answer };
        let bytes: Vec<_> = bytes.iter().map(Vec::as_slice).collect();
        let mut model = int8::quantize(&folded, Input::Centered, &bytes).unwrap().model;
        let Numbers::Int8 { score_scale, inputs, .. } = &mut model.numbers else { unreachable!() };
        *inputs = Some(maps.clone());
        model.answer = folded.answer.of_steps(*score_scale, Row::I16(&[])).unwrap();
        model.answer.set_threshold(1e6);
        let shown: Vec<_> = rows().take(4).collect();
        written_crate_passes(&model, &shown, &names, count);
    }
}
