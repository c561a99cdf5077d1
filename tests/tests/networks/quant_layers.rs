//! Layers of int8 networks, by every kernel, against the definition in plain integers.

use barenet::quant::{
    Channel, QuantArgs, QuantBatch, QuantGemm, multiply_by_quantized_multiplier, pack,
};
use barenet::{Portable, Rng};
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
use barenet_blas::Simd;
use barenet_blas::{Backend, Kernel};
use proptest::prelude::*;

/// One layer in plain integers.
#[derive(Clone, Debug)]
struct Layer {
    fan_in: usize,
    fan_out: usize,
    /// (fan_out, fan_in)
    w: Vec<i8>,
    x: Vec<u8>,
    /// Bias, multiplier, shift.
    channels: Vec<(i32, i32, i32)>,
}

/// A layer as kernels take it.
struct Packed {
    w: Vec<[u32; 4]>,
    channels: Vec<[Channel; 4]>,
    x: Vec<[u8; 4]>,
}

impl Layer {
    fn expected(&self, least: i32, most: i32) -> Vec<i32> {
        let rows = self.w.chunks(self.fan_in).zip(&self.channels);
        rows.map(|(w, &(bias, multiplier, shift))| {
            let sum: i32 = w.iter().zip(&self.x).map(|(&w, &x)| i32::from(w) * i32::from(x)).sum();
            multiply_by_quantized_multiplier(sum + bias, multiplier, shift).clamp(least, most)
        })
        .collect()
    }

    fn packed(&self) -> Packed {
        let at = |i: usize, j: usize| {
            if i < self.fan_in && j < self.fan_out { self.w[j * self.fan_in + i] } else { 0 }
        };
        let (groups, blocks) = (self.fan_in.div_ceil(4), self.fan_out.div_ceil(4));
        let group = |block: usize, group: usize| {
            pack(std::array::from_fn(|j| std::array::from_fn(|i| at(4 * group + i, 4 * block + j))))
        };
        let w = (0..blocks).flat_map(|b| (0..groups).map(move |g| group(b, g))).collect();
        let mut channels = vec![[Channel::default(); 4]; blocks];
        for (to, &(bias, multiplier, shift)) in
            channels.as_flattened_mut().iter_mut().zip(&self.channels)
        {
            *to = Channel::new(bias, multiplier, shift);
        }
        // What lies beyond the inputs must not matter.
        let mut x = vec![[0xA5; 4]; groups];
        x.as_flattened_mut()[..self.fan_in].copy_from_slice(&self.x);
        Packed { w, channels, x }
    }

    /// Rows of which the first is `x`, and the others have other numbers.
    fn check_batch(&self, kernel: &impl QuantGemm, num_rows: usize) {
        let mut layers = vec![self.clone(); num_rows];
        for (row, layer) in layers.iter_mut().enumerate() {
            layer.x.iter_mut().for_each(|x| *x = x.wrapping_add((37 * row) as u8));
        }
        let packed: Vec<_> = layers.iter().map(Self::packed).collect();
        let Packed { w, channels, .. } = &packed[0];
        let x: Vec<_> = packed.iter().flat_map(|packed| packed.x.clone()).collect();
        let mut bytes = vec![[7_u8; 4]; num_rows * channels.len()];
        let mut scores = vec![[7_i16; 4]; num_rows * channels.len()];
        kernel.layer_of_batch(QuantBatch::new(num_rows, &x, w, channels, &mut bytes).unwrap());
        kernel.layer_of_batch(QuantBatch::new(num_rows, &x, w, channels, &mut scores).unwrap());
        let rows = bytes.chunks(channels.len()).zip(scores.chunks(channels.len()));
        for ((bytes, scores), layer) in rows.zip(&layers) {
            let bytes: Vec<i32> = bytes.as_flattened().iter().map(|&v| v.into()).collect();
            let scores: Vec<i32> = scores.as_flattened().iter().map(|&v| v.into()).collect();
            assert_eq!(bytes[..self.fan_out], layer.expected(0, 255));
            let expected = layer.expected(i16::MIN.into(), i16::MAX.into());
            assert_eq!(scores[..self.fan_out], expected);
        }
    }

