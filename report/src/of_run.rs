//! Runs as a page shows them: from the folder of a run, and from its data where they are at hand.

mod findings;
mod names;
mod samples;
mod units;

use crate::page::run::{Curves, Layer, RunSection};
use anyhow::{Error, Result, anyhow};
use barenet_data::{DataSet, find_kind};
use barenet_run::config::Config;
use barenet_run::history::History;
use barenet_run::inspection::Inspection;
use barenet_run::measured::{Measured, Metric};
use barenet_run::run_folder::{EVENTS, RunFolder, SUMMARY};
use barenet_run::settings::{Settings, SettingsError, StoredError, pairs};
use barenet_run::shell;
use barenet_run::summary::Summary;
use barenet_run::trained_layers::TrainedLayers;
use barenet_run::trained_on::TrainedOn;
use barenet_run::trained_run::TrainedRun;
use std::path::Path;
use units::MAX_UNITS;

/// Places at which a learning rate is shown, at most.
const MAX_RATES: usize = 300;
/// Names of classes or targets that are listed.
const MAX_NAMES: usize = 12;

/// A run that has ended, as far as its folder tells it.
#[derive(Debug)]
pub struct EndedRun {
    run: TrainedRun,
    summary: Summary,
    history: Option<History>,
}

impl EndedRun {
    /// Opens the folder of a run.
    ///
    /// # Errors
    ///
    /// If it is none, if the run goes on or was never finished, or if a file is damaged or another version's. A run that diverged
    /// has ended.
    pub fn open(path: &Path) -> Result<Self> {
        RunFolder::refuse_running(path)?;
        let open = || {
            let run = TrainedRun::open(path)?;
            let summary = summary_of(&run)?;
            let history = History::read(run.folder(), summary.measured.metric)?;
            Ok(Self { run, summary, history })
        };
        open().map_err(|error| of_other_version(path, error))
    }

    /// A run whose results and histories are known.
    #[must_use]
    pub const fn new(run: TrainedRun, summary: Summary, history: History) -> Self {
        Self { run, summary, history: Some(history) }
    }

    /// The run.
    #[must_use]
    pub const fn run(&self) -> &TrainedRun {
        &self.run
    }

    /// What a page says of the run.
    ///
    /// # Errors
    ///
    /// If its weights are damaged.
    pub fn section(&self, name: &str) -> Result<RunSection> {
        let Self { run, summary, history } = self;
        let is_imported = run.folder().is_imported();
        let Measured { metric, best_val, .. } = summary.measured;
        let settings = Settings::from_toml(run.text(), &run.file())?;
        let layers = run.layers(MAX_UNITS)?;
        let layout = run.trained_on().and_then(TrainedOn::pictures);
        Ok(RunSection {
            name: name.to_owned(),
            metric: (metric.name().to_owned(), metric.higher_is_better()),
            best_val: (!is_imported && is_known(best_val)).then_some(best_val),
            scores: if is_imported { Vec::new() } else { scores(summary) },
            facts: if is_imported { Vec::new() } else { facts(summary) },
            times: if is_imported { Vec::new() } else { times(summary) },
            notes: self.notes(is_imported),
            curves: history.as_ref().map(|history| self.curves(history)).unwrap_or_default(),
            findings: None,
            units: layers
                .as_ref()
                .and_then(|all| units::pictures(all, layout?))
                .unwrap_or_default(),
            layers: layers.map_or_else(Vec::new, |layers| layers_of(&layers)),
            settings: pairs(&settings).into_iter().map(|(name, value)| pair(name, value)).collect(),
            data: run.trained_on().map_or_else(Vec::new, data_of),
            machine: if is_imported { Vec::new() } else { machine(summary) },
        })
    }

