//! One piece of work, on the stack of the thread that offers it.

use super::queue::JobRef;
use core::cell::UnsafeCell;
use core::sync::atomic::{AtomicBool, Ordering};
use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

/// A piece of work that either its owner or one other thread runs.
pub(super) struct StackJob<F> {
    work: UnsafeCell<Option<F>>,
    panic: UnsafeCell<Option<Box<dyn Any + Send>>>,
    is_done: AtomicBool,
}

impl<F: FnOnce() + Send> StackJob<F> {
    pub(super) const fn new(work: F) -> Self {
        Self {
            work: UnsafeCell::new(Some(work)),
            panic: UnsafeCell::new(None),
            is_done: AtomicBool::new(false),
        }
    }

    pub(super) fn address(&self) -> *const () {
        core::ptr::from_ref(self).cast()
    }

    /// Pointer to it, for a queue.
    ///
    /// # Safety
    ///
    /// The job must stay where it is until it is done or has been taken out of the queue, and the
    /// reference must go into one queue, once.
    pub(super) unsafe fn as_job_ref(&self) -> JobRef {
        JobRef { job: self.address(), run: Self::run }
    }

    /// Runs a stolen job.
    ///
    /// # Safety
    ///
    /// `job` must come from [`Self::as_job_ref`], and out of a queue, which gives it to one thread
    /// only.
    unsafe fn run(job: *const ()) {
        // SAFETY: the promises of `as_job_ref`: the job is alive until `is_done` is set below, and no
        // other thread touches its cells before that.
        let job = unsafe { &*job.cast::<Self>() };
        // SAFETY: as above.
        let work = unsafe { (*job.work.get()).take() };
        if let Some(work) = work
            && let Err(panic) = catch_unwind(AssertUnwindSafe(work))
        {
            // SAFETY: as above.
            unsafe { *job.panic.get() = Some(panic) };
        }
        // From here on the owner may return, and the job be gone.
        job.is_done.store(true, Ordering::Release);
    }

    pub(super) fn is_done(&self) -> bool {
        self.is_done.load(Ordering::Acquire)
    }

    /// Runs a job that was taken back, or never offered.
    pub(super) fn run_here(self) {
        if let Some(work) = self.work.into_inner() {
            work();
        }
    }

    /// Panics if the work, done by another thread, did.
    pub(super) fn pass_on_panic(self) {
        if let Some(panic) = self.panic.into_inner() {
            resume_unwind(panic);
        }
    }
}
