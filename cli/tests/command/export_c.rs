//! `barenet export --format c` as a process, and folders of C that give the bits of the library.

use crate::program::{barenet, refused_in_one_line, succeeds};
use barenet::quant::{Bits, ByteScale};
use barenet::{Arch, Rng};
use barenet_model::export::answer::Answer;
use barenet_model::export::c_folder::{self, Contents};
use barenet_model::export::in_weights::InWeights;
use barenet_model::export::inputs::{InputMaps, Ranges};
use barenet_model::export::int8::{self, Input, Method};
use barenet_model::export::model::{Model, Numbers};
use barenet_model::export::place::Place;
use barenet_model::export::row::Row;
use barenet_model::export::signed::Signed;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};
use tempfile::TempDir;

const WARNINGS: [&str; 6] =
    ["-std=c99", "-Wall", "-Wextra", "-Wconversion", "-pedantic", "-Werror"];

/// Compiles the test of a folder, with more flags, and runs it; `None` where there is no C compiler.
pub(crate) fn tested(net: &Path, flags: &[&str]) -> Option<Output> {
    let program = net.join("test_model");
    let sources = ["src/model.c", "src/model_names.c", "test_model.c"];
    let built = Command::new("cc")
        .args(WARNINGS)
        .args(flags)
        .args(["-Isrc", "-o"])
        .arg(&program)
        .args(sources)
        .current_dir(net)
        .output();
    let Ok(built) = built else {
        eprintln!("skipped: there is no cc");
        return None;
    };
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    Some(Command::new(program).output().unwrap())
}

