//! A network that only computes scores, one input after the other: what firmware needs, and no more.

use crate::arch::Arch;
use crate::error::{Error, ShapeError, check_buffer, check_len};
use crate::float::Float;
use crate::gemm::affine_row;
use crate::layers::{Seen, local_row};

/// A network for inference: {affine → ReLU} × (L − 1) → affine, for one image at a time. With the feature `local`,
/// {locally connected → ReLU} may come before.
///
/// It borrows its numbers, so that they stay in flash. [`fold`](crate::fold()) makes them.
/// [`FullyConnectedNet::scores`](crate::FullyConnectedNet::scores) computes the same, to the bit, from
/// numbers, with [`Portable`](crate::Portable) or [`Compact`](crate::Compact); but it has batches and
/// batch norm too, so it is several times the code, and takes more stack. With locally connected layers it computes the same
/// but for rounding, and this one takes a fraction of the memory.
///
/// ```
/// use barenet::{Arch, Error, FoldedNet, predict};
///
/// const ARCH: Arch<'static> = Arch::new(&[4, 8, 3]);
/// static PARAMS: [f32; ARCH.num_params()] = [0.1; ARCH.num_params()];
/// static NET: FoldedNet<'static, f32> = FoldedNet::new(ARCH, &PARAMS);
///
/// fn classify(image: &[u8; 4]) -> Result<u32, Error> {
///     let mut workspace = [0.0; ARCH.infer_workspace_len(1)];
///     Ok(predict(NET.scores(image, &mut workspace)?))
/// }
/// assert_eq!(classify(&[1, 2, 3, 4]), Ok(0));
/// ```
#[derive(Clone, Copy, Debug)]
pub struct FoldedNet<'a, T> {
    arch: Arch<'a>,
    params: &'a [T],
    // Of `arch`, so that they are computed once and not for every image: the block of the outputs of
    // layers 0, 2, …, and all blocks.
    even_len: usize,
    workspace_len: usize,
}

impl<'a, T> FoldedNet<'a, T> {
    /// A network of a `const` or `static`: a wrong length is a compile error. Batch norm of `arch` counts
    /// for nothing: it is folded away.
    ///
    /// # Panics
    ///
    /// If [`Self::try_new`] returns an error.
    #[must_use]
    #[allow(clippy::panic)] // A compile error, when it is used as intended.
    pub const fn new(arch: Arch<'a>, params: &'a [T]) -> Self {
        match Self::try_new(arch, params) {
            Ok(net) => net,
            Err(_) => panic!("params has not the length that the architecture asks for"),
        }
    }

    /// A network of a slice whose length is not known to be right.
    ///
    /// # Errors
    ///
    /// [`ShapeError`] if `params` has not `arch.without_batchnorm().num_params()` elements.
    pub const fn try_new(arch: Arch<'a>, params: &'a [T]) -> Result<Self, ShapeError> {
        let arch = arch.without_batchnorm();
        if params.len() != arch.num_params() {
            let (expected, found) = ((1, arch.num_params()), (1, params.len()));
            return Err(ShapeError { what: "params", expected, found });
        }
        let (even_len, _) = arch.folded_blocks();
        Ok(Self { arch, params, even_len, workspace_len: arch.folded_workspace_len() })
    }

    /// The architecture.
    #[must_use]
    pub const fn arch(&self) -> &Arch<'a> {
        &self.arch
    }
}

