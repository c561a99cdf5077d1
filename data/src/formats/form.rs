//! Form of a file, by its first bytes: its name may be anything.

use super::archive::block::{self, BLOCK_LEN, Block};

/// Packed in a way that is not read.
const UNPACK: &str = "unpack it and name the folder";
/// Not what was meant to be there.
const DOWNLOAD: &str = "download the archive itself";
/// One file of six.
const FOLDER: &str = "name the folder that holds all six files";
/// Images, but in another form.
const CONVERT: &str = "only the binary and the python version are read; name one of them";

/// The first bytes of other forms, what they are, and what to do.
const OTHERS: [(&[u8], &str, &str); 22] = [
    (b"PK\x03\x04", "a zip archive", UNPACK),
    (b"PK\x05\x06", "a zip archive", UNPACK),
    (b"PK\x07\x08", "a zip archive", UNPACK),
    (b"\xFD7zXZ\0", "packed with xz", UNPACK),
    (b"BZh", "packed with bzip2", UNPACK),
    (b"\x28\xB5\x2F\xFD", "packed with zstd", UNPACK),
    (b"\x04\x22\x4D\x18", "packed with lz4", UNPACK),
    (b"LZIP", "packed with lzip", UNPACK),
    (b"\x5D\0\0", "packed with lzma", UNPACK),
    (b"\x1F\x9D", "packed with compress", UNPACK),
    (b"7z\xBC\xAF\x27\x1C", "a 7z archive", UNPACK),
    (b"Rar!\x1A\x07", "a rar archive", UNPACK),
    (b"version https://git-lfs", "a Git LFS pointer to the file, not the file", DOWNLOAD),
    (b"PAR1", "a Parquet file", CONVERT),
    (b"\x93NUMPY", "a numpy file", CONVERT),
    (b"\x89HDF", "an HDF5 file", CONVERT),
    (b"\0\0\x08\x01", "an IDX file", CONVERT),
    (b"\0\0\x08\x03", "an IDX file", CONVERT),
    (b"\x80\x02", "a pickle", FOLDER),
    (b"\x80\x03", "a pickle", FOLDER),
    (b"\x80\x04", "a pickle", FOLDER),
    (b"\x80\x05", "a pickle", FOLDER),
];

/// Form of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    Tar,
    Gzip,
    /// Its name, and what to do.
    Other(&'static str, &'static str),
    Unknown,
}

impl Form {
    /// Tells it by the first block of 512 bytes, or by all there is.
    pub(crate) fn of(start: &[u8]) -> Self {
        if start.starts_with(b"\x1F\x8B") {
            return Self::Gzip;
        }
        // Before the others: a tar archive begins with a name, which may be any.
        let first = <&Block>::try_from(start);
        if first.is_ok_and(|first| block::is_zero(first) || block::has_right_checksum(first)) {
            return Self::Tar;
        }
        let known = OTHERS.iter().find(|(magic, ..)| start.starts_with(magic));
        if let Some((_, what, advice)) = known {
            return Self::Other(what, advice);
        }
        let text = start.trim_ascii_start();
        let begins = |with: &str| {
            text.get(..with.len()).is_some_and(|text| text.eq_ignore_ascii_case(with.as_bytes()))
        };
        if ["<!doctype", "<html", "<?xml"].into_iter().any(begins) {
            return Self::Other("a web page", DOWNLOAD);
        }
        Self::Unknown
    }
}

/// Whether a name, in lower case, is that of a packed file.
pub(crate) fn is_packed_name(name: &str) -> bool {
    const ENDS: [&str; 8] = [".tgz", ".gz", ".xz", ".bz2", ".zst", ".zip", ".7z", ".rar"];
    name.contains(".tar") || ENDS.iter().any(|end| name.ends_with(end))
}

/// Form of a file that was to be a batch and is none, if its first bytes tell.
pub(super) fn describe(start: &[u8]) -> Option<&'static str> {
    match Form::of(start.get(..BLOCK_LEN).unwrap_or(start)) {
        Form::Gzip => Some("packed with gzip"),
        Form::Other(what, advice) if advice != FOLDER => Some(what),
        Form::Tar | Form::Other(..) | Form::Unknown => None,
    }
}
