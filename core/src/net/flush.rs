//! Subnormal numbers become 0 where they lie, for backends whose arithmetic does not take them for 0.
//!
//! Training makes them: weights that decay, gradients of a network that has learnt. Many CPUs take a hundred
//! times as long with them, and an f32 below 1e-38 is nothing beside what it is added to. The products of
//! [`Portable`](crate::Portable) must have the same bits on a microcontroller, which is not slowed down and
//! computes with them; so they are replaced here, by the same code everywhere.

use crate::float::Float;
use crate::machine::{Machine, Pass, Split, run, split_elements};
use crate::slices::split_fields;

/// With fewer samples than this, going over weights and gradients once more would cost more than a
/// twentieth of the step; so little work is done by devices, which subnormal numbers do not slow down.
const MIN_SAMPLES: usize = 16;

/// Replaces subnormal numbers in a step, if they need be.
pub(super) struct Flush<'a, M> {
    machine: &'a M,
    is_needed: bool,
}

impl<'a, M: Machine> Flush<'a, M> {
    pub(super) fn new(machine: &'a M, num_samples: usize) -> Self {
        let is_needed = num_samples >= MIN_SAMPLES && !machine.flushes_subnormals();
        Self { machine, is_needed }
    }

    /// Replaces those of a slice.
    pub(super) fn run<T: Float>(&self, numbers: &mut [T]) {
        if self.is_needed {
            run(self.machine, FlushSubnormals { numbers });
        }
    }
}

/// Numbers that are looked at before any is written: most often none has to be.
const LOOKS: usize = 64;

/// Replaces subnormal numbers by 0.
struct FlushSubnormals<'a, T> {
    numbers: &'a mut [T],
}

impl<T: Float> Pass for FlushSubnormals<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let (blocks, rest) = self.numbers.as_chunks_mut::<LOOKS>();
        for block in blocks {
            let mut has_some = false;
            for &x in &*block {
                has_some |= x.flush_subnormal() != x;
            }
            if has_some {
                flush_all(block);
            }
        }
        flush_all(rest);
    }
}

impl<T: Float> Split for FlushSubnormals<'_, T> {
    split_fields!(self at split_elements(self.numbers.len()) => numbers);
}

#[inline(always)]
fn flush_all<T: Float>(numbers: &mut [T]) {
    for x in numbers {
        *x = x.flush_subnormal();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Portable;
    use std::vec::Vec;

    #[test]
    fn subnormal_numbers_become_zero_and_all_others_stay() {
        let edge = f32::MIN_POSITIVE;
        let numbers =
            [1e-40, -edge, edge, f32::NAN, -f32::INFINITY, f32::from_bits(1), 1.0, -1e-39];
        for len in [0, 1, 7, 64, 100, 40_001] {
            let mut found: Vec<f32> = numbers.into_iter().cycle().take(len).collect();
            let expected: Vec<u32> =
                found.iter().map(|x| if x.is_subnormal() { 0 } else { x.to_bits() }).collect();
            run(&Portable, FlushSubnormals { numbers: &mut found });
            assert_eq!(found.into_iter().map(f32::to_bits).collect::<Vec<_>>(), expected, "{len}");
        }
    }
}
