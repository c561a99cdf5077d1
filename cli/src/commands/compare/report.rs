//! Plots and figures of a comparison.

use crate::commands::metric_text;
use crate::console::Console;
use anyhow::Result;
use barenet::Metric;
use barenet_data::DataSet;
use barenet_report::{TrainingCurves, comparison_figure};
use barenet_run::comparison::Curves;
use barenet_run::folder::Folder;
use barenet_run::measured::best;
use barenet_run::run_folder::COMPARISON_PLOTS;

/// Draws the curves of all runs together.
pub(super) fn plot(metric: Metric, runs: &[Curves], folder: &Folder) -> Result<()> {
    let curves: Vec<_> = runs
        .iter()
        .map(|run| TrainingCurves {
            label: run.rule.name(),
            loss: &run.loss,
            train: &run.train,
            val: &run.val,
        })
        .collect();
    let figure = comparison_figure(metric, &curves);
    let [svg, png] = COMPARISON_PLOTS;
    folder.write(svg, figure.to_svg()?.as_bytes())?;
    folder.write(png, &figure.to_png()?)
}

/// Prints a row for each run.
pub(super) fn table(metric: Metric, runs: &[Curves], data: &DataSet, console: &Console) {
    let (data, key) = (data.source.kind.word, metric.key());
    let (train, val) = (format!("train {key}"), format!("val {key}"));
    let width = 12.max(train.len() + 2);
    console.line(&format!("\n{data:<14}{train:>width$}{val:>width$}{:>width$}", "best val"));
    for Curves { rule, train, val, .. } in runs {
        let text = |found: Option<f64>| found.map_or_else(|| "-".to_owned(), metric_text);
        let (train, last) = (text(train.last().copied()), text(val.last().copied()));
        let (name, best) = (rule.name(), text(best(metric, val)));
        console.line(&format!("{name:<14}{train:>width$}{last:>width$}{best:>width$}"));
    }
}
