//! Recordings as people have them: windows of them are samples, or a line says what is wrong.

use barenet_data::formats::recordings::{append_windows, files_in};
use barenet_data::table::{CsvOptions, Missing, read_csv_from};
use barenet_data::{DataSet, Numbers, ReadOptions, SampleForm, Task, WindowForm};
use std::fs;
use std::path::Path;
use tempfile::TempDir;

fn save(folder: &Path, name: &str, text: &str) {
    let path = folder.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

/// A recording of two channels: `first`, `first + 1`, … and 100 more.
fn recording(first: i32, rows: i32) -> String {
    let rows = (first..first + rows).map(|x| format!("{x},{}\n", x + 100));
    ["x,y\n".to_owned()].into_iter().chain(rows).collect()
}

fn windows(window: usize, stride: usize) -> ReadOptions {
    ReadOptions { window: Some(window), stride: Some(stride), ..ReadOptions::default() }
}

fn read(folder: &Path, options: &ReadOptions) -> Result<DataSet, String> {
    options.load(folder).map_err(|error| {
        let error = error.to_string();
        assert!(!error.contains('\n'), "{error}");
        error.replace(&folder.display().to_string(), "TOP")
    })
}

/// Two classes of two recordings.
fn two_classes() -> TempDir {
    let place = TempDir::new().unwrap();
    for (name, first) in [("walk/2", 10), ("walk/10", 0), ("run/a", -5), ("run/b", 20)] {
        save(place.path(), &format!("{name}.csv"), &recording(first, 5));
    }
    place
}

#[test]
fn windows_are_cut_in_time_and_those_of_a_recording_are_a_group() {
    let place = two_classes();
    save(place.path(), "walk/notes.txt", "not a recording");
    let data = read(place.path(), &windows(3, 2)).unwrap();
    assert_eq!(data.class_names, ["run", "walk"]);
    assert_eq!(data.train.labels(), [0, 0, 0, 0, 1, 1, 1, 1]);
    assert_eq!(data.train.groups, [0, 0, 1, 1, 2, 2, 3, 3]);
    let Numbers::I16(numbers) = data.train.numbers() else { panic!("{:?}", data.train.numbers()) };
    assert_eq!(numbers[..12], [-5, 95, -4, 96, -3, 97, -3, 97, -2, 98, -1, 99]);
    assert_eq!(numbers[24..30], [0, 100, 1, 101, 2, 102]);
    let channels = ["x", "y"].map(str::to_owned).to_vec();
    assert_eq!(data.form, Some(SampleForm::Windows(WindowForm { window: 3, stride: 2, channels })));
    let half = ReadOptions { window: Some(4), ..ReadOptions::default() };
    assert_eq!(read(place.path(), &half).unwrap().train.len(), 4);
}

#[test]
fn numbers_that_are_no_16_bit_integers_stay_real() {
    for other in ["0.5", "32768", "-32769", "1e9"] {
        let place = two_classes();
        save(place.path(), "walk/2.csv", &format!("x,y\n1,2\n3,{other}\n"));
        let data = read(place.path(), &windows(2, 1)).unwrap();
        assert!(matches!(data.train.numbers(), Numbers::F32(_)), "{other}");
    }
    let place = two_classes();
    save(place.path(), "walk/2.csv", "x,y\n1,2\n32767,-32768\n");
    let data = read(place.path(), &windows(2, 1)).unwrap();
    assert!(matches!(data.train.numbers(), Numbers::I16(_)));
}

#[test]
fn columns_are_found_by_their_names_and_may_be_left_out() {
    let place = two_classes();
    save(place.path(), "walk/2.csv", "time,y,x\na,1,2\nb,3,4\n");
    for name in ["walk/10", "run/a", "run/b"] {
        save(place.path(), &format!("{name}.csv"), "x,time,y\n5,a,6\n7,b,8\n");
    }
    let options = ReadOptions { ignore: vec!["time".into()], ..windows(2, 2) };
    let data = read(place.path(), &options).unwrap();
    let Numbers::I16(numbers) = data.train.numbers() else { panic!("not i16") };
    assert_eq!(numbers[12..], [2, 1, 4, 3]);
    let error = read(place.path(), &windows(2, 2)).unwrap_err();
    let expected = "line 2, column \"time\": \"a\" is text, and channels are numbers; leave it out with --ignore \"time\"";
    assert!(error.ends_with(expected), "{error}");
}

#[test]
fn an_autoencoder_needs_one_class_and_learns_the_normal_one() {
    let place = two_classes();
    let mut options = windows(3, 3);
    options.encode.task = Some(Task::Reconstruct);
    options.normal = Some("walk".to_owned());
    let data = read(place.path(), &options).unwrap();
    assert_eq!((data.task, data.normal, data.output_dim()), (Task::Reconstruct, Some(1), 6));
    fs::remove_dir_all(place.path().join("run")).unwrap();
    assert_eq!(read(place.path(), &options).unwrap().normal, Some(0));
    options.normal = Some("sit".to_owned());
    assert!(read(place.path(), &options).unwrap_err().contains("no class \"sit\""));
}

#[test]
fn what_cannot_be_cut_is_refused_with_its_file() {
    let refused = |name: &str, text: &str, options: &ReadOptions, problem: &str| {
        let place = two_classes();
        if !name.is_empty() {
            save(place.path(), name, text);
        }
        let error = read(place.path(), options).unwrap_err();
        assert!(error.starts_with(problem), "{error}\n{problem}");
    };
    let three = windows(3, 1);
    let short = "TOP/walk/2.csv: has 2 rows, and a window is of 3; take a smaller --window";
    refused("walk/2.csv", "x,y\n1,2\n3,4\n", &three, short);
    let lacks = "TOP/walk/2.csv, column \"y\": is missing, and other recordings have it";
    refused("walk/2.csv", "x\n1\n2\n3\n", &three, lacks);
    let more = "TOP/walk/2.csv, column \"z\": is not in the other recordings; they have x, y";
    refused("walk/2.csv", "x,y,z\n1,2,3\n3,4,5\n1,2,3\n", &three, more);
    let missing = "TOP/walk/2.csv, line 3, column \"y\": the cell is missing";
    refused("walk/2.csv", "x,y\n1,2\n3,\n1,2\n", &three, missing);
    refused("walk/2.csv", "x,y\n1,2\n3,inf\n1,2\n", &three, "TOP/walk/2.csv, line 3");
    refused("walk/2.csv", "", &three, "TOP/walk/2.csv");
    refused("walk/2.csv", "x,y\n1,2\n3\n1,2\n", &three, "TOP/walk/2.csv, line 3");
    refused(
        "sit/1.csv",
        &recording(0, 4),
        &three,
        "TOP: class \"sit\" has one recording, TOP/sit/1.csv, which",
    );
    refused("sit/1.txt", "", &three, "TOP/sit: has no recording in it");
    refused(
        "",
        "",
        &ReadOptions::default(),
        "TOP: holds recordings, of which windows are the samples",
    );
    refused("", "", &windows(1 << 20, 1), "TOP/run/a.csv: has 5 rows");
    let all = ReadOptions { ignore: vec!["x".into(), "y".into()], ..three };
    refused("", "", &all, "TOP/run/a.csv: has no column left to be a channel; leave fewer out");
}

#[test]
fn missing_cells_leave_out_their_windows_or_count_as_nothing() {
    let place = two_classes();
    save(place.path(), "walk/2.csv", "x,y\n1,2\n3,\n5,6\n7,8\n");
    let mut options = windows(2, 1);
    options.encode.missing = Missing::Drop;
    let data = read(place.path(), &options).unwrap();
    assert_eq!((data.train.len(), data.fills_missing), (13, false));
    options.encode.missing = Missing::Mean;
    let data = read(place.path(), &options).unwrap();
    assert_eq!((data.train.len(), data.fills_missing), (15, true));
    assert!(data.train.numbers().get(12 * 4 + 3).unwrap().is_nan());
}

#[test]
fn a_recording_is_cut_as_those_that_a_network_was_trained_on() {
    let place = two_classes();
    let data = read(place.path(), &windows(3, 2)).unwrap();
    let Some(SampleForm::Windows(form)) = data.form.clone() else { panic!("no windows") };
    let table =
        read_csv_from("y,x\n1,2\n3,4\n5,6\n7,8\n9,10\n".as_bytes(), "f", &CsvOptions::default());
    let table = table.unwrap();
    let mut numbers = Vec::new();
    let starts = append_windows(&table, &form, Missing::Refuse, &mut numbers).unwrap();
    assert_eq!((starts, numbers[..2].to_vec()), (vec![0, 2], vec![2.0, 1.0]));
    assert_eq!(numbers.len(), 12);
    let files = files_in(place.path()).unwrap();
    assert!(files.len() == 4 && files[0].ends_with("run/a.csv"), "{files:?}");
    let options = ReadOptions {
        trained_form: Some((SampleForm::Windows(form), vec!["walk".to_owned(), "run".to_owned()])),
        ..ReadOptions::default()
    };
    let again = read(place.path(), &options).unwrap();
    assert_eq!(again.train.labels(), [1, 1, 1, 1, 0, 0, 0, 0]);
    save(place.path(), "sit/1.csv", &recording(0, 4));
    let error = read(place.path(), &options).unwrap_err();
    assert!(error.starts_with("TOP/sit: is of no class that was trained"), "{error}");
}

#[test]
fn motions_that_only_validate_and_test_are_anomalies_to_an_autoencoder_alone() {
    let place = TempDir::new().unwrap();
    for name in ["train/still/1", "val/shake/1", "val/still/1", "test/fall/1", "test/still/1"] {
        save(place.path(), &format!("{name}.csv"), &recording(0, 5));
    }
    let mut options = windows(5, 5);
    options.encode.task = Some(Task::Reconstruct);
    let data = read(place.path(), &options).unwrap();
    assert_eq!(data.class_names, ["still", "shake", "fall"]);
    let labels = [&data.train, &data.val, &data.test].map(|part| part.labels().to_vec());
    assert_eq!((labels, data.normal), ([vec![0], vec![1, 0], vec![2, 0]], Some(0)));
    save(place.path(), "train/walk/1.csv", &recording(0, 5));
    let error = read(place.path(), &windows(5, 5)).unwrap_err();
    assert!(error.starts_with("TOP/val/shake: is of no class that was trained"), "{error}");

    // A run that knows one class is measured on others, of which its own is normal, however few there are.
    let form = data.form.clone().unwrap();
    options.trained_form = Some((form, vec!["still".to_owned()]));
    options.trained_normal = Some("still".to_owned());
    save(place.path(), "test/fall/2.csv", &recording(0, 5));
    let data = read(&place.path().join("test"), &options).unwrap();
    assert_eq!(data.class_names, ["still", "fall"]);
    assert_eq!((data.train.labels(), data.normal), (&[1, 1, 0][..], Some(0)));
}
