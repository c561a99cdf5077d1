//! The course's comparison: a [sweep](crate::sweep) over update rules, each with a learning rate of its own.

use crate::history::History;
use crate::measured::{best, key};
use crate::presets::Preset;
use crate::run_folder::RunFolder;
use crate::settings::{RuleName, Settings, SettingsError};
use crate::sweep::{Method, Search, State, Swept, Trial};
use barenet::Metric;
use serde_json::{Value, json};
use std::path::Path;

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

/// A trial for each of some rules, named as it is. Every rule has `learning_rate`, or the course's for it.
///
/// # Errors
///
/// If there is no rule.
pub fn search(rules: &[RuleName], learning_rate: Option<f64>) -> Result<Search, SettingsError> {
    let presets = Preset::all()?;
    let mut trials: Vec<Trial> = Vec::new();
    for &rule in rules {
        let rate = learning_rate.unwrap_or_else(|| course_learning_rate(rule, &presets));
        let settings =
            Settings { update_rule: Some(rule), learning_rate: Some(rate), ..Settings::default() };
        let trial = Trial { name: rule.name().to_owned(), settings };
        if !trials.contains(&trial) {
            trials.push(trial);
        }
    }
    if trials.is_empty() {
        return Err(SettingsError::new("--update-rules names no rule"));
    }
    Ok(Search { method: Method::List(trials), settings: Settings::default(), halving: None })
}

/// The curves of the runs in the folder of a sweep over rules, in their order. One that diverged in its first step has none.
///
/// # Errors
///
/// If a log cannot be read.
pub fn curves(rules: &[RuleName], swept: &Swept, folder: &Path) -> anyhow::Result<Vec<Curves>> {
    let mut all: Vec<Curves> = Vec::new();
    for &rule in rules {
        let row = swept.board.rows.iter().find(|row| row.run == rule.name());
        let Some(row) = row.filter(|_| all.iter().all(|curves| curves.rule != rule)) else {
            continue;
        };
        let history = match RunFolder::open(&folder.join(&row.run)) {
            Ok(run) => History::read(&run, swept.board.metric)?.unwrap_or_default(),
            Err(_) => History::default(),
        };
        let diverged_at = match row.state {
            State::Diverged(iteration) => Some(iteration),
            State::Complete | State::Halved | State::Waiting => None,
        };
        let History { loss, train, val, .. } = history;
        all.push(Curves { rule, loss, train, val, diverged_at });
    }
    Ok(all)
}

/// Results of the runs, as `comparison.json` has it: `null` for what a run did not come to.
#[must_use]
pub fn to_json(data: &str, metric: Metric, curves: &[Curves]) -> Value {
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
    json!({ "data": data, "runs": runs })
}
