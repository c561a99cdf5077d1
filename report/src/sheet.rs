//! A sheet of pictures: rows of them side by side.

use crate::{PlotError, encode_png};

/// Pixels between two pictures.
const GAP: usize = 2;

/// Pictures of one size in rows, as they are drawn on one white sheet.
///
/// ```
/// use barenet_report::Sheet;
///
/// let mut sheet = Sheet::new(1, 2, 3); // pictures of 1×2 pixels, three of them in a row
/// for grey in [0, 128, 255, 7] {
///     sheet.push(&[[grey; 3]; 2]);
/// }
/// assert_eq!(sheet.size(), (11, 10));
/// assert!(sheet.to_png()?.starts_with(b"\x89PNG"));
/// # Ok::<(), barenet_report::PlotError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Sheet {
    width: usize,
    height: usize,
    in_row: usize,
    scale: usize,
    pictures: Vec<Vec<[u8; 3]>>,
}

impl Sheet {
    /// A sheet without pictures, which are of so many columns and rows of pixels, with so many in a row.
    #[must_use]
    pub fn new(width: usize, height: usize, in_row: usize) -> Self {
        Self { width, height, in_row: in_row.max(1), scale: 1, pictures: Vec::new() }
    }

    /// The same with pixels that are squares of so many.
    #[must_use]
    pub fn magnified(self, scale: usize) -> Self {
        Self { scale: scale.max(1), ..self }
    }

    /// Appends a picture: red, green and blue of its pixels, row by row. What is missing stays white.
    pub fn push(&mut self, pixels: &[[u8; 3]]) {
        self.pictures.push(pixels.to_vec());
    }

    /// Columns and rows of the sheet.
    #[must_use]
    pub fn size(&self) -> (usize, usize) {
        let side = |pictures: usize, len: usize| {
            pictures.saturating_mul(len.saturating_mul(self.scale).saturating_add(GAP)) + GAP
        };
        let rows = self.pictures.len().div_ceil(self.in_row);
        (side(self.in_row, self.width), side(rows, self.height))
    }

    /// The sheet as the bytes of a PNG file.
    ///
    /// # Errors
    ///
    /// [`PlotError`] if there is not enough memory, or the PNG library fails.
    pub fn to_png(&self) -> Result<Vec<u8>, PlotError> {
        let too_large = || PlotError("the sheet is too large".to_owned());
        let (width, height) = self.size();
        let len = width.checked_mul(height).and_then(|len| len.checked_mul(3));
        let len = len.ok_or_else(too_large)?;
        let mut pixels = Vec::new();
        pixels.try_reserve_exact(len).map_err(|_| too_large())?;
        pixels.resize(len, 255);
        let (across, down) = (self.width * self.scale + GAP, self.height * self.scale + GAP);
        for (index, picture) in self.pictures.iter().enumerate() {
            let (left, top) = (index % self.in_row * across, index / self.in_row * down);
            for y in 0..self.height * self.scale {
                let line = picture.get(y / self.scale * self.width..).unwrap_or_default();
                let start = ((top + GAP + y) * width + left + GAP) * 3;
                let out = pixels.get_mut(start..).unwrap_or_default();
                let squares = out.chunks_exact_mut(3 * self.scale).take(self.width);
                for (square, pixel) in squares.zip(line) {
                    square.chunks_exact_mut(3).for_each(|out| out.copy_from_slice(pixel));
                }
            }
        }
        let side = |side| u32::try_from(side).map_err(|_| too_large());
        encode_png((side(width)?, side(height)?), &pixels)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_lie_where_their_rows_are_and_pixels_are_squares() {
        let mut sheet = Sheet::new(2, 1, 2).magnified(3);
        for first in [10, 20, 30] {
            sheet.push(&[[first; 3], [first + 1; 3]]);
        }
        assert_eq!(sheet.size(), (2 + 2 * 8, 2 + 2 * 5));
        let png = sheet.to_png().unwrap();
        let mut reader = png::Decoder::new(std::io::Cursor::new(png)).read_info().unwrap();
        let mut pixels = vec![0; 18 * 12 * 3];
        reader.next_frame(&mut pixels).unwrap();
        let at = |x: usize, y: usize| pixels[(y * 18 + x) * 3 + 1];
        for (x, y, expected) in [
            (0, 0, 255),
            (2, 2, 10),
            (4, 4, 10),
            (5, 2, 11),
            (7, 4, 11),
            (8, 2, 255),
            (10, 2, 20),
            (15, 4, 21),
            (2, 5, 255),
            (2, 7, 30),
            (7, 9, 31),
            (10, 7, 255),
        ] {
            assert_eq!(at(x, y), expected, "({x}, {y})");
        }
    }
}
