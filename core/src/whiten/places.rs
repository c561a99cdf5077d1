//! Some of the places of the first layer, in the order in which its W and the factors lie.

use crate::layers::Windows;
use crate::machine::is_worth_dividing;
use core::ops::Range;

/// Places of a layer that follow each other.
#[derive(Clone)]
pub(super) struct Places {
    pub(super) windows: Windows,
    range: Range<usize>,
}

impl Places {
    /// All of a layer.
    pub(super) const fn of(windows: Windows) -> Self {
        Self { windows, range: 0..windows.num_places() }
    }

    /// Each with its number of inputs, K, and these.
    pub(super) fn iter(
        &self,
    ) -> impl Iterator<Item = (usize, impl Iterator<Item = usize> + Clone)> {
        let places = self.windows.places().skip(self.range.start).take(self.range.len());
        places.map(|place| (place.fan_in(&self.windows), place.inputs(&self.windows)))
    }

    /// Whether to divide them, who have so many multiplications to do.
    pub(super) fn split_point(&self, multiplications: usize) -> Option<usize> {
        let is_long = self.range.len() > 1 && is_worth_dividing(multiplications);
        is_long.then(|| self.range.len() / 2)
    }

    /// The first `at` of them and the others; the rows of W that the first have, and their factors.
    pub(super) fn split(self, at: usize) -> ([Self; 2], usize, usize) {
        let (mut rows, mut factors) = (0, 0);
        for (k, _) in self.iter().take(at) {
            (rows, factors) = (rows + k, factors + k * k);
        }
        let (windows, middle) = (self.windows, self.range.start + at);
        let parts = [self.range.start..middle, middle..self.range.end];
        (parts.map(|range| Self { windows, range }), rows, factors)
    }
}
