//! The folder of a run: what is in it, and who may write there.

use crate::disk::{RealDisk, write_whole};
use crate::shell::{self, begin_anew_command, resume_command};
use anyhow::{Context, Result, bail};
use std::fs::{self, File, TryLockError};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

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
/// Locked by the process that trains in the folder.
const LOCK: &str = ".lock";
/// The course's plot, without its ending.
pub const PLOT: &str = "training";

/// The folder of a run.
#[derive(Debug)]
pub struct RunFolder {
    path: PathBuf,
    /// Held as long as the process may write here; the system takes it back when the process ends,
    /// however it ends.
    _lock: Option<File>,
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
            fs::create_dir_all("runs").context("runs: cannot make this folder")?;
            for number in 1_u32.. {
                let suffix = if number == 1 { String::new() } else { format!("-{number}") };
                let path = Path::new("runs").join(format!("{name}{suffix}"));
                match fs::create_dir(&path) {
                    Ok(()) => return Self { path, _lock: None }.lock(),
                    Err(e) if e.kind() == ErrorKind::AlreadyExists => {}
                    Err(e) => {
                        return Err(e).with_context(|| {
                            format!("{}: cannot make this folder", path.display())
                        });
                    }
                }
            }
            bail!("runs: no name is free for another run");
        };
        fs::create_dir_all(out)
            .with_context(|| format!("{}: cannot make this folder", out.display()))?;
        let folder = Self { path: out.to_owned(), _lock: None }.lock()?;
        if FILES.iter().any(|name| folder.file(name).is_file()) {
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
        Ok(folder)
    }

    /// Opens the folder of a run that was trained.
    ///
    /// # Errors
    ///
    /// If it is not one.
    pub fn open(path: &Path) -> Result<Self> {
        let folder = Self { path: path.to_owned(), _lock: None };
        let name = path.display();
        match fs::metadata(folder.file(BEST)) {
            Ok(_) => return Ok(folder),
            Err(e) if matches!(e.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {}
            Err(e) => return Err(e).with_context(|| format!("{name}: cannot be read")),
        }
        if path.is_file() {
            bail!("{name}: is a file; a run is named by its folder");
        }
        if [CHECKPOINT, PREVIOUS_CHECKPOINT].iter().any(|name| folder.file(name).is_file()) {
            bail!("{name}: {BEST} is missing; `{}` writes it anew", resume_command(path, None));
        }
        if folder.file(CONFIG).is_file() {
            bail!(
                "{name}: this run ended before its first check: {BEST} is missing; `{}` begins anew",
                begin_anew_command(path)
            );
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
        Self { path: path.to_owned(), _lock: None }.lock()
    }

    /// Takes the folder for this process.
    fn lock(self) -> Result<Self> {
        let path = self.file(LOCK);
        let open = || File::options().create(true).truncate(false).write(true).open(&path);
        let file = open().with_context(|| format!("{}: cannot be written", self.path.display()))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                bail!("{}: another process trains in this folder", self.path.display());
            }
            // A file system that knows no locks is no reason not to train.
            Err(TryLockError::Error(_)) => {}
        }
        Ok(Self { _lock: Some(file), ..self })
    }

    /// Removes a file, if it is there.
    ///
    /// # Errors
    ///
    /// Naming the file, if it is there and cannot be removed.
    pub fn remove(&self, name: &str) -> Result<()> {
        let path = self.file(name);
        match fs::remove_file(&path) {
            Err(e) if e.kind() != ErrorKind::NotFound => {
                Err(e).with_context(|| format!("{}: cannot be removed", path.display()))
            }
            _ => Ok(()),
        }
    }

    /// The path of the folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The path of a file in it.
    #[must_use]
    pub fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// Writes a file, whole or not at all.
    ///
    /// # Errors
    ///
    /// Naming the file, if it cannot be written; what was there before then still is.
    pub fn write(&self, name: &str, bytes: &[u8]) -> Result<()> {
        write_whole(&RealDisk, &self.file(name), bytes)
    }

    /// Reads a file.
    ///
    /// # Errors
    ///
    /// Naming the file, if it cannot be read.
    pub fn read(&self, name: &str) -> Result<Vec<u8>> {
        let path = self.file(name);
        fs::read(&path).with_context(|| path.display().to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
