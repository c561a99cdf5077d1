//! Norms of gradients and parameters, measured after the last step before each check.

use super::TheSolver;
use crate::buffers::reserve;
use crate::moment::{HISTORY, Histories};
use crate::norms::Norms;
use anyhow::Result;
use barenet::Event;
use barenet_model::number::Number;

/// Adds norms to the histories if a check comes next. They are measured after the step and not with the check, as a run that is
/// resumed between the two has its gradients no more.
///
/// # Errors
///
/// If there is not enough memory.
pub(super) fn add_if_due<T: Number>(
    solver: &TheSolver<'_, T>,
    event: &Event<T>,
    histories: &mut Histories<T>,
) -> Result<()> {
    let check = solver.progress().num_checks;
    // Of a run that began without them, they are not measured later on.
    if !solver.check_is_due() || histories.grad_norm.len() != check {
        return Ok(());
    }
    let norms = match event {
        Event::Step { .. } => {
            Some(Norms { grad_norm: solver.grad_norm(), weight_norm: solver.weight_norm() })
        }
        // Where an epoch is one step, two checks follow the first.
        Event::Epoch { epoch, .. } => histories.norms_of(*epoch),
    };
    norms.map_or(Ok(()), |norms| histories.add_norms(norms))
}

/// The norms of the checks that were done.
///
/// # Errors
///
/// If there is not enough memory.
pub(super) fn of_checks<T: Number>(histories: &Histories<T>) -> Result<Vec<Norms>> {
    let mut norms = reserve(histories.val.len(), HISTORY)?;
    norms.extend((0..histories.val.len()).map_while(|check| histories.norms_of(check)));
    Ok(norms)
}
