//! The figures of an exported network on samples.

use super::Folded;
use crate::figures::{Figures, of_scores, targets};
use crate::input_bytes::rows_of;
use crate::scaled::scaled;
use crate::trained_run::OnImages;
use anyhow::{Context, Result, ensure};
use barenet::Metric;
use barenet_data::Task;
use barenet_data::split::{Index, Part, Split};
use barenet_model::export::model::Model;
use barenet_model::export::row::Row;

/// The samples of a part, as a device gets them.
pub(super) fn rows<'a>(
    run: &'a OnImages<'_>,
    part: Part,
) -> impl ExactSizeIterator<Item = Row<'a>> + Clone + use<'a> {
    rows_of((run.data, &run.split), part)
}

/// The metric of scores of the test samples, and the figures beside it.
pub(super) fn measure(
    run: &OnImages<'_>,
    folded: &Folded,
    metric: Metric,
    scores: &[f64],
) -> Result<(f64, Figures)> {
    ensure!(!scores.is_empty(), "there are no test samples");
    let of = (run, &run.split, Part::Test);
    let figures = figures(of, folded, scores);
    let figure = figures.of(metric).unwrap_or_else(|| mean_error(of, folded, metric, scores));
    Ok((figure, figures))
}

/// The metric of scores of the samples of a part; none where there are no samples, or not all classes that it needs.
pub(super) fn measure_some(
    of: (&OnImages<'_>, &Split, Part),
    folded: &Folded,
    metric: Metric,
    scores: &[f64],
) -> Option<f64> {
    if scores.is_empty() {
        return None;
    }
    if let Some(figure) = figures(of, folded, scores).of(metric) {
        return Some(figure);
    }
    let is_mean_error = of.0.data.task != Task::Classify && !metric.takes_all_outputs();
    is_mean_error.then(|| mean_error(of, folded, metric, scores))
}

/// A split of which the first test samples alone test.
pub(super) fn first(split: &Split, count: usize) -> Split {
    let test = match &split.test {
        Index::Range(range) => {
            Index::Range(range.start..range.end.min(range.start.saturating_add(count)))
        }
        Index::List(places) => Index::List(places.iter().take(count).copied().collect()),
    };
    Split { test, ..split.clone() }
}

fn figures(
    (run, split, part): (&OnImages<'_>, &Split, Part),
    folded: &Folded,
    scores: &[f64],
) -> Figures {
    let width = run.config.arch().num_classes();
    of_scores(scores, width, (run.data, split, part), &folded.scales)
}

fn mean_error(
    (run, split, part): (&OnImages<'_>, &Split, Part),
    folded: &Folded,
    metric: Metric,
    scores: &[f64],
) -> f64 {
    let samples = scaled((run.data, split, part), &folded.scales);
    let targets = targets(&samples, run.config.arch().num_classes());
    let errors = scores.iter().zip(&targets).map(|(score, y)| score - y);
    let sum: f64 = if metric == Metric::Mae {
        errors.map(f64::abs).sum()
    } else {
        errors.map(|error| error * error).sum()
    };
    sum / scores.len() as f64
}

/// The anomaly scores of the samples of a part.
pub(super) fn anomaly_scores(run: &OnImages<'_>, model: &Model, part: Part) -> Result<Vec<f64>> {
    let scores = model.scores(rows(run, part))?;
    let each = rows(run, part).zip(&scores);
    let each = each.map(|(row, scores)| model.anomaly_score(row, scores).map(f64::from));
    each.collect::<Result<_>>().context("anomaly scores")
}
