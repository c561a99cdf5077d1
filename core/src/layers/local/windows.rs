//! The windows of a picture.

use core::ops::Range;

/// The windows of a picture that the units of a locally connected layer see.
///
/// At the edges a window is as much of it as lies in the picture. The numbers of a pixel lie together, (height, width,
/// channels).
///
/// ```
/// use barenet::layers::Windows;
/// // 4 x 4 pixels in three colours; windows of 2 x 2 that touch, each seen by five units.
/// let windows = Windows { height: 4, width: 4, channels: 3, size: 2, stride: 2, padding: 0, units: 5 };
/// assert_eq!((windows.num_inputs(), windows.num_places(), windows.num_outputs()), (48, 4, 20));
/// assert_eq!(windows.num_weights(), 4 * 5 * 2 * 2 * 3);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Windows {
    /// Rows of pixels.
    pub height: usize,
    /// Pixels in a row.
    pub width: usize,
    /// Numbers for each pixel.
    pub channels: usize,
    /// Side of a window, in pixels, at least 1 and no longer than a side of the picture.
    pub size: usize,
    /// Pixels from a window to the next, at least 1.
    pub stride: usize,
    /// Pixels that the first window begins before the picture, and less than `size`.
    pub padding: usize,
    /// Units that see each window, at least 1.
    pub units: usize,
}

impl Windows {
    /// One window of all that there is: an affine layer, whose inputs are the channels of the only pixel.
    pub(crate) const fn one(fan_in: usize, units: usize) -> Self {
        Self { height: 1, width: 1, channels: fan_in, size: 1, stride: 1, padding: 0, units }
    }

    /// Windows along a side.
    pub(crate) const fn along(&self, side: usize) -> usize {
        let room = side.saturating_add(self.padding.saturating_mul(2));
        match room.saturating_sub(self.size).checked_div(self.stride) {
            Some(steps) if room >= self.size => steps.saturating_add(1),
            _ => 0,
        }
    }

    /// The pixels along a side that window `n` has: the first, and the one after the last.
    const fn pixels_of(&self, n: usize, side: usize) -> (usize, usize) {
        let start = n.saturating_mul(self.stride);
        let end = start.saturating_add(self.size).saturating_sub(self.padding);
        let start = start.saturating_sub(self.padding);
        (if start < side { start } else { side }, if end < side { end } else { side })
    }

    /// The pixels along a side that window `n` has.
    pub(crate) const fn pixels(&self, n: usize, side: usize) -> Range<usize> {
        let (start, end) = self.pixels_of(n, side);
        start..end
    }

    /// Pixels along a side that the windows before window `n` have together.
    pub(crate) const fn pixels_before(&self, n: usize, side: usize) -> usize {
        let (mut sum, mut i) = (0_usize, 0);
        while i < n {
            let (start, end) = self.pixels_of(i, side);
            sum = sum.saturating_add(end.saturating_sub(start));
            i += 1;
        }
        sum
    }

    /// Weights of a row of windows for each of its rows of pixels.
    pub(super) const fn weights_in_row(&self) -> usize {
        let pixels = self.pixels_before(self.along(self.width), self.width);
        pixels.saturating_mul(self.channels).saturating_mul(self.units)
    }

    /// Inputs, D = height · width · channels.
    #[must_use]
    pub const fn num_inputs(&self) -> usize {
        self.height.saturating_mul(self.width).saturating_mul(self.channels)
    }

    /// Places of windows, from left to right and then down.
    #[must_use]
    pub const fn num_places(&self) -> usize {
        self.along(self.height).saturating_mul(self.along(self.width))
    }

    /// Outputs M, `units` of each place together.
    #[must_use]
    pub const fn num_outputs(&self) -> usize {
        self.num_places().saturating_mul(self.units)
    }

    /// Weights: of each place (K, units), where its window has K inputs.
    #[must_use]
    pub const fn num_weights(&self) -> usize {
        self.pixels_before(self.along(self.height), self.height)
            .saturating_mul(self.weights_in_row())
    }

    /// Inputs of a whole window, one that the edges cut nothing off.
    #[must_use]
    pub const fn fan_in(&self) -> usize {
        self.size.saturating_mul(self.size).saturating_mul(self.channels)
    }

    /// Whether they can be: sizes from 1 on, less padding than the size, and a window fits into the picture.
    #[must_use]
    pub const fn is_valid(&self) -> bool {
        let side = if self.height < self.width { self.height } else { self.width };
        // With them there are never many more windows than pixels.
        self.stride > 0
            && self.channels > 0
            && self.units > 0
            && self.padding < self.size
            && self.size <= side
    }
}
