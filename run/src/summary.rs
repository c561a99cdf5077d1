//! Results of a run.

use crate::figures::Figures;
use crate::measured::{self, Measured};
use crate::run_folder::{RunFolder, SUMMARY};
use crate::shell::resume_command;
use crate::started_from::StartedFrom;
use anyhow::{Context, Result};
use barenet::Metric;
use barenet_data::reading::{MAX_TEXT_LEN, read_at_most};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

/// Results of a run: `summary.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// Name of the run.
    pub name: String,
    /// Kind of the data: `cifar10` or `built-in`.
    pub data: String,
    /// What its weights started from, if they were not drawn.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub from: Option<StartedFrom>,
    /// Its metric: `best_val_acc` and so on, if that is the accuracy.
    #[serde(flatten)]
    pub measured: Measured,
    /// What else is measured on the test data.
    #[serde(flatten)]
    pub beside: Beside,
    /// The anomaly score above which a sample is an anomaly, of an autoencoder.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub anomaly_threshold: Option<f64>,
    /// The loss of the first iteration.
    pub first_loss: f64,
    /// Numbers that were learnt.
    pub num_params: usize,
    /// Steps done.
    pub iterations: usize,
    /// Epochs done.
    pub epochs: usize,
    /// The epoch after which a sweep ended it, which is before its last one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub ended_after: Option<usize>,
    /// Images a second in the training steps of the last command that did any, checks of the metric excluded; 0 if none that did left a
    /// summary.
    pub samples_per_second: f64,
    /// Seconds of the whole of that command.
    pub seconds: f64,
    /// Kernel that multiplied matrices.
    pub backend: String,
    /// Threads.
    pub threads: usize,
    /// The number type.
    pub dtype: String,
    /// The seed.
    pub seed: u64,
    /// The iteration whose loss was not finite, if the run ended there.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub diverged_at: Option<usize>,
}

/// Figures of the test data beside the metric, and none that is the metric.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Beside {
    /// The accuracy, of classes whose metric is another.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub test_accuracy: Option<f64>,
    /// The area under the ROC curve, of classes whose metric is not the accuracy, and of anomalies.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub test_auc: Option<f64>,
    /// The coefficient of determination, of a network of numbers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub test_r2: Option<f64>,
}

impl Beside {
    /// Those among the figures of the test data.
    #[must_use]
    pub fn new(figures: &Figures, metric: Metric) -> Self {
        let beside = |other: Metric| figures.of(other).filter(|_| other != metric);
        Self {
            test_accuracy: beside(Metric::Accuracy),
            test_auc: beside(Metric::Auc),
            test_r2: beside(Metric::R2),
        }
    }

    /// The figure of a metric, if it is among them.
    #[must_use]
    pub const fn of(&self, metric: Metric) -> Option<f64> {
        match metric {
            Metric::Accuracy => self.test_accuracy,
            Metric::Auc => self.test_auc,
            Metric::R2 => self.test_r2,
            _ => None,
        }
    }
}

impl<'de> Deserialize<'de> for Beside {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let map = Map::deserialize(deserializer)?;
        // `test_auc` is here unless it is the metric, whose keys are these.
        let beside = |metric, key| {
            let is_metric = map.contains_key(&measured::key(metric, "best_val"));
            map.get(key).filter(|_| !is_metric).and_then(Value::as_f64)
        };
        Ok(Self {
            test_accuracy: beside(Metric::Accuracy, "test_accuracy"),
            test_auc: beside(Metric::Auc, "test_auc"),
            test_r2: beside(Metric::R2, "test_r2"),
        })
    }
}

impl Summary {
    /// The figures of the test data beside the metric.
    pub fn beside(&self) -> impl Iterator<Item = (Metric, f64)> {
        let all = [Metric::Accuracy, Metric::Auc, Metric::R2];
        all.into_iter().filter_map(|of| self.beside.of(of).map(|figure| (of, figure)))
    }

    /// The figure of a metric on the test data, if it was measured.
    #[must_use]
    pub fn test(&self, metric: Metric) -> Option<f64> {
        let Self { measured, beside, .. } = self;
        if measured.metric == metric { Some(measured.test) } else { beside.of(metric) }
    }

    /// A summary of which nothing is known but a name.
    pub(crate) fn without_figures(name: &str, data: &str, metric: Metric) -> Self {
        let figure = measured::worst(metric);
        Self {
            name: name.to_owned(),
            data: data.to_owned(),
            from: None,
            measured: Measured {
                metric,
                best_val: figure,
                best_epoch: 0,
                val: figure,
                test: figure,
                test_size: 0,
                train: figure,
                final_val: figure,
            },
            beside: Beside::default(),
            anomaly_threshold: None,
            first_loss: 0.0,
            num_params: 0,
            iterations: 0,
            epochs: 0,
            ended_after: None,
            samples_per_second: 0.0,
            seconds: 0.0,
            backend: String::new(),
            threads: 0,
            dtype: String::new(),
            seed: 0,
            diverged_at: None,
        }
    }

