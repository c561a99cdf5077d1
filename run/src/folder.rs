//! A folder that this process works in: the same one to the end, whatever it is called meanwhile.
//!
//! Somebody may move the folder while a run goes on, and another process may make one of the same name.
//! So files are not reached by that name: on Linux by an open handle of the folder, elsewhere by the
//! name, after a look whether it still leads to the same folder.

#[cfg(test)]
pub(crate) mod failing;
mod lock;
mod make;
mod whole;

pub use lock::LOCK;

use anyhow::{Context, Result};
use barenet_data::disk::Disk;
use barenet_data::reading;
use std::collections::BTreeSet;
use std::fs::{self, File, Metadata};
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

/// Identity of a folder or file: its device and its number there.
type Id = (u64, u64);

/// A folder that this process works in.
#[derive(Debug)]
pub struct Folder {
    name: PathBuf,
    /// What messages call it and each of its files, where that is something else.
    shown: Option<PathBuf>,
    /// Keeps `way` good.
    _handle: Option<File>,
    /// A path that leads there whatever the folder is called.
    way: Option<PathBuf>,
    /// Identity that the name must lead to where there is no such path; `None` on systems that cannot say.
    id: Option<Id>,
    /// Token in the names of files that are not yet whole: nobody else's are called so.
    token: String,
    unfinished: Mutex<BTreeSet<String>>,
    lock: Option<lock::Lock>,
    /// Folders that did not exist, the innermost first, and whether there was no lock either.
    made: Vec<PathBuf>,
    made_lock: bool,
    /// Whether something is there that stays.
    kept: AtomicBool,
}

#[cfg(unix)]
fn id_of(metadata: &Metadata) -> Option<Id> {
    use std::os::unix::fs::MetadataExt;
    Some((metadata.dev(), metadata.ino()))
}

#[cfg(not(unix))]
fn id_of(_metadata: &Metadata) -> Option<Id> {
    None
}

/// Opens a folder so that it may be moved: for that it need not be readable.
#[cfg(target_os = "linux")]
fn open_handle(path: &Path) -> Option<(File, PathBuf)> {
    use std::os::fd::AsRawFd;
    use std::os::unix::fs::OpenOptionsExt;
    let flags = libc::O_PATH | libc::O_DIRECTORY;
    let handle = File::options().read(true).custom_flags(flags).open(path).ok()?;
    let way = PathBuf::from(format!("/proc/self/fd/{}", handle.as_raw_fd()));
    // In a container there may be no /proc, or that of other processes.
    let same = id_of(&fs::metadata(&way).ok()?) == id_of(&handle.metadata().ok()?);
    same.then_some((handle, way))
}

#[cfg(not(target_os = "linux"))]
fn open_handle(_path: &Path) -> Option<(File, PathBuf)> {
    None
}

/// Hexadecimal digits that nobody else comes upon.
fn random_token() -> String {
    let mut hasher = RandomState::new().build_hasher();
    hasher.write_u32(std::process::id());
    format!("{:016x}", hasher.finish())
}

fn unfinished_name(name: &str, token: &str) -> String {
    format!(".{name}.unfinished-{token}")
}

impl Folder {
    /// Opens a folder that exists.
    ///
    /// # Errors
    ///
    /// If there is none.
    pub fn open(path: &Path) -> io::Result<Self> {
        Self::with_handle(path, open_handle(path))
    }

    fn with_handle(path: &Path, handle: Option<(File, PathBuf)>) -> io::Result<Self> {
        let (handle, way) = handle.unzip();
        let metadata = match &way {
            Some(way) => fs::metadata(way),
            None => fs::metadata(path),
        }?;
        if !metadata.is_dir() {
            return Err(ErrorKind::NotADirectory.into());
        }
        Ok(Self {
            name: path.to_owned(),
            shown: None,
            _handle: handle,
            way,
            id: id_of(&metadata),
            token: random_token(),
            unfinished: Mutex::default(),
            lock: None,
            made: Vec::new(),
            made_lock: false,
            kept: AtomicBool::new(false),
        })
    }

    /// The same folder, which messages call by the path of a file that stands for all that is in it.
    #[must_use]
    pub fn shown_as(mut self, file: &Path) -> Self {
        self.shown = Some(file.to_owned());
        self
    }

    /// Path of the folder when it was opened, or what it is [shown as](Self::shown_as).
    #[must_use]
    pub fn path(&self) -> &Path {
        self.shown.as_ref().unwrap_or(&self.name)
    }

    /// The folder's own name, without where it lies.
    #[must_use]
    pub fn own_name(&self) -> Option<&str> {
        self.name.file_name()?.to_str()
    }

    /// Path of the folder now.
    #[must_use]
    pub fn current_path(&self) -> PathBuf {
        let is_here = fs::metadata(&self.name).is_ok_and(|now| id_of(&now) == self.id);
        let moved = self.way.as_ref().filter(|_| !is_here).and_then(|way| fs::read_link(way).ok());
        moved.filter(|path| path.is_dir()).unwrap_or_else(|| self.name.clone())
    }

