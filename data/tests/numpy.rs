//! Arrays of numpy as people save them, and what is none: each is read, or refused in a line.

use barenet_data::table::Missing;
use barenet_data::{DataSet, Numbers, ReadOptions, Records, Task, Wanted};
use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use tempfile::TempDir;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

/// A file of version 1, in C order.
fn npy(descr: &str, shape: &str, data: &[u8]) -> Vec<u8> {
    let header = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}\n");
    let len = u16::try_from(header.len()).unwrap().to_le_bytes();
    [b"\x93NUMPY\x01\0", &len[..], header.as_bytes(), data].concat()
}

fn bytes(shape: &str, data: &[u8]) -> Vec<u8> {
    npy("|u1", shape, data)
}

fn floats(shape: &str, data: &[f32]) -> Vec<u8> {
    npy("<f4", shape, &data.iter().flat_map(|x| x.to_le_bytes()).collect::<Vec<_>>())
}

fn longs(data: &[i64]) -> Vec<u8> {
    let bytes: Vec<u8> = data.iter().flat_map(|x| x.to_le_bytes()).collect();
    npy("<i8", &format!("({},)", data.len()), &bytes)
}

fn npz(path: &Path, arrays: &[(&str, Vec<u8>)]) {
    let mut zip = ZipWriter::new(File::create(path).unwrap());
    for (index, (name, bytes)) in arrays.iter().enumerate() {
        let method = [CompressionMethod::Deflated, CompressionMethod::Stored][index % 2];
        let options = SimpleFileOptions::default().compression_method(method);
        zip.start_file(format!("{name}.npy"), options).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap();
}

fn load(path: &Path, options: &ReadOptions) -> Result<DataSet, String> {
    options.load(path).map_err(|error| {
        let error = error.to_string();
        assert!(!error.contains('\n') && error.len() < 300, "{error}");
        error
    })
}

/// Reads arrays of one archive.
fn read(arrays: &[(&str, Vec<u8>)], options: &ReadOptions) -> Result<DataSet, String> {
    let place = TempDir::new().unwrap();
    let path = place.path().join("a.npz");
    npz(&path, arrays);
    load(&path, options)
}

fn asked(task: Task) -> ReadOptions {
    let mut options = ReadOptions::default();
    options.encode.task = Some(task);
    options
}

fn with_target(target: &str) -> ReadOptions {
    let mut options = ReadOptions::default();
    options.encode.target = vec![target.into()];
    options
}

fn values(records: &Records) -> (&[f32], usize) {
    match records.targets() {
        Wanted::Values { numbers, width } => (numbers, *width),
        other => panic!("{other:?}"),
    }
}

#[test]
fn samples_and_targets_are_found_by_the_names_that_people_give_them() {
    let (x, y) = (bytes("(4, 2)", &[1, 2, 3, 4, 5, 6, 7, 8]), longs(&[3, 7, 3, 7]));
    for (a, b) in [("X", "y"), ("data", "target"), ("x_train", "y_train"), ("arr_0", "arr_1")] {
        let data = read(&[(a, x.clone()), (b, y.clone())], &ReadOptions::default()).unwrap();
        assert_eq!((data.train.len(), data.input_dim(), data.task), (4, 2, Task::Classify));
        assert_eq!(data.train.labels(), [0, 1, 0, 1]);
        assert_eq!(data.class_names, ["3", "7"]);
        assert_eq!(*data.train.numbers(), Numbers::U8(vec![1, 2, 3, 4, 5, 6, 7, 8]));
        assert!(data.test.is_empty() && data.val.is_empty());
    }
    let test = (bytes("(1, 2, 1)", &[9, 9]), longs(&[7]));
    let names = ["x_train", "y_train", "x_test", "y_test", "x_val", "y_val"];
    let arrays = [x, y, test.0.clone(), test.1.clone(), test.0, test.1];
    let arrays: Vec<_> = names.into_iter().zip(arrays).collect();
    let data = read(&arrays, &ReadOptions::default()).unwrap();
    assert_eq!((data.test.labels(), data.val.labels()), (&[1][..], &[1][..]));
    // A class that does not train cannot be tested.
    let mut arrays = arrays;
    arrays[3].1 = longs(&[8]);
    let error = read(&arrays, &ReadOptions::default()).unwrap_err();
    assert!(error.contains("a.npz: y_test: sample 1 is of class \"8\", and none"), "{error}");
}

#[test]
fn targets_are_classes_numbers_or_one_hot_as_their_values_say() {
    let x = floats("(4, 1)", &[0.5, 1.0, 1.5, 2.0]);
    let with =
        |y: &[u8], options: &ReadOptions| read(&[("X", x.clone()), ("y", y.to_vec())], options);
    let data = with(&floats("(4, 1)", &[1.5, 2.5, 3.5, 4.5]), &ReadOptions::default()).unwrap();
    assert_eq!((data.task, values(&data.train)), (Task::Regress, (&[1.5, 2.5, 3.5, 4.5][..], 1)));
    assert_eq!(data.target_names, ["y"]);
    // Each number once: no classes, unless somebody says so.
    let each_once = longs(&[1, 2, 3, 4]);
    assert_eq!(with(&each_once, &ReadOptions::default()).unwrap().task, Task::Regress);
    let data = with(&each_once, &asked(Task::Classify)).unwrap();
    assert_eq!(data.train.labels(), [0, 1, 2, 3]);
    let hot = [0.0, 1.0, 1.0, 0.0, 0.0, 1.0, 1.0, 0.0];
    let data = with(&floats("(4, 2)", &hot), &ReadOptions::default()).unwrap();
    assert_eq!((data.task, data.train.labels()), (Task::Classify, &[1, 0, 1, 0][..]));
    let data = with(&floats("(4, 2)", &hot), &asked(Task::Regress)).unwrap();
    assert_eq!(values(&data.train), (&hot[..], 2));
    assert_eq!(data.target_names, ["y 1", "y 2"]);
    let text: Vec<u8> = "no\0yesyesno\0".chars().flat_map(|c| u32::from(c).to_le_bytes()).collect();
    let data = with(&npy("<U3", "(4,)", &text), &ReadOptions::default()).unwrap();
    assert_eq!(
        (data.train.labels(), data.class_names),
        (&[0, 1, 1, 0][..], vec!["no".into(), "yes".into()])
    );
    // An autoencoder has the labels of its samples, and learns the class that most have.
    let data = with(&longs(&[5, 6, 6, 6]), &asked(Task::Reconstruct)).unwrap();
    assert_eq!((data.task, data.normal), (Task::Reconstruct, Some(1)));
}

#[test]
fn targets_are_a_column_where_there_is_one_array() {
    let place = TempDir::new().unwrap();
    let path = place.path().join("all.npy");
    fs::write(&path, floats("(4, 3)", &[1., 2., 0., 3., 4., 1., 5., 6., 0., 7., 8., 1.])).unwrap();
    let data = load(&path, &ReadOptions::default()).unwrap();
    assert_eq!(*data.train.numbers(), Numbers::F32(vec![1., 2., 3., 4., 5., 6., 7., 8.]));
    assert_eq!(data.train.labels(), [0, 1, 0, 1]);
    let data = load(&path, &with_target("1")).unwrap();
    assert_eq!(values(&data.train), (&[1., 3., 5., 7.][..], 1));
    assert_eq!((data.input_dim(), data.target_names), (2, vec!["column 1".to_owned()]));
    let error = load(&path, &with_target("4")).unwrap_err();
    assert!(error.ends_with("all.npy: has no column \"4\"; its columns have the numbers 1 to 3"));
    let data = load(&path, &asked(Task::Reconstruct)).unwrap();
    assert_eq!((data.input_dim(), data.train.targets()), (3, &Wanted::Nothing(4)));
}

#[test]
fn a_folder_of_arrays_is_read_and_so_is_a_file_with_its_targets_beside_it() {
    let place = TempDir::new().unwrap();
    let at = |name: &str| place.path().join(name);
    fs::write(at("X.npy"), bytes("(4, 1)", &[1, 2, 3, 4])).unwrap();
    fs::write(at("y.npy"), longs(&[0, 0, 1, 1])).unwrap();
    fs::write(at("X_test.npy"), bytes("(2, 1)", &[5, 6])).unwrap();
    fs::write(at("y_test.npy"), longs(&[1, 0])).unwrap();
    let data = load(place.path(), &ReadOptions::default()).unwrap();
    assert_eq!((data.train.labels(), data.test.labels()), (&[0, 0, 1, 1][..], &[1, 0][..]));
    let options = ReadOptions { test: Some(at("X_test.npy")), ..ReadOptions::default() };
    let named = load(&at("X.npy"), &options).unwrap();
    assert_eq!((&named.train, &named.test), (&data.train, &data.test));
    assert!(load(&at("X.npy"), &ReadOptions::default()).unwrap().test.is_empty());
    fs::remove_file(at("y_test.npy")).unwrap();
    let error = load(place.path(), &ReadOptions::default()).unwrap_err();
    assert!(error.contains("X_test.npy: has no array of targets beside it; call it y"), "{error}");
}

#[test]
fn missing_numbers_are_refused_left_out_or_taken_for_the_mean() {
    let nan = f32::NAN;
    let x = floats("(5, 2)", &[1.0, 2.0, nan, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 9.0]);
    let y = floats("(5,)", &[0.5, 1.5, 2.5, nan, 4.5]);
    let with = |y: &[u8], missing: Missing| {
        let mut options = ReadOptions::default();
        options.encode.missing = missing;
        read(&[("X", x.clone()), ("y", y.to_vec())], &options)
    };
    let error = with(&y, Missing::Refuse).unwrap_err();
    assert!(
        error.contains("a.npz: X: number 1 of sample 2 is missing (NaN); fill it in"),
        "{error}"
    );
    let data = with(&y, Missing::Drop).unwrap();
    assert_eq!(*data.train.numbers(), Numbers::F32(vec![1.0, 2.0, 5.0, 6.0, 9.0, 9.0]));
    assert_eq!((values(&data.train).0, data.fills_missing), (&[0.5, 2.5, 4.5][..], false));
    let error = with(&y, Missing::Mean).unwrap_err();
    assert!(error.contains("a.npz: y: the target of sample 4 is missing (NaN)"), "{error}");
    let mut look = ReadOptions::default();
    (look.encode.missing, look.encode.skips_unlabelled) = (Missing::Mean, true);
    let data = read(&[("X", x.clone()), ("y", y.clone())], &look).unwrap();
    assert_eq!((data.train.len(), data.unlabelled, data.fills_missing), (4, 1, true));
    look.encode.missing = Missing::Drop;
    let data = read(&[("X", x.clone()), ("y", y.clone())], &look).unwrap();
    assert_eq!((data.train.len(), data.unlabelled, data.incomplete), (3, 1, 1));
    let error = read(&[("X", x.clone()), ("y", floats("(5,)", &[nan; 5]))], &look).unwrap_err();
    assert!(error.contains("has no sample with a target; fill some in"), "{error}");
    let data = with(&longs(&[0, 1, 0, 1, 1]), Missing::Mean).unwrap();
    assert!(data.train.numbers().get(2).unwrap().is_nan() && data.fills_missing);
    assert_eq!(with(&longs(&[0, 1, 0, 1, 1]), Missing::Drop).unwrap().train.labels(), [0, 0, 1, 1]);
}

#[test]
fn one_value_and_an_archive_of_nothing_are_told_by_that() {
    let (x, y) = (bytes("(4, 2)", &[1, 2, 3, 4, 5, 6, 7, 8]), longs(&[3, 7, 3, 7]));
    let one = || floats("()", &[3.0]);
    let with = |arrays: &[(&str, Vec<u8>)]| read(arrays, &ReadOptions::default()).unwrap_err();
    let error = with(&[("X", one()), ("y", y)]);
    assert!(error.contains("a.npz: X: is one number, and no samples; save a row of"), "{error}");
    for target in [one(), npy("<U1", "()", b"a\0\0\0")] {
        let error = with(&[("X", x.clone()), ("y", target)]);
        assert!(
            error.contains("a.npz: y: is one value, and there are 4 samples; save a"),
            "{error}"
        );
    }
    let error = with(&[]);
    assert!(error.contains("a.npz: has no arrays in it; save the samples as X"), "{error}");
}

#[test]
fn arrays_that_cannot_be_used_are_refused_by_file_and_array() {
    let (x, y) = (bytes("(4, 2)", &[1, 2, 3, 4, 5, 6, 7, 8]), longs(&[3, 7, 3, 7]));
    let with =
        |x: Vec<u8>, y: Vec<u8>| read(&[("X", x), ("y", y)], &ReadOptions::default()).unwrap_err();
    let none = with(npy("|O", "(4,)", b"\x80\x04 pickled"), y.clone());
    assert!(none.contains("a.npz: X: holds pickled objects, which are never loaded"), "{none}");
    let far = with(bytes("(1099511627776, 28, 28)", &[0; 9]), y.clone());
    assert!(far.contains("a.npz: X: truncated: its header promises 1099511627776 x 28"), "{far}");
    for (x, y, problem) in [
        (bytes("(18446744073709551615, 3)", b""), y.clone(), "X: truncated"),
        (bytes("(4, 2)", &[0; 9]), y.clone(), "X: too long"),
        (npy("<c16", "(1,)", &[0; 16]), y.clone(), "X: its elements are of type \"<c16\""),
        (floats("(2, 1)", &[1.0, f32::INFINITY]), y.clone(), "X: element [1, 0] is inf"),
        (bytes("(0, 2)", b""), longs(&[]), "X: is empty"),
        (npy("|S1", "(4,)", b"abcd"), y, "X: is of text, and samples are numbers"),
        (x.clone(), longs(&[1, 2]), "X: has 4 samples, and there are 2 targets in y"),
        (x.clone(), longs(&[-16_777_217, 1, 1, 1]), "y: has the class -16777216, and whole"),
        (x.clone(), longs(&[1; 4]), "y: has one class only, \"1\""),
        (x.clone(), npy("<U1", "(4, 2)", &[0; 32]), "y: has several texts for a sample"),
    ] {
        let error = with(x, y);
        assert!(error.contains(&format!("a.npz: {problem}")), "{error}");
    }
    let default = ReadOptions::default();
    let error = read(&[("some", x.clone()), ("thing", x.clone())], &default).unwrap_err();
    assert!(error.contains("has no array of samples; its arrays are some, thing; call them X"));
    let error = read(&[("X", x.clone()), ("other", x.clone())], &default).unwrap_err();
    assert!(error.contains("X: has no array of targets beside it; call it y"), "{error}");
    let found = read(&[("X", x.clone()), ("other", longs(&[1, 2, 1, 2]))], &with_target("other"));
    assert_eq!(found.unwrap().train.labels(), [0, 1, 0, 1]);
    let y = longs(&[1, 2, 1, 2]);
    let error = read(&[("X", x.clone()), ("y", y.clone())], &with_target("2")).unwrap_err();
    assert!(error.contains("--target names none of its arrays, which are X, y"), "{error}");
    let error = read(&[("X", x), ("y", floats("(4, 2)", &[0.5; 8]))], &asked(Task::Classify));
    assert!(error.unwrap_err().contains("y: has 2 numbers for a sample"));
}

#[test]
fn an_archive_that_is_cut_or_changed_anywhere_is_read_or_refused() {
    let place = TempDir::new().unwrap();
    let path = place.path().join("a.npz");
    npz(&path, &[("X", bytes("(4, 1)", &[1, 2, 3, 4])), ("y", longs(&[0, 1, 0, 1]))]);
    let whole = fs::read(&path).unwrap();
    for len in 4..whole.len() {
        fs::write(&path, &whole[..len]).unwrap();
        load(&path, &ReadOptions::default()).unwrap_err();
    }
    for place in 0..whole.len() {
        let mut bytes = whole.clone();
        bytes[place] ^= 1 << (place % 8);
        fs::write(&path, &bytes).unwrap();
        let _read_or_refused = load(&path, &ReadOptions::default());
    }
}

#[test]
fn a_member_that_says_it_unpacks_to_more_than_can_be_is_refused_before_memory_is_taken() {
    let place = TempDir::new().unwrap();
    let path = place.path().join("a.npz");
    npz(&path, &[("X", bytes("(1099511627776, 1)", &[0; 4])), ("y", longs(&[0, 1]))]);
    let mut archive = fs::read(&path).unwrap();
    // The size in the central directory.
    let entry = archive.windows(4).position(|window| window == b"PK\x01\x02").unwrap();
    archive[entry + 24..entry + 28].copy_from_slice(&u32::MAX.to_le_bytes()[..]);
    archive[entry + 27] = 0x7f;
    fs::write(&path, &archive).unwrap();
    let error = load(&path, &ReadOptions::default()).unwrap_err();
    assert!(error.contains("a.npz: X: is said to unpack from"), "{error}");
}

#[test]
fn samples_of_a_group_are_known_by_an_array() {
    let x = || ("X", floats("(4, 2)", &[1.0, 2.0, f32::NAN, 4.0, 5.0, 6.0, 7.0, 8.0]));
    let y = || ("y", longs(&[0, 1, 0, 1]));
    let drop = |group: Option<&str>| {
        let mut options = ReadOptions::default();
        options.encode.missing = Missing::Drop;
        options.encode.group = group.map(Into::into);
        options
    };
    let groups = |arrays: &[(&str, Vec<u8>)], group| {
        read(arrays, &drop(group)).map(|data| data.train.groups)
    };
    // The second sample lacks a number, and goes with its group.
    let people = longs(&[907, 12, 12, 907]);
    assert_eq!(groups(&[x(), y(), ("groups", people.clone())], None).unwrap(), [0, 1, 0]);
    let texts = npy("|S2", "(4,)", b"bobaalbo");
    let found = groups(&[x(), y(), ("who", texts), ("groups", people.clone())], Some("who"));
    assert_eq!(found.unwrap(), [2, 0, 2]);
    assert!(groups(&[x(), y(), ("who", people.clone())], None).unwrap().is_empty());
    for (arrays, group, part) in [
        (
            [x(), y(), ("who", people)],
            Some("whom"),
            "--group names none of its arrays, which are X",
        ),
        ([x(), y(), ("groups", longs(&[1, 2]))], None, "groups: has 2 groups, and there are 4"),
        (
            [x(), y(), ("groups", longs(&[0, 1_700_000_000, 1_700_000_001, 1]))],
            None,
            "groups: the group of sample 2 is 16777216 or more",
        ),
    ] {
        let error = groups(&arrays, group).unwrap_err();
        assert!(error.contains(part), "{error}");
    }
}

#[test]
fn classes_that_only_test_are_anomalies_to_an_autoencoder_alone() {
    let x = |name| (name, floats("(4, 2)", &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0]));
    let y = |name, labels: [i64; 4]| (name, longs(&labels));
    let normal =
        |name: &str| ReadOptions { normal: Some(name.to_owned()), ..asked(Task::Reconstruct) };
    let arrays = [
        x("x_train"),
        x("x_val"),
        x("x_test"),
        y("y_train", [2; 4]),
        y("y_val", [2, 9, 2, 2]),
        y("y_test", [1, 2, 2, 9]),
    ];
    let data = read(&arrays, &asked(Task::Reconstruct)).unwrap();
    assert_eq!(data.class_names, ["2", "9", "1"]);
    assert_eq!((data.normal_name(), data.train.labels()), (Some("2"), &[0; 4][..]));
    assert_eq!((data.val.labels(), data.test.labels()), (&[0, 1, 0, 0][..], &[2, 0, 0, 1][..]));
    let mut two = arrays.clone();
    two[3] = y("y_train", [2, 3, 2, 3]);
    let error = read(&two, &ReadOptions::default()).unwrap_err();
    assert!(error.contains("sample 2 is of class \"9\", and none that trains is"), "{error}");

    // Without labels of those that train somebody has to say which class is normal.
    let alone = [x("x_train"), x("x_test"), y("y_test", [1, 0, 0, 1])];
    let data = read(&alone, &asked(Task::Reconstruct)).unwrap();
    assert_eq!((data.normal, data.test.labels().len()), (None, 0));
    let data = read(&alone, &normal("0")).unwrap();
    assert_eq!((data.normal_name(), data.train.labels().len()), (Some("0"), 0));
    assert_eq!((data.test.labels(), data.normal), (&[1, 0, 0, 1][..], Some(0)));
    let error = read(&alone, &normal("good")).unwrap_err();
    assert!(error.contains("has no class \"good\", which --normal names"), "{error}");
}
