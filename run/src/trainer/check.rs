//! Checks of a metric that takes all outputs at once.

use super::TheSolver;
use crate::figures::of_scores;
use crate::outputs::outputs;
use anyhow::{Context, Result};
use barenet::{Checked, Error, Event, FullyConnectedNet, Weights};
use barenet_blas::Backend;
use barenet_data::samples::Samples;
use barenet_data::split::{Index, Part, Split};
use barenet_data::{DataSet, Task};
use barenet_model::number::Number;
use barenet_model::scales::Scales;

/// The AUC where there is nothing to tell apart: that of chance.
const CHANCE: f64 = 0.5;

/// Does the next piece of work: a check if one is due, otherwise a training step.
pub(super) fn advance<T: Number>(
    solver: &mut TheSolver<'_, T>,
    net: &FullyConnectedNet<'_, T>,
    (data, split): (&DataSet, &Split),
    scales: &Scales<T>,
    backend: &Backend,
) -> Result<Option<Event<T>>> {
    let Some([train, val]) = solver.due_check()? else { return Ok(solver.advance()?) };
    let measure =
        |split: &Split, part| measure(net, solver.weights(), (data, split, part), scales, backend);
    let drawn = Split { train: places(&split.train, train), ..split.clone() };
    let train = match measure(&drawn, Part::Train)? {
        // A rare class may be missing among those that were drawn.
        None if data.task == Task::Classify => measure(split, Part::Train)?,
        found => found,
    };
    let drawn = Split { val: places(&split.val, val), ..split.clone() };
    let val = measure(&drawn, Part::Val)?.with_context(|| no_auc(data))?;
    Ok(Some(solver.finish_check(train.unwrap_or_else(|| T::from_f64(CHANCE)), val)?))
}

fn places(index: &Index, samples: Checked) -> Index {
    let place = |n| u32::try_from(index.place(samples.index(n))).unwrap_or(u32::MAX);
    Index::List((0..samples.count()).map(place).collect())
}

/// The metric of a network on a part of the data, if it has one.
pub(super) fn measure<T: Number>(
    net: &FullyConnectedNet<'_, T>,
    weights: Weights<'_, T>,
    (data, split, part): (&DataSet, &Split, Part),
    scales: &Scales<T>,
    backend: &Backend,
) -> Result<Option<T>> {
    let samples = Samples::new(data, split, part, scales.inputs(), scales.targets());
    let scores = outputs(net, weights, &samples, backend)?;
    if !scores.iter().all(|score| score.is_finite()) {
        return Err(Error::NonFinite { what: "scores" }.into());
    }
    let figures = of_scores(&scores, net.arch.num_classes(), (data, split, part), scales);
    Ok(figures.of(net.metric()).map(T::from_f64))
}

/// Why there is no AUC.
pub(super) fn no_auc(data: &DataSet) -> &'static str {
    match data.task {
        Task::Reconstruct => {
            "the AUC takes samples of the normal class and of others, and there are not both; take another metric"
        }
        Task::Classify | Task::Regress => {
            "the AUC takes samples of every class, and not all are there; take another metric"
        }
    }
}
