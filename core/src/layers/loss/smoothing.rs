//! The softmax loss with smoothed labels.

use super::softmax::ROWS;
use super::{Label, Loss, OwnLoss, Targets, at, at_mut, class_weight};
use crate::error::{Error, check_len};
use crate::float::Float;
use crate::layers::columns::PIECE;
use crate::machine::{Machine, Pass};
use crate::mat::MatMut;
use crate::slices::{rows_of_mut, take};

/// Classes as targets of the softmax loss, smoothed: the right class gets 1 − `label_smoothing`, and what is left is
/// shared evenly by all classes.
///
/// ```text
/// q[n, c] = (1 − ε)·weight[y[n]]·[c = y[n]] + ε/C·weight[c]
/// loss    = −1/N · Σₙ Σ_c q[n, c]·ln p[n, c]
/// dscores ← (p·Σⱼ q[n, j] − q) / N
/// ```
///
/// p is that of [`softmax_loss`](super::softmax_loss), ε is `label_smoothing`, and the weights of the classes are 1 where there
/// are none. This is PyTorch's `nn.CrossEntropyLoss(weight, label_smoothing=ε)`, but for the mean: with weights PyTorch
/// divides by the sum of those of the right classes, and here N divides, as without smoothing.
///
/// A network that is trained so is less sure of itself. Its loss does not reach 0.
///
/// # Shapes
///
/// | field           | shape    | role                                                         |
/// |-----------------|----------|--------------------------------------------------------------|
/// | `machine`       |          | whose vector instructions compute it, usually the backend    |
/// | `y`             | (N)      | the right class of each sample                               |
/// | `class_weights` | (C) or 0 | the weight of each class                                     |
/// | `label_smoothing` |        | in 0..1; 0 is the plain loss, up to rounding                 |
///
/// # Example
///
/// ```
/// use barenet::layers::LabelSmoothing;
/// use barenet::{Loss, Mat, MatMut, Portable, Targets};
/// let (scores, mut dscores) = ([0.0_f64; 4], [0.0; 4]);
/// let y = LabelSmoothing {
///     machine: &Portable, y: &[2], class_weights: &[], label_smoothing: 0.2,
/// };
/// let (scores, d) = (Mat::new(&scores, 1, 4)?, MatMut::new(&mut dscores, 1, 4)?);
/// let loss = Loss::Softmax.loss(scores, Targets::Own(&y), d)?;
/// assert!((loss - 4.0_f64.ln()).abs() < 1e-15);
/// assert!((dscores[0] - 0.2).abs() < 1e-15 && (dscores[2] + 0.6).abs() < 1e-15);
/// # Ok::<(), barenet::Error>(())
/// ```
///
/// Szegedy et al., "Rethinking the Inception architecture for computer vision", CVPR 2016.
#[derive(Clone, Copy, Debug)]
pub struct LabelSmoothing<'a, T, M> {
    /// The machine that computes it.
    pub machine: &'a M,
    /// The right classes, (N).
    pub y: &'a [Label],
    /// The weights of the classes, (C), or empty.
    pub class_weights: &'a [T],
    /// The share that all classes get, in 0..1.
    pub label_smoothing: T,
}

impl<T: Float, M: Machine> OwnLoss<T> for LabelSmoothing<'_, T, M> {
    fn check(&self, num_samples: usize, output_dim: usize) -> Result<(), Error> {
        check_label_smoothing(self.label_smoothing)?;
        if !self.class_weights.is_empty() {
            check_len("class_weights", output_dim, self.class_weights.len())?;
        }
        Loss::Softmax.check_targets((num_samples, output_dim), Targets::<T>::Classes(self.y))
    }

    fn sum_in_place(&self, scores: MatMut<'_, T>, first: usize, num_samples: usize) -> T {
        self.sum_with(|_| None, scores, first, num_samples)
    }
}

impl<T: Float, M: Machine> LabelSmoothing<'_, T, M> {
    /// The same of samples that are mixed, of which `other` has the second class and its share.
    pub(super) fn sum_with(
        &self,
        other: impl Fn(usize) -> Option<(Label, T)> + Sync,
        scores: MatMut<'_, T>,
        first: usize,
        num_samples: usize,
    ) -> T {
        let y = self.y.get(first..).unwrap_or_default();
        let (class_weights, label_smoothing) = (self.class_weights, self.label_smoothing);
        let other = |row| other(first + row);
        self.machine.vectorized(Smoothed {
            scores,
            y,
            other: &other,
            class_weights,
            label_smoothing,
            num_samples,
        })
    }
}

/// Refuses a smoothing out of its range.
pub(crate) fn check_label_smoothing<T: Float>(label_smoothing: T) -> Result<(), Error> {
    if label_smoothing >= T::ZERO && label_smoothing < T::ONE {
        return Ok(());
    }
    Err(Error::InvalidConfig { what: "label_smoothing must be in 0..1" })
}

