//! Which samples are in a shard, which shards in a rank, and in which order their values are added.

use crate::error::Error;
use crate::float::Float;
use core::ops::Range;

/// A batch that is cut into shards: neighbouring samples, as many in each as can be, the first ones one more.
///
/// ```
/// use barenet::Shards;
/// let shards = Shards::new(10, 4)?;
/// assert_eq!((shards.rows(0), shards.rows(3)), (0..3, 8..10));
/// assert_eq!(shards.of_rank(1, 2), 2..4);
/// # Ok::<(), barenet::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shards {
    num_samples: usize,
    count: usize,
}

impl Shards {
    /// Cuts a batch.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidConfig`] for no shards, or for more of them than samples.
    pub const fn new(num_samples: usize, count: usize) -> Result<Self, Error> {
        if count == 0 {
            return Err(Error::InvalidConfig { what: "shards must be at least 1" });
        }
        if count > num_samples {
            let what =
                "a batch must have a sample for each shard: raise batch_size or lower shards";
            return Err(Error::InvalidConfig { what });
        }
        Ok(Self { num_samples, count })
    }

    /// The number of shards, at least 1.
    #[must_use]
    pub const fn count(&self) -> usize {
        self.count
    }

    /// Samples in the batch.
    #[must_use]
    pub const fn num_samples(&self) -> usize {
        self.num_samples
    }

    /// The samples of a shard, as places in the batch.
    #[must_use]
    pub fn rows(&self, shard: usize) -> Range<usize> {
        share(self.num_samples, shard, self.count)
    }

    /// The samples of neighbouring shards.
    #[must_use]
    pub fn rows_of(&self, shards: &Range<usize>) -> Range<usize> {
        self.rows(shards.start).start..self.rows(shards.end).start
    }

    /// The shards of a rank, of so many: neighbouring ones.
    #[must_use]
    pub fn of_rank(&self, rank: usize, num_ranks: usize) -> Range<usize> {
        share(self.count, rank, num_ranks)
    }

    /// Calls a function with the parts that neighbouring shards are in the tree: its largest nodes that hold no others.
    ///
    /// The tree has a node for all shards, and below each node one for as many of its first shards as are the largest power of two that
    /// is less than all of them, and one for the rest. So ranks hold a single part each if both numbers are powers of two, and few
    /// otherwise.
    pub(crate) fn for_parts(&self, shards: &Range<usize>, mut f: impl FnMut(Range<usize>)) {
        let mut start = shards.start;
        while start < shards.end.min(self.count) {
            let mut node = 0..self.count;
            while node.start < start || node.end > shards.end {
                let (left, right) = halves(&node);
                node = if start < left.end { left } else { right };
            }
            start = node.end;
            f(node);
        }
    }

    /// The number of these parts.
    #[must_use]
    pub fn num_parts(&self, shards: &Range<usize>) -> usize {
        let mut count = 0;
        self.for_parts(shards, |_| count += 1);
        count
    }

    /// The number of parts of all ranks.
    #[must_use]
    pub fn num_parts_of_all(&self, num_ranks: usize) -> usize {
        (0..num_ranks).map(|rank| self.num_parts(&self.of_rank(rank, num_ranks))).sum()
    }

    /// Merges vectors of `len` numbers, one for each part of each rank, in the tree. The result is at the start of `parts`. `merge`
    /// is called with a vector that takes the result, one to merge into it, and the samples of both.
    pub(crate) fn fold_parts<T>(
        &self,
        num_ranks: usize,
        parts: &mut [T],
        len: usize,
        mut merge: impl FnMut(&mut [T], &[T], [usize; 2]),
    ) {
        let is_part = |node: &Range<usize>| {
            let rank = (0..num_ranks).find(|&rank| self.of_rank(rank, num_ranks).end > node.start);
            let of_rank = self.of_rank(rank.unwrap_or(0), num_ranks);
            node.start >= of_rank.start && node.end <= of_rank.end
        };
        self.fold(&(0..self.count), &is_part, &mut 0, parts, len, &mut merge);
    }

    /// Adds vectors of `len` numbers, one for each part of each rank, in the tree. The sum is at the start of `parts`.
    pub fn sum_parts<T: Float>(&self, num_ranks: usize, parts: &mut [T], len: usize) {
        self.fold_parts(num_ranks, parts, len, |sum, other, _| add(sum, other));
    }

    /// Merges vectors of `len` numbers, one for each of some shards, to one for each part of them, which are at the start of
    /// `values` then.
    pub(crate) fn fold_shards<T: Copy>(
        &self,
        shards: &Range<usize>,
        values: &mut [T],
        len: usize,
        mut merge: impl FnMut(&mut [T], &[T], [usize; 2]),
    ) {
        let mut to = 0;
        self.for_parts(shards, |part| {
            let from = part.start.saturating_sub(shards.start).saturating_mul(len);
            let values_here = values.get_mut(from..).unwrap_or_default();
            self.fold(&part, &|node| node.len() <= 1, &mut 0, values_here, len, &mut merge);
            // Parts lie no further to the front than the first of their shards.
            for place in 0..len {
                if let Some(&value) = values.get(from + place)
                    && let Some(to) = values.get_mut(to + place)
                {
                    *to = value;
                }
            }
            to += len;
        });
    }

