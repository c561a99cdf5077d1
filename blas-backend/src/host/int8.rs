//! int8 layers on a computer: the networks of [`barenet::quant`], with the bits that they have on a microcontroller.
//!
//! Words of weights are multiplied as they are packed. A half of a word is 256·B + A, so one instruction that multiplies
//! pairs of 16 bits gives Σ x·(256·B + A), and one that multiplies bytes, with inputs of 0 beside each other one,
//! Σ x·A. Of a batch, the weights are first put into the order of VNNI: once for all rows, and then there is one
//! instruction for 64 products.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod batch;
#[cfg(target_arch = "x86_64")]
mod vnni;

#[cfg(own_kernels)]
use crate::host::Simd;
use crate::host::{Backend, Kernel};
use barenet::Portable;
#[cfg(target_arch = "x86_64")]
use barenet::quant::Channel;
use barenet::quant::{Output, QuantArgs, QuantBatch, QuantGemm};

/// Instructions for int8 layers that this CPU has.
#[cfg(target_arch = "x86_64")]
#[derive(Clone, Copy, Debug)]
enum Int8 {
    /// VNNI of AVX-512.
    Vnni512,
    /// VNNI for the vectors of AVX2.
    Vnni256,
    Avx2,
}

#[cfg(target_arch = "x86_64")]
impl Int8 {
    fn of(simd: Simd) -> Option<Self> {
        use crate::host::isa::Isa;
        match simd.isa()? {
            Isa::Avx512 if is_x86_feature_detected!("avx512vnni") => Some(Self::Vnni512),
            _ if is_x86_feature_detected!("avxvnni") => Some(Self::Vnni256),
            Isa::Avx512 | Isa::Avx2 => Some(Self::Avx2),
        }
    }
}

#[cfg(target_arch = "x86_64")]
impl QuantGemm for Int8 {
    fn layer<O: Output>(&self, args: QuantArgs<'_, O>) {
        let parts = args.into_parts();
        // SAFETY: `Int8` exists only for what the CPU has; the parts are those of `QuantArgs`.
        unsafe {
            match self {
                Self::Vnni512 => vnni::layer(parts),
                Self::Vnni256 => avx2::layer_with_vnni(parts),
                Self::Avx2 => avx2::layer(parts),
            }
        }
    }

    fn layer_of_batch<O: Output>(&self, batch: QuantBatch<'_, O>) {
        // SAFETY: as above.
        unsafe {
            match self {
                Self::Vnni512 => vnni::layer_of_batch(batch),
                Self::Vnni256 => avx2::layer_of_batch_with_vnni(batch),
                Self::Avx2 => batch.into_rows().for_each(|args| self.layer(args)),
            }
        }
    }
}

/// On x86-64 with the VNNI of AVX-512 or AVX2, or with AVX2 alone; elsewhere it is [`Portable`]. All give the same bits.
#[cfg(own_kernels)]
impl QuantGemm for Simd {
    fn layer<O: Output>(&self, args: QuantArgs<'_, O>) {
        #[cfg(target_arch = "x86_64")]
        if let Some(int8) = Int8::of(*self) {
            return int8.layer(args);
        }
        Portable.layer(args);
    }

    fn layer_of_batch<O: Output>(&self, batch: QuantBatch<'_, O>) {
        #[cfg(target_arch = "x86_64")]
        if let Some(int8) = Int8::of(*self) {
            return int8.layer_of_batch(batch);
        }
        Portable.layer_of_batch(batch);
    }
}

/// With the kernel [`Kernel::Portable`] it is [`Portable`], otherwise this crate's own kernel, whichever multiplies matrices.
impl QuantGemm for Backend {
    fn layer<O: Output>(&self, args: QuantArgs<'_, O>) {
        match self.kernel() {
            Kernel::Portable => Portable.layer(args),
            #[cfg(own_kernels)]
            _ => Simd::new().layer(args),
            #[cfg(not(own_kernels))]
            _ => Portable.layer(args),
        }
    }

