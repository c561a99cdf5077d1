//! The windows of a picture.

use core::ops::Range;

/// The windows of a picture that the units of a locally connected layer see.
///
/// At the edges a window is as much of it as lies in the picture.
///
/// ```
/// use barenet::layers::Windows;
/// // 4 x 4 pixels in three colours; windows of 2 x 2 that touch, each seen by five units.
/// let windows = Windows {
///     height: 4, width: 4, channels: 3, planes: true, size: 2, stride: 2, padding: 0, units: 5,
/// };
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
    /// Whether a channel lies whole before the next, (C, H, W) as in CIFAR-10; otherwise the numbers of a pixel lie together,
    /// (H, W, C), as those that such a layer makes.
    pub planes: bool,
    /// Side of a window, in pixels, at least 1 and no longer than a side of the picture.
    pub size: usize,
    /// Pixels from a window to the next, at least 1.
    pub stride: usize,
    /// Pixels that the first window begins before the picture, and less than `size`.
    pub padding: usize,
    /// Units that see each window.
    pub units: usize,
}

impl Windows {
    /// Windows along a side.
    const fn along(&self, side: usize) -> usize {
        let room = side.saturating_add(self.padding.saturating_mul(2));
        match room.saturating_sub(self.size).checked_div(self.stride) {
            Some(steps) if room >= self.size => steps.saturating_add(1),
            _ => 0,
        }
    }

    /// The pixels along a side that window `n` has.
    fn pixels(&self, n: usize, side: usize) -> Range<usize> {
        let start = n.saturating_mul(self.stride);
        let end = start.saturating_add(self.size).saturating_sub(self.padding);
        start.saturating_sub(self.padding).min(side)..end.min(side)
    }

    /// Pixels along a side that all windows have together.
    fn all_pixels(&self, side: usize) -> usize {
        (0..self.along(side)).map(|n| self.pixels(n, side).len()).sum()
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

    /// Weights: of each place (units, K), where its window has K inputs.
    #[must_use]
    pub fn num_weights(&self) -> usize {
        let pixels = self.all_pixels(self.height).saturating_mul(self.all_pixels(self.width));
        pixels.saturating_mul(self.channels).saturating_mul(self.units)
    }

    /// Elements of the window of a batch, as the largest is.
    #[must_use]
    pub const fn patch_len(&self, batch: usize) -> usize {
        let pixels = self.size.saturating_mul(self.size);
        pixels.saturating_mul(self.channels).saturating_mul(batch)
    }

    /// The window of a place: rows and columns of pixels.
    fn window(&self, place: usize) -> Option<(Range<usize>, Range<usize>)> {
        let in_row = self.along(self.width);
        let (row, column) = (place.checked_div(in_row)?, place.checked_rem(in_row)?);
        Some((self.pixels(row, self.height), self.pixels(column, self.width)))
    }

    /// Inputs that a place sees, its K.
    pub(super) fn fan_in(&self, place: usize) -> usize {
        self.window(place).map_or(0, |(rows, columns)| rows.len() * columns.len() * self.channels)
    }

    /// The inputs that a place sees, in stretches that lie together, in the order of its weights.
    pub(super) fn stretches(&self, place: usize) -> impl Iterator<Item = Range<usize>> + use<> {
        let Self { height, width, channels, planes, .. } = *self;
        let (rows, columns) = self.window(place).unwrap_or_default();
        let (outer, inner) = if planes { (channels, 1) } else { (1, channels) };
        (0..outer).flat_map(move |plane| {
            let columns = columns.clone();
            rows.clone().map(move |row| {
                let start = (plane * height + row) * width;
                (start + columns.start) * inner..(start + columns.end) * inner
            })
        })
    }
}
