//! What all ranks give, one after the other.

use crate::flight::{Flight, Pieces};
use crate::talk::{Lines, Operation};
use mpi::traits::Equivalence;
use std::sync::mpsc::Sender;

/// Numbers of all ranks that are handed out.
struct Gather<T> {
    flight: Option<Flight<T>>,
    answer: Sender<Vec<T>>,
}

/// Begins to hand `mine` out, of which ranks have `lens`.
pub(crate) fn gather<T: Equivalence + Copy + Default + 'static>(
    lines: &Lines,
    mine: Vec<T>,
    lens: Vec<usize>,
    answer: Sender<Vec<T>>,
) -> Box<dyn Operation> {
    let (len, from) = (mine.len(), Pieces::new(lens.into_iter()));
    let flight = Flight::all_gather(&lines.gathers, mine, len, Vec::new(), from);
    Box::new(Gather { flight: Some(flight), answer })
}

impl<T: Equivalence + Copy + Default> Operation for Gather<T> {
    fn advance(&mut self, _lines: &Lines) -> bool {
        if !self.flight.as_mut().is_none_or(Flight::is_over) {
            return false;
        }
        if let Some(flight) = self.flight.take() {
            let _nobody_waits = self.answer.send(flight.land().1);
        }
        true
    }
}
