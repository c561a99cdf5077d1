//! The figures of a run's metric, and their keys in files.

pub use barenet::Metric;
use serde::de::Error;
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};

/// The key of a figure in a file: `val_acc` for `val`, if the metric is the accuracy.
#[must_use]
pub fn key(metric: Metric, figure: &str) -> String {
    format!("{figure}_{}", metric.key())
}

/// The best of some figures; `None` of none.
#[must_use]
pub fn best(metric: Metric, figures: &[f64]) -> Option<f64> {
    let better = |a, b| if metric.is_better(b, a) { b } else { a };
    figures.iter().copied().reduce(better)
}

/// A figure of which more is better, whatever the metric: its negative, if of the metric less is.
#[must_use]
pub const fn worth(metric: Metric, figure: f64) -> f64 {
    if metric.higher_is_better() { figure } else { -figure }
}

/// The figure of a run that came to no check: none is worse.
#[must_use]
pub const fn worst(metric: Metric) -> f64 {
    let (least, most) = metric.range();
    if metric.higher_is_better() { least } else { most }
}

/// The metric of a run that has ended. In a file the keys end in [that of the metric](Metric::key).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Measured {
    /// The metric that is measured.
    pub metric: Metric,
    /// The best on the validation data.
    pub best_val: f64,
    /// The epoch that had it.
    pub best_epoch: usize,
    /// On the validation data, of the weights that are kept: the best ones.
    pub val: f64,
    /// On the test data, of the same weights.
    pub test: f64,
    /// How many test samples.
    pub test_size: usize,
    /// On a sample of the training data, at the last check.
    pub train: f64,
    /// On the validation data, at the last check.
    pub final_val: f64,
}

impl Serialize for Measured {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { metric, best_val, best_epoch, val, test, test_size, train, final_val } = *self;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry(&key(metric, "best_val"), &best_val)?;
        map.serialize_entry("best_epoch", &best_epoch)?;
        map.serialize_entry(&key(metric, "val"), &val)?;
        map.serialize_entry(&key(metric, "test"), &test)?;
        map.serialize_entry("test_size", &test_size)?;
        map.serialize_entry(&key(metric, "train"), &train)?;
        map.serialize_entry(&key(metric, "final_val"), &final_val)?;
        map.end()
    }
}

impl<'de> Deserialize<'de> for Measured {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let map = Map::deserialize(deserializer)?;
        let is_there = |metric: &Metric| map.contains_key(&key(*metric, "best_val"));
        let metric = Metric::ALL.into_iter().find(is_there);
        let metric = metric.ok_or_else(|| D::Error::custom("no figure of a metric"))?;
        let missing = |key: &str| D::Error::custom(format!("no number `{key}`"));
        let number = |figure| {
            let key = key(metric, figure);
            map.get(&key).and_then(Value::as_f64).ok_or_else(|| missing(&key))
        };
        let count = |key| {
            let count = map.get(key).and_then(Value::as_u64);
            count.and_then(|count| usize::try_from(count).ok()).ok_or_else(|| missing(key))
        };
        Ok(Self {
            metric,
            best_val: number("best_val")?,
            best_epoch: count("best_epoch")?,
            val: number("val")?,
            test: number("test")?,
            test_size: count("test_size")?,
            train: number("train")?,
            final_val: number("final_val")?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_figure_follows_the_direction_of_the_metric() {
        let figures = [0.5, 0.25, 0.75];
        assert_eq!(best(Metric::Accuracy, &figures), Some(0.75));
        assert_eq!(best(Metric::Mse, &figures), Some(0.25));
        for metric in Metric::ALL {
            assert_eq!(best(metric, &[]), None);
            assert!(figures.iter().all(|&figure| metric.is_better(figure, worst(metric))));
        }
    }
}
