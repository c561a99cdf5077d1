//! A disk for tests, on which any operation can fail.

use barenet_data::disk::{Disk, RealDisk};
use std::fs::File;
use std::io::{self, ErrorKind};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A disk whose operation number `fails_at` fails, after `short` bytes if it is a write, and on
/// which nothing, or no folder, can be synced, for the reason `no_sync`, and files have one name for the
/// reason `no_link`.
#[derive(Debug, Default)]
pub(crate) struct FailingDisk {
    pub(crate) operations: AtomicUsize,
    pub(crate) fails_at: usize,
    pub(crate) short: usize,
    pub(crate) no_sync: Option<i32>,
    pub(crate) no_sync_folder: Option<i32>,
    pub(crate) no_link: Option<i32>,
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
        self.no_sync.map_or_else(|| RealDisk.sync(file), |e| Err(io::Error::from_raw_os_error(e)))
    }
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        if self.fails() { Err(ErrorKind::Other.into()) } else { RealDisk.rename(from, to) }
    }
    fn link(&self, from: &Path, to: &Path) -> io::Result<()> {
        if self.fails() {
            return Err(ErrorKind::Other.into());
        }
        let cannot = |e| Err(io::Error::from_raw_os_error(e));
        self.no_link.map_or_else(|| RealDisk.link(from, to), cannot)
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
