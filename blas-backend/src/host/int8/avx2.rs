//! int8 layers with AVX2.

use super::requantize;
use barenet::quant::{Output, QuantParts};
use core::arch::x86_64 as arch;

/// Groups of four inputs in a vector of weights of one block.
const GROUPS: usize = 2;

/// Blocks of four outputs whose sums are in registers at once.
const BLOCKS: usize = 2;

/// Vectors after which the sums of packed weights are taken apart: a lane has two products of each, and
/// 2 · 128 · 255 · 128 is below 2²³, as [`GROUPS_PER_SUM`](barenet::quant::GROUPS_PER_SUM) explains.
const VECTORS_PER_SUM: usize = 128;

/// Computes a layer of one row.
///
/// # Safety
///
/// The CPU must have AVX2. The parts must be those of `QuantArgs`.
#[target_feature(enable = "avx2")]
pub(super) unsafe fn layer<O: Output>(parts: QuantParts<'_, O>) {
    let QuantParts { x, w, channels, out } = parts;
    let (whole, rest) = out.as_chunks_mut::<BLOCKS>();
    let mut done = 0;
    for out in whole {
        // SAFETY: the promise of the caller: `w` has `x.len()` groups for each block, `channels` a block for each of `out`.
        let sums = unsafe { sums::<BLOCKS>(x, w.as_ptr().add(done * x.len())) };
        requantize(&sums, &channels[done..], out);
        done += BLOCKS;
    }
    for out in rest {
        // SAFETY: as above.
        let sums = unsafe { sums::<1>(x, w.as_ptr().add(done * x.len())) };
        requantize(&sums, &channels[done..], core::slice::from_mut(out));
        done += 1;
    }
}

/// The inputs of two groups, each in a lane of 128 bits of its own: in 16 bits each, 0 and 2 for two words, 1 and 3 for
/// the other two.
static ORDER: [u8; 32] = {
    const NONE: u8 = 0x80;
    let mut order = [NONE; 32];
    let mut at = 0;
    while at < 32 {
        let (group, half) = (at / 16, at % 16 / 2);
        order[at] = (4 * group + half / 4 + half % 2 * 2) as u8;
        at += 2;
    }
    order
};

/// The sums of `N` blocks of four outputs, whose weights lie behind each other.
///
/// # Safety
///
/// The CPU must have AVX2; `w` must have `x.len()` groups for each block.
#[inline]
#[target_feature(enable = "avx2")]
unsafe fn sums<const N: usize>(x: &[[u8; 4]], w: *const [u32; 4]) -> [[i32; 4]; N] {
    // SAFETY: it has 32 bytes.
    let order = unsafe { arch::_mm256_loadu_si256(ORDER.as_ptr().cast()) };
    let zero = arch::_mm256_setzero_si256();
    let (mut low, mut high) = ([zero; N], [zero; N]);
    let stretch = VECTORS_PER_SUM * GROUPS;
    for start in (0..x.len()).step_by(stretch) {
        let end = (start + stretch).min(x.len());
        let whole = start + (end - start) / GROUPS * GROUPS;
        // Both then differ by what is added from here on.
        let mut both = low;
        macro_rules! add {
            ($at:expr, $two:expr, |$words:ident| $load:expr) => {
                let inputs =
                    arch::_mm256_shuffle_epi8(arch::_mm256_broadcastsi128_si256($two), order);
                for (block, (both, low)) in both.iter_mut().zip(&mut low).enumerate() {
                    let $words = w.add(block * x.len() + $at);
                    let words = $load;
                    let bytes = arch::_mm256_srai_epi16::<8>(arch::_mm256_slli_epi16::<8>(words));
                    *both = arch::_mm256_add_epi32(*both, arch::_mm256_madd_epi16(inputs, words));
                    *low = arch::_mm256_add_epi32(*low, arch::_mm256_madd_epi16(inputs, bytes));
                }
            };
        }
        // SAFETY: so many groups of `x`, four bytes each, and of each block's weights, four words each.
        unsafe {
            for at in (start..whole).step_by(GROUPS) {
                let two = arch::_mm_loadl_epi64(x.as_ptr().add(at).cast());
                add!(at, two, |words| arch::_mm256_loadu_si256(words.cast()));
            }
            if whole < end {
                let one = arch::_mm_cvtsi32_si128(i32::from_le_bytes(*x.as_ptr().add(whole)));
                add!(whole, one, |words| arch::_mm256_zextsi128_si256(arch::_mm_loadu_si128(
                    words.cast()
                )));
            }
        }
        for ((high, both), low) in high.iter_mut().zip(both).zip(low) {
            let part = arch::_mm256_srai_epi32::<8>(arch::_mm256_sub_epi32(both, low));
            *high = arch::_mm256_add_epi32(*high, part);
        }
    }
    core::array::from_fn(|block| {
        let mut sums = [0; 4];
        let four = arch::_mm_unpacklo_epi32(pairs(low[block]), pairs(high[block]));
        // SAFETY: `sums` has room for four.
        unsafe { arch::_mm_storeu_si128(sums.as_mut_ptr().cast(), four) };
        sums
    })
}

/// The sums of all even lanes and of all odd ones: words 0 and 2 are of outputs A and B, 1 and 3 of C and D.
#[inline]
#[target_feature(enable = "avx2")]
fn pairs(v: arch::__m256i) -> arch::__m128i {
    let other = arch::_mm256_extracti128_si256::<1>(v);
    let quarter = arch::_mm_add_epi32(arch::_mm256_castsi256_si128(v), other);
    arch::_mm_add_epi32(quarter, arch::_mm_shuffle_epi32::<0b01_00_11_10>(quarter))
}
