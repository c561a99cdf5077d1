//! Ranks that are threads of one process, for tests of what ranks share.

use barenet::{Error, Ranks, Shards};
use std::sync::{Barrier, Mutex};

/// Where threads leave what they share.
#[derive(Debug)]
pub struct Board<T> {
    barrier: Barrier,
    /// What each rank handed out last.
    gathered: Vec<Mutex<Vec<T>>>,
    /// The parts of each rank, of each slot.
    parts: Vec<Mutex<Vec<Vec<T>>>>,
}

/// One of the threads.
#[derive(Debug)]
pub struct ThreadRank<'a, T> {
    board: &'a Board<T>,
    rank: usize,
}

/// Runs a function on so many threads, each of which is a rank, and returns what they return.
///
/// # Panics
///
/// If one of them does.
pub fn on_ranks<T: Send + Sync, R: Send>(
    count: usize,
    run: impl Fn(&ThreadRank<'_, T>) -> R + Sync,
) -> Vec<R> {
    let board = Board {
        barrier: Barrier::new(count),
        gathered: (0..count).map(|_| Mutex::default()).collect(),
        parts: (0..count).map(|_| Mutex::default()).collect(),
    };
    std::thread::scope(|scope| {
        let start = |rank| {
            let (board, run) = (&board, &run);
            scope.spawn(move || run(&ThreadRank { board, rank }))
        };
        let threads: Vec<_> = (0..count).map(start).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    })
}

impl<T: barenet::Float> Ranks<T> for ThreadRank<'_, T> {
    fn count(&self) -> usize {
        self.board.gathered.len()
    }

    fn rank(&self) -> usize {
        self.rank
    }

    fn gather(
        &self,
        mine: &[T],
        len_of: &dyn Fn(usize) -> usize,
        all: &mut [T],
    ) -> Result<(), Error> {
        *self.board.gathered[self.rank].lock().unwrap() = mine.to_vec();
        self.board.barrier.wait();
        let mut start = 0;
        for (rank, given) in self.board.gathered.iter().enumerate() {
            let given = given.lock().unwrap();
            assert_eq!(given.len(), len_of(rank));
            all[start..start + given.len()].copy_from_slice(&given);
            start += given.len();
        }
        assert_eq!(start, all.len());
        self.board.barrier.wait();
        Ok(())
    }

    fn start_sum(
        &self,
        shards: &Shards,
        slot: usize,
        first: &[T],
        others: &[T],
    ) -> Result<(), Error> {
        let num_parts = shards.num_parts(&shards.of_rank(self.rank, self.count()));
        assert_eq!(others.len(), (num_parts - 1) * first.len());
        let mut parts = self.board.parts[self.rank].lock().unwrap();
        if parts.len() <= slot {
            parts.resize(slot + 1, Vec::new());
        }
        assert!(parts[slot].is_empty(), "slot {slot} is begun twice");
        parts[slot] = [first, others].concat();
        Ok(())
    }

    fn end_sum(&self, shards: &Shards, slot: usize, sum: &mut [T]) -> Result<(), Error> {
        self.board.barrier.wait();
        let all = self.board.parts.iter().map(|parts| parts.lock().unwrap()[slot].clone());
        let mut all = all.collect::<Vec<_>>().concat();
        shards.sum_parts(self.count(), &mut all, sum.len());
        sum.copy_from_slice(&all[..sum.len()]);
        self.board.barrier.wait();
        self.board.parts[self.rank].lock().unwrap()[slot].clear();
        Ok(())
    }
}
