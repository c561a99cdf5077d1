//! Pictures of one's own: trained on, measured, answered for, and refused in a line.

use crate::program::{barenet, passes_its_own_tests, refused_in_one_line, stdout, succeeds};
use image::{GrayImage, Luma, RgbImage};
use serde_json::Value;
use std::fs;
use std::path::Path;
use tempfile::TempDir;

/// A picture whose left or right half is light, with some noise.
fn half(is_right: bool, noise: u8, width: u32, height: u32) -> GrayImage {
    GrayImage::from_fn(width, height, |x, y| {
        let is_light = (2 * x >= width) == is_right;
        let grain = u8::try_from((x * 7 + y * 13) % 11).unwrap() * noise;
        Luma([if is_light { 200 - grain } else { 40 + grain }])
    })
}

fn save(folder: &Path, name: &str, image: &GrayImage) {
    let path = folder.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    image.save(path).unwrap();
}

/// Twenty pictures of two classes, each of another size.
fn halves() -> TempDir {
    some_halves(10)
}

/// So many pictures of each of two classes.
fn some_halves(count: u8) -> TempDir {
    let place = TempDir::new().unwrap();
    for index in 0..count {
        let ending = ["png", "jpg", "bmp"][usize::from(index % 3)];
        for (class, is_right) in [("left", false), ("right", true)] {
            let size = 10 + u32::from(index);
            let image = half(is_right, index % 5, size, 2 * size);
            save(place.path(), &format!("set/{class}/{index}.{ending}"), &image);
        }
    }
    place
}

fn train(place: &TempDir, more: &[&str]) -> std::process::Output {
    let arguments = [&["train", "--data", "set", "--epochs", "20", "--out", "run"], more].concat();
    barenet(place.path(), &arguments)
}

#[test]
fn pictures_are_flipped_and_shifted_in_training_and_tables_are_not() {
    let place = halves();
    let size = ["--image-size", "8x6"];
    let augmented =
        [&size[..], &["--flip", "alternating", "--shift", "1", "--cutout", "3"]].concat();
    succeeds(&train(&place, &augmented));
    let config = fs::read_to_string(place.path().join("run/config.toml")).unwrap();
    assert!(config.contains("flip = \"alternating\"\nshift = 1\ncutout = 3\n"), "{config}");
    succeeds(&barenet(place.path(), &["eval", "run", "--data", "set"]));
    succeeds(&train(&place, &["--image-size", "8x6", "--scale", "channels", "--force"]));
    succeeds(&barenet(place.path(), &["eval", "run", "--data", "set"]));
    succeeds(&barenet(place.path(), &["predict", "run", "set/left/0.png"]));
    let output = train(&place, &["--image-size", "8x6", "--shift", "6", "--force"]);
    refused_in_one_line(&output, 2, &["shift is 6, and the pictures are of 8x6 pixels: at most 5"]);
    let output = train(&place, &["--image-size", "8x6", "--cutout", "7", "--force"]);
    let parts = ["cutout is 7, and the pictures are of 8x6 pixels: at most 6 is possible"];
    refused_in_one_line(&output, 2, &parts);
    fs::write(place.path().join("t.csv"), "a,b\n1,x\n2,y\n3,x\n4,y\n").unwrap();
    let output = barenet(place.path(), &["train", "--data", "t.csv", "--scale", "channels"]);
    refused_in_one_line(&output, 2, &["scale channels is for pictures", "t.csv", "take standard"]);
    for (flag, value) in [("--flip", "random"), ("--shift", "1"), ("--cutout", "1")] {
        let output = barenet(place.path(), &["train", "--data", "t.csv", flag, value]);
        refused_in_one_line(&output, 2, &["changes pictures: table from t.csv", "leave it out"]);
    }
}

