//! A team of threads that divides small work.
//!
//! A training step of a small network hands out dozens of pieces of a few microseconds each. Waking a
//! sleeping thread costs more than such a piece, so the members of this team, when they run out of
//! work, look for new work for a moment ([`PATIENCE`]) before they sleep. Each member has a queue of
//! the pieces that it offers: it takes the newest back itself, others steal the oldest, which is the
//! largest.

mod job;
mod queue;

use barenet::Machine;
use core::cell::Cell;
use core::hint::spin_loop;
use core::num::NonZero;
use core::sync::atomic::{AtomicBool, AtomicUsize, Ordering, fence};
use job::StackJob;
use queue::{JobRef, Queue};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// How long a member without work looks for some before it sleeps. Longer than the pieces of a step
/// that only one thread can do, short enough not to heat an idle machine.
const PATIENCE: Duration = Duration::from_micros(200);

/// Members of a team, at most: more than any machine has CPUs, and their queues still take little memory.
const MAX_SIZE: usize = 1 << 14;

/// Looks at the queues between two looks at the clock.
const LOOKS: u32 = 64;

thread_local! {
    /// The team that this thread belongs to, by address, and its place there.
    static SEAT: Cell<(usize, usize)> = const { Cell::new((0, 0)) };
}

/// Threads that share the work of [`Machine::join`].
///
/// The thread that calls [`Self::install`] is one of the team while its work lasts.
#[derive(Debug)]
pub(crate) struct Team {
    shared: Arc<Shared>,
    workers: Vec<JoinHandle<()>>,
}

#[derive(Debug)]
struct Shared {
    /// One for each member; the first is that of the caller.
    queues: Box<[Queue]>,
    /// Whether a caller has the first place. A second caller works alone.
    is_taken: AtomicBool,
    /// Members that sleep and that nobody is waking yet.
    sleepers: AtomicUsize,
    /// How many of them have been told to wake.
    wake_ups: Mutex<usize>,
    bell: Condvar,
    is_closing: AtomicBool,
    /// Looks for work in vain before a member lets others have its CPU.
    stubbornness: u32,
}

impl Team {
    /// Starts a team of `size` members: the caller and `size - 1` threads. If the system does not start
    /// them all, the team is those that it started, and the second value says why.
    pub(crate) fn new(size: usize) -> (Self, Option<io::Error>) {
        if size > MAX_SIZE {
            let text = format!("{size} threads: at most {MAX_SIZE} work together");
            let refusal = io::Error::new(io::ErrorKind::InvalidInput, text);
            return (Self::new(1).0, Some(refusal));
        }
        Self::start(size, |place, shared| {
            let builder = thread::Builder::new().name(format!("barenet-{place}"));
            builder.spawn(move || shared.work(place))
        })
    }

    fn start(
        size: usize,
        spawn: impl Fn(usize, Arc<Shared>) -> io::Result<JoinHandle<()>>,
    ) -> (Self, Option<io::Error>) {
        let shared = Arc::new(Shared {
            queues: (0..size.max(1)).map(|_| Queue::default()).collect(),
            is_taken: AtomicBool::new(false),
            sleepers: AtomicUsize::new(0),
            wake_ups: Mutex::new(0),
            bell: Condvar::new(),
            is_closing: AtomicBool::new(false),
            // With more members than CPUs, who has the work may be waiting for this CPU.
            stubbornness: if size > cpus() { 16 } else { 1 << 12 },
        });
        let mut team = Self { shared, workers: Vec::new() };
        for place in 1..size {
            match spawn(place, Arc::clone(&team.shared)) {
                Ok(worker) => team.workers.push(worker),
                // Nobody takes the places that are left, and so nobody offers work there.
                Err(error) => return (team, Some(error)),
            }
        }
        (team, None)
    }

    /// How many members it has, the caller included.
    pub(crate) fn size(&self) -> usize {
        self.workers.len() + 1
    }

    /// Runs `work` on this thread as one of the team.
    pub(crate) fn install<R>(&self, work: impl FnOnce() -> R) -> R {
        let _seat = self.shared.place_of_this_thread().is_none().then(|| self.shared.take_seat());
        work()
    }
}

impl Drop for Team {
    fn drop(&mut self) {
        self.shared.is_closing.store(true, Ordering::SeqCst);
        self.shared.wake(self.size());
        for worker in self.workers.drain(..) {
            // A worker catches the panics of its jobs: there is nothing to report.
            let _ended = worker.join();
        }
    }
}

impl Machine for Team {
    fn join(&self, a: impl FnOnce() + Send, b: impl FnOnce() + Send) {
        self.install(|| match self.shared.place_of_this_thread() {
            Some(place) => self.shared.join(place, a, b),
            None => {
                a();
                b();
            }
        });
    }

    fn num_threads(&self) -> usize {
        self.size()
    }
}

