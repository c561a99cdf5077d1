//! A batch in shards, and the ranks that compute them: training on more than one process with the bits of one.
//!
//! Each shard's part of the loss, of a statistic and of a gradient is computed as if there were no other, and all of them are
//! added in one fixed binary tree. So the bits depend on the number of shards, and neither on how many ranks there are nor on
//! which of them holds a shard.

mod pieces;
mod sum;
mod tree;

pub(crate) use pieces::Columns;
pub use pieces::gradient_pieces;
pub(crate) use sum::{scratch_vectors, sum_in_tree};
pub(crate) use tree::add;
pub use tree::{Shards, share};

use crate::error::Error;
use crate::slices::copy;
use core::fmt::Debug;

/// The processes that share the shards of each batch, as one of them sees them.
///
/// All of them call the same methods in the same order. A rank holds [`Shards::of_rank`], and gives of each value one number or
/// vector for each of the [parts](Shards::num_parts) that these are in the tree.
pub trait Ranks<T>: Sync + Debug {
    /// How many there are, at least 1.
    fn count(&self) -> usize;

    /// The number of this one, from 0.
    fn rank(&self) -> usize;

    /// Hands `mine` to all ranks, and writes what they give to `all`, rank 0 first. `len_of` says how long that of a rank is.
    ///
    /// # Errors
    ///
    /// [`Error::LostRank`] if another rank cannot be reached.
    fn gather(
        &self,
        mine: &[T],
        len_of: &dyn Fn(usize) -> usize,
        all: &mut [T],
    ) -> Result<(), Error>;

    /// Begins to sum gradients: those of the first part of this rank, and of its other parts one after the other. `slot` says which
    /// [piece](gradient_pieces) of a layer's they are. The sum may go on beside what comes next.
    ///
    /// # Errors
    ///
    /// Those of [`Self::gather`].
    fn start_sum(
        &self,
        shards: &Shards,
        slot: usize,
        first: &[T],
        others: &[T],
    ) -> Result<(), Error>;

    /// Ends what [`Self::start_sum`] began: writes the sum of all parts of all ranks, added [in the tree](Shards::sum_parts). `sum`
    /// has the first part of this rank.
    ///
    /// # Errors
    ///
    /// Those of [`Self::gather`].
    fn end_sum(&self, shards: &Shards, slot: usize, sum: &mut [T]) -> Result<(), Error>;
}

/// One process, which holds all shards.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Alone;

impl<T: Copy + Sync> Ranks<T> for Alone {
    fn count(&self) -> usize {
        1
    }

    fn rank(&self) -> usize {
        0
    }

    fn gather(
        &self,
        mine: &[T],
        _len_of: &dyn Fn(usize) -> usize,
        all: &mut [T],
    ) -> Result<(), Error> {
        copy(all, mine);
        Ok(())
    }

    fn start_sum(&self, _: &Shards, _: usize, _: &[T], _: &[T]) -> Result<(), Error> {
        Ok(())
    }

    fn end_sum(&self, _: &Shards, _: usize, _: &mut [T]) -> Result<(), Error> {
        Ok(())
    }
}