#[test]
fn samples_of_any_kind_are_mixed_in_training_but_not_for_svm() {
    let place = halves();
    succeeds(&train(&place, &["--image-size", "8x6", "--mixup", "0.4"]));
    let config = fs::read_to_string(place.path().join("run/config.toml")).unwrap();
    assert!(config.contains("mixup = 0.4\n"), "{config}");
    let mut rows = String::from("a,b,y\n");
    (0..60).for_each(|n| rows.push_str(&format!("{n},{},{}.5\n", n % 7, n * 3)));
    fs::write(place.path().join("t.csv"), rows).unwrap();
    let table = ["train", "--data", "t.csv", "--epochs", "2", "--out", "table"];
    succeeds(&barenet(place.path(), &[&table[..], &["--mixup", "0.4"]].concat()));
    let output =
        train(&place, &["--image-size", "8x6", "--loss", "svm", "--mixup", "0.4", "--force"]);
    refused_in_one_line(&output, 2, &["mixup is for the loss softmax", "has the loss svm"]);
    for alpha in ["-1", "101", "nan"] {
        let mixup = format!("--mixup={alpha}");
        let output = train(&place, &["--image-size", "8x6", &mixup, "--force"]);
        refused_in_one_line(&output, 2, &["mixup must be in 0..=100"]);
    }
}

