//! IDX files as MNIST and its kin have them, and what is none: each is read, or refused in a line.

use barenet_data::formats::idx;
use barenet_data::{DataSet, Numbers, ReadOptions, Task, load};
use flate2::Compression;
use flate2::write::GzEncoder;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

fn file(kind: u8, shape: &[u32], data: &[u8]) -> Vec<u8> {
    let axes = [0, 0, kind, u8::try_from(shape.len()).unwrap()];
    let shape: Vec<u8> = shape.iter().flat_map(|len| len.to_be_bytes()).collect();
    [&axes, &shape[..], data].concat()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packed = GzEncoder::new(Vec::new(), Compression::default());
    packed.write_all(bytes).unwrap();
    packed.finish().unwrap()
}

/// A folder of files.
fn folder(files: &[(&str, Vec<u8>)]) -> TempDir {
    let place = TempDir::new().unwrap();
    for (name, bytes) in files {
        fs::write(place.path().join(name), bytes).unwrap();
    }
    place
}

fn images() -> Vec<u8> {
    file(8, &[2, 1, 2], &[1, 2, 3, 255])
}

fn refused(path: &Path, problem: &str) {
    let error = load(path).unwrap_err().to_string();
    assert!(error.contains(problem) && !error.contains('\n'), "{error}");
}

fn real(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/arrays").join(name)
}

#[test]
fn a_folder_has_images_that_train_and_images_that_test() {
    // scikit-learn's digits: the first begins with 0, 0, 5, 13, 9, 1 of 16, here of 255.
    let place = TempDir::new().unwrap();
    for part in ["train", "t10k"] {
        for what in ["images-idx3", "labels-idx1"] {
            let name = format!("{part}-{what}-ubyte.gz");
            fs::copy(real(&format!("digits-{name}")), place.path().join(name)).unwrap();
        }
    }
    let data = load(place.path()).unwrap();
    assert_eq!((data.train.len(), data.test.len(), data.input_dim()), (1500, 297, 64));
    assert_eq!(data.class_names, (0..10).map(|class| class.to_string()).collect::<Vec<_>>());
    assert_eq!(data.train.labels()[..5], [0, 1, 2, 3, 4]);
    assert_eq!(data.train.bytes(0)[..6], [0, 0, 79, 207, 143, 15]);
    assert!(data.source.to_string().ends_with(" (8 x 8)"));
    // One that is named is used alone, unless others are named too.
    let named = load(&real("digits-train-images-idx3-ubyte.gz")).unwrap();
    assert_eq!((&named.train, named.test.len()), (&data.train, 0));
    let test = Some(real("digits-t10k-images-idx3-ubyte.gz"));
    let options = ReadOptions { test, ..ReadOptions::default() };
    let both = options.load(&real("digits-train-images-idx3-ubyte.gz")).unwrap();
    assert_eq!((&both.train, &both.test), (&data.train, &data.test));
}

#[test]
fn files_are_found_under_the_names_that_people_give_them_packed_or_not() {
    for (names, packed) in [
        (["train-images-idx3-ubyte", "train-labels-idx1-ubyte"], [false, false]),
        (["train-images.idx3-ubyte", "train-labels.idx1-ubyte"], [false, false]),
        (["emnist-train-images-idx3-ubyte.gz", "emnist-train-labels-idx1-ubyte"], [true, false]),
        (["my_images.idx", "my_labels.idx"], [false, true]),
        (["train-images-idx3-ubyte", "train-labels-idx1-ubyte.gz"], [false, true]),
    ] {
        let [x, y] = [images(), file(8, &[2], &[7, 3])];
        let pack = |bytes: Vec<u8>, is_packed| if is_packed { gzip(&bytes) } else { bytes };
        let place = folder(&[(names[0], pack(x, packed[0])), (names[1], pack(y, packed[1]))]);
        for path in [place.path().to_owned(), place.path().join(names[0])] {
            let data = load(&path).unwrap();
            assert_eq!(data.train.labels(), [1, 0], "{names:?}");
            assert_eq!(data.class_names, ["3", "7"]);
            assert_eq!(*data.train.numbers(), Numbers::U8(vec![1, 2, 3, 255]));
        }
    }
}

#[test]
fn numbers_of_every_type_are_read() {
    let read = |kind, data: &[u8]| idx::read("f", &file(kind, &[1, 2], data)[..], 100);
    let numbers = |kind, data: &[u8]| read(kind, data).unwrap().numbers;
    assert_eq!(numbers(8, &[1, 255]), Numbers::U8(vec![1, 255]));
    assert_eq!(numbers(9, &[1, 255]), Numbers::I16(vec![1, -1]));
    assert_eq!(numbers(0x0B, &[1, 0, 255, 255]), Numbers::I16(vec![256, -1]));
    assert_eq!(numbers(0x0C, &[0, 1, 0, 0, 0, 0, 0, 7]), Numbers::F32(vec![65536.0, 7.0]));
    let floats = [1.5_f32, -2.0].map(f32::to_be_bytes).concat();
    assert_eq!(numbers(0x0D, &floats), Numbers::F32(vec![1.5, -2.0]));
    let floats = [1.5_f64, -2.0].map(f64::to_be_bytes).concat();
    assert_eq!(numbers(0x0E, &floats), Numbers::F32(vec![1.5, -2.0]));
}

