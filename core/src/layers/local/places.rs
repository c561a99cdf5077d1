//! The places of a locally connected layer one after the other: what each sees, and where its numbers lie.

use super::windows::Windows;
use crate::slices::take_mut;
use core::ops::Range;

/// One place of a locally connected layer: the pixels of its window, and where its numbers lie.
///
/// W of a place is (K, units): a row for each number that the window has, [`inputs`](Self::inputs).
///
/// ```
/// use barenet::layers::Windows;
/// let windows = Windows { height: 4, width: 4, channels: 1, size: 2, stride: 2, padding: 0, units: 3 };
/// let last = windows.places().last().unwrap();
/// assert_eq!((last.rows.clone(), last.columns.clone()), (2..4, 2..4));
/// assert_eq!((last.weights.clone(), last.outputs.clone()), (36..48, 9..12));
/// assert!(last.inputs(&windows).eq([10, 11, 14, 15]));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Rows of pixels that its window has.
    pub rows: Range<usize>,
    /// Columns of pixels that its window has.
    pub columns: Range<usize>,
    /// The place of its W in that of the layer.
    pub weights: Range<usize>,
    /// The place of its outputs, and of their biases, in those of the layer.
    pub outputs: Range<usize>,
}

impl Place {
    /// The numbers that its window has, K.
    #[must_use]
    pub fn fan_in(&self, windows: &Windows) -> usize {
        self.rows.len().saturating_mul(self.columns.len()).saturating_mul(windows.channels)
    }

    /// The number of each input in the picture, (height, width, channels), in the order of the rows of W.
    pub fn inputs(&self, windows: &Windows) -> impl Iterator<Item = usize> + Clone + use<> {
        let &Windows { width, channels, .. } = windows;
        let columns = self.columns.clone();
        self.rows.clone().flat_map(move |row| {
            let at = |column: usize| row.saturating_mul(width).saturating_add(column) * channels;
            at(columns.start)..at(columns.end)
        })
    }
}

impl Place {
    /// The row of its W that reads a number of the picture, if its window has it.
    pub(crate) fn row_of(&self, windows: &Windows, input: usize) -> Option<usize> {
        let channel = input.checked_rem(windows.channels)?;
        let pixel = input.checked_div(windows.channels)?;
        let (row, column) = (pixel.checked_div(windows.width)?, pixel.checked_rem(windows.width)?);
        if !self.rows.contains(&row) || !self.columns.contains(&column) {
            return None;
        }
        let before = (row - self.rows.start) * self.columns.len() + column - self.columns.start;
        Some(before * windows.channels + channel)
    }
}

impl Windows {
    /// The places from left to right and then down.
    pub fn places(&self) -> impl Iterator<Item = Place> + use<> {
        let windows = *self;
        let (mut row, mut column, mut weights, mut outputs) = (0, 0, 0_usize, 0_usize);
        let (down, across) = (windows.along(windows.height), windows.along(windows.width));
        core::iter::from_fn(move || {
            if column == across {
                (row, column) = (row + 1, 0);
            }
            if row >= down || across == 0 {
                return None;
            }
            let (rows, columns) =
                (windows.pixels(row, windows.height), windows.pixels(column, windows.width));
            let mut place =
                Place { rows, columns, weights: weights..weights, outputs: outputs..outputs };
            let len = place.fan_in(&windows).saturating_mul(windows.units);
            place.weights.end = weights.saturating_add(len);
            place.outputs.end = outputs.saturating_add(windows.units);
            (column, weights, outputs) = (column + 1, place.weights.end, place.outputs.end);
            Some(place)
        })
    }
}

/// A picture that windows are taken out of.
pub(crate) struct Seen<'a, X> {
    pub(crate) windows: &'a Windows,
    /// Whether a channel lies whole before the next.
    pub(crate) planes: bool,
    pub(crate) x: &'a [X],
}

impl<X: Copy> Seen<'_, X> {
    /// Copies what a window has to the front of `patch`, in the order of the rows of W. `None` if a length is wrong.
    #[inline(always)]
    pub(crate) fn copy_window<'p, T>(
        &self,
        rows: Range<usize>,
        columns: Range<usize>,
        patch: &'p mut [T],
    ) -> Option<&'p [T]>
    where
        X: Into<T>,
    {
        let &Windows { height, width, channels, .. } = self.windows;
        let num_pixels = height.wrapping_mul(width);
        let row_len = columns.len().wrapping_mul(channels);
        let len = rows.len().wrapping_mul(row_len);
        let patch = patch.get_mut(..len)?;
        let mut rest = &mut *patch;
        for row in rows {
            let start = row.wrapping_mul(width).wrapping_add(columns.start);
            if self.planes {
                for pixel in start..start.wrapping_add(columns.len()) {
                    let mut at = pixel;
                    for to in take_mut(&mut rest, channels)? {
                        *to = (*self.x.get(at)?).into();
                        at = at.wrapping_add(num_pixels);
                    }
                }
            } else {
                let start = start.wrapping_mul(channels);
                let seen = self.x.get(start..start.wrapping_add(row_len))?;
                for (to, &from) in take_mut(&mut rest, row_len)?.iter_mut().zip(seen) {
                    *to = from.into();
                }
            }
        }
        Some(patch)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec::Vec;

    #[test]
    fn places_share_the_weights_and_the_outputs_of_a_layer_among_them() {
        for (size, stride, padding) in [(4, 2, 1), (3, 2, 0), (3, 1, 2), (5, 5, 0), (1, 1, 0)] {
            let windows =
                Windows { height: 9, width: 7, channels: 2, size, stride, padding, units: 3 };
            let (mut weights, mut outputs) = (0, 0);
            for place in windows.places() {
                assert_eq!((place.weights.start, place.outputs.start), (weights, outputs));
                (weights, outputs) = (place.weights.end, place.outputs.end);
                assert_eq!(place.inputs(&windows).count(), place.fan_in(&windows));
                assert_eq!(place.weights.len(), place.fan_in(&windows) * 3);
                for input in 0..windows.num_inputs() {
                    let row = place.inputs(&windows).position(|seen| seen == input);
                    assert_eq!(place.row_of(&windows, input), row);
                }
            }
            assert_eq!((weights, outputs), (windows.num_weights(), windows.num_outputs()));
        }
    }

    #[test]
    fn a_window_is_copied_in_the_order_of_its_inputs() {
        let windows =
            Windows { height: 5, width: 4, channels: 3, size: 3, stride: 2, padding: 1, units: 1 };
        let together: Vec<u8> = (0..60).collect();
        let planes: Vec<u8> = (0..60).map(|i| i % 20 * 3 + i / 20).collect();
        for place in windows.places() {
            let expected: Vec<u8> = place.inputs(&windows).map(|input| input as u8).collect();
            for (x, planes) in [(&together, false), (&planes, true)] {
                let (seen, mut patch) = (Seen { windows: &windows, planes, x }, [99_u8; 27]);
                let (rows, columns) = (place.rows.clone(), place.columns.clone());
                assert_eq!(seen.copy_window(rows, columns, &mut patch), Some(&expected[..]));
            }
        }
    }
}
