//! CIFAR-10 in its official archives, read as a stream: nothing is unpacked to disk, and no size in
//! the archive is trusted.

use super::cifar10::{self, IMAGES_PER_FILE, RECORD_LEN, assemble};
use super::{DataError, DataSet, pickle};
use flate2::read::GzDecoder;
use std::collections::HashMap;
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

/// Reads a `.tar.gz` of the binary or the python version.
///
/// # Errors
///
/// [`DataError`] if it is no whole archive, has not the six files, or one of them is wrong.
pub fn load(path: &Path) -> Result<DataSet, DataError> {
    let name = path.display().to_string();
    let file = File::open(path).map_err(|e| DataError::io(path, e))?;
    let members = read_members(&name, BufReader::new(file))?;
    let is_python = members.contains_key(pickle::TRAIN_FILES[0]);
    let (train, test) = if is_python {
        (pickle::TRAIN_FILES, pickle::TEST_FILE)
    } else {
        (cifar10::TRAIN_FILES, cifar10::TEST_FILE)
    };
    assemble(path, train, test, |member, images| {
        let Some(bytes) = members.get(member) else {
            return Err(DataError::format(&name, format!("the archive has no {member}")));
        };
        let file = format!("{name}: {member}");
        if is_python {
            pickle::parse_batch(&file, bytes, IMAGES_PER_FILE, images)
        } else {
            cifar10::parse_records(&file, bytes, IMAGES_PER_FILE, images)
        }
    })
}

/// The members of an archive that may be batches, by file name.
///
/// # Errors
///
/// [`DataError::Format`] if it is no whole archive, a member is larger than a batch can be, or comes
/// twice.
pub fn read_members(
    name: &str,
    archive: impl Read,
) -> Result<HashMap<&'static str, Vec<u8>>, DataError> {
    let error = |e: std::io::Error| DataError::format(name, format!("not a whole .tar.gz: {e}"));
    let known = pickle::TRAIN_FILES
        .into_iter()
        .chain([pickle::TEST_FILE, cifar10::TEST_FILE])
        .chain(cifar10::TRAIN_FILES);
    let known: Vec<_> = known.collect();
    let mut members = HashMap::new();
    let mut archive = tar::Archive::new(GzDecoder::new(archive));
    for entry in archive.entries().map_err(error)? {
        let mut entry = entry.map_err(error)?;
        let path = entry.path().map_err(error)?;
        let file_name = path.file_name().and_then(|name| name.to_str());
        let Some(&member) = known.iter().find(|known| Some(**known) == file_name) else { continue };
        let limit = if member.ends_with(".bin") {
            IMAGES_PER_FILE * RECORD_LEN
        } else {
            pickle::MAX_FILE_LEN
        };
        let mut bytes = Vec::new();
        let one_more = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
        entry.by_ref().take(one_more).read_to_end(&mut bytes).map_err(error)?;
        if bytes.len() > limit {
            let problem = format!("{member} is too long: expected at most {limit} bytes");
            return Err(DataError::format(name, problem));
        }
        if members.insert(member, bytes).is_some() {
            return Err(DataError::format(name, format!("the archive has {member} twice")));
        }
    }
    // The archive ends before its checksum does: read on, or damage would go unseen.
    let rest = archive.into_inner().take(MAX_PADDING).read_to_end(&mut Vec::new());
    rest.map_err(error)?;
    Ok(members)
}

/// What may follow the last member: blocks of zeros.
const MAX_PADDING: u64 = 1 << 20;

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::Compression;
    use flate2::write::GzEncoder;

    fn archive(members: &[(&str, usize)]) -> Vec<u8> {
        let mut builder = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
        for (name, len) in members {
            let mut header = tar::Header::new_gnu();
            header.set_size(*len as u64);
            header.set_mode(0o644);
            builder.append_data(&mut header, name, &vec![0; *len][..]).unwrap();
        }
        builder.into_inner().unwrap().finish().unwrap()
    }

    #[test]
    fn batches_are_found_in_any_folder_and_others_passed_over() {
        let bytes = archive(&[("a/b/test_batch.bin", 5), ("readme.html", 9)]);
        let members = read_members("f", &bytes[..]).unwrap();
        assert_eq!(members.into_iter().collect::<Vec<_>>(), [("test_batch.bin", vec![0; 5])]);
    }

    #[test]
    fn an_archive_cut_anywhere_is_refused() {
        let bytes = archive(&[("test_batch.bin", 5000)]);
        for len in 0..bytes.len() {
            assert!(read_members("f", &bytes[..len]).is_err(), "{len}");
        }
    }

    #[test]
    fn a_member_too_long_is_refused_before_it_fills_the_memory() {
        let bytes = archive(&[("test_batch.bin", IMAGES_PER_FILE * RECORD_LEN + 1)]);
        let error = read_members("f", &bytes[..]).unwrap_err().to_string();
        assert_eq!(error, "f: test_batch.bin is too long: expected at most 30730000 bytes");
    }

    #[test]
    fn a_member_that_comes_twice_is_refused() {
        let bytes = archive(&[("a/test_batch.bin", 5), ("b/test_batch.bin", 5)]);
        let error = read_members("f", &bytes[..]).unwrap_err().to_string();
        assert_eq!(error, "f: the archive has test_batch.bin twice");
    }

    #[test]
    fn what_is_no_archive_is_refused() {
        assert!(read_members("f", &b"hello"[..]).is_err());
    }
}
