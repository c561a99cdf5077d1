//! int8 layers with the DSP instructions of Cortex-M4, M7, M33 and above.
//!
//! The loop body takes four inputs for four outputs, 16 products, in 16 instructions: one load each for
//! inputs and weights, two that widen the inputs, and three for every four products, as
//! [`barenet::quant`] explains. The compiler cannot be trusted with it: it needs 13 of the 14 registers
//! that there are.
//!
//! Inputs may lie anywhere: not at a multiple of four bytes they are loaded byte by byte, which makes it 22
//! instructions. To load words there too works on most systems, but is a fault where unaligned ones are trapped
//! (CCR.UNALIGN_TRP), and in device memory.

use barenet::quant::{Output, QuantArgs, QuantGemm};

/// int8 layers with SMLAD and SXTB16, on Cortex-M4, M7, M33 and above.
///
/// On other processors it is [`barenet::Portable`], so that a program needs only one name: the bits are
/// the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CortexMDsp;

#[cfg(cortex_m_dsp)]
mod int4;

#[cfg(not(cortex_m_dsp))]
impl QuantGemm for CortexMDsp {
    fn layer<O: Output>(&self, args: QuantArgs<'_, O>) {
        barenet::Portable.layer(args);
    }
}

#[cfg(cortex_m_dsp)]
impl QuantGemm for CortexMDsp {
    fn layer<O: Output>(&self, args: QuantArgs<'_, O>) {
        let barenet::quant::QuantParts { x, w, channels, out } = args.into_parts();
        if channels.is_empty() {
            return;
        }
        // SAFETY: `QuantArgs` exists, so there is at least one group in `x`, `w` has a group for each of
        // `x` and block of `channels`, and `out` as many blocks as `channels`; there is one. Words and
        // channels are aligned by their types. `O` is `u8` or `i16`: the trait is sealed.
        unsafe {
            assembly::layer(
                x.as_ptr(),
                w.as_ptr(),
                channels.as_ptr(),
                out.as_mut_ptr().cast(),
                x.len(),
                channels.len(),
                O::BYTES,
            );
        }
    }

    fn layer_int4<O: Output>(&self, args: barenet::quant::Int4Args<'_, O>) {
        int4::layer(args);
    }
}

/// If the target's name does not say that there are DSP instructions, the assembler is told the
/// processor: at link time it reads this without the compiler's flags.
#[cfg(cortex_m_dsp = "named")]
macro_rules! processor {
    () => {
        concat!(".cpu ", env!("CORTEX_M_CPU"))
    };
}
#[cfg(all(cortex_m_dsp, not(cortex_m_dsp = "named")))]
macro_rules! processor {
    () => {
        ""
    };
}

/// One output: `$sum` ← round((`$sum` + bias) · m · 2^(−32 − shift)). The shift leaves in the carry
/// the bit by which to round.
#[cfg(cortex_m_dsp)]
macro_rules! requantize {
    ($sum:literal) => {
        concat!(
            "
            ldm    r2!, {{r5, r6, r7}}
            add    r5, r5, ",
            $sum,
            "
            smull  r8, r6, r5, r6
            asrs   r6, r6, r7
            adc    ",
            $sum,
            ", r6, #0
            "
        )
    };
}

