//! Outputs of a network for all samples of a part.

use crate::buffers::{Aligned, reserve};
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
    let mut x = Aligned::zeros(EVAL_BATCH * dim, "the inputs of a batch")?;
    let mut workspace =
        Aligned::zeros(net.arch.infer_workspace_len(EVAL_BATCH), "the activations of a batch")?;
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
