//! The thread that talks to MPI.
//!
//! Operations are under way at the same time: what a rank waits for does not wait for gradients that travel. All ranks begin the
//! operations of a communicator in the same order, which is why there is one for each kind.

use mpi::Threading;
use mpi::topology::SimpleCommunicator;
use mpi::traits::Communicator;
use std::cell::Cell;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, TryRecvError};
use std::thread;
use std::time::{Duration, Instant};

/// Work for the thread: it begins an operation, or has done all there is to do.
pub(crate) type Work = Box<dyn FnOnce(&Lines) -> Option<Box<dyn Operation>> + Send>;

/// Something that takes its time.
pub(crate) trait Operation {
    /// Lets it go on; whether it has come to its end.
    fn advance(&mut self, lines: &Lines) -> bool;
}

/// The communicators.
pub(crate) struct Lines {
    /// All processes.
    pub(crate) world: SimpleCommunicator,
    /// For what all ranks hand out and wait for.
    pub(crate) gathers: SimpleCommunicator,
    /// For shares of gradients.
    pub(crate) shares: SimpleCommunicator,
    /// For their sums.
    pub(crate) sums: SimpleCommunicator,
    /// How many sums were begun, and the one whose result is handed out next: in the order in which they were begun.
    pub(crate) begun: Cell<usize>,
    pub(crate) next: Cell<usize>,
}

/// How long a rank that waits is waited for without giving the CPU away for longer.
const AWAKE: Duration = Duration::from_micros(200);

/// How long the thread sleeps at least, and at most, where nothing has come: after longer waiting, longer.
const SLEEP: (Duration, Duration) = (Duration::from_micros(20), Duration::from_micros(200));
const SHARE: u32 = 8;

/// Joins the job, and does what there is to do until nobody can ask for more. `found` gets the number of this process and how many there
/// are; `waiting` says how many threads wait for something.
pub(crate) fn talk(todo: &Receiver<Work>, found: &Sender<(usize, usize)>, waiting: &AtomicUsize) {
    let joined = mpi::initialize_with_threading(Threading::Funneled);
    let Some((universe, _)) = joined else { return };
    let world = universe.world();
    let number = |found| usize::try_from(found).unwrap_or(0);
    let (gathers, shares, sums) = (world.duplicate(), world.duplicate(), world.duplicate());
    let (begun, next) = (Cell::new(0), Cell::new(0));
    let lines = Lines { world, gathers, shares, sums, begun, next };
    if found.send((number(lines.world.rank()), number(lines.world.size()))).is_err() {
        return;
    }
    let mut under_way: Vec<Box<dyn Operation>> = Vec::new();
    let mut since = Instant::now();
    loop {
        let work = if under_way.is_empty() {
            todo.recv().map_err(|_| TryRecvError::Disconnected)
        } else {
            todo.try_recv()
        };
        let work = match work {
            Ok(work) => Some(work),
            Err(TryRecvError::Disconnected) if under_way.is_empty() => return,
            Err(_) => pause(todo, since.elapsed(), waiting.load(Ordering::Relaxed) > 0),
        };
        if let Some(work) = work {
            since = Instant::now();
            under_way.extend(work(&lines));
        }
        let before = under_way.len();
        under_way.retain_mut(|operation| !operation.advance(&lines));
        if under_way.len() < before {
            since = Instant::now();
        }
    }
}

/// Waits a little, or until there is more to do. The CPU is that of the threads that compute.
fn pause(todo: &Receiver<Work>, elapsed: Duration, is_awaited: bool) -> Option<Work> {
    if is_awaited && elapsed < AWAKE {
        thread::yield_now();
        return None;
    }
    let time = (elapsed / SHARE).clamp(SLEEP.0, SLEEP.1);
    match todo.recv_timeout(time) {
        Ok(work) => Some(work),
        Err(RecvTimeoutError::Timeout) => None,
        Err(RecvTimeoutError::Disconnected) => {
            thread::sleep(time);
            None
        }
    }
}
