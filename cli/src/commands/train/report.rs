//! Report of a run before and after it: header, summary, plots, and the course's figures beside
//! its own.

use super::advice::advice;
use crate::commands::{data_line, metric_text};
use crate::console::{Console, thousands};
use anyhow::{Result, bail};
use barenet::Float;
use barenet_data::{DataSet, Source};
use barenet_model::number::Number;
use barenet_report::{TrainingCurves, training_figure};
use barenet_run::config::Config;
use barenet_run::measured::Measured;
use barenet_run::presets::{Preset, Reported};
use barenet_run::run_folder::{BEST, PLOTS};
use barenet_run::session::Session;
use barenet_run::summary::Summary;
use barenet_run::trainer::Outcome;

/// Figures of the course's document for a run's experiment: nothing, if the run is another one than
/// the document's, or its images are.
pub(super) fn reported(
    preset: Option<&Preset>,
    config: &Config,
    data: &DataSet,
) -> Option<Reported> {
    let preset = preset.filter(|_| matches!(data.source, Source::Cifar10(_)))?;
    let theirs = Config::new(preset.settings.clone(), data.input_dim(), data.num_classes()).ok()?;
    preset.reported.filter(|_| config.is_same_experiment(&theirs))
}

/// Says what is about to happen, and with what.
pub(super) fn describe<T: Number>(session: &Session<'_>, console: &Console) {
    let Session { config, data, split, backend, .. } = *session;
    let arch = config.arch();
    let sizes: Vec<_> = arch.dims().iter().map(usize::to_string).collect();
    let solver = config.solver::<T>();
    let count = |n: usize| thousands(f64::from_usize(n));
    console.line(&format!("data      {}", data_line(data)));
    console.line(&format!(
        "          {} training, {} validation, {} test images",
        count(split.train.len()),
        count(split.val.len()),
        count(split.test.len())
    ));
    console.line(&format!(
        "network   {}{}, {} parameters, {}",
        sizes.join("-"),
        if arch.has_batchnorm() { " with batch norm" } else { "" },
        count(arch.num_params()),
        T::NAME
    ));
    console.line(&format!(
        "training  {}, learning rate {:?}, batches of {}, {} epochs, seed {}",
        solver.update_rule.name(),
        solver.learning_rate,
        solver.batch_size,
        solver.num_epochs,
        solver.seed
    ));
    console.line(&format!("backend   {}, {} threads", backend.kernel(), backend.threads()));
    console.line("");
}

/// Draws the curves of a run into its folder.
pub(super) fn plot<T>(session: &Session<'_>, outcome: &Outcome<T>) -> Result<()> {
    let curves = TrainingCurves {
        label: session.name,
        loss: &outcome.loss_history,
        train: &outcome.train_history,
        val: &outcome.val_history,
    };
    let figure = training_figure(session.name, outcome.metric, &curves);
    let [svg, png] = PLOTS;
    session.folder.write(svg, figure.to_svg()?.as_bytes())?;
    session.folder.write(png, &figure.to_png()?)
}

/// Says what came out, beside what the course's document reports.
pub(super) fn report<T>(
    session: &Session<'_>,
    console: &Console,
    summary: &Summary,
    reported: Option<Reported>,
    outcome: &Outcome<T>,
) -> Result<()> {
    let out = session.folder.current_path();
    let out = out.display();
    let Measured { metric, best_val, best_epoch, test, test_size, train, final_val, .. } =
        summary.measured;
    let metric = metric.name();
    if let Some(iteration) = summary.diverged_at {
        let steps = outcome.progress.iteration;
        let advice = advice(session.config, steps);
        // What a check or a checkpoint finds is of a step that was done.
        let what = if steps < iteration { "the loss" } else { "a weight or score" };
        if outcome.progress.num_checks == 0 {
            bail!("{what} is not a finite number at iteration {iteration}; {advice}");
        }
        bail!(
            "{what} is not a finite number at iteration {iteration}; the best weights so far \
                 (epoch {best_epoch}, validation {metric} {}) are in {}; {advice}",
            metric_text(best_val),
            session.folder.current_path().join(BEST).display()
        );
    }
    console.line("");
    let header = if reported.is_some() { "   course" } else { "" };
    let reported = reported.unwrap_or_default();
    console.line(&format!("{:<34}{:>9}{header}", "", "this run"));
    let all_test = test_size != 1000;
    let rows = [
        ("loss of the first iteration".to_owned(), summary.first_loss, reported.first_loss),
        (format!("training {metric}, last epoch"), train, reported.train_acc),
        (format!("validation {metric}, last epoch"), final_val, reported.final_val_acc),
        (format!("validation {metric}, best epoch"), best_val, reported.best_val_acc),
        (format!("test {metric}"), test, reported.test_acc.filter(|_| !all_test)),
    ];
    for (what, found, reported) in rows {
        let reported = match reported {
            Some(reported) => format!("{:>9}", metric_text(reported)),
            None => String::new(),
        };
        console.line(&format!("{what:<34}{:>9}{reported}", metric_text(found)));
    }
    console.line(&format!(
        "\n{} samples/s, {:.1} s in all; weights, events and plots are in {out}",
        thousands(summary.samples_per_second),
        summary.seconds
    ));
    Ok(())
}
