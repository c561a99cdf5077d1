//! Work that a machine divides, and compiles for its vector instructions.

use super::rows::normal;
use barenet::{Machine, Pass, Portable, Split, run};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// Elements that are divided no further.
const PIECE: usize = 1000;

/// x ← 1.5·x + 1, divided at PIECE elements.
struct Change<'a>(&'a mut [f32]);

impl Pass for Change<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        for x in self.0 {
            *x = 1.5 * *x + 1.0;
        }
    }
}

impl Split for Change<'_> {
    fn split_point(&self) -> Option<usize> {
        (self.0.len() > PIECE).then_some(self.0.len() / 2)
    }

    fn split_at(self, at: usize) -> (Self, Self) {
        let (first, second) = self.0.split_at_mut(at);
        (Self(first), Self(second))
    }
}

/// The sum of all elements, divided in the same way.
struct Sum<'a>(&'a [f32]);

impl Pass for Sum<'_> {
    type Output = f32;

    #[inline(always)]
    fn run(self) -> f32 {
        self.0.iter().sum()
    }
}

impl Split for Sum<'_> {
    fn split_point(&self) -> Option<usize> {
        (self.0.len() > PIECE).then_some(self.0.len() / 2)
    }

    fn split_at(self, at: usize) -> (Self, Self) {
        let (first, second) = self.0.split_at(at);
        (Self(first), Self(second))
    }
}

/// Joins work within work, and runs passes.
///
/// # Panics
///
/// If a piece of work is done more or less than once, or a pass has other bits than on one thread.
pub fn check_machine(machine: &impl Machine) {
    assert!(machine.num_threads() > 0);
    let counts = [0; 4].map(AtomicUsize::new);
    let count = |i: usize| {
        counts[i].fetch_add(1, Relaxed);
    };
    machine
        .join(|| machine.join(|| count(0), || count(1)), || machine.join(|| count(2), || count(3)));
    assert_eq!(counts.map(AtomicUsize::into_inner), [1; 4], "times that each piece was done");

    for len in [0, 1, 7, PIECE, 64 * PIECE + 13] {
        let numbers: Vec<f32> = normal(6, len);
        let (mut found, mut expected) = (numbers.clone(), numbers.clone());
        run(machine, Change(&mut found));
        run(&Portable, Change(&mut expected));
        assert!(found == expected, "a pass over {len} elements");
        assert!(run(machine, Sum(&numbers)) == run(&Portable, Sum(&numbers)), "a sum of {len}");
        machine.vectorized(Change(&mut found));
        Change(&mut expected).run();
        assert!(found == expected, "a vectorized pass over {len} elements");
    }
}
