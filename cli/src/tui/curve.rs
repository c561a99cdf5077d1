//! A curve that grows, in bounded memory.

/// Points that are kept at most: more than a wide terminal shows.
const MAX_POINTS: usize = 2048;

/// Points of a curve, each the mean of some numbers that came one after the other.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Curve {
    points: Vec<(f64, f64)>,
    /// Numbers in a point.
    every: usize,
    /// Sum and count of those for the next point.
    next: (f64, usize),
}

impl Default for Curve {
    fn default() -> Self {
        Self { points: Vec::new(), every: 1, next: (0.0, 0) }
    }
}

impl Curve {
    /// Adds a number; one that is not finite has no place.
    pub(super) fn push(&mut self, x: f64, y: f64) {
        if !y.is_finite() {
            return;
        }
        let (sum, count) = (self.next.0 + y, self.next.1 + 1);
        if count < self.every {
            self.next = (sum, count);
            return;
        }
        #[allow(clippy::cast_precision_loss)]
        self.points.push((x, sum / count as f64));
        self.next = (0.0, 0);
        if self.points.len() >= MAX_POINTS {
            let mean = |pair: &[(f64, f64)]| {
                let [(_, a), (x, b)] = *pair else { return None };
                Some((x, f64::midpoint(a, b)))
            };
            self.points = self.points.chunks_exact(2).filter_map(mean).collect();
            self.every *= 2;
        }
    }

    pub(super) fn points(&self) -> &[(f64, f64)] {
        &self.points
    }

    /// The least and the greatest of its numbers, without so many of the first.
    pub(super) fn range(&self, left_out: usize) -> Option<(f64, f64)> {
        let numbers = self.points.iter().skip(left_out).map(|&(_, y)| (y, y));
        numbers.reduce(|(low, high), (y, _)| (low.min(y), high.max(y)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_curve_has_few_points_and_the_same_shape() {
        let mut curve = Curve::default();
        for x in 1..=100_000 {
            curve.push(f64::from(x), 2.0 * f64::from(x));
        }
        let points = curve.points();
        assert!(points.len() < MAX_POINTS && points.len() >= MAX_POINTS / 4, "{}", points.len());
        assert!(points.is_sorted_by(|a, b| a.0 < b.0 && a.1 < b.1));
        assert!(points.last().unwrap().0 > 99_900.0);
    }

    #[test]
    fn what_is_not_finite_is_left_out() {
        let mut curve = Curve::default();
        [1.0, f64::NAN, 3.0, f64::INFINITY].into_iter().for_each(|y| curve.push(0.0, y));
        assert_eq!(curve.points(), [(0.0, 1.0), (0.0, 3.0)]);
        assert_eq!((curve.range(0), Curve::default().range(0)), (Some((1.0, 3.0)), None));
        assert_eq!((curve.range(1), curve.range(2)), (Some((3.0, 3.0)), None));
    }
}
