//! Scalings that are fitted to the samples that train.

mod channels;

use crate::records::row;
use crate::split::Index;
use crate::{Numbers, PictureLayout, Records, Wanted};

/// How the numbers of samples are scaled, feature by feature.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Scale {
    /// To mean 0 and standard deviation 1 (scikit-learn's `StandardScaler`).
    Standard,
    /// To 0..=1 (scikit-learn's `MinMaxScaler`).
    MinMax,
    /// The mean is subtracted (CS231n's mean image).
    #[default]
    MeanImage,
    /// Each channel of pictures to mean 0 and standard deviation 1 over all its pixels (PyTorch's `Normalize` with the
    /// figures of the data). Of what is no picture all numbers are one channel.
    Channels,
    /// Not at all.
    None,
}

/// A fitted scaling: (x − offset) · factor. Without a factor, that is 1.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Fitted {
    /// The number that is subtracted, for each feature.
    pub offset: Vec<f64>,
    /// The number to multiply with then; empty for 1.
    pub factor: Vec<f64>,
}

impl Fitted {
    /// Fits a scaling to some samples. A feature that is constant gets the factor 1; a number that is missing (NaN)
    /// counts for nothing. `pictures` says where the channels lie.
    #[must_use]
    pub fn to(
        records: &Records,
        samples: &Index,
        scale: Scale,
        pictures: Option<PictureLayout>,
    ) -> Self {
        let len = records.row_len();
        match scale {
            Scale::None => Self { offset: vec![0.0; len], factor: Vec::new() },
            Scale::MeanImage => Self { offset: mean(records, samples), factor: Vec::new() },
            Scale::Standard => standard(len, |each| for_each_row(records, samples, each)),
            Scale::Channels => channels::standard(records, samples, pictures),
            Scale::MinMax => {
                let (mut low, mut high) = (vec![f64::INFINITY; len], vec![f64::NEG_INFINITY; len]);
                for_each_row(records, samples, &mut |row| {
                    for ((low, high), x) in low.iter_mut().zip(&mut high).zip(row) {
                        *low = low.min(x);
                        *high = high.max(x);
                    }
                });
                let factor = low.iter().zip(&high).map(|(low, high)| inverse(high - low));
                let factor = factor.collect();
                low.iter_mut().filter(|low| !low.is_finite()).for_each(|low| *low = 0.0);
                Self { offset: low, factor }
            }
        }
    }

    /// Fits the standard scaling to the targets of some samples, if they are numbers; otherwise there is nothing.
    #[must_use]
    pub fn to_targets(records: &Records, samples: &Index) -> Self {
        let Wanted::Values { numbers, width } = records.targets() else { return Self::default() };
        standard(*width, |each| {
            for place in samples.iter() {
                each(&mut row(numbers, place, *width).iter().map(|&y| f64::from(y)));
            }
        })
    }
}

/// 1/x, or 1 where that is no number to multiply with: of what does not vary.
fn inverse(x: f64) -> f64 {
    let inverse = 1.0 / x;
    // Numbers that are subnormal in `f32` count as 0 where they are multiplied, and their inverse has no `f32`.
    let is_number = x.is_finite() && inverse <= f32::MAX.into();
    if x > 0.0 && is_number { inverse } else { 1.0 }
}

/// Calls `each` with the numbers of some samples.
fn for_each_row(
    records: &Records,
    samples: &Index,
    each: &mut dyn FnMut(&mut dyn Iterator<Item = f64>),
) {
    let len = records.row_len();
    for place in samples.iter() {
        match records.numbers() {
            Numbers::U8(all) => each(&mut row(all, place, len).iter().map(|&x| f64::from(x))),
            Numbers::I16(all) => each(&mut row(all, place, len).iter().map(|&x| f64::from(x))),
            Numbers::F32(all) => each(&mut row(all, place, len).iter().map(|&x| f64::from(x))),
        }
    }
}

type Row<'a> = &'a mut dyn FnMut(&mut dyn Iterator<Item = f64>);

