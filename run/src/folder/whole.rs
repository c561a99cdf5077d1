//! How files get into a folder: whole or not at all.
//!
//! A file is written under another name and fsynced, takes its place by a rename, and then the folder
//! is fsynced. Whatever fails, and wherever the power goes, what has the name is whole: the new file
//! or the one before.

use super::Folder;
use anyhow::{Context, Result};
use barenet_data::disk::{Disk, RealDisk, sync_file, sync_folder};
use std::io;

impl Folder {
    /// Writes a file, whole or not at all.
    ///
    /// # Errors
    ///
    /// Naming the file, if it cannot be written; what was there before then still is.
    pub fn write(&self, name: &str, bytes: &[u8]) -> Result<()> {
        self.write_whole(&RealDisk, name, bytes)
    }

    /// Writes a file under the name that it has until [`Folder::finish_file`], and waits until it would
    /// survive a loss of power.
    ///
    /// # Errors
    ///
    /// The operating system's error.
    pub fn write_unfinished(&self, disk: &impl Disk, name: &str, bytes: &[u8]) -> io::Result<()> {
        let file = disk.write(&self.begin_file(name)?, bytes)?;
        sync_file(disk, &file, &self.file(name))
    }

    fn write_whole(&self, disk: &impl Disk, name: &str, bytes: &[u8]) -> Result<()> {
        let steps = || {
            self.write_unfinished(disk, name, bytes)?;
            self.finish_file(disk, name)?;
            sync_folder(disk, &self.place(".")?, self.path())
        };
        steps().with_context(|| {
            self.abandon_file(name);
            format!("{}: cannot be written", self.file(name).display())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::folder::failing::FailingDisk;
    #[cfg(target_os = "linux")]
    use crate::folder::failing::disks_that_sync_no_folder;
    use std::fs;

    #[test]
    fn a_failure_of_any_operation_leaves_the_old_file_or_the_new_one() {
        let place = tempfile::tempdir().unwrap();
        let folder = Folder::open(place.path()).unwrap();
        let name = "summary.json";
        let (old, new) = (&b"the old content"[..], &b"the new content, longer"[..]);
        folder.write_whole(&RealDisk, name, old).unwrap();
        let working = FailingDisk::new(usize::MAX, 0);
        folder.write_whole(&working, name, new).unwrap();
        assert_eq!(working.operations(), 4, "write, fsync, rename, fsync of the folder");
        for fails_at in 0..working.operations() {
            for short in [0, 1, 10, usize::MAX] {
                folder.write_whole(&RealDisk, name, old).unwrap();
                let disk = FailingDisk::new(fails_at, short);
                let error = folder.write_whole(&disk, name, new).unwrap_err().to_string();
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
            folder.write_whole(&disk, "f", content.as_bytes()).unwrap();
            assert_eq!(folder.read("f").unwrap(), content.as_bytes());
        }
        // A disk that fails is another matter, and so is a file that cannot be synced for such a reason.
        for e in [libc::EIO, libc::ENOSPC, libc::EDQUOT, libc::EROFS] {
            let disk = FailingDisk { no_sync_folder: Some(e), ..FailingDisk::new(usize::MAX, 0) };
            folder.write_whole(&disk, "f", b"").unwrap_err();
        }
        for (e, is_fine) in
            [(libc::EINVAL, true), (libc::ENOSYS, true), (libc::EACCES, false), (libc::EIO, false)]
        {
            let disk = FailingDisk { no_sync: Some(e), ..FailingDisk::new(usize::MAX, 0) };
            assert_eq!(folder.write_whole(&disk, "f", b"").is_ok(), is_fine, "{e}");
        }
    }
}
