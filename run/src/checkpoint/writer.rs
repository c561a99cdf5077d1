//! The thread that writes checkpoints and best weights, so that training does not wait for the disk.

use super::Checkpoint;
use super::store::save;
use crate::folder::Folder;
use crate::run_folder::BEST;
use anyhow::{Result, anyhow};
use barenet_data::disk::RealDisk;
use barenet_model::number::Number;
use std::sync::{Condvar, Mutex, PoisonError};
use std::thread::{self, Scope, ScopedJoinHandle};
use std::time::{Duration, Instant};

/// What is written at one time, in this order.
#[derive(Debug)]
pub struct Work<T> {
    /// The file of new best weights.
    pub best: Option<Vec<u8>>,
    /// A checkpoint.
    pub checkpoint: Option<Checkpoint<T>>,
}

impl<T: Number> Work<T> {
    /// This in place of what still waits.
    fn instead_of(self, before: Option<Self>) -> Self {
        let (best, checkpoint) = before.map_or((None, None), |it| (it.best, it.checkpoint));
        Self { best: self.best.or(best), checkpoint: self.checkpoint.or(checkpoint) }
    }

    fn write(&self, folder: &Folder) -> Result<()> {
        if let Some(bytes) = &self.best {
            folder.write(BEST, bytes)?;
        }
        match &self.checkpoint {
            Some(checkpoint) => save(&RealDisk, folder, &checkpoint.to_bytes()?),
            None => Ok(()),
        }
    }
}

/// Writes on a thread of its own. If it is asked faster than the disk takes it, only the newest waits. Where the system
/// starts no more threads, whoever hands something over writes it.
#[derive(Debug)]
pub struct Writer<'scope, T> {
    desk: &'scope Desk<T>,
    folder: &'scope Folder,
    thread: Option<ScopedJoinHandle<'scope, ()>>,
}

/// Desk on which work lies until the writer takes it.
#[derive(Debug)]
pub struct Desk<T> {
    state: Mutex<State<T>>,
    changed: Condvar,
}

#[derive(Debug)]
struct State<T> {
    waiting: Option<Work<T>>,
    /// How long the last work took; `None` while some waits or is being done.
    took: Option<Duration>,
    closed: bool,
    failed: Option<anyhow::Error>,
}

impl<T> Default for Desk<T> {
    fn default() -> Self {
        let took = Some(Duration::ZERO);
        let state = State { waiting: None, took, closed: false, failed: None };
        Self { state: Mutex::new(state), changed: Condvar::new() }
    }
}

impl<T: Number> Desk<T> {
    fn write(&self, folder: &Folder, work: &Work<T>) {
        let start = Instant::now();
        let result = work.write(folder);
        let took = start.elapsed();
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.failed = result.err();
        state.took = state.waiting.is_none().then_some(took);
    }
}

impl<'scope, T: Number> Writer<'scope, T> {
    /// Starts the thread.
    #[must_use]
    pub fn start<'env>(
        scope: &'scope Scope<'scope, 'env>,
        desk: &'scope Desk<T>,
        folder: &'scope Folder,
    ) -> Self {
        let work = move || {
            loop {
                let mut state = desk.state.lock().unwrap_or_else(PoisonError::into_inner);
                while state.waiting.is_none() && !state.closed {
                    state = desk.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
                }
                let Some(work) = state.waiting.take() else { return };
                drop(state);
                desk.write(folder, &work);
            }
        };
        let thread = thread::Builder::new().spawn_scoped(scope, work).ok();
        Self { desk, folder, thread }
    }

    /// Hands work over, in place of what still waits. Returns what went wrong with an earlier one.
    #[must_use]
    pub fn submit(&self, work: Work<T>) -> Option<anyhow::Error> {
        let mut state = self.desk.state.lock().unwrap_or_else(PoisonError::into_inner);
        let failed = state.failed.take();
        if self.thread.is_none() {
            drop(state);
            self.desk.write(self.folder, &work);
            return failed;
        }
        state.waiting = Some(work.instead_of(state.waiting.take()));
        state.took = None;
        self.desk.changed.notify_one();
        failed
    }

    /// How long the last work took, zero before the first; `None` while some is not yet done.
    #[must_use]
    pub fn cost(&self) -> Option<Duration> {
        self.desk.state.lock().unwrap_or_else(PoisonError::into_inner).took
    }

    /// Waits until all is written.
    ///
    /// # Errors
    ///
    /// If the last work failed.
    pub fn finish(self) -> Result<()> {
        self.desk.state.lock().unwrap_or_else(PoisonError::into_inner).closed = true;
        self.desk.changed.notify_one();
        if self.thread.is_some_and(|thread| thread.join().is_err()) {
            return Err(anyhow!("the thread that writes checkpoints has failed"));
        }
        let mut state = self.desk.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.failed.take().map_or(Ok(()), Err)
    }
}

