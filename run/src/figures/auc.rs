//! The area under the ROC curve.

/// Computes the area under the ROC curve of some scores: how likely the score of a positive sample is higher than
/// that of another one, where equal ones count half (scikit-learn's `roc_auc_score`). There is none without
/// samples of both kinds, or without as many scores.
///
/// ```
/// use barenet_run::figures::auc;
/// let is_positive = [false, false, true, true];
/// assert_eq!(auc(&[0.1, 0.4, 0.35, 0.8], &is_positive), Some(0.75));
/// assert_eq!(auc(&[0.5; 4], &is_positive), Some(0.5));
/// assert_eq!(auc(&[0.5; 4], &[true; 4]), None);
/// ```
#[must_use]
pub fn auc(scores: &[f64], is_positive: &[bool]) -> Option<f64> {
    if scores.len() != is_positive.len() {
        return None;
    }
    let mut all: Vec<(f64, bool)> =
        scores.iter().copied().zip(is_positive.iter().copied()).collect();
    all.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (mut below, mut pairs, mut positives) = (0.0, 0.0, 0.0);
    for equal in all.chunk_by(|a, b| a.0 == b.0) {
        let positive = equal.iter().filter(|(_, is_positive)| *is_positive).count() as f64;
        let negative = equal.len() as f64 - positive;
        pairs += positive * (below + 0.5 * negative);
        below += negative;
        positives += positive;
    }
    let all_pairs = positives * below;
    (all_pairs > 0.0).then(|| pairs / all_pairs)
}
