//! Probabilities of scores.

use barenet_model::number::Number;

/// Of each score what it lies above the highest, and its softmax probability; and ln of the sum of the exponentials.
pub(crate) fn softmax<T: Number>(scores: &[T]) -> (Vec<(f64, f64)>, f64) {
    let most = scores.iter().fold(f64::NEG_INFINITY, |most, s| most.max(s.to_f64()));
    let each = scores.iter().map(|s| s.to_f64() - most);
    let sum: f64 = each.clone().map(f64::exp).sum();
    (each.map(|s| (s, s.exp() / sum)).collect(), sum.ln())
}

/// The softmax probabilities of scores.
pub(crate) fn probabilities<T: Number>(scores: &[T]) -> Vec<f64> {
    softmax(scores).0.into_iter().map(|(_, p)| p).collect()
}
