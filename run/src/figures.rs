//! Figures that take all outputs of a network at once: of classes, of numbers, and of anomalies.

mod auc;
mod classes;
mod values;

pub use auc::auc;
pub use classes::{ClassFigures, OfClass};
pub use values::{ValueFigures, r2};

use crate::anomaly::threshold;
use crate::scaled::scaled;
use crate::tta::outputs_of_views;
use anyhow::Result;
use barenet::{Dataset, FullyConnectedNet, Label, Metric, Sample, Weights};
use barenet_blas::Backend;
use barenet_data::augment::Augmentation;
use barenet_data::split::{Part, Split};
use barenet_data::{DataSet, Task};
use barenet_model::number::Number;
use barenet_model::scales::Scales;

/// Figures of a network on a part of the data.
#[derive(Clone, Debug, PartialEq)]
pub enum Figures {
    /// Of classes.
    Classes(ClassFigures),
    /// Of numbers: those of each output, in the unit of its target.
    Values(Vec<ValueFigures>),
    /// Of what is given back.
    Anomalies(AnomalyFigures),
}

/// Figures of an autoencoder.
#[derive(Clone, Debug, PartialEq)]
pub struct AnomalyFigures {
    /// Of each sample the anomaly score: the mean squared error of its scaled inputs.
    pub scores: Vec<f64>,
    /// Of each sample whether it is of another class than the normal one; none where there are no classes.
    pub is_other: Vec<bool>,
    /// The area under the ROC curve: how likely an anomaly has a higher score than a normal sample. There is
    /// none where not both are among the samples.
    pub auc: Option<f64>,
}

impl AnomalyFigures {
    /// How many normal samples, and how many others, have scores above a threshold.
    #[must_use]
    pub fn above(&self, threshold: f64) -> [usize; 2] {
        let is_above = |index: &usize| self.scores.get(*index).is_some_and(|&s| s > threshold);
        let is_other = |index: &usize| self.is_other.get(*index).copied().unwrap_or(false);
        let all = || (0..self.scores.len()).filter(is_above);
        let other = all().filter(is_other).count();
        [all().count() - other, other]
    }
}

/// Measures a network on one part of the data, or the mean of it over views of each picture, if there are any.
///
/// # Errors
///
/// If there is not enough memory, or the weights do not fit the network.
pub fn figures<T: Number>(
    net: &FullyConnectedNet<'_, T>,
    weights: Weights<'_, T>,
    (data, split, part): (&DataSet, &Split, Part),
    scales: &Scales<T>,
    views: &[Augmentation],
    backend: &Backend,
) -> Result<Figures> {
    let samples = scaled((data, split, part), scales);
    let scores = outputs_of_views(net, weights, &samples, views, backend)?;
    Ok(of_scores(&scores, net.arch.num_classes(), (data, split, part), scales))
}

/// The figures of scores, `width` for each sample of a part.
pub(crate) fn of_scores<T: Number>(
    scores: &[T],
    width: usize,
    (data, split, part): (&DataSet, &Split, Part),
    scales: &Scales<T>,
) -> Figures {
    let samples = scaled((data, split, part), scales);
    let all = data.records(part).labels();
    let labels: Vec<Label> =
        split.index(part).iter().filter_map(|place| all.get(place)).copied().collect();
    match data.task {
        Task::Classify => Figures::Classes(ClassFigures::new(scores, &labels, width)),
        Task::Regress => {
            let targets = targets(&samples, width);
            let factors = scales.targets().factor;
            let each = (0..width).map(|output| {
                let factor = factors.get(output).map_or(1.0, |factor| factor.to_f64());
                let column = |all: &[T]| -> Vec<f64> {
                    let column = all.iter().skip(output).step_by(width.max(1));
                    column.map(|number| number.to_f64() / factor).collect()
                };
                ValueFigures::new(&column(scores), &column(&targets))
            });
            Figures::Values(each.collect())
        }
        Task::Reconstruct => {
            let errors = scores.iter().zip(targets(&samples, width));
            let squares: Vec<f64> =
                errors.map(|(s, x)| (s.to_f64() - x.to_f64()).powi(2)).collect();
            let mean = |row: &[f64]| row.iter().sum::<f64>() / row.len().max(1) as f64;
            let scores: Vec<f64> = squares.chunks(width.max(1)).map(mean).collect();
            let is_other = is_other((data, split, part));
            let auc = auc(&scores, &is_other);
            Figures::Anomalies(AnomalyFigures { scores, is_other, auc })
        }
    }
}

