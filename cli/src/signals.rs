//! What the operating system tells a run while it works.
//!
//! The first Ctrl-C or SIGTERM asks the run to stop well, the second one stops it at once; SIGUSR1
//! asks for a checkpoint. On systems without signals nobody ever asks.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// What was asked for since the run began.
#[derive(Clone, Debug, Default)]
pub struct Signals {
    /// The number of the signal that asks to stop; 0 for none.
    stop: Arc<AtomicUsize>,
    checkpoint: Arc<AtomicBool>,
}

impl Signals {
    /// Listens from now on.
    ///
    /// # Errors
    ///
    /// If the operating system refuses.
    #[cfg(unix)]
    pub fn listen() -> std::io::Result<Self> {
        use signal_hook::consts::{SIGINT, SIGTERM, SIGUSR1};
        use signal_hook::flag;

        let signals = Self::default();
        // One flag for both: whichever signal comes second stops the run.
        let asked = Arc::new(AtomicBool::new(false));
        for signal in [SIGINT, SIGTERM] {
            // In this order: the first signal finds the flag unset, and then sets it.
            flag::register_conditional_shutdown(signal, 128 + signal, Arc::clone(&asked))?;
            flag::register(signal, Arc::clone(&asked))?;
            let number = usize::try_from(signal).unwrap_or(0);
            flag::register_usize(signal, Arc::clone(&signals.stop), number)?;
        }
        flag::register(SIGUSR1, Arc::clone(&signals.checkpoint))?;
        Ok(signals)
    }

    /// Listens from now on.
    ///
    /// # Errors
    ///
    /// Never.
    #[cfg(not(unix))]
    pub fn listen() -> std::io::Result<Self> {
        Ok(Self::default())
    }

    /// The signal that asks to stop, if one came.
    #[must_use]
    pub fn stop(&self) -> Option<u8> {
        u8::try_from(self.stop.load(Ordering::Relaxed)).ok().filter(|&signal| signal != 0)
    }

    /// Whether a checkpoint was asked for since the last call.
    #[must_use]
    pub fn checkpoint(&self) -> bool {
        self.checkpoint.swap(false, Ordering::Relaxed)
    }
}

/// A run that was stopped well.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("stopped at iteration {iteration}; go on with: {go_on}")]
pub struct Stopped {
    /// The signal.
    pub signal: u8,
    /// Steps done.
    pub iteration: usize,
    /// The command that goes on with the run.
    pub go_on: String,
}
