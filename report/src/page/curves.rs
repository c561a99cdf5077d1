//! Charts of the histories of one run, or of several.

use super::chart::{Chart, Kind, Series, rows_of, words_of};
use super::run::RunSection;
use super::thin::{Stretch, stretches};
use crate::capitalized;
use barenet_run::first_points::hide_the_rest;

/// Points of all curves of a chart together, and of one of them at least and at most.
const MAX_POINTS: usize = 16_000;
const FEWEST: usize = 60;
const MOST: usize = 800;
/// Rows of the table of a chart.
const ROWS: usize = 20;
/// Of more curves nobody reads words or a table.
const MAX_TOLD: usize = 8;

/// A history of a run, and where its first value is.
type History = (fn(&RunSection) -> &[f64], f64);

const LOSS: History = (|run| &run.curves.loss, 1.0);
const TRAIN: History = (|run| &run.curves.train, 0.0);
const VAL: History = (|run| &run.curves.val, 0.0);

/// Norms: their places in the page, titles, and what they are.
const NORMS: [(&str, &str, History, &str); 2] = [
    (
        "gradients",
        "Norm of the gradients",
        (|run| &run.curves.grad_norm, 0.0),
        "Of all gradients of an epoch's last step together, before they are clipped.",
    ),
    (
        "weights",
        "Norm of the weights",
        (|run| &run.curves.weight_norm, 0.0),
        "Of all parameters together, after an epoch's last step.",
    ),
];

/// The charts of one run.
pub(super) fn of_run(run: &RunSection, id: &str) -> Vec<Chart> {
    let metric = &run.metric.0;
    let loss = series("", None, run, LOSS, MOST);
    let stretch = run.curves.loss.len().div_ceil(MOST).max(1);
    let mut charts = Vec::new();
    if !loss.points.is_empty() {
        let each = match stretch {
            1 => String::new(),
            many => format!(
                " Each point is the mean of {many} iterations, the band their least and most."
            ),
        };
        let words = format!("{}{each}", capitalized(&words_of(&loss, "iteration")));
        charts.push(chart(id, "loss", "Training loss", ["Iteration", "Loss"], vec![loss], words));
    }
    let checks =
        [series("train", None, run, TRAIN, MOST), series("validation", None, run, VAL, MOST)];
    if checks.iter().any(|series| !series.points.is_empty()) {
        let words =
            checks.each_ref().map(|series| capitalized(&words_of(series, "epoch"))).join(" ");
        let title = capitalized(metric);
        charts.push(chart(id, "metric", &title, ["Epoch", &title], checks.to_vec(), words));
    }
    for (name, title, history, what) in NORMS {
        let norm = series("", None, run, history, MOST);
        if !norm.points.is_empty() {
            let words = format!("{} {what}", capitalized(&words_of(&norm, "epoch")));
            charts.push(chart(id, name, title, ["Epoch", "Norm"], vec![norm], words));
        }
    }
    let rate = rate("", None, run);
    if changes(&rate) {
        let words = format!(
            "{} As the settings say: a run's log does not have it.",
            capitalized(&words_of(&rate, "iteration"))
        );
        let labels = ["Iteration", "Learning rate"];
        charts.push(chart(id, "rate", "Learning rate", labels, vec![rate], words));
    }
    charts
}

