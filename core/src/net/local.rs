//! The locally connected layers of a network, which come before its affine ones.
//!
//! Their batches lie a feature a row: the batch is turned once before the first of them, and once after the last. None of these
//! functions is inlined, so that networks without such layers run the code that they have without them.

use super::flush::Flush;
use super::{FullyConnectedNet, Init};
use crate::arch::{LocalSpec, Picture};
use crate::float::Float;
use crate::gemm::{Gemm, Rows};
use crate::layers::{
    NormByRunning, NormRows, NormRowsGradient, ReluRows, ReluRowsGradient, Transpose,
    TransposeRows, local_backward, local_forward,
};
use crate::machine::{Machine, run};
use crate::mat::{Mat, MatMut};
use crate::rng::Rng;
use crate::slices::{First, take_mut};
use crate::state::Weights;
use core::mem::{swap, take};

impl<T: Float> FullyConnectedNet<'_, T> {
    /// Draws the weights of the locally connected layers, from the streams after those of the affine ones.
    #[inline(never)]
    pub(super) fn init_local(&self, init: Init, rng: Rng, params: &mut [T]) {
        for (layer, stream) in self.arch.local_layers().zip(self.arch.num_layers()..) {
            let windows = &layer.windows;
            let fan_out = windows.size.saturating_mul(windows.size).saturating_mul(windows.units);
            let std = init.std(windows.fan_in(), fan_out);
            let stream = u64::try_from(stream).unwrap_or(u64::MAX);
            if let Some(w) = params.get_mut(layer.w()) {
                rng.fork(stream).fill_normal(std, w);
            }
            for (place, value) in
                [(layer.b(), T::ZERO), (layer.gamma(), T::ONE), (layer.beta(), T::ZERO)]
            {
                params.get_mut(place).unwrap_or_default().fill(value);
            }
        }
    }

    /// xᵀ, with the channels of a pixel together.
    pub(super) fn turn<X: Rows<T>>(&self, machine: &impl Machine, x: &X, out: &mut [T]) {
        let Picture { height, width, channels, planes } = self.arch.local().picture;
        let pixels = height.saturating_mul(width);
        let (channels, num_pixels) =
            if planes { (channels, pixels) } else { (1, pixels * channels) };
        run(machine, TransposeRows { x, channels, num_pixels, first_row: First(0), out });
    }

    /// The layers at test time: their outputs, a sample a row, come to lie in `odd`. Each block has room for the widest of
    /// them.
    #[inline(never)]
    pub(super) fn local_forward_test<X: Rows<T>>(
        &self,
        gemm: &impl Gemm<T>,
        weights: Weights<'_, T>,
        x: &X,
        even: &mut [T],
        odd: &mut [T],
    ) -> Option<()> {
        let (batch, _) = x.shape();
        let local = self.arch.local();
        // So that the last move is one to `odd`.
        let (mut from, mut to) =
            if local.windows.len() % 2 == 1 { (odd, even) } else { (even, odd) };
        self.turn(gemm, x, from.get_mut(..local.num_inputs() * batch)?);
        for layer in self.arch.local_layers() {
            let input = matrix(from, layer.windows.num_inputs(), batch)?;
            let mut out = matrix_mut(to, layer.fan_out(), batch)?;
            let (w, b) = (weights.params.get(layer.w())?, weights.params.get(layer.b())?);
            local_forward(gemm, &layer.windows, input, w, b, out.reborrow()).ok()?;
            if layer.batchnorm {
                let pass = NormByRunning {
                    eps: self.batchnorm.eps,
                    gamma: weights.params.get(layer.gamma())?,
                    beta: weights.params.get(layer.beta())?,
                    mean: weights.running.get(layer.running_mean())?,
                    var: weights.running.get(layer.running_var())?,
                    x: out,
                };
                run(gemm, pass);
            } else {
                run(gemm, ReluRows { x: out.data_mut() });
            }
            swap(&mut from, &mut to);
        }
        let x = matrix(from, local.num_outputs(), batch)?;
        let out = to.get_mut(..x.data().len())?;
        run(gemm, Transpose { x, first: First(0), out });
        Some(())
    }

    /// The layers in training: the batch a feature a row, their caches, and their outputs a sample a row, as
    /// [`Arch::local_cache_len`](crate::Arch) counts them.
    #[inline(never)]
    pub(super) fn local_forward_train<G: Gemm<T>, X: Rows<T>>(
        &self,
        gemm: &G,
        flush: &Flush<'_, G>,
        x: &X,
        params: &[T],
        running: &mut [T],
        mut caches: &mut [T],
    ) -> Option<()> {
        let (batch, _) = x.shape();
        let local = self.arch.local();
        let turned = take_mut(&mut caches, local.num_inputs() * batch)?;
        self.turn(gemm, x, turned);
        let mut input = Mat::new(turned, local.num_inputs(), batch).ok()?;
        for layer in self.arch.local_layers() {
            let LocalCache { mut x_hat, inv_std, mut out } =
                LocalCache::of(&layer, batch, take_mut(&mut caches, layer.cache_len(batch))?)?;
            let (w, b) = (params.get(layer.w())?, params.get(layer.b())?);
            if layer.batchnorm {
                local_forward(gemm, &layer.windows, input, w, b, x_hat.reborrow()).ok()?;
                let places = [layer.running_mean(), layer.running_var()];
                let [running_mean, running_var] = running.get_disjoint_mut(places).ok()?;
                let pass = NormRows {
                    config: self.batchnorm,
                    gamma: params.get(layer.gamma())?,
                    beta: params.get(layer.beta())?,
                    running_mean,
                    running_var,
                    inv_std,
                    x_hat: x_hat.reborrow(),
                    out: out.reborrow(),
                };
                run(gemm, pass);
                flush.run(x_hat.data_mut());
            } else {
                local_forward(gemm, &layer.windows, input, w, b, out.reborrow()).ok()?;
                run(gemm, ReluRows { x: out.data_mut() });
            }
            flush.run(out.data_mut());
            input = out.into_mat();
        }
        run(gemm, Transpose { x: input, first: First(0), out: caches });
        Some(())
    }

    /// The same layers reversed, from the gradient at their outputs, which lies in the first block.
    #[inline(never)]
    pub(super) fn local_backward<G: Gemm<T>>(
        &self,
        gemm: &G,
        flush: &Flush<'_, G>,
        params: &[T],
        grads: &mut [T],
        mut caches: &mut [T],
        batch: usize,
        (mut dout_block, mut dx_block): (&mut [T], &mut [T]),
    ) -> Option<()> {
        let local = self.arch.local();
        let outputs = local.num_outputs();
        let turned = dx_block.get_mut(..outputs * batch)?;
        let x = matrix(dout_block, batch, outputs)?;
        run(gemm, Transpose { x, first: First(0), out: turned });
        swap(&mut dout_block, &mut dx_block);
        drop_last(&mut caches, outputs * batch)?;
        for number in (0..local.windows.len()).rev() {
            let layer = self.arch.local_layers().nth(number)?;
            let cache = drop_last(&mut caches, layer.cache_len(batch))?;
            let LocalCache { x_hat, inv_std, out } = LocalCache::of(&layer, batch, cache)?;
            let (x_hat, out) = (x_hat.into_mat(), out.into_mat());
            let mut dout = matrix_mut(dout_block, layer.fan_out(), batch)?;
            let places = [layer.w(), layer.b(), layer.gamma(), layer.beta()];
            let [dw, db, dgamma, dbeta] = grads.get_disjoint_mut(places).ok()?;
            if layer.batchnorm {
                let gamma = params.get(layer.gamma())?;
                let dout = dout.reborrow();
                run(gemm, NormRowsGradient { gamma, inv_std, x_hat, out, dout, dgamma, dbeta });
            } else {
                run(gemm, ReluRowsGradient { out: out.data(), dout: dout.data_mut() });
            }
            flush.run(dout.data_mut());
            let inputs = layer.windows.num_inputs();
            let start = caches.len().checked_sub(inputs * batch)?;
            let x = Mat::new(caches.get(start..)?, inputs, batch).ok()?;
            let mut dx = matrix_mut(dx_block, inputs, batch)?;
            let to = (number > 0).then(|| dx.reborrow());
            let w = params.get(layer.w())?;
            local_backward(gemm, &layer.windows, dout.as_mat(), x, w, to, dw, db).ok()?;
            if number > 0 {
                flush.run(dx.data_mut());
            }
            swap(&mut dout_block, &mut dx_block);
        }
        Some(())
    }
}

