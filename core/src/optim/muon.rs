//! Muon: momentum whose matrices are orthogonalised.
//!
//! The momentum of a W is replaced by a matrix with the same singular vectors whose singular values are near 1, so that rare
//! directions are learnt as fast as frequent ones. An affine layer is one matrix, a locally connected layer one at each place.
//! A wide layer counts as several, of at most 64 columns each: orthogonalising n columns of m rows takes
//! 2mn² + 17n³ multiplications, so that blocks of columns cost the less the narrower they are.
//!
//! b, gamma, beta, the last layer, and a W of one row or one column go by AdamW, with a learning rate of their own.

mod blocks;
mod newton_schulz;

use crate::arch::{AnyLayer, Arch, fold_layers, max};
use crate::error::{Error, check_buffer, check_len, check_shape};
use crate::float::Float;
use crate::gemm::Gemm;
use crate::layers::Windows;
use crate::machine::{Pass, Split, run, split_elements};
use crate::mat::{Mat, MatMut};
use crate::slices::{First, split_fields, take_mut};
use blocks::{Apply, Blocks, Orthogonalize};

/// Muon, for one matrix.
///
/// ```text
/// m ← momentum·m + (1 − momentum)·dw          u = (1 − momentum)·dw + momentum·m
/// w ← w·(1 − learning_rate·weight_decay) − learning_rate · 0.2·√max(D, M) · orthogonal(u)
/// ```
///
/// `orthogonal` divides by the Frobenius norm and then replaces X five times by 3.4445·X − 4.775·XXᵀX + 2.0315·(XXᵀ)²X, which
/// takes all singular values that are not tiny to between 0.7 and 1.2. With 0.2·√max(D, M), numbers of a step are about as large
/// as Adam's: it is PyTorch's `Muon` with `adjust_lr_fn="match_rms_adamw"`. More than 64 columns are blocks of as many columns each
/// as can be, of which none has more than 64, and each is a matrix.
///
/// # Shapes
///
/// | argument | shape | role |
/// |----------|-------|------|
/// | `w`, `dw` | (D, M) | weights, and their gradient |
/// | `m` | D · M | momentum, zeros at first |
/// | `workspace` | at least [`muon_workspace_len`] | may hold anything |
///
/// # Errors
///
/// [`Error::Shape`] if the shapes differ, [`Error::BufferTooSmall`] for a workspace that is too short; nothing is written in that
/// case.
///
/// # Example
///
/// ```
/// use barenet::{Mat, MatMut, Portable};
/// use barenet::optim::{muon, muon_workspace_len};
/// // The two directions of this gradient differ a hundredfold, their steps hardly.
/// let (mut w, dw, mut m) = ([0.0_f64; 4], [1.0, 0.0, 0.0, 0.01], [0.0; 4]);
/// let mut workspace = [0.0; muon_workspace_len(2, 2)];
/// let (w_mat, dw) = (MatMut::new(&mut w, 2, 2)?, Mat::new(&dw, 2, 2)?);
/// muon(&Portable, w_mat, dw, &mut m, 0.1, 0.95, 0.0, &mut workspace)?;
/// assert!(w[0] < -0.019 && w[3] < -0.019 && w[1] == 0.0);
/// # Ok::<(), barenet::Error>(())
/// ```
///
/// Jordan et al., "Muon: an optimizer for hidden layers in neural networks", 2024; Liu et al., "Muon is scalable for LLM training",
/// 2025.
pub fn muon<T: Float>(
    gemm: &impl Gemm<T>,
    mut w: MatMut<'_, T>,
    dw: Mat<'_, T>,
    m: &mut [T],
    learning_rate: T,
    momentum: T,
    weight_decay: T,
    workspace: &mut [T],
) -> Result<(), Error> {
    let windows = Windows::one(w.rows(), w.cols());
    check_shape("dw", w.shape(), dw.shape())?;
    check_len("m", dw.data().len(), m.len())?;
    check_buffer("workspace", Blocks::of(windows).workspace_len(), workspace.len())?;
    let step = Matrices { learning_rate, momentum, weight_decay, windows };
    let _checked = step.update(gemm, w.data_mut(), dw.data(), m, workspace);
    Ok(())
}

