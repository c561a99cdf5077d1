//! Drawing of samples.

use crate::rng::{Permutation, Rng};

/// Source of the samples of a batch: a function of the iteration alone.
pub(super) struct BatchSource {
    pub(super) iteration: u64,
    pub(super) num_train: usize,
    pub(super) draw: Rng,
    /// Random numbers by which samples are changed.
    pub(super) sample: Rng,
    pub(super) order: Option<Permutation>,
    pub(super) start: usize,
}

impl BatchSource {
    pub(super) fn index(&self, n: usize) -> usize {
        match &self.order {
            // A batch larger than the data starts over.
            Some(order) => order.get((self.start + n).checked_rem(self.num_train).unwrap_or(0)),
            None => draw_index(self.draw, n, self.num_train),
        }
    }
}

/// Draw number `n` of 0..len, with replacement.
pub(super) fn draw_index(rng: Rng, n: usize, len: usize) -> usize {
    let mut rng = rng.fork(u64::try_from(n).unwrap_or(u64::MAX));
    usize::try_from(rng.below(u64::try_from(len).unwrap_or(u64::MAX))).unwrap_or(0)
}
