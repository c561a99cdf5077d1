//! int8 layers with AVX2, and with the VNNI instructions for its vectors, which CPUs without AVX-512 may have.

use super::batch::{self, Line, MAX_BLOCKS, MAX_ROWS, Panels};
use super::{VECTORS_PER_SUM, input_order, requantize};
use barenet::quant::{Output, QuantBatch, QuantParts};
use core::arch::x86_64 as arch;

/// Groups of four inputs in a vector of weights of one block.
const GROUPS: usize = 2;

/// Blocks of four outputs whose sums are in registers at once.
const BLOCKS: usize = 4;

/// Adds to sums what packed words and their low bytes are, times inputs.
///
/// # Safety
///
/// The CPU must have its instructions.
trait AddProducts {
    unsafe fn add(sums: [&mut arch::__m256i; 2], inputs: arch::__m256i, words: arch::__m256i);
}

/// With AVX2.
struct Avx2;

impl AddProducts for Avx2 {
    #[inline]
    #[target_feature(enable = "avx2")]
    unsafe fn add(
        [both, low]: [&mut arch::__m256i; 2],
        inputs: arch::__m256i,
        words: arch::__m256i,
    ) {
        let bytes = arch::_mm256_srai_epi16::<8>(arch::_mm256_slli_epi16::<8>(words));
        *both = arch::_mm256_add_epi32(*both, arch::_mm256_madd_epi16(inputs, words));
        *low = arch::_mm256_add_epi32(*low, arch::_mm256_madd_epi16(inputs, bytes));
    }
}

/// With AVX-VNNI.
struct Vnni;

impl AddProducts for Vnni {
    #[inline]
    #[target_feature(enable = "avx2,avxvnni")]
    unsafe fn add(
        [both, low]: [&mut arch::__m256i; 2],
        inputs: arch::__m256i,
        words: arch::__m256i,
    ) {
        *both = arch::_mm256_dpwssd_avx_epi32(*both, inputs, words);
        *low = arch::_mm256_dpbusd_avx_epi32(*low, inputs, words);
    }
}

/// Computes a layer of one row.
///
/// # Safety
///
/// The CPU must have AVX2. The parts must be those of `QuantArgs`.
#[target_feature(enable = "avx2")]
pub(super) unsafe fn layer<O: Output>(parts: QuantParts<'_, O>) {
    // SAFETY: the promise of the caller.
    unsafe { layer_with::<Avx2, O>(parts) };
}

/// Computes a layer of one row with AVX-VNNI.
///
/// # Safety
///
/// The CPU must have AVX2 and AVX-VNNI. The parts must be those of `QuantArgs`.
#[target_feature(enable = "avx2,avxvnni")]
pub(super) unsafe fn layer_with_vnni<O: Output>(parts: QuantParts<'_, O>) {
    // SAFETY: the promise of the caller.
    unsafe { layer_with::<Vnni, O>(parts) };
}

/// # Safety
///
/// As of [`AddProducts`]; the parts must be those of `QuantArgs`.
#[inline(always)]
unsafe fn layer_with<A: AddProducts, O: Output>(parts: QuantParts<'_, O>) {
    let QuantParts { x, w, channels, out } = parts;
    let (whole, rest) = out.as_chunks_mut::<BLOCKS>();
    let mut done = 0;
    for out in whole {
        // SAFETY: the promise of the caller: `w` has `x.len()` groups for each block, `channels` a block for each of `out`.
        let sums = unsafe { sums::<A, BLOCKS>(x, w.as_ptr().add(done * x.len())) };
        requantize(&sums, &channels[done..], out);
        done += BLOCKS;
    }
    for out in rest {
        // SAFETY: as above.
        let sums = unsafe { sums::<A, 1>(x, w.as_ptr().add(done * x.len())) };
        requantize(&sums, &channels[done..], core::slice::from_mut(out));
        done += 1;
    }
}

/// The inputs of two groups.
static ORDER: [u8; 32] = input_order();

/// The sums of `N` blocks of four outputs, whose weights lie behind each other.
///
/// # Safety
///
/// The CPU must have AVX2; `w` must have `x.len()` groups for each block.
#[inline(always)]
unsafe fn sums<A: AddProducts, const N: usize>(x: &[[u8; 4]], w: *const [u32; 4]) -> [[i32; 4]; N] {
    // SAFETY: the promise of the caller: so many groups of `x`, four bytes each, and of each block's weights, four words each;
    // `ORDER` has 32 bytes, and the sums of a block have room for four.
    unsafe {
        let order = arch::_mm256_loadu_si256(ORDER.as_ptr().cast());
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
                        A::add([both, low], inputs, words);
                    }
                };
            }
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
            for ((high, both), low) in high.iter_mut().zip(both).zip(low) {
                let part = arch::_mm256_srai_epi32::<8>(arch::_mm256_sub_epi32(both, low));
                *high = arch::_mm256_add_epi32(*high, part);
            }
        }
        core::array::from_fn(|block| {
            let mut sums = [0; 4];
            let four = arch::_mm_unpacklo_epi32(pairs(low[block]), pairs(high[block]));
            arch::_mm_storeu_si128(sums.as_mut_ptr().cast(), four);
            sums
        })
    }
}

