//! Folders of classes that have both pictures and recordings in them: what most files are is what is meant.

use super::class_files::{begins_like_a_picture, is_called_a_recording};
use super::class_folders::find_some;
use super::{pictures, recordings};
use crate::{FormatName, Kind};
use std::path::Path;

/// What to do about an option that says nothing of the data.
pub(crate) const LEAVE_OUT: &str = "leave it out, or name other data with --data";

/// How a file of a format of such folders begins or is called.
fn is_one(format: FormatName) -> Option<fn(&Path) -> bool> {
    match format {
        FormatName::Pictures => Some(begins_like_a_picture),
        FormatName::Recordings => Some(is_called_a_recording),
        _ => None,
    }
}

/// The other format of such folders.
const fn other(format: FormatName) -> FormatName {
    match format {
        FormatName::Recordings => FormatName::Pictures,
        _ => FormatName::Recordings,
    }
}

/// Whether a folder in which a format finds files has at least as many of them as of the other's.
pub(super) fn is_mostly(format: FormatName, folder: &Path) -> bool {
    let count = |format| {
        let found = is_one(format).and_then(|is_one| find_some(folder, is_one));
        found.map_or(0, |(_, count)| count)
    };
    if is_one(format).is_none() {
        return true;
    }
    // Recordings are told by their names, pictures by their content, which takes longer.
    let num_others = count(other(format));
    num_others == 0 || count(format) >= num_others
}

/// Whether a format of such folders finds files of it in a folder.
pub(super) fn has(format: FormatName, folder: &Path) -> bool {
    is_one(format).is_some_and(|is_one| find_some(folder, is_one).is_some())
}

/// What to do about an option that says nothing of such a folder: it may be of the other files in it.
pub(crate) fn no_use(kind: &Kind, folder: &Path) -> String {
    let (name, is_other): (_, fn(&Path) -> bool) = match kind.word {
        word if word == pictures::KIND.word => ("recordings", is_called_a_recording),
        word if word == recordings::KIND.word => ("pictures", begins_like_a_picture),
        _ => return LEAVE_OUT.to_owned(),
    };
    find_some(folder, is_other).map_or_else(
        || LEAVE_OUT.to_owned(),
        |(first, _)| {
            let first = first.strip_prefix(folder).unwrap_or(&first).display();
            format!(
                "leave it out, or say --format {name} if its {name}, such as {first}, are meant"
            )
        },
    )
}