    /// Merges the vectors of the leaves below a node into the first of them, and returns its number.
    fn fold<T>(
        &self,
        node: &Range<usize>,
        is_leaf: &impl Fn(&Range<usize>) -> bool,
        next: &mut usize,
        values: &mut [T],
        len: usize,
        merge: &mut impl FnMut(&mut [T], &[T], [usize; 2]),
    ) -> usize {
        if is_leaf(node) || node.len() <= 1 {
            *next += 1;
            return *next - 1;
        }
        let (left, right) = halves(node);
        let a = self.fold(&left, is_leaf, next, values, len, merge);
        let b = self.fold(&right, is_leaf, next, values, len, merge);
        let places = [a, b].map(|leaf| leaf.saturating_mul(len));
        let places = places.map(|start| start..start.saturating_add(len));
        if let Ok([a, b]) = values.get_disjoint_mut(places) {
            merge(a, b, [self.rows_of(&left).len(), self.rows_of(&right).len()]);
        }
        a
    }
}

/// sum ← sum + other.
pub(crate) fn add<T: Float>(sum: &mut [T], other: &[T]) {
    for (sum, &other) in sum.iter_mut().zip(other) {
        *sum += other;
    }
}

/// The two nodes below one of at least two shards.
pub(super) fn halves(node: &Range<usize>) -> (Range<usize>, Range<usize>) {
    let below = node.len().saturating_sub(1).max(1);
    let middle = node.start + (1 << below.ilog2());
    (node.start..middle, middle..node.end)
}

/// Share `n`, from 0, of `len` things in `count` shares of neighbours: as many in each as can be, in the first ones one more.
///
/// ```
/// assert_eq!([0, 1, 2].map(|n| barenet::share(10, n, 3)), [0..4, 4..7, 7..10]);
/// ```
#[must_use]
pub fn share(len: usize, n: usize, count: usize) -> Range<usize> {
    let count = count.max(1);
    let (each, more) = (len / count, len % count);
    let start = |n: usize| each * n.min(count) + n.min(more);
    start(n)..start(n.saturating_add(1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec::Vec;

    fn parts(shards: &Shards, of: Range<usize>) -> Vec<Range<usize>> {
        let mut parts = Vec::new();
        shards.for_parts(&of, |part| parts.push(part));
        parts
    }

    #[test]
    fn shards_and_ranks_divide_everything_among_them() {
        for (samples, count, ranks) in [(10, 4, 3), (8, 8, 8), (100, 24, 5), (7, 1, 1), (9, 7, 2)] {
            let shards = Shards::new(samples, count).unwrap();
            let rows: Vec<usize> = (0..count).flat_map(|shard| shards.rows(shard)).collect();
            assert_eq!(rows, (0..samples).collect::<Vec<_>>());
            let held: Vec<usize> =
                (0..ranks).flat_map(|rank| shards.of_rank(rank, ranks)).collect();
            assert_eq!(held, (0..count).collect::<Vec<_>>());
        }
    }

    #[test]
    fn batches_without_a_sample_for_each_shard_are_refused() {
        assert!(Shards::new(3, 4).is_err());
        assert!(Shards::new(3, 0).is_err());
        assert!(Shards::new(0, 1).is_err());
        assert!(Shards::new(4, 4).is_ok());
    }

    #[test]
    fn ranks_hold_one_part_each_where_both_are_powers_of_two() {
        let shards = Shards::new(100, 8).unwrap();
        for ranks in [1, 2, 4, 8] {
            assert_eq!(shards.num_parts_of_all(ranks), ranks);
        }
        assert_eq!(parts(&shards, 3..8), [3..4, 4..8]);
        let shards = Shards::new(100, 24).unwrap();
        assert_eq!(parts(&shards, 12..24), [12..16, 16..24]);
        assert_eq!(shards.num_parts(&(8..16)), 1);
    }

    /// Whatever ranks there are, the same tree is built: written as brackets.
    #[test]
    fn values_are_merged_in_the_same_order_whoever_holds_them() {
        for count in [1, 2, 3, 7, 8, 12, 24] {
            let shards = Shards::new(100, count).unwrap();
            let brackets = |ranks: usize| {
                let mut all = Vec::new();
                for rank in 0..ranks {
                    let held = shards.of_rank(rank, ranks);
                    let mut values: Vec<&'static str> =
                        held.clone().map(|n| std::format!("{n}").leak() as &str).collect();
                    let merge = |a: &mut [&'static str], b: &[&'static str], [n, m]: [usize; 2]| {
                        a[0] = std::format!("({}+{} {n} {m})", a[0], b[0]).leak();
                    };
                    shards.fold_shards(&held, &mut values, 1, merge);
                    all.extend(values.into_iter().take(shards.num_parts(&held)));
                }
                shards.fold_parts(ranks, &mut all, 1, |a, b, [n, m]| {
                    a[0] = std::format!("({}+{} {n} {m})", a[0], b[0]).leak();
                });
                all[0]
            };
            for ranks in 2..=count {
                assert_eq!(brackets(ranks), brackets(1), "{count} shards, {ranks} ranks");
            }
        }
    }
}
