//! Figures of a network on a part of the data, and the samples that say most about it.

use crate::figures::{Figures, of_scores};
use crate::outputs::outputs;
use crate::scaled::scaled;
use crate::softmax::probabilities;
use anyhow::Result;
use barenet::{Error, FullyConnectedNet, Label, Weights, predict};
use barenet_blas::Backend;
use barenet_data::DataSet;
use barenet_data::split::{Part, Split};
use barenet_model::number::Number;
use barenet_model::scales::Scales;

/// Samples that are kept at most.
pub const MAX_SAMPLES: usize = 24;
/// Pairs of an answer and a target that are kept at most of an output.
pub const MAX_PAIRS: usize = 2000;

/// Figures of a network on a part of the data, and samples of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Inspection {
    /// The part.
    pub part: Part,
    /// Its samples.
    pub num_samples: usize,
    /// The figures.
    pub figures: Figures,
    /// The samples that say most, the first one most of all: of classes the most confident mistakes, of numbers those that are
    /// farthest off, of anomalies those with the highest scores. [`MAX_SAMPLES`] at most.
    pub samples: Vec<Inspected>,
    /// Of each output that is a number answers and targets, in the unit of the target: of all samples, or evenly of them so
    /// that there are [`MAX_PAIRS`] at most.
    pub pairs: Vec<Vec<(f64, f64)>>,
}

/// A sample, and what a network makes of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Inspected {
    /// Its place in the [records](DataSet::records) that the part is taken of.
    pub place: usize,
    /// The answer.
    pub answer: Answer,
}

/// What a network makes of a sample.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Answer {
    /// Another class than the right one.
    Mistake {
        /// The right class.
        right: Label,
        /// The class with the highest score.
        named: Label,
        /// The probability of that class: the softmax of the scores.
        probability: f64,
        /// The probability of the right class.
        of_right: f64,
    },
    /// A number, that of the output which is farthest off.
    Value {
        /// The output.
        output: usize,
        /// Its answer, in the unit of the target.
        answer: f64,
        /// The target.
        target: f64,
    },
    /// An anomaly score.
    Score {
        /// The score.
        score: f64,
        /// Whether the sample is of another class than the normal one, if it has a class.
        is_other: Option<bool>,
    },
}

/// Inspects a network on one part of the data.
///
/// # Errors
///
/// If there is not enough memory, the weights do not fit the network, or scores are not finite.
pub fn inspect<T: Number>(
    net: &FullyConnectedNet<'_, T>,
    weights: Weights<'_, T>,
    part: (&DataSet, &Split, Part),
    scales: &Scales<T>,
    backend: &Backend,
) -> Result<Inspection> {
    let scores = outputs(net, weights, &scaled(part, scales), backend)?;
    if !scores.iter().all(|score| score.is_finite()) {
        return Err(Error::NonFinite { what: "scores" }.into());
    }
    Ok(inspect_scores(&scores, net.arch.num_classes(), part, scales))
}

/// The same of scores, `width` for each sample.
fn inspect_scores<T: Number>(
    scores: &[T],
    width: usize,
    (data, split, part): (&DataSet, &Split, Part),
    scales: &Scales<T>,
) -> Inspection {
    let figures = of_scores(scores, width, (data, split, part), scales);
    let index = split.index(part);
    let rows = || scores.chunks_exact(width.max(1)).enumerate();
    let place = |n: usize| index.place(n);
    let mut pairs = Vec::new();
    let samples = match &figures {
        Figures::Classes(_) => {
            let labels = data.records(part).labels();
            let mistakes = rows().filter_map(|(n, row)| {
                let (named, right) = (predict(row), *labels.get(place(n))?);
                if named == right {
                    return None;
                }
                let all = probabilities(row);
                let of = |label: Label| all.get(usize::try_from(label).ok()?).copied();
                let (probability, of_right) = (of(named)?, of(right).unwrap_or(0.0));
                Some((probability, n, Answer::Mistake { right, named, probability, of_right }))
            });
            most(mistakes)
        }
        Figures::Values(_) => {
            let targets = crate::figures::targets(&scaled((data, split, part), scales), width);
            let unit = unit_of(scales);
            let step = index.len().div_ceil(MAX_PAIRS).max(1);
            pairs = vec![Vec::new(); width];
            let far = rows().zip(targets.chunks_exact(width.max(1))).filter_map(|((n, row), y)| {
                if n % step == 0 {
                    for (output, (pairs, (s, y))) in
                        pairs.iter_mut().zip(row.iter().zip(y)).enumerate()
                    {
                        pairs.push((unit(output, *s), unit(output, *y)));
                    }
                }
                // In deviations, in which outputs can be held against each other.
                let off = |s: &T, y: &T| (s.to_f64() - y.to_f64()).abs();
                let each = row.iter().zip(y).enumerate();
                let (output, (s, y)) =
                    each.max_by(|(_, (a, x)), (_, (b, y))| off(a, x).total_cmp(&off(b, y)))?;
                let answer =
                    Answer::Value { output, answer: unit(output, *s), target: unit(output, *y) };
                Some((off(s, y), n, answer))
            });
            most(far)
        }
        Figures::Anomalies(anomalies) => {
            let each = anomalies.scores.iter().enumerate().map(|(n, &score)| {
                let is_other = anomalies.is_other.get(n).copied();
                (score, n, Answer::Score { score, is_other })
            });
            most(each)
        }
    };
    let samples = samples.into_iter().map(|(n, answer)| Inspected { place: place(n), answer });
    Inspection { part, num_samples: index.len(), figures, samples: samples.collect(), pairs }
}