#[test]
fn a_sheet_shows_pictures_and_what_epochs_see_of_them() {
    let place = halves();
    let show = |more: &[&str]| {
        let arguments = ["data", "show", "set", "--image-size", "32x24", "--out", "sheet.png"];
        barenet(place.path(), &[&arguments, more].concat())
    };
    let sheet = || image::open(place.path().join("sheet.png")).unwrap().into_rgb8();
    succeeds(&show(&["--rows", "2"]));
    // Nine pictures of 32x24 pixels, doubled, and two pixels around each.
    assert_eq!(sheet().dimensions(), (2 + 9 * 66, 2 + 2 * 50));
    let augmented = ["--augment", "--rows", "3", "--epochs", "2", "--flip", "alternating"];
    succeeds(&show(&augmented));
    let (first, sheet) = (sheet(), sheet());
    assert_eq!(sheet.dimensions(), (2 + 3 * 66, 2 + 3 * 50));
    for row in 0..3 {
        let at = |picture: u32, x: u32, y: u32| {
            sheet.get_pixel(2 + picture * 66 + 2 * x, 2 + row * 50 + 2 * y)
        };
        for (x, y) in [(0, 0), (5, 9), (31, 23)] {
            let seen = [1, 2].map(|picture| at(picture, x, y));
            let (original, flipped) = (at(0, x, y), at(0, 31 - x, y));
            assert!(seen == [original, flipped] || seen == [flipped, original], "{row} {x} {y}");
        }
    }
    succeeds(&show(&augmented));
    assert_eq!(first, image::open(place.path().join("sheet.png")).unwrap().into_rgb8());

    // Only the square is another, and of one colour: the mean of all.
    succeeds(&show(&["--augment", "--rows", "1", "--epochs", "3", "--cutout", "8"]));
    let sheet = image::open(place.path().join("sheet.png")).unwrap().into_rgb8();
    for picture in 1..=3 {
        let places = (0..24).flat_map(|y| (0..32).map(move |x| (x, y)));
        let at =
            |picture: u32, x: u32, y: u32| *sheet.get_pixel(2 + picture * 66 + 2 * x, 2 + 2 * y);
        let cut = places.map(|(x, y)| (at(0, x, y), at(picture, x, y)));
        let mut cut: Vec<_> = cut.filter(|(a, b)| a != b).map(|(_, b)| b).collect();
        assert!((16..=64).contains(&cut.len()), "{} pixels", cut.len());
        cut.dedup();
        assert_eq!(cut.len(), 1);
    }

    // Mixtures alone: a pixel is at most half another picture's, and most lie between the two.
    succeeds(&show(&["--augment", "--rows", "2", "--epochs", "3", "--mixup", "2"]));
    let sheet = image::open(place.path().join("sheet.png")).unwrap().into_rgb8();
    let at = |row: u32, picture: u32, x: u32, y: u32| {
        i32::from(sheet.get_pixel(2 + picture * 66 + 2 * x, 2 + row * 50 + 2 * y)[0])
    };
    for (row, picture) in [(0, 1), (0, 2), (0, 3), (1, 1), (1, 2), (1, 3)] {
        let places = (0..24).flat_map(|y| (0..32).map(move |x| (x, y)));
        let far = places.map(|(x, y)| (at(row, 0, x, y) - at(row, picture, x, y)).abs());
        let far = far.max().unwrap();
        assert!(far <= 128, "{row} {picture}: {far}");
    }

    let output = show(&["--mixup", "1"]);
    refused_in_one_line(&output, 2, &["--flip, --shift, --cutout and --mixup take --augment"]);
    let output = show(&["--shift", "2"]);
    refused_in_one_line(&output, 2, &["--flip, --shift, --cutout and --mixup take --augment"]);
    let output = show(&["--cutout", "2"]);
    refused_in_one_line(&output, 2, &["--flip, --shift, --cutout and --mixup take --augment"]);
    let output = show(&["--augment", "--shift", "24"]);
    refused_in_one_line(
        &output,
        2,
        &["shift is 24, and the pictures are of 32x24 pixels: at most 23"],
    );
    fs::write(place.path().join("t.csv"), "a,b\n1,x\n2,y\n3,x\n4,y\n").unwrap();
    let output = barenet(place.path(), &["data", "show", "t.csv", "--out", "new.png"]);
    refused_in_one_line(&output, 1, &["t.csv", "has no pictures"]);
    fs::write(place.path().join("theirs.png"), "a,b\n").unwrap();
    let output = barenet(place.path(), &["data", "show", "set", "--out", "theirs.png"]);
    refused_in_one_line(&output, 1, &["theirs.png: is a file that barenet did not draw"]);
    for other in ["t.csv", "new.jpg", "new.svg"] {
        let output = barenet(place.path(), &["data", "show", "set", "--out", other]);
        refused_in_one_line(
            &output,
            2,
            &[other, "is written as PNG; name a file that ends in .png"],
        );
        assert_eq!(place.path().join(other).exists(), other == "t.csv");
    }
    // A folder, or a named pipe, which would keep whoever opens it.
    let output = barenet(place.path(), &["data", "show", "--out", "set"]);
    refused_in_one_line(&output, 1, &["set: is nothing that can be replaced"]);
    #[cfg(unix)]
    {
        let made = std::process::Command::new("mkfifo").arg(place.path().join("pipe")).status();
        assert!(made.unwrap().success());
        let output = barenet(place.path(), &["data", "show", "--out", "pipe"]);
        refused_in_one_line(&output, 1, &["pipe: is nothing that can be replaced"]);
    }
    assert!(!place.path().join("new.png").exists());
}

#[test]
fn a_folder_of_pictures_is_learnt_measured_and_answered_for() {
    let place = halves();
    let output = train(&place, &["--image-size", "8x6"]);
    succeeds(&output);
    let text = stdout(&output);
    for part in ["13 training, 3 validation, 4 test pictures", "8x6 pixels, grey (48 inputs)"] {
        assert!(text.contains(part), "{part:?} is not in {text}");
    }
    let config = fs::read_to_string(place.path().join("run/config.toml")).unwrap();
    assert!(config.contains("image_size = \"8x6\""), "{config}");

    // What they were trained with need not be said again.
    let output = barenet(place.path(), &["eval", "run", "--data", "set", "--json"]);
    succeeds(&output);
    let found: Value = serde_json::from_str(&stdout(&output)).unwrap();
    assert_eq!((&found["accuracy"], &found["num_images"]), (&1.0.into(), &4.into()));

    save(place.path(), "new.png", &half(true, 3, 300, 200));
    let predict = |arguments: &[&str]| {
        let output = barenet(place.path(), &[&["predict", "run"], arguments].concat());
        succeeds(&output);
        stdout(&output)
    };
    assert_eq!(predict(&["new.png"]), "file,class\nnew.png,right\n");
    let lines = predict(&["set", "--json"]);
    let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 20);
    let slash = std::path::MAIN_SEPARATOR;
    assert_eq!(lines[19]["file"], format!("set{slash}right{slash}9.png"));
    for line in &lines {
        let class = line["class"].as_str().unwrap();
        assert!(line["file"].as_str().unwrap().contains(class), "{line}");
        assert!(line["probabilities"][class].as_f64().unwrap() > 0.5, "{line}");
    }
}