    /// With every kernel that this computer has.
    fn check_with_all(&self, num_rows: usize) {
        macro_rules! check {
            ($($kernel:expr),+) => {
                $(self.check(&$kernel);
                self.check_batch(&$kernel, num_rows);)+
            };
        }
        check!(Portable, Backend::new(Kernel::default(), 1));
        #[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
        check!(Simd::new());
        #[cfg(target_arch = "x86_64")]
        check!(Simd::without_avx512());
    }

    fn check(&self, kernel: &impl QuantGemm) {
        let Packed { w, channels, x } = self.packed();
        let mut out = vec![[7_u8; 4]; channels.len()];
        kernel.layer(QuantArgs::new(&x, &w, &channels, &mut out).unwrap());
        let found: Vec<i32> = out.as_flattened().iter().map(|&v| v.into()).collect();
        assert_eq!(found[..self.fan_out], self.expected(0, 255));
        let mut out = vec![[7_i16; 4]; channels.len()];
        kernel.layer(QuantArgs::new(&x, &w, &channels, &mut out).unwrap());
        let found: Vec<i32> = out.as_flattened().iter().map(|&v| v.into()).collect();
        assert_eq!(found[..self.fan_out], self.expected(i16::MIN.into(), i16::MAX.into()));
    }
}

fn layers() -> impl Strategy<Value = Layer> {
    (1_usize..600, 1_usize..40).prop_flat_map(|(fan_in, fan_out)| {
        let channel = (-2_000_000..2_000_000, 1 << 30..=i32::MAX, -20..=-2);
        (
            proptest::collection::vec(-127_i8..=127, fan_in * fan_out),
            proptest::collection::vec(0_u8..=255, fan_in),
            proptest::collection::vec(channel, fan_out),
        )
            .prop_map(move |(w, x, channels)| Layer { fan_in, fan_out, w, x, channels })
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn a_layer_equals_the_definition_in_plain_integers(layer in layers(), num_rows in 1_usize..20) {
        layer.check_with_all(num_rows);
    }
}

/// The largest sums of two outputs in one register.
#[test]
fn a_layer_of_extremes_equals_the_definition() {
    for fan_in in [256, 257, 2052, 3072] {
        for (even, odd) in [(127, 127), (-127, 127), (127, -127), (-127, -127)] {
            let fan_out = 4;
            let rows = [even, odd, odd, even];
            let w = rows.iter().flat_map(|&w| vec![w; fan_in]).collect();
            let channels = vec![(0, 1 << 30, -10); fan_out];
            Layer { fan_in, fan_out, w, x: vec![255; fan_in], channels }.check_with_all(5);
        }
    }
}

/// Words that `pack` does not make: the weights of an output may be 128 then.
#[test]
fn any_words_give_the_same_outputs_with_every_kernel() {
    let mut rng = Rng::seed(4);
    let (groups, blocks, num_rows) = (601, 11, 9);
    for most in [false, true] {
        let mut word = || if most { 0x7FFF_7FFF } else { rng.next_u64() as u32 };
        let w: Vec<_> = (0..groups * blocks).map(|_| [word(), word(), word(), word()]).collect();
        let x: Vec<_> = (0..groups * num_rows).map(|_| [255 - rng.below(40) as u8; 4]).collect();
        let channels = vec![[Channel::new(-7, 1_500_000_000, -13); 4]; blocks];
        let run = |kernel: &dyn Fn(QuantBatch<'_, i16>)| {
            let mut out = vec![[0_i16; 4]; num_rows * blocks];
            kernel(QuantBatch::new(num_rows, &x, &w, &channels, &mut out).unwrap());
            out
        };
        let expected = run(&|batch| Portable.layer_of_batch(batch));
        #[cfg(target_arch = "x86_64")]
        assert!(run(&|batch| Simd::without_avx512().layer_of_batch(batch)) == expected);
        let backend = Backend::new(Kernel::default(), 1);
        assert!(run(&|batch| backend.layer_of_batch(batch)) == expected);
        assert!(run(&|batch| batch.into_rows().for_each(|row| backend.layer(row))) == expected);
    }
}