    fn layer_of_batch<O: Output>(&self, batch: QuantBatch<'_, O>) {
        match self.kernel() {
            Kernel::Portable => Portable.layer_of_batch(batch),
            #[cfg(own_kernels)]
            _ => Simd::new().layer_of_batch(batch),
            #[cfg(not(own_kernels))]
            _ => Portable.layer_of_batch(batch),
        }
    }
}

/// Vectors after which the sums of packed weights are taken apart: a lane has two products of each, and
/// 2 · 128 · 255 · 128 is below 2²³, as [`GROUPS_PER_SUM`](barenet::quant::GROUPS_PER_SUM) explains.
#[cfg(target_arch = "x86_64")]
const VECTORS_PER_SUM: usize = 128;

/// The order of inputs in a vector, a group of four to each 128 bits: in 16 bits each, 0 and 2 for two words, 1 and 3 for the
/// other two.
#[cfg(target_arch = "x86_64")]
const fn input_order<const N: usize>() -> [u8; N] {
    const NONE: u8 = 0x80;
    let mut order = [NONE; N];
    let mut at = 0;
    while at < N {
        let (group, half) = (at / 16, at % 16 / 2);
        order[at] = (4 * group + half / 4 + half % 2 * 2) as u8;
        at += 2;
    }
    order
}

/// From sums to outputs.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
fn requantize<O: Output>(sums: &[[i32; 4]], channels: &[[Channel; 4]], out: &mut [[O; 4]]) {
    let (sums, channels) = (sums.as_flattened(), channels.as_flattened());
    for ((&sum, channel), out) in sums.iter().zip(channels).zip(out.as_flattened_mut()) {
        *out = O::saturate(channel.requantize(sum));
    }
}

#[cfg(all(test, target_arch = "x86_64"))]
mod tests {
    use super::*;
    use barenet::Rng;
    use barenet::quant::Channel;

    /// All that this CPU has.
    fn kernels() -> Vec<Int8> {
        let mut kernels: Vec<_> = Int8::of(Simd::new()).into_iter().collect();
        if Simd::new().isa().is_some() {
            kernels.extend(Int8::of(Simd::without_avx512()));
            kernels.push(Int8::Avx2);
        }
        kernels
    }

    /// Drawn words, first any, some of which have a weight of 128, which `pack` does not make. In memory that ends where the
    /// numbers do, for tools that watch every access.
    #[test]
    fn layers_of_odd_sizes_have_the_bits_of_the_portable_kernel() {
        let mut rng = Rng::seed(3);
        let sizes =
            [(1, 0, 2), (1, 1, 1), (2, 3, 4), (3, 4, 5), (5, 9, 8), (7, 8, 17), (514, 9, 6)];
        for (mask, (groups, blocks, num_rows)) in
            [u32::MAX, 0xBFFF_BFFF].into_iter().flat_map(|mask| sizes.map(|sizes| (mask, sizes)))
        {
            let x: Vec<[u8; 4]> =
                (0..groups * num_rows).map(|_| [(); 4].map(|()| rng.below(256) as u8)).collect();
            let mut word = || rng.next_u64() as u32 & mask;
            let w: Vec<[u32; 4]> = (0..groups * blocks).map(|_| [(); 4].map(|()| word())).collect();
            let channels = vec![[Channel::new(5, 1 << 30, -12); 4]; blocks];
            let run = |kernel: &dyn Fn(QuantBatch<'_, u8>)| {
                let mut out = vec![[1; 4]; num_rows * blocks];
                kernel(QuantBatch::new(num_rows, &x, &w, &channels, &mut out).unwrap());
                out
            };
            let expected = run(&|batch| Portable.layer_of_batch(batch));
            for kernel in kernels() {
                assert_eq!(run(&|batch| kernel.layer_of_batch(batch)), expected, "{kernel:?}");
                let by_rows = run(&|batch| batch.into_rows().for_each(|row| kernel.layer(row)));
                assert_eq!(by_rows, expected, "{kernel:?}");
            }
        }
    }
}
