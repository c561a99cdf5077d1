//! A random order that takes no memory.

use super::{GAMMA, Rng, mix};
use crate::machine::{Pass, Split};
use crate::slices::{First, split_fields};

/// A pseudo-random order of 0..n that takes no memory: element i is computed when asked for.
///
/// A Feistel network over the smallest even number of bits that holds n, walked until it lands below
/// n (Black and Rogaway, "Ciphers with arbitrary finite domains", CT-RSA 2002).
///
/// ```
/// use barenet::{Permutation, Rng};
/// let order = Permutation::new(5, Rng::seed(0));
/// let mut seen: Vec<usize> = (0..5).map(|i| order.get(i)).collect();
/// seen.sort();
/// assert_eq!(seen, [0, 1, 2, 3, 4]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Permutation {
    n: u64,
    half_bits: u32,
    key: u64,
}

impl Permutation {
    /// Rounds of the network. Four are enough for large n in theory; small n want more.
    const ROUNDS: u64 = 8;

    /// An order of 0..n that depends on n and the stream alone.
    #[must_use]
    pub fn new(n: usize, mut rng: Rng) -> Self {
        let n = u64::try_from(n).unwrap_or(u64::MAX);
        let bits = u64::BITS - n.saturating_sub(1).leading_zeros();
        Self { n, half_bits: bits.div_ceil(2).max(1), key: rng.next_u64() }
    }

    /// Element `i` of the permutation of 0..n; `i` itself if it is not below n.
    #[must_use]
    pub fn get(&self, i: usize) -> usize {
        let Ok(mut x) = u64::try_from(i) else { return i };
        if x >= self.n {
            return i;
        }
        // The network permutes 0..4^half_bits, fewer than 4·n + 1 values, so a walk that starts
        // below n comes back below n, after four steps on average at most.
        loop {
            x = self.encrypt(x);
            if x < self.n {
                return usize::try_from(x).unwrap_or(i);
            }
        }
    }

    #[inline(always)]
    fn encrypt(&self, x: u64) -> u64 {
        let mask = (1_u64 << self.half_bits) - 1;
        let (mut left, mut right) = (x >> self.half_bits, x & mask);
        for round in 0..Self::ROUNDS {
            let f = mix(self.key.wrapping_add(round.wrapping_mul(GAMMA)) ^ mix(right));
            (left, right) = (right, left ^ (f & mask));
        }
        left << self.half_bits | right
    }
}

/// Writes the elements of a permutation from one of them on: what [`Permutation::get`] gives, but eight times as fast,
/// as the walks of several elements do not wait for each other. Those from n on start over.
pub(crate) struct Order<'a> {
    pub(crate) order: Permutation,
    pub(crate) num: usize,
    pub(crate) first: First,
    pub(crate) out: &'a mut [usize],
}

/// Walks side by side: two vectors of eight.
const WALKS: usize = 16;
/// So many elements make a part: fewer would not pay for handing them to a thread.
const MIN_PART: usize = 256;

impl Pass for Order<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { order, num, first: First(first), out } = self;
        // A walk in nothing would never end.
        if order.n == 0 {
            out.fill(0);
            return;
        }
        let element =
            |n: usize| u64::try_from((first + n).checked_rem(num).unwrap_or(0)).unwrap_or(0);
        let (mut walks, mut places) = ([0; WALKS], [0; WALKS]);
        for (n, (walk, place)) in walks.iter_mut().zip(&mut places).enumerate() {
            (*walk, *place) = (element(n), n);
        }
        let (mut next, mut left) = (WALKS, out.len());
        while left > 0 {
            // All of them, whether somebody waits for them or not: a loop of a fixed length becomes vectors.
            for walk in &mut walks {
                *walk = order.encrypt(*walk);
            }
            for (walk, place) in walks.iter_mut().zip(&mut places) {
                // A walk that is back below n makes room for that of the next element.
                if *walk < order.n {
                    if let (Some(out), Ok(walk)) = (out.get_mut(*place), usize::try_from(*walk)) {
                        *out = walk;
                        left -= 1;
                    }
                    (*walk, *place) = (element(next), next);
                    next += 1;
                }
            }
        }
    }
}

impl Split for Order<'_> {
    split_fields!(self at (self.out.len() >= 2 * MIN_PART)
        .then_some(self.out.len() / 2 / WALKS * WALKS) => first, out);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Portable;
    use crate::machine::run;
    use std::vec;

    #[test]
    fn a_permutation_hits_every_index_once() {
        for n in [0, 1, 2, 3, 4, 5, 16, 17, 50, 1000, 4097] {
            let order = Permutation::new(n, Rng::seed(n as u64));
            let mut seen = [false; 4097];
            for i in 0..n {
                assert!(!core::mem::replace(&mut seen[order.get(i)], true), "{n}: {i}");
            }
            assert_eq!(order.get(n), n);
        }
    }

    #[test]
    fn permutations_of_three_come_about_equally_often() {
        let mut counts = [0_u32; 27];
        for seed in 0..6000 {
            let order = Permutation::new(3, Rng::seed(seed));
            counts[order.get(0) * 9 + order.get(1) * 3 + order.get(2)] += 1;
        }
        let seen = counts.iter().filter(|&&c| c > 0).count();
        assert_eq!(seen, 6);
        assert!(counts.iter().all(|&c| c == 0 || c.abs_diff(1000) < 180), "{counts:?}");
    }

    #[test]
    fn many_elements_at_once_are_those_that_are_asked_for_one_by_one() {
        for n in [1, 2, 3, 15, 16, 17, 100, 1000, 4097] {
            let order = Permutation::new(n, Rng::seed(n as u64));
            for (first, len) in [(0, n), (n / 2, 1), (n / 3, n), (n - 1, 2 * n + 700), (0, 0)] {
                let mut out = vec![usize::MAX; len];
                run(&Portable, Order { order, num: n, first: First(first), out: &mut out });
                for (i, &found) in out.iter().enumerate() {
                    assert_eq!(found, order.get((first + i) % n), "{n}: {first} and {i}");
                }
            }
        }
        let order = Permutation::new(0, Rng::seed(0));
        let mut out = [7; 3];
        run(&Portable, Order { order, num: 0, first: First(0), out: &mut out });
        assert_eq!(out, [0; 3]);
    }
}
