//! How checkpoints reach the disk: whole or not at all, and without training waiting for it.
//!
//! A new checkpoint is written under another name and fsynced; then the old one becomes the
//! *previous* one, the new one takes its place, and the folder is fsynced. Whatever fails, and
//! wherever the power goes, one of the two is whole.

use super::Checkpoint;
use crate::number::Number;
use crate::run_folder::{CHECKPOINT, PREVIOUS_CHECKPOINT};
use anyhow::{Context, Result, anyhow};
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Condvar, Mutex, PoisonError};
use std::thread::{Scope, ScopedJoinHandle};

/// The name under which a checkpoint is written.
const UNFINISHED: &str = "last.ckpt.unfinished";

/// What the disk is asked to do. A test's disk may refuse.
pub trait Disk: Sync {
    /// Makes a file of these bytes, or replaces it.
    ///
    /// # Errors
    ///
    /// What the operating system says.
    fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<()>;
    /// Waits until a file, or the names in a folder, would survive a loss of power.
    ///
    /// # Errors
    ///
    /// What the operating system says.
    fn sync(&self, path: &Path) -> io::Result<()>;
    /// Gives a file another name, replacing what had it.
    ///
    /// # Errors
    ///
    /// What the operating system says.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
}

/// The real disk.
#[derive(Clone, Copy, Debug)]
pub struct RealDisk;

impl Disk for RealDisk {
    fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        fs::write(path, bytes)
    }
    fn sync(&self, path: &Path) -> io::Result<()> {
        File::open(path)?.sync_all()
    }
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }
}

