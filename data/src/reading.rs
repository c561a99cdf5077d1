//! How files are read: regular ones only, and never more than they may hold.
//!
//! A pipe that nobody writes to would be waited for, for ever and without a word; a device may give
//! bytes without end; a folder fails only once something is read. So everything that is to be a file
//! is opened here, without waiting, and refused by what it is.

use std::fs::{self, File, FileType};
use std::io::{self, Read};
use std::path::Path;

/// More bytes than settings or a summary take.
pub const MAX_TEXT_LEN: u64 = 1 << 20;

/// Opens a regular file.
///
/// # Errors
///
/// The operating system's error, or the kind of thing in place of a regular file.
pub fn open(path: &Path) -> io::Result<File> {
    // Opening a device may do something, such as rewind a tape, so it is looked at before. What was
    // opened is looked at again: it may be something else by then.
    regular(&fs::metadata(path)?)?;
    let file = options_without_waiting().read(true).open(path)?;
    regular(&file.metadata()?)?;
    Ok(file)
}

/// Reads a regular file.
///
/// # Errors
///
/// Those of [`open`], or if there is not enough memory.
pub fn read(path: &Path) -> io::Result<Vec<u8>> {
    read_at_most(path, u64::MAX)
}

/// Reads a regular file of at most `limit` bytes.
///
/// # Errors
///
/// Those of [`read`], or if the file has more.
pub fn read_at_most(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    read_whole(open(path)?, limit)
}

/// Reads a file of text that somebody names on the command line: a regular one, or what the process
/// was given as an open file, such as `/dev/stdin` or the `/dev/fd/63` that a shell makes of `<(…)`.
///
/// # Errors
///
/// Those of [`read_at_most`] for [`MAX_TEXT_LEN`], or if it is no UTF-8.
pub fn read_named_text(path: &Path) -> io::Result<String> {
    let is_open_already = ["/dev/stdin", "/dev/fd", "/proc/self/fd"]
        .iter()
        .any(|place| path.starts_with(place) && !path.is_dir());
    let file = if is_open_already { File::open(path)? } else { open(path)? };
    String::from_utf8(read_whole(file, MAX_TEXT_LEN)?)
        .map_err(|_| io::Error::other("is no UTF-8 text"))
}

/// Reads all that is left of a file, and fails if that are more than `limit` bytes.
fn read_whole(file: File, limit: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    read_into(file, limit.saturating_add(1), &mut bytes)?;
    if u64::try_from(bytes.len()).is_ok_and(|found| found > limit) {
        return Err(io::Error::other(format!("has more than {limit} bytes")));
    }
    Ok(bytes)
}

/// Reads at most `limit` bytes of a regular file, in place of those in `bytes`: several files in one
/// buffer touch less memory. With a limit of one more than are right, no file fills the memory.
pub(crate) fn read_up_to(path: &Path, limit: usize, bytes: &mut Vec<u8>) -> io::Result<()> {
    bytes.clear();
    read_into(open(path)?, u64::try_from(limit).unwrap_or(u64::MAX), bytes)
}

/// Reads the first bytes of a regular file: at most `limit`.
pub(crate) fn read_start(path: &Path, limit: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    read_up_to(path, limit, &mut bytes).map(|()| bytes)
}

/// Reads at most `limit` bytes. Makes room for them, and one, first: otherwise the buffer would grow step by
/// step, and what it holds would be copied each time.
fn read_into(file: File, limit: u64, bytes: &mut Vec<u8>) -> io::Result<()> {
    let len = file.metadata().map_or(0, |metadata| metadata.len().min(limit));
    let len = usize::try_from(len).unwrap_or(usize::MAX).saturating_add(1);
    bytes.try_reserve_exact(len).map_err(|_| {
        let message = format!("not enough memory: the file would take {} MB", len / 1_000_000);
        io::Error::new(io::ErrorKind::OutOfMemory, message)
    })?;
    file.take(limit).read_to_end(bytes).map(|_len| ())
}

/// Makes a file that is to be written from its beginning, or empties it, without waiting for the reader
/// of a pipe.
///
/// # Errors
///
/// The operating system's error, or the kind of thing in place of a file.
pub fn create(path: &Path) -> io::Result<File> {
    check_place(path)?;
    let file = options_without_waiting().write(true).create(true).truncate(true).open(path)?;
    Ok(file)
}

