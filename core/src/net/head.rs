//! The end of a step's way forward, where it turns: last layer, loss, and the gradient of the layer's
//! input.

use crate::float::Float;
use crate::gemm::Gemm;
use crate::layers::{HiddenParams, Input, Label, Loss, Relu, affine_dx};
use crate::mat::{Mat, MatMut};

/// So many samples make a band: fewer would not pay for handing them to a thread.
const MIN_BAND: usize = 24;

/// Rows that kernels compute together: bands are multiples of it.
const WHOLE_ROWS: usize = 8;

/// The last layer of a network, and its loss.
#[derive(Clone, Copy)]
pub(super) struct Head<'a, T> {
    pub(super) loss: Loss,
    pub(super) params: HiddenParams<'a, T>,
    /// What the gradient through the ReLU before it is multiplied with; `None` if that is left to batch
    /// norm.
    pub(super) relu_scale: Option<T>,
    pub(super) num_samples: usize,
}

impl<T: Float> Head<'_, T> {
    /// Computes scores and loss of samples, overwrites the scores with their gradient, computes that of
    /// the samples, and returns the sum of the losses. Bands of samples need nothing of each other: a
    /// thread does all of it for one, with one meeting at the end. Shapes and labels are right.
    pub(super) fn run_bands(
        &self,
        gemm: &impl Gemm<T>,
        x: Mat<'_, T>,
        y: &[Label],
        mut scores: MatMut<'_, T>,
        dx: MatMut<'_, T>,
    ) -> T {
        if x.rows() >= 2 * MIN_BAND {
            let at = x.rows() / 2 / WHOLE_ROWS * WHOLE_ROWS;
            let (x, scores, dx) = (x.split_rows(at), scores.split_rows(at), dx.split_rows(at));
            let y = y.split_at_checked(at).unwrap_or_default();
            let (mut first, mut second) = (T::ZERO, T::ZERO);
            gemm.join(
                || first = self.run_bands(gemm, x.0, y.0, scores.0, dx.0),
                || second = self.run_bands(gemm, x.1, y.1, scores.1, dx.1),
            );
            return first + second;
        }
        let sum = self.run(gemm, x, y, scores.reborrow());
        let before = self.relu_scale.map(|scale| Relu { out: x, scale });
        let _shapes_agree = affine_dx(gemm, scores.as_mat(), self.params.w, before, dx);
        sum
    }

    /// The same without the gradient of the samples.
    pub(super) fn run(
        &self,
        gemm: &impl Gemm<T>,
        x: impl Input<T>,
        y: &[Label],
        mut scores: MatMut<'_, T>,
    ) -> T {
        let HiddenParams { w, b, .. } = self.params;
        let _shapes_agree = x.affine(gemm, w, b, false, scores.reborrow());
        self.loss.sum_in_place(scores, y, self.num_samples)
    }
}
