//! Sums of gradients: every rank adds a share of the numbers for all, and hands its sums out.

use crate::flight::{Flight, Pieces};
use crate::talk::{Lines, Operation};
use barenet::{Float, Shards, share};
use mpi::traits::Equivalence;
use std::sync::mpsc::Sender;

/// What a sum is of: vectors of `len` numbers, one for each part of a rank.
#[derive(Clone, Copy)]
pub(crate) struct Job {
    pub(crate) shards: Shards,
    pub(crate) rank: usize,
    pub(crate) count: usize,
    pub(crate) len: usize,
}

impl Job {
    fn num_parts(&self, rank: usize) -> usize {
        self.shards.num_parts(&self.shards.of_rank(rank, self.count))
    }

    fn share_len(&self, rank: usize) -> usize {
        share(self.len, rank, self.count).len()
    }

    /// The parts of this rank as they are sent: for each rank its share of all of them.
    fn by_rank<T: Copy>(&self, parts: Vec<T>) -> Vec<T> {
        if self.num_parts(self.rank) == 1 {
            return parts;
        }
        let mut sent = Vec::with_capacity(parts.len());
        for to in 0..self.count {
            for part in parts.chunks(self.len.max(1)) {
                sent.extend_from_slice(&part[share(self.len, to, self.count)]);
            }
        }
        sent
    }
}

/// How far a sum has come.
enum Stage<T> {
    /// Shares travel to the rank that adds them.
    Shares(Flight<T>),
    /// They are added, and the sums of those before are not handed out yet. Besides, room for what comes.
    Added(Vec<T>, Vec<T>),
    /// The sums travel to all ranks.
    Sums(Flight<T>),
    Over,
}

/// A sum under way.
struct Sum<T> {
    job: Job,
    number: usize,
    stage: Stage<T>,
    answer: Sender<[Vec<T>; 2]>,
}

/// Begins a sum of the parts that this rank has, with a vector of any numbers to work in. The answer has the sum, and a vector that may
/// be used again.
pub(crate) fn sum<T: Float + Equivalence + 'static>(
    lines: &Lines,
    job: Job,
    [parts, room]: [Vec<T>; 2],
    answer: Sender<[Vec<T>; 2]>,
) -> Box<dyn Operation> {
    let (mine, ours) = (job.num_parts(job.rank), job.share_len(job.rank));
    let to = Pieces::new((0..job.count).map(|to| mine * job.share_len(to)));
    let from = Pieces::new((0..job.count).map(|from| job.num_parts(from) * ours));
    let flight = Flight::all_to_all(&lines.shares, job.by_rank(parts), to, room, from);
    let number = lines.begun.replace(lines.begun.get() + 1);
    Box::new(Sum { job, number, stage: Stage::Shares(flight), answer })
}

impl<T: Float + Equivalence> Operation for Sum<T> {
    fn advance(&mut self, lines: &Lines) -> bool {
        loop {
            let goes_on = match &mut self.stage {
                Stage::Shares(flight) | Stage::Sums(flight) => flight.is_over(),
                Stage::Added(..) => lines.next.get() == self.number,
                Stage::Over => return true,
            };
            if !goes_on {
                return false;
            }
            let Job { shards, rank, count, .. } = self.job;
            self.stage = match std::mem::replace(&mut self.stage, Stage::Over) {
                Stage::Shares(flight) => {
                    let (sent, mut received) = flight.land();
                    shards.sum_parts(count, &mut received, self.job.share_len(rank));
                    Stage::Added(received, sent)
                }
                Stage::Added(sums, room) => {
                    lines.next.set(self.number + 1);
                    let from = Pieces::new((0..count).map(|rank| self.job.share_len(rank)));
                    let len = self.job.share_len(rank);
                    Stage::Sums(Flight::all_gather(&lines.sums, sums, len, room, from))
                }
                Stage::Sums(flight) => {
                    let (room, sum) = flight.land();
                    let _nobody_waits = self.answer.send([sum, room]);
                    Stage::Over
                }
                Stage::Over => Stage::Over,
            };
        }
    }
}