/// Writes a checkpoint into a run's folder; the one before becomes the previous one.
///
/// # Errors
///
/// Naming the file. The checkpoint before, or the previous one, is then still whole.
pub fn save(disk: &impl Disk, folder: &Path, bytes: &[u8]) -> Result<()> {
    let last = folder.join(CHECKPOINT);
    let unfinished = folder.join(UNFINISHED);
    let steps = || {
        disk.write(&unfinished, bytes)?;
        disk.sync(&unfinished)?;
        match disk.rename(&last, &folder.join(PREVIOUS_CHECKPOINT)) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(e),
            _ => {}
        }
        disk.rename(&unfinished, &last)?;
        disk.sync(folder)
    };
    steps().with_context(|| format!("{}: the checkpoint cannot be written", last.display()))
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
pub fn find(folder: &Path) -> Result<Found> {
    let mut passed_over: Option<anyhow::Error> = None;
    for name in [CHECKPOINT, PREVIOUS_CHECKPOINT] {
        let file = folder.join(name);
        let read = fs::read(&file).with_context(|| file.display().to_string());
        match read.and_then(|bytes| super::read_config(&bytes, &file).map(|_config| bytes)) {
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
    Err(anyhow!("{}: no checkpoint that can be used: {problem}", folder.display()))
}

/// Writes checkpoints on a thread of its own. If they come faster than the disk takes them, only the
/// newest waits.
#[derive(Debug)]
pub struct Writer<'scope, T> {
    desk: &'scope Desk<T>,
    thread: ScopedJoinHandle<'scope, ()>,
}

/// Where a checkpoint lies until the writer takes it.
#[derive(Debug)]
pub struct Desk<T> {
    state: Mutex<State<T>>,
    changed: Condvar,
}

#[derive(Debug)]
struct State<T> {
    waiting: Option<Checkpoint<T>>,
    closed: bool,
    failed: Option<anyhow::Error>,
}

impl<T> Default for Desk<T> {
    fn default() -> Self {
        let state = State { waiting: None, closed: false, failed: None };
        Self { state: Mutex::new(state), changed: Condvar::new() }
    }
}

impl<'scope, T: Number> Writer<'scope, T> {
    /// Starts the thread.
    #[must_use]
    pub fn start<'env>(
        scope: &'scope Scope<'scope, 'env>,
        desk: &'scope Desk<T>,
        folder: &'scope Path,
    ) -> Self {
        let work = move || {
            loop {
                let mut state = desk.state.lock().unwrap_or_else(PoisonError::into_inner);
                while state.waiting.is_none() && !state.closed {
                    state = desk.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
                }
                let Some(checkpoint) = state.waiting.take() else { return };
                drop(state);
                let result = save(&RealDisk, folder, &checkpoint.to_bytes());
                let mut state = desk.state.lock().unwrap_or_else(PoisonError::into_inner);
                state.failed = result.err();
            }
        };
        Self { desk, thread: scope.spawn(work) }
    }

    /// Hands a checkpoint over, in place of one that still waits. Returns what went wrong with an
    /// earlier one.
    #[must_use]
    pub fn submit(&self, checkpoint: Checkpoint<T>) -> Option<anyhow::Error> {
        let mut state = self.desk.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.waiting = Some(checkpoint);
        self.desk.changed.notify_one();
        state.failed.take()
    }

    /// Waits until the last one is written.
    ///
    /// # Errors
    ///
    /// If it cannot be.
    pub fn finish(self) -> Result<()> {
        self.desk.state.lock().unwrap_or_else(PoisonError::into_inner).closed = true;
        self.desk.changed.notify_one();
        if self.thread.join().is_err() {
            return Err(anyhow!("the thread that writes checkpoints has failed"));
        }
        let mut state = self.desk.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.failed.take().map_or(Ok(()), Err)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use barenet::Progress;
    use std::sync::atomic::{AtomicUsize, Ordering};

    fn checkpoint(iteration: usize) -> Checkpoint<f64> {
        Checkpoint {
            config: String::new(),
            data: 0,
            progress: Progress { iteration, ..Progress::default() },
            params: vec![iteration as f64; 100],
            running: vec![],
            update_state: vec![],
            best_params: vec![],
            best_running: vec![],
            loss: vec![],
            train_acc: vec![],
            val_acc: vec![],
        }
    }

    fn iteration_of(found: &Found) -> usize {
        Checkpoint::<f64>::from_bytes(&found.bytes, &found.file).unwrap().progress.iteration
    }

    /// A disk whose operation number `fails_at` fails, after `short` bytes if it is a write.
    struct FailingDisk {
        operations: AtomicUsize,
        fails_at: usize,
        short: usize,
    }

    impl FailingDisk {
        fn fails(&self) -> bool {
            self.operations.fetch_add(1, Ordering::Relaxed) == self.fails_at
        }
    }

    impl Disk for FailingDisk {
        fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
            if self.fails() {
                RealDisk.write(path, &bytes[..self.short.min(bytes.len())])?;
                return Err(io::ErrorKind::StorageFull.into());
            }
            RealDisk.write(path, bytes)
        }
        fn sync(&self, path: &Path) -> io::Result<()> {
            if self.fails() { Err(io::ErrorKind::Other.into()) } else { RealDisk.sync(path) }
        }
        fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
            if self.fails() { Err(io::ErrorKind::Other.into()) } else { RealDisk.rename(from, to) }
        }
    }

    #[test]
    fn a_failure_of_any_operation_leaves_a_checkpoint_that_can_be_used() {
        for fails_at in 0..5 {
            for short in [0, 10, 400, usize::MAX] {
                let place = tempfile::tempdir().unwrap();
                for iteration in [1, 2] {
                    save(&RealDisk, place.path(), &checkpoint(iteration).to_bytes()).unwrap();
                }
                let disk = FailingDisk { operations: AtomicUsize::new(0), fails_at, short };
                assert!(save(&disk, place.path(), &checkpoint(3).to_bytes()).is_err());
                let found = iteration_of(&find(place.path()).unwrap());
                assert!(found == 2 || found == 3, "operation {fails_at}: {found}");
                // And the next one is written as if nothing had been.
                save(&RealDisk, place.path(), &checkpoint(4).to_bytes()).unwrap();
                assert_eq!(iteration_of(&find(place.path()).unwrap()), 4);
            }
        }
    }

    #[test]
    fn a_damaged_checkpoint_gives_way_to_the_previous_one() {
        let place = tempfile::tempdir().unwrap();
        for iteration in [1, 2] {
            save(&RealDisk, place.path(), &checkpoint(iteration).to_bytes()).unwrap();
        }
        fs::write(place.path().join(CHECKPOINT), b"BNETCKPT").unwrap();
        let found = find(place.path()).unwrap();
        assert_eq!(iteration_of(&found), 1);
        assert!(format!("{:#}", found.passed_over.unwrap()).contains("cut off after 8 bytes"));
        fs::remove_file(place.path().join(PREVIOUS_CHECKPOINT)).unwrap();
        let error = find(place.path()).unwrap_err().to_string();
        assert!(error.contains("no checkpoint that can be used"), "{error}");
    }

    #[test]
    fn the_writer_writes_the_newest_and_reports_what_fails() {
        let place = tempfile::tempdir().unwrap();
        let (desk, missing) = (Desk::default(), Desk::default());
        std::thread::scope(|scope| {
            let writer = Writer::start(scope, &desk, place.path());
            for iteration in 1..=50 {
                assert!(writer.submit(checkpoint(iteration)).is_none());
            }
            writer.finish().unwrap();
            let writer = Writer::start(scope, &missing, Path::new("no such folder"));
            assert!(writer.submit(checkpoint(1)).is_none());
            assert!(writer.finish().unwrap_err().to_string().contains("no such folder"));
        });
        assert_eq!(iteration_of(&find(place.path()).unwrap()), 50);
    }
}
