//! The locally connected layers of a network, which come before its affine ones.

use super::layer::range;
use crate::layers::Windows;
use core::fmt;
use core::ops::Range;

/// The shape of the pictures that a network takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Picture {
    /// Rows of pixels.
    pub height: usize,
    /// Pixels in a row.
    pub width: usize,
    /// Numbers for each pixel.
    pub channels: usize,
    /// Whether a channel lies whole before the next, (C, H, W) as in CIFAR-10; otherwise the numbers of a pixel lie together,
    /// (H, W, C).
    pub planes: bool,
}

impl Picture {
    /// The place in a sample of a number of the picture, which is counted as (H, W, C).
    ///
    /// ```
    /// let picture = barenet::Picture { height: 2, width: 2, channels: 3, planes: true };
    /// assert_eq!([0, 1, 2, 3].map(|number| picture.place_in_sample(number)), [0, 4, 8, 1]);
    /// ```
    #[must_use]
    pub const fn place_in_sample(&self, number: usize) -> usize {
        let pixels = self.height.saturating_mul(self.width);
        match (number.checked_rem(self.channels), number.checked_div(self.channels)) {
            (Some(channel), Some(pixel)) if self.planes => {
                channel.saturating_mul(pixels).saturating_add(pixel)
            }
            _ => number,
        }
    }
}

/// The windows of a locally connected layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Side of a window, in pixels, at least 1 and no longer than a side of the layer's input.
    pub size: usize,
    /// Pixels from a window to the next, at least 1.
    pub stride: usize,
    /// Units that see each window, at least 1.
    pub units: usize,
    /// Pixels that the first window begins before the picture, and less than `size`.
    pub padding: usize,
}

/// Locally connected layers: \[locally connected → \[batch norm\] → ReLU\] × their number. They have no dropout.
///
/// A layer makes a picture, of a pixel for each window and a channel for each unit, and the next one looks at that.
///
/// ```
/// use barenet::{Arch, LocalLayers, Picture, Window};
///
/// const LAYERS: LocalLayers<'static> = LocalLayers {
///     picture: Picture { height: 8, width: 8, channels: 3, planes: true },
///     windows: &[
///         Window { size: 4, stride: 2, units: 5, padding: 1 },
///         Window { size: 2, stride: 2, units: 7, padding: 0 },
///     ],
/// };
/// # #[cfg(feature = "local")]
/// assert_eq!((LAYERS.num_inputs(), LAYERS.num_outputs()), (8 * 8 * 3, 2 * 2 * 7));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LocalLayers<'a> {
    /// The pictures that the first of them sees.
    pub picture: Picture,
    /// Windows of each layer, from first to last.
    pub windows: &'a [Window],
}

/// Pixels along a side, at most: so many are counted quickly.
#[cfg(feature = "local")]
const MAX_SIDE: usize = 1 << 16;

/// Each layer as `UNITS@SIZE/STRIDE+PADDING`, with commas between them.
///
/// ```
/// use barenet::{LocalLayers, Window};
/// let windows = [12, 24].map(|units| Window { size: 4, stride: 2, units, padding: 1 });
/// let layers = LocalLayers { windows: &windows, ..LocalLayers::NONE };
/// assert_eq!(layers.to_string(), "12@4/2+1,24@4/2+1");
/// ```
impl fmt::Display for LocalLayers<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, Window { size, stride, units, padding }) in self.windows.iter().enumerate() {
            let comma = if number > 0 { "," } else { "" };
            write!(f, "{comma}{units}@{size}/{stride}+{padding}")?;
        }
        Ok(())
    }
}

impl<'a> LocalLayers<'a> {
    /// No layers.
    pub const NONE: Self =
        Self { picture: Picture { height: 0, width: 0, channels: 0, planes: false }, windows: &[] };

    /// Inputs of the first layer, D.
    #[must_use]
    pub const fn num_inputs(&self) -> usize {
        let Picture { height, width, channels, .. } = self.picture;
        height.saturating_mul(width).saturating_mul(channels)
    }

    /// Outputs of the last layer: the inputs of the first affine one.
    #[must_use]
    pub const fn num_outputs(&self) -> usize {
        let (mut layers, mut outputs) = (self.specs(false), self.num_inputs());
        while let Some(layer) = layers.next_layer() {
            outputs = layer.windows.num_outputs();
        }
        outputs
    }

