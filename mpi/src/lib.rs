//! Ranks that are processes of an MPI job.
//!
//! Nothing is added by MPI, whose reductions promise no order: it moves numbers, and each rank adds a share of them in the tree of
//! [`Shards`]. One thread talks to MPI. So gradients travel while others are computed, and the library need not be one that several
//! threads may call.

mod flight;
mod gather;
mod sum;
mod talk;

use barenet::{Error, Float, Ranks, Shards};
use mpi::traits::Equivalence;
use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use sum::Job;
use talk::{Work, talk};

/// All ranks of the job, as this one sees them.
pub struct World {
    rank: usize,
    count: usize,
    work: Mutex<Option<Sender<Work>>>,
    thread: Mutex<Option<JoinHandle<()>>>,
    /// Threads that wait for something.
    waiting: Arc<AtomicUsize>,
    sums_f32: Sums<f32>,
    sums_f64: Sums<f64>,
}

/// Sums, by slot.
type Sums<T> = Mutex<HashMap<usize, Slot<T>>>;

/// Sums of one slot, which are all of as many numbers.
struct Slot<T> {
    /// The one that was begun: what it sums to, and a vector that may be used again.
    begun: Option<Receiver<[Vec<T>; 2]>>,
    /// Vectors of the one before.
    spare: [Vec<T>; 2],
}

impl fmt::Debug for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { rank, count, .. } = self;
        f.debug_struct("World").field("rank", rank).field("count", count).finish_non_exhaustive()
    }
}

impl World {
    /// Joins the job that this process was started in; alone, if it was started without one.
    ///
    /// # Errors
    ///
    /// If MPI has been joined before, or the system starts no thread.
    pub fn join() -> Result<Self, String> {
        let (work, todo) = channel::<Work>();
        let (answer, found) = channel();
        let waiting = Arc::new(AtomicUsize::new(0));
        let others = Arc::clone(&waiting);
        let thread = std::thread::Builder::new()
            .name("mpi".to_owned())
            .spawn(move || talk(&todo, &answer, &others));
        let thread = thread.map_err(|error| format!("no thread for MPI: {error}"))?;
        let (rank, count) = found.recv().map_err(|_| "MPI cannot be joined".to_owned())?;
        let (sums_f32, sums_f64) = (Mutex::default(), Mutex::default());
        let (work, thread) = (Mutex::new(Some(work)), Mutex::new(Some(thread)));
        Ok(Self { rank, count, work, thread, waiting, sums_f32, sums_f64 })
    }

    /// Whether the library is Open MPI. It need not be joined to say so.
    pub fn is_of_open_mpi() -> bool {
        mpi::environment::library_version().is_ok_and(|version| version.contains("Open MPI"))
    }

    /// Leaves the job: after this, no other rank can be reached.
    pub fn leave(&self) {
        // The thread ends MPI when it has nothing more to do.
        *locked(&self.work) = None;
        if let Some(thread) = locked(&self.thread).take() {
            let _ended = thread.join();
        }
    }

    /// Ends all processes of the job at once, with an exit status. Whoever waits for this one would wait for ever.
    pub fn abort(&self, status: u8) -> ! {
        let _sent = self.send(Box::new(move |lines| {
            use mpi::traits::Communicator;
            lines.world.abort(i32::from(status))
        }));
        std::thread::sleep(std::time::Duration::from_secs(5));
        std::process::exit(i32::from(status))
    }

    fn send(&self, work: Work) -> Result<(), Error> {
        let lost = Error::LostRank { rank: self.rank };
        locked(&self.work).as_ref().ok_or(lost)?.send(work).map_err(|_| lost)
    }

    fn wait<R>(&self, found: &Receiver<R>) -> Result<R, Error> {
        self.waiting.fetch_add(1, Ordering::Relaxed);
        let found = found.recv().map_err(|_| Error::LostRank { rank: self.rank });
        self.waiting.fetch_sub(1, Ordering::Relaxed);
        found
    }

    fn gather_numbers<T: Float + Equivalence + 'static>(
        &self,
        mine: &[T],
        len_of: &dyn Fn(usize) -> usize,
        all: &mut [T],
    ) -> Result<(), Error> {
        let (lens, mine) = ((0..self.count).map(len_of).collect::<Vec<_>>(), mine.to_vec());
        let (answer, found) = channel();
        self.send(Box::new(move |lines| Some(gather::gather(lines, mine, lens, answer))))?;
        let found = self.wait(&found)?;
        all.iter_mut().zip(found).for_each(|(to, from)| *to = from);
        Ok(())
    }

    fn start<T: Float + Equivalence + 'static>(
        &self,
        sums: &Sums<T>,
        shards: &Shards,
        slot: usize,
        first: &[T],
        others: &[T],
    ) -> Result<(), Error> {
        let job = Job { shards: *shards, rank: self.rank, count: self.count, len: first.len() };
        let none = || Slot { begun: None, spare: [Vec::new(), Vec::new()] };
        let mut sums = locked(sums);
        let slot = sums.entry(slot).or_insert_with(none);
        let [mut parts, room] = std::mem::take(&mut slot.spare);
        parts.clear();
        parts.extend_from_slice(first);
        parts.extend_from_slice(others);
        let (answer, found) = channel();
        slot.begun = Some(found);
        self.send(Box::new(move |lines| Some(sum::sum(lines, job, [parts, room], answer))))
    }

    fn end<T: Float>(&self, sums: &Sums<T>, slot: usize, sum: &mut [T]) -> Result<(), Error> {
        let lost = Error::LostRank { rank: self.rank };
        let found = locked(sums).get_mut(&slot).and_then(|slot| slot.begun.take());
        let spare = self.wait(&found.ok_or(lost)?)?;
        sum.copy_from_slice(spare.first().and_then(|found| found.get(..sum.len())).ok_or(lost)?);
        if let Some(slot) = locked(sums).get_mut(&slot) {
            slot.spare = spare;
        }
        Ok(())
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.leave();
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

macro_rules! ranks {
    ($type:ty, $sums:ident) => {
        impl Ranks<$type> for World {
            fn count(&self) -> usize {
                self.count
            }

            fn rank(&self) -> usize {
                self.rank
            }

            fn gather(
                &self,
                mine: &[$type],
                len_of: &dyn Fn(usize) -> usize,
                all: &mut [$type],
            ) -> Result<(), Error> {
                self.gather_numbers(mine, len_of, all)
            }

            fn start_sum(
                &self,
                shards: &Shards,
                slot: usize,
                first: &[$type],
                others: &[$type],
            ) -> Result<(), Error> {
                self.start(&self.$sums, shards, slot, first, others)
            }

            fn end_sum(
                &self,
                _shards: &Shards,
                slot: usize,
                sum: &mut [$type],
            ) -> Result<(), Error> {
                self.end(&self.$sums, slot, sum)
            }
        }
    };
}

ranks!(f32, sums_f32);
ranks!(f64, sums_f64);
