//! The softmax loss of samples that are mixed.

use super::{Label, LabelSmoothing, Loss, OwnLoss, Target};
use crate::error::Error;
use crate::float::Float;
use crate::machine::Machine;
use crate::mat::MatMut;

/// Classes of mixed samples as targets of the softmax loss: each sample is one and another in some share, and so is its loss.
///
/// ```text
/// loss = −1/N · Σₙ Σ_c ((1 − share[n])·q₁[n, c] + share[n]·q₂[n, c])·ln p[n, c]
/// ```
///
/// q₁ and q₂ are those of [`LabelSmoothing`] for the class of the sample and for the second one, p is that of
/// [`softmax_loss`](super::softmax_loss). This is PyTorch's `nn.CrossEntropyLoss` of targets that are probabilities.
///
/// # Shapes
///
/// | field    | shape | role                                                                            |
/// |----------|-------|---------------------------------------------------------------------------------|
/// | `labels` | (N)   | the right class of each sample, weights of classes and smoothing                |
/// | `other`  |       | of a sample, by its number from 0, the second class and its share, in 0..=1     |
///
/// # Example
///
/// ```
/// use barenet::layers::{LabelSmoothing, Mixup};
/// use barenet::{Loss, Mat, MatMut, Portable, Targets};
/// let (scores, mut dscores) = ([0.0_f64; 4], [0.0; 4]);
/// let labels = LabelSmoothing {
///     machine: &Portable, y: &[2], class_weights: &[], label_smoothing: 0.0,
/// };
/// let y = Mixup { labels: &labels, other: |_| (0, 0.25) };
/// let (scores, d) = (Mat::new(&scores, 1, 4)?, MatMut::new(&mut dscores, 1, 4)?);
/// Loss::Softmax.loss(scores, Targets::Own(&y), d)?;
/// assert_eq!(dscores, [0.0, 0.25, -0.5, 0.25]);
/// # Ok::<(), barenet::Error>(())
/// ```
///
/// Zhang et al., "mixup: beyond empirical risk minimization", ICLR 2018, <https://arxiv.org/abs/1710.09412>.
#[derive(Clone, Copy, Debug)]
pub struct Mixup<'a, T, M, F> {
    /// The classes of the samples.
    pub labels: &'a LabelSmoothing<'a, T, M>,
    /// What each sample is mixed with.
    pub other: F,
}

