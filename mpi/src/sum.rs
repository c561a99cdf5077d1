//! Sums of gradients: every rank adds a share of the numbers for all, and hands its sums out.

use crate::{all_gather, places};
use barenet::{Float, Shards, share};
use mpi::datatype::{Partition, PartitionMut};
use mpi::topology::SimpleCommunicator;
use mpi::traits::{CommunicatorCollectives, Equivalence};

/// The sum of the vectors of `len` numbers that the parts of all ranks have, added in the tree.
pub(crate) fn sum<T: Float + Equivalence>(
    world: &SimpleCommunicator,
    shards: &Shards,
    (rank, count): (usize, usize),
    len: usize,
    parts: &[T],
) -> Vec<T> {
    let num_parts = |rank| shards.num_parts(&shards.of_rank(rank, count));
    // To each rank its share of each part.
    let mut sent = Vec::with_capacity(parts.len());
    for to in 0..count {
        for part in parts.chunks(len.max(1)) {
            sent.extend_from_slice(&part[share(len, to, count)]);
        }
    }
    let mine = share(len, rank, count).len();
    let lens: Vec<_> = (0..count).map(|to| num_parts(rank) * share(len, to, count).len()).collect();
    let (sent_counts, sent_starts, _) = places(&lens);
    let lens: Vec<_> = (0..count).map(|from| num_parts(from) * mine).collect();
    let (counts, starts, received) = places(&lens);
    let mut received = vec![T::ZERO; received];
    world.all_to_all_varcount_into(
        &Partition::new(&sent[..], sent_counts, sent_starts),
        &mut PartitionMut::new(&mut received[..], counts, starts),
    );
    shards.sum_parts(count, &mut received, mine);
    let lens: Vec<_> = (0..count).map(|rank| share(len, rank, count).len()).collect();
    all_gather(world, &received[..mine], &lens)
}
