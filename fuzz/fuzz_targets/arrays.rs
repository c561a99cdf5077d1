//! Arrays: numpy's, an archive of them, and IDX, each by its first bytes.

#![no_main]

use barenet_data::formats::numpy::npy::{self, Content};
use barenet_data::formats::{idx, numpy};
use libfuzzer_sys::fuzz_target;
use std::io::Cursor;

fn check(content: &Content) {
    let (shape, count) = match content {
        Content::Numbers(array) => (&array.shape, array.numbers.len()),
        Content::Text { shape, names, labels } => {
            assert!(labels.iter().all(|&label| (label as usize) < names.len()));
            (shape, labels.len())
        }
    };
    assert_eq!(shape.iter().product::<usize>(), count);
}

fuzz_target!(|bytes: &[u8]| {
    if bytes.starts_with(npy::MAGIC) {
        npy::read("f", bytes, bytes.len() as u64).iter().for_each(check);
    } else if bytes.starts_with(b"PK") {
        let found = numpy::read_archive("f", Cursor::new(bytes));
        found.iter().flatten().for_each(|(_, content)| check(content));
    } else if let Ok(array) = idx::read("f", bytes, bytes.len() as u64) {
        assert_eq!(array.shape.iter().product::<usize>(), array.numbers.len());
    }
});
