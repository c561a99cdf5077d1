//! Channels as networks store them, and which factors they can have.

use super::packed::PackedChannel;
use super::requant::{Channel, quantize_multiplier};

/// A channel as a network stores it.
pub(super) trait Stored: Copy {
    /// The nearest that can be stored.
    fn nearest(channel: Channel) -> Self;

    /// The scale of weights nearest to `scale` whose factor, `to_factor` times it, can be stored.
    fn nearest_scale(scale: f64, to_factor: f64) -> f64;

    fn bias(self) -> i32;
}

impl Stored for Channel {
    fn nearest(channel: Channel) -> Self {
        channel
    }

    fn nearest_scale(scale: f64, _: f64) -> f64 {
        scale
    }

    fn bias(self) -> i32 {
        Self::bias(&self)
    }
}

impl Stored for PackedChannel {
    fn nearest(channel: Channel) -> Self {
        Self::nearest(channel)
    }

    fn nearest_scale(scale: f64, to_factor: f64) -> f64 {
        let (multiplier, shift) = quantize_multiplier(scale * to_factor);
        match Channel::try_new(0, multiplier, shift.min(Channel::MAX_SHIFT)) {
            Some(channel) if scale > 0.0 => Self::nearest(channel).unpack().factor() / to_factor,
            _ => scale,
        }
    }

    fn bias(self) -> i32 {
        self.unpack().bias()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::quant::quantize::write;
    use crate::quant::{Bits, InputScale, MixedNet, Observer, QuantNet, calibrate, pack};
    use crate::{Arch, FullyConnectedNet, Mat, Portable, Rng, Weights};
    use std::vec;
    use std::vec::Vec;

    const IMAGES: usize = 64;

    /// Weights of 4 bits as bytes, which a network of channels that are not packed takes.
    fn as_bytes(words: &[u32]) -> Vec<u32> {
        let groups = words.as_chunks::<2>().0.iter();
        let rows = groups.map(|&[even, odd]| {
            [0, 4, 8, 12].map(|shift| {
                let weight = |word: u32, half: u32| (word >> (half + shift) & 15) as i8 - 8;
                [weight(even, 0), weight(odd, 0), weight(even, 16), weight(odd, 16)]
            })
        });
        rows.flat_map(pack).collect()
    }

    /// The sums of squares of what the scores of a drawn network are off: with channels as they are, and packed.
    fn errors(dims: &[usize], input: InputScale, seed: u64) -> (f64, f64) {
        let arch = Arch::new(dims);
        let (mut params, mut rng) = (vec![0.0_f32; arch.num_params()], Rng::seed(seed));
        for layer in arch.layers() {
            let scale = (2.0 / layer.fan_in as f64).sqrt();
            rng.fill_normal(scale, &mut params[layer.w()]);
            rng.fill_normal(20.0, &mut params[layer.b()]);
        }
        let bytes: Vec<u8> = (0..IMAGES * dims[0]).map(|_| rng.below(256) as u8).collect();
        let x: Vec<f32> = bytes
            .iter()
            .map(|&byte| input.scale() as f32 * (f32::from(byte) - f32::from(input.zero_point())))
            .collect();
        let x = Mat::new(&x, IMAGES, dims[0]).unwrap();
        let mut workspace = vec![0.0; arch.infer_workspace_len(IMAGES)];
        let mut observers = vec![Observer::of_values(); arch.num_layers()];
        calibrate(&Portable, &arch, &params, x, &mut workspace, &mut observers).unwrap();
        let weights = Weights::new(&arch, &params, &[]).unwrap();
        let net = FullyConnectedNet::new(arch);
        let expected = net.scores(&Portable, weights, x, &mut workspace).unwrap();

        let bits = vec![Bits::Four; arch.num_layers()];
        let mut words = vec![0; arch.mixed_weights_len(&bits)];
        let mut whole = vec![Channel::default(); arch.quant_channels_len()];
        let out = (&mut words[..], &mut whole[..]);
        let made = write(&arch, &params, input, &observers, &bits, out).unwrap();
        let bytes_of_words = as_bytes(&words);
        let mut packed = vec![PackedChannel::default(); arch.quant_channels_len()];
        let out = (&mut words[..], &mut packed[..]);
        write(&arch, &params, input, &observers, &bits, out).unwrap();
        let whole = QuantNet::new(arch, &bytes_of_words, &whole);
        let packed = MixedNet::new(arch, &bits, &words, &packed);

        let mut workspace = vec![0; arch.quant_workspace_len()];
        let (mut scores, mut errors) = (vec![0; arch.num_classes()], [0.0, 0.0]);
        for (image, expected) in bytes.chunks_exact(dims[0]).zip(expected.row_iter()) {
            for (number, error) in errors.iter_mut().enumerate() {
                if number == 0 {
                    whole.scores(&Portable, image, &mut workspace, &mut scores).unwrap();
                } else {
                    packed.scores(&Portable, image, &mut workspace, &mut scores).unwrap();
                }
                for (&found, &expected) in scores.iter().zip(expected) {
                    let off = f64::from(found) * made.score_scale - f64::from(expected);
                    *error += off * off;
                }
            }
        }
        (errors[0], errors[1])
    }

    #[test]
    fn packed_channels_add_next_to_nothing_to_what_weights_of_4_bits_lose() {
        let (mut all, mut count) = (0.0, 0.0);
        let sizes: [&[usize]; 3] = [&[64, 32, 16, 10], &[40, 128, 8, 128, 40], &[640, 16, 9]];
        for dims in sizes {
            for input in [InputScale::PIXELS, InputScale::new(1.0, 128)] {
                let (mut whole, mut packed) = (0.0, 0.0);
                for seed in 0..20 {
                    let errors = errors(dims, input, seed);
                    (whole, packed) = (whole + errors.0, packed + errors.1);
                }
                (all, count) = (all + packed / whole, count + 1.0);
            }
        }
        // Other scales round weights in another way, by chance a better or a worse one.
        assert!(all / count < 1.01, "{}", all / count);
    }
}
