//! Labelled images, and their mean.

use barenet::Label;
use std::mem::MaybeUninit;
use std::sync::OnceLock;

/// Labelled images, as bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Images {
    image_len: usize,
    pixels: Vec<u8>,
    labels: Vec<Label>,
}

impl Images {
    /// No images yet, of `image_len` numbers each.
    #[must_use]
    pub const fn new(image_len: usize) -> Self {
        Self { image_len, pixels: Vec::new(), labels: Vec::new() }
    }

    /// The numbers of an image.
    #[must_use]
    pub const fn image_len(&self) -> usize {
        self.image_len
    }

    /// The number of images.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// The numbers of an image; empty if there is no such image.
    #[must_use]
    pub fn image(&self, index: usize) -> &[u8] {
        let start = index.saturating_mul(self.image_len);
        self.pixels.get(start..).and_then(|rest| rest.get(..self.image_len)).unwrap_or_default()
    }

    /// All images, one after another.
    #[must_use]
    pub fn pixels(&self) -> &[u8] {
        &self.pixels
    }

    /// The class of every image.
    #[must_use]
    pub fn labels(&self) -> &[Label] {
        &self.labels
    }

    /// Appends an image, of [`Self::image_len`] numbers: [`DataSet::check`](crate::DataSet::check) refuses others.
    pub fn push(&mut self, label: Label, image: &[u8]) {
        self.labels.push(label);
        self.pixels.extend_from_slice(image);
    }

    /// Appends all images of another set.
    pub(crate) fn append(&mut self, other: &Self) {
        self.labels.extend_from_slice(&other.labels);
        self.pixels.extend_from_slice(&other.pixels);
    }

    pub(crate) fn with_capacity(image_len: usize, len: usize) -> Self {
        let mut pixels = Vec::with_capacity(len * image_len);
        if let Some(prepare) = PREPARE.get() {
            prepare(pixels.spare_capacity_mut());
        }
        Self { image_len, pixels, labels: Vec::with_capacity(len) }
    }
}

type Prepare = fn(&mut [MaybeUninit<u8>]);

static PREPARE: OnceLock<Prepare> = OnceLock::new();

/// Prepares the memory of data sets that are read from now on, before it is used: whoever trains on them may
/// have it backed with huge pages. The first function that is given stays.
pub fn prepare_memory_with(prepare: Prepare) {
    let _first_stays = PREPARE.set(prepare);
}

/// The mean over the first `count` images, or all if there are fewer, number by number. Exact but for
/// one division; 0 if there are none.
#[must_use]
#[allow(clippy::cast_precision_loss)]
pub fn mean_image(images: &Images, count: usize) -> Vec<f64> {
    /// As many bytes as a `u16` can sum: four times as many lanes in a vector as with `u64`.
    const BLOCK: usize = 257;
    let (count, len) = (count.min(images.len()), images.image_len);
    let pixels = images.pixels.get(..count * len).unwrap_or_default();
    let (mut sums, mut block_sums) = (vec![0_u64; len], vec![0_u16; len]);
    for block in pixels.chunks(BLOCK * len.max(1)) {
        block_sums.fill(0);
        for image in block.chunks_exact(len.max(1)) {
            for (sum, &pixel) in block_sums.iter_mut().zip(image) {
                *sum += u16::from(pixel);
            }
        }
        for (sum, &block_sum) in sums.iter_mut().zip(&block_sums) {
            *sum += u64::from(block_sum);
        }
    }
    let count = count.max(1);
    sums.into_iter().map(|sum| sum as f64 / count as f64).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mean_image_is_over_the_first_images_only() {
        let mut images = Images::new(5);
        for value in [1, 2, 200] {
            images.push(0, &[value; 5]);
        }
        assert_eq!(mean_image(&images, 2), vec![1.5; 5]);
        assert_eq!(mean_image(&images, 9), mean_image(&images, 3));
        assert_eq!(mean_image(&Images::new(5), 9), vec![0.0; 5]);
    }

    #[test]
    fn the_mean_image_of_many_white_images_is_white() {
        let white = [255; 40];
        let mut images = Images::new(40);
        for _ in 0..600 {
            images.push(0, &white);
        }
        images.push(0, &[0; 40]);
        assert_eq!(mean_image(&images, 600), vec![255.0; 40]);
        assert_eq!(mean_image(&images, 601), vec![255.0 * 600.0 / 601.0; 40]);
    }

    #[test]
    fn an_image_that_is_not_there_is_empty() {
        assert!(Images::new(7).image(0).is_empty());
        assert!(Images::new(7).image(usize::MAX).is_empty());
    }
}
