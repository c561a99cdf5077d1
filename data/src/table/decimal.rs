//! Decimal numbers as most tables have them, read eight digits at a time.

/// Digits that a mantissa may have, so that it is a `u64`.
const MAX_DIGITS: usize = 19;
/// So many digits behind the point, less the exponent, may a number have.
const MAX_SCALE: usize = 64;
/// Powers of ten up to this one are exact in `f64`, and whole numbers below [`FIRST_ROUNDED`] are.
const MAX_EXACT_SCALE: usize = 22;
const FIRST_ROUNDED: u64 = 1 << 53;

/// Reads a number of at most 19 digits that count, with few zeros and perhaps an exponent of two digits, as almost all
/// are: the `f64` nearest to it, which `parse` finds too, in two or three times the time. Others are left to that.
#[inline(always)]
pub(super) fn parse(cell: &[u8]) -> Option<f64> {
    const SIGN_BIT: u32 = 63;
    let is_negative = cell.first() == Some(&b'-');
    let text = cell.get(usize::from(is_negative)..)?;
    let (text, exponent) = without_exponent(text)?;
    let (number, behind_point) =
        if text.len() <= 8 { short_mantissa(text) } else { mantissa(text) }?;
    let scale = behind_point.checked_add_signed(exponent)?;
    let size = if number < FIRST_ROUNDED && scale <= MAX_EXACT_SCALE {
        // Both are exact, so the quotient is rounded once.
        number as f64 / POWERS.get(scale)?
    } else {
        nearest(number, scale)?
    };
    // Half of the numbers may have a sign, which no branch foresees.
    Some(f64::from_bits(size.to_bits() | u64::from(is_negative) << SIGN_BIT))
}

/// Cuts off an exponent as C and Python write it, of a sign and two digits, and gives it with the other sign.
#[inline(always)]
fn without_exponent(text: &[u8]) -> Option<(&[u8], isize)> {
    let Some((digits, &[e, sign, ten, one])) = text.split_last_chunk() else {
        return Some((text, 0));
    };
    if e | 0x20 != b'e' {
        return Some((text, 0));
    }
    let is_digit = |byte: u8| byte.is_ascii_digit().then(|| isize::from(byte - b'0'));
    let exponent = is_digit(ten)? * 10 + is_digit(one)?;
    match sign {
        b'-' => Some((digits, exponent)),
        b'+' => Some((digits, -exponent)),
        _ => None,
    }
}

/// What [`mantissa`] finds, for a text of at most eight bytes, without a branch that depends on its length.
#[inline(always)]
fn short_mantissa(text: &[u8]) -> Option<(u64, usize)> {
    const LOW_BITS: u64 = u64::from_le_bytes([1; 8]);
    const POINTS: u64 = u64::from_le_bytes([b'.'; 8]);
    let unused = 8 * (8_usize.checked_sub(text.len())?);
    let at = |place: usize| text.get(place).map(|&byte| u64::from(byte) << (8 * place));
    // The text in the highest bytes; what is read twice is the same.
    let in_place = match (text.first_chunk(), text.last_chunk()) {
        (Some(&first), Some(&last)) => {
            let last = u64::from(u32::from_le_bytes(last)) << 32;
            last | u64::from(u32::from_le_bytes(first)) << unused
        }
        _ => (at(0)? | at(text.len() / 2)? | at(text.len() - 1)?) << unused,
    };
    let eight = in_place | ZEROS & !(u64::MAX << unused);
    let others = eight ^ POINTS;
    let points = others.wrapping_sub(LOW_BITS) & !others & (LOW_BITS << 7);
    if points == 0 {
        return Some((append(0, 8, eight)?, 0));
    }
    // The digits before the point take its place.
    let point = points.trailing_zeros() & !7;
    let before = eight & !(u64::MAX << point);
    let behind = eight & (u64::MAX << point << 8);
    let digits = before << 8 | behind | u64::from(b'0');
    let number = append(0, 8, digits).filter(|_| text.len() > 1)?;
    Some((number, 7 - point as usize / 8))
}

