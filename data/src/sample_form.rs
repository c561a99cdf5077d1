//! How files became samples, remembered for other files.

use std::fmt;
use std::str::FromStr;

/// How files became samples.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SampleForm {
    /// A picture is a sample.
    Pictures(PictureForm),
    /// A window of a recording is a sample.
    Windows(WindowForm),
}

impl SampleForm {
    /// Whether samples can have this form, whoever wrote it down.
    #[must_use]
    pub const fn is_valid(&self) -> bool {
        const MAX: usize = ImageSize::MAX_SIDE;
        match self {
            Self::Pictures(PictureForm { size: ImageSize { width, height }, planes }) => {
                matches!((*width, *height, *planes), (1..=MAX, 1..=MAX, 1 | 3))
            }
            Self::Windows(WindowForm { window, stride, channels }) => {
                *window > 0 && *stride > 0 && !channels.is_empty()
            }
        }
    }
}

/// The form of pictures, one plane of bytes after another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PictureForm {
    /// Their size.
    pub size: ImageSize,
    /// Planes: 1 if all are grey, otherwise 3: red, green, blue.
    pub planes: usize,
}

impl PictureForm {
    /// The numbers of a picture.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.size.width.saturating_mul(self.size.height).saturating_mul(self.planes)
    }

    /// Whether a picture has no numbers.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Where the pixels of a picture lie among the numbers of a sample: one plane after another, of each the rows from the top,
/// of each the pixels from the left, of each its numbers.
///
/// ```
/// use barenet_data::{ImageSize, PictureLayout};
/// let size = ImageSize { width: 32, height: 24 };
/// let planes = PictureLayout { size, planes: 3, pixel_len: 1 };
/// let side_by_side = PictureLayout { size, planes: 1, pixel_len: 3 };
/// assert_eq!((planes.len(), planes.channels()), (side_by_side.len(), side_by_side.channels()));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PictureLayout {
    /// Columns and rows.
    pub size: ImageSize,
    /// Planes: 3 where all of red comes first, then green, then blue.
    pub planes: usize,
    /// Numbers of a pixel side by side in a plane: 3 where red, green and blue of a pixel are.
    pub pixel_len: usize,
}

impl PictureLayout {
    /// The numbers of a picture.
    #[must_use]
    pub const fn len(&self) -> usize {
        let area = self.size.width.saturating_mul(self.size.height);
        area.saturating_mul(self.planes).saturating_mul(self.pixel_len)
    }

    /// Whether a picture has no numbers.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The channels: those of colours, or 1 of grey.
    #[must_use]
    pub const fn channels(&self) -> usize {
        self.planes.saturating_mul(self.pixel_len)
    }

    /// Red, green and blue of every pixel, row by row; of grey three times the same. `byte` has the byte for the number at a place
    /// of the picture.
    ///
    /// ```
    /// use barenet_data::{ImageSize, PictureLayout};
    /// let size = ImageSize { width: 2, height: 1 };
    /// let planes = PictureLayout { size, planes: 3, pixel_len: 1 };
    /// assert_eq!(planes.colours(|place| place as u8), [[0, 2, 4], [1, 3, 5]]);
    /// let grey = PictureLayout { planes: 1, ..planes };
    /// assert_eq!(grey.colours(|place| place as u8), [[0; 3], [1; 3]]);
    /// ```
    #[must_use]
    pub fn colours(&self, byte: impl Fn(usize) -> u8) -> Vec<[u8; 3]> {
        let area = self.size.width * self.size.height;
        let place = |pixel: usize, channel: usize| match (self.planes, self.pixel_len) {
            (1, 1) => pixel,
            (1, len) => pixel * len + channel,
            _ => channel * area + pixel,
        };
        (0..area).map(|pixel| [0, 1, 2].map(|channel| byte(place(pixel, channel)))).collect()
    }

