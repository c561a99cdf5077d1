//! How files reach the disk: whole or not at all.
//!
//! A file is written under another name and fsynced, takes its place by a rename, and then the folder
//! is fsynced. Whatever fails, and wherever the power goes, what has the name is whole: the new file
//! or the one before.

use anyhow::{Context, Result};
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

/// What the disk is asked to do. A test's disk may refuse.
pub trait Disk: Sync {
    /// Makes a file of these bytes, or replaces it.
    ///
    /// # Errors
    ///
    /// What the operating system says.
    fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<()>;
    /// Waits until a file, or the names in a folder, would survive a loss of power.
    ///
    /// # Errors
    ///
    /// What the operating system says.
    fn sync(&self, path: &Path) -> io::Result<()>;
    /// Gives a file another name, replacing what had it.
    ///
    /// # Errors
    ///
    /// What the operating system says.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
}

/// The real disk.
#[derive(Clone, Copy, Debug)]
pub struct RealDisk;

impl Disk for RealDisk {
    fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        fs::write(path, bytes)
    }
    fn sync(&self, path: &Path) -> io::Result<()> {
        // A folder can be opened, and so synced, on Unix only.
        if cfg!(not(unix)) && path.is_dir() {
            return Ok(());
        }
        File::open(path)?.sync_all()
    }
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }
}

/// The name under which a file is written before it is whole. A fixed one: what a killed process
/// leaves, the next one replaces.
#[must_use]
pub fn unfinished(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!("{name}.unfinished"))
}

/// The folder that a file is in.
#[must_use]
pub fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Makes a folder, and sees that files can be written there, before time is spent on what goes into it.
///
/// # Errors
///
/// Naming the folder.
pub fn make_folder(path: &Path) -> Result<()> {
    let name = path.display();
    fs::create_dir_all(path).with_context(|| format!("{name}: cannot make this folder"))?;
    let probe = path.join(".unfinished");
    let cannot = || format!("{name}: cannot be written");
    File::create(&probe).with_context(cannot)?;
    fs::remove_file(&probe).with_context(cannot)
}

/// Writes a file, whole or not at all.
///
/// # Errors
///
/// Naming the file, if it cannot be written; what was there before, or the new one, is then whole.
pub fn write_whole(disk: &impl Disk, path: &Path, bytes: &[u8]) -> Result<()> {
    let unfinished = unfinished(path);
    let steps = || {
        disk.write(&unfinished, bytes)?;
        disk.sync(&unfinished)?;
        disk.rename(&unfinished, path)?;
        disk.sync(folder_of(path))
    };
    steps().with_context(|| {
        // Whether or not this succeeds, the first failure is what matters.
        let _leftover = fs::remove_file(&unfinished);
        format!("{}: cannot be written", path.display())
    })
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    /// A disk whose operation number `fails_at` fails, after `short` bytes if it is a write.
    #[derive(Debug)]
    pub(crate) struct FailingDisk {
        operations: AtomicUsize,
        fails_at: usize,
        short: usize,
    }

    impl FailingDisk {
        pub(crate) fn new(fails_at: usize, short: usize) -> Self {
            Self { operations: AtomicUsize::new(0), fails_at, short }
        }

        /// How many operations it was asked for.
        pub(crate) fn operations(&self) -> usize {
            self.operations.load(Ordering::Relaxed)
        }

        fn fails(&self) -> bool {
            self.operations.fetch_add(1, Ordering::Relaxed) == self.fails_at
        }
    }

    impl Disk for FailingDisk {
        fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
            if self.fails() {
                RealDisk.write(path, &bytes[..self.short.min(bytes.len())])?;
                return Err(io::ErrorKind::StorageFull.into());
            }
            RealDisk.write(path, bytes)
        }
        fn sync(&self, path: &Path) -> io::Result<()> {
            if self.fails() { Err(io::ErrorKind::Other.into()) } else { RealDisk.sync(path) }
        }
        fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
            if self.fails() { Err(io::ErrorKind::Other.into()) } else { RealDisk.rename(from, to) }
        }
    }

    #[test]
    fn a_failure_of_any_operation_leaves_the_old_file_or_the_new_one() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("summary.json");
        let (old, new) = (&b"the old content"[..], &b"the new content, longer"[..]);
        write_whole(&RealDisk, &path, old).unwrap();
        let working = FailingDisk::new(usize::MAX, 0);
        write_whole(&working, &path, new).unwrap();
        assert_eq!(working.operations(), 4, "write, fsync, rename, fsync of the folder");
        for fails_at in 0..working.operations() {
            for short in [0, 1, 10, usize::MAX] {
                write_whole(&RealDisk, &path, old).unwrap();
                let disk = FailingDisk::new(fails_at, short);
                let error = write_whole(&disk, &path, new).unwrap_err().to_string();
                assert!(error.ends_with("summary.json: cannot be written"), "{error}");
                // Only the last operation comes after the rename.
                let expected = if fails_at == 3 { new } else { old };
                assert_eq!(fs::read(&path).unwrap(), expected, "operation {fails_at}");
                assert_eq!(fs::read_dir(place.path()).unwrap().count(), 1, "nothing is left over");
            }
        }
    }

    #[test]
    fn what_a_killed_process_left_is_replaced() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("f");
        fs::write(unfinished(&path), "half of somethi").unwrap();
        write_whole(&RealDisk, &path, b"x").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"x");
        assert_eq!(fs::read_dir(place.path()).unwrap().count(), 1);
    }
}
