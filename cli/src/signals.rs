//! Signals of the operating system to a run.
//!
//! The first Ctrl-C, SIGTERM or SIGHUP (the terminal is gone) asks the run to stop well, the second one
//! stops it at once; SIGXCPU, the limit of processor time, asks too; SIGUSR1 asks for a checkpoint. A
//! signal that the process was started to ignore, as `nohup` does with SIGHUP, is ignored. SIGQUIT ends
//! the process as always. On systems without signals nobody ever asks.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

/// Requests since the run began.
#[derive(Clone, Debug, Default)]
pub(crate) struct Signals {
    /// The number of the signal that asks to stop; 0 for none.
    stop: Arc<AtomicUsize>,
    checkpoint: Arc<AtomicBool>,
}

/// Those of this process, once it listens.
static SIGNALS: OnceLock<Signals> = OnceLock::new();

/// The signal that asked this process to stop, if it listens and one came.
pub(crate) fn asked_to_stop() -> Option<u8> {
    SIGNALS.get().and_then(Signals::stop)
}

/// Whether somebody asked this process to stop.
pub(crate) fn is_stop_asked() -> bool {
    asked_to_stop().is_some()
}

/// Makes errors of what would otherwise end the process by a signal: a file that reaches the limit of
/// `ulimit -f` is one that cannot be written, and where there is no memory for something, the exit status
/// is 1.
#[cfg(unix)]
pub(crate) fn survive_limits() -> std::io::Result<()> {
    use signal_hook::consts::{SIGABRT, SIGXFSZ};
    use signal_hook::flag;

    // Whoever handles the signal gets an error from the write as well.
    flag::register(SIGXFSZ, Arc::default())?;
    // Rust says what it has no memory for, and then aborts.
    flag::register_conditional_shutdown(SIGABRT, 1, Arc::new(AtomicBool::new(true)))?;
    Ok(())
}

/// There are no such signals.
#[cfg(not(unix))]
pub(crate) fn survive_limits() -> std::io::Result<()> {
    Ok(())
}

impl Signals {
    /// Listens from now on.
    #[cfg(unix)]
    pub(crate) fn listen() -> std::io::Result<Self> {
        use barenet_blas::is_signal_ignored;
        use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGUSR1, SIGXCPU};
        use signal_hook::flag;

        let signals = SIGNALS.get_or_init(Self::default).clone();
        // One flag for all: whichever signal comes second stops the run.
        let asked = Arc::new(AtomicBool::new(false));
        for signal in [SIGINT, SIGTERM, SIGHUP, SIGXCPU] {
            if is_signal_ignored(signal) {
                continue;
            }
            // SIGXCPU comes again every second, and nobody means anything by it.
            if signal != SIGXCPU {
                // In this order: the first signal finds the flag unset, and then sets it.
                flag::register_conditional_shutdown(signal, 128 + signal, Arc::clone(&asked))?;
                flag::register(signal, Arc::clone(&asked))?;
            }
            let number = usize::try_from(signal).unwrap_or(0);
            flag::register_usize(signal, Arc::clone(&signals.stop), number)?;
        }
        if !is_signal_ignored(SIGUSR1) {
            flag::register(SIGUSR1, Arc::clone(&signals.checkpoint))?;
        }
        Ok(signals)
    }

    /// Listens from now on.
    #[cfg(not(unix))]
    pub(crate) fn listen() -> std::io::Result<Self> {
        Ok(SIGNALS.get_or_init(Self::default).clone())
    }

    /// The signal that asks to stop, if one came.
    pub(crate) fn stop(&self) -> Option<u8> {
        u8::try_from(self.stop.load(Ordering::Relaxed)).ok().filter(|&signal| signal != 0)
    }

    /// Whether a checkpoint was asked for since the last call.
    pub(crate) fn checkpoint(&self) -> bool {
        self.checkpoint.swap(false, Ordering::Relaxed)
    }
}

/// A run that was stopped well.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Stopped {
    /// Before its end.
    #[error("stopped at iteration {iteration}; resume with: {resume}")]
    Early {
        /// The signal.
        signal: u8,
        /// Steps done.
        iteration: usize,
        /// The command that resumes the run.
        resume: String,
    },
    /// A sweep, before its end.
    #[error("stopped with {done} of {all} trials; the same command goes on with it")]
    Sweep {
        /// The signal.
        signal: u8,
        /// Trials that have ended.
        done: usize,
        /// All trials.
        all: usize,
    },
    /// Before it had anything to keep.
    #[error("stopped before its end; nothing was written")]
    Nothing {
        /// The signal.
        signal: u8,
    },
    /// When it only waited for what it had printed to be read.
    #[error("{what}; stopped before all that it printed was read")]
    Unread {
        /// The signal.
        signal: u8,
        /// The work that is complete.
        what: String,
    },
}

impl Stopped {
    /// The signal that stopped it.
    pub(crate) const fn signal(&self) -> u8 {
        match self {
            Self::Early { signal, .. }
            | Self::Sweep { signal, .. }
            | Self::Nothing { signal }
            | Self::Unread { signal, .. } => *signal,
        }
    }
}