/// The digits of a number of more than eight bytes without exponent, as a whole number, and how many of them are behind the point.
#[inline(always)]
fn mantissa(text: &[u8]) -> Option<(u64, usize)> {
    let (mut number, mut rest) = (0_u64, text);
    while let Some((&byte, behind)) = rest.split_first() {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            break;
        }
        number = number.wrapping_mul(10).wrapping_add(u64::from(digit));
        rest = behind;
    }
    let num_whole = text.len() - rest.len();
    let Some((point, fraction)) = rest.split_first() else {
        return (1..=MAX_DIGITS).contains(&num_whole).then_some((number, 0));
    };
    if *point != b'.' || num_whole > MAX_DIGITS {
        return None;
    }
    let mut rest = fraction;
    while let Some((&eight, behind)) = rest.split_first_chunk() {
        number = append(number, 8, u64::from_le_bytes(eight))?;
        rest = behind;
    }
    // The last few digits, with those before them, which are made zeros.
    let count = rest.len();
    if count > 0 {
        let eight = u64::from_le_bytes(*text.last_chunk()?);
        let kept = u64::MAX << (8 * (8 - count));
        number = append(number, count, eight & kept | ZEROS & !kept)?;
    }
    Some((number, fraction.len()))
}

const ZEROS: u64 = u64::from_le_bytes([b'0'; 8]);

/// Appends digits to a number, the last `count` of eight bytes of which the others are zeros.
#[inline(always)]
fn append(number: u64, count: usize, eight: u64) -> Option<u64> {
    const HIGH: u64 = u64::from_le_bytes([0xf0; 8]);
    const SIX: u64 = u64::from_le_bytes([6; 8]);
    // With 6 more a digit goes on beginning with 3; what follows upon 9 does not.
    let are_digits = (eight & HIGH) | ((eight.wrapping_add(SIX) & HIGH) >> 4) == ZEROS | ZEROS >> 4;
    let power = *WHOLE_POWERS.get(count)?;
    let has_room = number < *WHOLE_POWERS.get(MAX_DIGITS - count)?;
    (are_digits && has_room).then(|| number * power + value(eight))
}

/// The number of eight digits, of which the first is in the lowest byte: neighbours are joined, to pairs, fours and all.
#[inline]
const fn value(eight: u64) -> u64 {
    let digits = eight.wrapping_sub(ZEROS);
    let pairs = digits.wrapping_mul(10).wrapping_add(digits >> 8) & 0x00ff_00ff_00ff_00ff;
    let fours = pairs.wrapping_mul(100).wrapping_add(pairs >> 16) & 0x0000_ffff_0000_ffff;
    fours.wrapping_mul(10_000).wrapping_add(fours >> 32) & 0xffff_ffff
}

const POWERS: [f64; MAX_EXACT_SCALE + 1] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16,
    1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
];

const WHOLE_POWERS: [u64; MAX_DIGITS + 1] = {
    let mut powers = [1; MAX_DIGITS + 1];
    let mut place = 1;
    while place <= MAX_DIGITS {
        powers[place] = powers[place - 1] * 10;
        place += 1;
    }
    powers
};

/// 5⁻ᵏ as a number of 128 bits, of which the first is 1, times a power of two. Each is cut off, as the one before was, so
/// it is less than 2k too small.
const FIFTHS: [(u128, i32); MAX_SCALE + 1] = {
    let mut fifths = [(1_u128 << 127, -127); MAX_SCALE + 1];
    let mut place = 1;
    while place <= MAX_SCALE {
        let (before, exponent) = fifths[place - 1];
        let (fifth, rest) = (before / 5, before % 5);
        let shift = fifth.leading_zeros();
        fifths[place] = ((fifth << shift) + (rest << shift) / 5, exponent - shift as i32);
        place += 1;
    }
    fifths
};

