//! Recordings: drawn, trained on, measured, answered for, and refused in a line.

use crate::program::{barenet, message, refused_in_one_line, stdout, succeeds};
use image::GrayImage;
use serde_json::Value;
use std::fs;
use tempfile::TempDir;

/// A folder with the recordings that the command draws.
fn motions() -> TempDir {
    let place = TempDir::new().unwrap();
    let output = barenet(place.path(), &["data", "accelerometer", "motions"]);
    succeeds(&output);
    assert!(stdout(&output).contains("barenet train --data motions --window 128 --stride 64"));
    place
}

fn train(place: &TempDir, more: &[&str]) -> std::process::Output {
    let arguments = ["train", "--data", "motions", "--epochs", "20", "--out", "run"];
    barenet(place.path(), &[&arguments, more].concat())
}

fn figures(place: &TempDir) -> Value {
    let output = barenet(place.path(), &["eval", "run", "--data", "motions", "--json"]);
    succeeds(&output);
    serde_json::from_str(&stdout(&output)).unwrap()
}

#[test]
fn recordings_are_learnt_measured_and_answered_for_window_by_window() {
    let place = motions();
    let output = train(&place, &["--window", "128", "--stride", "64"]);
    succeeds(&output);
    let text = stdout(&output);
    let form = "classify from 128 rows of ax, ay, az; a window every 64 rows (384 inputs)";
    assert!(text.contains(form) && text.contains("scaled standard"), "{text}");
    let accuracy = figures(&place)["accuracy"].as_f64().unwrap();
    assert!(accuracy > 0.9, "{accuracy}");

    let file = place.path().join("motions/run/01.csv");
    let rows = fs::read_to_string(&file).unwrap().lines().count() - 1;
    let predict = |more: &[&str]| {
        let arguments = [&["predict", "run", "motions/run/01.csv"], more].concat();
        let output = barenet(place.path(), &arguments);
        succeeds(&output);
        stdout(&output)
    };
    let text = predict(&[]);
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!((lines[0], lines.len() - 1), ("first,last,class", (rows - 128) / 64 + 1));
    assert!(lines[1].starts_with("1,128,") && lines[2].starts_with("65,192,"), "{text}");
    let right = lines.iter().filter(|line| line.ends_with(",run")).count();
    assert!(2 * right > lines.len(), "{text}");
    let line: Value = serde_json::from_str(predict(&["--json"]).lines().next().unwrap()).unwrap();
    assert_eq!((&line["first"], &line["last"]), (&1.into(), &128.into()));
    assert_eq!(line["probabilities"].as_object().unwrap().len(), 4);
}

#[test]
fn what_was_ignored_in_training_need_not_be_there_later() {
    let place = motions();
    succeeds(&train(&place, &["--window", "128", "--ignore", "az"]));
    let whole = fs::read_to_string(place.path().join("motions/run/01.csv")).unwrap();
    let two = |line: &str| line.split(',').take(2).collect::<Vec<_>>().join(",");
    let without: Vec<String> = whole.lines().map(two).collect();
    let more = whole.lines().enumerate().map(|(n, line)| match n {
        0 => format!("note,{line}"),
        _ => format!("n{n},{line}"),
    });
    let more: Vec<String> = more.collect();
    let answers = |text: &str| {
        fs::write(place.path().join("new.csv"), text).unwrap();
        let output = barenet(place.path(), &["predict", "run", "new.csv", "--json"]);
        succeeds(&output);
        stdout(&output)
    };
    let asked = answers(&whole);
    assert_eq!(answers(&without.join("\n")), asked);
    assert_eq!(answers(&more.join("\n")), asked);

    for motion in fs::read_dir(place.path().join("motions")).unwrap() {
        for file in fs::read_dir(motion.unwrap().path()).unwrap() {
            let file = file.unwrap().path();
            let text = fs::read_to_string(&file).unwrap();
            fs::write(&file, text.lines().map(two).collect::<Vec<_>>().join("\n")).unwrap();
        }
    }
    assert!(figures(&place)["accuracy"].as_f64().is_some());
}

#[test]
fn all_recordings_of_a_folder_are_answered_for_and_missing_rows_count_as_the_mean() {
    let place = motions();
    let file = place.path().join("motions/run/02.csv");
    let text = fs::read_to_string(&file).unwrap();
    let holed: Vec<_> =
        text.lines().enumerate().map(|(n, line)| if n == 9 { ",," } else { line }).collect();
    fs::write(&file, holed.join("\n") + "\n").unwrap();
    let quick =
        |more: &[&str]| train(&place, &[&["--window", "64", "--epochs", "2"], more].concat());
    let parts = ["run/02.csv, line 10, column \"ax\": the cell is missing", "--missing mean"];
    refused_in_one_line(&quick(&[]), 1, &parts);
    succeeds(&quick(&["--missing", "mean"]));
    succeeds(&barenet(place.path(), &["eval", "run", "--data", "motions"]));
    let predict = |path: &str, more: &[&str]| {
        let output = barenet(place.path(), &[&["predict", "run", path], more].concat());
        succeeds(&output);
        stdout(&output).lines().map(str::to_owned).collect::<Vec<_>>()
    };
    let one = predict("motions/run/02.csv", &[]);
    let all = predict("motions", &[]);
    assert_eq!((&one[0][..], &all[0][..]), ("first,last,class", "file,first,last,class"));
    let of_one: Vec<_> =
        all.iter().filter_map(|line| line.strip_prefix("motions/run/02.csv,")).collect();
    assert_eq!(of_one, one[1..]);
    let of_class = predict("motions/run", &["--json"]);
    assert_eq!(of_class.len(), all.iter().filter(|line| line.starts_with("motions/run/")).count());
    assert!(of_class[0].starts_with("{\"file\":\"motions/run/01.csv\",\"first\":1,\"last\":64,"));
    let output = barenet(place.path(), &["predict", "run", "motions/run/02.csv", "--tta"]);
    refused_in_one_line(&output, 2, &["--tta shows a network views of pictures"]);
    fs::create_dir(place.path().join("none")).unwrap();
    let output = barenet(place.path(), &["predict", "run", "none"]);
    refused_in_one_line(&output, 1, &["none: has no recording in it"]);
}

