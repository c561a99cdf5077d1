//! What a file in the folder of a class is: a picture by its first bytes, a recording by its name.

use crate::reading::read_start;
use std::path::Path;

/// Files of a kind that comes in a folder for each class.
#[derive(Clone, Copy)]
pub(super) struct ClassFiles {
    /// What they are called, and the format is.
    pub(super) word: &'static str,
    /// Whether a file looks like one.
    pub(super) is_one: fn(&Path) -> bool,
}

pub(super) const PICTURES: ClassFiles =
    ClassFiles { word: "pictures", is_one: begins_like_a_picture };
pub(super) const RECORDINGS: ClassFiles =
    ClassFiles { word: "recordings", is_one: is_called_a_recording };

/// Content with which a PNG or a JPEG file begins.
const STARTS: [&[u8]; 2] = [b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff"];

/// Whether a file is a BMP: text may begin with the same two letters, and has no byte 0, as the header behind them does.
fn is_bmp(start: &[u8]) -> bool {
    start.strip_prefix(b"BM").is_some_and(|header| header.contains(&0))
}

/// Whether the content of a file begins as that of a picture does.
#[must_use]
pub fn begins_like_a_picture(file: &Path) -> bool {
    read_start(file, 14)
        .is_ok_and(|start| is_bmp(&start) || STARTS.iter().any(|known| start.starts_with(known)))
}

/// Names of pictures, of kinds that are not read too.
const ENDINGS: [&str; 13] = [
    "png", "jpg", "jpeg", "jpe", "bmp", "dib", "gif", "webp", "tif", "tiff", "heic", "avif", "jxl",
];

/// Whether a file is called as pictures are.
pub(super) fn is_called_a_picture(file: &Path) -> bool {
    ENDINGS.contains(&ending(file).as_str())
}

/// Whether a file is called as recordings are.
pub(super) fn is_called_a_recording(file: &Path) -> bool {
    ["csv", "tsv"].contains(&ending(file).as_str())
}

fn ending(file: &Path) -> String {
    file.extension().unwrap_or_default().to_string_lossy().to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn a_table_that_begins_with_the_letters_of_a_bmp_is_no_picture() {
        let place = tempfile::tempdir().unwrap();
        let file = place.path().join("file");
        let is_picture = |bytes: &[u8]| {
            fs::write(&file, bytes).unwrap();
            begins_like_a_picture(&file)
        };
        assert!(!is_picture(b"BMI,age,weight\n21.5,30,60\n"));
        assert!(!is_picture(b"BM"));
        assert!(is_picture(b"BM\x46\x01\x00\x00\x00\x00\x00\x00\x36\x00\x00\x00"));
        assert!(is_picture(b"\x89PNG\r\n\x1a\n"));
    }
}