/// The sums of all even lanes and of all odd ones: words 0 and 2 are of outputs A and B, 1 and 3 of C and D.
#[inline]
#[target_feature(enable = "avx2")]
fn pairs(v: arch::__m256i) -> arch::__m128i {
    let other = arch::_mm256_extracti128_si256::<1>(v);
    let quarter = arch::_mm_add_epi32(arch::_mm256_castsi256_si128(v), other);
    arch::_mm_add_epi32(quarter, arch::_mm_shuffle_epi32::<0b01_00_11_10>(quarter))
}

/// Computes a layer of the rows of a batch with AVX-VNNI.
///
/// # Safety
///
/// The CPU must have AVX2 and AVX-VNNI.
#[target_feature(enable = "avx2,avxvnni")]
pub(super) unsafe fn layer_of_batch_with_vnni<O: Output>(batch: QuantBatch<'_, O>) {
    // SAFETY: the promise of the caller.
    unsafe { batch::layer_of_batch::<TwoPanels, O>(batch) }
}

/// Two vectors of eight outputs for six rows.
struct TwoPanels;

impl Panels for TwoPanels {
    const ROWS: usize = 6;
    const BLOCKS: usize = 4;
    const LINES: usize = 1;

    #[target_feature(enable = "avx2,avxvnni")]
    unsafe fn layer<O: Output>(parts: QuantParts<'_, O>) {
        // SAFETY: the promise of the caller.
        unsafe { layer_with_vnni(parts) };
    }

    #[target_feature(enable = "avx2")]
    unsafe fn put_in_lanes(w: &[[u32; 4]], groups: usize, to: &mut [Line]) -> bool {
        let last = w.len() / groups - 1;
        let order = arch::_mm256_broadcastsi128_si256(arch::_mm_set_epi32(
            0x0F07_0D05,
            0x0E06_0C04,
            0x0B03_0901,
            0x0A02_0800,
        ));
        let (sign, most) = (arch::_mm256_set1_epi16(0x80), arch::_mm256_set1_epi16(0x7F7F));
        let mut beyond = arch::_mm256_setzero_si256();
        for (group, to) in to.iter_mut().enumerate() {
            for (panel, to) in to.0.as_chunks_mut::<8>().0.iter_mut().enumerate() {
                // SAFETY: the group of a block that is there.
                let [a, b] = core::array::from_fn(|block| unsafe {
                    let block = (2 * panel + block).min(last);
                    arch::_mm_loadu_si128(w.as_ptr().add(block * groups + group).cast())
                });
                let words = arch::_mm256_set_m128i(b, a);
                beyond = arch::_mm256_or_si256(beyond, arch::_mm256_cmpgt_epi16(words, most));
                // The high byte of 256·B + A is B, less 1 if A is below 0.
                let borrow = arch::_mm256_slli_epi16::<1>(arch::_mm256_and_si256(words, sign));
                let bytes = arch::_mm256_add_epi16(words, borrow);
                // SAFETY: eight numbers.
                unsafe {
                    let to = to.as_mut_ptr().cast();
                    arch::_mm256_storeu_si256(to, arch::_mm256_shuffle_epi8(bytes, order));
                }
            }
        }
        arch::_mm256_testz_si256(beyond, beyond) == 1
    }

    #[inline]
    #[target_feature(enable = "avx2,avxvnni")]
    unsafe fn tile(
        x: [*const [u8; 4]; MAX_ROWS],
        w: &[Line],
        sums: &mut [[[i32; 4]; MAX_BLOCKS]; MAX_ROWS],
    ) {
        let mut vectors = [[arch::_mm256_setzero_si256(); 2]; Self::ROWS];
        for (group, w) in w.iter().enumerate() {
            // SAFETY: eight numbers each; four bytes of a row, which need not be aligned.
            unsafe {
                let w =
                    [0, 8].map(|lane: usize| arch::_mm256_loadu_si256(w.0[lane..].as_ptr().cast()));
                for (sums, x) in vectors.iter_mut().zip(x) {
                    let x = arch::_mm256_set1_epi32(x.add(group).cast::<i32>().read_unaligned());
                    for (sum, w) in sums.iter_mut().zip(w) {
                        *sum = arch::_mm256_dpbusd_avx_epi32(*sum, x, w);
                    }
                }
            }
        }
        for (sums, vectors) in sums.iter_mut().zip(vectors) {
            for (sums, vector) in sums.as_chunks_mut::<2>().0.iter_mut().zip(vectors) {
                // SAFETY: eight numbers.
                unsafe { arch::_mm256_storeu_si256(sums.as_mut_ptr().cast(), vector) };
            }
        }
    }
}