/// The charts of several runs, a curve each: of each metric those of the runs that have it.
pub(super) fn of_runs(runs: &[RunSection]) -> Vec<Chart> {
    let max = (MAX_POINTS / runs.len().max(1)).clamp(FEWEST, MOST);
    let all = |history: History| -> Vec<Series> {
        let numbered = runs.iter().enumerate();
        let each = numbered.map(|(number, run)| series(&run.name, Some(number), run, history, max));
        each.filter(|series| !series.points.is_empty()).collect()
    };
    let without_bands = |all: Vec<Series>| -> Vec<Series> {
        all.into_iter().map(|series| Series { band: Vec::new(), ..series }).collect()
    };
    let told = |series: &[Series], place| match series.len() {
        0..=MAX_TOLD => series.iter().map(|one| words_of(one, place)).collect::<Vec<_>>().join(" "),
        many => format!("{many} curves, one a run; the table of the runs has their figures."),
    };
    let mut charts = Vec::new();
    let mut add = |name: &str, title: &str, labels: [&str; 2], series: Vec<Series>, place| {
        if !series.is_empty() {
            let words = told(&series, place);
            charts.push(chart("runs", name, title, labels, series, words));
        }
    };
    add("loss", "Training loss", ["Iteration", "Loss"], without_bands(all(LOSS)), "iteration");
    let mut metrics: Vec<&str> = Vec::new();
    for run in runs {
        if !metrics.contains(&&*run.metric.0) {
            metrics.push(&run.metric.0);
        }
    }
    for (number, metric) in metrics.iter().enumerate() {
        let is_of = |series: &Series| {
            series.run.and_then(|run| runs.get(run)).is_some_and(|run| run.metric.0 == *metric)
        };
        for (part, history) in [("Validation", VAL), ("Training", TRAIN)] {
            let title = format!("{part} {metric}");
            let series = without_bands(all(history)).into_iter().filter(is_of).collect();
            let name = format!("{}-{number}", part.to_lowercase());
            add(&name, &title, ["Epoch", &capitalized(metric)], series, "epoch");
        }
    }
    for (name, title, history, _) in NORMS {
        add(name, title, ["Epoch", "Norm"], without_bands(all(history)), "epoch");
    }
    let numbered = runs.iter().enumerate();
    let rates = numbered.map(|(number, run)| rate(&run.name, Some(number), run));
    let mut rates: Vec<_> = rates.filter(|series| !series.points.is_empty()).collect();
    // Rates that stay what they are stand among the settings.
    if !rates.iter().any(changes) {
        rates.clear();
    }
    add("rate", "Learning rate", ["Iteration", "Learning rate"], rates, "iteration");
    charts
}

fn series(
    name: &str,
    number: Option<usize>,
    run: &RunSection,
    (values, first): History,
    max: usize,
) -> Series {
    let all = stretches(values(run), first, max);
    let is_band = all.iter().any(|stretch| stretch.least < stretch.most);
    let point = |stretch: &Stretch| (stretch.x, stretch.mean);
    let band = |stretch: &Stretch| (stretch.least, stretch.most);
    Series {
        name: name.to_owned(),
        run: number,
        points: all.iter().map(point).collect(),
        band: if is_band { all.iter().map(band).collect() } else { Vec::new() },
    }
}

/// Whether not all points have the same height.
fn changes(series: &Series) -> bool {
    series.points.iter().any(|point| series.points.first().is_some_and(|first| first.1 != point.1))
}

fn rate(name: &str, number: Option<usize>, run: &RunSection) -> Series {
    let points = run.curves.learning_rate.clone();
    Series { name: name.to_owned(), run: number, points, band: Vec::new() }
}

fn chart(
    prefix: &str,
    name: &str,
    title: &str,
    [x_label, y_label]: [&str; 2],
    series: Vec<Series>,
    mut words: String,
) -> Chart {
    let heights = || series.iter().flat_map(|series| &series.points).map(|point| point.1);
    let (least, most) =
        (heights().fold(f64::INFINITY, f64::min), heights().fold(f64::NEG_INFINITY, f64::max));
    let mut from = None;
    if hide_the_rest(series.iter().map(|series| &*series.points)) {
        let seconds = series.iter().filter_map(|series| series.points.get(1));
        from = seconds.map(|point| point.0).reduce(f64::min);
        words += " The first point is too far off to be seen beside the others: “all” shows it.";
    }
    let is_told = series.len() <= MAX_TOLD && have_same_places(&series);
    let table = if is_told { rows_of(x_label, &series, ROWS) } else { Vec::new() };
    Chart {
        id: format!("{prefix}-{name}"),
        title: title.to_owned(),
        x_label: x_label.to_owned(),
        y_label: y_label.to_owned(),
        kind: Kind::Lines,
        may_be_log: least > 0.0 && most > 3.0 * least,
        from,
        series,
        mark: None,
        words,
        table,
    }
}

/// Whether all curves have their points at the same places, as far as they go.
fn have_same_places(all: &[Series]) -> bool {
    let Some(longest) = all.iter().max_by_key(|series| series.points.len()) else { return true };
    let is_same = |series: &Series| {
        series.points.iter().zip(&longest.points).all(|(point, other)| point.0 == other.0)
    };
    all.iter().all(is_same)
}
