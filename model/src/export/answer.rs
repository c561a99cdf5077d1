//! What a device makes of the scores of a network.

use super::inputs::InputMaps;
use super::row::Row;
use crate::number::Number;
use crate::scales::Scales;
use anyhow::{Result, bail};

/// What becomes of the scores of a network.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Answer {
    /// The class with the highest one.
    #[default]
    Class,
    /// Values in the units of the targets: `offset` + `factor` · score.
    Values {
        /// The value of a score of 0, for each target.
        offset: Vec<f32>,
        /// The value of a score of 1 more, for each target.
        factor: Vec<f32>,
    },
    /// The anomaly score: how unlike the scaled inputs they are.
    AnomalyScore {
        /// What is subtracted from each input.
        offset: Vec<f32>,
        /// What each is multiplied with then.
        factor: Vec<f32>,
        /// The score above which a sample is an anomaly.
        threshold: f32,
    },
    /// The same in integers: steps are those of int8 scores.
    AnomalySteps {
        /// The scaled inputs in steps.
        targets: InputMaps,
        /// The anomaly score of a sum of squared steps of 1.
        square: f32,
        /// The score above which a sample is an anomaly.
        threshold: f32,
        /// The sum of squared steps above which a sample is an anomaly.
        most: u64,
    },
}

impl Answer {
    /// Values of so many targets.
    #[must_use]
    pub fn values<T: Number>(scales: &Scales<T>, len: usize) -> Self {
        let factor = each(&scales.target_factor, len, 1.0).into_iter().map(|x| (1.0 / x) as f32);
        let offset = each(&scales.target_offset, len, 0.0).into_iter().map(|x| x as f32);
        Self::Values { offset: offset.collect(), factor: factor.collect() }
    }

    /// The anomaly score of so many inputs. Without a threshold yet: nothing is an anomaly.
    #[must_use]
    pub fn anomaly_score<T: Number>(scales: &Scales<T>, len: usize) -> Self {
        let as_f32 = |numbers: Vec<f64>| numbers.into_iter().map(|x| x as f32).collect();
        Self::AnomalyScore {
            offset: as_f32(each(&scales.offset, len, 0.0)),
            factor: as_f32(each(&scales.factor, len, 1.0)),
            threshold: f32::INFINITY,
        }
    }

    /// Sets the score above which a sample is an anomaly.
    pub fn set_threshold(&mut self, score: f64) {
        match self {
            Self::Class | Self::Values { .. } => {}
            Self::AnomalyScore { threshold, .. } => *threshold = score as f32,
            Self::AnomalySteps { square, threshold, most, .. } => {
                *threshold = score as f32;
                *most = (score / f64::from(*square)) as u64;
            }
        }
    }

    /// The same answer from int8 scores, each of which stands for `step` times as much.
    ///
    /// # Errors
    ///
    /// If there are no maps of the inputs, `like` those of a row, to such steps.
    pub fn of_steps(&self, step: f64, like: Row<'_>) -> Result<Self> {
        Ok(match self {
            Self::Class => Self::Class,
            Self::Values { offset, factor } => {
                let factor = factor.iter().map(|&factor| (f64::from(factor) * step) as f32);
                Self::Values { offset: offset.clone(), factor: factor.collect() }
            }
            Self::AnomalyScore { offset, factor, threshold } => {
                let lines = offset.iter().zip(factor);
                let lines = lines.map(|(&o, &f)| (f64::from(o), f64::from(f) / step));
                let targets = InputMaps::nearest(like, lines)?;
                let square = (step * step / offset.len().max(1) as f64) as f32;
                Self::AnomalySteps { targets, square, threshold: *threshold, most: u64::MAX }
            }
            Self::AnomalySteps { .. } => bail!("the answer is of int8 scores already"),
        })
    }

    /// The words of all numbers, for the checksum.
    pub(super) fn words(&self) -> Vec<u32> {
        match self {
            Self::AnomalySteps { targets, .. } => targets.words(),
            _ => self.numbers().map(|number| number.to_bits()).collect(),
        }
    }

    /// Bytes of flash.
    pub(super) fn flash_bytes(&self) -> usize {
        match self {
            Self::AnomalySteps { targets, .. } => targets.flash_bytes(),
            _ => size_of::<f32>() * self.numbers().count(),
        }
    }

    /// The real numbers that lie in flash beside the network's.
    fn numbers(&self) -> impl Iterator<Item = &f32> {
        let (offset, factor) = match self {
            Self::Class | Self::AnomalySteps { .. } => (&[][..], &[][..]),
            Self::Values { offset, factor } | Self::AnomalyScore { offset, factor, .. } => {
                (&**offset, &**factor)
            }
        };
        offset.iter().chain(factor)
    }
}

/// Numbers of a scaling, which may have none.
fn each<T: Number>(numbers: &[T], len: usize, none: f64) -> Vec<f64> {
    let mut all: Vec<f64> = numbers.iter().map(|number| number.to_f64()).collect();
    all.resize(len, none);
    all
}
