//! A channel in four bytes, as networks with weights of 4 bits store it.

use super::requant::Channel;

const MANTISSA_BITS: u32 = 14;
const EXPONENT_BITS: u32 = 5;
const SHIFT_BITS: u32 = 5;
const FACTOR_BITS: u32 = 8;

/// Where the shift begins, the exponent and the mantissa; the factor is at bit 0.
const SHIFT_AT: u32 = FACTOR_BITS;
const EXPONENT_AT: u32 = SHIFT_AT + SHIFT_BITS;
const MANTISSA_AT: u32 = EXPONENT_AT + EXPONENT_BITS;

/// Bits of a multiplier, of which the highest is always 1, and below those of the factor none is.
const MULTIPLIER_BITS: u32 = 30;
const FACTOR_STEP: u32 = MULTIPLIER_BITS - FACTOR_BITS;

/// That of the largest biases of 32 bits.
const MAX_EXPONENT: u32 = 32 - MANTISSA_BITS;

/// A [`Channel`] in four bytes: a floating-point bias, and a factor of 9 bits.
///
/// ```text
/// bias       = mantissa · 2^exponent
/// multiplier = 2³⁰ + factor · 2²²
/// shift      = −1 − s
/// ```
///
/// | bits  | 31–18                 | 17–13    | 12–8          | 7–0    |
/// |-------|-----------------------|----------|---------------|--------|
/// | field | mantissa, with a sign | exponent | s, 1 to 30    | factor |
///
/// [`quantize_mixed`](super::quantize_mixed) makes the scale of weights such that their factor is one of these, so that
/// nothing is lost by it; a bias is off by a part in 2¹³ at most.
///
/// ```
/// use barenet::quant::{Channel, PackedChannel};
///
/// let packed = PackedChannel::nearest(Channel::new(100_001, 1_500_000_000, -9));
/// assert_eq!(packed.unpack(), Channel::new(100_000, (1 << 30) + (102 << 22), -9));
/// assert_eq!(PackedChannel::new(packed.bits()), packed);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(transparent)]
pub struct PackedChannel(u32);

impl PackedChannel {
    /// A channel of a `const` or `static`, from its [bits](Self::bits).
    ///
    /// # Panics
    ///
    /// If s is not 1 to 30: in a `const`, a compile error.
    #[must_use]
    #[allow(clippy::panic)] // A compile error, when it is used as intended.
    pub const fn new(bits: u32) -> Self {
        match Self::try_new(bits) {
            Some(channel) => channel,
            None => panic!("the bits of a packed channel: a shift of 1 to 30"),
        }
    }

    /// A channel of bits that are not known to be right; `None` where [`Self::new`] panics.
    #[must_use]
    pub const fn try_new(bits: u32) -> Option<Self> {
        match field(bits, SHIFT_AT, SHIFT_BITS) {
            1..=30 => Some(Self(bits)),
            _ => None,
        }
    }

    /// The nearest that there is: its bias, and its factor.
    ///
    /// A factor below 2⁻³² becomes that, which makes 0 of every sum.
    #[must_use]
    pub const fn nearest(channel: Channel) -> Self {
        let (factor, shift) = nearest_factor(channel);
        let (mantissa, exponent) = nearest_bias(channel.bias());
        let mantissa = mantissa.cast_unsigned() << MANTISSA_AT;
        Self(mantissa | exponent << EXPONENT_AT | shift << SHIFT_AT | factor)
    }

    /// How it is stored.
    #[must_use]
    pub const fn bits(self) -> u32 {
        self.0
    }

    /// The same, for [`Channel::requantize`].
    #[must_use]
    #[inline(always)]
    pub const fn unpack(self) -> Channel {
        let Self(bits) = self;
        let mantissa = bits.cast_signed() >> MANTISSA_AT;
        let exponent = field(bits, EXPONENT_AT, EXPONENT_BITS);
        let factor = field(bits, 0, FACTOR_BITS);
        Channel {
            bias: mantissa.wrapping_shl(exponent),
            multiplier: (1 << MULTIPLIER_BITS | factor << FACTOR_STEP).cast_signed(),
            shift: field(bits, SHIFT_AT, SHIFT_BITS).cast_signed(),
        }
    }
}

impl Default for PackedChannel {
    /// Always 0.
    fn default() -> Self {
        Self::nearest(Channel::default())
    }
}