/// Writes a network, of which the library computed the scores of all samples, and holds the C to them.
#[track_caller]
fn has_the_bits_of_the_library(model: &Model, samples: &[Row<'_>]) {
    let names: Vec<_> = (0..model.arch().num_classes()).map(|name| name.to_string()).collect();
    let files = c_folder::files(&Contents {
        name: "some-net",
        origin: "a test",
        model,
        in_weights: InWeights { batchnorm: true, scaling: "scaling" },
        order: "",
        input_names: &[],
        output_names: &names,
        samples,
        scores: &model.scores(samples.iter().copied()).unwrap(),
    });
    let place = TempDir::new().unwrap();
    let net = place.path().join("net");
    Place::claim(&net, false).unwrap().write(files.unwrap()).unwrap();
    for flags in
        [&["-O2"][..], &["-O0", "-DMODEL_PORTABLE"], &["-std=gnu11", "-O3", "-march=native"]]
    {
        let Some(output) = tested(&net, flags) else { return };
        assert!(output.status.success(), "{flags:?}: {}", String::from_utf8_lossy(&output.stdout));
    }
    // One bit of the weights is another.
    let numbers = net.join("src/model_numbers.h");
    let text = fs::read_to_string(&numbers).unwrap();
    let first = text.split_once("= {\n    ").unwrap().1.split_once(',').unwrap().0.to_owned();
    let other = if first == "0x00000001u" { "0x00000002u" } else { "1" };
    fs::write(&numbers, text.replacen(&first, other, 1)).unwrap();
    assert_eq!(tested(&net, &["-O1"]).unwrap().status.code(), Some(1));
}

/// A drawn network in f32, and what it answers.
fn drawn(dims: &[usize], answer: Answer) -> Model {
    let mut params = vec![0.0_f32; Arch::new(dims).num_params()];
    Rng::seed(7).fill_normal(0.3, &mut params);
    Model { local: None, dims: dims.to_vec(), numbers: Numbers::F32(params), answer }
}

/// What a network of so many outputs may answer, of inputs as many.
fn answers(len: usize) -> [Answer; 3] {
    let (offset, factor) = (vec![0.5; len], vec![0.01; len]);
    [
        Answer::Class,
        Answer::Values { offset: offset.clone(), factor: factor.clone() },
        Answer::AnomalyScore { offset, factor, threshold: 40.0 },
    ]
}

/// Drawn samples of each type of number.
struct Samples {
    bytes: Vec<Vec<u8>>,
    integers: Vec<Vec<i16>>,
    numbers: Vec<Vec<f32>>,
}

impl Samples {
    fn of(len: usize) -> Self {
        let mut rng = Rng::seed(3);
        let mut draw = |below| -> Vec<Vec<u64>> {
            (0..200).map(|_| (0..len).map(|_| rng.below(below)).collect()).collect()
        };
        let bytes = draw(256).iter().map(|row| row.iter().map(|&x| x as u8).collect()).collect();
        let draws = draw(65536);
        let as_i16 = |row: &Vec<u64>| row.iter().map(|&x| x as u16 as i16).collect();
        let as_f32 = |row: &Vec<u64>| row.iter().map(|&x| x as f32 / 97.0 - 300.0).collect();
        Self {
            bytes,
            integers: draws.iter().map(as_i16).collect(),
            numbers: draws.iter().map(as_f32).collect(),
        }
    }

    fn rows(&self) -> [Vec<Row<'_>>; 3] {
        [
            self.bytes.iter().map(|row| Row::U8(row)).collect(),
            self.integers.iter().map(|row| Row::I16(row)).collect(),
            self.numbers.iter().map(|row| Row::F32(row)).collect(),
        ]
    }
}

#[test]
fn c_of_f32_has_the_bits_of_the_library_in_every_task_and_for_every_type_of_number() {
    for dims in [&[23, 39, 7, 23][..], &[5, 5], &[8, 64, 3, 8]] {
        let samples = Samples::of(dims[0]);
        for (rows, answer) in samples.rows().iter().zip(answers(dims[0])) {
            has_the_bits_of_the_library(&drawn(dims, answer), rows);
        }
    }
    let samples = Samples::of(9);
    has_the_bits_of_the_library(&drawn(&[9, 16, 3], Answer::Class), &samples.rows()[2]);
}

#[test]
fn c_of_int8_has_the_bits_of_the_library_in_every_task_and_for_every_type_of_number() {
    for (turn, dims) in [&[23, 39, 7, 23][..], &[5, 5], &[8, 300, 3, 8]].into_iter().enumerate() {
        let samples = Samples::of(dims[0]);
        let bytes: Vec<&[u8]> = samples.bytes.iter().map(Vec::as_slice).collect();
        // Each task with each type of number once.
        for (number, rows) in samples.rows().into_iter().enumerate() {
            let answer = answers(dims[0])[(turn + number) % 3].clone();
            let f32 = drawn(dims, answer);
            let mut model = int8::quantize(&f32, Input::Centered, &bytes).unwrap().model;
            let ranges = Ranges::fit(rows.iter().copied(), dims[0]).unwrap();
            let maps: InputMaps = ranges.maps(rows[0]).unwrap();
            if let Numbers::Int8 { inputs, score_scale, .. } = &mut model.numbers {
                *inputs = Some(maps);
                model.answer = f32.answer.of_steps(*score_scale, rows[0]).unwrap();
            }
            model.answer.set_threshold(40.0);
            has_the_bits_of_the_library(&model, &rows);
        }
        let model =
            int8::quantize(&drawn(dims, Answer::Class), Input::Pixels, &bytes).unwrap().model;
        has_the_bits_of_the_library(&model, &samples.rows()[0]);
        has_the_bits_of_the_library_with_signs(model, &samples);
    }
}

#[test]
fn c_of_4_and_of_8_bits_has_the_bits_of_the_library() {
    for dims in [&[23, 39, 7, 23][..], &[1, 5, 1, 3], &[8, 300, 3, 8]] {
        let samples = Samples::of(dims[0]);
        let bytes: Vec<&[u8]> = samples.bytes.iter().map(Vec::as_slice).collect();
        let f32 = drawn(dims, Answer::Class);
        for bits in [
            [Bits::Four; 3],
            [Bits::Four, Bits::Four, Bits::Eight],
            [Bits::Eight, Bits::Four, Bits::Four],
        ] {
            let method = Method { bits: bits.to_vec(), ..Method::default() };
            let mixed = int8::quantize_by(&f32, Input::Pixels, &method, &bytes).unwrap().model;
            has_the_bits_of_the_library(&mixed, &samples.rows()[0]);
        }
    }
}

/// The same integers for signed bytes, in classes and in values.
#[track_caller]
fn has_the_bits_of_the_library_with_signs(mut model: Model, samples: &Samples) {
    let output = ByteScale::new(0.1, 9);
    if let Numbers::Int8 { signed, .. } = &mut model.numbers {
        *signed = Some(Signed { input: ByteScale::new(0.05, -7), output });
    }
    let with_sign = |row: &Vec<u8>| row.iter().map(|byte| byte.cast_signed()).collect();
    let signed: Vec<Vec<i8>> = samples.bytes.iter().map(with_sign).collect();
    let rows: Vec<_> = signed.iter().map(|row| Row::I8(row)).collect();
    has_the_bits_of_the_library(&model, &rows);
    let outputs = model.arch().num_classes();
    model.answer =
        Answer::Values { offset: vec![0.0; outputs], factor: vec![output.scale(); outputs] };
    has_the_bits_of_the_library(&model, &rows);
}

#[test]
fn names_from_outside_are_data_in_c() {
    let hostile = [
        "\"}; int main(void) { return 7; } /*",
        "two\nlines\r\n#error x",
        "*/ #error y /*",
        "??/\" ??= ??>",
        "\\\" \\0 \\x41 %s%n",
        "int",
        "\u{202e}日本\u{1f600}\u{1b}[2J",
        "@RAM@ @NAMES@ 123",
    ];
    let names = hostile.map(str::to_owned);
    let model = drawn(&[8, 8], Answer::Class);
    let rows = [Row::F32(&[1.0; 8])];
    let origin = hostile.concat();
    let files = c_folder::files(&Contents {
        name: "some-net",
        origin: &origin,
        model: &model,
        in_weights: InWeights { batchnorm: true, scaling: &origin },
        order: &origin,
        input_names: &names,
        output_names: &names,
        samples: &rows,
        scores: &model.scores(rows.into_iter()).unwrap(),
    });
    let place = TempDir::new().unwrap();
    let net = place.path().join("net");
    Place::claim(&net, false).unwrap().write(files.unwrap()).unwrap();
    let Some(output) = tested(&net, &["-trigraphs"]) else { return };
    assert!(output.status.success());
    // What the compiled program says that the names are.
    let print = "#include \"model.h\"\n#include <stdio.h>\nint main(void)\n{\n    int i;\n    \
                 for (i = 0; i < MODEL_OUTPUTS; i++) {\n        \
                 printf(\"%s|%s|\", model_class_names[i], model_input_names[i]);\n    }\n    return 0;\n}\n";
    fs::write(net.join("test_model.c"), print).unwrap();
    let printed = tested(&net, &["-trigraphs"]).unwrap().stdout;
    let expected: String = hostile.iter().map(|name| format!("{name}|{name}|")).collect();
    assert_eq!(String::from_utf8(printed).unwrap(), expected);
}

#[test]
fn a_run_becomes_a_folder_of_c() {
    let place = TempDir::new().unwrap();
    let quick = ["train", "--train-size", "300", "--epochs", "1", "-q", "--out", "run"];
    succeeds(&barenet(place.path(), &quick));
    for dtype in ["f32", "int8"] {
        let arguments = ["export", "run", "--format", "c", "--dtype", dtype, "--force"];
        succeeds(&barenet(place.path(), &arguments));
        let net = place.path().join("run/c");
        for file in [
            "library.properties",
            "CMakeLists.txt",
            "src/model.h",
            "examples/self_test/self_test.ino",
        ] {
            assert!(net.join(file).exists(), "{file}");
        }
        if let Some(output) = tested(&net, &["-O2"]) {
            assert!(output.status.success());
            assert_eq!(output.stdout, b"test_model: 4 samples: the bits of the export\n");
            fs::remove_file(net.join("test_model")).unwrap();
        }
    }
}

#[test]
fn locally_connected_layers_are_refused_in_one_line() {
    let place = TempDir::new().unwrap();
    let quick = ["train", "--train-size", "100", "--epochs", "1", "-q", "--out", "run"];
    succeeds(&barenet(
        place.path(),
        &[&quick[..], &["--local", "3@4/4+0", "--hidden", "5"]].concat(),
    ));
    let output = barenet(place.path(), &["export", "run", "--format", "c"]);
    refused_in_one_line(&output, 1, &["locally connected", "--format firmware"]);
    assert!(!place.path().join("run/c").exists());
}
