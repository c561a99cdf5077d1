//! Ranks that are processes of an MPI job.
//!
//! Nothing is added by MPI, whose reductions promise no order: it moves numbers, and each rank adds a share of them in the tree of
//! [`Shards`]. One thread talks to MPI. So a gradient travels while others are computed, and the library need not be one that several
//! threads may call.

mod sum;

use barenet::{Error, Float, Ranks, Shards};
use mpi::datatype::PartitionMut;
use mpi::topology::SimpleCommunicator;
use mpi::traits::{Communicator, CommunicatorCollectives, Equivalence};
use mpi::{Count, Threading};
use std::collections::HashMap;
use std::fmt;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

/// Work for the thread that talks to MPI.
type Work = Box<dyn FnOnce(&SimpleCommunicator) + Send>;

/// All ranks of the job, as this one sees them.
pub struct World {
    rank: usize,
    count: usize,
    work: Mutex<Option<Sender<Work>>>,
    thread: Mutex<Option<JoinHandle<()>>>,
    sums_f32: Sums<f32>,
    sums_f64: Sums<f64>,
}

/// Sums that were begun, by slot.
type Sums<T> = Mutex<HashMap<usize, Receiver<Vec<T>>>>;

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
        let talk = move || {
            let joined = mpi::initialize_with_threading(Threading::Funneled);
            let Some((universe, _)) = joined else { return };
            let world = universe.world();
            let number = |found| usize::try_from(found).unwrap_or(0);
            if answer.send((number(world.rank()), number(world.size()))).is_err() {
                return;
            }
            for work in todo {
                work(&world);
            }
        };
        let thread = std::thread::Builder::new().name("mpi".to_owned()).spawn(talk);
        let thread = thread.map_err(|error| format!("no thread for MPI: {error}"))?;
        let (rank, count) = found.recv().map_err(|_| "MPI cannot be joined".to_owned())?;
        let (sums_f32, sums_f64) = (Mutex::default(), Mutex::default());
        let (work, thread) = (Mutex::new(Some(work)), Mutex::new(Some(thread)));
        Ok(Self { rank, count, work, thread, sums_f32, sums_f64 })
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
        let _sent = self.send(Box::new(move |world| world.abort(i32::from(status))));
        std::thread::sleep(std::time::Duration::from_secs(5));
        std::process::exit(i32::from(status))
    }

    fn send(&self, work: Work) -> Result<(), Error> {
        let lost = Error::LostRank { rank: self.rank };
        locked(&self.work).as_ref().ok_or(lost)?.send(work).map_err(|_| lost)
    }

    /// Has the thread that talks to MPI do something, and returns where its result comes.
    fn begin<R: Send + 'static>(
        &self,
        work: impl FnOnce(&SimpleCommunicator) -> R + Send + 'static,
    ) -> Result<Receiver<R>, Error> {
        let (answer, found) = channel();
        self.send(Box::new(move |world| {
            let _nobody_waits = answer.send(work(world));
        }))?;
        Ok(found)
    }

    fn wait<R>(&self, found: &Receiver<R>) -> Result<R, Error> {
        found.recv().map_err(|_| Error::LostRank { rank: self.rank })
    }

    fn gather_numbers<T: Float + Equivalence + 'static>(
        &self,
        mine: &[T],
        len_of: &dyn Fn(usize) -> usize,
        all: &mut [T],
    ) -> Result<(), Error> {
        let (lens, mine) = ((0..self.count).map(len_of).collect::<Vec<_>>(), mine.to_vec());
        let found = self.begin(move |world| all_gather(world, &mine, &lens))?;
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
        let (shards, len, parts) = (*shards, first.len(), [first, others].concat());
        let (rank, count) = (self.rank, self.count);
        let found =
            self.begin(move |world| sum::sum(world, &shards, (rank, count), len, &parts))?;
        locked(sums).insert(slot, found);
        Ok(())
    }

    fn end<T: Float>(&self, sums: &Sums<T>, slot: usize, sum: &mut [T]) -> Result<(), Error> {
        let found = locked(sums).remove(&slot);
        let found = self.wait(&found.ok_or(Error::LostRank { rank: self.rank })?)?;
        sum.copy_from_slice(&found);
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

/// What all ranks give, one after the other.
fn all_gather<T: Float + Equivalence>(
    world: &SimpleCommunicator,
    mine: &[T],
    lens: &[usize],
) -> Vec<T> {
    let (counts, starts, len) = places(lens);
    let mut all = vec![T::ZERO; len];
    world.all_gather_varcount_into(mine, &mut PartitionMut::new(&mut all[..], counts, starts));
    all
}

/// Counts and starts of pieces that lie one after the other, as MPI wants them, and the length of all.
fn places(lens: &[usize]) -> (Vec<Count>, Vec<Count>, usize) {
    let mut end = 0;
    let count = |len| Count::try_from(len).unwrap_or(Count::MAX);
    let starts = lens.iter().map(|len| {
        let start = count(end);
        end += len;
        start
    });
    let starts = starts.collect();
    (lens.iter().map(|&len| count(len)).collect(), starts, end)
}
