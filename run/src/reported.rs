//! Figures that the course's document prints of its experiments.

use crate::measured::key;
use barenet::Metric;
use serde::de::Error;
use serde::{Deserialize, Deserializer};
use std::collections::BTreeMap;

/// The key of the loss of the first iteration.
pub const FIRST_LOSS: &str = "first_loss";

/// Figures of a metric, as in [`Measured`](crate::measured::Measured).
const FIGURES: [&str; 4] = ["train", "final_val", "best_val", "test"];

/// Figures that the course's document prints, by the keys that `summary.json` has for them: of the accuracy
/// `best_val_acc`, for example.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Reported(BTreeMap<Key, f64>);

/// A key that a figure can have.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Key(String);

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let of = |metric| FIGURES.map(|figure| key(metric, figure));
        let mut keys = vec![FIRST_LOSS.to_owned()];
        keys.extend(Metric::ALL.into_iter().flat_map(of));
        if keys.contains(&text) {
            return Ok(Self(text));
        }
        let keys = keys.join("`, `");
        Err(D::Error::custom(format!("unknown field `{text}`, expected one of `{keys}`")))
    }
}

impl Reported {
    /// The figure of a key, if the document prints it.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<f64> {
        self.0.get(&Key(key.to_owned())).copied()
    }
}