    /// Reads the summary that a run leaves when it ends.
    ///
    /// # Errors
    ///
    /// Naming the file, if it is not there or cannot be read.
    pub fn read(folder: &RunFolder) -> Result<Self> {
        let json = folder.place(SUMMARY).and_then(|path| read_at_most(&path, MAX_TEXT_LEN));
        let json = json.with_context(|| folder.file(SUMMARY).display().to_string())?;
        serde_json::from_slice(&json).with_context(|| {
            let (file, resume) = (folder.file(SUMMARY), resume_command(folder.path(), None));
            format!("{}: damaged; `{resume}` writes it anew", file.display())
        })
    }

    /// Takes over how fast the steps were, and with what, from a summary of the command that did them.
    pub(crate) fn take_speed(&mut self, before: Self) {
        self.samples_per_second = before.samples_per_second;
        self.seconds = before.seconds;
        self.backend = before.backend;
        self.threads = before.threads;
    }

    /// Writes it into the run's folder.
    ///
    /// # Errors
    ///
    /// Naming the file, if it cannot be written.
    pub fn write(&self, folder: &RunFolder) -> Result<()> {
        let json = serde_json::to_string_pretty(self)?;
        folder.write(SUMMARY, format!("{json}\n").as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn summary(metric: Metric) -> Summary {
        Summary {
            name: "n".to_owned(),
            data: "built-in".to_owned(),
            from: None,
            measured: Measured {
                metric,
                best_val: 0.5,
                best_epoch: 1,
                val: 0.5,
                test: 0.25,
                test_size: 9,
                train: 0.75,
                final_val: 0.125,
            },
            beside: Beside::default(),
            anomaly_threshold: None,
            first_loss: 2.5,
            num_params: 3,
            iterations: 4,
            epochs: 2,
            ended_after: None,
            samples_per_second: 1.0,
            seconds: 1.0,
            backend: "portable".to_owned(),
            threads: 1,
            dtype: "f32".to_owned(),
            seed: 0,
            diverged_at: None,
        }
    }

    #[test]
    fn numbers_are_read_back_to_the_last_bit() {
        for number in [125_406.316_465_347_73, 0.1 + 0.2, 1.0 / 3.0, 5e-324, f64::MAX] {
            let written = Summary { samples_per_second: number, ..summary(Metric::Accuracy) };
            let json = serde_json::to_string(&written).unwrap();
            assert_eq!(serde_json::from_str::<Summary>(&json).unwrap(), written);
        }
    }

    #[test]
    fn the_keys_of_a_summary_come_from_its_metric() {
        for (metric, key) in [
            (Metric::Accuracy, "acc"),
            (Metric::LogLoss, "log_loss"),
            (Metric::Mse, "mse"),
            (Metric::Mae, "mae"),
            (Metric::BalancedAccuracy, "balanced_acc"),
            (Metric::F1, "f1"),
            (Metric::Auc, "auc"),
            (Metric::R2, "r2"),
        ] {
            let json = serde_json::to_string(&summary(metric)).unwrap();
            let expected = format!(
                "{{\"name\":\"n\",\"data\":\"built-in\",\"best_val_{key}\":0.5,\"best_epoch\":1,\
                 \"val_{key}\":0.5,\"test_{key}\":0.25,\"test_size\":9,\"train_{key}\":0.75,\
                 \"final_val_{key}\":0.125,\"first_loss\":2.5,"
            );
            assert!(json.starts_with(&expected), "{json}");
            assert_eq!(serde_json::from_str::<Summary>(&json).unwrap(), summary(metric));
            let beside = |other| (metric != other).then_some(0.0625);
            let beside = Beside {
                test_accuracy: beside(Metric::Accuracy),
                test_auc: beside(Metric::Auc),
                test_r2: beside(Metric::R2),
            };
            let with_all = Summary { beside, ..summary(metric) };
            let written = serde_json::to_string(&with_all).unwrap();
            assert_eq!(serde_json::from_str::<Summary>(&written).unwrap(), with_all);
            assert_eq!(with_all.test(metric), Some(0.25));
            for missing in ["best_val", "val", "test", "train", "final_val"] {
                let json = json.replace(&format!("\"{missing}_{key}\""), "\"other\"");
                assert!(serde_json::from_str::<Summary>(&json).is_err(), "{json}");
            }
        }
    }
}
