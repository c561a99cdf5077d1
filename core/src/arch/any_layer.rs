//! Layers of either kind in one form, for what makes no difference between them.

use super::{Activation, Arch, LayerSpec, LocalSpec};
use crate::layers::Windows;
use core::ops::Range;

/// A layer of either kind, in windows: an affine one is a window of one pixel, of which its inputs are the channels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnyLayer {
    /// Its windows.
    pub windows: Windows,
    /// The place of W in `params` and `grads`.
    pub w: Range<usize>,
    /// The place of b after it; empty where the beta of batch norm is its bias.
    pub b: Range<usize>,
    /// Elements of W, b, gamma and beta.
    pub params_len: usize,
    /// Whether its outputs go through ReLU, to the next layer; otherwise they are scores.
    pub is_hidden: bool,
}

impl AnyLayer {
    pub(crate) const fn of_local(layer: &LocalSpec) -> Self {
        let (w, b, params_len) = (layer.w(), layer.b(), layer.params_len());
        Self { windows: layer.windows, w, b, params_len, is_hidden: true }
    }

    pub(crate) const fn of_affine(layer: &LayerSpec) -> Self {
        let is_hidden = matches!(layer.activation, Activation::Relu);
        let (w, b, params_len) = (layer.w(), layer.b(), layer.params_len());
        Self { windows: Windows::one(layer.fan_in, layer.fan_out), w, b, params_len, is_hidden }
    }
}

impl<'a> Arch<'a> {
    /// All layers from first to last, locally connected ones before affine ones.
    ///
    /// ```
    /// use barenet::Arch;
    /// let layer = Arch::new(&[64, 32, 10]).any_layers().next().unwrap();
    /// assert_eq!((layer.w, layer.b, layer.is_hidden), (0..2048, 2048..2080, true));
    /// assert_eq!((layer.windows.fan_in(), layer.windows.units), (64, 32));
    /// ```
    pub fn any_layers(&self) -> impl Iterator<Item = AnyLayer> + use<'a> {
        let local = self.local_layers().map(|layer| AnyLayer::of_local(&layer));
        local.chain(self.layers().map(|layer| AnyLayer::of_affine(&layer)))
    }
}
