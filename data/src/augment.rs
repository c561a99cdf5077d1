//! Augmentation: pictures that every epoch sees flipped and shifted otherwise, and with another square cut out.
//!
//! ```text
//! out[y, x] = picture[r(y + dy, height), r(x + dx, width)],        −shift ≤ dy, dx ≤ shift
//! r(i, n) = i mirrored at 0 and n − 1 until it is inside
//! ```
//!
//! A flipped picture is mirrored left to right before. What is done is a function of the seed, the epoch and the sample
//! ([`Sample::rng`]), so that a run is resumed with the same pictures at any number of threads. The edge itself is not
//! repeated, as in numpy's `pad` of mode `reflect` and PyTorch's `RandomCrop` of padding mode `reflect`.
//!
//! Alternating flips are those of Keller Jordan's airbench (2024, <https://arxiv.org/abs/2404.00498>): of two epochs in a row, every
//! picture is seen once as it is and once flipped.

mod cutout;
mod views;

pub use views::test_views;

use crate::{DataSet, PictureLayout};
use barenet::Sample;
use cutout::Hole;

/// Which pictures an epoch flips, left to right.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Flip {
    /// None.
    #[default]
    None,
    /// Each with probability ½.
    Random,
    /// Each in every other epoch; which half begins is random.
    Alternating,
}

/// How training changes pictures.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Augment {
    /// Which are flipped.
    pub flip: Flip,
    /// Pixels that they are shifted by at most, up, down, left and right; less than a side has.
    pub shift: usize,
    /// Side of the square that is cut out of them, in pixels; no longer than a side. 0 for none.
    pub cutout: usize,
}

/// Why data cannot be augmented.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AugmentError {
    /// Samples that are no pictures.
    #[error(
        "{option} changes pictures: {data} is not known to hold any; leave it out, or name CIFAR, IDX images or a \
         folder of pictures"
    )]
    NoPictures {
        /// The setting.
        option: &'static str,
        /// The data.
        data: String,
    },
    /// A shift that leaves nothing of a picture.
    #[error("shift is {shift}, and the pictures are of {size} pixels: at most {max} is possible")]
    Shift {
        /// The shift.
        shift: usize,
        /// The size of a picture.
        size: crate::ImageSize,
        /// The largest shift.
        max: usize,
    },
    /// A square that is larger than a picture.
    #[error("cutout is {cutout}, and the pictures are of {size} pixels: at most {max} is possible")]
    Cutout {
        /// The side of the square.
        cutout: usize,
        /// The size of a picture.
        size: crate::ImageSize,
        /// The largest side.
        max: usize,
    },
}

impl Augment {
    /// The augmentation of a data set's pictures; `None` if nothing is changed.
    ///
    /// ```
    /// use barenet_data::augment::{Augment, Flip};
    /// let data = barenet_data::builtin::generate();
    /// let of = |flip, shift| Augment { flip, shift, cutout: 0 }.of(&data);
    /// assert!(of(Flip::Random, 4)?.is_some());
    /// assert!(of(Flip::None, 0)?.is_none());
    /// assert_eq!(
    ///     of(Flip::None, 32).unwrap_err().to_string(),
    ///     "shift is 32, and the pictures are of 32x32 pixels: at most 31 is possible"
    /// );
    /// # Ok::<(), barenet_data::augment::AugmentError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`AugmentError`] if the samples are no pictures, the shift is as large as one, or the square larger.
    pub fn of(self, data: &DataSet) -> Result<Option<Augmentation>, AugmentError> {
        let Self { flip, shift, cutout } = self;
        let option = match self {
            Self { flip: Flip::None, shift: 0, cutout: 0 } => return Ok(None),
            Self { flip: Flip::None, shift: 0, .. } => "cutout",
            Self { flip: Flip::None, .. } => "shift",
            _ => "flip",
        };
        let layout = data.pictures().ok_or_else(|| {
            let data = data.source.to_string();
            AugmentError::NoPictures { option, data }
        })?;
        let size = layout.size;
        let side = size.width.min(size.height);
        if shift >= side {
            return Err(AugmentError::Shift { shift, size, max: side - 1 });
        }
        if cutout > side {
            return Err(AugmentError::Cutout { cutout, size, max: side });
        }
        Ok(Some(Augmentation { flip, shift, cutout, layout, fixed: None }))
    }
}

/// An [`Augment`] that fits the pictures of a data set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Augmentation {
    flip: Flip,
    shift: usize,
    cutout: usize,
    layout: PictureLayout,
    /// The view that every sample is seen in, in an epoch or not; without it, that of the epoch.
    fixed: Option<Fixed>,
}

/// A view without a hole, of any picture of a data set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Fixed {
    is_flipped: bool,
    top: usize,
    left: usize,
}

/// A picture as an epoch sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct View {
    is_flipped: bool,
    /// The first row and column, counted from `shift` rows and columns before the picture.
    top: usize,
    left: usize,
    hole: Hole,
}