    /// The layers from first to last.
    #[inline]
    pub(super) const fn specs(&self, batchnorm: bool) -> LocalSpecs<'a> {
        LocalSpecs { rest: *self, batchnorm, params: 0, running: 0 }
    }

    /// The first layer whose windows cannot be, by number from 0.
    #[cfg(feature = "local")]
    pub(super) const fn first_invalid(&self) -> Option<usize> {
        let Picture { height, width, .. } = self.picture;
        let (mut layers, mut number) = (self.specs(false), 0);
        while let Some(layer) = layers.next_layer() {
            if height > MAX_SIDE || width > MAX_SIDE || !layer.windows.is_valid() {
                return Some(number);
            }
            number += 1;
        }
        None
    }
}

/// The sizes of one locally connected layer, and where it starts in each flat slice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LocalSpec {
    /// Its windows.
    pub windows: Windows,
    /// Whether batch norm follows, whose beta is its bias: b is empty then.
    pub batchnorm: bool,
    /// Start of its W, b, gamma and beta in `params` and `grads`.
    pub params_start: usize,
    /// Start of its running mean and variance in `running`.
    pub running_start: usize,
}

impl LocalSpec {
    /// Outputs M.
    #[must_use]
    pub const fn fan_out(&self) -> usize {
        self.windows.num_outputs()
    }

    /// The place of W in `params` and `grads`, and of the others after it.
    #[must_use]
    pub const fn w(&self) -> Range<usize> {
        range(self.params_start, self.windows.num_weights())
    }

    /// The place of b in `params` and `grads`; empty with batch norm.
    #[must_use]
    pub const fn b(&self) -> Range<usize> {
        range(self.w().end, if self.batchnorm { 0 } else { self.fan_out() })
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
        if self.batchnorm { self.fan_out() } else { 0 }
    }

    /// Elements of W, b, gamma and beta.
    #[must_use]
    pub const fn params_len(&self) -> usize {
        let vectors = if self.batchnorm { 2 } else { 1 };
        self.windows.num_weights().saturating_add(self.fan_out().saturating_mul(vectors))
    }

    /// Elements of the running mean and variance.
    #[must_use]
    pub const fn running_len(&self) -> usize {
        self.norm_len().saturating_mul(2)
    }

    /// Elements that its forward pass leaves for its backward pass: \[x_hat, inv_std\], out.
    #[must_use]
    pub const fn cache_len(&self, batch: usize) -> usize {
        let out = batch.saturating_mul(self.fan_out());
        if self.batchnorm { out.saturating_mul(2).saturating_add(self.fan_out()) } else { out }
    }
}

/// An iterator over the locally connected layers of an [`Arch`](crate::Arch).
#[derive(Clone, Debug)]
pub struct LocalSpecs<'a> {
    rest: LocalLayers<'a>,
    batchnorm: bool,
    params: usize,
    running: usize,
}

impl LocalSpecs<'_> {
    /// The next layer: `next`, usable in a `const`.
    #[inline]
    pub const fn next_layer(&mut self) -> Option<LocalSpec> {
        // So that a program without the feature has no code for them, and a step of a network without them asks in vain at
        // no cost.
        if !cfg!(feature = "local") || self.rest.windows.is_empty() {
            return None;
        }
        self.next_of_some()
    }

    const fn next_of_some(&mut self) -> Option<LocalSpec> {
        let Some((&window, after)) = self.rest.windows.split_first() else { return None };
        let Picture { height, width, channels, .. } = self.rest.picture;
        let Window { size, stride, units, padding } = window;
        let windows = Windows { height, width, channels, size, stride, padding, units };
        let layer = LocalSpec {
            windows,
            batchnorm: self.batchnorm,
            params_start: self.params,
            running_start: self.running,
        };
        let (height, width) = (windows.along(height), windows.along(width));
        let picture = Picture { height, width, channels: units, planes: false };
        self.rest = LocalLayers { picture, windows: after };
        // Windows that cannot be are refused, not counted.
        if windows.is_valid() {
            self.params = layer.params_start.saturating_add(layer.params_len());
            self.running = layer.running_start.saturating_add(layer.running_len());
        }
        Some(layer)
    }
}

impl Iterator for LocalSpecs<'_> {
    type Item = LocalSpec;

    fn next(&mut self) -> Option<LocalSpec> {
        self.next_layer()
    }
}
