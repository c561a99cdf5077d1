//! What numbers were before they were rounded, by their place in a sample.

use super::to_c_order;
use crate::Exact;

/// What the numbers at each place of a sample were, gathered in the order of a file.
pub(super) struct Places {
    exact: Vec<Exact>,
    /// Which place the next element has.
    at: usize,
    /// How many elements of a place lie side by side, and how many of them there were.
    side_by_side: usize,
    passed: usize,
    is_fortran: bool,
}

/// Longer samples are pictures or sounds, whose numbers are not far from 0.
const MAX_PLACES: usize = 1 << 16;

impl Places {
    pub(super) fn new(shape: &[usize], is_fortran: bool) -> Self {
        let count = shape.iter().skip(1).try_fold(1_usize, |count, &len| count.checked_mul(len));
        let count = count.filter(|&count| count <= MAX_PLACES).unwrap_or(0);
        let samples = shape.first().copied().unwrap_or(1);
        let side_by_side = if is_fortran { samples } else { 1 };
        Self { exact: vec![Exact::default(); count], at: 0, side_by_side, passed: 0, is_fortran }
    }

    pub(super) fn add(&mut self, x: f64, rounded: f32) {
        let Some(exact) = self.exact.get_mut(self.at) else { return };
        exact.add(x, rounded);
        self.passed += 1;
        if self.passed >= self.side_by_side {
            self.passed = 0;
            self.at = if self.at + 1 == self.exact.len() { 0 } else { self.at + 1 };
        }
    }

    /// Those of an array of this shape, the last axis side by side.
    pub(super) fn into_exact(self, shape: &[usize]) -> Vec<Exact> {
        if self.exact.iter().all(|exact| *exact == Exact::default()) {
            return Vec::new();
        }
        match shape {
            [_, sample @ ..] if self.is_fortran => to_c_order(&self.exact, sample),
            _ => self.exact,
        }
    }
}