impl<T: Float> FoldedNet<'_, T> {
    /// Computes the scores of one image.
    ///
    /// # Shapes
    ///
    /// | argument    | shape                           | role                                      |
    /// |-------------|---------------------------------|-------------------------------------------|
    /// | `x`         | (D)                             | input: numbers, bytes or what else becomes a `T` without loss |
    /// | `workspace` | ≥ `arch.folded_workspace_len()` | scratch, may hold anything; holds the result |
    /// | result      | (C)                             | scores                                    |
    ///
    /// # Errors
    ///
    /// [`Error::Shape`] if `x` has not the network's length, [`Error::BufferTooSmall`] if the workspace is
    /// too short; nothing is written in that case.
    pub fn scores<'w, X: Copy + Into<T>>(
        &self,
        x: &[X],
        workspace: &'w mut [T],
    ) -> Result<&'w [T], Error> {
        check_len("x", self.arch.input_dim(), x.len())?;
        let found = workspace.len();
        check_buffer("workspace", self.workspace_len, found)?;
        // Unreachable once the lengths are checked; an error is cheaper to prove than a panic.
        let broken =
            Error::BufferTooSmall { what: "workspace", required: self.workspace_len, found };
        self.run(x, workspace).ok_or(broken)
    }

    /// All layers. `None` only if a length is wrong.
    fn run<'w, X: Copy + Into<T>>(&self, x: &[X], workspace: &'w mut [T]) -> Option<&'w [T]> {
        if self.arch.has_local() {
            return self.run_local(x, workspace, |_, _| {});
        }
        let (mut write, mut read) = workspace.split_at_mut_checked(self.even_len)?;
        let (_, widths) = self.arch.dims().split_first()?;
        let (&(mut width), mut widths) = widths.split_first()?;
        let hidden = |rest: &[usize]| !rest.is_empty();
        let mut params = affine_row(x, self.params, hidden(widths), write.get_mut(..width)?)?;
        while let Some((&next, rest)) = widths.split_first() {
            core::mem::swap(&mut read, &mut write);
            params = affine_row(read.get(..width)?, params, hidden(rest), write.get_mut(..next)?)?;
            (width, widths) = (next, rest);
        }
        write.get(..width)
    }

    /// All layers of a network that begins with locally connected ones. Shows the outputs of each, with its number.
    #[inline(never)]
    pub(crate) fn run_local<'w, X: Copy + Into<T>>(
        &self,
        x: &[X],
        workspace: &'w mut [T],
        mut show: impl FnMut(usize, &[T]),
    ) -> Option<&'w [T]> {
        let (patch, workspace) = workspace.split_at_mut_checked(self.arch.patch_len())?;
        let (mut write, mut read) = workspace.split_at_mut_checked(self.even_len)?;
        let mut layers = self.arch.local_layers();
        let first = layers.next_layer()?;
        let seen = Seen { windows: &first.windows, planes: self.arch.local().picture.planes, x };
        let mut params = local_row(&seen, self.params, patch, write.get_mut(..first.fan_out())?)?;
        let (mut width, mut number) = (first.fan_out(), 0);
        while let Some(layer) = layers.next_layer() {
            show(number, write.get(..width)?);
            number += 1;
            core::mem::swap(&mut read, &mut write);
            let seen = Seen { windows: &layer.windows, planes: false, x: read.get(..width)? };
            params = local_row(&seen, params, patch, write.get_mut(..layer.fan_out())?)?;
            width = layer.fan_out();
        }
        let (_, mut widths) = self.arch.dims().split_first()?;
        while let Some((&next, rest)) = widths.split_first() {
            show(number, write.get(..width)?);
            number += 1;
            core::mem::swap(&mut read, &mut write);
            let out = write.get_mut(..next)?;
            params = affine_row(read.get(..width)?, params, !rest.is_empty(), out)?;
            (width, widths) = (next, rest);
        }
        show(number, write.get(..width)?);
        write.get(..width)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{FullyConnectedNet, Mat, Portable, Rng, Weights};
    use std::vec;

    #[test]
    fn scores_have_the_bits_of_the_whole_network() {
        // Every block of columns, with and without what is left of four inputs.
        for dims in [&[9, 3][..], &[8, 31, 47, 1], &[1, 16, 5, 30, 2], &[150, 20, 9, 12, 6, 7]] {
            let net = FullyConnectedNet::new(Arch::new(dims));
            let mut rng = Rng::seed(3);
            let mut params = vec![0.0_f32; net.arch.num_params()];
            rng.fill_normal(1.0, &mut params);
            let bytes: vec::Vec<u8> =
                (0..net.arch.input_dim()).map(|_| rng.below(256) as u8).collect();
            let numbers: vec::Vec<f32> = bytes.iter().map(|&byte| byte.into()).collect();

            let mut workspace = vec![f32::NAN; net.arch.infer_workspace_len(1)];
            let mut whole_workspace = workspace.clone();
            let weights = Weights::new(&net.arch, &params, &[]).unwrap();
            let x = Mat::new(&numbers, 1, numbers.len()).unwrap();
            let expected = net.scores(&Portable, weights, x, &mut whole_workspace).unwrap().data();

            let net = FoldedNet::try_new(net.arch, &params).unwrap();
            assert_eq!(net.scores(&numbers, &mut workspace).unwrap(), expected, "{dims:?}");
            assert_eq!(net.scores(&bytes, &mut workspace).unwrap(), expected, "{dims:?}");
        }
    }

    #[test]
    fn what_does_not_fit_is_named() {
        let arch = Arch::new(&[2, 3, 1]).with_batchnorm();
        assert_eq!(FoldedNet::try_new(arch, &[0.0; 12]).unwrap_err().what, "params");
        let params = [0.0; 13];
        let net = FoldedNet::new(arch, &params);
        let mut workspace = [7.0; 4];
        let error = net.scores(&[0.0; 3], &mut workspace);
        assert!(matches!(error, Err(Error::Shape(e)) if e.what == "x"), "{error:?}");
        let error = net.scores(&[0.0; 2], &mut workspace[..3]);
        let expected = Error::BufferTooSmall { what: "workspace", required: 4, found: 3 };
        assert_eq!(error, Err(expected));
        assert_eq!(workspace, [7.0; 4]);
    }

    #[test]
    fn a_score_that_is_no_number_stays_one() {
        let params = [f32::NAN, 1.0, 0.0, 0.0, 1.0, 1.0, 0.0];
        let net = FoldedNet::new(Arch::new(&[1, 2, 1]), &params);
        assert!(net.scores(&[1.0], &mut [0.0; 3]).unwrap()[0].is_nan());
    }
}
