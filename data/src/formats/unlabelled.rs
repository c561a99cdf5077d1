//! Images in a file of CIFAR-10 or CIFAR-100, for a network that is asked what they show.

use super::cifar10::{self, IMAGE_LEN};
use super::cifar100;
use super::class_files::begins_like_a_picture;
use crate::reading::read_up_to;
use crate::{DataError, Kind, Numbers, Records, Wanted};
use std::path::Path;

/// Bytes of a file at most: many times those of the official ones.
const MAX_LEN: usize = 1 << 30;

/// Reads the images of a file with records as those of a kind of data have them, of any number, and passes over their
/// labels. `None` if the file begins as a picture does.
///
/// # Errors
///
/// [`DataError`] naming the file if it cannot be read, or is not made of such records.
///
/// ```no_run
/// use barenet_data::formats::{cifar10, unlabelled};
/// let images = unlabelled::read(&cifar10::KIND, "test_batch.bin".as_ref())?;
/// assert_eq!(images.map(|images| images.len()), Some(10_000));
/// # Ok::<(), barenet_data::DataError>(())
/// ```
pub fn read(kind: &Kind, path: &Path) -> Result<Option<Records>, DataError> {
    // The built-in images lie as those of CIFAR-10 do.
    let (name, record_len, num_labels) = if kind.word == cifar100::KIND.word {
        (cifar100::KIND.name, cifar100::RECORD_LEN, [20, 100].as_slice())
    } else {
        (cifar10::KIND.name, cifar10::RECORD_LEN, [10].as_slice())
    };
    if begins_like_a_picture(path) {
        return Ok(None);
    }
    let mut bytes = Vec::new();
    read_up_to(path, MAX_LEN, &mut bytes).map_err(|error| DataError::io(path, error))?;
    let are_labels = |record: &[u8]| record.iter().zip(num_labels).all(|(label, of)| label < of);
    let records = bytes.chunks(record_len);
    if bytes.is_empty() || bytes.len() % record_len != 0 || !records.clone().all(are_labels) {
        return Err(DataError::Format {
            file: path.display().to_string(),
            problem: format!(
                "is no PNG, JPEG or BMP picture, and no images of {name}, {record_len} bytes each"
            ),
            advice: "convert it, or name another file",
        });
    }
    let images =
        records.flat_map(|record| record.iter().skip(record_len.saturating_sub(IMAGE_LEN)));
    let images: Vec<u8> = images.copied().collect();
    let count = images.len() / IMAGE_LEN;
    Ok(Some(Records::of(IMAGE_LEN, Numbers::U8(images), Wanted::Nothing(count))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::builtin;

    fn read_bytes(kind: &Kind, bytes: &[u8]) -> Result<Option<Records>, String> {
        let place = tempfile::tempdir().unwrap();
        let file = place.path().join("images.bin");
        std::fs::write(&file, bytes).unwrap();
        read(kind, &file).map_err(|error| error.to_string())
    }

    /// Records with these labels, whose images are of one number each.
    fn records(labels: &[&[u8]]) -> Vec<u8> {
        let of = |(n, labels): (u8, &&[u8])| [labels, &[n; IMAGE_LEN][..]].concat();
        (7..).zip(labels).flat_map(of).collect()
    }

    #[test]
    fn labels_are_passed_over_one_of_cifar10_and_two_of_cifar100() {
        for (kind, labels) in [
            (&cifar10::KIND, [&[9][..], &[0]]),
            (&builtin::KIND, [&[9][..], &[0]]),
            (&cifar100::KIND, [&[19, 99][..], &[0, 0]]),
        ] {
            let images = read_bytes(kind, &records(&labels)).unwrap().unwrap();
            assert_eq!((images.len(), images.bytes(0)), (2, &[7; IMAGE_LEN][..]), "{kind:?}");
            assert_eq!(images.bytes(1), [8; IMAGE_LEN], "{kind:?}");
        }
    }

    #[test]
    fn other_files_are_refused_and_pictures_are_left_to_others() {
        let of_ten = records(&[&[9], &[0]]);
        for bytes in [&[][..], &of_ten[1..], &records(&[&[0], &[10]]), b"hello"] {
            let error = read_bytes(&cifar10::KIND, bytes).unwrap_err();
            assert!(error.contains("no images of CIFAR-10, 3073 bytes each"), "{error}");
        }
        let error = read_bytes(&cifar100::KIND, &of_ten).unwrap_err();
        assert!(error.contains("no images of CIFAR-100, 3074 bytes each"), "{error}");
        assert!(read_bytes(&cifar10::KIND, b"\x89PNG\r\n\x1a\n").unwrap().is_none());
    }
}
