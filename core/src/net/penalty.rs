//! Regularisation: 0.5·reg·Σ W², of weights alone.

use super::FullyConnectedNet;
use crate::float::Float;
use crate::layers::HiddenParams;
use crate::machine::{Machine, Pass, Split, run, split_elements};
use crate::slices::split_fields;
use crate::state::{layer_grads, layer_params};

impl<T: Float> FullyConnectedNet<'_, T> {
    /// 0.5·reg·Σ W² over every layer.
    pub(super) fn penalty(&self, machine: &impl Machine, params: &[T]) -> T {
        let mut sum = T::ZERO;
        if self.reg != T::ZERO {
            for layer in self.arch.layers() {
                if let Some(HiddenParams { w, .. }) = layer_params(&layer, params) {
                    sum += run(machine, SumOfSquares { w: w.data() });
                }
            }
            for layer in self.arch.local_layers() {
                let w = params.get(layer.w()).unwrap_or_default();
                sum += run(machine, SumOfSquares { w });
            }
        }
        T::from_f64(0.5) * self.reg * sum
    }

    /// dW ← dW + reg·W for every layer.
    pub(super) fn add_penalty_gradient(
        &self,
        machine: &impl Machine,
        params: &[T],
        grads: &mut [T],
    ) {
        if self.reg != T::ZERO {
            for layer in self.arch.layers() {
                if let (Some(HiddenParams { w, .. }), Some(mut grads)) =
                    (layer_params(&layer, params), layer_grads(&layer, grads))
                {
                    let (w, dw) = (w.data(), grads.dw.data_mut());
                    run(machine, AddScaled { reg: self.reg, w, dw });
                }
            }
            for layer in self.arch.local_layers() {
                if let (Some(w), Some(dw)) = (params.get(layer.w()), grads.get_mut(layer.w())) {
                    run(machine, AddScaled { reg: self.reg, w, dw });
                }
            }
        }
    }
}

/// Σ w². Summed in fixed pieces and lanes, so that the bits do not depend on threads.
struct SumOfSquares<'a, T> {
    w: &'a [T],
}

impl<T: Float> Pass for SumOfSquares<'_, T> {
    type Output = T;

    #[inline(always)]
    fn run(self) -> T {
        let (mut lanes, mut tail) = ([T::ZERO; 16], T::ZERO);
        let (chunks, rest) = self.w.as_chunks::<16>();
        for w in chunks {
            for (lane, &w) in lanes.iter_mut().zip(w) {
                *lane += w * w;
            }
        }
        for &w in rest {
            tail += w * w;
        }
        lanes.into_iter().fold(tail, |sum, lane| sum + lane)
    }
}

impl<T: Float> Split for SumOfSquares<'_, T> {
    split_fields!(self at split_elements(self.w.len()) => w);
}

/// dw ← dw + reg·w.
struct AddScaled<'a, T> {
    reg: T,
    w: &'a [T],
    dw: &'a mut [T],
}

impl<T: Float> Pass for AddScaled<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        for (&w, dw) in self.w.iter().zip(self.dw) {
            *dw += self.reg * w;
        }
    }
}

impl<T: Float> Split for AddScaled<'_, T> {
    split_fields!(self at split_elements(self.w.len()) => w, dw);
}
