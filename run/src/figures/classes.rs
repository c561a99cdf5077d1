//! Figures of classes.

use super::auc;
use crate::softmax::softmax;
use barenet::{Label, predict};
use barenet_model::number::Number;

/// Figures of a network that names classes.
#[derive(Clone, Debug, PartialEq)]
pub struct ClassFigures {
    /// The share of samples whose class has the highest score.
    pub accuracy: f64,
    /// The mean of −ln of the probability of the right class.
    pub log_loss: f64,
    /// The area under the ROC curve: that of the second class of two, and of more the mean of those of each class
    /// against all others. There is none where one of them is not among the samples.
    pub auc: Option<f64>,
    /// The samples of each class (first index) that were named each class (second).
    pub confusion: Vec<Vec<usize>>,
}

/// Figures of one class.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct OfClass {
    /// The share of those that were named this class that are of it; 0 of none.
    pub precision: f64,
    /// The share of those of this class that were named it; 0 of none.
    pub recall: f64,
    /// The harmonic mean of the two; 0 if both are.
    pub f1: f64,
    /// The samples of this class.
    pub count: usize,
}

impl ClassFigures {
    /// Measures scores, `num_classes` for each sample, beside the right classes.
    #[must_use]
    pub fn new<T: Number>(scores: &[T], labels: &[Label], num_classes: usize) -> Self {
        let mut confusion = vec![vec![0; num_classes]; num_classes];
        let mut probabilities = Vec::with_capacity(scores.len());
        let (mut right, mut log_loss) = (0_usize, 0.0);
        for (row, &label) in scores.chunks_exact(num_classes.max(1)).zip(labels) {
            let (named, class) = (predict(row), index(label));
            right += usize::from(named == label);
            if let Some(count) = confusion.get_mut(class).and_then(|row| row.get_mut(index(named)))
            {
                *count += 1;
            }
            let (row, log_sum) = softmax(row);
            log_loss += log_sum - row.get(class).map_or(f64::NEG_INFINITY, |row| row.0);
            probabilities.extend(row.into_iter().map(|(_, p)| p));
        }
        let count = labels.len().max(1);
        Self {
            accuracy: (T::from_usize(right) / T::from_usize(count)).to_printed(),
            log_loss: log_loss / count as f64,
            auc: auc_of_classes(&probabilities, labels, num_classes),
            confusion,
        }
    }

    /// The figures of each class.
    #[must_use]
    pub fn of_classes(&self) -> Vec<OfClass> {
        let share = |part: usize, of: usize| if of == 0 { 0.0 } else { part as f64 / of as f64 };
        let each = self.confusion.iter().enumerate().map(|(class, row)| {
            let right = row.get(class).copied().unwrap_or(0);
            let count = row.iter().sum();
            let named = self.confusion.iter().filter_map(|row| row.get(class)).sum();
            let (precision, recall) = (share(right, named), share(right, count));
            OfClass { precision, recall, f1: share(2 * right, count + named), count }
        });
        each.collect()
    }

    /// The mean recall of the classes that there are samples of (scikit-learn's `balanced_accuracy_score`).
    #[must_use]
    pub fn balanced_accuracy(&self) -> f64 {
        let recalls: Vec<f64> = self
            .of_classes()
            .iter()
            .filter(|class| class.count > 0)
            .map(|class| class.recall)
            .collect();
        recalls.iter().sum::<f64>() / recalls.len().max(1) as f64
    }

    /// The mean F1 of the classes that samples are of or were named (scikit-learn's `f1_score` with
    /// `average="macro"`).
    #[must_use]
    pub fn macro_f1(&self) -> f64 {
        let is_there = |class: usize| {
            let is_named = self.confusion.iter().any(|row| row.get(class).is_some_and(|&n| n > 0));
            is_named || self.confusion.get(class).is_some_and(|row| row.iter().any(|&n| n > 0))
        };
        let of_classes = self.of_classes();
        let there = (0..).zip(&of_classes).filter(|(class, _)| is_there(*class));
        let each: Vec<f64> = there.map(|(_, class)| class.f1).collect();
        each.iter().sum::<f64>() / each.len().max(1) as f64
    }
}

fn index(label: Label) -> usize {
    usize::try_from(label).unwrap_or(usize::MAX)
}

fn auc_of_classes(probabilities: &[f64], labels: &[Label], num_classes: usize) -> Option<f64> {
    let of = |class: usize| {
        let of_class = probabilities.iter().skip(class).step_by(num_classes.max(1));
        let is_class: Vec<bool> = labels.iter().map(|&label| index(label) == class).collect();
        auc(&of_class.copied().collect::<Vec<_>>(), &is_class)
    };
    match num_classes {
        0 | 1 => None,
        2 => of(1),
        _ => {
            let each: Option<Vec<f64>> = (0..num_classes).map(of).collect();
            each.map(|each| each.iter().sum::<f64>() / num_classes as f64)
        }
    }
}

#[cfg(test)]
mod tests;