    /// Adds what the network makes of samples of its data.
    ///
    /// # Errors
    ///
    /// If its weights are damaged.
    pub fn add_findings(
        &self,
        section: &mut RunSection,
        inspection: &Inspection,
        data: &DataSet,
    ) -> Result<()> {
        let threshold = self.summary.anomaly_threshold;
        section.findings = Some(findings::of(inspection, data, threshold));
        // That rows of numbers were pictures, the data alone say.
        if section.units.is_empty()
            && let Some(layout) = data.pictures()
            && let Some(layers) = self.run.layers(MAX_UNITS)?
        {
            section.units = units::pictures(&layers, layout).unwrap_or_default();
        }
        Ok(())
    }

    /// Says in the page that the data are not at hand, and how to have what they tell.
    pub fn add_missing(&self, section: &mut RunSection, problem: &str) {
        let run = shell::word(self.run.folder().path());
        section.notes.push(format!(
            "What the network makes of test samples (classes that are mixed up, mistakes, answers against targets, anomaly scores) \
             needs the data, which are not here: {problem}. `barenet report {run} --data PATH` shows it."
        ));
    }

    fn notes(&self, is_imported: bool) -> Vec<String> {
        let mut notes = Vec::new();
        if is_imported {
            notes.push("This network was imported: how it was trained is not known.".to_owned());
        }
        if let Some(iteration) = self.summary.diverged_at {
            notes.push(format!(
                "This run diverged: its loss or weights were not finite at iteration {iteration}. All figures are of the best \
                 weights before; a lower learning rate may train to the end."
            ));
        }
        if self.history.is_none() && !is_imported {
            let resume = shell::resume_command(self.run.folder().path(), None);
            notes.push(format!(
                "There are no curves: {EVENTS} is missing. `{resume}` writes it anew."
            ));
        }
        notes
    }

    fn curves(&self, history: &History) -> Curves {
        let History { loss, train, val, norms, .. } = history.clone();
        let learning_rate = self.learning_rates(history).unwrap_or_default();
        let (grad_norm, weight_norm) =
            norms.iter().map(|norms| (norms.grad_norm, norms.weight_norm)).unzip();
        Curves { loss, train, val, grad_norm, weight_norm, learning_rate }
    }

    /// The learning rate at evenly chosen iterations, with the first and the last.
    fn learning_rates(&self, history: &History) -> Option<Vec<(f64, f64)>> {
        let (settings, (inputs, outputs)) = (self.run.settings().clone(), self.run.sizes()?);
        let config = match self.run.trained_on().and_then(TrainedOn::pictures) {
            Some(layout) if settings.local.is_some() => {
                Config::for_pictures(settings, layout, outputs)
            }
            _ => Config::new(settings, inputs, outputs),
        };
        let solver = config.ok()?.solver::<f64>();
        // As many samples as make the same number of steps.
        let num_train = history.iterations_per_epoch.saturating_mul(solver.batch_size);
        let last = history.loss.len().checked_sub(1)?;
        let step = last.div_ceil(MAX_RATES).max(1);
        let places = (0..last).step_by(step).chain([last]);
        let rate = |place: usize| (place as f64, solver.learning_rate_at(place, num_train));
        Some(places.map(rate).collect())
    }
}

/// The summary of a run that has ended, well or not.
fn summary_of(run: &TrainedRun) -> Result<Summary> {
    if run.folder().has(SUMMARY)
        && let Ok(summary) = Summary::read(run.folder())
        && summary.diverged_at.is_some()
    {
        return Ok(summary);
    }
    run.finished(None)
}

/// Settings of a run that are none were written by another version: no flag of this command is wrong.
fn of_other_version(path: &Path, error: Error) -> Error {
    let of_setting = error.downcast_ref::<SettingsError>().map(ToString::to_string);
    let problem =
        of_setting.or_else(|| error.downcast_ref::<StoredError>().map(ToString::to_string));
    match problem {
        Some(problem) => anyhow!(
            "{}: another version of barenet trained it, or it was changed since: {problem}; use that version",
            path.display()
        ),
        None => error,
    }
}

