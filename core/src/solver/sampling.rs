//! Drawing of samples.

use super::dataset::Draw;
use crate::machine::{Machine, run};
use crate::rng::{Order, Permutation, Rng};
use crate::slices::First;

/// Source of the samples of a batch: a function of the iteration alone.
pub(super) struct BatchSource {
    pub(super) iteration: u64,
    pub(super) num_train: usize,
    pub(super) draw: Rng,
    /// Random numbers by which samples are changed, and the epoch.
    pub(super) sample: Draw,
    pub(super) order: Option<Permutation>,
    pub(super) start: usize,
}

impl BatchSource {
    /// Writes the samples of the batch.
    pub(super) fn fill(&self, machine: &impl Machine, indices: &mut [usize]) {
        match self.order {
            // A batch larger than the data starts over.
            Some(order) => {
                let (num, first) = (self.num_train, First(self.start));
                run(machine, Order { order, num, first, out: indices });
            }
            None => {
                for (n, index) in indices.iter_mut().enumerate() {
                    *index = draw_index(self.draw, n, self.num_train);
                }
            }
        }
    }
}

/// Draw number `n` of 0..len, with replacement.
pub(super) fn draw_index(rng: Rng, n: usize, len: usize) -> usize {
    let mut rng = rng.fork(u64::try_from(n).unwrap_or(u64::MAX));
    usize::try_from(rng.below(u64::try_from(len).unwrap_or(u64::MAX))).unwrap_or(0)
}
