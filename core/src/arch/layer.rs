//! One layer: its sizes, and where its numbers lie in the flat slices.

use core::ops::Range;

/// The function that a layer's outputs go through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activation {
    /// max(x, 0): [`relu_forward`](crate::layers::relu_forward).
    Relu,
    /// x itself: scores.
    Identity,
}

/// The sizes of one affine layer, and where it starts in each flat slice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LayerSpec {
    /// Inputs D.
    pub fan_in: usize,
    /// Outputs M.
    pub fan_out: usize,
    /// Its activation: [`Activation::Relu`], with dropout after it, in all layers but the last.
    pub activation: Activation,
    /// Whether batch norm follows.
    pub batchnorm: bool,
    /// Start of its W, b, gamma and beta in `params` and `grads`.
    pub params_start: usize,
    /// Start of its running mean and variance in `running`.
    pub running_start: usize,
}

impl LayerSpec {
    /// The place of W in `params` and `grads`, and of the others after it.
    #[must_use]
    pub const fn w(&self) -> Range<usize> {
        range(self.params_start, self.fan_in.saturating_mul(self.fan_out))
    }

    /// The place of b in `params` and `grads`.
    #[must_use]
    pub const fn b(&self) -> Range<usize> {
        range(self.w().end, self.fan_out)
    }

    /// The place of gamma in `params` and `grads`; empty without batch norm.
    #[must_use]
    pub const fn gamma(&self) -> Range<usize> {
        range(self.b().end, self.norm_len())
    }

    /// The place of beta in `params` and `grads`; empty without batch norm.
    #[must_use]
    pub const fn beta(&self) -> Range<usize> {
        range(self.gamma().end, self.norm_len())
    }

    /// The place of the running mean in `running`; empty without batch norm.
    #[must_use]
    pub const fn running_mean(&self) -> Range<usize> {
        range(self.running_start, self.norm_len())
    }

    /// The place of the running variance in `running`; empty without batch norm.
    #[must_use]
    pub const fn running_var(&self) -> Range<usize> {
        range(self.running_mean().end, self.norm_len())
    }

    /// Elements of each vector of batch norm.
    const fn norm_len(&self) -> usize {
        if self.batchnorm { self.fan_out } else { 0 }
    }

    /// Elements of W, b, gamma and beta.
    #[must_use]
    pub const fn params_len(&self) -> usize {
        let vectors = if self.batchnorm { 3 } else { 1 };
        self.fan_in.saturating_add(vectors).saturating_mul(self.fan_out)
    }

    /// Elements of the running mean and variance.
    #[must_use]
    pub const fn running_len(&self) -> usize {
        if self.batchnorm { self.fan_out.saturating_mul(2) } else { 0 }
    }

    /// Elements that the forward pass of a hidden layer leaves for its backward pass.
    #[must_use]
    pub const fn cache_len(&self, batch: usize) -> usize {
        let out = batch.saturating_mul(self.fan_out);
        match (self.activation, self.batchnorm) {
            (Activation::Relu, true) => out.saturating_mul(2).saturating_add(self.fan_out),
            (Activation::Relu, false) => out,
            (Activation::Identity, _) => 0,
        }
    }
}

/// `len` places from `start` on. One that overflows ends at `usize::MAX`, where no slice has anything.
pub(super) const fn range(start: usize, len: usize) -> Range<usize> {
    start..start.saturating_add(len)
}

/// An iterator over the layers of an [`Arch`](crate::Arch).
#[derive(Clone, Debug)]
pub struct Layers<'a> {
    pub(super) dims: &'a [usize],
    pub(super) batchnorm: bool,
    pub(super) params: usize,
    pub(super) running: usize,
}

impl Layers<'_> {
    /// The next layer: `next`, usable in a `const`.
    pub const fn next_layer(&mut self) -> Option<LayerSpec> {
        let Some((&fan_in, rest)) = self.dims.split_first() else { return None };
        let Some((&fan_out, after)) = rest.split_first() else { return None };
        let hidden = !after.is_empty();
        let layer = LayerSpec {
            fan_in,
            fan_out,
            activation: if hidden { Activation::Relu } else { Activation::Identity },
            batchnorm: hidden && self.batchnorm,
            params_start: self.params,
            running_start: self.running,
        };
        self.dims = rest;
        // The ends of `LayerSpec`'s ranges, which saturate; here `Arch` has refused what overflows, and a
        // device walks over the layers whenever it computes scores.
        let norm = if layer.batchnorm { fan_out.wrapping_mul(2) } else { 0 };
        let affine = fan_in.wrapping_mul(fan_out).wrapping_add(fan_out);
        self.params = self.params.wrapping_add(affine.wrapping_add(norm));
        self.running = self.running.wrapping_add(norm);
        Some(layer)
    }
}

impl Iterator for Layers<'_> {
    type Item = LayerSpec;

    fn next(&mut self) -> Option<LayerSpec> {
        self.next_layer()
    }
}
