//! Folders of classes that have both pictures and recordings in them: what most files are is what is meant.

use super::class_files::{ClassFiles, PICTURES, RECORDINGS};
use super::class_folders::find_some;
use crate::{FormatName, Kind};
use std::path::Path;

/// What to do about an option that says nothing of the data.
pub(crate) const LEAVE_OUT: &str = "leave it out, or name other data with --data";

/// The formats of such folders: of each its files, and those of the other.
const FORMATS: [(FormatName, ClassFiles, ClassFiles); 2] =
    [(FormatName::Pictures, PICTURES, RECORDINGS), (FormatName::Recordings, RECORDINGS, PICTURES)];

/// The files of a format of such folders, and those of the other.
fn files_of(format: FormatName) -> Option<(ClassFiles, ClassFiles)> {
    let found = FORMATS.into_iter().find(|(name, ..)| *name == format);
    found.map(|(_, own, other)| (own, other))
}

/// Whether a folder in which a format finds files has at least as many of them as of the other's.
pub(super) fn is_mostly(format: FormatName, folder: &Path) -> bool {
    let Some((own, other)) = files_of(format) else { return true };
    let count = |files: ClassFiles| find_some(folder, files.is_one).map_or(0, |(_, count)| count);
    let num_others = count(other);
    num_others == 0 || count(own) >= num_others
}

/// Whether a format of such folders finds files of it in a folder.
pub(super) fn has(format: FormatName, folder: &Path) -> bool {
    files_of(format).is_some_and(|(own, _)| find_some(folder, own.is_one).is_some())
}

/// What to do about an option that says nothing of such a folder: it may be of the other files in it.
pub(crate) fn no_use(kind: &Kind, folder: &Path) -> String {
    let other = FORMATS.into_iter().find(|(_, own, _)| own.word == kind.word);
    let found = other.and_then(|(.., other)| Some((other, find_some(folder, other.is_one)?)));
    found.map_or_else(
        || LEAVE_OUT.to_owned(),
        |(ClassFiles { word, .. }, (first, _))| {
            let first = first.strip_prefix(folder).unwrap_or(&first).display();
            format!(
                "leave it out, or say --format {word} if its {word}, such as {first}, are meant"
            )
        },
    )
}
