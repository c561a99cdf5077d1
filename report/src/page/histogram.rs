//! Histograms.

/// Bars at most.
const MAX_BINS: usize = 40;

/// How many scores there are from one number up to the next.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Bin {
    pub(super) from: f64,
    pub(super) to: f64,
    pub(super) normal: usize,
    pub(super) other: usize,
}

/// Counts scores in bins of one width; the last one has its end too. Scores that are not finite are left out.
pub(super) fn bins(normal: &[f64], other: &[f64]) -> Vec<Bin> {
    let all = || normal.iter().chain(other).copied().filter(|score| score.is_finite());
    let count = all().count();
    let (Some(least), Some(most)) = (all().reduce(f64::min), all().reduce(f64::max)) else {
        return Vec::new();
    };
    let num_bins = if least == most { 1 } else { (count / 4).clamp(5, MAX_BINS) };
    // Halves: the whole may be too large for a number.
    let at = |bin: usize| {
        let share = bin as f64 / num_bins as f64;
        if bin == num_bins { most } else { least * (1.0 - share) + most * share }
    };
    let mut bins: Vec<_> =
        (0..num_bins).map(|bin| Bin { from: at(bin), to: at(bin + 1), ..Bin::default() }).collect();
    let mut add = |scores: &[f64], add: fn(&mut Bin)| {
        for &score in scores.iter().filter(|score| score.is_finite()) {
            let after = bins.partition_point(|bin| bin.from <= score);
            bins.get_mut(after.saturating_sub(1)).into_iter().for_each(add);
        }
    };
    add(normal, |bin| bin.normal += 1);
    add(other, |bin| bin.other += 1);
    bins
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_score_is_in_one_bin() {
        let normal: Vec<f64> = (0..100).map(|n| f64::from(n) / 10.0).collect();
        let other = [5.0, 20.0, f64::NAN];
        let found = bins(&normal, &other);
        assert_eq!(found.iter().map(|bin| bin.normal).sum::<usize>(), 100);
        assert_eq!(found.iter().map(|bin| bin.other).sum::<usize>(), 2);
        assert_eq!(found.len(), 25);
        assert!(
            found.windows(2).all(|pair| pair[0].to == pair[1].from && pair[0].from < pair[0].to)
        );
        assert_eq!(found.last().map(|bin| (bin.to, bin.other)), Some((20.0, 1)));
    }

    #[test]
    fn equal_scores_and_none_are_fine() {
        let one = Bin { from: 2.0, to: 2.0, normal: 3, other: 0 };
        assert_eq!(bins(&[2.0; 3], &[]), [one]);
        assert!(bins(&[f64::INFINITY], &[]).is_empty());
        let wide = bins(&[-f64::MAX, f64::MAX], &[]);
        assert!(wide.iter().all(|bin| bin.from.is_finite()), "{wide:?}");
    }
}
