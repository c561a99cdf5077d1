//! The standard scaling of channels: one mean and one deviation for all pixels of each.

use super::{Fitted, inverse};
use crate::records::row;
use crate::split::Index;
use crate::{ImageSize, Numbers, PictureLayout, Records};

/// Pixels whose squares a `u32` can sum.
const BLOCK: usize = 1 << 16;

/// The mean of a channel and its standard deviation.
#[derive(Clone, Copy, Debug, Default)]
struct Moments {
    mean: f64,
    deviation: f64,
}

/// Scales each channel to mean 0 and standard deviation 1; one that is constant gets the factor 1.
pub(super) fn standard(
    records: &Records,
    samples: &Index,
    pictures: Option<PictureLayout>,
) -> Fitted {
    let len = records.row_len();
    let size = ImageSize { width: len, height: 1 };
    let one = PictureLayout { size, planes: 1, pixel_len: 1 };
    let layout = pictures.filter(|layout| layout.len() == len).unwrap_or(one);
    let moments = match records.numbers() {
        Numbers::U8(all) => of_bytes(all, samples, layout),
        Numbers::I16(all) => of_numbers(all, samples, layout),
        Numbers::F32(all) => of_numbers(all, samples, layout),
    };
    let mut fitted = Fitted { offset: Vec::with_capacity(len), factor: Vec::with_capacity(len) };
    for plane in moments.chunks(layout.pixel_len.max(1)) {
        for _ in 0..layout.size.width.saturating_mul(layout.size.height) {
            for Moments { mean, deviation } in plane {
                let is_constant = *deviation <= 1e-12 * mean.abs();
                fitted.offset.push(*mean);
                fitted.factor.push(if is_constant { 1.0 } else { inverse(*deviation) });
            }
        }
    }
    fitted
}

/// Each channel of a picture with its numbers.
fn channels<N: Copy>(
    picture: &[N],
    layout: PictureLayout,
) -> impl Iterator<Item = (usize, impl Iterator<Item = N> + Clone)> {
    let (pixel_len, plane_len) = (layout.pixel_len.max(1), layout.len() / layout.planes.max(1));
    let planes = picture.chunks_exact(plane_len.max(1)).enumerate();
    planes.flat_map(move |(plane, numbers)| {
        (0..pixel_len).map(move |first| {
            let numbers = numbers.get(first..).unwrap_or_default();
            (plane * pixel_len + first, numbers.iter().copied().step_by(pixel_len))
        })
    })
}

/// Of bytes: exact but for a division and a root.
#[allow(clippy::cast_precision_loss)]
fn of_bytes(all: &[u8], samples: &Index, layout: PictureLayout) -> Vec<Moments> {
    let mut sums = vec![(0_u64, 0_u64, 0_u64); layout.channels()];
    let mut add = |channel: usize, count: usize, sum: u32, square: u32| {
        if let Some((counts, sums, squares)) = sums.get_mut(channel) {
            *counts += count as u64;
            *sums += u64::from(sum);
            *squares += u64::from(square);
        }
    };
    let of = |byte: u8| (u32::from(byte), u32::from(byte) * u32::from(byte));
    for place in samples.iter() {
        let picture = row(all, place, layout.len());
        if layout.pixel_len == 1 {
            let plane_len = layout.len() / layout.planes.max(1);
            for (channel, plane) in picture.chunks_exact(plane_len.max(1)).enumerate() {
                for block in plane.chunks(BLOCK) {
                    let (mut sum, mut square) = (0, 0);
                    for &byte in block {
                        let (x, xx) = of(byte);
                        sum += x;
                        square += xx;
                    }
                    add(channel, block.len(), sum, square);
                }
            }
        } else {
            for (channel, bytes) in channels(picture, layout) {
                bytes.map(of).for_each(|(x, xx)| add(channel, 1, x, xx));
            }
        }
    }
    let moments = sums.into_iter().map(|(count, sum, squares)| {
        let (n, sum, squares) = (u128::from(count.max(1)), u128::from(sum), u128::from(squares));
        let variance = (n * squares - sum * sum) as f64 / (n as f64 * n as f64);
        Moments { mean: sum as f64 / n as f64, deviation: variance.sqrt() }
    });
    moments.collect()
}