/// How many CPUs this process may use: what settings mean by 0 threads.
#[must_use]
pub fn cpus() -> usize {
    thread::available_parallelism().map_or(1, NonZero::get)
}

/// The first place, for as long as a caller needs it.
struct Seat<'a> {
    shared: &'a Shared,
    before: (usize, usize),
}

impl Drop for Seat<'_> {
    fn drop(&mut self) {
        SEAT.set(self.before);
        self.shared.is_taken.store(false, Ordering::Release);
    }
}

impl Shared {
    fn address(&self) -> usize {
        core::ptr::from_ref(self).addr()
    }

    fn place_of_this_thread(&self) -> Option<usize> {
        let (team, place) = SEAT.get();
        (team == self.address()).then_some(place)
    }

    /// Takes the first place, if nobody has it.
    fn take_seat(&self) -> Option<Seat<'_>> {
        let free = self
            .is_taken
            .compare_exchange(false, true, Ordering::Acquire, Ordering::Relaxed)
            .is_ok();
        free.then(|| Seat { shared: self, before: SEAT.replace((self.address(), 0)) })
    }

    fn join(&self, place: usize, a: impl FnOnce() + Send, b: impl FnOnce() + Send) {
        let b = StackJob::new(b);
        let own = &self.queues[place];
        // SAFETY: this function returns only after the job has run or has been taken back.
        let offered = own.push(unsafe { b.as_job_ref() });
        if offered {
            self.wake_one_for_a_push();
        }
        // A panic in `a` must not unwind past `b`, which another thread may be running.
        let result = catch_unwind(AssertUnwindSafe(a));
        if offered && !own.take_back(b.address()) {
            self.help_until(place, || b.is_done());
            b.pass_on_panic();
        } else if result.is_ok() {
            b.run_here();
        }
        if let Err(panic) = result {
            resume_unwind(panic);
        }
    }

    /// Does the work of others, if there is some, until `is_done`.
    fn help_until(&self, place: usize, is_done: impl Fn() -> bool) {
        let mut idle = 0_u32;
        while !is_done() {
            if let Some(job) = self.steal(place) {
                job.run();
                idle = 0;
            } else {
                idle += 1;
                self.pause(idle);
            }
        }
    }

    /// The life of a worker.
    fn work(&self, place: usize) {
        SEAT.set((self.address(), place));
        let mut idle_since = None;
        let mut looks = 0_u32;
        loop {
            if let Some(job) = self.steal(place) {
                job.run();
                (idle_since, looks) = (None, 0);
                continue;
            }
            looks += 1;
            self.pause(looks);
            if !looks.is_multiple_of(LOOKS) {
                continue;
            }
            if self.is_closing.load(Ordering::Relaxed) {
                return;
            }
            if idle_since.get_or_insert_with(Instant::now).elapsed() > PATIENCE {
                self.sleep();
                idle_since = None;
            }
        }
    }

    fn pause(&self, looks: u32) {
        if looks.is_multiple_of(self.stubbornness) {
            thread::yield_now();
        }
        spin_loop();
    }

    /// The oldest job of another member.
    fn steal(&self, place: usize) -> Option<JobRef> {
        let (before, after) = self.queues.split_at_checked(place)?;
        after.iter().skip(1).chain(before).find_map(Queue::steal)
    }

    /// Sleeps until there is work.
    fn sleep(&self) {
        let mut wake_ups = self.wake_ups.lock().unwrap_or_else(PoisonError::into_inner);
        self.sleepers.fetch_add(1, Ordering::SeqCst);
        // Whoever pushed before it could see this sleeper must be seen here.
        fence(Ordering::SeqCst);
        let nothing_to_do = self.queues.iter().all(Queue::looks_empty);
        if nothing_to_do && !self.is_closing.load(Ordering::SeqCst) {
            while *wake_ups == 0 {
                wake_ups = self.bell.wait(wake_ups).unwrap_or_else(PoisonError::into_inner);
            }
            *wake_ups -= 1;
        } else {
            self.sleepers.fetch_sub(1, Ordering::SeqCst);
        }
    }

    fn wake_one_for_a_push(&self) {
        // Either this sees the sleeper, or the sleeper sees the job.
        fence(Ordering::SeqCst);
        if self.sleepers.load(Ordering::SeqCst) > 0 {
            self.wake(1);
        }
    }

    /// Wakes up to so many sleepers.
    fn wake(&self, at_most: usize) {
        let mut wake_ups = self.wake_ups.lock().unwrap_or_else(PoisonError::into_inner);
        let count = self.sleepers.load(Ordering::SeqCst).min(at_most);
        self.sleepers.fetch_sub(count, Ordering::SeqCst);
        *wake_ups += count;
        drop(wake_ups);
        for _ in 0..count {
            self.bell.notify_one();
        }
    }
}

#[cfg(test)]
mod tests;
