//! The folder of a run: what is in it, and who may write there.

use crate::folder::Folder;
use crate::shell::{self, begin_anew_command, resume_command};
use anyhow::{Context, Result, bail};
use std::io::ErrorKind;
use std::ops::Deref;
use std::path::Path;

/// Everything needed to repeat the run.
pub const CONFIG: &str = "config.toml";
/// Every event of the run, one JSON object a line.
pub const EVENTS: &str = "events.jsonl";
/// What came out.
pub const SUMMARY: &str = "summary.json";
/// The best weights.
pub const BEST: &str = "best.safetensors";
/// The newest checkpoint.
pub const CHECKPOINT: &str = "last.ckpt";
/// The checkpoint before it, as long as the run goes on.
pub const PREVIOUS_CHECKPOINT: &str = "previous.ckpt";
/// A checkpoint that could not be used, when the run went on from the one before.
pub const DAMAGED_CHECKPOINT: &str = "damaged.ckpt";
/// All that a run may leave but for its plots. The checkpoints come first: no run is ever removed so
/// far that its settings are gone and another's checkpoint is there.
const FILES: [&str; 7] =
    [CHECKPOINT, PREVIOUS_CHECKPOINT, DAMAGED_CHECKPOINT, EVENTS, SUMMARY, BEST, CONFIG];
/// What a process does that has a run's folder for itself.
const WORKS: &str = "trains";
/// The course's plot, without its ending.
pub const PLOT: &str = "training";

/// The folder of a run.
#[derive(Debug)]
pub struct RunFolder {
    folder: Folder,
}

impl Deref for RunFolder {
    type Target = Folder;

    fn deref(&self) -> &Folder {
        &self.folder
    }
}

impl RunFolder {
    /// Makes a folder for a new run.
    ///
    /// With `out`, that folder, which must not hold another run unless `force`; without, the first
    /// of `runs/NAME`, `runs/NAME-2`, … that does not exist.
    ///
    /// # Errors
    ///
    /// If the folder cannot be made, or holds another run.
    pub fn create(out: Option<&Path>, name: &str, force: bool) -> Result<Self> {
        let Some(out) = out else {
            for number in 1_u32.. {
                let suffix = if number == 1 { String::new() } else { format!("-{number}") };
                let path = Path::new("runs").join(format!("{name}{suffix}"));
                if let Some(folder) = Folder::make_new(&path)? {
                    return Ok(Self { folder: folder.lock(WORKS)? });
                }
            }
            bail!("runs: no name is free for another run");
        };
        let folder = Folder::make(out)?.lock(WORKS)?;
        if FILES.iter().any(|name| folder.has(name)) {
            if !force {
                bail!(
                    "{}: holds another run; choose another --out, or --force to replace it",
                    out.display()
                );
            }
            for name in FILES {
                folder.remove(name)?;
            }
        }
        Ok(Self { folder })
    }

    /// Opens the folder of a run that was trained.
    ///
    /// # Errors
    ///
    /// If it is not one.
    pub fn open(path: &Path) -> Result<Self> {
        let name = path.display();
        match Folder::open(path) {
            Ok(folder) if folder.has(BEST) => return Ok(Self { folder }),
            Ok(folder) => {
                if [CHECKPOINT, PREVIOUS_CHECKPOINT].iter().any(|name| folder.has(name)) {
                    let resume = resume_command(path, None);
                    bail!("{name}: {BEST} is missing; `{resume}` writes it anew");
                }
                if folder.has(CONFIG) {
                    let anew = begin_anew_command(path);
                    bail!(
                        "{name}: this run ended before its first check: {BEST} is missing; `{anew}` \
                         begins anew"
                    );
                }
            }
            Err(_) if path.is_file() => bail!("{name}: is a file; a run is named by its folder"),
            Err(e) if matches!(e.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {}
            Err(e) => return Err(e).with_context(|| format!("{name}: cannot be read")),
        }
        bail!(
            "{name}: no run here: {BEST} is missing; `barenet train --out {}` makes one",
            shell::word(path)
        );
    }

    /// Opens the folder of a run that is to go on.
    ///
    /// # Errors
    ///
    /// If there is no such folder, or another process trains in it.
    pub fn resume(path: &Path) -> Result<Self> {
        if !path.is_dir() {
            bail!(
                "{}: there is no run to go on with; `barenet train --out {}` starts one",
                path.display(),
                shell::word(path)
            );
        }
        let folder = Folder::open(path).with_context(|| path.display().to_string())?;
        Ok(Self { folder: folder.lock(WORKS)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn a_folder_with_a_run_is_refused_without_force() {
        let place = tempfile::tempdir().unwrap();
        let out = place.path().join("run");
        let folder = RunFolder::create(Some(&out), "x", false).unwrap();
        folder.write(CONFIG, b"seed = 1").unwrap();
        folder.write(CHECKPOINT, b"old").unwrap();
        let error = RunFolder::create(Some(&out), "x", true).unwrap_err().to_string();
        assert!(error.ends_with("another process trains in this folder"), "{error}");
        drop(folder);
        let error = RunFolder::create(Some(&out), "x", false).unwrap_err().to_string();
        assert!(error.contains("holds another run"), "{error}");
        let folder = RunFolder::create(Some(&out), "x", true).unwrap();
        assert!(!folder.file(CHECKPOINT).exists());
        drop(folder);
        // One file of a run is enough to know that there is one.
        for name in FILES {
            let place = tempfile::tempdir().unwrap();
            fs::write(place.path().join(name), "old").unwrap();
            let error = RunFolder::create(Some(place.path()), "x", false).unwrap_err().to_string();
            assert!(error.contains("holds another run"), "{name}: {error}");
        }
    }
}
