//! Rounding to bf16, the upper half of an `f32`.

/// The nearest bf16 in the upper half of its 32 bits, the even one of two; NaN of NaN, and infinity of what is nearer to it than
/// to a bf16.
#[inline(always)]
pub(crate) const fn nearest_bf16(x: f32) -> u32 {
    let bits = x.to_bits();
    let rounded = bits.wrapping_add(0x7FFF + (bits >> 16 & 1)) & 0xFFFF_0000;
    // Of a NaN, the addition could leave its payload.
    if bits & 0x7FFF_FFFF > 0x7F80_0000 { bits & 0xFFFF_0000 | 0x40_0000 } else { rounded }
}
