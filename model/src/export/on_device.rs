//! Answers of an exported network: values and anomaly scores, computed as the device computes them.

use super::answer::Answer;
use super::model::{Model, Scores};
use super::row::{Row, with_numbers};
use anyhow::{Result, bail};
use barenet::{Scaling, anomaly_score};

impl Model {
    /// The values that scores stand for, computed as the device computes them; none if it answers otherwise.
    #[must_use]
    pub fn values(&self, scores: &Scores) -> Vec<f32> {
        let Answer::Values { offset, factor } = &self.answer else { return Vec::new() };
        let scores: Vec<f32> = match scores {
            Scores::F32(scores) => scores.clone(),
            Scores::Int8(scores) => scores.iter().map(|&score| score.into()).collect(),
            Scores::Signed(scores) => {
                let zero_point = self.signed().map_or(0, |signed| signed.output.zero_point());
                let steps = |score| i16::from(score) - i16::from(zero_point);
                scores.iter().map(|&score| steps(score).into()).collect()
            }
        };
        let each = offset.iter().zip(factor).zip(scores);
        each.map(|((offset, factor), score)| offset + factor * score).collect()
    }

    /// The anomaly score of a row of which the network made `scores`, computed as the device computes it.
    ///
    /// # Errors
    ///
    /// If the network answers otherwise, or the lengths differ.
    pub fn anomaly_score(&self, row: Row<'_>, scores: &Scores) -> Result<f32> {
        match (&self.answer, scores) {
            (Answer::AnomalyScore { offset, factor, .. }, Scores::F32(scores)) => {
                let inputs = Scaling { offset, factor };
                Ok(with_numbers!(row, x => anomaly_score(x, inputs, scores))?)
            }
            (Answer::AnomalySteps { targets, square, .. }, Scores::Int8(scores)) => {
                Ok(targets.squared_error(row, scores)? as f32 * square)
            }
            _ => bail!("the network gives no anomaly scores"),
        }
    }
}
