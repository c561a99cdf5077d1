//! From anomaly scores to a decision: the score above which a sample is an anomaly.

/// Finds the score above which so few samples as 100 − `percentile` in a hundred are, between two scores in
/// proportion: NumPy's `percentile`. Without scores nothing is an anomaly: infinite.
///
/// `scores` are those of normal samples that did not train, and are put in order.
///
/// ```
/// use barenet_run::anomaly::threshold;
/// assert_eq!(threshold(&mut [15.0, 20.0, 35.0, 40.0, 50.0], 40.0), 29.0);
/// assert_eq!(threshold(&mut [2.0, 1.0], 100.0), 2.0);
/// assert_eq!(threshold(&mut [], 99.0), f64::INFINITY);
/// ```
#[must_use]
pub fn threshold(scores: &mut [f64], percentile: f64) -> f64 {
    scores.sort_by(f64::total_cmp);
    let place = percentile / 100.0 * scores.len().saturating_sub(1) as f64;
    let (below, share) = (place.floor(), place.fract());
    let (Some(low), high) = (scores.get(below as usize), scores.get(below as usize + 1)) else {
        return f64::INFINITY;
    };
    high.map_or(*low, |high| low + share * (high - low))
}