/// The `f64` nearest to number / 10ˢᶜᵃˡᵉ: by Eisel and Lemire, a product of 64 and 128 bits, unless what is cut off
/// could change how it is rounded (Lemire, "Number Parsing at a Gigabyte per Second", 2021).
fn nearest(number: u64, scale: usize) -> Option<f64> {
    /// No product, which is moved by a bit at most, is further below the exact one.
    const CUT_OFF: u128 = 2 * (2 * MAX_SCALE as u128 + 2);
    const MANTISSA_BITS: u32 = 53;
    const REST_BITS: u32 = 128 - MANTISSA_BITS;
    const HALF: u128 = 1 << (REST_BITS - 1);
    const BIAS: i32 = 1075;
    if number == 0 {
        return Some(0.0);
    }
    let &(fifth, exponent) = FIFTHS.get(scale)?;
    let shift = number.leading_zeros();
    let number = u128::from(number << shift);
    let low = (number * (fifth & u128::from(u64::MAX))) >> 64;
    let product = number * (fifth >> 64) + low;
    let zeros = product.leading_zeros();
    let product = product << zeros;
    let rest = product & (2 * HALF - 1);
    if rest <= HALF && HALF <= rest + CUT_OFF {
        return None;
    }
    let mantissa = (product >> REST_BITS) as u64 + u64::from(rest > HALF);
    let places = 64 + REST_BITS as i32 + exponent - shift as i32 - zeros as i32;
    let biased = u64::try_from(places - i32::try_from(scale).ok()? + BIAS).ok()?;
    // A mantissa that is rounded to 2⁵³ carries into the exponent.
    Some(f64::from_bits((biased << (MANTISSA_BITS - 1)) + mantissa - (1 << (MANTISSA_BITS - 1))))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Any numbers.
    fn random() -> impl Iterator<Item = u64> {
        let mut state = 7_u64;
        std::iter::repeat_with(move || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            state ^ (state >> 29)
        })
    }

    fn check(text: &str) -> bool {
        let found = parse(text.as_bytes());
        if let Some(found) = found {
            let expected: f64 = text.parse().unwrap();
            assert_eq!(found.to_bits(), expected.to_bits(), "{text}");
        }
        found.is_some()
    }

    #[test]
    fn numbers_are_those_of_parse() {
        let mut random = random();
        let mut next = || random.next().unwrap();
        let mut found = 0;
        for _ in 0..200_000 {
            let len = (next() >> 40) as usize % 22 + 1;
            let mut text = format!("{:020}{:020}", next(), next());
            text.drain(..40 - len);
            let place = (next() >> 40) as usize % (len + 2);
            if place <= len {
                text.insert(place, '.');
            }
            let exponent = (next() >> 40) % 150;
            let text = match exponent {
                0..30 => format!("-{text}"),
                30..60 => format!("{text}e-{exponent:02}"),
                60..65 => format!("{text}E{}", exponent - 60),
                65..70 => format!("{text}e+{:02}", exponent - 64),
                _ => text,
            };
            found += usize::from(check(&text));
        }
        assert!(found > 160_000, "{found}");
    }

    #[test]
    fn numbers_as_programs_write_them_are_found() {
        for bits in random().take(100_000) {
            let number = (bits as i64 as f64) / 1e18;
            let written = [format!("{number}"), format!("{number:.6}"), format!("{number:.18e}")];
            for text in written {
                let text = match text.split_once('e') {
                    Some((digits, exponent)) => {
                        let exponent: i32 = exponent.parse().unwrap();
                        format!(
                            "{digits}e{}{:02}",
                            if exponent < 0 { '-' } else { '+' },
                            exponent.abs()
                        )
                    }
                    None => text,
                };
                // A number in the middle between two is one in a thousand where the digits end with 5.
                assert!(check(&text) || text.ends_with('5'), "{text}");
            }
            let whole = bits >> (11 + bits % 53);
            assert!(check(&whole.to_string()), "{whole}");
        }
    }

    #[test]
    fn middles_and_their_neighbours_are_rounded_as_parse_rounds_them() {
        // Between 2⁵³ and 2⁵⁴ every odd number is in the middle.
        for odd in random().take(20_000).map(|bits| (1 << 53) + (bits >> 11 | 1)) {
            for text in [
                format!("{odd}"),
                format!("{odd}.0"),
                format!("{odd}.001"),
                format!("{}.999", odd - 1),
            ] {
                check(&text);
            }
            let text = odd.to_string();
            check(&format!("{}.{}", &text[..4], &text[4..]));
        }
        for text in [
            "9007199254740992",
            "9007199254740993",
            "9007199254740991.5",
            "0.5000000000000000277",
            "1.9999999999999999999",
            "9999999999999999999",
            "0.9999999999999999999",
            "18446744073709551615",
            "0.0000000000000000000",
            "-0.0",
            "0e-40",
            "1e-64",
            "1e-99",
        ] {
            check(text);
        }
        assert_eq!(parse(b"-0.0").map(f64::to_bits), Some((-0.0_f64).to_bits()));
    }

    #[test]
    fn what_is_no_number_is_none() {
        for text in [
            "",
            "-",
            ".",
            "-.",
            "1.2.3",
            "--1",
            "+1",
            "1e",
            "1e-",
            "e5",
            ".e5",
            "1e5.",
            "1e+-5",
            "1-",
            "12:30",
            "1.23456:8",
            "1.234567890123:",
            "1.2345678901234567/",
            "0x10",
            "1,5",
            "12345678a",
            "1.a2345678",
            "1.2345678a",
            "1e--4",
            "\u{661}",
        ] {
            assert_eq!(parse(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn every_byte_in_every_place_is_a_digit_or_none() {
        for place in 2..20 {
            for byte in 0..=255 {
                let mut text = *b"1.345678901234567890";
                text[place] = byte;
                let expected = str::from_utf8(&text).ok().and_then(|text| text.parse::<f64>().ok());
                let found = parse(&text);
                assert!(found.is_none() || found == expected, "{byte} at {place}");
                assert!(found.is_some() || !byte.is_ascii_digit());
            }
        }
    }
}
