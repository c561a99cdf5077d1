//! Sums of gradients over the shards of one rank, in the order of the tree, without room for all of them.

use super::tree::halves;
use crate::error::Error;
use crate::float::Float;
use crate::machine::{Machine, Pass, Split, run, split_elements};
use crate::slices::split_fields;
use core::ops::Range;

/// Vectors that the sum over so many shards needs besides its result, for sums that wait for others: as many as the tree is deep.
pub(crate) const fn scratch_vectors(count: usize) -> usize {
    (usize::BITS - count.saturating_sub(1).leading_zeros()) as usize
}

/// Computes the sum over the shards of a part: `compute` writes the vector of one shard.
pub(crate) fn sum_in_tree<T: Float>(
    machine: &impl Machine,
    part: &Range<usize>,
    sum: &mut [T],
    scratch: &mut [T],
    compute: &mut impl FnMut(usize, &mut [T]) -> Result<(), Error>,
) -> Result<(), Error> {
    if part.len() <= 1 {
        return compute(part.start, sum);
    }
    let (left, right) = halves(part);
    sum_in_tree(machine, &left, sum, scratch, compute)?;
    let (required, found) = (sum.len(), scratch.len());
    let too_small = Error::BufferTooSmall { what: "workspace", required, found };
    let (other, scratch) = scratch.split_at_mut_checked(sum.len()).ok_or(too_small)?;
    sum_in_tree(machine, &right, other, scratch, compute)?;
    run(machine, Add { sum, other });
    Ok(())
}

/// sum ← sum + other.
struct Add<'a, T> {
    sum: &'a mut [T],
    other: &'a [T],
}

impl<T: Float> Pass for Add<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        for (sum, &other) in self.sum.iter_mut().zip(self.other) {
            *sum += other;
        }
    }
}

impl<T: Float> Split for Add<'_, T> {
    split_fields!(self at split_elements(self.sum.len()) => sum, other);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Portable, Shards};
    use std::vec;

    #[test]
    fn a_sum_is_that_of_the_tree() {
        for count in 1..=24 {
            let shards = Shards::new(100, count).unwrap();
            let value = |shard: usize| 1.0 / (shard as f32 + 3.0);
            let mut values: vec::Vec<f32> = (0..count).map(value).collect();
            shards.fold_shards(&(0..count), &mut values, 1, |a, b, _| a[0] += b[0]);
            let (mut sum, mut scratch) = ([f32::NAN], vec![f32::NAN; scratch_vectors(count)]);
            let mut compute = |shard: usize, to: &mut [f32]| {
                to[0] = value(shard);
                Ok(())
            };
            sum_in_tree(&Portable, &(0..count), &mut sum, &mut scratch, &mut compute).unwrap();
            assert_eq!(sum[0].to_bits(), values[0].to_bits(), "{count} shards");
        }
    }
}
