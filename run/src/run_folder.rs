//! The folder of a run: what is in it, and who may write there.

mod event_files;
mod first;
pub mod names;
mod ours;

pub use event_files::{event_file, event_files};
pub use names::{
    BEST, CHECKPOINT, COMPARISON_JSON, COMPARISON_PLOTS, CONFIG, DAMAGED_CHECKPOINT, EVENTS,
    IMPORTED_FILE, LEADERBOARD, PLOTS, PREVIOUS_CHECKPOINT, REPORT, SUMMARY, SWEEP, TRIAL, WINNER,
};
use names::{DRAWN, RUN_FILES};
pub use ours::{refuse_what_is_in_the_way, refuse_what_is_no_plot};

use crate::checkpoint::store;
use crate::folder::Folder;
use crate::shell::{self, restart_command, resume_command};
use anyhow::{Context, Result, bail, ensure};
use barenet_data::disk::RealDisk;
use std::io::ErrorKind;
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

/// Work of a process that has a run's folder for itself.
const WORKS: &str = "trains";

/// The folder of a run.
#[derive(Debug)]
pub struct RunFolder {
    folder: Folder,
    /// Whether another run is there until this one has its first checkpoint.
    replaces: bool,
    /// Whether the folder is that of the run which has it now.
    begun: AtomicBool,
}

impl Deref for RunFolder {
    type Target = Folder;

    fn deref(&self) -> &Folder {
        &self.folder
    }
}

/// Where something called `name` may lie that has no place of its own: `runs/NAME`, `runs/NAME-2`, …
///
/// ```
/// use barenet_run::run_folder::places;
/// let first: Vec<_> = places("best").take(2).map(|place| place.display().to_string()).collect();
/// assert_eq!(first, ["runs/best", "runs/best-2"]);
/// ```
pub fn places(name: &str) -> impl Iterator<Item = PathBuf> {
    let later = (2..=u32::MAX).map(move |number| format!("{name}-{number}"));
    [name.to_owned()].into_iter().chain(later).map(|name| Path::new("runs").join(name))
}

/// Whether a path ends as files of networks do.
fn is_called_as_a_network(path: &Path) -> bool {
    let is = |end: &&str| path.extension().is_some_and(|found| found.eq_ignore_ascii_case(end));
    ["onnx", "tflite", "safetensors", "npz"].iter().any(is)
}

impl RunFolder {
    /// Makes a folder for a new run.
    ///
    /// With `out`, that folder, which must not hold another run unless `force`; without, the first
    /// of `runs/NAME`, `runs/NAME-2`, … that does not exist. Another run stays until this one has its
    /// [first checkpoint](RunFolder::begin_with); a folder that was made goes with a run that never has
    /// one.
    ///
    /// # Errors
    ///
    /// If the folder cannot be made, holds another run, or has something that barenet did not write
    /// under a name that a run writes.
    pub fn create(out: Option<&Path>, name: &str, force: bool) -> Result<Self> {
        let Some(out) = out else {
            for path in places(name) {
                if let Some(folder) = Folder::make_new(&path)? {
                    return Ok(Self::new(folder.lock(WORKS)?));
                }
                if let Some(folder) = Folder::reclaim(&path, WORKS) {
                    return Ok(Self::new(folder));
                }
            }
            bail!("runs: no name is free for another run");
        };
        let folder = Folder::make(out)?.lock(WORKS)?;
        first::clear_away(&RealDisk, &folder)?;
        let names = || RUN_FILES.into_iter().chain(DRAWN);
        refuse_what_is_in_the_way(&folder, names())?;
        let replaces = names().any(|name| folder.has(name));
        if replaces && !force {
            bail!(
                "{}: holds another run; choose another --out, or --force to replace it",
                out.display()
            );
        }
        Ok(Self { replaces, ..Self::new(folder) })
    }

    fn new(folder: Folder) -> Self {
        Self { folder, replaces: false, begun: AtomicBool::new(false) }
    }