    /// The path of a file in it, for messages.
    #[must_use]
    pub fn file(&self, name: &str) -> PathBuf {
        self.shown.clone().unwrap_or_else(|| self.name.join(name))
    }

    /// The path by which the system finds a file in this folder and in no other.
    ///
    /// # Errors
    ///
    /// If the folder was moved, and this system cannot follow it.
    pub fn place(&self, name: &str) -> io::Result<PathBuf> {
        if let Some(way) = &self.way {
            return Ok(way.join(name));
        }
        let now = fs::metadata(&self.name).ok().map(|now| id_of(&now));
        if now != Some(self.id) {
            return Err(io::Error::other("the folder was moved or replaced meanwhile"));
        }
        Ok(self.name.join(name))
    }

    /// Whether it has a regular file of this name.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.place(name).is_ok_and(|path| path.is_file())
    }

    /// Refuses a folder, pipe or socket that has a name which files are to have.
    pub(crate) fn check_places<'a>(&self, names: impl IntoIterator<Item = &'a str>) -> Result<()> {
        names.into_iter().try_for_each(|name| {
            let check = self.place(name).and_then(|path| reading::check_place(&path));
            check.with_context(|| self.file(name).display().to_string())
        })
    }

    /// Reads a file.
    ///
    /// # Errors
    ///
    /// Naming the file, if it cannot be read.
    pub fn read(&self, name: &str) -> Result<Vec<u8>> {
        let read = self.place(name).and_then(|path| reading::read(&path));
        read.with_context(|| self.file(name).display().to_string())
    }

    /// Removes a file, if it is there.
    ///
    /// # Errors
    ///
    /// Naming the file, if it is there and cannot be removed.
    pub fn remove(&self, name: &str) -> Result<()> {
        match self.place(name).and_then(fs::remove_file) {
            Err(e) if e.kind() != ErrorKind::NotFound => {
                Err(e).with_context(|| format!("{}: cannot be removed", self.file(name).display()))
            }
            _ => Ok(()),
        }
    }

    /// The name of a file until it is whole. It is the same in every process that locks the folder:
    /// what a killed one leaves, the next one replaces.
    #[must_use]
    pub fn unfinished_name(&self, name: &str) -> String {
        unfinished_name(name, &self.token)
    }

    /// The path of a file until it is whole. If it never is, it is removed with this value.
    ///
    /// # Errors
    ///
    /// Those of [`Folder::place`].
    pub fn begin_file(&self, name: &str) -> io::Result<PathBuf> {
        let unfinished = self.unfinished_name(name);
        let place = self.place(&unfinished)?;
        self.unfinished().insert(unfinished);
        Ok(place)
    }

    /// Gives a file its name, now that it is whole.
    ///
    /// # Errors
    ///
    /// The operating system's error.
    pub fn finish_file(&self, disk: &impl Disk, name: &str) -> io::Result<()> {
        let unfinished = self.unfinished_name(name);
        disk.rename(&self.place(&unfinished)?, &self.place(name)?)?;
        self.unfinished().remove(&unfinished);
        self.keep();
        Ok(())
    }

    /// Removes what there is of a file that will not be whole.
    pub(crate) fn abandon_file(&self, name: &str) {
        let unfinished = self.unfinished_name(name);
        // Whether or not this succeeds, what failed before is what matters.
        let _leftover = self.place(&unfinished).and_then(fs::remove_file);
        self.unfinished().remove(&unfinished);
    }

    /// Whether a process of barenet had locked the folder before this one did.
    pub(crate) fn was_locked(&self) -> bool {
        self.lock.is_some() && !self.made_lock
    }

    /// Leaves unfinished files to the next process.
    pub(crate) fn leave_unfinished(&self) {
        self.unfinished().clear();
    }

    /// Whether a process that was killed has left the file of this name unfinished.
    pub(crate) fn was_left(&self, name: &str) -> bool {
        let text = self.place(LOCK).and_then(fs::read).unwrap_or_default();
        lock::token_in(&text).is_some_and(|token| self.has(&unfinished_name(name, token)))
    }

    fn unfinished(&self) -> std::sync::MutexGuard<'_, BTreeSet<String>> {
        self.unfinished.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says that the folder has something that stays.
    pub fn keep(&self) {
        self.kept.store(true, Ordering::Relaxed);
    }
}

impl Drop for Folder {
    /// Takes away what was made for nothing.
    fn drop(&mut self) {
        // Nobody is there who could be told of a failure.
        for name in std::mem::take(&mut *self.unfinished()) {
            let _leftover = self.place(&name).and_then(fs::remove_file);
        }
        if self.kept.load(Ordering::Relaxed) {
            return;
        }
        if self.made_lock {
            let _leftover = self.place(LOCK).and_then(fs::remove_file);
        }
        let here = self.current_path();
        if here == self.name {
            // A folder that has something in it stays.
            let _removed = self.made.iter().try_for_each(fs::remove_dir);
        } else if !self.made.is_empty() {
            let _removed = fs::remove_dir(here);
        }
    }
}

#[cfg(test)]
mod tests;
