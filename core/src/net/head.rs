//! The end of a step's way forward, where it turns: last layer, loss, and the gradient of the layer's
//! input.

use crate::float::Float;
use crate::gemm::{Gemm, Rows};
use crate::layers::{
    HiddenParams, Loss, ReluBackward, SumInPlace, Targets, affine_dx, affine_forward,
};
use crate::machine::{Pass, Split};
use crate::mat::{Mat, MatMut};
use crate::slices::{First, split_fields};

/// So many samples make a band: fewer would not pay for handing them to a thread.
const MIN_BAND: usize = 24;

/// Rows that kernels compute together: bands are multiples of it.
const WHOLE_ROWS: usize = 8;

/// The last layer of a network, and its loss.
#[derive(Clone, Copy)]
pub(super) struct Head<'a, T> {
    pub(super) loss: Loss,
    pub(super) class_weights: &'a [T],
    pub(super) params: HiddenParams<'a, T>,
    /// Factor of the gradient through the ReLU before it; `None` if that is left to batch
    /// norm.
    pub(super) relu_scale: Option<T>,
    pub(super) num_samples: usize,
    /// The targets of all samples.
    pub(super) y: Targets<'a, T>,
}

impl<T: Float> Head<'_, T> {
    /// Computes scores and loss of samples, overwrites the scores with their gradient, and returns the sum of the
    /// losses. The samples begin with number `first` of the batch. Shapes and targets are right.
    pub(super) fn run(
        &self,
        gemm: &impl Gemm<T>,
        x: impl Rows<T>,
        first: usize,
        mut scores: MatMut<'_, T>,
    ) -> T {
        let HiddenParams { w, b, .. } = self.params;
        let _shapes_agree = affine_forward(gemm, x, w, b, scores.reborrow());
        let Self { loss, class_weights, num_samples, y, .. } = *self;
        gemm.vectorized(SumInPlace { loss, scores, y, class_weights, first, num_samples })
    }
}

/// The last layer, and the gradient of its input. Bands of samples need nothing of each other: a thread does all of it
/// for one, with one meeting at the end.
pub(super) struct Bands<'a, T, G> {
    pub(super) gemm: &'a G,
    pub(super) head: Head<'a, T>,
    pub(super) x: Mat<'a, T>,
    pub(super) first: First,
    pub(super) scores: MatMut<'a, T>,
    pub(super) dx: MatMut<'a, T>,
}

impl<T: Float, G: Gemm<T>> Pass for Bands<'_, T, G> {
    type Output = T;

    fn run(self) -> T {
        let Self { gemm, head, x, first, mut scores, dx } = self;
        let sum = head.run(gemm, x, first.0, scores.reborrow());
        let before = head.relu_scale.map(|scale| ReluBackward::new(x, scale));
        let _shapes_agree = affine_dx(gemm, scores.as_mat(), head.params.w, before, dx);
        sum
    }
}

impl<T: Float, G: Gemm<T>> Split for Bands<'_, T, G> {
    split_fields!(self at (self.x.rows() >= 2 * MIN_BAND)
        .then_some(self.x.rows() / 2 / WHOLE_ROWS * WHOLE_ROWS) => x, first, scores, dx);
}
