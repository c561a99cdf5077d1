//! int8 layers with the VNNI instructions of AVX-512.

use super::requantize;
use barenet::quant::{Output, QuantBatch, QuantParts};
use core::arch::x86_64 as arch;
use core::cell::RefCell;

/// Groups of four inputs in a vector of weights of one block.
const GROUPS: usize = 4;

/// Blocks of four outputs whose sums are in registers at once.
const BLOCKS: usize = 4;

/// Vectors after which the sums of packed weights are taken apart: a lane has two products of each, and
/// 2 · 128 · 255 · 128 is below 2²³, as [`GROUPS_PER_SUM`](barenet::quant::GROUPS_PER_SUM) explains.
const VECTORS_PER_SUM: usize = 128;

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

/// The inputs of four groups, each in a lane of 128 bits of its own: in 16 bits each, 0 and 2 for two words, 1 and 3 for
/// the other two.
static ORDER: [u8; 64] = {
    const NONE: u8 = 0x80;
    let mut order = [NONE; 64];
    let mut at = 0;
    while at < 64 {
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

/// Rows that are multiplied together.
const ROWS: usize = 8;

/// Vectors of 16 outputs that are multiplied together, and so many blocks.
const PANELS: usize = 2;
const PANEL_BLOCKS: usize = 4 * PANELS;

/// With fewer rows the weights are not put into another order.
const MIN_ROWS: usize = 4;

/// Weights of one group of inputs for 16 outputs, each in a lane.
#[derive(Clone, Copy)]
#[repr(align(64))]
struct Lanes([i32; 16]);

thread_local! {
    static WEIGHTS: RefCell<Vec<[Lanes; PANELS]>> = const { RefCell::new(Vec::new()) };
}

/// Computes a layer of the rows of a batch.
///
/// # Safety
///
/// The CPU must have AVX-512 F, BW, VL, DQ and VNNI.
#[target_feature(enable = "avx512f,avx512vl,avx512bw,avx512dq,avx512vnni,fma,avx2")]
pub(super) unsafe fn layer_of_batch<O: Output>(batch: QuantBatch<'_, O>) {
    let num_rows = batch.num_rows();
    let QuantParts { x, w, channels, out } = batch.into_parts();
    let (groups, blocks) = (x.len() / num_rows, channels.len());
    if blocks == 0 {
        return;
    }
    let mut weights = WEIGHTS.take();
    weights.resize(groups, [Lanes([0; 16]); PANELS]);
    let mut is_whole = num_rows >= MIN_ROWS;
    for left in (0..blocks).step_by(PANEL_BLOCKS) {
        let right = (left + PANEL_BLOCKS).min(blocks);
        if !is_whole {
            break;
        }
        // SAFETY: the promise of the caller.
        is_whole = unsafe { put_in_lanes(&w[left * groups..right * groups], &mut weights) };
        for top in (0..num_rows).step_by(ROWS) {
            // Rows that are not there are the last one again: what is summed of them is not stored.
            let rows =
                core::array::from_fn(|i| &x[(top + i).min(num_rows - 1) * groups..][..groups]);
            // SAFETY: the promise of the caller; each row has `groups` groups, as the weights have.
            let sums = unsafe { tile(rows, &weights) };
            for (row, sums) in (top..num_rows).zip(&sums) {
                let out = &mut out[row * blocks + left..row * blocks + right];
                requantize(sums, &channels[left..right], out);
            }
        }
    }
    WEIGHTS.set(weights);
    if !is_whole {
        for (x, out) in x.chunks_exact(groups).zip(out.chunks_exact_mut(blocks)) {
            // SAFETY: the promise of the caller.
            unsafe { layer(QuantParts { x, w, channels, out }) };
        }
    }
}

/// Puts the weights of up to [`PANEL_BLOCKS`] blocks into the order in which there is a lane for each output. Lanes without one
/// hold anything. Returns whether all are numbers of 8 bits: all that [`pack`](barenet::quant::pack) has packed are.
///
/// # Safety
///
/// The CPU must have AVX-512 F and BW; `w` must have `to.len()` groups for each block.
#[target_feature(enable = "avx512f,avx512bw")]
unsafe fn put_in_lanes(w: &[[u32; 4]], to: &mut [[Lanes; PANELS]]) -> bool {
    let groups = to.len();
    let last = w.len() / groups - 1;
    let order = arch::_mm512_broadcast_i32x4(arch::_mm_set_epi32(
        0x0F07_0D05,
        0x0E06_0C04,
        0x0B03_0901,
        0x0A02_0800,
    ));
    let (sign, most) = (arch::_mm512_set1_epi16(0x80), arch::_mm512_set1_epi16(0x7F7F));
    let mut beyond = 0;
    for (group, to) in to.iter_mut().enumerate() {
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
            // SAFETY: 16 lanes.
            unsafe {
                let to = to.0.as_mut_ptr().cast();
                arch::_mm512_store_si512(to, arch::_mm512_shuffle_epi8(bytes, order));
            }
        }
    }
    beyond == 0
}

/// The sums of some rows for [`PANELS`] vectors of outputs.
///
/// # Safety
///
/// The CPU must have AVX-512 F and VNNI; each row must have as many groups as `w`.
#[inline]
#[target_feature(enable = "avx512f,avx512vnni")]
unsafe fn tile(x: [&[[u8; 4]]; ROWS], w: &[[Lanes; PANELS]]) -> [[[i32; 4]; PANEL_BLOCKS]; ROWS] {
    let x = x.map(|row| row.as_ptr().cast::<i32>());
    let mut sums = [[arch::_mm512_setzero_si512(); PANELS]; ROWS];
    for (group, w) in w.iter().enumerate() {
        // SAFETY: 16 lanes, which are aligned; four bytes of a row, which need not be.
        unsafe {
            let w: [_; PANELS] =
                core::array::from_fn(|panel| arch::_mm512_load_si512(w[panel].0.as_ptr().cast()));
            for (sums, x) in sums.iter_mut().zip(x) {
                let x = arch::_mm512_set1_epi32(x.add(group).read_unaligned());
                for (sum, w) in sums.iter_mut().zip(w) {
                    *sum = arch::_mm512_dpbusd_epi32(*sum, x, w);
                }
            }
        }
    }
    let mut numbers = [[[0; 4]; PANEL_BLOCKS]; ROWS];
    for (numbers, sums) in numbers.iter_mut().zip(sums) {
        for (numbers, sum) in numbers.as_chunks_mut::<4>().0.iter_mut().zip(sums) {
            // SAFETY: 16 numbers.
            unsafe { arch::_mm512_storeu_si512(numbers.as_mut_ptr().cast(), sum) };
        }
    }
    numbers
}
