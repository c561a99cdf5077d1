//! The observers of a run that flags ask for.

use super::beside::Observers;
#[cfg(feature = "tensorboard")]
use super::board;
use crate::console::Console;
use barenet_run::session::Session;

/// The observers that flags ask for.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Wanted {
    /// An event file for TensorBoard.
    pub(super) tensorboard: bool,
}

impl Wanted {
    /// Begins them, once the run is begun.
    #[cfg_attr(not(feature = "tensorboard"), allow(unused_variables, unused_mut))]
    pub(super) fn begin<'a>(self, session: &'a Session<'_>, console: &Console) -> Observers<'a> {
        let mut observers: Observers<'a> = Vec::new();
        #[cfg(feature = "tensorboard")]
        observers.extend(board::begin(session, self.tensorboard, console));
        observers
    }
}
