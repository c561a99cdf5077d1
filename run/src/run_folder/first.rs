//! The first checkpoint of a run: with it the folder becomes that run's, and no earlier.
//!
//! Until then its settings and events have the names of unfinished files, and a run that it replaces is
//! as it was. That the new checkpoint takes the name of the old one is the moment in which the folder
//! changes hands; what is left of the old run goes after it. So that a kill in between leaves no mixture,
//! a mark with the checksum of the new checkpoint is written first: whoever opens the folder next finds
//! it, and knows by the checkpoint that is there which of the two runs to clear away.

use super::{
    BEST, CHECKPOINT, CONFIG, DAMAGED_CHECKPOINT, DRAWN, EVENTS, IMPORTED_FILE,
    PREVIOUS_CHECKPOINT, RunFolder, SUMMARY, TRIAL, event_files,
};
use crate::folder::Folder;
use anyhow::{Context, Result};
use barenet_data::disk::{Disk, sync_folder};
use sha2::{Digest, Sha256};
use std::io;
use std::sync::atomic::Ordering;

/// The mark, which never becomes a file that is whole.
pub(super) const MARK: &str = "replaced";

/// Tells a checkpoint from any other.
fn checksum(checkpoint: &[u8]) -> [u8; 32] {
    Sha256::digest(checkpoint).into()
}

impl RunFolder {
    /// Makes the folder that of a new run, of which this is the first checkpoint, and removes the run
    /// that was there.
    ///
    /// # Errors
    ///
    /// Naming the checkpoint. What was there before is then as it was, or, if only clearing away has
    /// failed, is cleared away when the folder is opened next.
    pub fn begin_with(&self, disk: &impl Disk, checkpoint: &[u8]) -> Result<()> {
        let complaint =
            || format!("{}: the checkpoint cannot be written", self.file(CHECKPOINT).display());
        let steps = || {
            self.write_unfinished(disk, CHECKPOINT, checkpoint)?;
            if self.replaces {
                self.write_unfinished(disk, MARK, &checksum(checkpoint))?;
                sync_folder(disk, &self.place(".")?, self.path())?;
            }
            self.finish_file(disk, CHECKPOINT)
        };
        if let Err(error) = steps() {
            // On a full disk others need their place.
            self.abandon_file(CHECKPOINT);
            self.abandon_file(MARK);
            return Err(error).with_context(complaint);
        }
        self.begun.store(true, Ordering::Relaxed);
        settle(disk, self, self.replaces).inspect_err(|_error| self.leave_unfinished())
    }

    /// Whether the folder is that of the run which has it now.
    #[must_use]
    pub fn is_begun(&self) -> bool {
        self.begun.load(Ordering::Relaxed)
    }
}

/// Removes what is left of a run that was replaced, and gives the new one's files their names.
fn settle(disk: &impl Disk, folder: &Folder, replaces: bool) -> Result<()> {
    if replaces {
        let files = [PREVIOUS_CHECKPOINT, DAMAGED_CHECKPOINT, SUMMARY, BEST, IMPORTED_FILE, TRIAL];
        for name in files.into_iter().chain(DRAWN) {
            folder.remove(name)?;
        }
        event_files(folder).iter().try_for_each(|name| folder.remove(name))?;
    }
    for name in [EVENTS, CONFIG] {
        match folder.finish_file(disk, name) {
            // A process that was killed had come farther.
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            result => result,
        }
        .with_context(|| format!("{}: cannot be written", folder.file(name).display()))?;
    }
    let synced = folder.place(".").and_then(|place| sync_folder(disk, &place, folder.path()));
    synced.with_context(|| format!("{}: cannot be written", folder.path().display()))?;
    folder.abandon_file(MARK);
    Ok(())
}