    /// The layout of samples of such axes, if it is that of pictures: rows and columns, or with 1 or 3 channels behind or before.
    #[must_use]
    pub const fn of_shape(shape: &[usize]) -> Option<Self> {
        let (height, width, planes, pixel_len) = match *shape {
            [height, width] => (height, width, 1, 1),
            [height, width, pixel_len @ (1 | 3)] => (height, width, 1, pixel_len),
            [planes @ (1 | 3), height, width] => (height, width, planes, 1),
            _ => return None,
        };
        let layout = Self { size: ImageSize { width, height }, planes, pixel_len };
        if layout.is_empty() { None } else { Some(layout) }
    }
}

impl From<PictureForm> for PictureLayout {
    fn from(PictureForm { size, planes }: PictureForm) -> Self {
        Self { size, planes, pixel_len: 1 }
    }
}

/// The form of windows: all channels of the first row, then all of the next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WindowForm {
    /// Rows of a window.
    pub window: usize,
    /// Rows from one window to the next.
    pub stride: usize,
    /// The columns of a recording.
    pub channels: Vec<String>,
}

impl WindowForm {
    /// The numbers of a window.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.window.saturating_mul(self.channels.len())
    }

    /// Whether a window has no numbers.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The first rows of the windows of so many rows.
    pub fn starts(&self, num_rows: usize) -> impl Iterator<Item = usize> {
        let end = num_rows.saturating_add(1).saturating_sub(self.window);
        (0..end).step_by(self.stride.max(1))
    }
}

/// Columns and rows of a picture.
///
/// ```
/// use barenet_data::ImageSize;
/// assert_eq!("32x24".parse(), Ok(ImageSize { width: 32, height: 24 }));
/// assert_eq!("32".parse(), Ok(ImageSize { width: 32, height: 32 }));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ImageSize {
    /// Columns.
    pub width: usize,
    /// Rows.
    pub height: usize,
}

impl ImageSize {
    /// Columns or rows at most.
    pub const MAX_SIDE: usize = 2048;
}

impl FromStr for ImageSize {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let side =
            |side: &str| side.parse().ok().filter(|side| (1..=Self::MAX_SIDE).contains(side));
        let (width, height) = text.split_once('x').unwrap_or((text, text));
        match (side(width), side(height)) {
            (Some(width), Some(height)) => Ok(Self { width, height }),
            _ => Err(format!(
                "the size of a picture is N or WIDTHxHEIGHT, each from 1 to {}",
                Self::MAX_SIDE
            )),
        }
    }
}

impl fmt::Display for ImageSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}x{}", self.width, self.height)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_is_one_number_or_two() {
        for bad in ["", "x", "0", "32x", "3x0", "2049", "1x2x3", "-1", "1.5"] {
            assert!(bad.parse::<ImageSize>().is_err(), "{bad}");
        }
        assert_eq!("1x2048".parse::<ImageSize>().unwrap().to_string(), "1x2048");
    }

    #[test]
    fn pictures_have_rows_columns_and_one_or_three_channels() {
        let of = |shape: &[usize]| {
            let found = PictureLayout::of_shape(shape)?;
            assert_eq!(found.len(), shape.iter().product::<usize>());
            Some((found.size.to_string(), found.planes, found.pixel_len))
        };
        assert_eq!(of(&[28, 20]), Some(("20x28".to_owned(), 1, 1)));
        assert_eq!(of(&[28, 20, 3]), Some(("20x28".to_owned(), 1, 3)));
        assert_eq!(of(&[3, 28, 20]), Some(("20x28".to_owned(), 3, 1)));
        for none in [&[784][..], &[28, 28, 2], &[0, 28], &[], &[1, 2, 3, 4]] {
            assert_eq!(of(none), None);
        }
    }

    #[test]
    fn windows_end_before_the_recording_does() {
        let starts = |window, stride, rows| {
            let form = WindowForm { window, stride, channels: Vec::new() };
            form.starts(rows).collect::<Vec<_>>()
        };
        assert_eq!(starts(4, 2, 9), [0, 2, 4]);
        assert_eq!(starts(4, 2, 8), [0, 2, 4]);
        assert_eq!(starts(4, 2, 4), [0]);
        assert_eq!(starts(4, 2, 3), [0; 0]);
        assert_eq!(starts(4, 9, 20), [0, 9]);
    }
}
