//! Labelled images, and their mean.

use super::IMAGE_LEN;

/// Labelled images, as bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Images {
    pixels: Vec<u8>,
    labels: Vec<u8>,
}

impl Images {
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

    /// The [`IMAGE_LEN`] numbers of an image; empty if there is no such image.
    #[must_use]
    pub fn image(&self, index: usize) -> &[u8] {
        self.pixels.chunks_exact(IMAGE_LEN).nth(index).unwrap_or_default()
    }

    /// All images, one after another.
    #[must_use]
    pub fn pixels(&self) -> &[u8] {
        &self.pixels
    }

    /// The class of every image.
    #[must_use]
    pub fn labels(&self) -> &[u8] {
        &self.labels
    }

    /// Appends an image of [`IMAGE_LEN`] numbers.
    pub fn push(&mut self, label: u8, image: &[u8]) {
        debug_assert_eq!(image.len(), IMAGE_LEN);
        self.labels.push(label);
        self.pixels.extend_from_slice(image);
    }

    /// Appends all images of another set.
    pub(crate) fn append(&mut self, other: &Self) {
        self.labels.extend_from_slice(&other.labels);
        self.pixels.extend_from_slice(&other.pixels);
    }

    pub(crate) fn with_capacity(len: usize) -> Self {
        let mut pixels = Vec::with_capacity(len * IMAGE_LEN);
        barenet_blas::prefer_huge_pages(pixels.spare_capacity_mut());
        Self { pixels, labels: Vec::with_capacity(len) }
    }
}

/// The mean over the first `count` images, or all if there are fewer, number by number. Exact but for
/// one division; 0 if there are none.
#[must_use]
#[allow(clippy::cast_precision_loss)]
pub fn mean_image(images: &Images, count: usize) -> Vec<f64> {
    /// As many bytes as a `u16` can sum: four times as many lanes in a vector as with `u64`.
    const BLOCK: usize = 257;
    let count = count.min(images.len());
    let pixels = images.pixels.get(..count * IMAGE_LEN).unwrap_or_default();
    let mut sums = vec![0_u64; IMAGE_LEN];
    for block in pixels.chunks(BLOCK * IMAGE_LEN) {
        let mut block_sums = [0_u16; IMAGE_LEN];
        for image in block.chunks_exact(IMAGE_LEN) {
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
        let mut images = Images::default();
        for value in [1, 2, 200] {
            images.push(0, &[value; IMAGE_LEN]);
        }
        assert_eq!(mean_image(&images, 2), vec![1.5; IMAGE_LEN]);
        assert_eq!(mean_image(&images, 9), mean_image(&images, 3));
        assert_eq!(mean_image(&Images::default(), 9), vec![0.0; IMAGE_LEN]);
    }

    #[test]
    fn the_mean_image_of_many_white_images_is_white() {
        let white = [255; IMAGE_LEN];
        let mut images = Images::default();
        for _ in 0..600 {
            images.push(0, &white);
        }
        images.push(0, &[0; IMAGE_LEN]);
        assert_eq!(mean_image(&images, 600), vec![255.0; IMAGE_LEN]);
        assert_eq!(mean_image(&images, 601), vec![255.0 * 600.0 / 601.0; IMAGE_LEN]);
    }

    #[test]
    fn an_image_that_is_not_there_is_empty() {
        assert!(Images::default().image(0).is_empty());
        assert!(Images::default().image(usize::MAX).is_empty());
    }
}