/// Of other numbers: in two passes, which lose nothing to numbers far from 0.
fn of_numbers<N: Copy + Into<f64>>(
    all: &[N],
    samples: &Index,
    layout: PictureLayout,
) -> Vec<Moments> {
    let sums = |value: &dyn Fn(usize, f64) -> f64| {
        let mut sums = vec![(0.0, 0.0); layout.channels()];
        for place in samples.iter() {
            for (channel, numbers) in channels(row(all, place, layout.len()), layout) {
                let Some((count, sum)) = sums.get_mut(channel) else { continue };
                for x in numbers.map(Into::into).filter(|x| x.is_finite()) {
                    *count += 1.0;
                    *sum += value(channel, x);
                }
            }
        }
        sums.into_iter().map(|(count, sum)| sum / f64::max(count, 1.0)).collect::<Vec<f64>>()
    };
    let means = sums(&|_, x| x);
    let mean_of = |channel: usize| means.get(channel).copied().unwrap_or_default();
    let variances = sums(&|channel, x| (x - mean_of(channel)) * (x - mean_of(channel)));
    let both = means.iter().zip(variances);
    both.map(|(&mean, variance)| Moments { mean, deviation: variance.sqrt() }).collect()
}

#[cfg(test)]
mod tests {
    use crate::scale::{Fitted, Scale};
    use crate::split::Index;
    use crate::{ImageSize, Numbers, PictureLayout, Records, Wanted};

    const PLANES: PictureLayout =
        PictureLayout { size: ImageSize { width: 2, height: 2 }, planes: 3, pixel_len: 1 };

    fn fit(numbers: Numbers, layout: Option<PictureLayout>) -> Fitted {
        let records = Records::of(12, numbers, Wanted::Nothing(3));
        Fitted::to(&records, &Index::List(vec![0, 2]), Scale::Channels, layout)
    }

    fn close(found: &[f64], expected: &[f64]) {
        assert_eq!(found.len(), expected.len());
        for (found, expected) in found.iter().zip(expected) {
            assert!((found - expected).abs() <= 1e-12 * expected.abs(), "{found} {expected}");
        }
    }

    #[test]
    fn every_channel_has_the_mean_and_the_deviation_that_numpy_finds() {
        // x = (np.arange(36) ** 2 * 7 % 256).reshape(3, 3, 4)[[0, 2]]
        // x.mean(axis=(0, 2)), x.std(axis=(0, 2)), and of x.reshape(2, 4, 3) those of axis=(0, 1)
        let bytes: Vec<u8> = (0..36_u32).map(|n| u8::try_from(n * n * 7 % 256).unwrap()).collect();
        let means = [84.5, 152.5, 124.5];
        let deviations = [84.83071377749924, 66.27405223765935, 68.5];
        let means_of_pixels = [144.5, 94.5, 122.5];
        let deviations_of_pixels = [87.59138085451102, 57.56952318718646, 79.83890029302758];
        let side_by_side = PictureLayout { planes: 1, pixel_len: 3, ..PLANES };
        let of_type = [
            Numbers::U8(bytes.clone()),
            Numbers::I16(bytes.iter().map(|&x| x.into()).collect()),
            Numbers::F32(bytes.iter().map(|&x| x.into()).collect()),
        ];
        for numbers in of_type {
            let fitted = fit(numbers.clone(), Some(PLANES));
            let each = |all: [f64; 3]| all.iter().flat_map(|x| [*x; 4]).collect::<Vec<_>>();
            close(&fitted.offset, &each(means));
            close(&fitted.factor, &each(deviations.map(f64::recip)));
            let fitted = fit(numbers, Some(side_by_side));
            close(&fitted.offset, &means_of_pixels.repeat(4));
            close(&fitted.factor, &deviations_of_pixels.map(f64::recip).repeat(4));
        }
    }

    #[test]
    fn what_does_not_vary_is_not_multiplied_and_what_is_no_picture_is_one_channel() {
        let fitted = fit(Numbers::U8(vec![200; 36]), Some(PLANES));
        assert_eq!(fitted, Fitted { offset: vec![200.0; 12], factor: vec![1.0; 12] });
        let mut numbers = vec![1.0_f32; 36];
        (numbers[0], numbers[1]) = (f32::NAN, 3.0);
        let fitted = fit(Numbers::F32(numbers), None);
        assert_eq!(fitted.offset, [25.0 / 23.0; 12]);
    }

    #[test]
    fn cifar_10_has_the_figures_that_everyone_knows() {
        let Some(path) = std::env::var_os("CIFAR10_DIR").filter(|path| !path.is_empty()) else {
            eprintln!("skipped: CIFAR10_DIR names no folder with CIFAR-10");
            return;
        };
        let data = crate::discover(None).unwrap();
        let all = Index::Range(0..data.train.len());
        let fitted = Fitted::to(&data.train, &all, Scale::Channels, data.pictures());
        for (channel, (mean, deviation)) in
            [(0.4914, 0.2470), (0.4822, 0.2435), (0.4465, 0.2616)].into_iter().enumerate()
        {
            let at = channel * 1024 + 7;
            let found = (fitted.offset[at] / 255.0, 1.0 / fitted.factor[at] / 255.0);
            assert!((found.0 - mean).abs() < 1e-4, "{path:?}: {found:?}");
            assert!((found.1 - deviation).abs() < 1e-4, "{path:?}: {found:?}");
        }
    }
}
