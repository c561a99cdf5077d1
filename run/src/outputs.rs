//! Outputs of a network for all samples of a part, and the figures that take all of them at once.

use crate::buffers::{allocate, reserve};
use crate::config::EVAL_BATCH;
use anyhow::Result;
use barenet::{Dataset, FullyConnectedNet, Mat, Sample, Weights};
use barenet_blas::Backend;
use barenet_model::number::Number;

/// Computes the outputs of a network for all samples, one sample after another.
///
/// # Errors
///
/// If there is not enough memory, or the weights do not fit the network.
pub fn outputs<T: Number>(
    net: &FullyConnectedNet<'_, T>,
    weights: Weights<'_, T>,
    samples: &impl Dataset<T>,
    backend: &Backend,
) -> Result<Vec<T>> {
    let (dim, width) = (net.arch.input_dim(), net.arch.num_classes());
    let mut x = allocate(EVAL_BATCH * dim, "the inputs of a batch")?;
    let mut workspace =
        allocate(net.arch.infer_workspace_len(EVAL_BATCH), "the activations of a batch")?;
    let mut all = reserve(samples.len().saturating_mul(width), "the outputs")?;
    backend.install(|| -> Result<Vec<T>> {
        for first in (0..samples.len()).step_by(EVAL_BATCH) {
            let count = EVAL_BATCH.min(samples.len() - first);
            for (row, index) in x.chunks_exact_mut(dim.max(1)).zip(first..first + count) {
                samples.read(Sample::new(index), 0, row);
            }
            let x = Mat::new(x.get(..count * dim).unwrap_or_default(), count, dim)?;
            all.extend_from_slice(net.scores(backend, weights, x, &mut workspace)?.data());
        }
        Ok(all)
    })
}

/// Computes the coefficient of determination, the mean of that of each output: 1 − Σ(y − s)²/Σ(y − ȳ)². 1 is
/// right in all, 0 what the mean of the targets gets. As in scikit-learn, an output whose targets are all equal
/// counts as 1 if it is right in all, and otherwise as 0.
///
/// ```
/// use barenet_run::outputs::r2;
/// assert!((r2(&[2.5, 0.0, 2.0, 8.0], &[3.0, -0.5, 2.0, 7.0], 1) - 0.948_608_137).abs() < 1e-9);
/// assert_eq!(r2(&[1.0, 5.0, 1.0, 6.0], &[1.0, 4.0, 1.0, 4.0], 2), 0.5);
/// ```
#[must_use]
pub fn r2(scores: &[f64], targets: &[f64], width: usize) -> f64 {
    let width = width.max(1);
    let column = |all: &[f64], output: usize| -> Vec<f64> {
        all.iter().skip(output).step_by(width).copied().collect()
    };
    let mut sum = 0.0;
    for output in 0..width {
        let (s, y) = (column(scores, output), column(targets, output));
        let mean = y.iter().sum::<f64>() / y.len().max(1) as f64;
        let error: f64 = s.iter().zip(&y).map(|(s, y)| (s - y) * (s - y)).sum();
        let total: f64 = y.iter().map(|y| (y - mean) * (y - mean)).sum();
        sum += match (total > 0.0, error > 0.0) {
            (true, _) => 1.0 - error / total,
            (false, true) => 0.0,
            (false, false) => 1.0,
        };
    }
    sum / width as f64
}