/// Of each sample of a part whether it is of another class than the normal one; none where there are no classes.
pub(crate) fn is_other((data, split, part): (&DataSet, &Split, Part)) -> Vec<bool> {
    let labels = data.records(part).labels();
    let of_part = split.index(part).iter().filter_map(|place| labels.get(place));
    of_part.map(|&label| Some(label) != data.normal).collect()
}

/// The anomaly scores of normal samples; all where none is known to be normal.
pub(crate) fn normal(scores: Vec<f64>, is_other: &[bool]) -> Vec<f64> {
    if is_other.iter().all(|&is_other| is_other) {
        return scores;
    }
    let each = scores.into_iter().zip(is_other).filter(|(_, is_other)| !**is_other);
    each.map(|(score, _)| score).collect()
}

/// The scaled targets of all samples, one sample after another.
pub(crate) fn targets<T: Number>(samples: &impl Dataset<T>, width: usize) -> Vec<T> {
    let mut all = vec![T::ZERO; samples.len().saturating_mul(width)];
    for (index, y) in all.chunks_exact_mut(width.max(1)).enumerate() {
        samples.read_target(Sample::new(index), 0, y);
    }
    all
}

impl Figures {
    /// The figure of a metric, if it is among them: the AUC is not where not all classes are, and of metrics that are
    /// [means over the samples](Metric::takes_all_outputs) only the accuracy is.
    #[must_use]
    pub fn of(&self, metric: Metric) -> Option<f64> {
        match (metric, self) {
            (Metric::Accuracy, _) => self.accuracy(),
            (Metric::BalancedAccuracy, Self::Classes(classes)) => Some(classes.balanced_accuracy()),
            (Metric::F1, Self::Classes(classes)) => Some(classes.macro_f1()),
            (Metric::Auc, _) => self.auc(),
            (Metric::R2, _) => self.r2(),
            _ => None,
        }
    }

    /// The accuracy of classes.
    #[must_use]
    pub const fn accuracy(&self) -> Option<f64> {
        match self {
            Self::Classes(classes) => Some(classes.accuracy),
            Self::Values(_) | Self::Anomalies(_) => None,
        }
    }

    /// The coefficient of determination of numbers, the mean of that of each output.
    #[must_use]
    pub fn r2(&self) -> Option<f64> {
        match self {
            Self::Values(values) => {
                Some(values.iter().map(|v| v.r2).sum::<f64>() / values.len().max(1) as f64)
            }
            Self::Classes(_) | Self::Anomalies(_) => None,
        }
    }

    /// The anomaly score above which a sample is an anomaly, if these are figures of samples that did not train: of the
    /// normal ones among them.
    #[must_use]
    pub fn threshold(self, percentile: f64) -> Option<f64> {
        match self {
            Self::Anomalies(AnomalyFigures { scores, is_other, .. }) => {
                Some(threshold(&mut normal(scores, &is_other), percentile))
            }
            Self::Classes(_) | Self::Values(_) => None,
        }
    }

    /// The area under the ROC curve, of classes and anomalies.
    #[must_use]
    pub const fn auc(&self) -> Option<f64> {
        match self {
            Self::Classes(classes) => classes.auc,
            Self::Anomalies(anomalies) => anomalies.auc,
            Self::Values(_) => None,
        }
    }
}
