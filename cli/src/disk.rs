//! How files reach the disk: whole or not at all.
//!
//! A file is written under another name and fsynced, takes its place by a rename, and then the folder
//! is fsynced. Whatever fails, and wherever the power goes, what has the name is whole: the new file
//! or the one before.

use crate::console::complain;
use crate::folder::Folder;
use crate::reading::create;
use anyhow::{Context, Result};
use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

/// What the disk is asked to do. A test's disk may refuse.
pub trait Disk: Sync {
    /// Makes a file of these bytes, or replaces it.
    ///
    /// # Errors
    ///
    /// What the operating system says.
    fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<File>;
    /// Waits until a file would survive a loss of power.
    ///
    /// # Errors
    ///
    /// What the operating system says.
    fn sync(&self, file: &File) -> io::Result<()>;
    /// Gives a file another name, replacing what had it.
    ///
    /// # Errors
    ///
    /// What the operating system says.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Waits until the names in a folder would survive a loss of power.
    ///
    /// # Errors
    ///
    /// What the operating system says.
    fn sync_folder(&self, path: &Path) -> io::Result<()>;
}

/// The real disk.
#[derive(Clone, Copy, Debug)]
pub struct RealDisk;

impl Disk for RealDisk {
    fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<File> {
        let mut file = create(path)?;
        file.write_all(bytes)?;
        Ok(file)
    }
    fn sync(&self, file: &File) -> io::Result<()> {
        file.sync_all()
    }
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }
    fn sync_folder(&self, path: &Path) -> io::Result<()> {
        // A folder can be opened, and so synced, on Unix only.
        if cfg!(not(unix)) {
            return Ok(());
        }
        File::open(path)?.sync_all()
    }
}

/// Whether this says that the file system cannot do it at all, now or later: CIFS, VirtualBox's and
/// some of FUSE's cannot sync a folder, and a folder that may be written but not listed cannot be
/// opened for it.
fn is_unsupported(error: &io::Error, is_folder: bool) -> bool {
    const EBADF: i32 = 9;
    match error.kind() {
        ErrorKind::InvalidInput | ErrorKind::Unsupported => true,
        ErrorKind::PermissionDenied | ErrorKind::IsADirectory => is_folder,
        _ => is_folder && error.raw_os_error() == Some(EBADF),
    }
}

/// Goes on if what failed is not to be had there, and says so, once.
fn unless_unsupported(result: io::Result<()>, name: &Path, is_folder: bool) -> io::Result<()> {
    static IS_SAID: AtomicBool = AtomicBool::new(false);
    match result {
        Err(error) if is_unsupported(&error, is_folder) => {
            if !IS_SAID.swap(true, Ordering::Relaxed) {
                let name = name.display();
                complain(format_args!(
                    "warning: {name}: cannot be synced here ({error}): after a loss of power files \
                     may be those of before"
                ));
            }
            Ok(())
        }
        result => result,
    }
}

/// Waits until a file would survive a loss of power, where that can be waited for.
///
/// # Errors
///
/// What the operating system says.
pub fn sync_file(disk: &impl Disk, file: &File, name: &Path) -> io::Result<()> {
    unless_unsupported(disk.sync(file), name, false)
}

/// Waits until the names in a folder would survive a loss of power, where that can be waited for.
///
/// # Errors
///
/// What the operating system says.
pub fn sync_folder(disk: &impl Disk, path: &Path, name: &Path) -> io::Result<()> {
    unless_unsupported(disk.sync_folder(path), name, true)
}

/// The folder that a file is in.
#[must_use]
pub fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Writes a file under the name that it has until [`Folder::finish_file`], and waits until it would
/// survive a loss of power.
///
/// # Errors
///
/// What the operating system says.
pub fn write_unfinished(
    disk: &impl Disk,
    folder: &Folder,
    name: &str,
    bytes: &[u8],
) -> io::Result<()> {
    let file = disk.write(&folder.begin_file(name)?, bytes)?;
    sync_file(disk, &file, &folder.file(name))
}

