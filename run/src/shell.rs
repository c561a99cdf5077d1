//! Commands that messages advise: written so that a shell takes them as they stand.

use crate::run_folder::names::{CONFIG, EVENTS, SUMMARY};
use barenet_data::find_kind;
use barenet_data::reading::{self, MAX_TEXT_LEN};
use serde_json::{Deserializer, Value};
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};

/// A path as a word of a command line for a POSIX shell, in one line whatever is in it; on Windows, for
/// its shells.
#[must_use]
pub fn word(path: &Path) -> String {
    if cfg!(windows) {
        // No file name has a quotation mark there.
        return format!("\"{}\"", path.display());
    }
    // A path that begins with a dash would be taken for a flag.
    let is_like_flag = path.as_os_str().as_encoded_bytes().starts_with(b"-");
    let dotted: PathBuf;
    let path = if is_like_flag {
        dotted = Path::new(".").join(path);
        &dotted
    } else {
        path
    };
    match path.to_str() {
        Some(text) if !text.is_empty() && text.chars().all(is_plain) => text.to_owned(),
        Some(text) if !text.chars().any(char::is_control) => {
            format!("'{}'", text.replace('\'', r"'\''"))
        }
        _ => printf(path.as_os_str().as_encoded_bytes()),
    }
}

/// Whether a character means itself, anywhere in a word.
fn is_plain(c: char) -> bool {
    c.is_alphanumeric() || "/._-+,@%:=".contains(c)
}

/// The only way that every POSIX shell has to write bytes that are no text, or control characters.
fn printf(bytes: &[u8]) -> String {
    let mut format = String::new();
    for &byte in bytes {
        match byte {
            b'%' => format.push_str("%%"),
            _ if byte.is_ascii() && is_plain(char::from(byte)) => format.push(char::from(byte)),
            _ => format.push_str(&format!("\\{byte:03o}")),
        }
    }
    format!("\"$(printf '{format}')\"")
}

/// The command that restarts a run from its first step, with the settings that it left.
#[must_use]
pub fn restart_command(run: &Path) -> String {
    let config = word(&run.join(CONFIG));
    format!("barenet train --config {config}{} --out {} --force", data_flag(run, None), word(run))
}

/// The command that resumes a run, on the images that were asked for.
#[must_use]
pub fn resume_command(run: &Path, data: Option<&Path>) -> String {
    format!("barenet train --resume {}{}", word(run), data_flag(run, data))
}

/// What names the data of a run: those that were asked for, and if nobody says which, but they were somebody's own, a word in
/// their place. What the run has told of them may be damaged, and then is not known.
fn data_flag(run: &Path, data: Option<&Path>) -> String {
    if let Some(data) = data {
        return format!(" --data {}", word(data));
    }
    let told = [EVENTS, SUMMARY].into_iter().find_map(|name| data_of(&run.join(name)));
    let is_own = told.and_then(|told| find_kind(&told)).is_some_and(|kind| !kind.is_of_course);
    if is_own { " --data DATA".to_owned() } else { String::new() }
}

/// The kind of data in the first object of a file, if it can be read.
fn data_of(file: &Path) -> Option<String> {
    let start = reading::open(file).ok()?.take(MAX_TEXT_LEN);
    let mut objects = Deserializer::from_reader(BufReader::new(start)).into_iter::<Value>();
    Some(objects.next()?.ok()?.get("data")?.as_str()?.to_owned())
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::ffi::OsStr;
    use std::fs;
    use std::os::unix::ffi::OsStrExt;
    use std::process::Command;

    #[test]
    fn a_shell_reads_every_word_as_the_path_that_it_was() {
        let all: Vec<u8> = (1..=255).collect();
        let paths: [&[u8]; 12] = [
            b"runs/two-layer",
            b"my runs/best",
            b"it's",
            b"$(reboot)`reboot`$HOME",
            b"a;b&c|d>e*f?[g]~#!\\",
            b"~",
            b"-q",
            "für/日本".as_bytes(),
            b"caf\xe9 100%",
            b"two\nlines",
            b"tab\t",
            &all,
        ];
        for bytes in paths {
            let path = Path::new(OsStr::from_bytes(bytes));
            let word = word(path);
            assert_eq!(word.lines().count(), 1, "{word:?}");
            let script = format!("printf %s {word}");
            let output = Command::new("sh").args(["-c", &script]).output().unwrap();
            let read = output.stdout.strip_prefix(b"./").unwrap_or(&output.stdout);
            assert!(read == bytes, "{word}: {}", String::from_utf8_lossy(&output.stdout));
        }
    }

    #[test]
    fn data_of_ones_own_are_named_if_anything_tells_of_them() {
        let folder = tempfile::tempdir().unwrap();
        let run = folder.path();
        let has_flag = || {
            let commands = [restart_command(run), resume_command(run, None)];
            let has = commands.map(|command| command.contains(" --data DATA"));
            assert_eq!(has[0], has[1]);
            has[0]
        };
        assert!(!has_flag());
        for (events, summary, is_own) in [
            ("{\"event\":\"start\",\"data\":\"table\"}\n{\"event\":", "", true),
            ("{\"event\":\"start\",\"data\":\"cifar10\"}\n", "", false),
            ("{\"event\":\"start\",\"data\":\"built-in\"}\n", "", false),
            ("damaged", "{\n \"data\": \"table\"\n}\n", true),
            ("damaged", "{\"data\":7}", false),
            ("{}", "", false),
        ] {
            fs::write(run.join(EVENTS), events).unwrap();
            fs::write(run.join(SUMMARY), summary).unwrap();
            assert_eq!(has_flag(), is_own, "{events:?} {summary:?}");
        }
        assert!(resume_command(run, Some(Path::new("a.csv"))).ends_with(" --data a.csv"));
    }

    #[test]
    fn what_needs_no_quotes_has_none() {
        let run = Path::new("runs/best");
        assert_eq!(resume_command(run, None), "barenet train --resume runs/best");
        let command = resume_command(run, Some(Path::new("my data")));
        assert_eq!(command, "barenet train --resume runs/best --data 'my data'");
    }
}