#[test]
fn a_network_of_pictures_is_exported_and_takes_their_bytes() {
    let place = some_halves(30);
    succeeds(&train(&place, &["--image-size", "8x6"]));
    for dtype in ["f32", "int8"] {
        let firmware = ["export", "run", "--data", "set", "--format", "firmware"];
        let output =
            barenet(place.path(), &[&firmware, &["--dtype", dtype, "--out", dtype][..]].concat());
        succeeds(&output);
        let net = place.path().join(dtype);
        let test = "use set_net::*;\n\n#[test]\nfn halves() {\n    \
                    let mut workspace = Workspace::new();\n    \
                    for (name, is_right) in [(\"left\", false), (\"right\", true)] {\n        \
                    let pixels: [u8; 48] = core::array::from_fn(|i| if (i % 8 >= 4) == is_right { 200 } else { 40 });\n        \
                    assert_eq!(CLASS_NAMES[predict(&pixels, &mut workspace).unwrap() as usize], name);\n    }\n}\n";
        fs::write(net.join("tests/halves.rs"), test).unwrap();
        passes_its_own_tests(&net, 4);
    }
}

#[test]
fn parts_and_a_size_are_found_and_a_colour_picture_of_grey_ones_is_refused() {
    let place = TempDir::new().unwrap();
    for (part, count) in [("train", 6), ("val", 2), ("test", 2)] {
        for index in 0..count {
            for (class, is_right) in [("left", false), ("right", true)] {
                save(
                    place.path(),
                    &format!("set/{part}/{class}/{index}.png"),
                    &half(is_right, index, 6, 6),
                );
            }
        }
    }
    let output = train(&place, &[]);
    succeeds(&output);
    let text = stdout(&output);
    let parts = ["12 training, 4 validation, 4 test pictures", "6x6 pixels, grey (36 inputs)"];
    assert!(parts.iter().all(|part| text.contains(part)), "{text}");
    let info = barenet(place.path(), &["data", "info", "--data", "set"]);
    assert!(stdout(&info).contains("form      6x6 pixels, grey"), "{}", stdout(&info));
    let red = RgbImage::from_pixel(6, 6, image::Rgb([255, 0, 0]));
    red.save(place.path().join("colour.png")).unwrap();
    let output = barenet(place.path(), &["predict", "run", "colour.png"]);
    refused_in_one_line(&output, 1, &["colour.png: is in colour", "trained on grey pictures"]);
    let output = barenet(place.path(), &["predict", "run", "-"]);
    refused_in_one_line(&output, 1, &["standard input", "pictures are read from files"]);
    let output = barenet(place.path(), &["predict", "run", "set/train/left/0.png", "--keep"]);
    refused_in_one_line(&output, 2, &["--keep keeps the columns of a table"]);
}