/// Clears away what a process has left that was killed while it replaced a run.
pub(super) fn clear_away(disk: &impl Disk, folder: &Folder) -> Result<()> {
    let Ok(mark) = folder.read(&folder.unfinished_name(MARK)) else { return Ok(()) };
    let is_new = folder.read(CHECKPOINT).is_ok_and(|bytes| checksum(&bytes) == *mark);
    if is_new {
        return settle(disk, folder, true);
    }
    folder.abandon_file(MARK);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checkpoint::tests::checkpoint;
    use crate::folder::failing::FailingDisk;
    use crate::run_folder::{REPORT, event_file};
    use barenet_data::disk::RealDisk;
    use std::collections::BTreeMap;
    use std::fs;
    use std::path::Path;

    fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
        let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
        entries
            .map(|e| (e.file_name().into_string().unwrap(), fs::read(e.path()).unwrap()))
            .filter(|(name, _)| name != ".lock")
            .collect()
    }

    /// A folder with an old run that was resumed once, and a new one that begins there.
    fn old_run(place: &Path) -> (RunFolder, Vec<u8>) {
        let folder = RunFolder::create(Some(place), "x", true).unwrap();
        for name in
            [CONFIG, EVENTS, SUMMARY, BEST, IMPORTED_FILE, "training.svg", "training.png", REPORT]
        {
            folder.write(name, b"").unwrap();
        }
        folder.write(&event_file(0.0, &[]), b"............brain.Event:2....").unwrap();
        let old = checkpoint().to_bytes().unwrap();
        folder.write(CHECKPOINT, &old).unwrap();
        folder.write(PREVIOUS_CHECKPOINT, &old).unwrap();
        drop(folder);
        let folder = RunFolder::create(Some(place), "x", true).unwrap();
        for name in [CONFIG, EVENTS] {
            fs::write(folder.begin_file(name).unwrap(), "new").unwrap();
        }
        // Another only at its beginning: two runs of one seed may end in the same numbers.
        let mut new = checkpoint();
        new.config = "seed = 2".to_owned();
        (folder, new.to_bytes().unwrap())
    }

    #[test]
    fn a_failure_of_any_operation_leaves_the_old_run_or_the_new_one() {
        let place = tempfile::tempdir().unwrap();
        let (folder, new) = old_run(place.path());
        let working = FailingDisk::new(usize::MAX, 0);
        folder.begin_with(&working, &new).unwrap();
        drop(folder);
        let new_run = files(place.path());
        assert_eq!(new_run.keys().collect::<Vec<_>>(), [CONFIG, EVENTS, CHECKPOINT]);
        let (mut old, mut mixed) = (0, 0);
        for fails_at in 0..working.operations() {
            let place = tempfile::tempdir().unwrap();
            let (folder, new) = old_run(place.path());
            let mut before = files(place.path());
            before.retain(|name, _| !name.contains("unfinished"));
            let disk = FailingDisk::new(fails_at, 10);
            folder.begin_with(&disk, &new).unwrap_err();
            // As a kill leaves it, and as an error does.
            let killed = tempfile::tempdir().unwrap();
            for (name, bytes) in files(place.path()) {
                fs::write(killed.path().join(name), bytes).unwrap();
            }
            fs::copy(place.path().join(".lock"), killed.path().join(".lock")).unwrap();
            drop(folder);
            for place in [place.path(), killed.path()] {
                let folder = RunFolder::open(place);
                let mut found = files(place);
                found.retain(|name, _| !name.contains("unfinished"));
                if found.get(CHECKPOINT) == Some(&new) {
                    assert!(folder.is_err(), "its weights are not yet there");
                    assert_eq!(found, new_run, "operation {fails_at}");
                    mixed += 1;
                } else {
                    assert_eq!(found, before, "operation {fails_at}");
                    old += 1;
                }
            }
        }
        assert!(old >= 8 && mixed >= 4, "{old} failures before, {mixed} after");
    }

    #[test]
    fn a_kill_before_the_new_checkpoint_has_its_name_leaves_the_old_run() {
        let place = tempfile::tempdir().unwrap();
        let (folder, new) = old_run(place.path());
        folder.write_unfinished(&RealDisk, CHECKPOINT, &new).unwrap();
        folder.write_unfinished(&RealDisk, MARK, &checksum(&new)).unwrap();
        let killed = tempfile::tempdir().unwrap();
        for (name, bytes) in files(place.path()) {
            fs::write(killed.path().join(name), bytes).unwrap();
        }
        let mut before = files(place.path());
        before.retain(|name, _| !name.contains("unfinished"));
        fs::copy(place.path().join(".lock"), killed.path().join(".lock")).unwrap();
        let _old_run = RunFolder::open(killed.path());
        let mut found = files(killed.path());
        found.retain(|name, _| !name.contains("unfinished"));
        assert_eq!(found, before);
    }

    #[test]
    fn what_a_run_left_that_never_began_goes_with_the_next_one() {
        let place = tempfile::tempdir().unwrap();
        let run = place.path().join("a/run");
        let folder = RunFolder::create(Some(&run), "x", false).unwrap();
        fs::write(folder.begin_file(CONFIG).unwrap(), "new").unwrap();
        drop(folder);
        assert!(!place.path().join("a").exists());
        let folder = RunFolder::create(Some(&run), "x", false).unwrap();
        for name in [CONFIG, EVENTS] {
            fs::write(folder.begin_file(name).unwrap(), "new").unwrap();
        }
        folder.begin_with(&RealDisk, &checkpoint().to_bytes().unwrap()).unwrap();
        drop(folder);
        assert_eq!(files(&run).len(), 3);
    }
}