/// The scaling to mean 0 and standard deviation 1: in two passes, which lose nothing to numbers far from 0.
fn standard(len: usize, rows: impl Fn(Row<'_>)) -> Fitted {
    let mut counts = vec![0.0; len];
    let (mut offset, mut squares) = (vec![0.0; len], vec![0.0; len]);
    rows(&mut |row| {
        for ((sum, count), x) in offset.iter_mut().zip(&mut counts).zip(row) {
            if x.is_finite() {
                *sum += x;
                *count += 1.0;
            }
        }
    });
    for (sum, count) in offset.iter_mut().zip(&counts) {
        *sum /= f64::max(*count, 1.0);
    }
    rows(&mut |row| {
        for ((square, mean), x) in squares.iter_mut().zip(&offset).zip(row) {
            if x.is_finite() {
                *square += (x - mean) * (x - mean);
            }
        }
    });
    let deviations =
        squares.iter().zip(&counts).map(|(sum, count)| (sum / f64::max(*count, 1.0)).sqrt());
    let is_constant = |deviation: f64, mean: f64| deviation <= 1e-12 * mean.abs();
    let factor = deviations
        .zip(&offset)
        .map(
            |(deviation, &mean)| {
                if is_constant(deviation, mean) { 1.0 } else { inverse(deviation) }
            },
        )
        .collect();
    Fitted { offset, factor }
}

/// The mean of some samples, feature by feature. Exact but for one division where they are the first ones and
/// bytes; 0 if there are none.
fn mean(records: &Records, samples: &Index) -> Vec<f64> {
    match (records.numbers(), samples) {
        (Numbers::U8(_), Index::Range(range)) if range.start == 0 => mean_image(records, range.end),
        _ => standard(records.row_len(), |each| for_each_row(records, samples, each)).offset,
    }
}

/// The mean over the first `count` samples of bytes, or all if there are fewer, number by number. Exact but for
/// one division; 0 if there are none.
#[must_use]
#[allow(clippy::cast_precision_loss)]
pub fn mean_image(records: &Records, count: usize) -> Vec<f64> {
    /// As many bytes as a `u16` can sum: four times as many lanes in a vector as with `u64`.
    const BLOCK: usize = 257;
    let (count, len) = (count.min(records.len()), records.row_len());
    let pixels = match records.numbers() {
        Numbers::U8(pixels) => pixels.get(..count * len).unwrap_or_default(),
        Numbers::I16(_) | Numbers::F32(_) => &[],
    };
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
        let mut images = Records::new(5);
        for value in [1, 2, 200] {
            images.push(0, &[value; 5]);
        }
        assert_eq!(mean_image(&images, 2), vec![1.5; 5]);
        assert_eq!(mean_image(&images, 9), mean_image(&images, 3));
        assert_eq!(mean_image(&Records::new(5), 9), vec![0.0; 5]);
        let fitted = Fitted::to(&images, &Index::Range(0..2), Scale::MeanImage, None);
        assert_eq!(fitted, Fitted { offset: vec![1.5; 5], factor: vec![] });
    }

    #[test]
    fn the_mean_image_of_many_white_images_is_white() {
        let white = [255; 40];
        let mut images = Records::new(40);
        for _ in 0..600 {
            images.push(0, &white);
        }
        images.push(0, &[0; 40]);
        assert_eq!(mean_image(&images, 600), vec![255.0; 40]);
        assert_eq!(mean_image(&images, 601), vec![255.0 * 600.0 / 601.0; 40]);
    }

    #[test]
    fn a_scaling_is_fitted_to_the_samples_that_train_alone() {
        // Columns 1 2 3 (and 99), a constant, and one with a number that is missing.
        let numbers = vec![1.0, 7.0, f32::NAN, 2.0, 7.0, 4.0, 3.0, 7.0, 8.0, 99.0, 99.0, 99.0];
        let records = Records::of(3, Numbers::F32(numbers), Wanted::Nothing(4));
        let train = Index::List(vec![0, 1, 2]);
        let standard = Fitted::to(&records, &train, Scale::Standard, None);
        assert_eq!(standard.offset, [2.0, 7.0, 6.0]);
        // numpy's std of 1 2 3 and of 4 8.
        assert_eq!(standard.factor, [1.0 / 0.816_496_580_927_726, 1.0, 0.5]);
        let min_max = Fitted::to(&records, &train, Scale::MinMax, None);
        assert_eq!((min_max.offset, min_max.factor), (vec![1.0, 7.0, 4.0], vec![0.5, 1.0, 0.25]));
        let mean = Fitted::to(&records, &train, Scale::MeanImage, None);
        assert_eq!((mean.offset, mean.factor), (vec![2.0, 7.0, 6.0], vec![]));
        let none = Fitted::to(&records, &train, Scale::None, None);
        assert_eq!((none.offset, none.factor), (vec![0.0; 3], vec![]));
    }

    #[test]
    fn numbers_too_small_to_be_multiplied_are_left_as_they_are() {
        let records = Records::of(1, Numbers::F32(vec![1e-42, 3e-42]), Wanted::Nothing(2));
        for scale in [Scale::Standard, Scale::MinMax] {
            assert_eq!(Fitted::to(&records, &Index::Range(0..2), scale, None).factor, [1.0]);
        }
    }

    #[test]
    fn targets_that_are_numbers_are_scaled_and_classes_are_not() {
        let values = Wanted::Values { numbers: vec![1.0, 10.0, 3.0, 10.0], width: 2 };
        let records = Records::of(0, Numbers::F32(vec![]), values);
        let fitted = Fitted::to_targets(&records, &Index::Range(0..2));
        assert_eq!(fitted, Fitted { offset: vec![2.0, 10.0], factor: vec![1.0, 1.0] });
        let mut classes = Records::new(1);
        classes.push(1, &[3]);
        assert_eq!(Fitted::to_targets(&classes, &Index::Range(0..1)), Fitted::default());
    }
}
