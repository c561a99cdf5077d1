//! The metric of a network on data, and the class that it names.

use super::dataset::{Batch, BatchTargets, Dataset, check_data, label_of};
use super::{Strategy, WholeBatch};
use crate::error::{Error, check_finite};
use crate::float::Float;
use crate::gemm::Gemm;
use crate::layers::{Label, Loss, Targets, class_weight, log_loss};
use crate::metric::Metric;
use crate::net::FullyConnectedNet;
use crate::state::Weights;

/// Computes the [metric](FullyConnectedNet::metric) of a network on a whole data set: of classes the accuracy, 0 to
/// 1, unless it asks for another.
///
/// `batch` samples are scored at once; `workspace` holds the scores
/// (`arch.infer_workspace_len(batch)`).
///
/// # Errors
///
/// [`Error::BufferTooSmall`] if a buffer is too short for a batch, [`Error::Shape`] if the weights
/// belong to another architecture or the data have not as many numbers as it takes, [`Error::InvalidConfig`]
/// if the loss takes targets of the other kind or the metric is one of them or
/// [takes all outputs at once](Metric::takes_all_outputs), [`Error::InvalidLabel`] with the index of a sample whose label names no class, [`Error::NonFinite`] if a score or the metric is NaN or infinite:
/// whatever class it names, it knows none.
#[doc(alias = "check_accuracy")]
pub fn evaluate<T: Float>(
    net: &FullyConnectedNet<'_, T>,
    gemm: &impl Gemm<T>,
    weights: Weights<'_, T>,
    data: &impl Dataset<T>,
    batch: usize,
    workspace: &mut [T],
) -> Result<T, Error> {
    if !data.is_empty() {
        check_data("data", data, net)?;
    }
    let samples = (data.len(), &|n| n);
    evaluate_some(net, gemm, weights, data, samples, batch, workspace, &WholeBatch)
}

const TAKES_ALL: Error = Error::InvalidConfig {
    what: "a metric that takes all outputs at once is measured by the caller, see Solver::due_check",
};

/// The same on `count` samples: `index` says which.
pub(super) fn evaluate_some<T: Float>(
    net: &FullyConnectedNet<'_, T>,
    gemm: &impl Gemm<T>,
    weights: Weights<'_, T>,
    data: &impl Dataset<T>,
    (count, index): (usize, &(impl Fn(usize) -> usize + Sync)),
    batch: usize,
    workspace: &mut [T],
    strategy: &impl Strategy<T>,
) -> Result<T, Error> {
    let (metric, batch) = (net.metric(), batch.max(1));
    let sum_len = strategy.sum_len().min(workspace.len());
    let (given, workspace) = workspace.split_at_mut(sum_len);
    let sum = strategy.sum(count.div_ceil(batch), given, |number| {
        let done = number * batch;
        let len = batch.min(count - done);
        let x = Batch { data, index: |n| index(done + n), draw: None, first: 0, len };
        let scores = net.scores_mut(gemm, weights, x, workspace)?;
        check_finite("scores", scores.as_mat().data())?;
        Ok(match metric {
            Metric::Accuracy => {
                let mut correct = 0;
                for (scores, n) in scores.as_mat().row_iter().zip(done..) {
                    correct += usize::from(predict(scores) == label_of(data, index(n), net)?);
                }
                T::from_usize(correct)
            }
            Metric::LogLoss => {
                let mut sum = T::ZERO;
                for (scores, n) in scores.as_mat().row_iter().zip(done..) {
                    let label = label_of(data, index(n), net)?;
                    sum += log_loss(scores, label) * class_weight(net.class_weights, label);
                }
                sum
            }
            Metric::BalancedAccuracy | Metric::F1 | Metric::Auc | Metric::R2 => {
                return Err(TAKES_ALL);
            }
            Metric::Mse | Metric::Mae => {
                let y = BatchTargets(x, net.arch.num_classes());
                let loss = if metric == Metric::Mae { Loss::Mae } else { Loss::Mse };
                loss.sum_in_place(scores, Targets::Values(&y), &[], 0, len)
            }
        })
    })?;
    let found = sum / T::from_usize(count.max(1));
    let what = match metric {
        Metric::Mse => "squared errors",
        Metric::Mae => "absolute errors",
        _ => metric.name(),
    };
    check_finite(what, &[found])?;
    Ok(found)
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
