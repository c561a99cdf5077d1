//! CS231n's split and preprocessing: which images train, validate and test, and the mean image that
//! is subtracted. Images stay bytes; each becomes floating point when a batch asks for it.

use crate::{DataSet, Images, mean_image};
use barenet::{Dataset, Float, Sample, Target};
use std::ops::Range;

/// Which images belong to which part of the data.
///
/// The last `val_size` images of the training set validate, the first `train_size` of the others
/// train; the first `test_size` of the test set test. With CIFAR-10 and the defaults that is the
/// course's split: 49,000, 1,000 and 1,000.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Split {
    /// Images of the training set that train.
    pub train: Range<usize>,
    /// Images of the training set that validate.
    pub val: Range<usize>,
    /// Images of the test set that test.
    pub test: Range<usize>,
}

/// Sizes of the parts of a [`Split`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sizes {
    /// Images that train; `None` for all that do not validate.
    pub train: Option<usize>,
    /// Images that validate.
    pub val: usize,
    /// Images that test.
    pub test: usize,
}

/// A size that the data do not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{name} is {asked}, but there are only {there} such images")]
pub struct SplitError {
    name: &'static str,
    asked: usize,
    there: usize,
}

/// A part of the data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The images that train.
    Train,
    /// The images that validate.
    Val,
    /// The images that test.
    Test,
}

impl Split {
    /// Splits `data` into parts of the sizes asked for.
    ///
    /// # Errors
    ///
    /// [`SplitError`] if the data have fewer images than asked for.
    pub fn new(data: &DataSet, sizes: Sizes) -> Result<Self, SplitError> {
        let (all, all_test) = (data.train.len(), data.test.len());
        let Sizes { train, val, test } = sizes;
        let too_few = |name, asked, there| SplitError { name, asked, there };
        let rest = all.checked_sub(val).filter(|&rest| rest > 0);
        let rest = rest.ok_or_else(|| too_few("val_size", val, all.saturating_sub(1)))?;
        let train = train.unwrap_or(rest);
        if train > rest {
            return Err(too_few("train_size", train, rest));
        }
        if test > all_test {
            return Err(too_few("test_size", test, all_test));
        }
        Ok(Self { train: 0..train, val: rest..all, test: 0..test })
    }

    /// The mean image that CS231n subtracts: over all images that do not validate, also when only
    /// some of them train.
    #[must_use]
    pub fn mean_image(&self, data: &DataSet) -> Vec<f64> {
        mean_image(&data.train, self.val.start)
    }

    /// The images of one part, in the set that they are of.
    #[must_use]
    pub const fn range(&self, part: Part) -> &Range<usize> {
        match part {
            Part::Train => &self.train,
            Part::Val => &self.val,
            Part::Test => &self.test,
        }
    }

    /// The samples of one part.
    #[must_use]
    pub fn samples<'a, T>(
        &self,
        data: &'a DataSet,
        part: Part,
        mean_image: &'a [T],
    ) -> Samples<'a, T> {
        let images = match part {
            Part::Train | Part::Val => &data.train,
            Part::Test => &data.test,
        };
        Samples { images, range: self.range(part).clone(), mean_image }
    }
}

/// The images of a part as the network sees them: pixels 0 to 255 minus the mean image.
#[derive(Clone, Debug)]
pub struct Samples<'a, T> {
    images: &'a Images,
    range: Range<usize>,
    mean_image: &'a [T],
}

impl<T: Float + From<u8>> Dataset<T> for Samples<'_, T> {
    fn len(&self) -> usize {
        self.range.len()
    }

    fn input_dim(&self) -> usize {
        self.mean_image.len()
    }

    fn target(&self, index: usize) -> Target {
        let labels = self.images.labels();
        Target::Class(labels.get(self.range.start + index).copied().unwrap_or(0))
    }

    #[inline(always)]
    fn read(&self, sample: Sample, start: usize, x: &mut [T]) {
        let pixels =
            self.images.image(self.range.start + sample.index).get(start..).unwrap_or_default();
        let mean_image = self.mean_image.get(start..).unwrap_or_default();
        for ((x, &pixel), &mean) in x.iter_mut().zip(pixels).zip(mean_image) {
            *x = T::from(pixel) - mean;
        }
    }

    #[inline(always)]
    fn bytes(&self, index: usize, numbers: Range<usize>) -> &[u8] {
        self.images.image(self.range.start + index).get(numbers).unwrap_or_default()
    }
}
