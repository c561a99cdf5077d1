//! How checkpoints reach the disk: whole or not at all, and without training waiting for it.
//!
//! A new checkpoint is written under another name and fsynced; then the old one gets a second name,
//! that of the *previous* one, the new one takes its place, and the folder is fsynced. Whatever
//! fails, and wherever the power goes, one of the two is whole; and whenever a run is killed, the
//! last is.

use crate::folder::Folder;
use crate::run_folder::names::{CHECKPOINT, CONFIG, DAMAGED_CHECKPOINT, PREVIOUS_CHECKPOINT};
use crate::shell::restart_command;
use anyhow::{Context, Result, anyhow};
use barenet_data::disk::{Disk, RealDisk, link_or_rename, sync_folder};
use std::io;
use std::path::PathBuf;

/// Writes a checkpoint into a run's folder; the one before becomes the previous one.
///
/// # Errors
///
/// Naming the file. The checkpoint before, or the previous one, is then still whole.
pub fn save(disk: &impl Disk, folder: &Folder, bytes: &[u8]) -> Result<()> {
    let steps = || {
        folder.write_unfinished(disk, CHECKPOINT, bytes)?;
        let (last, previous) = (folder.place(CHECKPOINT)?, folder.place(PREVIOUS_CHECKPOINT)?);
        match link_or_rename(disk, &last, &previous) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(e),
            _ => {}
        }
        folder.finish_file(disk, CHECKPOINT)?;
        sync_folder(disk, &folder.place(".")?, folder.path())
    };
    steps().with_context(|| {
        // On a full disk others need its place.
        folder.abandon_file(CHECKPOINT);
        format!("{}: the checkpoint cannot be written", folder.file(CHECKPOINT).display())
    })
}

/// The newest whole checkpoint of a folder, and what is wrong with a newer one.
#[derive(Debug)]
pub struct Found {
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// Its file.
    pub file: PathBuf,
    /// Why a newer one cannot be used, if there is one.
    pub passed_over: Option<anyhow::Error>,
}

/// Finds the newest whole checkpoint of a run's folder.
///
/// # Errors
///
/// If there is none: what is wrong with each.
pub fn find(folder: &Folder) -> Result<Found> {
    let mut passed_over: Option<anyhow::Error> = None;
    for name in [CHECKPOINT, PREVIOUS_CHECKPOINT] {
        let file = folder.file(name);
        match folder
            .read(name)
            .and_then(|bytes| super::read_config(&bytes, &file).map(|_config| bytes))
        {
            Ok(bytes) => return Ok(Found { bytes, file, passed_over }),
            Err(error) => {
                passed_over = Some(match passed_over {
                    None => error,
                    Some(first) => anyhow!("{first:#}; {error:#}"),
                });
            }
        }
    }
    let problem = passed_over.map_or_else(String::new, |error| format!("{error:#}"));
    let folder_name = folder.path().display();
    let advice = if folder.has(CONFIG) {
        format!("; `{}` restarts the run", restart_command(folder.path()))
    } else {
        String::new()
    };
    Err(anyhow!("{folder_name}: no checkpoint that can be used: {problem}{advice}"))
}