    /// Opens the folder of a run that was trained.
    ///
    /// # Errors
    ///
    /// If it is not one.
    pub fn open(path: &Path) -> Result<Self> {
        let name = path.display();
        if Folder::open(path).is_ok_and(|folder| folder.was_left(first::MARK)) {
            // If somebody trains there, it is for them to clear away.
            let _cleared =
                Folder::open(path)?.lock(WORKS).and_then(|f| first::clear_away(&RealDisk, &f));
        }
        match Folder::open(path) {
            Ok(folder) if folder.has(BEST) => return Ok(Self::new(folder)),
            Ok(folder) => {
                if folder.place(BEST).is_ok_and(|path| path.exists()) {
                    // What it is instead of a file is the message.
                    folder.read(BEST)?;
                }
                if [CHECKPOINT, PREVIOUS_CHECKPOINT].iter().any(|name| folder.has(name)) {
                    let resume = resume_command(path, None);
                    bail!("{name}: {BEST} is missing; `{resume}` writes it anew");
                }
                if folder.has(CONFIG) {
                    let restart = restart_command(path);
                    bail!(
                        "{name}: this run ended before its first check: {BEST} is missing; `{restart}` \
                         restarts it"
                    );
                }
            }
            Err(_) if path.is_file() && is_called_as_a_network(path) => bail!(
                "{name}: is a file; a run is named by its folder, and `barenet import {}` makes one of a network of another \
                 program",
                shell::word(path)
            ),
            Err(_) if path.is_file() => bail!("{name}: is a file; a run is named by its folder"),
            Err(_) if path.exists() && !path.is_dir() => {
                bail!("{name}: is no folder; a run is named by its folder")
            }
            Err(_) if is_called_as_a_network(path) => {
                bail!("{name}: No such file or folder; name one that is there")
            }
            Err(e) if matches!(e.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {}
            Err(e) => return Err(e).with_context(|| format!("{name}: cannot be read")),
        }
        bail!(
            "{name}: no run here: {BEST} is missing; `barenet train --out {}` makes one",
            shell::word(path)
        );
    }

    /// The same folder, which messages call by the path of the file that it was imported from.
    #[must_use]
    pub fn shown_as(self, file: &Path) -> Self {
        Self { folder: self.folder.shown_as(file), ..self }
    }

    /// Refuses a folder in which another process trains at this moment.
    ///
    /// # Errors
    ///
    /// Naming it.
    pub fn refuse_running(path: &Path) -> Result<()> {
        ensure!(
            !Folder::open(path).is_ok_and(|folder| folder.is_in_use()),
            "{}: this run goes on: another process trains in this folder; wait until it has ended",
            path.display()
        );
        Ok(())
    }

    /// Whether nothing in it was trained: an import made it.
    #[must_use]
    pub fn is_imported(&self) -> bool {
        ![CHECKPOINT, PREVIOUS_CHECKPOINT, EVENTS, SUMMARY].iter().any(|name| self.has(name))
    }

    /// Opens the folder of a run that is to be resumed.
    ///
    /// # Errors
    ///
    /// If there is no such folder, or another process trains in it.
    pub fn resume(path: &Path) -> Result<Self> {
        if path.is_file() {
            bail!("{}: is a file; a run is named by its folder", path.display());
        }
        if !path.is_dir() {
            bail!(
                "{}: there is no run to resume; `barenet train --out {}` starts one",
                path.display(),
                shell::word(path)
            );
        }
        let folder = Folder::open(path).with_context(|| path.display().to_string())?;
        if ![CHECKPOINT, PREVIOUS_CHECKPOINT].iter().any(|name| folder.has(name)) {
            // Nothing is made in a folder that is not a run's.
            store::find(&folder)?;
        }
        let folder = folder.lock(WORKS)?;
        first::clear_away(&RealDisk, &folder)?;
        // All else is written anew from the checkpoint, whatever became of it, but a file can be.
        refuse_what_is_in_the_way(&folder, DRAWN)?;
        folder.check_places(RUN_FILES)?;
        Ok(Self { begun: AtomicBool::new(true), ..Self::new(folder) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checkpoint::tests::checkpoint;
    use std::fs;

    #[test]
    fn a_folder_with_a_run_is_refused_without_force() {
        let place = tempfile::tempdir().unwrap();
        let out = place.path().join("run");
        let folder = RunFolder::create(Some(&out), "x", false).unwrap();
        folder.write(CHECKPOINT, &checkpoint().to_bytes().unwrap()).unwrap();
        let error = RunFolder::create(Some(&out), "x", true).unwrap_err().to_string();
        assert!(error.ends_with("another process trains in this folder"), "{error}");
        drop(folder);
        let error = RunFolder::create(Some(&out), "x", false).unwrap_err().to_string();
        assert!(error.contains("holds another run"), "{error}");
        let folder = RunFolder::create(Some(&out), "x", true).unwrap();
        assert!(folder.has(CHECKPOINT), "until the new one has its own");
        drop(folder);
        // One file of a run is enough to know that there is one.
        for name in RUN_FILES.into_iter().chain(DRAWN) {
            let place = tempfile::tempdir().unwrap();
            fs::write(place.path().join(name), "").unwrap();
            let error = RunFolder::create(Some(place.path()), "x", false).unwrap_err().to_string();
            assert!(error.contains("holds another run"), "{name}: {error}");
            // And what barenet did not write is never replaced.
            for force in [true, false] {
                fs::write(place.path().join(name), "theirs").unwrap();
                let result = RunFolder::create(Some(place.path()), "x", force);
                let error = result.unwrap_err().to_string();
                assert!(error.contains(&format!("{name}: in the way")), "{name}: {error}");
                assert_eq!(fs::read_dir(place.path()).unwrap().count(), 1, "{name}");
            }
        }
    }
}