fn pair(name: &str, value: impl Into<String>) -> (String, String) {
    (name.to_owned(), value.into())
}

/// Whether a figure was measured: those of a run that came to no check stand for the worst.
fn is_known(figure: f64) -> bool {
    figure.is_finite() && figure.abs() != f64::MAX
}

fn scores(summary: &Summary) -> Vec<(String, f64)> {
    let Measured { metric, best_val, test, train, .. } = summary.measured;
    let of = |part: &str, metric: Metric| format!("{part} {}", metric.name());
    let mut scores = vec![(of("test", metric), test)];
    scores.extend(summary.beside().map(|(metric, figure)| (of("test", metric), figure)));
    scores.push((format!("{}, best", of("validation", metric)), best_val));
    scores.push((format!("{}, last", of("training", metric)), train));
    scores.extend(summary.anomaly_threshold.map(|found| ("anomaly threshold".to_owned(), found)));
    scores.retain(|(_, score)| is_known(*score));
    scores
}

fn facts(summary: &Summary) -> Vec<(String, String)> {
    let best = summary.measured.best_epoch;
    vec![
        pair("epochs", summary.epochs.to_string()),
        pair("best epoch", best.to_string()),
        pair("iterations", summary.iterations.to_string()),
        pair("parameters", summary.num_params.to_string()),
        pair("test samples", summary.measured.test_size.to_string()),
    ]
}

fn times(summary: &Summary) -> Vec<(String, f64)> {
    let rounded = |number: f64, unit: f64| (number / unit).round() * unit;
    // Threads change nothing but these.
    vec![
        ("threads".to_owned(), summary.threads as f64),
        ("samples per second".to_owned(), rounded(summary.samples_per_second, 1.0)),
        ("seconds in all".to_owned(), rounded(summary.seconds, 0.01)),
    ]
}

fn machine(summary: &Summary) -> Vec<(String, String)> {
    vec![pair("kernel", summary.backend.clone()), pair("numbers", summary.dtype.clone())]
}

fn layers_of(layers: &TrainedLayers) -> Vec<Layer> {
    let count = layers.layers.len();
    let each = (1..).zip(&layers.layers).map(|(number, layer)| {
        let what = match (number == count, layer.batchnorm) {
            (true, _) => ", the last",
            (false, true) => ", with batch norm",
            (false, false) => "",
        };
        Layer {
            name: format!("{number}{what}"),
            inputs: layer.fan_in,
            units: layer.fan_out,
            norm: layer.norm,
            largest: layer.largest,
        }
    });
    each.collect()
}

fn data_of(trained_on: &TrainedOn) -> Vec<(String, String)> {
    let kind = find_kind(&trained_on.data).map_or(&*trained_on.data, |kind| kind.name);
    let mut rows = vec![pair("data", kind)];
    let list = |names: &[String]| {
        let more = match names.len().saturating_sub(MAX_NAMES) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let first: Vec<_> = names.iter().take(MAX_NAMES).map(String::as_str).collect();
        format!("{}: {}{more}", names.len(), first.join(", "))
    };
    if let Some(encoding) = trained_on.encoding() {
        let names = |all: Vec<String>| list(&all);
        rows.push(pair(
            "columns",
            names(encoding.features.iter().map(|f| f.column.to_string()).collect()),
        ));
        if !encoding.targets.is_empty() {
            rows.push(pair(
                "targets",
                names(encoding.targets.iter().map(ToString::to_string).collect()),
            ));
        }
    }
    if !trained_on.class_names.is_empty() {
        rows.push(pair("classes", list(&trained_on.class_names)));
    }
    for (name, mark) in [("training set", &trained_on.train), ("test set", &trained_on.test)] {
        if !mark.is_empty() {
            rows.push(pair(&format!("fingerprint of the {name}"), mark.clone()));
        }
    }
    rows
}
