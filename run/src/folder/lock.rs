//! One process in a folder: the lock that it holds.

use super::{Folder, id_of};
use anyhow::{Context, Result, bail, ensure};
use barenet_data::reading;
use std::fs::{self, File, TryLockError};
use std::io::{ErrorKind, Read, Write};

/// Locked by the process that works in the folder; the system takes the lock back when the process
/// ends, however it ends.
pub const LOCK: &str = ".lock";
/// Text of the file, before the token in the names of unfinished files.
const TEXT: &str = "barenet locks this file while it works in this folder; unfinished-";

/// The locked file, until it is unlocked with this value.
#[derive(Debug)]
pub(super) struct Lock(File);

impl Drop for Lock {
    fn drop(&mut self) {
        // To close it is not enough: a process that this one is starting has it open for a moment too,
        // and the lock with it. Where it cannot be unlocked, it was never locked.
        let _unlocked = self.0.unlock();
    }
}

/// The token in the text of a lock.
pub(super) fn token_in(text: &[u8]) -> Option<&str> {
    let token = str::from_utf8(text).ok()?.strip_prefix(TEXT)?.trim_end();
    (token.len() == 16 && token.bytes().all(|byte| byte.is_ascii_hexdigit())).then_some(token)
}

impl Folder {
    /// Takes the folder for this process, which `works` there, as the message for another one says.
    ///
    /// # Errors
    ///
    /// If another process has it, it cannot be written, or a file that is not barenet's has the lock's
    /// name.
    pub fn lock(mut self, works: &str) -> Result<Self> {
        let cannot = || format!("{}: cannot be written", self.name.display());
        let (mut file, made) = loop {
            let (file, made) = self.open_lock()?;
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => {
                    bail!("{}: another process {works} in this folder", self.name.display());
                }
                // A file system that knows no locks is no reason not to work.
                Err(TryLockError::Error(_)) => break (file, made),
            }
            // Whoever had it may have removed it meanwhile; then a third one can make and lock another.
            let there = self.place(LOCK).and_then(fs::metadata);
            let there = there.ok().and_then(|there| id_of(&there));
            if there == file.metadata().ok().and_then(|own| id_of(&own)) {
                break (file, made);
            }
        };
        self.made_lock = made;
        let mut text = Vec::new();
        file.read_to_end(&mut text).with_context(cannot)?;
        match token_in(&text) {
            Some(token) => token.clone_into(&mut self.token),
            // One that was locked by a version of barenet that wrote nothing, or is new.
            None if text.is_empty() => {
                let text = format!("{TEXT}{}\n", self.token);
                if let Err(error) = file.write_all(text.as_bytes()) {
                    // Half a text would be taken for somebody else's.
                    let _emptied = file.set_len(0);
                    return Err(error).with_context(cannot);
                }
            }
            None => bail!("{}", self.not_ours()),
        }
        self.lock = Some(Lock(file));
        Ok(self)
    }

    /// Whether another process has the folder at this moment, as far as the file system knows locks.
    pub(crate) fn is_in_use(&self) -> bool {
        let lock = self.place(LOCK).and_then(|path| reading::open(&path));
        matches!(lock.map(|lock| lock.try_lock_shared()), Ok(Err(TryLockError::WouldBlock)))
    }

    /// Opens the lock, and says whether it was not there before.
    fn open_lock(&self) -> Result<(File, bool)> {
        let cannot = || format!("{}: cannot be written", self.name.display());
        loop {
            let path = self.place(LOCK).with_context(cannot)?;
            let options = || {
                let mut options = File::options();
                options.read(true).write(true);
                options
            };
            match options().create_new(true).open(&path) {
                Ok(file) => return Ok((file, true)),
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error).with_context(cannot),
            }
            // A named pipe would keep whoever opens it.
            match fs::symlink_metadata(&path) {
                Ok(found) => ensure!(found.is_file(), "{}", self.not_ours()),
                Err(error) if error.kind() == ErrorKind::NotFound => continue,
                Err(error) => return Err(error).with_context(cannot),
            }
            match options().open(&path) {
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                file => return Ok((file.with_context(cannot)?, false)),
            }
        }
    }

    fn not_ours(&self) -> String {
        let file = self.file(LOCK);
        format!("{}: in the way: barenet did not write it; choose another folder", file.display())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unfinished_files_have_the_same_name_in_the_next_process_and_no_user_s_file_has_it() {
        let place = tempfile::tempdir().unwrap();
        for name in ["x.unfinished", ".x.unfinished", ".x"] {
            fs::write(place.path().join(name), "theirs").unwrap();
        }
        let mut names = Vec::new();
        for _ in 0..2 {
            let folder = Folder::open(place.path()).unwrap().lock("works").unwrap();
            let path = folder.begin_file("x").unwrap();
            names.push(folder.unfinished_name("x"));
            fs::write(path, "a process that is killed leaves half of it").unwrap();
            folder.keep();
            std::mem::forget(folder.unfinished().split_off(""));
        }
        assert_eq!(names[0], names[1]);
        let folder = Folder::open(place.path()).unwrap().lock("works").unwrap();
        folder.write("x", b"whole").unwrap();
        assert!(!place.path().join(&names[0]).exists());
        for name in ["x.unfinished", ".x.unfinished", ".x"] {
            assert_eq!(fs::read(place.path().join(name)).unwrap(), b"theirs");
        }
    }

    #[test]
    fn one_process_at_a_time_has_a_folder() {
        let place = tempfile::tempdir().unwrap();
        let open = || Folder::open(place.path()).unwrap().lock("trains");
        let folder = open().unwrap();
        let error = open().unwrap_err().to_string();
        assert!(error.ends_with("another process trains in this folder"), "{error}");
        assert!(Folder::open(place.path()).unwrap().is_in_use());
        drop(folder);
        assert!(!Folder::open(place.path()).unwrap().is_in_use());
        open().unwrap();
    }

    #[test]
    fn a_folder_is_free_at_once_though_a_process_that_is_being_started_has_its_lock_open() {
        let place = tempfile::tempdir().unwrap();
        let open = || Folder::open(place.path()).unwrap().lock("trains");
        let folder = open().unwrap();
        folder.keep();
        let inherited = folder.lock.as_ref().unwrap().0.try_clone().unwrap();
        drop(folder);
        open().unwrap();
        drop(inherited);
    }

    #[test]
    fn a_lock_that_is_somebody_else_s_is_left_alone() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join(LOCK);
        for theirs in ["1234\n", "barenet", &format!("{TEXT}0123456789abcdex")] {
            fs::write(&path, theirs).unwrap();
            let error = Folder::open(place.path()).unwrap().lock("works").unwrap_err().to_string();
            assert!(error.contains(".lock: in the way"), "{error}");
            assert_eq!(fs::read_to_string(&path).unwrap(), theirs);
        }
        fs::remove_file(&path).unwrap();
        fs::create_dir(&path).unwrap();
        let error = Folder::open(place.path()).unwrap().lock("works").unwrap_err().to_string();
        assert!(error.contains(".lock: in the way"), "{error}");
    }
}
