//! Archives as they come, and as they should not come.

use super::*;
use crate::formats::cifar10::RECORD_LEN;
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
