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

/// Content with which a picture begins.
const STARTS: [&[u8]; 3] = [b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"BM"];

/// Whether the content of a file begins as that of a picture does.
#[must_use]
pub fn begins_like_a_picture(file: &Path) -> bool {
    read_start(file, 8).is_ok_and(|start| STARTS.iter().any(|known| start.starts_with(known)))
}

/// Whether a file is called as recordings are.
pub(super) fn is_called_a_recording(file: &Path) -> bool {
    let ending = file.extension().unwrap_or_default().to_string_lossy().to_lowercase();
    ["csv", "tsv"].contains(&ending.as_str())
}
