//! The terminal while something is drawn on all of it, and how it becomes what it was.

use ratatui::crossterm::cursor::{Hide, Show};
use ratatui::crossterm::execute;
use ratatui::crossterm::terminal::{EnterAlternateScreen, LeaveAlternateScreen};
use std::cell::Cell;
use std::io;
use std::panic;
use std::sync::{Mutex, Once, PoisonError};

/// How the terminal was, while it is taken.
static TAKEN: Mutex<Option<Before>> = Mutex::new(None);

/// The state of a terminal that is not on its screen.
#[derive(Debug)]
struct Before {
    #[cfg(unix)]
    modes: Option<rustix::termios::Termios>,
}

/// Takes the whole terminal: what is on it comes back with [`give_back`], also before the message of a panic.
pub(super) fn take() -> io::Result<()> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |panic| {
            give_back();
            before(panic);
        }));
    });
    let Ok(mut taken) = TAKEN.lock() else { return Err(io::Error::other("a panic")) };
    let before = Before {
        #[cfg(unix)]
        modes: silence(),
    };
    execute!(io::stdout(), EnterAlternateScreen, Hide)?;
    *taken = Some(before);
    Ok(())
}

thread_local! {
    /// Whether this thread draws: then it has the lock, and a panic of it must not wait for that.
    static DRAWS: Cell<bool> = const { Cell::new(false) };
}

/// Does something while the terminal is taken, and nothing once it was given back.
pub(super) fn while_taken(work: impl FnOnce() -> io::Result<()>) -> io::Result<()> {
    match TAKEN.lock() {
        Ok(taken) if taken.is_some() => {
            DRAWS.set(true);
            let result = work();
            DRAWS.set(false);
            result
        }
        _ => Ok(()),
    }
}

/// Makes the terminal what it was, if it is taken.
pub(super) fn give_back() {
    if DRAWS.get() {
        // The rest is done by whoever ends the drawing.
        return show_again();
    }
    let before = TAKEN.lock().unwrap_or_else(PoisonError::into_inner).take();
    if let Some(before) = before {
        show_again();
        #[cfg(unix)]
        restore(before.modes.as_ref());
        #[cfg(not(unix))]
        let _nothing = before;
    }
}

fn show_again() {
    // Of a terminal that is gone nothing comes back.
    let _gone = execute!(io::stdout(), LeaveAlternateScreen, Show);
}

/// Keys that are pressed do not show, and none stops the output or suspends the process in the middle of a picture; Ctrl-C
/// stays what it is.
#[cfg(unix)]
fn silence() -> Option<rustix::termios::Termios> {
    use rustix::termios::{
        InputModes, LocalModes, OptionalActions, SpecialCodeIndex, tcgetattr, tcsetattr,
    };
    let before = tcgetattr(io::stdout()).ok()?;
    let mut modes = before.clone();
    modes.local_modes.remove(LocalModes::ECHO | LocalModes::ICANON);
    modes.input_modes.remove(InputModes::IXON);
    for key in [SpecialCodeIndex::VSUSP, SpecialCodeIndex::VQUIT] {
        modes.special_codes[key] = 0;
    }
    tcsetattr(io::stdout(), OptionalActions::Now, &modes).ok()?;
    Some(before)
}

/// Restores the modes. Keys that were pressed meanwhile are nobody's: whatever reads next does not get them.
#[cfg(unix)]
fn restore(modes: Option<&rustix::termios::Termios>) {
    use rustix::termios::{OptionalActions, tcsetattr};
    if let Some(modes) = modes {
        let _gone = tcsetattr(io::stdout(), OptionalActions::Flush, modes);
    }
}
