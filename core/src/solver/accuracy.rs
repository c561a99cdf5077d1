//! How many samples a network puts into the right class.

use super::dataset::{Batch, Dataset};
use crate::error::{Error, check_finite};
use crate::float::Float;
use crate::gemm::Gemm;
use crate::layers::{Label, check_label};
use crate::net::FullyConnectedNet;
use crate::state::Weights;

/// Computes the accuracy of a network on a whole data set, 0 to 1.
///
/// `batch` samples are scored at once; `workspace` holds the scores
/// (`arch.infer_workspace_len(batch)`).
///
/// # Errors
///
/// [`Error::BufferTooSmall`] if a buffer is too short for a batch, [`Error::Shape`] if the weights
/// belong to another architecture, [`Error::InvalidLabel`] with the index of a sample whose label names no
/// class, [`Error::NonFinite`] if a score is NaN or infinite: whatever class it names, it knows none.
pub fn check_accuracy<T: Float>(
    net: &FullyConnectedNet<'_, T>,
    gemm: &impl Gemm<T>,
    weights: Weights<'_, T>,
    data: &impl Dataset<T>,
    batch: usize,
    workspace: &mut [T],
) -> Result<T, Error> {
    let samples = (data.len(), &|n| n);
    let correct = count_correct(net, gemm, weights, data, samples, batch, workspace)?;
    Ok(T::from_usize(correct) / T::from_usize(data.len().max(1)))
}

pub(super) fn count_correct<T: Float>(
    net: &FullyConnectedNet<'_, T>,
    gemm: &impl Gemm<T>,
    weights: Weights<'_, T>,
    data: &impl Dataset<T>,
    (count, index): (usize, &(impl Fn(usize) -> usize + Sync)),
    batch: usize,
    workspace: &mut [T],
) -> Result<usize, Error> {
    let (mut done, mut correct) = (0, 0);
    while done < count {
        let rows = batch.clamp(1, count - done);
        let index = |n| index(done + n);
        let x = &Batch { data, index, shape: (rows, net.arch.input_dim()) };
        let scores = net.scores(gemm, weights, x, workspace)?;
        check_finite("scores", scores.data())?;
        for (scores, n) in scores.row_iter().zip(0..) {
            let index = index(n);
            let label = data.label(index);
            check_label(index, label, scores.len())?;
            correct += usize::from(predict(scores) == label);
        }
        done += rows;
    }
    Ok(correct)
}

/// The class with the highest score, the first of several. 0 for no scores.
///
/// ```
/// assert_eq!(barenet::predict(&[0.1, 0.7, 0.2]), 1);
/// ```
#[must_use]
pub fn predict<T: Copy + PartialOrd>(scores: &[T]) -> Label {
    let (mut best, mut best_score) = (0, None);
    for (label, &score) in (0..).zip(scores) {
        // NaN compares with nothing, itself included, and is never the highest.
        if best_score.map_or(score.partial_cmp(&score).is_some(), |best_score| score > best_score) {
            (best, best_score) = (label, Some(score));
        }
    }
    best
}