/// The sum of the losses of samples, whose scores become the gradient of the mean.
struct Smoothed<'a, T, F> {
    scores: MatMut<'a, T>,
    y: &'a [Label],
    /// The second class of a row, and its share, if the row is a mixture.
    other: &'a F,
    class_weights: &'a [T],
    label_smoothing: T,
    num_samples: usize,
}

impl<T: Float, F: Fn(usize) -> Option<(Label, T)> + Sync> Pass for Smoothed<'_, T, F> {
    type Output = T;

    #[inline(always)]
    fn run(self) -> T {
        let Self { mut scores, mut y, other, class_weights, label_smoothing, num_samples } = self;
        let mut first = 0;
        let num_samples = T::from_usize(num_samples);
        let (mut loss, cols) = (T::ZERO, scores.cols());
        // Shares of q: of every class, of the right ones besides, and the sum of the former over all classes.
        let each = label_smoothing / T::from_usize(cols.max(1));
        let right = |y| (T::ONE - label_smoothing) * class_weight(class_weights, y);
        // Of a row what is besides for the right class, and the second one of a mixture with what is for it.
        let shares = |row, y| match other(row) {
            None => (right(y), None),
            Some((second, share)) => {
                ((T::ONE - share) * right(y), Some((second, share * right(second))))
            }
        };
        let all = if class_weights.is_empty() {
            label_smoothing
        } else {
            each * class_weights.iter().fold(T::ZERO, |sum, &weight| sum + weight)
        };
        while !scores.data().is_empty() {
            let (mut rows, rest) = scores.split_rows(ROWS);
            let rows = rows.data_mut();
            // Σ q·(scores − max) of each row.
            let mut linear = [T::ZERO; ROWS];
            for (((row, &y), linear), n) in
                rows_of_mut(rows, cols).zip(y).zip(&mut linear).zip(first..)
            {
                let max = row.iter().fold(T::NEG_INFINITY, |max, &s| s.max(max));
                row.iter_mut().for_each(|s| *s -= max);
                let mut sum = T::ZERO;
                if class_weights.is_empty() {
                    row.iter().for_each(|&s| sum += s);
                } else {
                    row.iter().zip(class_weights).for_each(|(&s, &weight)| sum += weight * s);
                }
                let (right, second) = shares(n, y);
                *linear = each * sum + right * at(row, y).copied().unwrap_or(T::ZERO);
                if let Some((second, share)) = second {
                    *linear += share * at(row, second).copied().unwrap_or(T::ZERO);
                }
            }
            T::exp_each(rows);
            for (((row, &y), linear), n) in rows_of_mut(rows, cols).zip(y).zip(linear).zip(first..)
            {
                let (mut sum, mut rest) = (T::ZERO, &*row);
                while !rest.is_empty() {
                    let len = rest.len().min(PIECE);
                    let piece = take(&mut rest, len).unwrap_or_default();
                    let mut of_piece = T::ZERO;
                    piece.iter().for_each(|&p| of_piece += p);
                    sum += of_piece;
                }
                let (right, second) = shares(n, y);
                let share = right + second.map_or(T::ZERO, |(_, share)| share) + all;
                loss += share * sum.ln() - linear;
                if class_weights.is_empty() {
                    row.iter_mut().for_each(|p| *p = (share * (*p / sum) - each) / num_samples);
                } else {
                    for (p, &weight) in row.iter_mut().zip(class_weights) {
                        *p = (share * (*p / sum) - each * weight) / num_samples;
                    }
                }
                if let Some(p) = at_mut(row, y) {
                    *p -= right / num_samples;
                }
                if let Some((second, share)) = second
                    && let Some(p) = at_mut(row, second)
                {
                    *p -= share / num_samples;
                }
            }
            (scores, y) = (rest, y.get(ROWS..).unwrap_or_default());
            first += ROWS;
        }
        loss
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gradient_check::eval_numerical_gradient;
    use crate::layers::softmax_loss;
    use crate::{Mat, Portable, Rng, ShapeError};
    use std::vec::Vec;

    fn loss_of(
        scores: &[f64],
        y: &[Label],
        class_weights: &[f64],
        label_smoothing: f64,
    ) -> Result<(f64, Vec<f64>), Error> {
        let (rows, cols) = (y.len(), scores.len() / y.len());
        let mut dscores = std::vec![f64::NAN; scores.len()];
        let smoothing = LabelSmoothing { machine: &Portable, y, class_weights, label_smoothing };
        let out = MatMut::new(&mut dscores, rows, cols)?;
        let scores = Mat::new(scores, rows, cols)?;
        let loss = Loss::Softmax.loss(scores, Targets::Own(&smoothing), out)?;
        Ok((loss, dscores))
    }

    const SCORES: [f64; 12] = [1.0, 2.0, -1.0, 0.5, 0.0, -3.0, 2.5, 1.5, 3.0, 0.25, -0.5, 1.0];
    const Y: [Label; 3] = [1, 3, 0];

    /// `torch.nn.CrossEntropyLoss(weight, label_smoothing=0.1, reduction="sum")(scores, y) / 3` in float64.
    #[test]
    fn loss_and_gradient_are_those_of_pytorch() {
        let plain = [
            0.06640260601606707,
            -0.10517998746704092,
            0.001781076186472078,
            0.03699630526450186,
            0.010484206239257844,
            -0.00739646320411775,
            0.22091122886505732,
            -0.22399897190019746,
            -0.03721171065545451,
            0.008998892131355442,
            -0.0001461697392482643,
            0.02835898826334743,
        ];
        let weighted = [
            0.13689741885532655,
            -0.23321472634403984,
            0.010757614635299374,
            0.08555969285341389,
            -0.0025201319540649387,
            -0.016584690530360303,
            0.011725565859025847,
            0.00737925662539939,
            -0.00843879447730684,
            -0.007350595479396452,
            -0.00393273290151261,
            0.019722122858215903,
        ];
        for (class_weights, expected, gradient) in [
            (&[][..], 0.8482869918167162, plain),
            (&[0.5, 2.0, 1.0, 0.0], 0.5657320306601271, weighted),
        ] {
            let (loss, dscores) = loss_of(&SCORES, &Y, class_weights, 0.1).unwrap();
            assert!((loss - expected).abs() < 1e-15, "{loss}, {expected}");
            for (found, expected) in dscores.iter().zip(gradient) {
                assert!((found - expected).abs() < 1e-15, "{found}, {expected}");
            }
        }
    }

    #[test]
    fn the_gradient_is_the_numerical_one() {
        for (rows, cols) in [(1, 2), (9, 5), (3, 70)] {
            let (mut scores, mut weights) = (std::vec![0.0; rows * cols], std::vec![0.0; cols]);
            Rng::seed(1).fill_normal(1.0, &mut scores);
            Rng::seed(2).fill_normal(1.0, &mut weights);
            weights.iter_mut().for_each(|weight: &mut f64| *weight = weight.abs());
            let y: Vec<Label> = (0..).step_by(3).map(|i| i % cols as Label).take(rows).collect();
            for class_weights in [&[][..], &weights] {
                for smoothing in [0.0, 0.3, 0.9] {
                    let loss = |x: &[f64]| loss_of(x, &y, class_weights, smoothing).unwrap();
                    let (_, dscores) = loss(&scores);
                    let mut numerical = std::vec![0.0; scores.len()];
                    let f = |x: &[f64]| loss(x).0;
                    let x = &mut scores.clone();
                    eval_numerical_gradient(f, x, 1e-5, &mut numerical).unwrap();
                    // Of the mean loss, which is near 5: rounding makes 1e-10 of it by dividing by h.
                    let mut both = dscores.iter().zip(&numerical);
                    let is_near = both.all(|(d, n)| (d - n).abs() < 1e-9);
                    assert!(is_near, "{rows} {cols} {smoothing}");
                }
            }
        }
    }

    #[test]
    fn without_smoothing_it_is_the_softmax_loss() {
        let mut plain = [0.0; 12];
        let scores = Mat::new(&SCORES, 3, 4).unwrap();
        let loss = softmax_loss(scores, &Y, MatMut::new(&mut plain, 3, 4).unwrap()).unwrap();
        let (found, dscores) = loss_of(&SCORES, &Y, &[], 0.0).unwrap();
        assert!((found - loss).abs() < 1e-15);
        assert!(dscores.iter().zip(plain).all(|(found, plain)| (found - plain).abs() < 1e-15));
    }

    #[test]
    fn scores_far_apart_leave_loss_and_gradient_finite() {
        let (loss, dscores) = loss_of(&[1000.0, -1000.0], &[1], &[], 0.1).unwrap();
        assert!((loss - 1900.0).abs() < 1e-9 && dscores.iter().all(|d| d.is_finite()), "{loss}");
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        for smoothing in [-0.1, 1.0, f64::NAN] {
            let error = loss_of(&SCORES, &Y, &[], smoothing);
            assert_eq!(
                error,
                Err(Error::InvalidConfig { what: "label_smoothing must be in 0..1" })
            );
        }
        let error = loss_of(&SCORES, &[0, 4, 0], &[], 0.1);
        assert_eq!(error, Err(Error::InvalidLabel { index: 1, label: 4, num_classes: 4 }));
        let error = loss_of(&SCORES, &Y, &[1.0; 3], 0.1);
        assert!(matches!(error, Err(Error::Shape(ShapeError { what: "class_weights", .. }))));
    }
}
