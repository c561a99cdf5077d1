//! Layers whose weights have 4 bits, with the DSP instructions of Cortex-M4, M7, M33 and above.
//!
//! The loop body takes four inputs for four outputs, 16 products, in 20 instructions: one load each for inputs and
//! weights, two that widen the inputs, and for every two products an AND, which shifts the weights on its way, and a SMLAD.

use super::{finish_block, processor, store, unaligned_inputs};
use barenet::quant::{Int4Args, Output, PackedChannel, QuantParts};
use core::arch::naked_asm;

/// Computes a layer.
pub(super) fn layer<O: Output>(args: Int4Args<'_, O>) {
    let QuantParts { x, w, channels, out } = args.into_parts();
    if channels.is_empty() {
        return;
    }
    // SAFETY: `QuantArgs` exists, so there is at least one group in `x`, `w` has a group for each of `x` and block of
    // `channels`, and `out` as many blocks as `channels`; there is one. Words and channels are aligned by their types. `O` is
    // `u8` or `i16`: the trait is sealed.
    unsafe {
        assembly(
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

/// One output: `$sum` ← round((`$sum` + mantissa · 2^exponent) · (2³⁰ + factor · 2²²) · 2^(−32 − s)), of the fields of a
/// [`PackedChannel`]. r8 has 2³⁰ in it, and any factor.
macro_rules! requantize {
    ($sum:literal) => {
        concat!(
            "
            ldr    r5, [r2], #4
            asrs   r6, r5, #18
            ubfx   r7, r5, #13, #5
            bfi    r8, r5, #22, #8
            lsls   r6, r6, r7
            add    r6, r6, ",
            $sum,
            "
            ubfx   r7, r5, #8, #5
            smull  r5, r6, r6, r8
            asrs   r6, r6, r7
            adc    ",
            $sum,
            ", r6, #0
            "
        )
    };
}

/// Two inputs for four outputs, of which `$x` has the inputs and `$w` the weights.
macro_rules! pair {
    ($x:literal, $w:literal) => {
        concat!(
            pair!($x, $w, "r9", ""),
            pair!($x, $w, "r10", ", lsr #4"),
            pair!($x, $w, "r11", ", lsr #8"),
            pair!($x, $w, "r12", ", lsr #12"),
        )
    };
    ($x:literal, $w:literal, $sum:literal, $shift:literal) => {
        concat!("and.w r7, r8, ", $w, $shift, "\nsmlad ", $sum, ", ", $x, ", r7, ", $sum, "\n")
    };
}

/// Four inputs for four outputs. 80 bytes, which the jump into the loop counts on.
///
/// ```text
/// r0 inputs     r3, r4 inputs 0 and 2, 1 and 3      r7 weights of two inputs      r9–r12 sums
/// r1 weights    r5, r6 weights                      r8 0x000F000F
/// ```
macro_rules! group {
    () => {
        concat!(
            "
            ldr.w    r4, [r0], #4
            ldrd     r5, r6, [r1], #8
            uxtb16   r3, r4
            uxtb16   r4, r4, ror #8
            ",
            pair!("r3", "r5"),
            pair!("r4", "r6"),
        )
    };
}

/// The same with inputs at any address.
macro_rules! unaligned_group {
    () => {
        concat!(
            unaligned_inputs!(),
            "
            ldrd     r5, r6, [r1], #8
            ",
            pair!("r3", "r5"),
            pair!("r4", "r6"),
        )
    };
}

/// A layer: −8 · Σ x, and for every block of four outputs the sums from there on over all groups of inputs, then requantised and
/// stored.
///
/// # Safety
///
/// `groups` and `blocks` are at least 1. `x` has `groups` elements and need not be aligned. `w` has `groups · blocks` elements,
/// `channels` has `blocks`. `out` can be written to for 4 · `blocks` numbers of `bytes`, 1 (`u8`) or 2 (`i16`).
#[unsafe(naked)]
unsafe extern "C" fn assembly(
    x: *const [u8; 4],
    w: *const [u32; 2],
    channels: *const [PackedChannel; 4],
    out: *mut u8,
    groups: usize,
    blocks: usize,
    bytes: usize,
) {
    // Stack: 0 x, 4 channels, 8 −8 · Σ x, 12 saved registers, 48 groups, 52 blocks left, 56 bytes.
    naked_asm!(
        processor!(),
        "
        push.w   {{r4-r11, lr}}
        sub      sp, #12
        str      r0, [sp, #0]
        str      r2, [sp, #4]
        mov      lr, r3

        // −8 · Σ x.
        ldr      r2, [sp, #48]
        movs     r4, #0
        movs     r6, #0
        lsls     r3, r0, #30
        bne      3f
    5:
        ldr      r3, [r0], #4
        usada8   r4, r3, r6, r4
        subs     r2, #1
        bne      5b
        b        9f
    3:
        ldrb     r3, [r0], #1
        ldrb     r5, [r0], #1
        adds     r4, r4, r3
        adds     r4, r4, r5
        ldrb     r3, [r0], #1
        ldrb     r5, [r0], #1
        adds     r4, r4, r3
        adds     r4, r4, r5
        subs     r2, #1
        bne      3b
    9:
        lsls     r4, r4, #3
        rsbs     r4, r4, #0
        str      r4, [sp, #8]

    2:  // A block of four outputs.
        ldr      r0, [sp, #0]
        ldr      r2, [sp, #48]
        ldr.w    r9, [sp, #8]
        mov.w    r8, #0x000F000F
        mov      r10, r9
        mov      r11, r9
        mov      r12, r9
        lsls     r3, r0, #30
        bne.w    8f
        // Four groups a turn; the first turn starts so that the last is a whole one.
        rsbs     r3, r2, #0
        and      r3, r3, #3
        add.w    r3, r3, r3, lsl #2
        lsl.w    r3, r3, #4
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
        mov.w    r8, #0x40000000
        ",
        finish_block!(["r9", "r10", "r11", "r12"], requantize, bytes: "#56", blocks: "#52"),
        "
        add      sp, #12
        pop.w    {{r4-r11, pc}}

    8:  // The groups of a sum, with inputs that are not aligned.
        ",
        unaligned_group!(),
        "
        subs     r2, #1
        bne      8b
        b        9b
        ",
    );
}
