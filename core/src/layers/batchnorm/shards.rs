//! Batch norm of a batch in shards: statistics of a shard, their merging, and what is done with the whole batch's.

use super::config::BatchNormConfig;
use super::gradient::{GradientRows, GradientSums};
use super::normalize::{Normalize, places_of_means};
use super::params::{Norm, NormGrads};
use super::statistics::{Statistics, std};
use crate::float::{Float, positive_part};
use crate::layers::Dropout;
use crate::layers::relu::pass_where_positive;
use crate::machine::{Machine, run};
use crate::mat::{Mat, MatMut};
use crate::slices::{First, zip};

/// Computes the mean and the variance of the columns of a shard. `out` and `inv_std` are overwritten.
pub(crate) fn shard_statistics<T: Float>(
    machine: &impl Machine,
    x: Mat<'_, T>,
    out: &mut [T],
    inv_std: &mut [T],
    mean: &mut [T],
    var: &mut [T],
) {
    // Running statistics without a memory are those of the batch.
    let config = BatchNormConfig { eps: T::ONE, momentum: T::ZERO };
    mean.fill(T::ZERO);
    var.fill(T::ZERO);
    if let Some((first, offset)) = places_of_means(out, x.cols()) {
        let (running_mean, running_var, start) = (mean, var, First(0));
        run(
            machine,
            Statistics { config, x, start, first, offset, inv_std, running_mean, running_var },
        );
    }
}

/// Merges mean and variance, one after the other, of some samples into those of others.
///
/// ```text
/// mean ← mean + d · m/(n + m)        var ← (n · var + m · other_var)/(n + m) + d² · n·m/(n + m)²
/// ```
///
/// d is the difference of the means: Chan, Golub and LeVeque, 1983. Without `between`, d² is left out, and what comes of it is the mean
/// of the variances.
pub(crate) fn merge_statistics<T: Float>(
    statistics: &mut [T],
    other: &[T],
    [n, m]: [usize; 2],
    between: bool,
) {
    let share = T::from_usize(m) / T::from_usize(n.saturating_add(m));
    let both = if between { share * (T::ONE - share) } else { T::ZERO };
    let (mean, var) = statistics.split_at_mut(statistics.len() / 2);
    let (other_mean, other_var) = other.split_at(other.len() / 2);
    for (mean, var, &other_mean, &other_var) in zip!(mean, var, other_mean, other_var) {
        let d = other_mean - *mean;
        *mean += d * share;
        *var = *var + (other_var - *var) * share + d * d * both;
    }
}

/// Moves running statistics towards those of a batch.
pub(crate) fn move_running<T: Float>(momentum: T, running: &mut [T], batch: &[T]) {
    for (running, &batch) in running.iter_mut().zip(batch) {
        *running = momentum * *running + (T::ONE - momentum) * batch;
    }
}

/// Normalises a shard in place by the mean and the variance of the batch, and computes out ← max(gamma · x_hat + beta, 0), and then
/// dropout.
pub(crate) fn normalize_shard<T: Float>(
    machine: &impl Machine,
    eps: T,
    (mean, var): (&[T], &[T]),
    norm: Norm<'_, T>,
    dropout: Option<Dropout<T>>,
    x: &mut [T],
    inv_std: &mut [T],
    out: &mut [T],
) {
    for (inv_std, &var) in inv_std.iter_mut().zip(var) {
        *inv_std = T::ONE / std(var, eps);
    }
    if let Some((first, offset)) = places_of_means(out, mean.len()) {
        for (first, &mean) in first.iter_mut().zip(mean) {
            *first = mean;
        }
        offset.fill(T::ZERO);
        run(machine, Normalize { x, out, inv_std, norm, f: positive_part, dropout });
    }
}

/// The two sums of the gradient over a shard, through ReLU and dropout.
pub(crate) fn shard_gradient_sums<T: Float>(
    machine: &impl Machine,
    keep_prob: T,
    dout: Mat<'_, T>,
    out: Mat<'_, T>,
    x_hat: Mat<'_, T>,
    sums: NormGrads<'_, T>,
) {
    let scale = T::ONE / keep_prob;
    let f = move |d, out| pass_where_positive(d, out, scale);
    run(machine, GradientSums { f, dout, out, x_hat, start: First(0), sums });
}

/// The gradient of a shard through dropout, ReLU and batch norm, in place. `dgamma` and `dbeta` are the sums over `num_samples`
/// samples.
pub(crate) fn shard_gradient<T: Float>(
    machine: &impl Machine,
    keep_prob: T,
    mut dout: MatMut<'_, T>,
    out: Mat<'_, T>,
    x_hat: Mat<'_, T>,
    (gamma, inv_std): (&[T], &[T]),
    (dgamma, dbeta): (&[T], &[T]),
    num_samples: usize,
) {
    let scale = T::ONE / keep_prob;
    let f = move |d, out| pass_where_positive(d, out, scale);
    let (dout, out, x_hat) = (dout.data_mut(), out.data(), x_hat.data());
    run(machine, GradientRows { f, dout, out, x_hat, gamma, inv_std, dgamma, dbeta, num_samples });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Portable;
    use std::vec::Vec;

    /// Columns of which one is constant, one is far from 0, and one is small.
    fn rows() -> Vec<f32> {
        (0..60)
            .flat_map(|n| {
                let x = ((n * 37 % 23) as f32 - 11.0) / 7.0;
                [0.1, 1000.0 + x, x * 1e-3]
            })
            .collect()
    }

    fn statistics(x: &[f32]) -> Vec<f32> {
        let (mut out, mut inv_std) = (x.to_vec(), [0.0; 3]);
        let mut found = std::vec![f32::NAN; 6];
        let (mean, var) = found.split_at_mut(3);
        let x = Mat::new(x, x.len() / 3, 3).unwrap();
        shard_statistics(&Portable, x, &mut out, &mut inv_std, mean, var);
        found
    }

    #[test]
    fn merged_statistics_are_those_of_all_samples() {
        let rows = rows();
        let whole = statistics(&rows);
        for at in [1, 7, 30, 59] {
            let (a, b) = rows.split_at(3 * at);
            let (mut found, other) = (statistics(a), statistics(b));
            merge_statistics(&mut found, &other, [at, 60 - at], true);
            for (found, whole) in found.iter().zip(&whole) {
                assert!((found - whole).abs() <= 2e-5 * whole.abs() + 1e-9, "{found} {whole} {at}");
            }
            // A constant column stays without variance.
            assert_eq!((found[0], found[3]), (0.1, 0.0));
        }
    }
}