#[test]
fn pictures_that_cannot_be_used_are_refused_in_a_line_and_nothing_is_written() {
    let place = halves();
    let refused = |more: &[&str], code: i32, parts: &[&str]| {
        refused_in_one_line(&train(&place, more), code, parts);
        assert!(!place.path().join("run").exists());
    };
    refused(&[], 1, &["1.jpg: is of 11x22, and set", "pixels; name one size", "--image-size"]);
    refused(&["--window", "3"], 2, &["set: --window says nothing of pictures"]);
    refused(&["--task", "regress", "--image-size", "4"], 1, &["the targets are classes"]);
    let bad = place.path().join("set/right/zz.png");
    fs::write(&bad, "no picture").unwrap();
    refused(&["--image-size", "4"], 1, &["zz.png: is no PNG, JPEG or BMP picture"]);
    fs::write(&bad, b"\x89PNG\r\n\x1a\n and no more of it").unwrap();
    refused(&["--image-size", "4"], 1, &["zz.png: cannot be decoded"]);
    fs::remove_file(&bad).unwrap();
    let up = place.path().join("set/up");
    fs::create_dir(&up).unwrap();
    refused(&["--image-size", "4"], 1, &["up: has no picture in it"]);
    fs::copy(place.path().join("set/left/0.png"), up.join("one.png")).unwrap();
    let place_of_one = Path::new("set").join("up").join("one.png").display().to_string();
    let one = format!("class up has one sample, {place_of_one}, which cannot both train and test");
    refused(&["--image-size", "4"], 1, &[&one]);
    fs::remove_dir_all(up).unwrap();
    fs::remove_dir_all(place.path().join("set/left")).unwrap();
    refused(&["--image-size", "4"], 1, &["set: has one class only, \"right\""]);
    let output = train(&place, &["--image-size", "0"]);
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn answers_for_views_of_a_picture_are_those_for_its_mirror_image() {
    let place = halves();
    succeeds(&train(&place, &["--image-size", "8x6"]));
    // As large as the network sees it, so that nothing is scaled.
    let picture = half(false, 3, 8, 6);
    save(place.path(), "two/a.png", &picture);
    save(place.path(), "two/b.png", &image::imageops::flip_horizontal(&picture));
    let probabilities = |more: &[&str]| -> [f64; 2] {
        let output = barenet(place.path(), &[&["predict", "run", "two", "--json"], more].concat());
        succeeds(&output);
        let of = |line: &str| {
            let answer: Value = serde_json::from_str(line).unwrap();
            answer["probabilities"]["left"].as_f64().unwrap()
        };
        let lines: Vec<f64> = stdout(&output).lines().map(of).collect();
        lines.try_into().unwrap()
    };
    let [a, b] = probabilities(&[]);
    assert!(a > 0.7 && b < 0.3, "{a} {b}");
    let [a, b] = probabilities(&["--tta"]);
    assert!((a - b).abs() < 1e-6 && (a - 0.5).abs() < 0.2, "{a} {b}");

    let eval = |more: &[&str]| {
        let output = barenet(place.path(), &[&["eval", "run", "--data", "set"], more].concat());
        succeeds(&output);
        stdout(&output)
    };
    assert!(eval(&["--tta"]).contains(", each the mean of ten views\n"));
    assert_eq!(eval(&["--tta", "--threads", "1"]), eval(&["--tta", "--threads", "3"]));
    let found: Value = serde_json::from_str(&eval(&["--tta", "--json"])).unwrap();
    assert_eq!(found["tta"], true);
    let found: Value = serde_json::from_str(&eval(&["--json"])).unwrap();
    assert_eq!(found["tta"], false);
}

#[test]
fn views_are_of_pictures_alone() {
    let place = TempDir::new().unwrap();
    let table: String =
        (0..40).map(|n| format!("{n},{},{}\n", n * n % 7, ["a", "b"][n % 2])).collect();
    fs::write(place.path().join("t.csv"), table).unwrap();
    let arguments = ["train", "--data", "t.csv", "--epochs", "2", "--out", "run", "--quiet"];
    succeeds(&barenet(place.path(), &arguments));
    let output = barenet(place.path(), &["eval", "run", "--data", "t.csv", "--tta"]);
    refused_in_one_line(&output, 2, &["tta changes pictures: table from t.csv"]);
    let output = barenet(place.path(), &["predict", "run", "t.csv", "--tta"]);
    refused_in_one_line(&output, 2, &["--tta shows a network views of pictures"]);
}
