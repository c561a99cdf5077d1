//! Events of a run, as lines of JSON.

mod log;

pub use log::EventLog;

use crate::measured::key;
use crate::norms::Norms;
use crate::summary::Summary;
use barenet::Metric;
use serde::{Serialize, Serializer};
use std::fmt;

/// An event, as `events.jsonl` and `--json` have it. No times: the same run gives the same bytes.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum RunEvent<'a> {
    /// The run begins.
    Start {
        /// Name of the run.
        name: &'a str,
        /// Folder of its files.
        #[serde(skip_serializing_if = "Option::is_none")]
        out: Option<&'a str>,
        /// Its images: `cifar10` or `built-in`.
        data: &'a str,
        /// Place of the data.
        #[serde(skip_serializing_if = "Option::is_none")]
        data_source: Option<&'a str>,
        /// Iterations of the whole run.
        num_iterations: usize,
        /// Iterations of an epoch.
        iterations_per_epoch: usize,
    },
    /// A run is resumed. Only on standard output: the log looks as if the run had not stopped.
    Resume {
        /// After this many steps.
        iteration: usize,
    },
    /// A training step.
    Step {
        /// Steps done, this one included.
        iteration: usize,
        /// The loss of its batch.
        loss: f64,
        /// Whether people want to see it, as `print_every` says.
        #[serde(skip)]
        print: bool,
    },
    /// A check of the metric.
    Epoch {
        /// Epochs done.
        epoch: usize,
        /// Its figures: `train_acc` and `val_acc`, if the metric is the accuracy.
        #[serde(flatten)]
        check: Check,
        /// Norms after its last step; `None` in a run that was begun by a version without them.
        #[serde(flatten)]
        norms: Option<Norms>,
        /// Whether it is the best so far.
        best: bool,
    },
    /// The loss was not a finite number, and the run ended there.
    Diverged {
        /// At this step.
        iteration: usize,
    },
    /// The run is complete.
    End {
        /// Results of the run.
        summary: &'a Summary,
    },
}

/// The metric of a check on the training and on the validation data.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Check {
    /// The metric that is measured.
    pub metric: Metric,
    /// On a sample of the training data.
    pub train: f64,
    /// On the validation data.
    pub val: f64,
}

impl Serialize for Check {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { metric, train, val } = *self;
        serializer.collect_map([(key(metric, "train"), train), (key(metric, "val"), val)])
    }
}

/// As the course prints it.
impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { metric, train, val } = self;
        let key = metric.key();
        write!(f, "train {key}: {train:.6}; val_{key}: {val:.6}")
    }
}

impl RunEvent<'_> {
    /// As a line of JSON.
    #[must_use]
    pub fn to_line(&self) -> String {
        // Strings and finite numbers: there is nothing that could fail.
        serde_json::to_string(self).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_keys_of_a_check_come_from_its_metric() {
        let line = |metric| {
            let check = Check { metric, train: 0.5, val: 0.25 };
            let norms = Some(Norms { grad_norm: 2.0, weight_norm: 3.5 });
            let with = RunEvent::Epoch { epoch: 1, check, norms, best: true }.to_line();
            let without = RunEvent::Epoch { epoch: 1, check, norms: None, best: true }.to_line();
            assert_eq!(with.replace(r#""grad_norm":2.0,"weight_norm":3.5,"#, ""), without);
            assert!(with.len() > without.len());
            (without, check.to_string())
        };
        let (json, text) = line(Metric::Accuracy);
        assert_eq!(
            json,
            r#"{"event":"epoch","epoch":1,"train_acc":0.5,"val_acc":0.25,"best":true}"#
        );
        assert_eq!(text, "train acc: 0.500000; val_acc: 0.250000");
        let (json, text) = line(Metric::Mse);
        assert_eq!(
            json,
            r#"{"event":"epoch","epoch":1,"train_mse":0.5,"val_mse":0.25,"best":true}"#
        );
        assert_eq!(text, "train mse: 0.500000; val_mse: 0.250000");
    }
}
