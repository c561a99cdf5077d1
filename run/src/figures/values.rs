//! Figures of numbers.

/// Figures of an output that is a number, in the unit of its target.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ValueFigures {
    /// The root of the mean squared error.
    pub rmse: f64,
    /// The mean absolute error.
    pub mae: f64,
    /// The [coefficient of determination](r2).
    pub r2: f64,
}

impl ValueFigures {
    /// Measures an output beside its targets, as many.
    #[must_use]
    pub fn new(scores: &[f64], targets: &[f64]) -> Self {
        let errors = || scores.iter().zip(targets).map(|(s, y)| s - y);
        let count = scores.len().max(1) as f64;
        Self {
            rmse: (errors().map(|e| e * e).sum::<f64>() / count).sqrt(),
            mae: errors().map(f64::abs).sum::<f64>() / count,
            r2: r2(scores, targets),
        }
    }
}

/// Computes the coefficient of determination, 1 − Σ(y − s)²/Σ(y − ȳ)². 1 is right in all, 0 what the mean of the
/// targets gets. As in scikit-learn, targets that are all equal give 1 if all is right, and otherwise 0.
///
/// ```
/// use barenet_run::figures::r2;
/// assert!((r2(&[2.5, 0.0, 2.0, 8.0], &[3.0, -0.5, 2.0, 7.0]) - 0.948_608_137).abs() < 1e-9);
/// assert_eq!(r2(&[1.0, 2.0], &[4.0, 4.0]), 0.0);
/// assert_eq!(r2(&[1.0, 2.0, 1.5], &[0.1; 3]), 0.0);
/// ```
#[must_use]
pub fn r2(scores: &[f64], targets: &[f64]) -> f64 {
    let mean = targets.iter().sum::<f64>() / targets.len().max(1) as f64;
    let error: f64 = scores.iter().zip(targets).map(|(s, y)| (s - y) * (s - y)).sum();
    let total: f64 = targets.iter().map(|y| (y - mean) * (y - mean)).sum();
    // What is scaled and scaled back is equal but for rounding.
    let is_varied = total > (1e-12 * mean).powi(2) * targets.len() as f64;
    match (is_varied, error > 0.0) {
        (true, _) => 1.0 - error / total,
        (false, true) => 0.0,
        (false, false) => 1.0,
    }
}