/// What a locally connected layer leaves for its backward pass.
pub(super) struct LocalCache<'a, T> {
    pub(super) x_hat: MatMut<'a, T>,
    pub(super) inv_std: &'a mut [T],
    pub(super) out: MatMut<'a, T>,
}

impl<'a, T> LocalCache<'a, T> {
    pub(super) fn of(layer: &LocalSpec, batch: usize, mut cache: &'a mut [T]) -> Option<Self> {
        let rows = if layer.batchnorm { layer.fan_out() } else { 0 };
        let x_hat = take_mut(&mut cache, rows * batch)?;
        let inv_std = take_mut(&mut cache, rows)?;
        let x_hat = MatMut::new(x_hat, rows, batch).ok()?;
        Some(Self { x_hat, inv_std, out: MatMut::new(cache, layer.fan_out(), batch).ok()? })
    }
}

/// Takes the last `len` elements off.
fn drop_last<'a, T>(slice: &mut &'a mut [T], len: usize) -> Option<&'a mut [T]> {
    let at = slice.len().checked_sub(len)?;
    let (before, last) = take(slice).split_at_mut_checked(at)?;
    *slice = before;
    Some(last)
}

fn matrix<T>(block: &[T], rows: usize, cols: usize) -> Option<Mat<'_, T>> {
    Mat::new(block.get(..rows.checked_mul(cols)?)?, rows, cols).ok()
}

pub(super) fn matrix_mut<T>(block: &mut [T], rows: usize, cols: usize) -> Option<MatMut<'_, T>> {
    MatMut::new(block.get_mut(..rows.checked_mul(cols)?)?, rows, cols).ok()
}
