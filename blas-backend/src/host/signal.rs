//! Disposition of a signal in this process. (Here, because asking takes `unsafe`.)

/// Whether this process ignores a signal, as one that `nohup` started ignores SIGHUP: who started it
/// wants that, and it should go on so.
///
/// ```
/// // Rust ignores SIGPIPE before `main`; nobody can ignore SIGKILL.
/// assert!(barenet_blas::is_signal_ignored(13));
/// assert!(!barenet_blas::is_signal_ignored(9));
/// ```
#[must_use]
pub fn is_signal_ignored(signal: i32) -> bool {
    let mut action = core::mem::MaybeUninit::<libc::sigaction>::zeroed();
    // SAFETY: without a new action nothing changes, and there is room for the one that is set.
    let failed = unsafe { libc::sigaction(signal, core::ptr::null(), action.as_mut_ptr()) } != 0;
    // SAFETY: the call has filled it in; where it failed, it is all zeros, which are numbers and a
    // function pointer kept as a number.
    !failed && unsafe { action.assume_init() }.sa_sigaction == libc::SIG_IGN
}