#[inline(always)]
const fn field(bits: u32, at: u32, len: u32) -> u32 {
    bits >> at & ((1 << len) - 1)
}

/// Factor and s.
const fn nearest_factor(channel: Channel) -> (u32, u32) {
    let least = (0, 30);
    let multiplier = channel.multiplier().cast_unsigned();
    if multiplier == 0 {
        return least;
    }
    // To a multiplier whose bit 30 is 1.
    let missing = multiplier.leading_zeros() - 1;
    let rounded = ((multiplier << missing) + (1 << (FACTOR_STEP - 1))) >> FACTOR_STEP;
    // Rounded up to 2³¹, it is one of the next shift.
    let is_next = rounded >> (FACTOR_BITS + 1);
    let factor = if is_next == 1 { 0 } else { rounded - (1 << FACTOR_BITS) };
    let shift = channel.shift.cast_unsigned() + missing;
    match (shift.saturating_sub(is_next), is_next) {
        (31.., _) => least,
        // There is no next one.
        (0, 1) => ((1 << FACTOR_BITS) - 1, shift),
        (shift, _) => (factor, shift),
    }
}

/// Mantissa and exponent.
const fn nearest_bias(bias: i32) -> (i32, u32) {
    let (largest, mut exponent) = ((1 << (MANTISSA_BITS - 1)) - 1, 0);
    while exponent <= MAX_EXPONENT {
        let half = 1_i64 << exponent >> 1;
        let mantissa = (bias as i64 + half) >> exponent;
        if -1 - largest <= mantissa && mantissa <= largest {
            return (mantissa as i32, exponent);
        }
        exponent += 1;
    }
    (largest as i32, MAX_EXPONENT)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Rng;

    #[test]
    fn a_bias_is_off_by_a_part_in_2_to_the_13_and_a_factor_by_one_in_2_to_the_9() {
        let mut rng = Rng::seed(1);
        for _ in 0..20_000 {
            let bias = (rng.next_u64() as i32) >> rng.below(32);
            let multiplier = (1 << 30 | rng.below(1 << 30)) as i32;
            let channel = Channel::new(bias, multiplier, -2 - rng.below(30) as i32);
            let found = PackedChannel::nearest(channel).unpack();
            let (off, bias) = (i64::from(found.bias()) - i64::from(bias), i64::from(bias));
            assert!(off.abs() << 13 <= bias.abs(), "{channel:?} {found:?}");
            if channel.factor() < libm::exp2(-32.0) {
                continue;
            }
            let share = found.factor() / channel.factor();
            let is_largest = found == Channel::new(found.bias(), 0x7FC0_0000, -2);
            let off = if is_largest { -8.0 } else { -9.0 };
            assert!((share - 1.0).abs() <= libm::exp2(off), "{channel:?} {found:?}");
        }
    }

    #[test]
    fn what_has_few_bits_stays_as_it_is() {
        for (bias, multiplier, shift) in [
            (0, 1 << 30, -2),
            (-1, 1 << 30, -31),
            (8191, 255 << 22 | 1 << 30, -2),
            (-(1 << 29), 1 << 30, -13),
            (i32::MIN, 1 << 30, -31),
            (8191 << 18, 3 << 29, -9),
        ] {
            let channel = Channel::new(bias, multiplier, shift);
            let packed = PackedChannel::nearest(channel);
            assert_eq!(packed.unpack(), channel);
            assert_eq!(PackedChannel::try_new(packed.bits()), Some(packed));
        }
        let largest = PackedChannel::nearest(Channel::new(i32::MAX, 1 << 30, -2));
        assert_eq!(largest.unpack().bias(), 8191 << 18);
    }

    #[test]
    fn a_factor_that_is_too_small_makes_0_of_every_sum() {
        let of_0 = PackedChannel::default();
        assert_eq!(PackedChannel::nearest(Channel::new(0, 1 << 29, -31)), of_0);
        assert_eq!(PackedChannel::nearest(Channel::new(0, 1, -9)), of_0);
        for sum in [i32::MIN, -1, 0, 1, i32::MAX] {
            assert_eq!(of_0.unpack().requantize(sum), 0, "{sum}");
        }
    }

    #[test]
    fn a_shift_that_no_channel_has_is_refused() {
        let with = |shift: u32| PackedChannel::try_new(shift << 8);
        assert!(with(0).is_none() && with(31).is_none());
        assert!(with(1).is_some() && with(30).is_some());
    }
}
