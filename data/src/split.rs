//! Which samples train, validate and test.

mod draw;

use crate::{DataSet, Records, Task};
use barenet::Label;
use draw::Strata;
use std::collections::BTreeSet;
use std::ops::Range;

/// Some samples of [`Records`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Index {
    /// All of a range.
    Range(Range<usize>),
    /// Those at these places.
    List(Vec<u32>),
}

impl Index {
    /// The number of samples.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::Range(range) => range.len(),
            Self::List(places) => places.len(),
        }
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The place of sample `index` in the records.
    #[inline(always)]
    #[must_use]
    pub fn place(&self, index: usize) -> usize {
        match self {
            Self::Range(range) => range.start + index,
            // A place that there is not is a sample that there is not.
            Self::List(places) => places.get(index).map_or(usize::MAX, |&place| place as usize),
        }
    }

    /// How many of the samples are of each of so many classes.
    #[must_use]
    pub fn class_counts(&self, labels: &[Label], num_classes: usize) -> Vec<usize> {
        let mut counts = vec![0; num_classes];
        for label in self.iter().filter_map(|place| labels.get(place)) {
            let class = usize::try_from(*label).ok().and_then(|class| counts.get_mut(class));
            class.into_iter().for_each(|count| *count += 1);
        }
        counts
    }

    /// The places, in order.
    pub fn iter(&self) -> impl Iterator<Item = usize> {
        (0..self.len()).map(|index| self.place(index))
    }
}

/// Samples of each part of the data.
///
/// In CS231n's split, the last `val` samples of the training set validate, the first `train` of the others
/// train, and the first `test` of the test set test. With CIFAR-10 and the defaults that are 49,000, 1,000 and
/// 1,000. Otherwise samples are drawn: [`Sizes`] says which part how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Split {
    /// Samples of the training set that train.
    pub train: Index,
    /// Samples that validate: of the validation set, if there is one, otherwise of the training set.
    pub val: Index,
    /// Samples that test: of the test set, if there is one, otherwise of the training set.
    pub test: Index,
    /// Samples that the scaling is fitted to: those that train, or in CS231n's split all that do not validate.
    pub fitted: Index,
}

/// Sizes of the parts of a [`Split`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sizes {
    /// Samples that train, from the first on; `None` for all that neither validate nor test.
    pub train: Option<usize>,
    /// Samples that validate: the last of the training set, if no share of it is drawn.
    pub val: usize,
    /// Samples of the test set that test; `None` for all.
    pub test: Option<usize>,
    /// Share of the training set that is drawn to validate, if there is no validation set.
    pub val_fraction: Option<f64>,
    /// Share of the training set that is drawn to test, if there is no test set.
    pub test_fraction: Option<f64>,
    /// In place of that share, this one (from 0) of so many folds.
    pub fold: Option<(usize, usize)>,
    /// Samples are drawn by it.
    pub seed: u64,
}

impl Sizes {
    /// Sizes of CS231n's split: nothing is drawn.
    #[must_use]
    pub const fn in_order(train: Option<usize>, val: usize, test: usize) -> Self {
        Self {
            train,
            val,
            test: Some(test),
            val_fraction: None,
            test_fraction: None,
            fold: None,
            seed: 0,
        }
    }
}

/// Why data cannot be split.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum SplitError {
    /// A size that the data do not have.
    #[error("{name} is {asked}, but there {} only {there} such {}", are(.there), one_of("samples", .there))]
    TooFew {
        /// The setting.
        name: &'static str,
        /// Its value.
        asked: usize,
        /// The samples that there are.
        there: usize,
    },
    /// A part that would have no samples.
    #[error(
        "of {there} {}, none is left to {part}: more of them are needed, or other fractions", one_of(.what, .there)
    )]
    Empty {
        /// The verb of the part.
        part: &'static str,
        /// Samples or groups.
        what: &'static str,
        /// How many there are.
        there: usize,
    },
    /// More folds than there is to draw from.
    #[error(
        "folds is {folds}, and there {} only {there} {} to draw from: take fewer", are(.there), one_of(.what, .there)
    )]
    Folds {
        /// The folds.
        folds: usize,
        /// Samples or groups.
        what: &'static str,
        /// How many there are.
        there: usize,
    },
    /// Shares that leave nothing to train.
    #[error(
        "val_fraction {val} and the share {test} that tests leave nothing to train: together they must be below 1"
    )]
    Fractions {
        /// The share that validates.
        val: f64,
        /// The share that tests.
        test: f64,
    },
    /// No test set, and none is to be drawn.
    #[error("there is no test set: name one with --test, or draw one with --test-fraction")]
    NoTest,
    /// A test set, and folds.
    #[error(
        "--folds draws a test part from all samples, and a test set is given: leave one of them out"
    )]
    FoldsAndTest,
    /// A class that cannot be in two parts.
    #[error(
        "class {class} has one sample, {place}, which cannot both train and test: add more of it, or remove the sample\
         {more}"
    )]
    OneSample {
        /// Its name.
        class: String,
        /// Where the sample is.
        place: String,
        /// What else may be wrong.
        more: &'static str,
    },
    /// A class of which no sample trains, as its groups went elsewhere.
    #[error(
        "class {class}: {}, and none trains: take another --seed, smaller fractions, or add groups that have it",
        all_groups(.num_groups)
    )]
    Untrained {
        /// Its name.
        class: String,
        /// The groups that have it.
        num_groups: usize,
    },
    /// More samples than places are counted to.
    #[error("there are more samples than can be drawn from: at most 4294967295")]
    TooMany,
}

const fn are(count: &usize) -> &'static str {
    if *count == 1 { "is" } else { "are" }
}

