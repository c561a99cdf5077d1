//! Event files of TensorBoard in the folder of a run.

use crate::folder::Folder;
use std::fs::{self, File};
use std::io::Read;

/// What the name of an event file begins with, wherever it comes from.
const PREFIX: &str = "events.out.tfevents.";
/// What the name of ours ends with.
const SUFFIX: &str = ".barenet";
/// What is in the first record of every such file.
const VERSION: &[u8] = b"brain.Event:2";
/// Bytes of that record, and more.
const HEAD_LEN: u64 = 64;

/// The name of a new event file, which is after those that are there in the order of names.
///
/// ```
/// use barenet_run::run_folder::event_file;
///
/// let first = event_file(1.7e9, &[]);
/// assert_eq!(first, "events.out.tfevents.1700000000.barenet");
/// assert_eq!(event_file(1.7e9, &[first]), "events.out.tfevents.1700000001.barenet");
/// ```
#[must_use]
pub fn event_file(seconds_since_1970: f64, before: &[String]) -> String {
    let last = before.iter().filter_map(|name| number(name)).max();
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let now = seconds_since_1970 as u64;
    let number = last.map_or(now, |last| now.max(last.saturating_add(1)));
    format!("{PREFIX}{number:010}{SUFFIX}")
}

/// The names of the event files that barenet wrote into a folder, in their order.
#[must_use]
pub fn event_files(folder: &Folder) -> Vec<String> {
    let entries = folder.place(".").and_then(fs::read_dir).into_iter().flatten().flatten();
    let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
    let mut names: Vec<_> =
        names.filter(|name| number(name).is_some() && is_ours(folder, name)).collect();
    names.sort_by_key(|name| number(name));
    names
}

/// The number in a name of ours.
fn number(name: &str) -> Option<u64> {
    let digits = name.strip_prefix(PREFIX)?.strip_suffix(SUFFIX)?;
    digits.chars().all(|c| c.is_ascii_digit()).then(|| digits.parse().ok()).flatten()
}

/// Whether a file begins as event files do.
fn is_ours(folder: &Folder, name: &str) -> bool {
    // What is no regular file is not opened: a named pipe would keep whoever does.
    if !folder.has(name) {
        return false;
    }
    let mut head = Vec::new();
    let file = folder.place(name).and_then(File::open);
    let read = file.and_then(|file| file.take(HEAD_LEN).read_to_end(&mut head));
    read.is_ok() && head.windows(VERSION.len()).any(|part| part == VERSION)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_others_are_not_ours_whatever_they_are_called() {
        let place = tempfile::tempdir().unwrap();
        let ours = b"........brain.Event:2....";
        for (name, bytes) in [
            ("events.out.tfevents.1700000009.barenet", &ours[..]),
            ("events.out.tfevents.999.barenet", ours),
            ("events.out.tfevents.1700000000.host.123.0", ours),
            ("events.out.tfevents.x.barenet", ours),
            ("events.out.tfevents.1700000001.barenet", b"theirs"),
            ("events.out.tfevents.1700000002.barenet", b""),
        ] {
            fs::write(place.path().join(name), bytes).unwrap();
        }
        fs::create_dir(place.path().join("events.out.tfevents.1700000003.barenet")).unwrap();
        let folder = Folder::open(place.path()).unwrap();
        let found = event_files(&folder);
        let expected =
            ["events.out.tfevents.999.barenet", "events.out.tfevents.1700000009.barenet"];
        assert_eq!(found, expected);
        let next = event_file(1.6e9, &found);
        assert_eq!(next, "events.out.tfevents.1700000010.barenet");
    }
}