#[cfg(test)]
mod tests {
    use super::super::store::find;
    use super::super::store::tests::{checkpoint, iteration_of, new_folder};
    use super::*;
    use std::fs;

    fn only(iteration: usize) -> Work<f64> {
        Work { best: None, checkpoint: Some(checkpoint(iteration)) }
    }

    fn with_best(best: &str, iteration: Option<usize>) -> Work<f64> {
        Work { best: Some(best.into()), checkpoint: iteration.map(checkpoint) }
    }

    #[test]
    fn best_weights_wait_until_they_are_written_or_newer_ones_come() {
        let work = only(2).instead_of(Some(with_best("a", Some(1))));
        assert_eq!(work.best.as_deref(), Some(&b"a"[..]));
        assert_eq!(work.checkpoint.map(|it| it.progress.iteration), Some(2));
        let work = with_best("b", None).instead_of(Some(with_best("a", Some(1))));
        assert_eq!(work.best.as_deref(), Some(&b"b"[..]));
        assert_eq!(work.checkpoint.map(|it| it.progress.iteration), Some(1));
        let (_place, folder) = new_folder();
        let desk = Desk::default();
        thread::scope(|scope| {
            let writer = Writer::start(scope, &desk, &folder);
            for iteration in 1..=20 {
                assert!(writer.submit(with_best(&format!("of {iteration}"), None)).is_none());
                assert!(writer.submit(only(iteration)).is_none());
            }
            writer.finish().unwrap();
        });
        assert_eq!(fs::read_to_string(folder.file(BEST)).unwrap(), "of 20");
        assert_eq!(iteration_of(&find(&folder).unwrap()), 20);
    }

    #[test]
    fn the_writer_writes_the_newest_and_reports_what_fails() {
        let (place, folder) = new_folder();
        let (desk, missing) = (Desk::default(), Desk::default());
        let removed = Folder::make(&place.path().join("no such folder")).unwrap();
        fs::remove_dir(removed.path()).unwrap();
        thread::scope(|scope| {
            let writer = Writer::start(scope, &desk, &folder);
            assert_eq!(writer.cost(), Some(Duration::ZERO));
            for iteration in 1..=50 {
                assert!(writer.submit(only(iteration)).is_none());
            }
            writer.finish().unwrap();
            let writer = Writer::start(scope, &missing, &removed);
            assert!(writer.submit(only(1)).is_none());
            assert!(writer.finish().unwrap_err().to_string().contains("no such folder"));
        });
        assert_eq!(iteration_of(&find(&folder).unwrap()), 50);
    }

    #[test]
    fn without_a_thread_the_writer_writes_at_once() {
        let (place, folder) = new_folder();
        let (desk, missing) = (Desk::default(), Desk::default());
        let writer = Writer { desk: &desk, folder: &folder, thread: None };
        for iteration in 1..=3 {
            assert!(writer.submit(only(iteration)).is_none());
            assert_eq!(iteration_of(&find(&folder).unwrap()), iteration);
            assert!(writer.cost().is_some_and(|cost| cost > Duration::ZERO));
        }
        writer.finish().unwrap();
        let removed = Folder::make(&place.path().join("no such folder")).unwrap();
        fs::remove_dir(removed.path()).unwrap();
        let writer = Writer { desk: &missing, folder: &removed, thread: None };
        assert!(writer.submit(only(1)).is_none());
        let error = writer.submit(only(2)).unwrap().to_string();
        assert!(error.contains("no such folder"), "{error}");
        assert!(writer.finish().unwrap_err().to_string().contains("no such folder"));
    }
}
