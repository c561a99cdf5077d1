//! How files reach the disk, and stay there when the power goes.

use crate::reading::create;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

/// Operations of a disk. A test's disk may refuse.
pub trait Disk: Sync {
    /// Makes a file of these bytes, or replaces it.
    ///
    /// # Errors
    ///
    /// The operating system's error.
    fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<File>;
    /// Waits until a file would survive a loss of power.
    ///
    /// # Errors
    ///
    /// The operating system's error.
    fn sync(&self, file: &File) -> io::Result<()>;
    /// Gives a file another name, replacing what had it.
    ///
    /// # Errors
    ///
    /// The operating system's error.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Gives a file a second name, replacing what had it.
    ///
    /// # Errors
    ///
    /// The operating system's error; [`ErrorKind::NotFound`] if there is no such file, and what had
    /// the second name then keeps it.
    fn link(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Waits until the names in a folder would survive a loss of power.
    ///
    /// # Errors
    ///
    /// The operating system's error.
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
    fn link(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::symlink_metadata(from)?;
        match fs::remove_file(to) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
            _ => fs::hard_link(from, to),
        }
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

/// Ignores an operation that cannot be had there, and says so, once.
fn unless_unsupported(result: io::Result<()>, name: &Path, is_folder: bool) -> io::Result<()> {
    static IS_SAID: AtomicBool = AtomicBool::new(false);
    match result {
        Err(error) if is_unsupported(&error, is_folder) => {
            if !IS_SAID.swap(true, Ordering::Relaxed) {
                let name = name.display();
                log::warn!(
                    "{name}: cannot be synced here ({error}): after a loss of power files may be \
                     those of before"
                );
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
/// The operating system's error.
pub fn sync_file(disk: &impl Disk, file: &File, name: &Path) -> io::Result<()> {
    unless_unsupported(disk.sync(file), name, false)
}

/// Waits until the names in a folder would survive a loss of power, where that can be waited for.
///
/// # Errors
///
/// The operating system's error.
pub fn sync_folder(disk: &impl Disk, path: &Path, name: &Path) -> io::Result<()> {
    unless_unsupported(disk.sync_folder(path), name, true)
}

/// Gives a file a second name, replacing what had it, or its only one where files have but one: FAT's
/// do, and those of some network file systems.
///
/// # Errors
///
/// Those of [`Disk::link`] and [`Disk::rename`].
pub fn link_or_rename(disk: &impl Disk, from: &Path, to: &Path) -> io::Result<()> {
    use ErrorKind::{InvalidInput, PermissionDenied, TooManyLinks, Unsupported};
    match disk.link(from, to) {
        Err(error)
            if matches!(
                error.kind(),
                InvalidInput | PermissionDenied | TooManyLinks | Unsupported
            ) =>
        {
            disk.rename(from, to)
        }
        result => result,
    }
}

/// The folder that a file is in.
#[must_use]
pub fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}
