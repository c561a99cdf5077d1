//! int8 layers with the VNNI instructions of AVX-512.

use super::batch::{self, Line, MAX_BLOCKS, MAX_ROWS, Panels};
use super::{VECTORS_PER_SUM, input_order, requantize};
use barenet::quant::{Output, QuantBatch, QuantParts};
use core::arch::x86_64 as arch;

/// Groups of four inputs in a vector of weights of one block.
const GROUPS: usize = 4;

/// Blocks of four outputs whose sums are in registers at once.
const BLOCKS: usize = 4;

/// Computes a layer of one row.
///
/// # Safety
///
/// The CPU must have AVX-512 F, BW, VL, DQ and VNNI. The parts must be those of `QuantArgs`.
#[target_feature(enable = "avx512f,avx512vl,avx512bw,avx512dq,avx512vnni,fma,avx2")]
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

/// The inputs of four groups.
static ORDER: [u8; 64] = input_order();

/// The sums of `N` blocks of four outputs, whose weights lie behind each other.
///
/// # Safety
///
/// The CPU must have the instructions; `w` must have `x.len()` groups for each block.
#[inline]
#[target_feature(enable = "avx512f,avx512vl,avx512bw,avx512dq,avx512vnni,fma,avx2")]
unsafe fn sums<const N: usize>(x: &[[u8; 4]], w: *const [u32; 4]) -> [[i32; 4]; N] {
    // SAFETY: it has 64 bytes.
    let order = unsafe { arch::_mm512_loadu_si512(ORDER.as_ptr().cast()) };
    let zero = arch::_mm512_setzero_si512();
    let (mut low, mut high) = ([zero; N], [zero; N]);
    let stretch = VECTORS_PER_SUM * GROUPS;
    for start in (0..x.len()).step_by(stretch) {
        let end = (start + stretch).min(x.len());
        let whole = start + (end - start) / GROUPS * GROUPS;
        // Both then differ by what is added from here on.
        let mut both = low;
        macro_rules! add {
            ($at:expr, $four:expr, |$words:ident| $load:expr) => {
                let inputs = arch::_mm512_shuffle_epi8(arch::_mm512_broadcast_i32x4($four), order);
                for (block, (both, low)) in both.iter_mut().zip(&mut low).enumerate() {
                    let $words = w.add(block * x.len() + $at);
                    let words = $load;
                    *both = arch::_mm512_dpwssd_epi32(*both, inputs, words);
                    *low = arch::_mm512_dpbusd_epi32(*low, inputs, words);
                }
            };
        }
        // SAFETY: so many groups of `x`, four bytes each, and of each block's weights, four words each; lanes that are
        // masked are not read.
        unsafe {
            for at in (start..whole).step_by(GROUPS) {
                let four = arch::_mm_loadu_si128(x.as_ptr().add(at).cast());
                add!(at, four, |words| arch::_mm512_loadu_si512(words.cast()));
            }
            if whole < end {
                let rest = end - whole;
                let from = x.as_ptr().add(whole).cast();
                let four = arch::_mm_maskz_loadu_epi32((1 << rest) - 1, from);
                let mask = u16::MAX >> (16 - 4 * rest);
                add!(whole, four, |words| arch::_mm512_maskz_loadu_epi32(mask, words.cast()));
            }
        }
        for ((high, both), low) in high.iter_mut().zip(both).zip(low) {
            let part = arch::_mm512_srai_epi32::<8>(arch::_mm512_sub_epi32(both, low));
            *high = arch::_mm512_add_epi32(*high, part);
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
#[target_feature(enable = "avx512f")]
fn pairs(v: arch::__m512i) -> arch::__m128i {
    let other = arch::_mm512_extracti64x4_epi64::<1>(v);
    let half = arch::_mm256_add_epi32(arch::_mm512_castsi512_si256(v), other);
    let other = arch::_mm256_extracti128_si256::<1>(half);
    let quarter = arch::_mm_add_epi32(arch::_mm256_castsi256_si128(half), other);
    arch::_mm_add_epi32(quarter, arch::_mm_shuffle_epi32::<0b01_00_11_10>(quarter))
}

/// Computes a layer of the rows of a batch.
///
/// # Safety
///
/// As of [`layer`].
#[target_feature(enable = "avx512f,avx512vl,avx512bw,avx512dq,avx512vnni,fma,avx2")]
pub(super) unsafe fn layer_of_batch<O: Output>(batch: QuantBatch<'_, O>) {
    // SAFETY: the promise of the caller.
    unsafe { batch::layer_of_batch::<TwoPanels, O>(batch) }
}

/// Two vectors of 16 outputs for eight rows.
struct TwoPanels;

impl Panels for TwoPanels {
    const ROWS: usize = 8;
    const BLOCKS: usize = 8;
    const LINES: usize = 2;

    #[target_feature(enable = "avx512f,avx512vl,avx512bw,avx512dq,avx512vnni,fma,avx2")]
    unsafe fn layer<O: Output>(parts: QuantParts<'_, O>) {
        // SAFETY: the promise of the caller.
        unsafe { layer(parts) };
    }

    #[target_feature(enable = "avx512f,avx512bw")]
    unsafe fn put_in_lanes(w: &[[u32; 4]], groups: usize, to: &mut [Line]) -> bool {
        let last = w.len() / groups - 1;
        let order = arch::_mm512_broadcast_i32x4(arch::_mm_set_epi32(
            0x0F07_0D05,
            0x0E06_0C04,
            0x0B03_0901,
            0x0A02_0800,
        ));
        let (sign, most) = (arch::_mm512_set1_epi16(0x80), arch::_mm512_set1_epi16(0x7F7F));
        let mut beyond = 0;
        for (group, to) in to.as_chunks_mut::<2>().0.iter_mut().enumerate() {
            for (panel, to) in to.iter_mut().enumerate() {
                // SAFETY: the group of a block that is there.
                let [a, b, c, d] = core::array::from_fn(|block| unsafe {
                    let block = (4 * panel + block).min(last);
                    arch::_mm_loadu_si128(w.as_ptr().add(block * groups + group).cast())
                });
                let words = arch::_mm512_castsi128_si512(a);
                let words = arch::_mm512_inserti32x4::<1>(words, b);
                let words = arch::_mm512_inserti32x4::<2>(words, c);
                let words = arch::_mm512_inserti32x4::<3>(words, d);
                beyond |= arch::_mm512_cmpgt_epi16_mask(words, most);
                // The high byte of 256·B + A is B, less 1 if A is below 0.
                let borrow = arch::_mm512_slli_epi16::<1>(arch::_mm512_and_si512(words, sign));
                let bytes = arch::_mm512_add_epi16(words, borrow);
                // SAFETY: a line, which is aligned.
                unsafe {
                    let to = to.0.as_mut_ptr().cast();
                    arch::_mm512_store_si512(to, arch::_mm512_shuffle_epi8(bytes, order));
                }
            }
        }
        beyond == 0
    }

    #[inline]
    #[target_feature(enable = "avx512f,avx512vnni")]
    unsafe fn tile(
        x: [*const [u8; 4]; MAX_ROWS],
        w: &[Line],
        sums: &mut [[[i32; 4]; MAX_BLOCKS]; MAX_ROWS],
    ) {
        let mut vectors = [[arch::_mm512_setzero_si512(); 2]; Self::ROWS];
        for (group, w) in w.as_chunks::<2>().0.iter().enumerate() {
            // SAFETY: lines, which are aligned; four bytes of a row, which need not be.
            unsafe {
                let w =
                    [0, 1].map(|panel: usize| arch::_mm512_load_si512(w[panel].0.as_ptr().cast()));
                for (sums, x) in vectors.iter_mut().zip(x) {
                    let x = arch::_mm512_set1_epi32(x.add(group).cast::<i32>().read_unaligned());
                    for (sum, w) in sums.iter_mut().zip(w) {
                        *sum = arch::_mm512_dpbusd_epi32(*sum, x, w);
                    }
                }
            }
        }
        for (sums, vectors) in sums.iter_mut().zip(vectors) {
            for (sums, vector) in sums.as_chunks_mut::<4>().0.iter_mut().zip(vectors) {
                // SAFETY: 16 numbers.
                unsafe { arch::_mm512_storeu_si512(sums.as_mut_ptr().cast(), vector) };
            }
        }
    }
}
