//! Long histories in fewer points.

/// A stretch of a history: the middle of its places, and mean, least and most of its values.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Stretch {
    pub(super) x: f64,
    pub(super) mean: f64,
    pub(super) least: f64,
    pub(super) most: f64,
}

/// Values with their places, from `first` on, in at most so many stretches of one length. Values that are not finite are left
/// out.
pub(super) fn stretches(values: &[f64], first: f64, max: usize) -> Vec<Stretch> {
    let len = values.len().div_ceil(max.max(1)).max(1);
    let each = values.chunks(len).enumerate().filter_map(|(number, values)| {
        let finite = || values.iter().copied().filter(|value| value.is_finite());
        let count = finite().count();
        // A half first: the sum of large numbers may be too large.
        let mean = finite().map(|value| value / count as f64).sum();
        let middle = first + (number * len) as f64 + (values.len() - 1) as f64 / 2.0;
        let (least, most) = (finite().reduce(f64::min)?, finite().reduce(f64::max)?);
        Some(Stretch { x: middle, mean, least, most })
    });
    each.collect()
}

/// A number with six digits, as many as anybody sees.
pub(super) fn rounded(number: f64) -> f64 {
    format!("{number:.5e}").parse().unwrap_or(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_values_stay_as_they_are() {
        let found = stretches(&[3.0, f64::NAN, 1.0], 1.0, 5);
        let one = |x, v| Stretch { x, mean: v, least: v, most: v };
        assert_eq!(found, [one(1.0, 3.0), one(3.0, 1.0)]);
        assert!(stretches(&[], 0.0, 5).is_empty());
        assert!(stretches(&[f64::INFINITY], 0.0, 5).is_empty());
    }

    #[test]
    fn many_values_keep_their_mean_and_their_outliers() {
        let mut values = vec![1.0; 1001];
        values[500] = 101.0;
        let found = stretches(&values, 1.0, 100);
        assert_eq!(found.len(), 91);
        assert_eq!(found[0].x, 6.0);
        let spike = found.iter().find(|stretch| stretch.most > 1.0).unwrap();
        assert_eq!((spike.most, spike.least), (101.0, 1.0));
        assert!((spike.mean - (10.0 + 101.0) / 11.0).abs() < 1e-9, "{spike:?}");
        let last = found.last().unwrap();
        assert_eq!(last.x, 996.0);
        let large = stretches(&[f64::MAX; 4], 0.0, 1);
        assert!(large[0].mean.is_finite());
    }

    #[test]
    fn a_number_has_six_digits() {
        for (number, expected) in [(1.0 / 3.0, 0.333_333), (123_456_789.0, 123_457_000.0)] {
            assert_eq!(rounded(number), expected);
        }
        assert_eq!(rounded(0.0), 0.0);
    }
}
