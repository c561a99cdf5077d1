//! The trials of a sweep beside their data: each a run that can train.

use super::halving::Halving;
use super::search::{Search, Trial};
use crate::combined::{Combined, Written};
use crate::config::{Config, ignored, ignored_of_parts};
use crate::session::{configure, prepare};
use crate::settings::{Row, SETTINGS, Settings, SettingsError, pairs};
use anyhow::{Context, Result, ensure};
use barenet::Metric;
use barenet_data::DataSet;
use barenet_data::fingerprint::fingerprint;

/// A sweep whose trials were checked against the data.
#[derive(Debug)]
pub struct Plan<'a> {
    pub(super) trials: Vec<Planned<'a>>,
    /// The settings in which trials differ.
    pub(super) names: Vec<&'static str>,
    pub(super) metric: Metric,
    pub(super) halving: Option<Halving>,
    /// The epochs after which trials are compared, the last one among them; none where each trains to its own end.
    pub(super) rungs: Vec<usize>,
    /// Threads that were asked for; 0 for one for each CPU.
    pub(super) threads: usize,
    /// The sweep as a file.
    pub(super) text: String,
}

/// A trial that was checked.
#[derive(Debug)]
pub(super) struct Planned<'a> {
    pub(super) data: &'a DataSet,
    /// Fingerprint of the training set.
    pub(super) mark: u64,
    pub(super) trial: Trial,
    pub(super) combined: Combined,
    /// The settings of its run, as its folder has them.
    pub(super) config: String,
    pub(super) num_epochs: usize,
    pub(super) iterations_per_epoch: usize,
    pub(super) batch_size: usize,
}

impl Planned<'_> {
    /// Samples that an epoch trains on.
    pub(super) const fn samples_per_epoch(&self) -> usize {
        self.iterations_per_epoch.saturating_mul(self.batch_size)
    }
}

impl<'a> Plan<'a> {
    /// Puts the settings of each trial over those that somebody wrote, and these over a preset, and checks all of them against the data.
    /// Settings that do nothing in any trial are [told](log::warn).
    ///
    /// # Errors
    ///
    /// If a setting of a trial cannot be used, naming the trial, the trials have different metrics, or nothing would be halved.
    pub fn new(
        search: &Search,
        written: &Written,
        default_preset: &str,
        data: &'a DataSet,
    ) -> Result<Self> {
        Self::of_readings(search, written, default_preset, |_| Some(data))
    }

