//! The jobs that one member of a team offers.

use core::cell::UnsafeCell;
use core::hint::spin_loop;
use core::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

/// A job on another thread's stack.
#[derive(Clone, Copy, Debug)]
pub(super) struct JobRef {
    pub(super) job: *const (),
    pub(super) run: unsafe fn(*const ()),
}

impl JobRef {
    pub(super) fn run(self) {
        // SAFETY: `StackJob::as_job_ref` made the pair, and the queue that this came out of held it
        // once and gives it away once.
        unsafe { (self.run)(self.job) }
    }
}

/// Nested joins offer one job a level, and every level halves the work.
const CAPACITY: usize = 64;

/// A queue under a spin lock, which is held for a few instructions. On cache lines of its own.
#[derive(Debug)]
#[repr(align(128))]
pub(super) struct Queue {
    is_locked: AtomicBool,
    /// Number of jobs, to be looked at without the lock.
    len: AtomicUsize,
    /// The oldest first.
    jobs: UnsafeCell<[Option<JobRef>; CAPACITY]>,
}

// SAFETY: `jobs` is touched only under the lock. A job is made of `Send` work, and what its owner keeps
// of it is synchronised by its `is_done`.
unsafe impl Sync for Queue {}
// SAFETY: as above; nothing in a queue belongs to the thread that made it.
unsafe impl Send for Queue {}

impl Default for Queue {
    fn default() -> Self {
        Self {
            is_locked: AtomicBool::new(false),
            len: AtomicUsize::new(0),
            jobs: UnsafeCell::new([None; CAPACITY]),
        }
    }
}

impl Queue {
    /// Whether there was nothing to steal a moment ago.
    pub(super) fn looks_empty(&self) -> bool {
        self.len.load(Ordering::SeqCst) == 0
    }

    fn locked<R>(
        &self,
        action: impl FnOnce(&mut [Option<JobRef>; CAPACITY], usize) -> (usize, R),
    ) -> R {
        let mut spins = 0_u32;
        while self
            .is_locked
            .compare_exchange_weak(false, true, Ordering::Acquire, Ordering::Relaxed)
            .is_err()
        {
            spin_loop();
            spins += 1;
            if spins.is_multiple_of(1 << 10) {
                // The thread that has the lock may be waiting for this CPU.
                thread::yield_now();
            }
        }
        // SAFETY: this thread has the lock.
        let jobs = unsafe { &mut *self.jobs.get() };
        let (len, result) = action(jobs, self.len.load(Ordering::Relaxed));
        self.len.store(len, Ordering::SeqCst);
        self.is_locked.store(false, Ordering::Release);
        result
    }

    /// Offers a job; `false` if there is no room.
    pub(super) fn push(&self, job: JobRef) -> bool {
        self.locked(|jobs, len| match jobs.get_mut(len) {
            Some(place) => {
                *place = Some(job);
                (len + 1, true)
            }
            None => (len, false),
        })
    }

    /// Takes out the newest job if it is this one; `false` if somebody has stolen it.
    pub(super) fn take_back(&self, job: *const ()) -> bool {
        self.locked(|jobs, len| {
            let newest = len.checked_sub(1).and_then(|last| jobs.get_mut(last));
            match newest {
                Some(place) if place.is_some_and(|newest| core::ptr::eq(newest.job, job)) => {
                    *place = None;
                    (len - 1, true)
                }
                _ => (len, false),
            }
        })
    }

    /// Takes out the oldest job.
    pub(super) fn steal(&self) -> Option<JobRef> {
        if self.len.load(Ordering::Relaxed) == 0 {
            return None;
        }
        self.locked(|jobs, len| {
            let oldest = if len > 0 { jobs[0] } else { None };
            jobs.copy_within(1..len.max(1), 0);
            (len.saturating_sub(1), oldest)
        })
    }
}
