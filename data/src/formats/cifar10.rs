//! CIFAR-10, binary version: records of a label byte and 3,072 bytes of image.
//!
//! Source: <https://www.cs.toronto.edu/~kriz/cifar.html>

use super::form;
use super::six_files::{VersionFiles, assemble, check_label, has_any, wrong};
use crate::reading::read_up_to;
use crate::{DataError, DataSet, Records, Version};
use std::path::Path;

pub use super::six_files::{
    CLASS_NAMES, IMAGE_LEN, IMAGES_PER_FILE, KIND, LAYOUT, NUM_CLASSES, SIDE,
};

pub(crate) const FILES: VersionFiles = VersionFiles {
    archive: "cifar-10-binary.tar.gz",
    folder: "cifar-10-batches-bin",
    train: [
        "data_batch_1.bin",
        "data_batch_2.bin",
        "data_batch_3.bin",
        "data_batch_4.bin",
        "data_batch_5.bin",
    ],
    test: "test_batch.bin",
    names: "batches.meta.txt",
    limit: IMAGES_PER_FILE * RECORD_LEN,
    parse: parse_records,
    load,
};
/// More bytes than ten names take.
pub(crate) const MAX_NAMES_LEN: usize = 4096;
/// Bytes of a record.
pub const RECORD_LEN: usize = 1 + IMAGE_LEN;

/// Appends the `count` records of a file to `images`.
///
/// # Errors
///
/// [`DataError::Format`] naming the file if the length is not that of `count` records, or a label is
/// over 9; `images` may have got the records before it.
pub fn parse_records(
    file: &str,
    bytes: &[u8],
    count: usize,
    images: &mut Records,
) -> Result<(), DataError> {
    let expected = count.saturating_mul(RECORD_LEN);
    if bytes.len() != expected {
        let what = if bytes.len() < expected { "truncated" } else { "too long" };
        let what = form::describe(bytes).map_or(what.to_owned(), |form| format!("is {form}"));
        let found = bytes.len();
        return Err(wrong(
            file,
            format!(
                "{what}: expected {expected} bytes ({count} records of {RECORD_LEN}), found {found}"
            ),
        ));
    }
    for (record, number) in bytes.chunks_exact(RECORD_LEN).zip(1..) {
        let Some((&label, image)) = record.split_first() else { continue };
        images.push(check_label(file, i64::from(label), number)?, image);
    }
    Ok(())
}

/// Reads the names of the classes, one in each line.
pub(super) fn parse_class_names(file: &str, bytes: &[u8]) -> Result<Vec<String>, DataError> {
    let text = std::str::from_utf8(bytes.get(..MAX_NAMES_LEN).unwrap_or(bytes)).unwrap_or_default();
    // Editors of Windows begin a text with a mark.
    let text = text.trim_start_matches('\u{feff}');
    let names: Vec<_> =
        text.lines().map(str::trim).filter(|n| !n.is_empty()).map(str::to_owned).collect();
    if names.len() != NUM_CLASSES || names.iter().any(|name| name.contains(char::is_control)) {
        let problem = format!("expected the names of {NUM_CLASSES} classes, one in each line");
        return Err(wrong(file, problem));
    }
    Ok(names)
}

/// Whether a file looks like one of the six: as long as they are, and begins with a label, as no archive
/// does.
pub(super) fn is_batch(file: &mut std::fs::File) -> bool {
    use std::io::{Read, Seek};
    let expected = u64::try_from(FILES.limit).unwrap_or(u64::MAX);
    let mut label = [0];
    file.metadata().is_ok_and(|metadata| metadata.len() == expected)
        && file.read_exact(&mut label).is_ok()
        && file.rewind().is_ok()
        && usize::from(label[0]) < NUM_CLASSES
}

/// Whether a folder has one of the six files: if another is missing, that is an error which names it.
///
/// # Errors
///
/// [`DataError::Io`] if it may not be looked at.
pub fn recognises(folder: &Path) -> Result<bool, DataError> {
    has_any(folder, &FILES)
}

/// Reads the six files of a folder.
///
/// # Errors
///
/// [`DataError`] naming the file that is missing or wrong.
pub fn load(folder: &Path) -> Result<DataSet, DataError> {
    let mut data = assemble(folder, Version::Binary, &FILES)?;
    let mut bytes = Vec::new();
    let names = folder.join(FILES.names);
    match read_up_to(&names, MAX_NAMES_LEN, &mut bytes).map_err(|e| DataError::io(&names, e)) {
        Ok(()) => data.class_names = parse_class_names(&names.display().to_string(), &bytes)?,
        Err(DataError::Missing { .. }) => {}
        Err(error) => return Err(error),
    }
    Ok(data)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(label: u8) -> Vec<u8> {
        [vec![label], vec![7; IMAGE_LEN]].concat()
    }

    #[test]
    fn records_are_a_label_and_an_image() {
        let mut images = Records::new(IMAGE_LEN);
        parse_records("f", &[record(3), record(9)].concat(), 2, &mut images).unwrap();
        assert_eq!(images.labels(), [3, 9]);
        assert_eq!(images.bytes(1), [7; IMAGE_LEN]);
        assert!(images.bytes(2).is_empty());
    }

    #[test]
    fn a_file_of_another_length_is_refused() {
        let bytes = [record(3), record(9)].concat();
        for len in [0, 1, RECORD_LEN, 2 * RECORD_LEN - 1] {
            let error =
                parse_records("f", &bytes[..len], 2, &mut Records::new(IMAGE_LEN)).unwrap_err();
            let message = error.to_string();
            assert!(message.starts_with("f: truncated: expected 6146 bytes"), "{message}");
        }
        let error = parse_records("f", &bytes, 1, &mut Records::new(IMAGE_LEN)).unwrap_err();
        assert!(error.to_string().starts_with("f: too long: expected 3073 bytes"), "{error}");
    }

    #[test]
    fn a_file_that_is_packed_or_no_batch_at_all_is_named() {
        for (bytes, what) in [
            (&b"\x1F\x8B\x08"[..], "f: is packed with gzip: expected 3073 bytes"),
            (b"<html>", "f: is a web page: expected"),
            (b"version https://git-lfs.github.com/spec/v1", "f: is a Git LFS pointer"),
        ] {
            let error = parse_records("f", bytes, 1, &mut Records::new(IMAGE_LEN)).unwrap_err();
            assert!(error.to_string().starts_with(what), "{error}");
        }
    }

    #[test]
    fn a_label_over_nine_is_refused_with_its_image() {
        let bytes = [record(3), record(10)].concat();
        let error = parse_records("f", &bytes, 2, &mut Records::new(IMAGE_LEN)).unwrap_err();
        assert!(error.to_string().starts_with("f: image 2 has label 10; labels are 0 to 9"));
    }

    #[test]
    fn class_names_are_ten_lines_of_text() {
        let text = CLASS_NAMES.join("\r\n") + "\n\n";
        for text in [format!("\u{feff}{text}"), text] {
            assert_eq!(parse_class_names("f", text.as_bytes()).unwrap(), CLASS_NAMES);
        }
        for bytes in [&b""[..], b"a\nb\n", b"\xff", &b"a\n".repeat(11), &b"\x1b\n".repeat(10)] {
            assert!(parse_class_names("f", bytes).is_err(), "{bytes:?}");
        }
    }
}
