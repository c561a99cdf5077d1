//! CIFAR-10 in its official archives, read as a stream: nothing is unpacked to disk, no size in the
//! archive is trusted, and each file becomes images as soon as it has been read.

pub(super) mod block;
mod header;
mod members;
mod sparse;
mod stream;

use super::cifar10::{self, RECORD_LEN};
use super::six_files::{IMAGE_LEN, IMAGES_PER_FILE, default_class_names, wrong};
use super::{is_there, pickle};
use crate::reading;
use crate::{DataError, DataSet, Images, Source, Version};
use members::{ArchiveError, Members};
use std::io::Read;
use std::path::Path;

/// Bytes that an archive may unpack to: nearly three times what the official ones do.
pub const MAX_UNPACKED: u64 = 512 << 20;

/// Whether there is something that is no folder; its content tells what.
///
/// # Errors
///
/// [`DataError::Io`] if it may not be looked at.
pub fn recognises(path: &Path) -> Result<bool, DataError> {
    Ok(!path.is_dir() && is_there(path)?)
}

/// Reads a `.tar.gz` or `.tar` of the binary or the python version; its content tells which it is.
///
/// # Errors
///
/// [`DataError`] if it is no whole archive, has not the six files, or one of them is wrong.
pub fn load(path: &Path) -> Result<DataSet, DataError> {
    let name = path.display().to_string();
    let mut file = reading::open(path).map_err(|e| DataError::io(path, e))?;
    if cifar10::is_batch(&mut file) {
        let problem = "is one file of the binary version".to_owned();
        let advice = "name the folder that holds all six files";
        return Err(DataError::Format { file: name, problem, advice });
    }
    let batches = read_members(&name, file)?;
    let (version, class_names) = (batches.version, batches.class_names.clone());
    let (train, test) = batches.into_sets(&name)?;
    let source = Source::read(&cifar10::KIND, format!("{name} ({version} version, packed)"));
    Ok(DataSet { train, test, class_names, source })
}

/// Files of CIFAR-10 in an archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batches {
    /// Which version the files are.
    pub version: Version,
    /// The images of the five training files and the test file, those that are there.
    pub files: [Option<Images>; 6],
    /// Names of the classes.
    pub class_names: Vec<String>,
}

impl Batches {
    /// The training and the test set. Each file's images are freed once they are copied.
    fn into_sets(self, name: &str) -> Result<(Images, Images), DataError> {
        let mut train = Images::with_capacity(IMAGE_LEN, 5 * IMAGES_PER_FILE);
        let mut test = Images::new(IMAGE_LEN);
        for (images, member) in self.files.into_iter().zip(members(self.version)) {
            let Some(images) = images else {
                return Err(wrong(name, format!("the archive has no {}", member.name)));
            };
            if member.part == Part::TEST {
                test = images;
            } else {
                train.append(&images);
            }
        }
        Ok((train, test))
    }
}

/// A file of CIFAR-10, as archives have it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Member {
    /// The last part of its name.
    pub(crate) name: &'static str,
    /// The bytes that it may have.
    pub(crate) limit: usize,
    version: Version,
    part: Part,
}

/// The content of a [`Member`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    /// Images: the place among the six files.
    Batch(usize),
    ClassNames,
}

impl Part {
    const TEST: Self = Self::Batch(5);
}

/// The files of a version: the six in their order, and the names of the classes.
pub(crate) fn members(version: Version) -> impl Iterator<Item = Member> {
    let (train, test, limit, names) = match version {
        Version::Binary => {
            let limit = IMAGES_PER_FILE * RECORD_LEN;
            (cifar10::TRAIN_FILES, cifar10::TEST_FILE, limit, cifar10::NAMES_FILE)
        }
        Version::Python => {
            (pickle::TRAIN_FILES, pickle::TEST_FILE, pickle::MAX_FILE_LEN, pickle::NAMES_FILE)
        }
    };
    let batches = train.into_iter().chain([test]).enumerate();
    let batches = batches.map(move |(index, name)| (name, limit, Part::Batch(index)));
    let all = batches.chain([(names, cifar10::MAX_NAMES_LEN, Part::ClassNames)]);
    all.map(move |(name, limit, part)| Member { name, limit, version, part })
}

/// Hands over those files of an archive that are wanted, each with its bytes, of which there is at most one
/// more than its limit.
pub(crate) fn for_each_member<E>(
    archive: impl Read,
    wanted: &[Member],
    error: impl Fn(ArchiveError) -> E,
    mut each: impl FnMut(&Member, &[u8]) -> Result<(), E>,
) -> Result<(), E> {
    let mut archive = Members::open(archive).map_err(&error)?;
    let mut bytes = Vec::new();
    while let Some(name) = archive.next_file().map_err(&error)? {
        if let Some(member) = wanted.iter().find(|member| member.name == name) {
            archive.read(member.limit, &mut bytes).map_err(&error)?;
            each(member, &bytes)?;
        }
    }
    Ok(())
}

/// Reads the files of CIFAR-10 in an archive.
///
/// # Errors
///
/// As [`read_batches`].
pub fn read_members(name: &str, archive: impl Read) -> Result<Batches, DataError> {
    read_batches(name, archive, IMAGES_PER_FILE)
}

