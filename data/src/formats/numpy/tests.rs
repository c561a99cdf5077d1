//! Arrays whose roles are mixed up, and classes of which no sample is left.

use super::npy::tests::file;
use crate::table::{EncodeOptions, Missing};
use crate::{DataSet, ReadOptions};
use std::fs;
use tempfile::TempDir;

fn npy(descr: &str, shape: &str, bytes: &[u8]) -> Vec<u8> {
    file(&format!("'{descr}'"), "False", shape, bytes)
}

/// A file of an array of bytes.
pub(in crate::formats) fn bytes(shape: &str, bytes: &[u8]) -> Vec<u8> {
    npy("|u1", shape, bytes)
}

/// Reads a folder of these arrays.
fn read(arrays: &[(&str, Vec<u8>)], encode: EncodeOptions) -> Result<DataSet, String> {
    let place = TempDir::new().unwrap();
    for (name, bytes) in arrays {
        fs::write(place.path().join(name).with_extension("npy"), bytes).unwrap();
    }
    let options = ReadOptions { encode, ..ReadOptions::default() };
    options.load(place.path()).map_err(|error| error.to_string())
}

#[test]
fn the_group_and_the_target_are_arrays_of_their_own() {
    let arrays = [
        ("X", bytes("(4, 1)", &[1, 2, 3, 4])),
        ("y", bytes("(4,)", &[0, 1, 0, 1])),
        ("who", bytes("(4,)", &[7, 7, 8, 8])),
    ];
    let group = |name: &str| EncodeOptions { group: Some(name.into()), ..EncodeOptions::default() };
    for (encode, part) in [
        (group("y"), ": --group names y, which has the targets; save the group of each"),
        (group("X"), ": --group names X, which has the samples; save the group of each"),
        (
            EncodeOptions { target: vec!["X".into()], ..EncodeOptions::default() },
            ": --target names X, which has the samples; leave it out",
        ),
    ] {
        let error = read(&arrays, encode).unwrap_err();
        assert!(error.contains(part), "{error}");
    }
    assert_eq!(read(&arrays, group("who")).unwrap().train.groups, [0, 0, 1, 1]);
}

#[test]
fn a_class_of_which_no_sample_is_left_is_none() {
    let floats = [1.0_f32, f32::NAN, 3.0, f32::NAN, 5.0, 6.0];
    let x = npy("<f4", "(6, 1)", &floats.map(f32::to_le_bytes).concat());
    let arrays = [("X", x), ("y", npy("|S1", "(6,)", b"qrqpzz"))];
    let drop = EncodeOptions { missing: Missing::Drop, ..EncodeOptions::default() };
    let data = read(&arrays, drop).unwrap();
    assert_eq!(
        (data.class_names, data.train.labels()),
        (vec!["q".to_owned(), "z".to_owned()], &[0, 0, 1, 1][..])
    );
    let mean = EncodeOptions { missing: Missing::Mean, ..EncodeOptions::default() };
    assert_eq!(read(&arrays, mean).unwrap().class_names.len(), 4);
}
