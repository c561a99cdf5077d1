//! The runs of a cross-validation, one for each fold.

use crate::run_folder::{BEST, CONFIG};
use std::path::{Path, PathBuf};

/// The place of the run of a fold, counted from 1.
#[must_use]
pub fn place(folder: &Path, fold: usize) -> PathBuf {
    folder.join(format!("fold-{fold}"))
}

/// The runs of a folder of a cross-validation, in the order of their folds; none of a folder that is none, or that is one of a run.
#[must_use]
pub fn runs_of(folder: &Path) -> Vec<PathBuf> {
    if [BEST, CONFIG].iter().any(|name| folder.join(name).exists()) {
        return Vec::new();
    }
    (1..).map(|fold| place(folder, fold)).take_while(|run| run.is_dir()).collect()
}

/// The mean and the standard deviation of some figures (of all, not of a sample of them, as NumPy has it).
///
/// ```
/// use barenet_run::folds::mean_and_spread;
/// assert_eq!(mean_and_spread(&[1.0, 2.0, 3.0, 4.0]), (2.5, 1.25_f64.sqrt()));
/// assert_eq!(mean_and_spread(&[7.0]), (7.0, 0.0));
/// ```
#[must_use]
pub fn mean_and_spread(figures: &[f64]) -> (f64, f64) {
    let count = figures.len().max(1) as f64;
    let mean = figures.iter().sum::<f64>() / count;
    let variance = figures.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / count;
    (mean, variance.sqrt())
}