/// Reads the files of `images_per_file` images in an archive, in any folder and order.
///
/// # Errors
///
/// [`DataError::Format`] if it is something else that is known, as a zip archive, or no whole archive, unpacks to more than [`MAX_UNPACKED`], has none
/// of the files, has one twice, has files of both versions, or a file is wrong.
pub fn read_batches(
    name: &str,
    archive: impl Read,
    images_per_file: usize,
) -> Result<Batches, DataError> {
    let wrong = |problem: String| wrong(name, problem);
    let error = |error: ArchiveError| match error {
        ArchiveError::Broken(problem) => wrong(problem),
        ArchiveError::Other(what, advice) => {
            DataError::Format { file: name.to_owned(), problem: format!("is {what}"), advice }
        }
    };
    let mut version = None;
    let mut files = [const { None }; 6];
    let mut class_names = None;
    let wanted: Vec<_> = [Version::Binary, Version::Python].into_iter().flat_map(members).collect();
    for_each_member(archive, &wanted, error, |member, bytes| {
        let file = format!("{name}: {}", member.name);
        let Part::Batch(index) = member.part else {
            if member.version == Version::Binary {
                class_names = Some(cifar10::parse_class_names(&file, bytes)?);
            }
            return Ok(());
        };
        if version.replace(member.version).is_some_and(|version| version != member.version) {
            return Err(wrong("the archive mixes the binary and the python version".to_owned()));
        }
        let mut images = Images::new(IMAGE_LEN);
        match member.version {
            Version::Binary => {
                cifar10::parse_records(&file, bytes, images_per_file, &mut images)?;
            }
            Version::Python => pickle::parse_batch(&file, bytes, images_per_file, &mut images)?,
        }
        if files.get_mut(index).and_then(|place| place.replace(images)).is_some() {
            return Err(wrong(format!("the archive has {} twice", member.name)));
        }
        Ok(())
    })?;
    let version = version.ok_or_else(|| wrong("the archive holds no CIFAR-10".to_owned()))?;
    let class_names = class_names.unwrap_or_else(default_class_names);
    Ok(Batches { version, files, class_names })
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::Compression;
    use flate2::read::MultiGzDecoder;
    use flate2::write::GzEncoder;
    use std::io;

    /// An archive of files; each is the same image twice, of the given label.
    fn archive(members: &[(&str, u8)]) -> Vec<u8> {
        let bytes = |label: &u8| [&[*label; 1][..], &[7; RECORD_LEN - 1]].concat().repeat(2);
        archive_of(&members.iter().map(|(name, label)| (*name, bytes(label))).collect::<Vec<_>>())
    }

    fn archive_of(members: &[(&str, Vec<u8>)]) -> Vec<u8> {
        let mut builder = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
        for (name, bytes) in members {
            let mut header = tar::Header::new_gnu();
            header.set_size(bytes.len() as u64);
            header.set_mode(0o644);
            builder.append_data(&mut header, name, &bytes[..]).unwrap();
        }
        builder.into_inner().unwrap().finish().unwrap()
    }

    fn read(bytes: &[u8]) -> Result<Batches, String> {
        read_batches("f", bytes, 2).map_err(|e| e.to_string())
    }

    fn refuse(bytes: &[u8], problem: &str) {
        let error = read(bytes).unwrap_err();
        assert!(error.starts_with("f: ") && error.contains(problem), "{error}");
        assert!(!error.contains('\n'), "{error}");
    }

    #[test]
    fn batches_are_found_in_any_folder_and_order_and_others_passed_over() {
        let long = format!("{}/readme.html", "long".repeat(60));
        let names = [("a/b/test_batch.bin", 5), (&*long, 1), ("./data_batch_1.bin", 2)];
        let batches = read(&archive(&names)).unwrap();
        let labels = batches.files.each_ref().map(|f| f.as_ref().map(|images| images.labels()[1]));
        assert_eq!(labels, [Some(2), None, None, None, None, Some(5)]);
        assert_eq!(batches.version, Version::Binary);
        let error = batches.into_sets("f").unwrap_err().to_string();
        assert!(error.starts_with("f: the archive has no data_batch_2.bin"), "{error}");
    }

    #[test]
    fn the_training_set_is_in_the_order_of_the_files_names() {
        let names = [5, 3, 1, 2, 4].map(|i| (format!("data_batch_{i}.bin"), i));
        let mut files: Vec<_> = names.iter().map(|(name, i)| (&**name, *i)).collect();
        files.push(("test_batch.bin", 9));
        let (train, test) = read(&archive(&files)).unwrap().into_sets("f").unwrap();
        assert_eq!(train.labels(), [1, 1, 2, 2, 3, 3, 4, 4, 5, 5]);
        assert_eq!(test.labels(), [9, 9]);
    }

    #[test]
    fn the_names_of_the_classes_are_read_from_the_archive() {
        let names = (b'a'..=b'j').flat_map(|c| [c, b'\n']).collect();
        let test = [&[0; 1][..], &[7; RECORD_LEN - 1]].concat().repeat(2);
        let files = [("d/batches.meta.txt", names), ("d/test_batch.bin", test)];
        assert_eq!(read(&archive_of(&files)).unwrap().class_names.concat(), "abcdefghij");
    }

    #[test]
    fn an_archive_cut_anywhere_is_refused() {
        let bytes = archive(&[("test_batch.bin", 5)]);
        for len in 0..bytes.len() {
            refuse(&bytes[..len], "not a whole .tar.gz");
        }
    }

    #[test]
    fn an_archive_of_several_gzip_members_is_read() {
        let whole = archive(&[("test_batch.bin", 5), ("data_batch_1.bin", 2)]);
        let mut tar = Vec::new();
        MultiGzDecoder::new(&whole[..]).read_to_end(&mut tar).unwrap();
        for at in [1, 512, 3000, tar.len() - 700] {
            let mut bytes = Vec::new();
            for part in [&tar[..at], &tar[at..]] {
                let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
                io::Write::write_all(&mut encoder, part).unwrap();
                bytes.extend(encoder.finish().unwrap());
            }
            assert_eq!(read(&bytes), read(&whole), "{at}");
            let end = bytes.len() - 6;
            bytes[end] ^= 1;
            refuse(&bytes, "not a whole .tar.gz");
        }
    }

    #[test]
    fn names_of_more_than_a_hundred_bytes_are_read_in_either_way() {
        let batch = [&[6; 1][..], &[7; RECORD_LEN - 1]].concat().repeat(2);
        let path = format!("{}/test_batch.bin", "folder/".repeat(30));
        // GNU's way is what the builder does by itself.
        assert!(read(&archive_of(&[(&path, batch.clone())])).unwrap().files[5].is_some());
        let mut builder = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
        let mut header = tar::Header::new_ustar();
        header.set_size(batch.len() as u64);
        header.set_path("folder/folder/te").unwrap();
        header.set_cksum();
        let extensions = [("mtime", &b"1.5"[..]), ("path", path.as_bytes())];
        builder.append_pax_extensions(extensions).unwrap();
        builder.append(&header, &batch[..]).unwrap();
        let bytes = builder.into_inner().unwrap().finish().unwrap();
        assert!(read(&bytes).unwrap().files[5].is_some());
    }

    #[test]
    fn what_is_packed_in_another_way_is_named() {
        for (start, name) in [
            (&b"PK\x03\x04"[..], "is a zip archive"),
            (b"\xFD7zXZ\0..", "packed with xz"),
            (b"BZh9", "packed with bzip2"),
            (b"\x28\xB5\x2F\xFD", "packed with zstd"),
        ] {
            let file = tempfile::NamedTempFile::new().unwrap();
            std::fs::write(file.path(), start).unwrap();
            let error = load(file.path()).unwrap_err().to_string();
            assert!(error.contains(name) && error.contains("unpack it"), "{error}");
        }
    }

    #[test]
    fn damage_is_seen_by_the_checksum() {
        let mut bytes = archive(&[("test_batch.bin", 5)]);
        let at = bytes.len() - 6;
        bytes[at] ^= 1;
        refuse(&bytes, "not a whole .tar.gz");
    }

    #[test]
    fn a_member_of_another_length_is_refused() {
        for (len, problem) in [(1, "truncated"), (3 * RECORD_LEN, "too long")] {
            let bytes = archive_of(&[("test_batch.bin", vec![0; len])]);
            refuse(&bytes, &format!("test_batch.bin: {problem}: expected 6146 bytes"));
        }
    }

    #[test]
    fn a_small_archive_that_unpacks_to_a_large_one_is_refused() {
        // 600 MiB of zeros: as a file that nobody wants, and as a file's extended name.
        let (unpacks, header) =
            ("it unpacks to more than 536870912 bytes", "a header of 629145600 bytes");
        for (kind, problem) in [
            (tar::EntryType::Regular, unpacks),
            (tar::EntryType::XGlobalHeader, unpacks),
            (tar::EntryType::GNULongName, header),
            (tar::EntryType::XHeader, header),
        ] {
            let mut builder = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
            let mut header = tar::Header::new_gnu();
            header.set_size(600 << 20);
            header.set_entry_type(kind);
            header.set_cksum();
            builder.append(&header, io::repeat(0).take(600 << 20)).unwrap();
            let bytes = builder.into_inner().unwrap().finish().unwrap();
            assert!(bytes.len() < 8 << 20);
            refuse(&bytes, problem);
        }
    }

    #[test]
    fn a_member_that_comes_twice_is_refused() {
        let bytes = archive(&[("a/test_batch.bin", 5), ("b/test_batch.bin", 5)]);
        refuse(&bytes, "the archive has test_batch.bin twice");
    }

    #[test]
    fn what_holds_no_batch_is_refused() {
        refuse(b"hello", "not a whole .tar.gz");
        refuse(&archive(&[("readme.html", 0)]), "the archive holds no CIFAR-10");
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "hello").unwrap();
        let error = load(file.path()).unwrap_err().to_string();
        assert!(error.contains("expected the archive, or a folder"), "{error}");
    }
}