#[test]
fn an_autoencoder_finds_motions_that_it_does_not_know() {
    let place = motions();
    let output = train(
        &place,
        &["--window", "128", "--task", "reconstruct", "--normal", "still", "--hidden", "64,16,64"],
    );
    succeeds(&output);
    let auc = figures(&place)["auc"].as_f64().unwrap();
    assert!(auc > 0.95, "{auc}");
    let output = barenet(place.path(), &["predict", "run", "motions/run/01.csv"]);
    succeeds(&output);
    let text = stdout(&output);
    assert!(text.starts_with("first,last,anomaly_score"), "{text}");
}

#[test]
fn recordings_that_cannot_be_used_are_refused_in_a_line_and_nothing_is_written() {
    let place = motions();
    let refused = |more: &[&str], code: i32, parts: &[&str]| {
        refused_in_one_line(&train(&place, more), code, parts);
        assert!(!place.path().join("run").exists());
    };
    refused(&[], 1, &["motions: holds recordings", "--window"]);
    refused(&["--window", "5000"], 1, &["01.csv: has", "rows, and a window is of 5000"]);
    refused(&["--window", "64", "--ignore", "t"], 1, &["01.csv", "has no column \"t\""]);
    refused(
        &["--window", "64", "--image-size", "8"],
        2,
        &["--image-size says nothing of recordings"],
    );
    refused(&["--window", "64", "--task", "regress"], 1, &["the targets are classes"]);
    let other = place.path().join("motions/walk/99.csv");
    fs::write(&other, "ax,ay,gz\n1,2,3\n").unwrap();
    refused(&["--window", "1"], 1, &["99.csv, column \"gz\": is not in the other recordings"]);
    fs::write(&other, "ax,ay,az\n1,2,3\n4,x,6\n7,8,9\n").unwrap();
    refused(
        &["--window", "1"],
        1,
        &["99.csv, line 3, column \"ay\"", "leave the column out with --ignore"],
    );
    fs::remove_file(&other).unwrap();
    for motion in ["run", "shake", "still"] {
        fs::remove_dir_all(place.path().join("motions").join(motion)).unwrap();
    }
    refused(&["--window", "64"], 1, &["motions: has one class only, \"walk\""]);

    let output = barenet(place.path(), &["data", "accelerometer", "motions"]);
    refused_in_one_line(&output, 1, &["motions: is not empty; name another folder"]);
    assert_eq!(fs::read_dir(place.path().join("motions")).unwrap().count(), 1);
}

#[test]
fn what_most_files_of_a_folder_are_is_meant_and_strays_are_named() {
    let place = motions();
    let at = |name: &str| place.path().join(name);
    GrayImage::new(4, 4).save(at("motions/walk/photo.png")).unwrap();
    fs::write(at("motions/walk/notes.txt"), "walked on Monday").unwrap();
    let output = train(&place, &["--window", "64", "--epochs", "1", "-q"]);
    succeeds(&output);
    let strays = "motions/walk/notes.txt and 1 more: no recording, and left out";
    assert!(message(&output).contains(strays), "{}", message(&output));

    let set = |name: &str| at("set").join(name);
    for (class, number) in [("a", 1), ("a", 2), ("b", 1), ("b", 2)] {
        fs::create_dir_all(set(class)).unwrap();
        GrayImage::new(4, 4).save(set(&format!("{class}/{number}.png"))).unwrap();
    }
    fs::write(set("b/log.csv"), "x\n1\n2\n").unwrap();
    let train = |more: &[&str]| {
        let arguments = ["train", "--data", "set", "--epochs", "1", "-q", "--out", "pictures"];
        barenet(place.path(), &[&arguments, more].concat())
    };
    let output = train(&[]);
    succeeds(&output);
    let stray = "set/b/log.csv: no picture, and left out";
    assert!(message(&output).contains(stray), "{}", message(&output));
    let parts = ["set: --window says nothing of pictures", "--format recordings", "b/log.csv"];
    refused_in_one_line(&train(&["--window", "1"]), 2, &parts);
    // As asked for, they are recordings, and one class has none of them.
    let output = train(&["--window", "1", "--format", "recordings"]);
    let parts = ["set/a: has no recording in it, but \"1.png\" and 1 more; put some there"];
    refused_in_one_line(&output, 1, &parts);
}