/// Writes a file, whole or not at all.
///
/// # Errors
///
/// Naming the file, if it cannot be written; what was there before, or the new one, is then whole.
pub fn write_whole(disk: &impl Disk, folder: &Folder, name: &str, bytes: &[u8]) -> Result<()> {
    let steps = || {
        write_unfinished(disk, folder, name, bytes)?;
        folder.finish_file(disk, name)?;
        sync_folder(disk, &folder.place(".")?, folder.path())
    };
    steps().with_context(|| {
        folder.abandon_file(name);
        format!("{}: cannot be written", folder.file(name).display())
    })
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use std::sync::atomic::AtomicUsize;

    /// A disk whose operation number `fails_at` fails, after `short` bytes if it is a write, and on
    /// which nothing, or no folder, can be synced, for the reason `no_sync`.
    #[derive(Debug, Default)]
    pub(crate) struct FailingDisk {
        operations: AtomicUsize,
        fails_at: usize,
        short: usize,
        no_sync: Option<i32>,
        no_sync_folder: Option<i32>,
    }

    impl FailingDisk {
        pub(crate) fn new(fails_at: usize, short: usize) -> Self {
            Self { fails_at, short, ..Self::default() }
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
        fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<File> {
            if self.fails() {
                RealDisk.write(path, &bytes[..self.short.min(bytes.len())])?;
                return Err(ErrorKind::StorageFull.into());
            }
            RealDisk.write(path, bytes)
        }
        fn sync(&self, file: &File) -> io::Result<()> {
            if self.fails() {
                return Err(ErrorKind::Other.into());
            }
            self.no_sync
                .map_or_else(|| RealDisk.sync(file), |e| Err(io::Error::from_raw_os_error(e)))
        }
        fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
            if self.fails() { Err(ErrorKind::Other.into()) } else { RealDisk.rename(from, to) }
        }
        fn sync_folder(&self, path: &Path) -> io::Result<()> {
            if self.fails() {
                return Err(ErrorKind::Other.into());
            }
            let cannot = |e| Err(io::Error::from_raw_os_error(e));
            self.no_sync_folder.map_or_else(|| RealDisk.sync_folder(path), cannot)
        }
    }

    /// The reasons that file systems give for not syncing a folder: EINVAL, ENOTSUP, ENOSYS, EBADF,
    /// EACCES, EPERM.
    #[cfg(target_os = "linux")]
    pub(crate) fn disks_that_sync_no_folder() -> impl Iterator<Item = FailingDisk> {
        [libc::EINVAL, libc::ENOTSUP, libc::ENOSYS, libc::EBADF, libc::EACCES, libc::EPERM]
            .into_iter()
            .map(|e| FailingDisk { no_sync_folder: Some(e), ..FailingDisk::new(usize::MAX, 0) })
    }

    #[test]
    fn a_failure_of_any_operation_leaves_the_old_file_or_the_new_one() {
        let place = tempfile::tempdir().unwrap();
        let folder = Folder::open(place.path()).unwrap();
        let name = "summary.json";
        let (old, new) = (&b"the old content"[..], &b"the new content, longer"[..]);
        write_whole(&RealDisk, &folder, name, old).unwrap();
        let working = FailingDisk::new(usize::MAX, 0);
        write_whole(&working, &folder, name, new).unwrap();
        assert_eq!(working.operations(), 4, "write, fsync, rename, fsync of the folder");
        for fails_at in 0..working.operations() {
            for short in [0, 1, 10, usize::MAX] {
                write_whole(&RealDisk, &folder, name, old).unwrap();
                let disk = FailingDisk::new(fails_at, short);
                let error = write_whole(&disk, &folder, name, new).unwrap_err().to_string();
                assert!(error.ends_with("summary.json: cannot be written"), "{error}");
                // Only the last operation comes after the rename.
                let expected = if fails_at == 3 { new } else { old };
                assert_eq!(folder.read(name).unwrap(), expected, "operation {fails_at}");
                assert_eq!(fs::read_dir(place.path()).unwrap().count(), 1, "nothing is left over");
            }
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_file_system_that_syncs_no_folder_is_written_all_the_same() {
        let place = tempfile::tempdir().unwrap();
        let folder = Folder::open(place.path()).unwrap();
        for disk in disks_that_sync_no_folder() {
            let content = format!("{disk:?}");
            write_whole(&disk, &folder, "f", content.as_bytes()).unwrap();
            assert_eq!(folder.read("f").unwrap(), content.as_bytes());
        }
        // A disk that fails is another matter, and so is a file that cannot be synced for such a reason.
        for e in [libc::EIO, libc::ENOSPC, libc::EDQUOT, libc::EROFS] {
            let disk = FailingDisk { no_sync_folder: Some(e), ..FailingDisk::new(usize::MAX, 0) };
            write_whole(&disk, &folder, "f", b"").unwrap_err();
        }
        for (e, is_fine) in
            [(libc::EINVAL, true), (libc::ENOSYS, true), (libc::EACCES, false), (libc::EIO, false)]
        {
            let disk = FailingDisk { no_sync: Some(e), ..FailingDisk::new(usize::MAX, 0) };
            assert_eq!(write_whole(&disk, &folder, "f", b"").is_ok(), is_fine, "{e}");
        }
    }
}