/// How to open without waiting for whoever holds the other end of a pipe.
fn options_without_waiting() -> fs::OpenOptions {
    #[cfg_attr(not(unix), allow(unused_mut))]
    let mut options = File::options();
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY);
    }
    options
}

/// Refuses a folder, a pipe or a socket where a file is to be written, before time is spent on what goes
/// into it. (A device takes what is written, or fails, by itself.)
///
/// # Errors
///
/// The kind of thing that is there.
pub fn check_place(path: &Path) -> io::Result<()> {
    match fs::metadata(path) {
        Ok(metadata) if name_of(metadata.file_type()) != DEVICE => regular(&metadata),
        _ => Ok(()),
    }
}

fn regular(metadata: &fs::Metadata) -> io::Result<()> {
    if metadata.is_file() {
        return Ok(());
    }
    let what = name_of(metadata.file_type());
    Err(io::Error::other(format!("is {what}, where a regular file is needed")))
}

const DEVICE: &str = "a device";

/// Name of a kind of file.
fn name_of(kind: FileType) -> &'static str {
    #[cfg(unix)]
    {
        use std::os::unix::fs::FileTypeExt;
        if kind.is_fifo() {
            return "a pipe";
        }
        if kind.is_socket() {
            return "a socket";
        }
        if kind.is_char_device() || kind.is_block_device() {
            return DEVICE;
        }
    }
    if kind.is_dir() { "a folder" } else { "something else" }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message<T: std::fmt::Debug>(result: io::Result<T>) -> String {
        result.unwrap_err().to_string()
    }

    #[test]
    fn a_file_is_read_up_to_its_limit() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("f");
        for len in [0, 1, 99, 100] {
            let bytes = vec![7; len];
            fs::write(&path, &bytes).unwrap();
            assert_eq!(read(&path).unwrap(), bytes);
            assert_eq!(read_at_most(&path, 100).unwrap(), bytes);
        }
        fs::write(&path, [7; 101]).unwrap();
        assert_eq!(message(read_at_most(&path, 100)), "has more than 100 bytes");
        fs::write(&path, "\u{fc}").unwrap();
        assert_eq!(read_named_text(&path).unwrap(), "\u{fc}");
        fs::write(&path, b"\xfc").unwrap();
        assert_eq!(message(read_named_text(&path)), "is no UTF-8 text");
        let error = read(&place.path().join("nothing")).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
    }

    #[test]
    fn a_large_file_is_refused_before_it_is_read() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("f");
        File::create(&path).unwrap().set_len(1 << 40).unwrap();
        let problem = format!("has more than {MAX_TEXT_LEN} bytes");
        assert_eq!(message(read_named_text(&path)), problem);
        assert_eq!(message(read_at_most(&path, MAX_TEXT_LEN)), problem);
    }

    #[cfg(unix)]
    #[test]
    fn whatever_is_no_regular_file_is_refused_by_what_it_is() {
        let place = tempfile::tempdir().unwrap();
        let at = |name: &str| place.path().join(name);
        fs::create_dir(at("folder")).unwrap();
        assert!(std::process::Command::new("mkfifo").arg(at("pipe")).status().unwrap().success());
        let _socket = std::os::unix::net::UnixListener::bind(at("socket")).unwrap();
        for (name, target) in [("device", "/dev/zero"), ("link", "pipe")] {
            std::os::unix::fs::symlink(target, at(name)).unwrap();
        }
        for (name, what) in [
            ("folder", "a folder"),
            ("pipe", "a pipe"),
            ("socket", "a socket"),
            ("device", "a device"),
            ("link", "a pipe"),
        ] {
            let expected = format!("is {what}, where a regular file is needed");
            assert_eq!(message(open(&at(name))), expected);
            assert_eq!(message(read(&at(name))), expected);
            assert_eq!(message(read_named_text(&at(name))), expected);
            if what == "a device" {
                check_place(&at(name)).unwrap();
            } else {
                assert_eq!(message(check_place(&at(name))), expected);
                assert_eq!(message(create(&at(name))), expected);
            }
        }
    }
}
