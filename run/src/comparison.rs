//! Training once with each of some update rules, all other settings the same.

use crate::backend::start_backend;
use crate::combined::Combined;
use crate::config::{Config, ignored, ignored_of_parts};
use crate::events::Check;
use crate::measured::{best, key};
use crate::presets::Preset;
use crate::settings::{Dtype, RuleName, Settings, SettingsError};
use crate::trainer::{self, Outcome};
use anyhow::Result;
use barenet::{Event, Metric};
use barenet_blas::Backend;
use barenet_data::DataSet;
use barenet_data::inspect::check_targets;
use barenet_model::number::Number;
use serde_json::{Value, json};
use std::ops::ControlFlow;

/// Runs that differ in their update rule and its learning rate.
#[derive(Debug)]
pub struct Comparison<'a> {
    data: &'a DataSet,
    backend: Backend,
    metric: Metric,
    runs: Vec<(RuleName, Config)>,
}

/// Curves of one rule's run.
#[derive(Clone, Debug, PartialEq)]
pub struct Curves {
    /// The rule.
    pub rule: RuleName,
    /// The loss of each iteration.
    pub loss: Vec<f64>,
    /// The metric of each epoch on a sample of the training data, epoch 0 first.
    pub train: Vec<f64>,
    /// It on the validation data.
    pub val: Vec<f64>,
    /// The iteration whose loss was not finite, if the run ended there.
    pub diverged_at: Option<usize>,
}

/// The learning rate of the course's experiment with a rule, or that of the course's `optim.py`.
fn course_learning_rate(rule: RuleName, presets: &[Preset]) -> f64 {
    let preset = presets.iter().find(|preset| {
        preset.name.starts_with("six-layer") && preset.settings.update_rule == Some(rule)
    });
    let rate = preset.and_then(|preset| preset.settings.learning_rate);
    rate.unwrap_or_else(|| rule.rule().default_learning_rate())
}

impl<'a> Comparison<'a> {
    /// Checks the settings of all runs against the data, and starts the threads. Every rule has `learning_rate`,
    /// or the course's for it.
    ///
    /// # Errors
    ///
    /// If a setting cannot be used, the data have fewer images than it asks for, or there is no rule.
    pub fn new(
        rules: &[RuleName],
        learning_rate: Option<f64>,
        combined: &Combined,
        data: &'a DataSet,
    ) -> Result<Self> {
        let Combined { settings, written } = combined;
        let presets = Preset::all()?;
        let config = |rule: RuleName| {
            let rate = learning_rate.unwrap_or_else(|| course_learning_rate(rule, &presets));
            let changes = Settings {
                update_rule: Some(rule),
                learning_rate: Some(rate),
                ..Settings::default()
            };
            let settings = changes.overlay(settings.clone());
            Ok((rule, Config::for_data(settings, data, data.output_dim())?))
        };
        let mut runs = rules.iter().copied().map(config).collect::<Result<Vec<_>>>()?;
        check_targets(data)?;
        for (_, config) in &mut runs {
            let split = config.split(data)?;
            config.check_metric(data, &split)?;
            config.fit(written, split.train.len())?;
        }
        let all: Vec<_> = runs.iter().map(|(_, config)| config).collect();
        let of_parts = ignored_of_parts(written, data);
        ignored(written, &all).iter().chain(&of_parts).for_each(|line| log::warn!("{line}"));
        // The rules differ in nothing that a backend or the metric depends on.
        let Some((_, first)) = runs.first() else {
            return Err(SettingsError::new("--update-rules names no rule").into());
        };
        Ok(Self { data, backend: start_backend(first), metric: first.metric(), runs })
    }

    /// The runs: each rule and its configuration.
    pub fn runs(&self) -> impl Iterator<Item = (RuleName, &Config)> {
        self.runs.iter().map(|(rule, config)| (*rule, config))
    }

    /// The metric of all runs.
    #[must_use]
    pub const fn metric(&self) -> Metric {
        self.metric
    }

    /// Trains one of the runs. `on_check` gets every check: the epoch, and its result.
    ///
    /// # Errors
    ///
    /// Those of [`trainer::train`]. A loss that is not finite is none: the curves say so.
    pub fn train(
        &self,
        rule: RuleName,
        config: &Config,
        on_check: impl FnMut(usize, Check) + Send,
    ) -> Result<Curves> {
        match config.dtype() {
            Dtype::F32 => self.train_as::<f32>(rule, config, on_check),
            Dtype::F64 => self.train_as::<f64>(rule, config, on_check),
        }
    }

    fn train_as<T: Number>(
        &self,
        rule: RuleName,
        config: &Config,
        mut on_check: impl FnMut(usize, Check) + Send,
    ) -> Result<Curves> {
        let split = config.split(self.data)?;
        let scales = config.scales::<T>(self.data, &split);
        let images = (self.data, &split);
        let outcome: Outcome<T> =
            trainer::train(config, images, &scales, &self.backend, None, |event, moment| {
                if let Event::Epoch { epoch, train, val, .. } = *event {
                    let (train, val) = (train.to_printed(), val.to_printed());
                    on_check(epoch, Check { metric: moment.metric, train, val });
                }
                Ok(ControlFlow::Continue(()))
            })?;
        Ok(Curves {
            rule,
            loss: outcome.loss_history,
            train: outcome.train_history,
            val: outcome.val_history,
            diverged_at: outcome.diverged_at,
        })
    }

    /// Results of the runs, as `comparison.json` has it: `null` for what a run did not come to.
    #[must_use]
    pub fn to_json(&self, curves: &[Curves]) -> Value {
        let metric = self.metric;
        let row = |run: &Curves| {
            json!({
                "update_rule": run.rule.name(),
                "loss": run.loss.last(),
                key(metric, "train"): run.train.last(),
                key(metric, "val"): run.val.last(),
                key(metric, "best_val"): best(metric, &run.val),
                "diverged_at": run.diverged_at,
            })
        };
        let runs: Vec<_> = curves.iter().map(row).collect();
        json!({ "data": self.data.source.kind.word, "runs": runs })
    }
}
