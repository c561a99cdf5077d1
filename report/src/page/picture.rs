//! Pictures in a page.

use super::base64::base64;
use crate::{PlotError, encode_png};

/// A picture: red, green and blue of its pixels, row by row.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Picture {
    /// Columns.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// Its pixels.
    pub pixels: Vec<[u8; 3]>,
}

impl Picture {
    /// The same with at most so many pixels a side, each the mean of a square.
    ///
    /// ```
    /// use barenet_report::Picture;
    /// let pixels = [0, 100, 50, 50, 200, 100, 50, 50].map(|grey| [grey; 3]).to_vec();
    /// let small = Picture { width: 4, height: 2, pixels }.shrunk_to(2);
    /// assert_eq!((small.width, small.height, small.pixels), (2, 1, vec![[100; 3], [50; 3]]));
    /// ```
    #[must_use]
    pub fn shrunk_to(self, side: usize) -> Self {
        let factor = self.width.max(self.height).div_ceil(side.max(1)).max(1);
        if factor == 1 {
            return self;
        }
        let (width, height) = (self.width.div_ceil(factor), self.height.div_ceil(factor));
        let pixel = |place: usize| {
            let (left, top) = (place % width.max(1) * factor, place / width.max(1) * factor);
            let (mut sum, mut count) = ([0_usize; 3], 0);
            for y in top..(top + factor).min(self.height) {
                let row = self.pixels.get(y * self.width..).unwrap_or_default();
                for pixel in row.iter().take((left + factor).min(self.width)).skip(left) {
                    sum.iter_mut().zip(pixel).for_each(|(sum, &c)| *sum += usize::from(c));
                    count += 1;
                }
            }
            sum.map(|sum| u8::try_from(sum / count.max(1)).unwrap_or(u8::MAX))
        };
        Self { width, height, pixels: (0..width * height).map(pixel).collect() }
    }

    /// The picture as the address of an image in a page: a PNG file in base64.
    pub(super) fn address(&self) -> Result<String, PlotError> {
        let side = |side: usize| {
            u32::try_from(side).map_err(|_| PlotError("a picture is too large".to_owned()))
        };
        let mut bytes = self.pixels.concat();
        bytes.resize(self.width * self.height * 3, 0);
        let png = encode_png((side(self.width)?, side(self.height)?), &bytes)?;
        Ok(format!("data:image/png;base64,{}", base64(&png)))
    }
}
