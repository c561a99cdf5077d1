//! The forms in which an archive of CIFAR-10 comes: each is read, or named with what to do.

use barenet_data::formats::archive::{Batches, read_batches};
use barenet_data::load;
use flate2::write::GzEncoder;
use flate2::{Compression, GzBuilder};
use std::io::Write;
use tar::{EntryType, Header};

/// Bytes of a record.
const RECORD: usize = 3073;

/// Two records: the label, and pixels that differ.
fn batch(label: u8) -> Vec<u8> {
    let record = |seed: usize| (1..RECORD).map(move |i| u8::try_from((i * seed) % 251).unwrap());
    [3, 7].into_iter().flat_map(|seed| [label].into_iter().chain(record(seed))).collect()
}

/// A tar archive that is built block by block, so that it may have any form.
#[derive(Clone, Default)]
struct Tar(Vec<u8>);

impl Tar {
    fn header(mut self, mut header: Header, bytes: &[u8]) -> Self {
        header.set_cksum();
        self.0.extend(header.as_bytes());
        self.0.extend(bytes);
        self.0.resize(self.0.len().next_multiple_of(512), 0);
        self
    }

    fn entry(self, header: Header, name: &str, kind: EntryType, bytes: &[u8]) -> Self {
        let mut header = header;
        header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
        header.set_entry_type(kind);
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        self.header(header, bytes)
    }

    fn gnu(self, name: &str, kind: EntryType, bytes: &[u8]) -> Self {
        self.entry(Header::new_gnu(), name, kind, bytes)
    }

    fn file(self, name: &str, bytes: &[u8]) -> Self {
        self.gnu(name, EntryType::Regular, bytes)
    }

    /// A GNU long name, and the file with the start of it.
    fn long(self, name: &str, bytes: &[u8]) -> Self {
        let with_nul = [name.as_bytes(), b"\0"].concat();
        let long = self.gnu("././@LongLink", EntryType::GNULongName, &with_nul);
        long.file(&name[..name.len().min(100)], bytes)
    }

    /// An extended header of records, for the next entry or for all.
    fn pax(self, kind: EntryType, records: &[(&str, &str)]) -> Self {
        let record = |(key, value): &(&str, &str)| {
            let rest = format!(" {key}={value}\n");
            let digits = (1..9).find(|d| (rest.len() + d).to_string().len() == *d).unwrap();
            format!("{}{rest}", rest.len() + digits)
        };
        let text: String = records.iter().map(record).collect();
        self.entry(Header::new_ustar(), "PaxHeaders/x", kind, text.as_bytes())
    }