/// Those of which most can be said, each a measure of that, a number of its own, and an answer. Of equal ones the first.
fn most(all: impl Iterator<Item = (f64, usize, Answer)>) -> Vec<(usize, Answer)> {
    let mut all: Vec<_> = all.collect();
    all.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    all.into_iter().take(MAX_SAMPLES).map(|(_, n, answer)| (n, answer)).collect()
}

/// What a scaled output is in the unit of its target.
fn unit_of<T: Number>(scales: &Scales<T>) -> impl Fn(usize, T) -> f64 {
    move |output, number| {
        let of = |all: &[T], none: f64| all.get(output).map_or(none, |number| number.to_f64());
        number.to_f64() / of(&scales.target_factor, 1.0) + of(&scales.target_offset, 0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use barenet_data::split::Index;
    use barenet_data::{Numbers, Records, Source, Task, Wanted, formats};

    fn data(task: Task, wanted: Wanted) -> (DataSet, Split) {
        let len = wanted.len();
        let source = Source::read(&formats::csv::KIND, "memory".to_owned());
        let numbers = Numbers::F32((0..len).map(|n| n as f32).collect());
        let class_names = ["a", "b"].map(str::to_owned).to_vec();
        let train = Records::of(1, numbers, wanted);
        let data = DataSet { train, task, class_names, ..DataSet::empty(source) };
        let none = || Index::Range(0..0);
        // The last sample is not among those that test.
        let test = Index::List((0..len as u32 - 1).rev().collect());
        (data, Split { train: none(), val: none(), test, fitted: none() })
    }

    #[test]
    fn the_most_confident_mistakes_come_first_and_what_is_right_is_none() {
        let (data, split) = data(Task::Classify, Wanted::Classes(vec![0, 1, 1, 0, 0]));
        // Of the samples 3, 2, 1, 0.
        let scores = [0.0, 1.0, 0.0, 9.0, 5.0, 0.0, 1.0, 3.0_f64];
        let part = (&data, &split, Part::Test);
        let found = inspect_scores(&scores, 2, part, &Scales::default());
        assert_eq!(found.num_samples, 4);
        let places: Vec<_> = found.samples.iter().map(|sample| sample.place).collect();
        assert_eq!(places, [1, 0, 3]);
        let Answer::Mistake { right: 1, named: 0, probability, of_right } = found.samples[0].answer
        else {
            panic!("{:?}", found.samples[0])
        };
        assert!((probability - 1.0 / (1.0 + (-5.0_f64).exp())).abs() < 1e-12);
        assert!((probability + of_right - 1.0).abs() < 1e-12);
    }

    #[test]
    fn numbers_are_in_the_unit_of_their_targets_and_the_farthest_come_first() {
        let numbers = vec![10.0, 20.0, 30.0, 40.0];
        let (data, split) = data(Task::Regress, Wanted::Values { numbers, width: 1 });
        let scales = Scales::of((&[0.0], &[1.0]), (&[20.0], &[0.1]));
        // Of the samples 2, 1, 0: 40, 20 and 15, where 30, 20 and 10 are right.
        let found = inspect_scores(&[2.0, 0.0, -0.5_f64], 1, (&data, &split, Part::Test), &scales);
        assert_eq!(found.pairs, [[(40.0, 30.0), (20.0, 20.0), (15.0, 10.0)]]);
        let places: Vec<_> = found.samples.iter().map(|sample| sample.place).collect();
        assert_eq!(places, [2, 0, 1]);
        let first = Answer::Value { output: 0, answer: 40.0, target: 30.0 };
        assert_eq!(found.samples[0].answer, first);
    }

    #[test]
    fn of_many_samples_some_are_kept() {
        let len = 3 * MAX_PAIRS;
        let wanted = Wanted::Values { numbers: vec![0.0; len + 1], width: 1 };
        let (data, split) = data(Task::Regress, wanted);
        let scores: Vec<f64> = (0..len).map(|n| n as f64).collect();
        let part = (&data, &split, Part::Test);
        let found = inspect_scores(&scores, 1, part, &Scales::default());
        assert_eq!((found.samples.len(), found.pairs[0].len()), (MAX_SAMPLES, MAX_PAIRS));
        assert_eq!(found.pairs[0][1], (3.0, 0.0));
    }

    #[test]
    fn the_highest_anomaly_scores_come_first() {
        let (data, split) = data(Task::Reconstruct, Wanted::Nothing(3));
        let part = (&data, &split, Part::Test);
        // Of the samples 1 and 0, which are their own numbers.
        let scales = Scales::of((&[0.0], &[1.0]), (&[], &[]));
        let found = inspect_scores(&[1.5, 3.0_f64], 1, part, &scales);
        let score = |score| Answer::Score { score, is_other: None };
        assert_eq!(
            found.samples,
            [
                Inspected { place: 0, answer: score(9.0) },
                Inspected { place: 1, answer: score(0.25) },
            ]
        );
    }
}