    /// The same where trials differ in how data are read: `data_of` has the data for each of the search's
    /// [readings](Search::readings).
    ///
    /// # Errors
    ///
    /// Those of [`Self::new`], and if there are no data for a reading.
    pub fn of_readings(
        search: &Search,
        written: &Written,
        default_preset: &str,
        data_of: impl Fn(&Settings) -> Option<&'a DataSet>,
    ) -> Result<Self> {
        if let Some(folds) = written.settings.folds
            && written.settings.fold.is_none()
            && !search.names().contains(&"fold")
        {
            return Err(SettingsError::new(format!(
                "folds is {folds}: a sweep tests on one of them: name it with --fold, or sweep over fold"
            ))
            .into());
        }
        let (mut trials, mut configs) = (Vec::new(), Vec::new());
        let mut read: Vec<(Settings, (&'a DataSet, u64))> = Vec::new();
        for trial in search.trials()? {
            let name = trial.name.clone();
            let reading = Search::reading_of(&trial);
            let known = read.iter().find(|(known, _)| *known == reading).map(|(_, data)| *data);
            let data = match known {
                Some(data) => data,
                None => {
                    let data = data_of(&reading).context("there are no data for a trial")?;
                    (data, fingerprint(data))
                }
            };
            let (planned, config) =
                plan(trial, written, default_preset, data, known.is_none()).context(name)?;
            if known.is_none() {
                read.push((reading, data));
            }
            trials.push(planned);
            configs.push(config);
        }
        let Some(first) = configs.first() else {
            return Err(SettingsError::new("the sweep has no trial").into());
        };
        let metric = first.metric();
        if let Some((other, trial)) = configs
            .iter()
            .zip(&trials)
            .map(|(config, trial)| (config.metric(), trial))
            .find(|(other, _)| *other != metric)
        {
            return Err(SettingsError::new(format!(
                "{} has the metric {}, and {} has {}: trials are compared by one; name it with --metric",
                trials.first().map_or("", |first| &first.trial.name),
                metric.name(),
                trial.trial.name,
                other.name(),
            ))
            .into());
        }
        let rungs = match search.halving {
            None => Vec::new(),
            Some(halving) => {
                let num_epochs = first.values().num_epochs;
                ensure!(
                    trials.iter().all(|trial| trial.num_epochs == num_epochs),
                    SettingsError::new(
                        "halving compares trials after the same epochs: num_epochs must not differ from trial to trial"
                    )
                );
                halving.rungs(num_epochs)?
            }
        };
        let all: Vec<_> = configs.iter().collect();
        let any = trials.first().map(|first| first.trial.settings.clone()).unwrap_or_default();
        let told = any.overlay(written.settings.clone());
        let data = trials.first().map(|first| first.data);
        let of_parts = data.map(|data| ignored_of_parts(&told, data)).unwrap_or_default();
        ignored(&told, &all).iter().chain(&of_parts).for_each(|line| log::warn!("{line}"));
        let mut base = Settings { threads: None, ..written.settings.clone() };
        let names = search.names();
        let is_varied = |row: &&Row| names.contains(&row.name);
        SETTINGS.iter().filter(is_varied).for_each(|row| (row.leave_out)(&mut base));
        Ok(Self {
            names,
            metric,
            halving: search.halving,
            rungs,
            threads: first.values().threads,
            text: search.to_toml(&base),
            trials,
        })
    }

    /// How many trials there are.
    #[must_use]
    pub const fn num_trials(&self) -> usize {
        self.trials.len()
    }

    /// The metric by which they are compared, on the validation data.
    #[must_use]
    pub const fn metric(&self) -> Metric {
        self.metric
    }

    /// The settings in which they differ.
    #[must_use]
    pub fn names(&self) -> &[&'static str] {
        &self.names
    }

    /// The epochs after which trials are compared, and the last one; empty without halving.
    #[must_use]
    pub fn rungs(&self) -> &[usize] {
        &self.rungs
    }

    /// The name of a trial.
    #[must_use]
    pub fn name(&self, trial: usize) -> &str {
        self.trials.get(trial).map_or("", |planned| &planned.trial.name)
    }

    /// The epochs of a trial that is not halved.
    #[must_use]
    pub fn num_epochs(&self, trial: usize) -> usize {
        self.trials.get(trial).map_or(0, |planned| planned.num_epochs)
    }

    /// In what a trial differs from the others, as `learning_rate 0.1, hidden 64`.
    #[must_use]
    pub fn differences(&self, trial: usize) -> String {
        let pairs = self.trials.get(trial).map(|planned| pairs(&planned.trial.settings));
        let words = pairs.unwrap_or_default();
        let words = words.iter().map(|(name, value)| match &**value {
            "" => format!("{name} none"),
            value => format!("{name} {value}"),
        });
        words.collect::<Vec<_>>().join(", ")
    }
}

fn plan<'a>(
    trial: Trial,
    written: &Written,
    default_preset: &str,
    (data, mark): (&'a DataSet, u64),
    is_first: bool,
) -> Result<(Planned<'a>, Config)> {
    let combined = written.under(trial.settings.clone()).over(default_preset, data)?;
    let Combined { settings, written } = &combined;
    // What is wrong with the data themselves, the first that takes them finds.
    let (config, split) = if is_first {
        prepare(settings.clone(), Some(written), data)?
    } else {
        configure(settings.clone(), Some(written), data)?
    };
    let solver = config.solver::<f64>();
    let planned = Planned {
        data,
        mark,
        config: config.to_toml(),
        num_epochs: solver.num_epochs,
        iterations_per_epoch: solver.iterations_per_epoch(split.train.len()),
        batch_size: solver.batch_size,
        trial,
        combined,
    };
    Ok((planned, config))
}