impl Augmentation {
    /// How the epoch of a sample sees it; `None` of a sample without an epoch, which is seen as it is. Of
    /// [`test_views`], the same of every sample.
    #[must_use]
    pub fn view(&self, sample: Sample) -> Option<View> {
        if let Some(Fixed { is_flipped, top, left }) = self.fixed {
            return Some(View { is_flipped, top, left, hole: Hole::default() });
        }
        let (mut rng, epoch) = (sample.rng()?, sample.epoch()?);
        // Drawn always and in this order: the shifts are the same whatever is flipped or cut out.
        let coin = rng.next_u64() >> 63;
        let is_flipped = match self.flip {
            Flip::None => false,
            Flip::Random => coin == 1,
            Flip::Alternating => (sample.rng_of_run()?.next_u64() >> 63) ^ (epoch & 1) == 1,
        };
        let places = u64::try_from(2 * self.shift + 1).unwrap_or(1);
        let [top, left] = [0; 2].map(|_| usize::try_from(rng.below(places)).unwrap_or(0));
        let hole = Hole::draw(&mut rng, self.cutout, self.layout);
        Some(View { is_flipped, top, left, hole })
    }

    /// Writes zeros, or what else `fill` has for each channel, in the place of the numbers that the view cuts out. `out` is the view from
    /// number `start` on: scaled, if 0 is to be the mean.
    pub fn cut_out<N: Copy>(&self, view: &View, start: usize, out: &mut [N], fill: &[N]) {
        view.hole.fill(self.layout, start, out, fill);
    }

    /// Writes a view of a picture, which has all its numbers, from number `start` on to `out`, flipped and shifted;
    /// [`Self::cut_out`] does the rest.
    ///
    /// Goes through the lines of the picture that is seen, each in runs of pixels that lie side by side in the other.
    pub fn read<N: Copy>(&self, view: &View, picture: &[N], start: usize, mut out: &mut [N]) {
        let PictureLayout { size, pixel_len, .. } = self.layout;
        let line_len = size.width * pixel_len;
        let (mut line, mut first) = (start / line_len, start % line_len);
        let mut plane = picture.chunks_exact(line_len * size.height).skip(line / size.height);
        line %= size.height;
        let mut lines = plane.next().unwrap_or_default();
        while !out.is_empty() && !lines.is_empty() {
            let source = reflect(line + view.top, self.shift, size.height) * line_len;
            let source = lines.get(source..source + line_len).unwrap_or_default();
            let (seen, rest) = out.split_at_mut(out.len().min(line_len - first));
            match pixel_len {
                1 => self.read_line(view, source, first, seen),
                _ => self.read_pixels(view, source, first, seen),
            }
            (out, first, line) = (rest, 0, line + 1);
            if line == size.height {
                (line, lines) = (0, plane.next().unwrap_or_default());
            }
        }
    }

    /// Writes pixels of one number each from column `first` of a line on: before the edge, inside, and behind the other edge.
    fn read_line<N: Copy>(&self, view: &View, source: &[N], first: usize, out: &mut [N]) {
        let (width, shift, left) = (source.len(), self.shift, view.left);
        let end = first + out.len();
        let inside = shift.saturating_sub(left).clamp(first, end);
        let behind = (width + shift - left).clamp(first, end);
        let (before, out) = out.split_at_mut(inside - first);
        let (within, after) = out.split_at_mut(behind - inside);
        for (run, column, is_mirrored) in
            [(before, first, true), (within, inside, false), (after, behind, true)]
        {
            if run.is_empty() {
                continue;
            }
            let column = reflect(column + left, shift, width);
            let column = if view.is_flipped { width - 1 - column } else { column };
            if is_mirrored == view.is_flipped {
                let run_end = column + run.len();
                run.copy_from_slice(source.get(column..run_end).unwrap_or_default());
            } else {
                let start = column + 1 - run.len();
                copy_backwards(run, source.get(start..=column).unwrap_or_default());
            }
        }
    }

    /// The same for pixels of several numbers.
    fn read_pixels<N: Copy>(&self, view: &View, source: &[N], first: usize, out: &mut [N]) {
        let PictureLayout { size: crate::ImageSize { width, .. }, pixel_len, .. } = self.layout;
        for (out, place) in out.iter_mut().zip(first..) {
            let column = reflect(place / pixel_len + view.left, self.shift, width);
            let column = if view.is_flipped { width - 1 - column } else { column };
            if let Some(number) = source.get(column * pixel_len + place % pixel_len) {
                *out = *number;
            }
        }
    }
}

/// The place among `len` that is seen at `place`, which is counted from `shift` before the first.
const fn reflect(place: usize, shift: usize, len: usize) -> usize {
    if place < shift {
        shift - place
    } else if place - shift < len {
        place - shift
    } else {
        2 * (len - 1) - (place - shift)
    }
}

/// Copies a slice of the same length, the last element first, eight at a time.
fn copy_backwards<N: Copy>(out: &mut [N], source: &[N]) {
    let (out, last) = out.as_chunks_mut::<8>();
    let (first, source) = source.as_rchunks::<8>();
    for (out, source) in out.iter_mut().zip(source.iter().rev()) {
        *out = *source;
        out.reverse();
    }
    last.iter_mut().zip(first.iter().rev()).for_each(|(out, source)| *out = *source);
}

#[cfg(test)]
mod tests;