/// Elements of workspace that [`muon`] takes for a matrix.
#[must_use]
pub const fn muon_workspace_len(rows: usize, cols: usize) -> usize {
    Blocks::of(Windows::one(rows, cols)).workspace_len()
}

/// The windows of a layer whose matrices are orthogonalised, if it is one.
pub(super) const fn matrices_of(layer: &AnyLayer) -> Option<Windows> {
    let windows = layer.windows;
    let are_matrices = layer.is_hidden && windows.units > 1 && windows.fan_in() > 1;
    if are_matrices { Some(windows) } else { None }
}

/// Elements of workspace for the layer that needs most; 0 if no layer is orthogonalised.
pub(super) const fn workspace_len(arch: &Arch<'_>) -> usize {
    let local = fold_layers!(arch.local_layers(), |most, layer| {
        max(most, workspace_of(&AnyLayer::of_local(&layer)))
    });
    fold_layers!(arch.layers(), |most, layer| {
        max(most, max(local, workspace_of(&AnyLayer::of_affine(&layer))))
    })
}

const fn workspace_of(layer: &AnyLayer) -> usize {
    match matrices_of(layer) {
        Some(windows) => Blocks::of(windows).workspace_len(),
        None => 0,
    }
}

/// A step of the matrices of a layer.
pub(super) struct Matrices<T> {
    learning_rate: T,
    momentum: T,
    weight_decay: T,
    windows: Windows,
}

impl<T: Float> Matrices<T> {
    /// The step of a layer with these constants; none of a layer without matrices.
    pub(super) fn of(
        layer: &AnyLayer,
        learning_rate: T,
        momentum: T,
        weight_decay: T,
    ) -> Option<Self> {
        let windows = matrices_of(layer)?;
        Some(Self { learning_rate, momentum, weight_decay, windows })
    }

    /// `None` only if a slice is too short, which was checked.
    pub(super) fn update(
        self,
        gemm: &impl Gemm<T>,
        w: &mut [T],
        dw: &[T],
        m: &mut [T],
        mut workspace: &mut [T],
    ) -> Option<()> {
        let Self { learning_rate, momentum, weight_decay, windows } = self;
        let blocks = Blocks::of(windows);
        run(gemm, Momentum { momentum, m: &mut *m, dw });
        let x = take_mut(&mut workspace, w.len())?;
        let orthogonal = take_mut(&mut workspace, w.len())?;
        let squares = take_mut(&mut workspace, blocks.squares_len())?;
        let u = Orthogonalize {
            gemm,
            momentum,
            blocks: blocks.clone(),
            dw,
            m,
            x,
            orthogonal: &mut *orthogonal,
            squares,
        };
        run(gemm, u);
        let shrink = T::ONE - learning_rate * weight_decay;
        let w = MatMut::new(w, blocks.num_rows(), windows.units).ok()?;
        run(gemm, Apply { learning_rate, shrink, blocks, first: First(0), orthogonal, w });
        Some(())
    }
}

/// m ← momentum·m + (1 − momentum)·dw
struct Momentum<'a, T> {
    momentum: T,
    m: &'a mut [T],
    dw: &'a [T],
}

impl<T: Float> Pass for Momentum<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let (stays, new) = (self.momentum, T::ONE - self.momentum);
        for (m, &dw) in self.m.iter_mut().zip(self.dw) {
            *m = (stays * *m + new * dw).flush_subnormal();
        }
    }
}

impl<T: Float> Split for Momentum<'_, T> {
    split_fields!(self at split_elements(self.m.len()) => m, dw);
}

#[cfg(test)]
mod tests;
