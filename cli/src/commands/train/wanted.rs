//! The observers of a run that flags ask for.

use super::beside::Observers;
#[cfg(feature = "tensorboard")]
use super::board;
#[cfg(feature = "tui")]
use super::drawn;
use crate::console::Console;
use anyhow::Result;
use barenet_run::session::Session;

/// The observers that flags ask for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wanted {
    /// An event file for TensorBoard.
    #[cfg(feature = "tensorboard")]
    pub(super) tensorboard: bool,
    /// Curves on all of the terminal: then lines and the bar have no place there.
    pub(super) tui: bool,
}

impl Wanted {
    /// Begins them, once the run is begun.
    #[cfg_attr(not(feature = "tensorboard"), allow(unused_variables))]
    #[cfg_attr(not(any(feature = "tensorboard", feature = "tui")), allow(unused_mut))]
    pub(super) fn begin<'a>(
        self,
        session: &'a Session<'_>,
        console: &Console,
    ) -> Result<Observers<'a>> {
        let mut observers: Observers<'a> = Vec::new();
        #[cfg(feature = "tensorboard")]
        observers.extend(board::begin(session, self.tensorboard, console));
        #[cfg(feature = "tui")]
        if self.tui {
            observers.push(drawn::begin(session)?);
        }
        Ok(observers)
    }
}