impl<T: Float, M: Machine, F: Fn(usize) -> (Label, T) + Sync> OwnLoss<T> for Mixup<'_, T, M, F> {
    fn check(&self, num_samples: usize, output_dim: usize) -> Result<(), Error> {
        self.labels.check(num_samples, output_dim)?;
        (0..num_samples).try_for_each(|sample| {
            let (label, share) = (self.other)(sample);
            Loss::Softmax.check_target(sample, Target::Class(label), output_dim)?;
            if share >= T::ZERO && share <= T::ONE {
                return Ok(());
            }
            Err(Error::InvalidConfig { what: "the share of the other sample must be in 0..=1" })
        })
    }

    fn sum_in_place(&self, scores: MatMut<'_, T>, first: usize, num_samples: usize) -> T {
        self.labels.sum_with(|sample| Some((self.other)(sample)), scores, first, num_samples)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gradient_check::eval_numerical_gradient;
    use crate::{Mat, Portable, Rng, Targets};
    use std::vec::Vec;

    fn loss_of(
        scores: &[f64],
        y: &[Label],
        others: &[(Label, f64)],
        class_weights: &[f64],
        label_smoothing: f64,
    ) -> Result<(f64, Vec<f64>), Error> {
        let (rows, cols) = (y.len(), scores.len() / y.len());
        let mut dscores = std::vec![f64::NAN; scores.len()];
        let labels = LabelSmoothing { machine: &Portable, y, class_weights, label_smoothing };
        let mixup = Mixup { labels: &labels, other: |n: usize| others[n] };
        let out = MatMut::new(&mut dscores, rows, cols)?;
        let loss = Loss::Softmax.loss(Mat::new(scores, rows, cols)?, Targets::Own(&mixup), out)?;
        Ok((loss, dscores))
    }

    const SCORES: [f64; 12] = [1.0, 2.0, -1.0, 0.5, 0.0, -3.0, 2.5, 1.5, 3.0, 0.25, -0.5, 1.0];
    const Y: [Label; 3] = [1, 3, 0];
    const OTHERS: [(Label, f64); 3] = [(2, 0.3), (3, 0.8), (1, 1.0)];

    /// `torch.nn.CrossEntropyLoss(label_smoothing=ε, reduction="sum")(scores, targets) / 3` in float64, of targets that are the
    /// probabilities, and a gradient by autograd.
    #[test]
    fn loss_and_gradient_are_those_of_pytorch() {
        for (label_smoothing, expected, gradient) in [
            (
                0.0,
                1.9087036584833832,
                [
                    0.07473593934940037,
                    -0.030179987467040946,
                    -0.08988559048019458,
                    0.045329638597835176,
                    0.018817539572591174,
                    0.0009368701292155825,
                    0.22924456219839062,
                    -0.24899897190019743,
                    0.27112162267787876,
                    -0.31600110786864455,
                    0.008187163594085067,
                    0.036692321596680746,
                ],
            ),
            (
                0.1,
                1.9432869918167164,
                [
                    0.06640260601606705,
                    -0.015179987467040926,
                    -0.08821892381352793,
                    0.036996305264501844,
                    0.010484206239257844,
                    -0.00739646320411775,
                    0.22091122886505732,
                    -0.22399897190019746,
                    0.2627882893445455,
                    -0.2910011078686446,
                    -0.0001461697392482643,
                    0.02835898826334743,
                ],
            ),
        ] {
            let (loss, dscores) = loss_of(&SCORES, &Y, &OTHERS, &[], label_smoothing).unwrap();
            assert!((loss - expected).abs() < 1e-15, "{loss}, {expected}");
            for (found, expected) in dscores.iter().zip(gradient) {
                assert!((found - expected).abs() < 1e-15, "{found}, {expected}");
            }
        }
    }

    #[test]
    fn the_gradient_is_the_numerical_one_for_any_number_of_rows() {
        for (rows, cols) in [(1, 2), (19, 5), (3, 70)] {
            let (mut scores, mut weights) = (std::vec![0.0; rows * cols], std::vec![0.0; cols]);
            Rng::seed(1).fill_normal(1.0, &mut scores);
            Rng::seed(2).fill_normal(1.0, &mut weights);
            weights.iter_mut().for_each(|weight: &mut f64| *weight = weight.abs());
            let y: Vec<Label> = (0..).step_by(3).map(|i| i % cols as Label).take(rows).collect();
            let others: Vec<_> =
                (0..rows).map(|n| ((n * 7 % cols) as Label, n as f64 / rows as f64)).collect();
            for class_weights in [&[][..], &weights] {
                let loss = |x: &[f64]| loss_of(x, &y, &others, class_weights, 0.2).unwrap();
                let (_, dscores) = loss(&scores);
                let mut numerical = std::vec![0.0; scores.len()];
                let x = &mut scores.clone();
                eval_numerical_gradient(|x: &[f64]| loss(x).0, x, 1e-5, &mut numerical).unwrap();
                let is_near = dscores.iter().zip(&numerical).all(|(d, n)| (d - n).abs() < 1e-9);
                assert!(is_near, "{rows} {cols}");
            }
        }
    }

    #[test]
    fn nothing_and_all_of_the_other_sample_are_the_plain_losses() {
        let plain = |y: &[Label]| loss_of(&SCORES, y, &[(0, 0.0); 3], &[], 0.1).unwrap();
        let all = loss_of(&SCORES, &Y, &[(2, 1.0), (0, 1.0), (3, 1.0)], &[], 0.1).unwrap();
        let other = plain(&[2, 0, 3]);
        assert!((all.0 - other.0).abs() < 1e-15);
        assert!(all.1.iter().zip(&other.1).all(|(a, b)| (a - b).abs() < 1e-15));
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let error = loss_of(&SCORES, &Y, &[(0, 0.5), (0, 0.5), (4, 0.5)], &[], 0.0);
        assert_eq!(error, Err(Error::InvalidLabel { index: 2, label: 4, num_classes: 4 }));
        for share in [-0.1, 1.1, f64::NAN] {
            let error = loss_of(&SCORES, &Y, &[(0, share); 3], &[], 0.0);
            let what = "the share of the other sample must be in 0..=1";
            assert_eq!(error, Err(Error::InvalidConfig { what }));
        }
    }
}
