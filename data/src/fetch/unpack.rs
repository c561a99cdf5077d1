//! The files of an archive, in a folder. No name in the archive becomes a path: a member that is
//! called like one of CIFAR-10's files is written under that name, all others are passed over.

use super::{Archive, sync_folder};
use crate::Version;
use crate::disk::{RealDisk, sync_file};
use crate::formats::archive::{for_each_member, members};
use crate::reading;
use anyhow::{Context, Result, bail, ensure};
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::Path;

/// Unpacks an archive to `folder`, which is in `dir`: all of its files or none.
pub(super) fn unpack(archive: &Archive, packed: &Path, dir: &Path, folder: &Path) -> Result<()> {
    let unfinished = dir.join(format!("{}.unfinished", archive.folder_name()));
    let cannot = || format!("{}: cannot be written", folder.display());
    match fs::remove_dir_all(&unfinished) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            return Err(error).with_context(cannot);
        }
        _ => {}
    }
    fs::create_dir(&unfinished).with_context(cannot)?;
    let result = fill(archive.version, packed, &unfinished).and_then(|()| {
        // To see that its files are right.
        (archive.version.files().load)(&unfinished)?;
        sync_folder(&unfinished)?;
        place(&unfinished, folder)
    });
    if result.is_err() {
        // The first failure is what matters.
        let _leftover = fs::remove_dir_all(&unfinished);
    }
    result?;
    sync_folder(dir)
}

fn fill(version: Version, packed: &Path, unfinished: &Path) -> Result<()> {
    let file =
        reading::open(packed).with_context(|| format!("{}: cannot be read", packed.display()))?;
    extract(version, file, unfinished)
        .with_context(|| format!("{}: cannot be unpacked", packed.display()))
}

/// Gives the folder its name; in one that is there already, replaces the files one by one, and
/// leaves what else is in it.
fn place(unfinished: &Path, folder: &Path) -> Result<()> {
    let cannot = || format!("{}: cannot be written", folder.display());
    if !folder.exists() {
        return fs::rename(unfinished, folder).with_context(cannot);
    }
    for entry in fs::read_dir(unfinished).with_context(cannot)? {
        let entry = entry.with_context(cannot)?;
        fs::rename(entry.path(), folder.join(entry.file_name())).with_context(cannot)?;
    }
    fs::remove_dir(unfinished).with_context(cannot)?;
    sync_folder(folder)
}