/// Loads four inputs from any address, r0: 0 and 2 to r3, 1 and 3 to r4. r5 and r6 are lost.
#[cfg(cortex_m_dsp)]
macro_rules! unaligned_inputs {
    () => {
        "
        ldrb     r3, [r0]
        ldrb     r4, [r0, #1]
        ldrb     r5, [r0, #2]
        ldrb     r6, [r0, #3]
        adds     r0, #4
        pkhbt    r3, r3, r5, lsl #16
        pkhbt    r4, r4, r6, lsl #16
        "
    };
}

/// Cuts the outputs off at the ends of their type with one instruction, and stores them with another.
#[cfg(cortex_m_dsp)]
macro_rules! store {
    ($cut_off:literal, $bits:literal, $store:literal, $step:literal, [$($sum:literal),+]) => {
        concat!(
            $($cut_off, " ", $sum, ", ", $bits, ", ", $sum, "\n",)+
            $($store, " ", $sum, ", [lr], ", $step, "\n",)+
        )
    };
}

/// The end of a block of four outputs, whose sums are in these registers: they are requantised, by the macro of that name, and
/// stored at lr, as bytes or as scores, and the next block begins at the label 2. On the stack are, besides the channels at 4,
/// the bytes of an output and the blocks left.
#[cfg(cortex_m_dsp)]
macro_rules! finish_block {
    ([$a:literal, $b:literal, $c:literal, $d:literal], $requantize:ident, bytes: $bytes:literal, blocks: $blocks:literal) => {
        concat!(
            "
            ldr      r2, [sp, #4]
            ",
            $requantize!($a),
            $requantize!($b),
            $requantize!($c),
            $requantize!($d),
            "
            str      r2, [sp, #4]
            ldr      r2, [sp, ",
            $bytes,
            "]
            cmp      r2, #1
            bne      6f
            ",
            store!("usat", "#8", "strb", "#1", [$a, $b, $c, $d]),
            "
            b        7f
        6:
            ",
            store!("ssat", "#16", "strh", "#2", [$a, $b, $c, $d]),
            "
        7:
            ldr      r2, [sp, ",
            $blocks,
            "]
            subs     r2, #1
            str      r2, [sp, ",
            $blocks,
            "]
            bne.w    2b
            "
        )
    };
}
#[cfg(cortex_m_dsp)]
use {finish_block, processor, store, unaligned_inputs};

#[cfg(cortex_m_dsp)]
mod assembly {
    use barenet::quant::{Channel, GROUPS_PER_SUM};
    use core::arch::naked_asm;

    /// Four inputs for four outputs. 64 bytes, which the jump into the loop counts on.
    ///
    /// ```text
    /// r0 inputs     r3, r4 inputs 0 and 2, 1 and 3      r9  Σ x·(256·B + A)     r11 Σ x·(256·D + C)
    /// r1 weights    r5–r8 weights                       r10 Σ x·A               r12 Σ x·C
    /// ```
    macro_rules! group {
        () => {
            concat!(
                "
                ldr.w    r4, [r0], #4
                ldm.w    r1!, {{r5, r6, r7, r8}}
                uxtb16   r3, r4
                uxtb16   r4, r4, ror #8
                ",
                products!()
            )
        };
    }

    /// The same with inputs at any address.
    macro_rules! unaligned_group {
        () => {
            concat!(
                unaligned_inputs!(),
                "
                ldm.w    r1!, {{r5, r6, r7, r8}}
                ",
                products!()
            )
        };
    }

    /// Products of inputs and weights, for both.
    macro_rules! products {
        () => {
            "
            smlad    r9, r3, r5, r9
            sxtb16   r5, r5
            smlad    r10, r3, r5, r10
            smlad    r11, r3, r6, r11
            sxtb16   r6, r6
            smlad    r12, r3, r6, r12
            smlad    r9, r4, r7, r9
            sxtb16   r7, r7
            smlad    r10, r4, r7, r10
            smlad    r11, r4, r8, r11
            sxtb16   r8, r8
            smlad    r12, r4, r8, r12
            "
        };
    }

    /// A layer: for every block of four outputs the sums over all groups of inputs, taken apart every
    /// [`GROUPS_PER_SUM`] groups, then requantised and stored.
    ///
    /// # Safety
    ///
    /// `groups` and `blocks` are at least 1. `x` has `groups` elements and need not be aligned. `w` has
    /// `groups · blocks` elements, `channels` has `blocks`. `out` can be written to for 4 · `blocks` numbers of `bytes`, 1 (`u8`) or 2 (`i16`).
    #[unsafe(naked)]
    pub(super) unsafe extern "C" fn layer(
        x: *const [u8; 4],
        w: *const [u32; 4],
        channels: *const [Channel; 4],
        out: *mut u8,
        groups: usize,
        blocks: usize,
        bytes: usize,
    ) {
        // Stack: 0 x, 4 channels, 8 groups left, 12 Σ x·B, 16 Σ x·D, 20 saved registers,
        //        56 groups, 60 blocks left, 64 bytes.
        naked_asm!(
            processor!(),
            "
            push.w   {{r4-r11, lr}}
            sub      sp, #20
            str      r0, [sp, #0]
            str      r2, [sp, #4]
            mov      lr, r3

        2:  // A block of four outputs.
            ldr      r0, [sp, #0]
            ldr      r2, [sp, #56]
            mov.w    r9, #0
            mov.w    r10, #0
            mov.w    r11, #0
            mov.w    r12, #0
            strd     r9, r9, [sp, #12]

        3:  // A sum over the r2 groups left, but not too many.
            subs     r3, r2, #{groups_per_sum}
            usat     r3, #31, r3
            subs     r2, r2, r3
            str      r3, [sp, #8]
            lsls     r3, r0, #30
            bne.w    8f
            // Four groups a turn; the first turn starts so that the last is a whole one.
            rsbs     r3, r2, #0
            and      r3, r3, #3
            lsls     r3, r3, #6
            add      pc, r3
            nop
        4:
            ",
            group!(),
            group!(),
            group!(),
            group!(),
            "
            subs     r2, #4
            bgt.w    4b

        9:
            ldrd     r3, r4, [sp, #12]
            ldr      r2, [sp, #8]
            sub      r9, r9, r10
            sub      r11, r11, r12
            add      r3, r3, r9, asr #8
            add      r4, r4, r11, asr #8
            cbz      r2, 5f
            strd     r3, r4, [sp, #12]
            mov      r9, r10
            mov      r11, r12
            b        3b

        5:  // The sums are in r10, r3, r12, r4.
            ",
            finish_block!(["r10", "r3", "r12", "r4"], requantize, bytes: "#64", blocks: "#60"),
            "
            add      sp, #20
            pop.w    {{r4-r11, pc}}

        8:  // The groups of a sum, with inputs that are not aligned.
            ",
            unaligned_group!(),
            "
            subs     r2, #1
            bne      8b
            b        9b
            ",
            groups_per_sum = const GROUPS_PER_SUM,
        );
    }
}
