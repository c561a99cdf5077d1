//! Contents of a generated crate.

use super::answer::Answer;
use super::in_weights::InWeights;
use super::inputs::InputMaps;
use super::model::{Model, Numbers, Scores};
use super::row::Row;

/// Contents of a generated crate.
#[derive(Clone, Copy, Debug)]
pub struct Contents<'a> {
    /// The crate's name.
    pub name: &'a str,
    /// One line on where the network comes from.
    pub origin: &'a str,
    /// The network.
    pub model: &'a Model,
    /// What was folded into its weights.
    pub in_weights: InWeights<'a>,
    /// Order of the inputs in words, if there is something to say, such as of a window of a recording.
    pub order: &'a str,
    /// Names of the inputs, such as columns of a table; images have none.
    pub input_names: &'a [String],
    /// Names of the classes, or of the targets.
    pub output_names: &'a [String],
    /// Samples of the test vector.
    pub samples: &'a [Row<'a>],
    /// Their scores.
    pub scores: &'a [Scores],
}

impl Contents<'_> {
    pub(super) const fn is_int8(&self) -> bool {
        matches!(self.model.numbers, Numbers::Int8 { .. })
    }

    pub(super) const fn dtype(&self) -> &'static str {
        if self.is_int8() { "int8" } else { "f32" }
    }

    /// The type of a score, in Rust.
    pub(super) const fn score(&self) -> &'static str {
        match self.model.numbers {
            Numbers::F32(_) => "f32",
            Numbers::Int8 { signed: Some(_), .. } => "i8",
            Numbers::Int8 { .. } => "i16",
        }
    }

    /// Whether bytes with a sign go in and come out.
    pub(super) const fn is_signed(&self) -> bool {
        self.model.signed().is_some()
    }

    /// The type of the inputs, in Rust.
    pub(super) fn input(&self) -> &'static str {
        let default = if self.is_signed() { "i8" } else { "u8" };
        self.samples.first().map_or(default, |row| row.type_name())
    }

    /// The maps of the inputs to bytes.
    pub(super) const fn inputs(&self) -> Option<&InputMaps> {
        match &self.model.numbers {
            Numbers::Int8 { inputs, .. } => inputs.as_ref(),
            Numbers::F32(_) => None,
        }
    }

    /// The maps of the inputs to what the scores are like.
    pub(super) const fn targets(&self) -> Option<&InputMaps> {
        match &self.model.answer {
            Answer::AnomalySteps { targets, .. } => Some(targets),
            _ => None,
        }
    }

    /// What comes of the scores of each sample of the test vector, if that are numbers: its values, or its anomaly score.
    pub(super) fn answers(&self) -> Vec<Vec<f32>> {
        let each = self.samples.iter().zip(self.scores);
        match self.model.answer {
            Answer::Class => Vec::new(),
            Answer::Values { .. } => each.map(|(_, scores)| self.model.values(scores)).collect(),
            Answer::AnomalyScore { .. } | Answer::AnomalySteps { .. } => each
                .filter_map(|(row, scores)| self.model.anomaly_score(*row, scores).ok())
                .map(|score| vec![score])
                .collect(),
        }
    }
}
