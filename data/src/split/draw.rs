//! Samples drawn from each class alike, and never some of a group alone.

use super::SplitError;
use crate::table::error::quoted;
use crate::{DataSet, Task};
use barenet::{Permutation, Rng};

/// The stream of the seed that orders samples: one that no other part of a run draws from.
const STREAM: u64 = 100;

/// The samples that are still to be drawn: in random order, class by class.
#[derive(Debug)]
pub(super) struct Strata {
    /// Samples that go together: those of a group, or one.
    units: Vec<Vec<u32>>,
    /// Samples that an autoencoder is not to learn.
    abnormal: Vec<u32>,
    len: usize,
}

impl Strata {
    pub(super) fn new(data: &DataSet, seed: u64) -> Result<Self, SplitError> {
        let records = &data.train;
        let num_samples = u32::try_from(records.len()).map_err(|_| SplitError::TooMany)?;
        let labels = records.labels();
        let class_of = |place: u32| {
            let label = usize::try_from(place).ok().and_then(|place| labels.get(place));
            label.map_or(0, |&label| label)
        };
        let normal = data.normal.filter(|_| data.task == Task::Reconstruct && !labels.is_empty());
        let (learnt, abnormal): (Vec<u32>, Vec<u32>) = (0..num_samples)
            .partition(|&place| normal.is_none_or(|normal| class_of(place) == normal));
        let mut units: Vec<Vec<u32>> = if records.groups.is_empty() {
            learnt.into_iter().map(|place| vec![place]).collect()
        } else {
            let num_groups = records.groups.iter().max().map_or(0, |&last| last as usize + 1);
            let mut groups = vec![Vec::new(); num_groups];
            for place in learnt {
                let group = records.groups.get(place as usize).map_or(0, |&group| group as usize);
                if let Some(group) = groups.get_mut(group) {
                    group.push(place);
                }
            }
            groups.retain(|group| !group.is_empty());
            groups
        };
        let (len, rng) = (units.len(), Rng::seed(seed).fork(STREAM));
        let order = Permutation::new(len, rng);
        let mut shuffled: Vec<_> = (0..len)
            .filter_map(|index| units.get_mut(order.get(index)).map(std::mem::take))
            .collect();
        // A stable sort: within a class the order stays random. A group is of the class of its first sample.
        let class = |unit: &[u32]| unit.first().map_or(0, |&place| class_of(place));
        if data.task == Task::Classify {
            shuffled.sort_by_key(|unit| class(unit));
            if records.groups.is_empty()
                && let Some(alone) =
                    shuffled.chunk_by(|a, b| class(a) == class(b)).find(|same| same.len() == 1)
            {
                let label = alone.first().map_or(0, |unit| class(unit));
                let name = usize::try_from(label).ok().and_then(|at| data.class_names.get(at));
                let place = alone.first().and_then(|unit| unit.first()).copied().unwrap_or(0);
                let class = name.cloned().unwrap_or_default();
                let (place, more) = place_of(data, place);
                return Err(SplitError::OneSample { class, place, more });
            }
        }
        Ok(Self { units: shuffled, abnormal, len })
    }

    /// The number of samples or groups that there were to draw from.
    pub(super) const fn len(&self) -> usize {
        self.len
    }

    /// Draws a share of all that there were: evenly, so that each class gives its share.
    pub(super) fn take(&mut self, fraction: f64) -> Vec<u32> {
        let (left, wanted) = (self.units.len(), (self.len as f64 * fraction).round() as usize);
        self.take_count(wanted.clamp(1, left.saturating_sub(1).max(1)))
    }

    /// Draws so many.
    pub(super) fn take_last(&mut self, count: usize) -> Result<Vec<u32>, SplitError> {
        let left = self.units.len().saturating_sub(1);
        if count > left {
            return Err(super::too_few("val_size", count, left));
        }
        Ok(self.take_count(count))
    }

    fn take_count(&mut self, count: usize) -> Vec<u32> {
        let left = self.units.len().max(1);
        // One of each stretch of left/count, the one in its middle.
        let steps = |index: usize| (2 * index * count + left) / (2 * left);
        self.take_where(|index| steps(index + 1) > steps(index))
    }

    /// Draws one of some folds.
    pub(super) fn take_fold(&mut self, fold: usize, folds: usize) -> Vec<u32> {
        self.take_where(|index| index % folds.max(1) == fold)
    }

    fn take_where(&mut self, is_taken: impl Fn(usize) -> bool) -> Vec<u32> {
        let (mut taken, mut kept) = (Vec::new(), Vec::new());
        for (index, mut unit) in std::mem::take(&mut self.units).into_iter().enumerate() {
            if is_taken(index) { taken.append(&mut unit) } else { kept.push(unit) }
        }
        self.units = kept;
        taken.sort_unstable();
        taken
    }

    /// All that were not drawn.
    pub(super) fn rest(&mut self) -> Vec<u32> {
        self.take_where(|_| true)
    }

    /// The samples that only test.
    pub(super) fn abnormal(&mut self) -> Vec<u32> {
        std::mem::take(&mut self.abnormal)
    }
}

/// Where the only sample of a class is, for people, and what that may mean.
fn place_of(data: &DataSet, place: u32) -> (String, &'static str) {
    let number = u64::from(place) + 1;
    let sample = usize::try_from(place).unwrap_or(usize::MAX);
    if let Some(file) = data.places.train.file(sample) {
        return (file.display().to_string(), "");
    }
    let Some(line) = data.places.train.line(sample) else {
        return (format!("number {number}"), "");
    };
    let target = data.target_names.first().map_or("", String::as_str);
    // A column without a name is called by its number.
    let more = if number == 1 && target.parse::<usize>().is_ok() {
        ", or say with --header that the first row names columns"
    } else {
        ""
    };
    (format!("in line {line}, column {}", quoted(target)), more)
}
