//! Checks of a metric that takes all outputs at once.

use super::TheSolver;
use crate::figures::of_scores;
use crate::outputs::outputs;
use crate::scaled::scaled;
use anyhow::{Context, Result};
use barenet::{Checked, Error, Event, FullyConnectedNet, Weights};
use barenet_blas::Backend;
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
    let samples = scaled((data, split, part), scales);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::start_backend;
    use crate::config::Config;
    use crate::settings::{Name, Settings};
    use barenet::{Loss, Metric};
    use barenet_data::formats::csv;
    use barenet_data::{Numbers, Records, Source, Wanted};

    #[test]
    fn a_missing_number_counts_as_in_training() {
        let (numbers, targets) = (vec![1.0, f32::NAN, 3.0, 5.0], vec![1.0, 3.0, 3.0, 5.0]);
        let wanted = Wanted::Values { numbers: targets, width: 1 };
        let data = DataSet {
            train: Records::of(1, Numbers::F32(numbers), wanted),
            task: Task::Regress,
            fills_missing: true,
            ..DataSet::empty(Source::read(&csv::KIND, "memory".to_owned()))
        };
        let (all, none) = (Index::Range(0..4), Index::Range(0..0));
        let split = Split { train: all, val: none.clone(), test: none.clone(), fitted: none };
        let settings = Settings {
            hidden: Some(Vec::new()),
            loss: Some(Name::from(Loss::Mse)),
            metric: Some(Name::from(Metric::R2)),
            ..Settings::default()
        };
        let config = Config::new(settings, 1, 1).unwrap();
        let net = config.net::<f32>();
        // Its answer is its input.
        let weights = Weights::new(&net.arch, &[1.0, 0.0], &[]).unwrap();
        let one = || (vec![0.0], vec![1.0]);
        let (inputs, targets) = (one(), one());
        let scales = Scales::of((&inputs.0, &inputs.1), (&targets.0, &targets.1));
        let backend = start_backend(&config);
        let r2 = |scales: &Scales<f32>| {
            measure(&net, weights, (&data, &split, Part::Train), scales, &backend).unwrap().unwrap()
        };
        assert_eq!(r2(&Scales { fill: vec![3.0], ..scales.clone() }), 1.0);
        assert!(r2(&scales) < 0.0, "0 is far from 3");
    }
}
