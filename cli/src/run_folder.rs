//! The folder of a run: what is in it, and who may write there.

use crate::disk::{RealDisk, write_whole};
use anyhow::{Context, Result, bail};
use serde::Serialize;
use std::fs::{self, File, TryLockError};
use std::io::{BufWriter, Write};
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
                    Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => {}
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
        if !folder.file(BEST).is_file() {
            if [CHECKPOINT, PREVIOUS_CHECKPOINT].iter().any(|name| folder.file(name).is_file()) {
                bail!(
                    "{}: {BEST} is missing; `barenet train --resume {0}` writes it anew",
                    path.display()
                );
            }
            bail!(
                "{}: no run here: {BEST} is missing; `barenet train --out {0}` makes one",
                path.display()
            );
        }
        Ok(folder)
    }

    /// Opens the folder of a run that is to go on.
    ///
    /// # Errors
    ///
    /// If there is no such folder, or another process trains in it.
    pub fn resume(path: &Path) -> Result<Self> {
        if !path.is_dir() {
            bail!(
                "{}: there is no run to go on with; `barenet train --out {0}` starts one",
                path.display()
            );
        }
        Self { path: path.to_owned(), _lock: None }.lock()
    }

    /// Takes the folder for this process.
    fn lock(self) -> Result<Self> {
        let path = self.file(LOCK);
        let open = || File::options().create(true).truncate(false).write(true).open(&path);
        let file = open().with_context(|| format!("{}: cannot be written", path.display()))?;
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
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => {
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

/// An event, as `events.jsonl` and `--json` have it. No times: the same run gives the same bytes.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum RunEvent<'a> {
    /// The run begins.
    Start {
        /// What it was called.
        name: &'a str,
        /// Where its files go.
        #[serde(skip_serializing_if = "Option::is_none")]
        out: Option<&'a str>,
        /// Iterations of the whole run.
        num_iterations: usize,
        /// Iterations of an epoch.
        iterations_per_epoch: usize,
    },
    /// A run goes on. Only on standard output: the log looks as if the run had not stopped.
    Resume {
        /// After this many steps.
        iteration: usize,
    },
    /// A training step.
    Step {
        /// Steps done, this one included.
        iteration: usize,
        /// The loss of its batch.
        loss: f64,
    },
    /// An accuracy check.
    Epoch {
        /// Epochs done.
        epoch: usize,
        /// Training accuracy, 0 to 1.
        train_acc: f64,
        /// Validation accuracy, 0 to 1.
        val_acc: f64,
        /// Whether it is the best so far.
        best: bool,
    },
    /// The loss was not a finite number, and the run ended there.
    Diverged {
        /// At this step.
        iteration: usize,
    },
    /// The run is complete.
    End {
        /// What came out.
        summary: &'a Summary,
    },
}

impl RunEvent<'_> {
    /// As a line of JSON.
    #[must_use]
    pub fn to_line(&self) -> String {
        // Strings and finite numbers: there is nothing that could fail.
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// What came out of a run: `summary.json`.
#[derive(Clone, Debug, PartialEq, Serialize, serde::Deserialize)]
pub struct Summary {
    /// What the run was called.
    pub name: String,
    /// Where the images came from: `cifar10` or `built-in`.
    pub data: String,
    /// The best validation accuracy.
    pub best_val_acc: f64,
    /// The epoch that had it.
    pub best_epoch: usize,
    /// The validation accuracy of the weights that are kept: the best ones.
    pub val_acc: f64,
    /// Their accuracy on the test images.
    pub test_acc: f64,
    /// How many test images.
    pub test_size: usize,
    /// The training accuracy of the last check.
    pub train_acc: f64,
    /// The validation accuracy of the last check.
    pub final_val_acc: f64,
    /// The loss of the first iteration.
    pub first_loss: f64,
    /// Numbers that were learnt.
    pub num_params: usize,
    /// Steps done.
    pub iterations: usize,
    /// Epochs done.
    pub epochs: usize,
    /// Images a second in the training steps of this command, accuracy checks excluded.
    pub samples_per_second: f64,
    /// Seconds of the whole command.
    pub seconds: f64,
    /// What multiplied matrices.
    pub backend: String,
    /// Threads.
    pub threads: usize,
    /// The number type.
    pub dtype: String,
    /// The seed.
    pub seed: u64,
    /// The iteration whose loss was not finite, if the run ended there.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub diverged_at: Option<usize>,
}

/// Writes `events.jsonl` as the run goes on.
#[derive(Debug)]
pub struct EventLog {
    path: PathBuf,
    file: BufWriter<File>,
}

impl EventLog {
    /// Starts the log of a run.
    ///
    /// # Errors
    ///
    /// If the file cannot be made.
    pub fn create(folder: &RunFolder) -> Result<Self> {
        let path = folder.file(EVENTS);
        let file = File::create(&path)
            .with_context(|| format!("{}: cannot be written", path.display()))?;
        Ok(Self { path, file: BufWriter::new(file) })
    }

    /// Appends a line.
    ///
    /// # Errors
    ///
    /// If it cannot be written.
    pub fn line(&mut self, line: &str) -> Result<()> {
        writeln!(self.file, "{line}").with_context(|| self.complaint())
    }

    /// Hands all lines to the operating system.
    ///
    /// # Errors
    ///
    /// If they cannot be written.
    pub fn flush(&mut self) -> Result<()> {
        self.file.flush().with_context(|| self.complaint())
    }

    fn complaint(&self) -> String {
        format!("{}: cannot be written", self.path.display())
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
