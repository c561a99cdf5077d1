//! What numbers were before they were rounded to `f32`, where that may matter.

use std::fmt;

/// What the numbers of a column were before they were rounded to `f32`.
///
/// ```
/// use barenet_data::Exact;
/// // Seconds since 1970, an hour of them: `f32` has steps of 128 there.
/// let hour = Exact::of((0..3600).map(|second| 1.764e9 + f64::from(second)));
/// assert_eq!(hour.coarse_steps(), Some(28));
/// assert_eq!(Exact::of([0.1, 0.2]).coarse_steps(), None);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Exact {
    /// The least; infinite if there are none.
    pub min: f64,
    /// The most; minus infinity if there are none.
    pub max: f64,
    /// Whether one has digits behind the point.
    pub has_fraction: bool,
    /// Whether one is no `f32`.
    pub is_rounded: bool,
}

/// So many steps tell numbers apart about as well as a sensor of ten bits.
const FEWEST_STEPS: f64 = 1024.0;
/// From here on (2⁵²) all numbers are whole.
const FIRST_WHOLE: f64 = 4_503_599_627_370_496.0;

impl Default for Exact {
    fn default() -> Self {
        let (min, max) = (f64::INFINITY, f64::NEG_INFINITY);
        Self { min, max, has_fraction: false, is_rounded: false }
    }
}

impl Exact {
    /// That of some numbers.
    pub fn of(numbers: impl IntoIterator<Item = f64>) -> Self {
        let mut all = Self::default();
        numbers.into_iter().for_each(|x| all.add(x, x as f32));
        all
    }

    /// Adds a number, of which `rounded` became. NaN changes nothing.
    #[inline]
    pub(crate) fn add(&mut self, x: f64, rounded: f32) {
        if x < self.min {
            self.min = x;
        }
        if x > self.max {
            self.max = x;
        }
        // Of most columns both are known soon.
        if !self.has_fraction {
            // In place of `fract`, which older processors have no instruction for: the sum has no room for a fraction.
            let size = x.abs();
            self.has_fraction = size < FIRST_WHOLE && (size + FIRST_WHOLE) - FIRST_WHOLE != size;
        }
        if !self.is_rounded {
            self.is_rounded = x.abs() >= 0.0 && f64::from(rounded) != x;
        }
    }

    /// Adds those of other numbers.
    pub(crate) fn join(&mut self, other: Self) {
        self.min = self.min.min(other.min);
        self.max = self.max.max(other.max);
        self.has_fraction |= other.has_fraction;
        self.is_rounded |= other.is_rounded;
    }

    /// How many steps of `f32` lie between the least and the most number, if these are too few to tell the numbers
    /// apart.
    #[must_use]
    pub fn coarse_steps(&self) -> Option<u32> {
        if !self.is_rounded || self.min >= self.max {
            return None;
        }
        let most = self.min.abs().max(self.max.abs()) as f32;
        let step = f64::from(most) - f64::from(most.next_down());
        let steps = (self.max - self.min) / step;
        (steps < FEWEST_STEPS).then_some(steps as u32)
    }
}

/// A column whose numbers `f32` cannot tell apart.
#[derive(Clone, Debug, PartialEq)]
pub struct Coarse {
    /// Its name.
    pub name: String,
    /// Its numbers.
    pub numbers: Exact,
    /// Whether it is a target.
    pub is_target: bool,
}

impl Coarse {
    /// Of some columns those that `f32` cannot tell apart.
    pub(crate) fn among(columns: impl IntoIterator<Item = Self>) -> Vec<Self> {
        columns.into_iter().filter(|column| column.numbers.coarse_steps().is_some()).collect()
    }
}

impl Coarse {
    /// What is wrong, and what to do; `leave_out` says how an input of the data is left out.
    pub(crate) fn describe(&self, leave_out: &str) -> String {
        let Self { name, numbers: Exact { min, max, .. }, is_target } = self;
        let steps = self.numbers.coarse_steps().unwrap_or(0);
        let (what, or) = match is_target {
            true => ("the target ", String::new()),
            false => ("", format!(", or {leave_out}")),
        };
        format!(
            "{what}{name} lies between {min} and {max}, and of such numbers f32 tells about {} apart: subtract {} \
             from them before{or}",
            steps + 1,
            min.floor()
        )
    }
}

impl fmt::Display for Coarse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.describe("leave it out with --ignore"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_coarse_where_few_steps_of_f32_lie_between_them() {
        let milliseconds = |count: u32| (0..count).map(|i| 1.764e12 + f64::from(i));
        // Steps of 2¹⁷ from 2⁴⁰ on, of 128 from 2³⁰ on, and of 2⁻²³ from 1 on.
        for (numbers, expected) in [
            (Exact::of(milliseconds(1000)), Some(0)),
            (Exact::of(milliseconds(131_073)), Some(1)),
            (Exact::of([1.764e9, 1.764e9 + 86_401.0]), Some(675)),
            (Exact::of([-1.764e9, -1.764e9 - 86_401.0]), Some(675)),
            (Exact::of([1.764e9, 1.764e9 + 604_801.0]), None),
            (Exact::of([1.5, 1.5 + 1e-5]), Some(83)),
            // Exact, rare as they are.
            (Exact::of([16_777_216.0, 16_777_218.0]), None),
            (Exact::of([1990.0, 1990.5]), None),
            (Exact::of([0.1, 0.1]), None),
            (Exact::of([]), None),
            (Exact::of([f64::NAN, 0.1, 0.2]), None),
        ] {
            assert_eq!(numbers.coarse_steps(), expected, "{numbers:?}");
        }
    }

    #[test]
    fn a_fraction_is_seen_at_any_size() {
        for (x, expected) in [
            (12_345_678.25, true),
            (-0.5, true),
            (1e-300, true),
            (4_503_599_627_370_495.5, true),
            (9_007_199_254_740_992.0, false),
            (1e30, false),
            (-1e19, false),
            (-3.0, false),
            (0.0, false),
        ] {
            assert_eq!(Exact::of([x]).has_fraction, expected, "{x}");
        }
        let mut joined = Exact::of([1.0]);
        joined.join(Exact::of([-2.5, f64::NAN]));
        assert_eq!(joined, Exact { min: -2.5, max: 1.0, has_fraction: true, is_rounded: false });
    }
}