/// A word for many things, or that for one of them.
fn one_of<'a>(many: &'a str, count: &usize) -> &'a str {
    if *count == 1 { many.strip_suffix('s').unwrap_or(many) } else { many }
}

/// What became of all groups of a class.
fn all_groups(count: &usize) -> String {
    match count {
        1 => "its only group validates or tests".to_owned(),
        _ => format!("all of its groups, {count}, validate or test"),
    }
}

/// A part of the data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The samples that train.
    Train,
    /// The samples that validate.
    Val,
    /// The samples that test.
    Test,
}

impl Split {
    /// Splits `data` into parts of the sizes asked for.
    ///
    /// # Errors
    ///
    /// [`SplitError`] if the data have fewer samples than asked for, or a part would have none.
    pub fn new(data: &DataSet, sizes: Sizes) -> Result<Self, SplitError> {
        let is_drawn = sizes.val_fraction.is_some() || sizes.fold.is_some() || data.test.is_empty();
        if is_drawn || !data.val.is_empty() {
            draw_split(data, sizes)
        } else {
            in_order(data, sizes)
        }
    }

    /// The samples of one part, in the set that they are of.
    #[must_use]
    pub const fn index(&self, part: Part) -> &Index {
        match part {
            Part::Train => &self.train,
            Part::Val => &self.val,
            Part::Test => &self.test,
        }
    }
}

/// CS231n's split.
fn in_order(data: &DataSet, sizes: Sizes) -> Result<Split, SplitError> {
    let all = data.train.len();
    let Sizes { train, val, .. } = sizes;
    let rest = all.checked_sub(val).filter(|&rest| rest > 0);
    let rest = rest.ok_or_else(|| too_few("val_size", val, all.saturating_sub(1)))?;
    let train = train.unwrap_or(rest);
    if train > rest {
        return Err(too_few("train_size", train, rest));
    }
    Ok(Split {
        train: Index::Range(0..train),
        val: Index::Range(rest..all),
        test: first_of(&data.test, sizes.test)?,
        fitted: Index::Range(0..rest),
    })
}

const fn too_few(name: &'static str, asked: usize, there: usize) -> SplitError {
    SplitError::TooFew { name, asked, there }
}

/// The first samples of the test set, or all.
fn first_of(test: &Records, count: Option<usize>) -> Result<Index, SplitError> {
    let (there, asked) = (test.len(), count.unwrap_or(test.len()));
    if asked > there {
        return Err(too_few("test_size", asked, there));
    }
    Ok(Index::Range(0..asked))
}

/// A split of samples that are drawn.
fn draw_split(data: &DataSet, sizes: Sizes) -> Result<Split, SplitError> {
    let mut strata = Strata::new(data, sizes.seed)?;
    let (what, there) =
        (if data.train.groups.is_empty() { "samples" } else { "groups" }, strata.len());
    if let Some((_, folds)) = sizes.fold
        && folds > there
    {
        return Err(SplitError::Folds { folds, what, there });
    }
    check_fractions(data, sizes)?;
    let test = match (sizes.fold, data.test.is_empty()) {
        (Some(_), false) => return Err(SplitError::FoldsAndTest),
        (Some((fold, folds)), true) => Some(strata.take_fold(fold, folds)),
        (None, false) => None,
        (None, true) => {
            let fraction = sizes.test_fraction.ok_or(SplitError::NoTest)?;
            Some(strata.take(fraction))
        }
    };
    let val = match (data.val.is_empty(), sizes.val_fraction) {
        (false, _) => Index::Range(0..data.val.len()),
        (true, Some(fraction)) => Index::List(strata.take(fraction)),
        (true, None) => Index::List(strata.take_last(sizes.val)?),
    };
    let test = match test {
        Some(mut drawn) => {
            drawn.append(&mut strata.abnormal());
            drawn.sort_unstable();
            Index::List(drawn)
        }
        None => first_of(&data.test, sizes.test)?,
    };
    let mut train = strata.rest();
    if let Some(size) = sizes.train {
        if size > train.len() {
            return Err(too_few("train_size", size, train.len()));
        }
        train.truncate(size);
    }
    for (part, is_empty) in
        [("train", train.is_empty()), ("validate", val.is_empty()), ("test", test.is_empty())]
    {
        if is_empty {
            return Err(SplitError::Empty { part, what, there });
        }
    }
    let train = Index::List(train);
    let split = Split { fitted: train.clone(), train, val, test };
    check_trained(data, &split)?;
    Ok(split)
}

/// Refuses a split by groups that leaves a class untrained: without groups, each class gives its share.
fn check_trained(data: &DataSet, split: &Split) -> Result<(), SplitError> {
    let (labels, groups) = (data.train.labels(), &data.train.groups);
    if groups.is_empty() || data.task != Task::Classify {
        return Ok(());
    }
    let trains = split.train.class_counts(labels, data.class_names.len());
    for ((class, name), _) in
        (0..).zip(&data.class_names).zip(trains).filter(|(_, count)| *count == 0)
    {
        let of_class = labels.iter().zip(groups).filter(|(label, _)| **label == class);
        let num_groups = of_class.map(|(_, group)| group).collect::<BTreeSet<_>>().len();
        if num_groups > 0 {
            return Err(SplitError::Untrained { class: name.clone(), num_groups });
        }
    }
    Ok(())
}

/// Refuses shares that are all of what they are drawn from.
fn check_fractions(data: &DataSet, sizes: Sizes) -> Result<(), SplitError> {
    let test = match sizes.fold {
        Some((_, folds)) => Some(1.0 / folds.max(1) as f64),
        None => sizes.test_fraction.filter(|_| data.test.is_empty()),
    };
    match (sizes.val_fraction.filter(|_| data.val.is_empty()), test) {
        (Some(val), Some(test)) if val + test >= 1.0 => Err(SplitError::Fractions { val, test }),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests;