impl Found {
    /// Quarantines a newer one that cannot be used: otherwise it would become the previous
    /// one when the next is written, in place of this one, which is whole.
    ///
    /// # Errors
    ///
    /// Naming the file, if it cannot be moved.
    pub fn quarantine_damaged(&self, folder: &Folder) -> Result<()> {
        let last = folder.file(CHECKPOINT);
        if self.passed_over.is_none() || self.file == last {
            return Ok(());
        }
        let move_it =
            || RealDisk.rename(&folder.place(CHECKPOINT)?, &folder.place(DAMAGED_CHECKPOINT)?);
        match move_it() {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(error).with_context(|| format!("{}: cannot be moved", last.display()))
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::checkpoint::Checkpoint;
    use crate::folder::failing::FailingDisk;
    use crate::moment::Histories;
    use barenet::Progress;
    use std::fs;

    /// A place, and the folder that it is.
    pub(crate) fn new_folder() -> (tempfile::TempDir, Folder) {
        let place = tempfile::tempdir().unwrap();
        let folder = Folder::open(place.path()).unwrap();
        (place, folder)
    }

    pub(crate) fn checkpoint(iteration: usize) -> Checkpoint<f64> {
        Checkpoint {
            config: String::new(),
            data: 0,
            progress: Progress { iteration, ..Progress::default() },
            kept: [vec![iteration as f64; 100], vec![], vec![], vec![], vec![], vec![], vec![]],
            histories: Histories::default(),
            scales: None,
        }
    }

    pub(crate) fn iteration_of(found: &Found) -> usize {
        Checkpoint::<f64>::from_bytes(&found.bytes, &found.file).unwrap().progress.iteration
    }

    #[test]
    fn a_failure_of_any_operation_leaves_a_checkpoint_that_can_be_used() {
        let working = FailingDisk::new(usize::MAX, 0);
        let (_place, folder) = new_folder();
        save(&working, &folder, &checkpoint(1).to_bytes().unwrap()).unwrap();
        assert_eq!(
            working.operations(),
            5,
            "write, fsync, a second name, rename, fsync of the folder"
        );
        for fails_at in 0..working.operations() {
            for short in [0, 10, 400, usize::MAX] {
                let (_place, folder) = new_folder();
                for iteration in [1, 2] {
                    save(&RealDisk, &folder, &checkpoint(iteration).to_bytes().unwrap()).unwrap();
                }
                let disk = FailingDisk::new(fails_at, short);
                assert!(save(&disk, &folder, &checkpoint(3).to_bytes().unwrap()).is_err());
                let found = find(&folder).unwrap();
                assert!(found.passed_over.is_none(), "operation {fails_at}: there is a last one");
                let found = iteration_of(&found);
                assert!(found == 2 || found == 3, "operation {fails_at}: {found}");
                // And the next one is written as if nothing had been.
                save(&RealDisk, &folder, &checkpoint(4).to_bytes().unwrap()).unwrap();
                assert_eq!(iteration_of(&find(&folder).unwrap()), 4);
            }
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_file_system_that_syncs_no_folder_takes_checkpoints() {
        let (_place, folder) = new_folder();
        for (iteration, disk) in (1..).zip(crate::folder::failing::disks_that_sync_no_folder()) {
            save(&disk, &folder, &checkpoint(iteration).to_bytes().unwrap()).unwrap();
            assert_eq!(iteration_of(&find(&folder).unwrap()), iteration);
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_file_system_whose_files_have_one_name_takes_checkpoints() {
        let (_place, folder) = new_folder();
        for (iteration, e) in (1..).zip([libc::EPERM, libc::ENOTSUP, libc::ENOSYS, libc::EMLINK]) {
            let disk = FailingDisk { no_link: Some(e), ..FailingDisk::new(usize::MAX, 0) };
            save(&disk, &folder, &checkpoint(iteration).to_bytes().unwrap()).unwrap();
            assert_eq!(iteration_of(&find(&folder).unwrap()), iteration);
            assert_eq!(folder.has(PREVIOUS_CHECKPOINT), iteration > 1);
        }
    }

    #[test]
    fn a_damaged_checkpoint_gives_way_to_the_previous_one() {
        let (place, folder) = new_folder();
        for iteration in [1, 2] {
            save(&RealDisk, &folder, &checkpoint(iteration).to_bytes().unwrap()).unwrap();
        }
        fs::write(place.path().join(CHECKPOINT), b"damaged").unwrap();
        let found = find(&folder).unwrap();
        assert_eq!(iteration_of(&found), 1);
        assert!(format!("{:#}", found.passed_over.unwrap()).contains("not a safetensors file"));
        fs::remove_file(place.path().join(PREVIOUS_CHECKPOINT)).unwrap();
        let error = find(&folder).unwrap_err().to_string();
        assert!(error.contains("no checkpoint that can be used"), "{error}");
    }

    #[test]
    fn the_checkpoint_that_a_run_is_resumed_from_outlives_the_damaged_one() {
        let (place, folder) = new_folder();
        for iteration in [1, 2] {
            save(&RealDisk, &folder, &checkpoint(iteration).to_bytes().unwrap()).unwrap();
        }
        fs::write(place.path().join(CHECKPOINT), b"damaged").unwrap();
        find(&folder).unwrap().quarantine_damaged(&folder).unwrap();
        assert_eq!(fs::read(place.path().join(DAMAGED_CHECKPOINT)).unwrap(), b"damaged");
        // Whichever operation of the next one fails, or is the last before the power goes.
        for fails_at in 0..5 {
            save(&FailingDisk::new(fails_at, 10), &folder, &checkpoint(3).to_bytes().unwrap())
                .unwrap_err();
            assert!(iteration_of(&find(&folder).unwrap()) > 0, "operation {fails_at}");
        }
        // One that is whole stays where it is.
        find(&folder).unwrap().quarantine_damaged(&folder).unwrap();
        assert!(place.path().join(CHECKPOINT).exists());
    }
}
