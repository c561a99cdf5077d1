//! A thread that prints, so that nobody else has to wait for whoever reads.

use super::streams::unless_closed;
use crate::signals;
use std::fmt;
use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// Bytes that wait for a reader at most. More than a minute of events, and no memory to speak of.
const LIMIT: usize = 32 << 20;

/// Bytes that are written at once: as many as a pipe holds.
const PIECE: usize = 1 << 16;

/// How long a reader may take nothing, once somebody wants to stop.
const PATIENCE: Duration = Duration::from_secs(1);

/// How long a reader may take for the rest, once somebody wants to stop.
const LAST_PATIENCE: Duration = Duration::from_secs(5);

/// Receiver of bytes.
type Sink = Box<dyn FnMut(&[u8]) -> io::Result<()> + Send>;

/// Work that is done now and then while nothing is printed, and once at the end.
pub(super) trait Tick: Send + 'static {
    fn tick(&self);
    fn end(&self);
}

impl Tick for () {
    fn tick(&self) {}
    fn end(&self) {}
}

/// Prints lines in their order, on a thread of its own. What a slow reader has not taken waits; if that
/// is too much, lines are left out, and a line in their place says how many.
pub(super) struct Printer {
    shared: Arc<Shared>,
    /// Note that lines are missing.
    note: fn(u64) -> String,
    limit: usize,
    /// Whether there is a thread: where the system starts none, whoever prints waits.
    has_thread: bool,
}

struct Shared {
    sink: Mutex<Sink>,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    waiting: Vec<u8>,
    /// Bytes that the sink has been given and has not taken.
    in_hand: usize,
    /// Bytes that it has taken.
    taken: u64,
    /// Lines left out since the last one that was not.
    left_out: u64,
    /// Whether lines are taken however many wait.
    takes_all: bool,
    is_closed: bool,
    has_ended: bool,
    /// Whether the sink failed, so that nothing more is printed, and why.
    has_failed: bool,
    failure: Option<io::Error>,
}

impl fmt::Debug for Printer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Printer").field("has_thread", &self.has_thread).finish_non_exhaustive()
    }
}

impl Printer {
    pub(super) fn new(sink: Sink, note: fn(u64) -> String) -> Self {
        Self::with_tick(sink, note, Duration::MAX, ())
    }

    /// Does something every so often, too, if the system starts a thread for it.
    pub(super) fn with_tick(
        sink: Sink,
        note: fn(u64) -> String,
        interval: Duration,
        tick: impl Tick,
    ) -> Self {
        let shared = Arc::new(Shared {
            sink: Mutex::new(sink),
            state: Mutex::default(),
            changed: Condvar::new(),
        });
        let own = Arc::clone(&shared);
        let work = move || {
            own.work(interval, &tick);
            tick.end();
            own.state().has_ended = true;
            own.changed.notify_all();
        };
        let has_thread =
            thread::Builder::new().name("barenet-print".to_owned()).spawn(work).is_ok();
        Self { shared, note, limit: LIMIT, has_thread }
    }

    pub(super) const fn has_thread(&self) -> bool {
        self.has_thread
    }

    /// Prints a line, later. Returns whether that is still possible.
    pub(super) fn print(&self, line: &str) -> bool {
        let mut state = self.shared.state();
        if state.has_failed || state.is_closed {
            return false;
        }
        let size = state.waiting.len() + state.in_hand;
        // Once lines were left out, there must be room for many more before the next is taken.
        let limit = if state.left_out > 0 { self.limit / 2 } else { self.limit };
        if size + line.len() >= limit && !state.takes_all {
            state.left_out += 1;
            return true;
        }
        self.add_note(&mut state);
        state.waiting.extend_from_slice(line.as_bytes());
        state.waiting.push(b'\n');
        if self.has_thread {
            self.shared.changed.notify_all();
        } else {
            self.shared.print_all(state);
        }
        true
    }

    fn add_note(&self, state: &mut State) {
        if state.left_out > 0 {
            let note = (self.note)(std::mem::take(&mut state.left_out));
            state.waiting.extend_from_slice(note.as_bytes());
            state.waiting.push(b'\n');
        }
    }

    /// From now on leaves out nothing.
    pub(super) fn take_all(&self) {
        self.shared.state().takes_all = true;
    }

    /// Waits until all is printed, however long the reader takes; but only as long as it takes something,
    /// and not for long, with `hurry` or once somebody wants to stop. Returns whether all was printed, as
    /// far as it could be.
    pub(super) fn end(&self, hurry: bool) -> bool {
        let mut state = self.shared.state();
        if !state.is_closed {
            self.add_note(&mut state);
            state.is_closed = true;
            self.shared.changed.notify_all();
        }
        if !self.has_thread {
            self.shared.print_all(state);
            return true;
        }
        let mut asked = None;
        let mut last = (state.taken, Instant::now());
        while !state.has_ended {
            let wait = Duration::from_millis(50);
            let waited = self.shared.changed.wait_timeout(state, wait);
            (state, _) = waited.unwrap_or_else(PoisonError::into_inner);
            if !hurry && !signals::is_stop_asked() {
                continue;
            }
            let since = *asked.get_or_insert_with(|| {
                last = (state.taken, Instant::now());
                Instant::now()
            });
            if state.taken > last.0 {
                last = (state.taken, Instant::now());
            }
            if last.1.elapsed() > PATIENCE || since.elapsed() > LAST_PATIENCE {
                return false;
            }
        }
        true
    }

    /// Why something could not be printed, if that was so.
    pub(super) fn failure(&self) -> Option<io::Error> {
        self.shared.state().failure.take()
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The life of the thread.
    fn work(&self, interval: Duration, tick: &impl Tick) {
        loop {
            let mut state = self.state();
            while state.waiting.is_empty() && !state.is_closed {
                let waited = self.changed.wait_timeout(state, interval);
                let (again, timeout) = waited.unwrap_or_else(PoisonError::into_inner);
                state = again;
                if timeout.timed_out() {
                    drop(state);
                    tick.tick();
                    state = self.state();
                }
            }
            if state.waiting.is_empty() {
                return;
            }
            self.print_all(state);
        }
    }

    /// Prints what waits.
    fn print_all(&self, mut state: MutexGuard<'_, State>) {
        let bytes = std::mem::take(&mut state.waiting);
        state.in_hand = bytes.len();
        drop(state);
        let mut sink = self.sink.lock().unwrap_or_else(PoisonError::into_inner);
        for piece in bytes.chunks(PIECE) {
            let result = sink(piece);
            let mut state = self.state();
            state.in_hand -= piece.len();
            state.taken += u64::try_from(piece.len()).unwrap_or(0);
            if let Err(error) = result {
                // Neither a reader that went away nor a disk that is full is a reason to stop.
                state.failure = unless_closed(Err(error)).err();
                state.has_failed = true;
                state.in_hand = 0;
                state.waiting = Vec::new();
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests;
