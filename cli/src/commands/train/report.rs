//! What is said of a run before and after it: header, summary, plots, and the course's figures beside
//! its own.

use super::advice::advice;
use super::session::Session;
use crate::commands::{accuracy_text, data_line};
use crate::console::{Console, thousands};
use anyhow::{Result, bail};
use barenet::{Float, Weights};
use barenet_blas::Element;
use barenet_data::samples::Part;
use barenet_data::{DataSet, IMAGE_LEN, NUM_CLASSES, Source};
use barenet_model::number::Number;
use barenet_report::{TrainingCurves, training_figure};
use barenet_run::config::Config;
use barenet_run::presets::{Preset, Reported};
use barenet_run::run_folder::{BEST, PLOTS};
use barenet_run::summary::Summary;
use barenet_run::trainer::{self, Outcome, is_non_finite};
use std::time::Instant;

/// What the course's document reports of a run's experiment: nothing, if the run is another one than
/// the document's, or its images are.
pub(super) fn reported(
    preset: Option<&Preset>,
    config: &Config,
    data: &DataSet,
) -> Option<Reported> {
    let preset = preset.filter(|_| matches!(data.source, Source::Cifar10(_)))?;
    let theirs = Config::new(preset.settings.clone(), IMAGE_LEN, NUM_CLASSES).ok()?;
    preset.reported.filter(|_| config.is_same_experiment(&theirs))
}

impl Session<'_> {
    /// Says what is about to happen, and with what.
    pub(super) fn describe<T: Number>(&self, console: &Console) {
        let Self { config, split, backend, .. } = *self;
        let arch = config.arch();
        let sizes: Vec<_> = arch.dims().iter().map(usize::to_string).collect();
        let solver = config.solver::<T>();
        let count = |n: usize| thousands(f64::from_usize(n));
        console.line(&format!("data      {}", data_line(self.data)));
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

    pub(super) fn summarize<T: Number + Element>(
        &self,
        outcome: &Outcome<T>,
        mean_image: &[T],
        start: Instant,
    ) -> Result<Summary> {
        let Self { config, data, split, backend, .. } = *self;
        let net = config.net::<T>();
        let weights = Weights::new(&net.arch, &outcome.best_params, &outcome.best_running)?;
        let accuracy = |part| {
            let found = trainer::evaluate(&net, weights, (data, split, part), mean_image, backend);
            match found {
                // Where a run diverged before its first check, these are the weights of its start.
                Err(error) if outcome.diverged_at.is_some() && is_non_finite(&error) => Ok(0.0),
                found => found,
            }
        };
        let last = |history: &[f64]| history.last().copied().unwrap_or(0.0);
        let samples = f64::from_usize(outcome.steps * config.solver::<T>().batch_size);
        let val_acc = accuracy(Part::Val)?;
        Ok(Summary {
            name: self.name.to_owned(),
            data: data.source.kind().to_owned(),
            best_val_acc: outcome.val_acc_history.iter().copied().fold(0.0, f64::max),
            best_epoch: outcome.progress.best_epoch,
            val_acc,
            test_acc: accuracy(Part::Test)?,
            test_size: split.test.len(),
            train_acc: last(&outcome.train_acc_history),
            final_val_acc: last(&outcome.val_acc_history),
            first_loss: outcome.loss_history.first().copied().unwrap_or(0.0),
            num_params: net.arch.num_params(),
            iterations: outcome.progress.iteration,
            epochs: outcome.progress.num_checks.saturating_sub(1),
            samples_per_second: samples / outcome.step_time.as_secs_f64().max(1e-9),
            seconds: start.elapsed().as_secs_f64(),
            backend: backend.kernel().name().to_owned(),
            threads: backend.threads(),
            dtype: config.dtype().name().to_owned(),
            seed: config.solver::<T>().seed,
            diverged_at: outcome.diverged_at,
        })
    }

    pub(super) fn plot<T>(&self, outcome: &Outcome<T>) -> Result<()> {
        let figure = training_figure(
            self.name,
            &TrainingCurves {
                label: self.name,
                loss: &outcome.loss_history,
                train_acc: &outcome.train_acc_history,
                val_acc: &outcome.val_acc_history,
            },
        );
        let [svg, png] = PLOTS;
        self.folder.write(svg, figure.to_svg()?.as_bytes())?;
        self.folder.write(png, &figure.to_png()?)
    }

    /// Says what came out, beside what the course's document reports.
    pub(super) fn report<T>(
        &self,
        console: &Console,
        summary: &Summary,
        reported: Option<Reported>,
        outcome: &Outcome<T>,
    ) -> Result<()> {
        let out = self.folder.current_path();
        let out = out.display();
        if let Some(iteration) = summary.diverged_at {
            let steps = outcome.progress.iteration;
            let advice = advice(self.config, steps);
            // What a check or a checkpoint finds is of a step that was done.
            let what = if steps < iteration { "the loss" } else { "a weight or score" };
            if outcome.progress.num_checks == 0 {
                bail!("{what} is not a finite number at iteration {iteration}; {advice}");
            }
            bail!(
                "{what} is not a finite number at iteration {iteration}; the best weights so far \
                 (epoch {}, validation accuracy {:.3}) are in {}; {advice}",
                summary.best_epoch,
                summary.best_val_acc,
                self.folder.current_path().join(BEST).display()
            );
        }
        console.line("");
        let header = if reported.is_some() { "   course" } else { "" };
        let reported = reported.unwrap_or_default();
        console.line(&format!("{:<34}{:>9}{header}", "", "this run"));
        let all_test = summary.test_size != 1000;
        let rows = [
            ("loss of the first iteration", summary.first_loss, reported.first_loss),
            ("training accuracy, last epoch", summary.train_acc, reported.train_acc),
            ("validation accuracy, last epoch", summary.final_val_acc, reported.final_val_acc),
            ("validation accuracy, best epoch", summary.best_val_acc, reported.best_val_acc),
            ("test accuracy", summary.test_acc, reported.test_acc.filter(|_| !all_test)),
        ];
        for (what, found, reported) in rows {
            let reported = match reported {
                Some(reported) => format!("{:>9}", accuracy_text(reported)),
                None => String::new(),
            };
            console.line(&format!("{what:<34}{:>9}{reported}", accuracy_text(found)));
        }
        console.line(&format!(
            "\n{} samples/s, {:.1} s in all; weights, events and plots are in {out}",
            thousands(summary.samples_per_second),
            summary.seconds
        ));
        Ok(())
    }
}