#[test]
fn a_header_that_promises_more_than_there_is_takes_no_memory() {
    let shape = [1 << 20, 1 << 10, 1 << 10];
    for bytes in [file(8, &shape, &[0; 100]), gzip(&file(8, &shape, &[0; 100]))] {
        let place = folder(&[("x-images-idx3", bytes), ("x-labels-idx1", file(8, &[2], &[0, 1]))]);
        refused(
            place.path(),
            "x-images-idx3: truncated: its header promises 1048576 x 1024 x 1024",
        );
        refused(&place.path().join("x-images-idx3"), "x-images-idx3: truncated");
    }
}

#[test]
fn files_that_cannot_be_used_are_refused_by_name() {
    let labels = file(8, &[2], &[0, 1]);
    let (x, y) = ("a-images-idx3-ubyte", "a-labels-idx1-ubyte");
    for (files, problem) in [
        (vec![(x, images())], "a-images-idx3-ubyte: has no file of labels beside it"),
        (vec![(x, labels.clone()), (y, labels.clone())], "has labels, and no images"),
        (vec![(x, images()), (y, images())], "a-labels-idx1-ubyte: has no labels"),
        (
            vec![(x, images()), (y, file(8, &[3], &[0; 3]))],
            "a-labels-idx1-ubyte: has 3 labels, and",
        ),
        (vec![(x, images()), (y, file(8, &[2], &[1, 1]))], "has one class only, \"1\""),
        (vec![(x, file(8, &[0, 1, 2], &[])), (y, file(8, &[0], &[]))], "has no images"),
        (vec![(x, images()[..17].to_vec()), (y, labels.clone())], "truncated"),
        (vec![(x, [&images()[..], b"x"].concat()), (y, labels.clone())], "too long"),
        (vec![(x, gzip(&images())[..30].to_vec()), (y, labels.clone())], "a-images-idx3-ubyte: "),
        (vec![(x, b"<html>".to_vec()), (y, labels.clone())], "a-images-idx3-ubyte: is no IDX file"),
        (
            vec![(x, images()), (y, labels.clone()), ("b-images-idx3-ubyte", images())],
            "has several files of images for a part: a-images-idx3-ubyte and b-images",
        ),
        (vec![("t10k-images-idx3-ubyte", images())], "has no images that train"),
    ] {
        refused(folder(&files).path(), problem);
    }
    let place = folder(&[(x, images()), (y, labels)]);
    refused(&place.path().join(y), "a-labels-idx1-ubyte: has labels, and no images");
    let reconstruct = |path: &Path| -> DataSet {
        let mut options = ReadOptions::default();
        options.encode.task = Some(Task::Reconstruct);
        options.load(path).unwrap()
    };
    assert_eq!(reconstruct(place.path()).train.labels(), [0, 1]);
    fs::remove_file(place.path().join(y)).unwrap();
    assert!(reconstruct(place.path()).train.labels().is_empty());
}

#[test]
fn a_file_that_is_cut_or_changed_anywhere_is_read_or_refused() {
    let whole = images();
    for len in 0..whole.len() {
        idx::read("f", &whole[..len], 100).unwrap_err();
    }
    for place in 0..whole.len() {
        for bit in 0..8 {
            let mut bytes = whole.clone();
            bytes[place] ^= 1 << bit;
            if let Ok(array) = idx::read("f", &bytes[..], 100) {
                assert_eq!(array.shape.iter().product::<usize>(), array.numbers.len());
            }
        }
    }
}

#[test]
fn labels_that_only_test_are_anomalies_to_an_autoencoder_alone() {
    let labels = |labels: [u8; 2]| file(8, &[2], &labels);
    let with = |train: Option<[u8; 2]>| {
        let mut files = vec![
            ("train-images-idx3-ubyte", images()),
            ("t10k-images-idx3-ubyte", images()),
            ("t10k-labels-idx1-ubyte", labels([7, 3])),
        ];
        files.extend(train.map(|train| ("train-labels-idx1-ubyte", labels(train))));
        folder(&files)
    };
    let mut options = ReadOptions::default();
    options.encode.task = Some(Task::Reconstruct);
    let data = options.load(with(Some([3, 3])).path()).unwrap();
    assert_eq!((&data.class_names[..], data.normal), (&["3", "7"].map(str::to_owned)[..], Some(0)));
    assert_eq!((data.train.labels(), data.test.labels()), (&[0, 0][..], &[1, 0][..]));
    refused(with(Some([3, 3])).path(), "has one class only");
    refused(with(Some([3, 4])).path(), "sample 1 is of class \"7\", and none that trains is");

    let data = options.load(with(None).path()).unwrap();
    assert!(data.test.labels().is_empty() && data.normal.is_none());
    options.normal = Some("3".to_owned());
    let data = options.load(with(None).path()).unwrap();
    assert_eq!((data.normal_name(), data.train.labels().len()), (Some("3"), 0));
    assert_eq!(
        data.test.labels().iter().map(|&l| Some(l) == data.normal).collect::<Vec<_>>(),
        [false, true]
    );
}
