//! Samples in memory, and what is wanted of a network for each.

use crate::Numbers;
use barenet::Label;
use std::mem::MaybeUninit;
use std::sync::OnceLock;

/// Samples in memory, one after another, each of as many numbers, and their targets.
#[derive(Clone, Debug, PartialEq)]
pub struct Records {
    row_len: usize,
    numbers: Numbers,
    targets: Wanted,
    /// The group of each sample, if there are groups: a split never goes across one.
    pub groups: Vec<u32>,
}

/// Targets of [`Records`].
#[derive(Clone, Debug, PartialEq)]
pub enum Wanted {
    /// The class of each sample.
    Classes(Vec<Label>),
    /// As many numbers for each sample, one sample after another.
    Values {
        /// The numbers.
        numbers: Vec<f32>,
        /// How many there are for a sample.
        width: usize,
    },
    /// None, for so many samples: a network may learn to give back its input.
    Nothing(usize),
}

impl Wanted {
    /// The number of samples.
    #[must_use]
    pub const fn len(&self) -> usize {
        match self {
            Self::Classes(labels) => labels.len(),
            Self::Values { width: 0, .. } => 0,
            Self::Values { numbers, width } => numbers.len() / *width,
            Self::Nothing(len) => *len,
        }
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Records {
    /// No samples yet, of `row_len` bytes each, in classes.
    #[must_use]
    pub const fn new(row_len: usize) -> Self {
        Self::of(row_len, Numbers::U8(Vec::new()), Wanted::Classes(Vec::new()))
    }

    /// Samples of `row_len` numbers each: [`DataSet::check`](crate::DataSet::check) refuses those that do not
    /// fit their targets.
    #[must_use]
    pub const fn of(row_len: usize, numbers: Numbers, targets: Wanted) -> Self {
        Self { row_len, numbers, targets, groups: Vec::new() }
    }

    /// The numbers of a sample.
    #[must_use]
    pub const fn row_len(&self) -> usize {
        self.row_len
    }

    /// The number of samples.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.targets.len()
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// All numbers, one sample after another.
    #[must_use]
    pub const fn numbers(&self) -> &Numbers {
        &self.numbers
    }

    /// All numbers, to change them.
    pub const fn numbers_mut(&mut self) -> &mut Numbers {
        &mut self.numbers
    }

    /// What is wanted.
    #[must_use]
    pub const fn targets(&self) -> &Wanted {
        &self.targets
    }

    /// The class of every sample; none if they are not in classes.
    #[must_use]
    pub fn labels(&self) -> &[Label] {
        match &self.targets {
            Wanted::Classes(labels) => labels,
            Wanted::Values { .. } | Wanted::Nothing(_) => &[],
        }
    }

    /// The numbers of a sample, if they are bytes; empty otherwise, and if there is no such sample.
    #[inline(always)]
    #[must_use]
    pub fn bytes(&self, index: usize) -> &[u8] {
        match &self.numbers {
            Numbers::U8(all) => row(all, index, self.row_len),
            Numbers::I16(_) | Numbers::F32(_) => &[],
        }
    }

    /// The numbers of a sample as real ones, appended to `row`.
    pub fn append_row(&self, index: usize, row: &mut Vec<f32>) {
        let start = index.saturating_mul(self.row_len);
        row.extend(self.numbers.iter(start..start.saturating_add(self.row_len)));
    }

    /// Appends a sample of bytes to such samples in classes, of [`Self::row_len`] numbers:
    /// [`DataSet::check`](crate::DataSet::check) refuses others.
    pub fn push(&mut self, label: Label, row: &[u8]) {
        if let (Numbers::U8(numbers), Wanted::Classes(labels)) =
            (&mut self.numbers, &mut self.targets)
        {
            labels.push(label);
            numbers.extend_from_slice(row);
        }
    }

    /// Appends all samples of bytes of another set, if they are in classes.
    pub(crate) fn append(&mut self, other: &Self) {
        if let (Numbers::U8(numbers), Wanted::Classes(labels), Numbers::U8(more)) =
            (&mut self.numbers, &mut self.targets, &other.numbers)
        {
            labels.extend_from_slice(other.labels());
            numbers.extend_from_slice(more);
        }
    }

    /// Samples of bytes in classes, with room for `len` of them.
    pub(crate) fn with_capacity(row_len: usize, len: usize) -> Self {
        let numbers = prepared_bytes(len * row_len).unwrap_or_default();
        Self::of(row_len, Numbers::U8(numbers), Wanted::Classes(Vec::with_capacity(len)))
    }
}

/// The numbers of a sample; empty if there is no such sample.
#[inline(always)]
pub(crate) fn row<N>(all: &[N], index: usize, len: usize) -> &[N] {
    all.get(index.saturating_mul(len)..).and_then(|rest| rest.get(..len)).unwrap_or_default()
}

/// Room for bytes of samples, prepared as is asked for; `None` if there is not enough memory.
pub(crate) fn prepared_bytes(len: usize) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    bytes.try_reserve_exact(len).ok()?;
    if let Some(prepare) = PREPARE.get() {
        prepare(bytes.spare_capacity_mut());
    }
    Some(bytes)
}

type Prepare = fn(&mut [MaybeUninit<u8>]);

static PREPARE: OnceLock<Prepare> = OnceLock::new();

/// Prepares the memory of data sets that are read from now on, before it is used: whoever trains on them may
/// have it backed with huge pages. The first function that is given stays.
pub fn prepare_memory_with(prepare: Prepare) {
    let _first_stays = PREPARE.set(prepare);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_that_is_not_there_is_empty() {
        assert!(Records::new(7).bytes(0).is_empty());
        assert!(Records::new(7).bytes(usize::MAX).is_empty());
    }

    #[test]
    fn there_are_as_many_samples_as_targets() {
        let two = |targets| Records::of(1, Numbers::F32(vec![1.5, 2.5]), targets).len();
        assert_eq!(two(Wanted::Classes(vec![0, 1])), 2);
        assert_eq!(two(Wanted::Values { numbers: vec![0.0; 6], width: 3 }), 2);
        assert_eq!(two(Wanted::Values { numbers: vec![], width: 0 }), 0);
        assert_eq!(two(Wanted::Nothing(2)), 2);
    }
}
