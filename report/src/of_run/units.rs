//! Units of the first layer as pictures.

use crate::page::Picture;
use barenet_data::PictureLayout;
use barenet_run::trained_layers::TrainedLayers;

/// Units that are shown at most.
pub(super) const MAX_UNITS: usize = 64;
/// Pixels of a side at most, and numbers of all pictures together: noise is as large in a page as it is in memory.
const MAX_SIDE: usize = 64;
const MAX_NUMBERS: usize = 150_000;

/// Pictures of the first units; `None` where the first layer takes no such pictures.
pub(super) fn pictures(layers: &TrainedLayers, layout: PictureLayout) -> Option<Vec<Picture>> {
    let first = layers.layers.first()?;
    if first.fan_in != layout.len() || layout.is_empty() {
        return None;
    }
    let one = |weights: &Vec<f32>| unit(weights, layout).shrunk_to(MAX_SIDE);
    let mut pictures: Vec<_> = layers.first_units.iter().map(one).collect();
    let area = pictures.first().map_or(1, |picture| picture.width * picture.height);
    pictures.truncate((MAX_NUMBERS / (3 * area.max(1))).max(1));
    Some(pictures)
}

/// The weights of a unit: 0 is grey, and the largest one, whatever its sign, black or white.
fn unit(weights: &[f32], layout: PictureLayout) -> Picture {
    let largest = weights.iter().fold(0.0_f32, |most, weight| most.max(weight.abs()));
    let byte = |weight: f32| (127.5 + 127.5 * weight / largest.max(f32::MIN_POSITIVE)) as u8;
    channels(weights, layout, byte)
}

/// A picture of numbers that lie as a layout says, each made a byte.
pub(super) fn channels(
    numbers: &[f32],
    layout: PictureLayout,
    byte: impl Fn(f32) -> u8,
) -> Picture {
    let pixels = layout.colours(|place| numbers.get(place).map_or(0, |&number| byte(number)));
    Picture { width: layout.size.width, height: layout.size.height, pixels }
}

#[cfg(test)]
mod tests {
    use super::*;
    use barenet_data::ImageSize;
    use barenet_run::trained_layers::TrainedLayer;

    fn layers(fan_in: usize, units: &[&[f32]]) -> TrainedLayers {
        let layer = TrainedLayer {
            fan_in,
            fan_out: units.len(),
            batchnorm: false,
            norm: 1.0,
            largest: 1.0,
        };
        let first_units = units.iter().map(|unit| unit.to_vec()).collect();
        TrainedLayers { layers: vec![layer], first_units }
    }

    fn layout(width: usize, planes: usize, pixel_len: usize) -> PictureLayout {
        PictureLayout { size: ImageSize { width, height: 1 }, planes, pixel_len }
    }

    #[test]
    fn zero_is_grey_and_colours_are_found_in_planes_and_side_by_side() {
        let weights: &[f32] = &[1.0, -1.0, 0.0, 0.5, -0.5, 0.0];
        let of = |planes, pixel_len| {
            pictures(&layers(6, &[weights]), layout(2, planes, pixel_len)).unwrap()[0]
                .pixels
                .clone()
        };
        assert_eq!(of(3, 1), [[255, 127, 63], [0, 191, 127]]);
        assert_eq!(of(1, 3), [[255, 0, 127], [191, 63, 127]]);
    }

    #[test]
    fn weights_of_another_size_are_no_pictures_and_zeros_are_grey() {
        let zeros: &[f32] = &[0.0; 4];
        assert_eq!(pictures(&layers(4, &[zeros]), layout(5, 1, 1)), None);
        let found = pictures(&layers(4, &[zeros]), layout(4, 1, 1)).unwrap();
        assert_eq!(found[0].pixels, [[127; 3]; 4]);
    }

    #[test]
    fn many_units_are_fewer_in_a_page() {
        let unit = vec![1.0; 64 * 64];
        let all = vec![&unit[..]; MAX_UNITS];
        let layout =
            PictureLayout { size: ImageSize { width: 64, height: 64 }, planes: 1, pixel_len: 1 };
        assert_eq!(pictures(&layers(64 * 64, &all), layout).unwrap().len(), 12);
    }
}