    fn end(mut self) -> Vec<u8> {
        self.0.extend([0; 1024]);
        self.0
    }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn read(bytes: &[u8]) -> Result<Batches, String> {
    read_batches("f", bytes, 2).map_err(|error| error.to_string())
}

/// The labels of the first image of each file.
fn labels(batches: &Batches) -> [Option<barenet::Label>; 6] {
    batches.files.each_ref().map(|file| file.as_ref().map(|images| images.labels()[0]))
}

/// An archive with batches 2 and 5 of the binary version is read, packed and plain.
fn is_read(tar: &[u8], what: &str) {
    let second = batch(2);
    for bytes in [tar, &gzip(tar)] {
        let batches = read(bytes).unwrap_or_else(|error| panic!("{what}: {error}"));
        assert_eq!(labels(&batches), [None, Some(2), None, None, Some(5), None], "{what}");
        let images = batches.files[1].as_ref().unwrap();
        assert_eq!(images.bytes(1), &second[RECORD + 1..], "{what}");
    }
}

fn is_refused(bytes: &[u8], parts: &[&str]) {
    let error = read(bytes).unwrap_err();
    assert!(error.starts_with("f: ") && !error.contains('\n'), "{error}");
    for part in parts {
        assert!(error.contains(part), "{part}: {error}");
    }
}

/// The archive that most tests vary.
fn plain() -> Tar {
    Tar::default().file("d/data_batch_5.bin", &batch(5)).file("d/data_batch_2.bin", &batch(2))
}

#[test]
fn several_gzip_members_are_one_archive_wherever_they_meet() {
    let tar = plain().end();
    for at in [0, 1, 511, 512, 700, 7168, tar.len() - 1024, tar.len() - 1, tar.len()] {
        let (a, b) = tar.split_at(at);
        let batches = read(&[gzip(a), gzip(b)].concat()).unwrap();
        assert_eq!(labels(&batches), [None, Some(2), None, None, Some(5), None], "{at}");
    }
    // As `pigz -i` and bgzip write them, with an empty one at the end.
    let mut pieces: Vec<_> = tar.chunks(1000).map(gzip).collect();
    pieces.push(gzip(b""));
    assert!(read(&pieces.concat()).is_ok());
    // Two whole archives, one behind the other.
    let one = |i: u8| Tar::default().file(&format!("data_batch_{i}.bin"), &batch(i)).end();
    let both = [gzip(&one(5)), gzip(&one(2))].concat();
    assert_eq!(labels(&read(&both).unwrap()), [None, Some(2), None, None, Some(5), None]);
    is_read(&[one(5), one(2)].concat(), "two tar archives in a row");
}

#[test]
fn an_archive_cut_in_any_of_its_gzip_members_is_refused() {
    let tar = plain().end();
    let (a, b) = tar.split_at(7000);
    let (a, b) = (gzip(a), gzip(b));
    for len in (a.len()..a.len() + b.len()).filter(|len| len % 7 == 0) {
        is_refused(&[&a[..], &b].concat()[..len], &["not a whole .tar.gz"]);
    }
    is_refused(&[&a[..], &b[..b.len() - 3]].concat(), &["gzip member 2"]);
    let mut damaged = [&a[..], &b].concat();
    let at = damaged.len() - 6;
    damaged[at] ^= 1;
    is_refused(&damaged, &["not a whole .tar.gz", "gzip member 2"]);
}

#[test]
fn fields_of_a_gzip_header_and_bytes_after_the_end_do_not_matter() {
    let tar = plain().end();
    let builder = GzBuilder::new().filename("x.tar").comment("a comment").extra(vec![7; 300]);
    let mut encoder = builder.mtime(1).write(Vec::new(), Compression::best());
    encoder.write_all(&tar).unwrap();
    assert!(read(&encoder.finish().unwrap()).is_ok());
    for tail in [&[0; 3][..], &[0; 20_000], b"garbage", &[b'x'; 5000]] {
        assert!(read(&[&gzip(&tar)[..], tail].concat()).is_ok());
        is_read(&[&tar[..], tail].concat(), "bytes after the end of the tar");
    }
}

#[test]
fn names_are_read_in_all_their_forms() {
    let (second, fifth) = (batch(2), batch(5));
    let deep = |i: u8, len: usize| format!("{}/data_batch_{i}.bin", "x".repeat(len));
    for len in [82, 83, 90, 100, 255, 1000, 60_000] {
        let tar = Tar::default().long(&deep(5, len), &fifth).long(&deep(2, len), &second);
        is_read(&tar.end(), &format!("GNU long names of {len}"));
        let pax = |tar: Tar, i: u8, bytes: &[u8]| {
            let records = [("mtime", "1.5"), ("path", &deep(i, len)), ("comment", "a\nb")];
            let named = tar.pax(EntryType::XHeader, &records);
            named.entry(Header::new_ustar(), "cut/short", EntryType::Regular, bytes)
        };
        is_read(
            &pax(pax(Tar::default(), 5, &fifth), 2, &second).end(),
            &format!("pax names of {len}"),
        );
    }
    // The prefix field of ustar, and headers from before there was one.
    let mut ustar = Header::new_ustar();
    ustar.set_path(format!("{}/{}", "p".repeat(90), "data_batch_5.bin")).unwrap();
    ustar.set_size(fifth.len() as u64);
    let tar = Tar::default().header(ustar, &fifth);
    let old = tar.entry(Header::new_old(), "data_batch_2.bin", EntryType::new(0), &second);
    is_read(&old.end(), "ustar prefix, v7");
    for folder in ["./", "./a/./", "CIFAR/", "/", "../", "C:\\cifar\\", "a//"] {
        let name = |i: u8| format!("{folder}data_batch_{i}.bin");
        is_read(&Tar::default().file(&name(5), &fifth).file(&name(2), &second).end(), folder);
    }
}

#[test]
fn what_is_beside_the_files_is_passed_over() {
    let tar = Tar::default()
        .pax(EntryType::XGlobalHeader, &[("comment", "0123456789abcdef"), ("path", "nowhere")])
        .gnu("volume", EntryType::new(b'V'), b"")
        .gnu("d/", EntryType::Directory, b"")
        .file("d/._data_batch_2.bin", b"\x00\x05\x16\x07AppleDouble")
        .file("d/._test_batch", b"\x00\x05\x16\x07")
        .file("__MACOSX/d/._data_batch_5.bin", b"")
        .file("d/data_batch_5.bin", &batch(5))
        .file("d/empty", b"")
        .file("data_batch_3.bin/readme.html", b"text")
        .gnu("././@LongLink", EntryType::GNULongLink, &[b'l'; 300])
        .gnu("d/data_batch_4.bin", EntryType::Symlink, b"")
        .pax(EntryType::XHeader, &[("path", "data_batch_4.bin")])
        .gnu("short", EntryType::Directory, b"")
        .gnu("d/data_batch_2.bin", EntryType::Continuous, &batch(2))
        .gnu("././@LongLink", EntryType::GNULongName, b"d/test_batch.bin.orig\0")
        .file("d/test_batch.bin", b"");
    is_read(&tar.end(), "other members");
    is_refused(&Tar::default().file("test_batch.bin", b"").end(), &["test_batch.bin: truncated"]);
}

/// Two batches whose second images are black: with their holes as GNU tar describes them.
#[test]
fn files_with_holes_are_read_in_every_way_that_tar_describes_them() {
    let image = batch(2)[..RECORD].to_vec();
    let whole = |label: u8| [&[label], &image[1..], &[label; 1], &[0; RECORD - 1]].concat();
    // Two pieces: all of the first 3,584 bytes, and nothing at the end.
    let (stored, rest) = (3584_usize, 2 * RECORD);
    let is_whole = |tar: Vec<u8>, what: &str| {
        for bytes in [gzip(&tar), tar] {
            let batches = read(&bytes).unwrap_or_else(|error| panic!("{what}: {error}"));
            let images = batches.files[1].as_ref().unwrap();
            assert_eq!(images.labels(), [2, 2], "{what}");
            assert_eq!(images.bytes(0), &image[1..], "{what}");
            assert_eq!(images.bytes(1), &[0; RECORD - 1], "{what}");
        }
    };
    let file = whole(2);
    let data = &file[..stored];
    let mut header = Header::new_gnu();
    let gnu = header.as_gnu_mut().unwrap();
    gnu.set_real_size(rest as u64);
    gnu.sparse[0].set_offset(0);
    gnu.sparse[0].set_length(stored as u64);
    gnu.sparse[1].set_offset(rest as u64);
    gnu.sparse[1].set_length(0);
    let old = Tar::default().entry(header, "data_batch_2.bin", EntryType::GNUSparse, data);
    is_whole(old.file("x", b"x").end(), "GNU");
    let map = format!("0,{stored},{rest},0");
    let (stored, rest) = (stored.to_string(), rest.to_string());
    let records = [
        ("GNU.sparse.major", "1"),
        ("GNU.sparse.minor", "0"),
        ("GNU.sparse.name", "d/data_batch_2.bin"),
        ("GNU.sparse.realsize", &rest),
    ];
    let mut in_data = format!("2\n0\n{stored}\n{rest}\n0\n").into_bytes();
    in_data.resize(512, 0);
    in_data.extend(data);
    let tar = Tar::default().pax(EntryType::XHeader, &records);
    let tar = tar.entry(
        Header::new_ustar(),
        "GNUSparseFile.1/data_batch_4.bin",
        EntryType::Regular,
        &in_data,
    );
    is_whole(tar.file("x", b"x").end(), "pax 1.0");
    let records = [
        ("GNU.sparse.size", &*rest),
        ("GNU.sparse.numblocks", "2"),
        ("GNU.sparse.map", &map),
        ("GNU.sparse.name", "d/data_batch_2.bin"),
    ];
    let tar = Tar::default().pax(EntryType::XHeader, &records).file("GNUSparseFile.1/x", data);
    is_whole(tar.end(), "pax 0.1");
    let records = [
        ("GNU.sparse.size", &*rest),
        ("GNU.sparse.numblocks", "2"),
        ("GNU.sparse.offset", "0"),
        ("GNU.sparse.numbytes", &stored),
        ("GNU.sparse.offset", &rest),
        ("GNU.sparse.numbytes", "0"),
    ];
    let tar = Tar::default().pax(EntryType::XHeader, &records).file("data_batch_2.bin", data);
    is_whole(tar.end(), "pax 0.0");
}

#[test]
fn maps_of_holes_that_do_not_fit_are_refused() {
    let (list, header) = ("data_batch_2.bin: its list of holes", "an extended header is wrong");
    for (map, size, problem) in [
        ("0,3584,3584", "6146", header),
        ("0,x", "6146", header),
        ("0,100,50,3484", "6146", list),
        ("0,9000", "6146", list),
        ("7000,3584", "6146", list),
        ("0,18446744073709551615,1,1", "18446744073709551615", list),
    ] {
        let records = [("GNU.sparse.size", size), ("GNU.sparse.map", map)];
        let tar = Tar::default().pax(EntryType::XHeader, &records);
        let tar = tar.file("data_batch_2.bin", &batch(2)[..3584]).end();
        is_refused(&tar, &["not a whole .tar: ", problem]);
    }
    let records = [("GNU.sparse.size", "18446744073709551615"), ("GNU.sparse.map", "0,512")];
    let tar = Tar::default().pax(EntryType::XHeader, &records);
    is_refused(&tar.file("data_batch_2.bin", &[1; 512]).end(), &["data_batch_2.bin: too long"]);
}

#[test]
fn a_size_in_an_extended_header_counts() {
    let bytes = batch(2);
    let size = bytes.len().to_string();
    let mut header = Header::new_ustar();
    header.set_path("data_batch_2.bin").unwrap();
    header.set_size(0);
    let tar = Tar::default().pax(EntryType::XHeader, &[("size", &size)]).header(header, &bytes);
    is_read(&tar.file("data_batch_5.bin", &batch(5)).end(), "a size in an extended header");
}

#[test]
fn a_plain_tar_that_is_cut_says_where() {
    let tar = plain().end();
    for len in [600, 6000, 6657, 7000, 8000] {
        is_refused(&tar[..len], &["not a whole .tar: "]);
    }
}

#[test]
fn names_and_headers_of_any_length_take_no_memory() {
    let long = vec![b'x'; 3 << 20];
    for kind in [EntryType::GNULongName, EntryType::XHeader] {
        let tar = Tar::default().gnu("././@LongLink", kind, &long).file("test_batch.bin", b"");
        is_refused(&tar.end(), &["a header of 3145728 bytes"]);
    }
    let tar = plain().gnu("././@LongLink", EntryType::GNULongName, b"data_batch_1.bin\0").end();
    is_refused(&tar, &["it ends after a long name"]);
}

#[test]
fn other_forms_are_named_by_their_content_with_what_to_do() {
    let padded = |magic: &[u8]| [magic, &[7; 600]].concat();
    for (magic, what) in [
        (&b"PK\x03\x04"[..], "a zip archive"),
        (b"PK\x05\x06", "a zip archive"),
        (b"\xFD7zXZ\0", "packed with xz"),
        (b"BZh91AY&SY", "packed with bzip2"),
        (b"\x28\xB5\x2F\xFD", "packed with zstd"),
        (b"7z\xBC\xAF\x27\x1C", "a 7z archive"),
        (b"Rar!\x1A\x07\x00", "a rar archive"),
        (b"Rar!\x1A\x07\x01\x00", "a rar archive"),
        (b"\x1F\x9D\x90", "packed with compress"),
        (b"\x04\x22\x4D\x18", "packed with lz4"),
        (b"LZIP\x01", "packed with lzip"),
    ] {
        for bytes in [padded(magic), magic.to_vec()] {
            is_refused(&bytes, &[&format!("f: is {what}"), "unpack it and name the folder"]);
            assert!(!read(&bytes).unwrap_err().contains("replace it"));
        }
        is_refused(&gzip(&padded(magic)), &[what, "within gzip", "unpack it and name the folder"]);
    }
    for (start, what) in [
        (&b"<!DOCTYPE html>\n<html>"[..], "a web page"),
        (b"\n  <HTML><body>", "a web page"),
        (b"version https://git-lfs.github.com/spec/v1\n", "a Git LFS pointer"),
        (b"PAR1\x15\x04", "a Parquet file"),
        (b"\x93NUMPY\x01\0", "a numpy file"),
        (b"\x89HDF\r\n\x1a\n", "an HDF5 file"),
        (b"\x80\x02}q\x01(U\x0b", "a pickle"),
    ] {
        is_refused(start, &[&format!("f: is {what}")]);
    }
    is_refused(b"", &["f: not a whole .tar.gz or .tar"]);
    is_refused(&gzip(&gzip(&plain().end())), &["gzip", "within gzip"]);
    is_refused(&gzip(&batch(3)), &["gzip without a .tar", "unpack it and name the folder"]);
    is_refused(&gzip(&vec![0; 2 * RECORD]), &[]);
    is_refused(&batch(3), &["not a whole .tar.gz or .tar", "expected the archive, or a folder"]);
}

#[test]
fn a_name_says_nothing_of_a_file() {
    let place = tempfile::tempdir().unwrap();
    let refused = |name: &str, bytes: &[u8], problem: &str| {
        std::fs::write(place.path().join(name), bytes).unwrap();
        let error = load(&place.path().join(name)).unwrap_err().to_string();
        assert!(error.contains(&format!("{name}{problem}")) && !error.contains('\n'), "{error}");
    };
    let tar = plain().end();
    refused(
        "a.tar.gz",
        b"PK\x03\x04 and so on",
        ": is a zip archive; unpack it and name the folder",
    );
    for (name, bytes) in
        [("a.zip", &tar), ("a", &gzip(&tar)), ("a.tar", &gzip(&tar)), ("a.gz", &tar)]
    {
        // The files that are there have not as many images as they should.
        refused(name, bytes, ": data_batch_5.bin: truncated");
    }
    let file = vec![0; 30_730_000];
    refused("data_batch_1.tar", &file, ": is one file of the binary version; name the folder");
    let packed = ": is packed with gzip without a .tar in it";
    refused("data_batch_1.bin.gz", &gzip(&[&[9], &file[1..]].concat()), packed);
    refused("black.bin.gz", &gzip(&[&file[..6146], &[3]].concat()), packed);
    // In a folder, archives are found under the names that CIFAR-10 has.
    for name in ["cifar-10-python.tar", "cifar-10-binary.tgz", "cifar-10-python.tar.gz"] {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(name), &tar).unwrap();
        let error = load(folder.path()).unwrap_err().to_string();
        assert!(error.contains(&format!("{name}: data_batch_5.bin: truncated")), "{error}");
    }
}