/// Writes the files of an archive into a folder.
fn extract(version: Version, archive: impl Read, into: &Path) -> Result<()> {
    let wanted: Vec<_> = members(version).collect();
    for_each_member(archive, &wanted, anyhow::Error::from, |member, bytes| {
        let (name, limit) = (member.name, member.limit);
        ensure!(bytes.len() <= limit, "{name} has more than {limit} bytes");
        let cannot = || format!("{name} cannot be written");
        let mut file = match File::create_new(into.join(name)) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                bail!("the archive has {name} twice");
            }
            file => file.with_context(cannot)?,
        };
        file.write_all(bytes).with_context(cannot)?;
        sync_file(&RealDisk, &file, &into.join(name)).with_context(cannot)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::cifar10::{FILES, MAX_NAMES_LEN};
    use flate2::Compression;
    use flate2::write::GzEncoder;
    use tar::EntryType;

    type Member<'a> = (&'a str, EntryType, &'a [u8]);

    /// An archive whose names are written as they are, which a well-meaning builder would refuse.
    fn archive(files: &[Member<'_>]) -> Vec<u8> {
        let mut builder = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
        for (name, kind, bytes) in files {
            let mut header = tar::Header::new_gnu();
            header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
            header.as_old_mut().linkname[..4].copy_from_slice(b"/etc");
            header.set_entry_type(*kind);
            header.set_size(bytes.len() as u64);
            header.set_cksum();
            builder.append(&header, *bytes).unwrap();
        }
        builder.into_inner().unwrap().finish().unwrap()
    }

    /// Names and contents.
    type Files = Vec<(String, Vec<u8>)>;

    /// Unpacks, and returns the files of the folder and the number of those around it.
    fn unpacked(bytes: &[u8]) -> (Result<()>, Files, usize) {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join("a/b");
        fs::create_dir_all(&folder).unwrap();
        let result = extract(Version::Binary, bytes, &folder);
        let mut files: Vec<_> = fs::read_dir(&folder)
            .unwrap()
            .map(|entry| entry.unwrap())
            .map(|entry| {
                assert!(entry.file_type().unwrap().is_file());
                (entry.file_name().into_string().unwrap(), fs::read(entry.path()).unwrap())
            })
            .collect();
        files.sort();
        let around = fs::read_dir(place.path()).unwrap().count()
            + fs::read_dir(place.path().join("a")).unwrap().count();
        (result, files, around)
    }

    #[test]
    fn no_path_leaves_the_folder() {
        let file = EntryType::Regular;
        let (result, files, around) = unpacked(&archive(&[
            ("../../escaped", file, b"no"),
            ("../data_batch_2.bin", file, b"two"),
            ("/data_batch_1.bin", file, b"one"),
            ("..", file, b"no"),
            ("x/../../../../../../../../../../tmp/test_batch.bin", file, b"test"),
            ("data_batch_3.bin", EntryType::Symlink, b""),
            ("data_batch_4.bin", EntryType::Link, b""),
            ("data_batch_5.bin", EntryType::Directory, b""),
        ]));
        result.unwrap();
        let expected =
            [("data_batch_1.bin", "one"), ("data_batch_2.bin", "two"), ("test_batch.bin", "test")];
        assert_eq!(files, expected.map(|(name, text)| (name.to_owned(), text.as_bytes().to_vec())));
        assert_eq!(around, 2, "nothing is written beside the folder");
    }

    #[test]
    fn no_size_is_trusted() {
        let long = vec![b'x'; MAX_NAMES_LEN + 1];
        let bytes = archive(&[(FILES.names, EntryType::Regular, &long)]);
        let error = unpacked(&bytes).0.unwrap_err().to_string();
        assert_eq!(error, "batches.meta.txt has more than 4096 bytes");
        let twice = archive(&[("a/test_batch.bin", EntryType::Regular, &b"1"[..]); 2]);
        assert_eq!(
            unpacked(&twice).0.unwrap_err().to_string(),
            "the archive has test_batch.bin twice"
        );
        // A header that promises far more than there is.
        let mut header = tar::Header::new_gnu();
        header.set_path("test_batch.bin").unwrap();
        header.set_size(1 << 60);
        header.set_cksum();
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(header.as_bytes()).unwrap();
        let error = unpacked(&encoder.finish().unwrap()).0.unwrap_err().to_string();
        assert!(error.starts_with("not a whole .tar.gz"), "{error}");
    }

    #[test]
    fn a_small_archive_that_unpacks_to_a_large_one_is_refused() {
        let mut builder = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
        let mut header = tar::Header::new_gnu();
        header.set_size(600 << 20);
        header.set_cksum();
        builder.append(&header, io::repeat(0).take(600 << 20)).unwrap();
        let (result, files, _) = unpacked(&builder.into_inner().unwrap().finish().unwrap());
        let error = result.unwrap_err().to_string();
        assert!(error.contains("it unpacks to more than 536870912 bytes"), "{error}");
        assert!(files.is_empty());
    }

    #[test]
    fn every_form_that_is_read_is_unpacked() {
        let long = format!("{}/data_batch_1.bin", "long".repeat(60));
        let mut builder = tar::Builder::new(Vec::new());
        for (name, bytes) in [(&*long, b"one"), ("./data_batch_2.bin", b"two")] {
            let mut header = tar::Header::new_gnu();
            header.set_size(3);
            builder.append_data(&mut header, name, &bytes[..]).unwrap();
        }
        let plain = builder.into_inner().unwrap();
        let gzip = |bytes: &[u8]| {
            let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
            encoder.write_all(bytes).unwrap();
            encoder.finish().unwrap()
        };
        let (a, b) = plain.split_at(700);
        let (a, b) = (gzip(a), gzip(b));
        for bytes in [&[&a[..], &b].concat(), &[&a[..], &b, b"tail"].concat(), &plain] {
            let (result, files, _) = unpacked(bytes);
            result.unwrap();
            let expected = [("data_batch_1.bin", "one"), ("data_batch_2.bin", "two")];
            assert_eq!(files, expected.map(|(name, text)| (name.to_owned(), text.into())));
        }
        let error = unpacked(&[&a[..], &b[..20]].concat()).0.unwrap_err().to_string();
        assert!(error.starts_with("not a whole .tar.gz: gzip member 2"), "{error}");
        let error = unpacked(b"PK\x03\x04").0.unwrap_err().to_string();
        assert_eq!(error, "is a zip archive; unpack it and name the folder");
    }

    #[test]
    fn an_archive_cut_anywhere_is_refused() {
        let bytes = archive(&[("test_batch.bin", EntryType::Regular, b"test")]);
        for len in 0..bytes.len() {
            assert!(unpacked(&bytes[..len]).0.is_err(), "{len}");
        }
    }
}
