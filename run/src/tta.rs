//! Test-time augmentation: the outputs of a network, averaged over views of each picture.

use crate::outputs::outputs;
use crate::softmax::probabilities;
use anyhow::Result;
use barenet::{FullyConnectedNet, Loss, Weights};
use barenet_blas::Backend;
use barenet_data::augment::Augmentation;
use barenet_data::samples::Samples;
use barenet_model::number::Number;

/// [`outputs`] for all samples, or if there are views, scores of the mean over them: of the softmax loss the logarithms of the mean
/// probabilities, of other losses the mean scores.
///
/// The means are taken in `f64` and in the order of the views, so that the bits do not depend on threads.
///
/// # Errors
///
/// Those of [`outputs`].
pub(crate) fn outputs_of_views<T: Number>(
    net: &FullyConnectedNet<'_, T>,
    weights: Weights<'_, T>,
    samples: &Samples<'_, T>,
    views: &[Augmentation],
    backend: &Backend,
) -> Result<Vec<T>> {
    if views.is_empty() {
        return outputs(net, weights, samples, backend);
    }
    let mut sums: Vec<f64> = Vec::new();
    let is_softmax = net.loss == Loss::Softmax;
    for view in views {
        let seen = samples.clone().augmented(Some(*view));
        let scores = outputs(net, weights, &seen, backend)?;
        sums.resize(scores.len(), 0.0);
        let width = net.arch.num_classes().max(1);
        for (sums, scores) in sums.chunks_exact_mut(width).zip(scores.chunks_exact(width)) {
            let of_view = match is_softmax {
                true => probabilities(scores),
                false => scores.iter().map(|score| score.to_f64()).collect(),
            };
            sums.iter_mut().zip(of_view).for_each(|(sum, of_view)| *sum += of_view);
        }
    }
    let mean = |sum: f64| sum / views.len() as f64;
    let score = |sum| match is_softmax {
        // A class that no view gives a chance has the least that the type has, and not −∞.
        true => mean(sum).max(f64::from(f32::MIN_POSITIVE)).ln(),
        false => mean(sum),
    };
    Ok(sums.into_iter().map(|sum| T::from_f64(score(sum))).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scaled::scaled;
    use barenet::Arch;
    use barenet_blas::Kernel;
    use barenet_data::augment::test_views;
    use barenet_data::split::{Index, Part, Split};
    use barenet_model::scales::Scales;

    /// Of a network without hidden layers, whose scores are sums over pixels.
    fn averaged(loss: Loss, threads: usize) -> (Vec<f64>, Vec<Vec<f64>>) {
        let data = barenet_data::builtin::generate();
        let none = || Index::Range(0..0);
        let split = Split { train: Index::Range(0..3), val: none(), test: none(), fitted: none() };
        let dim = data.input_dim();
        let dims = [dim, 4];
        let net =
            FullyConnectedNet::<f64> { loss, ..FullyConnectedNet::with_arch(Arch::new(&dims)) };
        let params: Vec<f64> =
            (0..net.arch.num_params()).map(|n| ((n * 37 % 101) as f64 - 50.0) * 1e-6).collect();
        let weights = Weights::new(&net.arch, &params, &[]).unwrap();
        let backend = Backend::with_threads(Kernel::default(), threads).unwrap();
        let scales = Scales::offset(vec![0.0; dim]);
        let samples = scaled((&data, &split, Part::Train), &scales);
        let views = test_views(&data).unwrap();
        let mean = outputs_of_views(&net, weights, &samples, &views, &backend).unwrap();
        let one = |view| outputs_of_views(&net, weights, &samples, &[view], &backend).unwrap();
        (mean, views.into_iter().map(one).collect())
    }

    #[test]
    fn the_mean_is_of_scores_or_of_probabilities() {
        let (mean, each) = averaged(Loss::Svm, 2);
        for (n, mean) in mean.iter().enumerate() {
            let sum: f64 = each.iter().map(|scores| scores[n]).sum();
            assert!((mean - sum / 10.0).abs() < 1e-12, "{n}: {mean}, {sum}");
        }
        let (mean, each) = averaged(Loss::Softmax, 2);
        for (n, mean) in mean.iter().enumerate() {
            // The logarithms of probabilities, of each view too.
            let sum: f64 = each.iter().map(|scores| scores[n].exp()).sum();
            assert!((mean.exp() - sum / 10.0).abs() < 1e-12, "{n}: {mean}, {sum}");
        }
        assert!(
            mean.chunks(4)
                .all(|row| (row.iter().map(|s| s.exp()).sum::<f64>() - 1.0).abs() < 1e-12)
        );
        assert_ne!(each[0], each[1]);
    }

    #[test]
    fn the_mean_has_the_same_bits_on_any_number_of_threads() {
        let [one, three] = [1, 3].map(|threads| averaged(Loss::Softmax, threads).0);
        assert_eq!(one, three);
    }
}
