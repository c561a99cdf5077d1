//! The thread that writes checkpoints, so that training does not wait for the disk.

use super::Checkpoint;
use super::store::save;
use crate::folder::Folder;
use anyhow::{Result, anyhow};
use barenet_data::disk::RealDisk;
use barenet_model::number::Number;
use std::sync::{Condvar, Mutex, PoisonError};
use std::thread::{self, Scope, ScopedJoinHandle};
use std::time::{Duration, Instant};

/// Writes checkpoints on a thread of its own. If they come faster than the disk takes them, only the
/// newest waits. Where the system starts no more threads, whoever hands one over writes it.
#[derive(Debug)]
pub struct Writer<'scope, T> {
    desk: &'scope Desk<T>,
    folder: &'scope Folder,
    thread: Option<ScopedJoinHandle<'scope, ()>>,
}

/// Desk on which a checkpoint lies until the writer takes it.
#[derive(Debug)]
pub struct Desk<T> {
    state: Mutex<State<T>>,
    changed: Condvar,
}

#[derive(Debug)]
struct State<T> {
    waiting: Option<Checkpoint<T>>,
    /// How long the last one took; `None` while one waits or is being written.
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
    fn write(&self, folder: &Folder, checkpoint: &Checkpoint<T>) {
        let start = Instant::now();
        let result = checkpoint.to_bytes().and_then(|bytes| save(&RealDisk, folder, &bytes));
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
                let Some(checkpoint) = state.waiting.take() else { return };
                drop(state);
                desk.write(folder, &checkpoint);
            }
        };
        let thread = thread::Builder::new().spawn_scoped(scope, work).ok();
        Self { desk, folder, thread }
    }

    /// Hands a checkpoint over, in place of one that still waits. Returns what went wrong with an
    /// earlier one.
    #[must_use]
    pub fn submit(&self, checkpoint: Checkpoint<T>) -> Option<anyhow::Error> {
        let mut state = self.desk.state.lock().unwrap_or_else(PoisonError::into_inner);
        let failed = state.failed.take();
        if self.thread.is_none() {
            drop(state);
            self.desk.write(self.folder, &checkpoint);
            return failed;
        }
        state.waiting = Some(checkpoint);
        state.took = None;
        self.desk.changed.notify_one();
        failed
    }

    /// How long the last one took, zero before the first; `None` while one is not yet written.
    #[must_use]
    pub fn cost(&self) -> Option<Duration> {
        self.desk.state.lock().unwrap_or_else(PoisonError::into_inner).took
    }

    /// Waits until the last one is written.
    ///
    /// # Errors
    ///
    /// If it cannot be.
    pub fn finish(mut self) -> Result<()> {
        self.close();
        if self.thread.take().is_some_and(|thread| thread.join().is_err()) {
            return Err(anyhow!("the thread that writes checkpoints has failed"));
        }
        let mut state = self.desk.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.failed.take().map_or(Ok(()), Err)
    }
}

impl<T> Writer<'_, T> {
    fn close(&self) {
        self.desk.state.lock().unwrap_or_else(PoisonError::into_inner).closed = true;
        self.desk.changed.notify_one();
    }
}

impl<T> Drop for Writer<'_, T> {
    /// Ends the thread after a panic too: the scope waits for it before the program can end.
    fn drop(&mut self) {
        self.close();
    }
}

#[cfg(test)]
mod tests {
    use super::super::store::find;
    use super::super::store::tests::{checkpoint, iteration_of, new_folder};
    use super::*;
    use std::fs;

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
                assert!(writer.submit(checkpoint(iteration)).is_none());
            }
            writer.finish().unwrap();
            let writer = Writer::start(scope, &missing, &removed);
            assert!(writer.submit(checkpoint(1)).is_none());
            assert!(writer.finish().unwrap_err().to_string().contains("no such folder"));
        });
        assert_eq!(iteration_of(&find(&folder).unwrap()), 50);
    }

    #[test]
    fn a_panic_while_there_is_a_writer_ends_it() {
        let (_place, folder) = new_folder();
        let desk = Desk::default();
        let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            thread::scope(|scope| {
                let _writer: Writer<'_, f32> = Writer::start(scope, &desk, &folder);
                panic!("of a test");
            })
        }));
        assert!(panicked.is_err());
    }

    #[test]
    fn without_a_thread_the_writer_writes_at_once() {
        let (place, folder) = new_folder();
        let (desk, missing) = (Desk::default(), Desk::default());
        let writer = Writer { desk: &desk, folder: &folder, thread: None };
        for iteration in 1..=3 {
            assert!(writer.submit(checkpoint(iteration)).is_none());
            assert_eq!(iteration_of(&find(&folder).unwrap()), iteration);
            assert!(writer.cost().is_some_and(|cost| cost > Duration::ZERO));
        }
        writer.finish().unwrap();
        let removed = Folder::make(&place.path().join("no such folder")).unwrap();
        fs::remove_dir(removed.path()).unwrap();
        let writer = Writer { desk: &missing, folder: &removed, thread: None };
        assert!(writer.submit(checkpoint(1)).is_none());
        let error = writer.submit(checkpoint(2)).unwrap().to_string();
        assert!(error.contains("no such folder"), "{error}");
        assert!(writer.finish().unwrap_err().to_string().contains("no such folder"));
    }
}
