//! What a cell of text is: a number, missing, or text.

use crate::numbers::LARGEST;

/// What a cell is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Cell<'a> {
    /// A number rounded once, and as it is written.
    Number(f32, f64),
    /// A number that is infinite, or larger than [`LARGEST`].
    Infinite(&'a str),
    /// Nothing.
    Missing,
    /// Any other text.
    Text(&'a str),
}

/// What stands for nothing: pandas' list, and the `?` of the UCI repository.
const MISSING: [&str; 15] = [
    "", "?", "NA", "N/A", "n/a", "NaN", "nan", "-NaN", "-nan", "NULL", "null", "None", "<NA>",
    "#N/A", "#NA",
];

impl<'a> Cell<'a> {
    /// Says what a cell is, without the spaces around it.
    pub(super) fn of(cell: &'a str) -> Self {
        let cell = cell.trim_ascii();
        // Most cells are numbers, and the others rarely begin like one.
        if cell
            .as_bytes()
            .first()
            .is_some_and(|byte| byte.is_ascii_digit() || b"+-.".contains(byte))
        {
            if let Some(number) = short_decimal(cell.as_bytes()) {
                return Self::Number(number as f32, number);
            }
            if let Ok(number) = cell.parse::<f64>() {
                match rounded(number).or_else(|| cell.parse().ok()) {
                    Some(narrow) if narrow.abs() <= LARGEST => return Self::Number(narrow, number),
                    Some(narrow) if !narrow.is_nan() => return Self::Infinite(cell),
                    _ => {}
                }
            }
        }
        if MISSING.contains(&cell) {
            return Self::Missing;
        }
        if ["inf", "infinity"].iter().any(|word| cell.eq_ignore_ascii_case(word)) {
            return Self::Infinite(cell);
        }
        Self::Text(cell)
    }
}

/// Reads a number of few digits and without an exponent, as most are; others are left to `parse`, which
/// takes five times as long.
///
/// Digits and power of ten are exact in `f64`, so their quotient is rounded once; those that [`rounded`] leaves are left.
#[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation)]
fn short_decimal(cell: &[u8]) -> Option<f64> {
    const MAX_DIGITS: usize = 15;
    const POWERS: [f64; MAX_DIGITS + 1] =
        [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15];
    let (is_negative, digits) = match cell.strip_prefix(b"-") {
        Some(digits) => (true, digits),
        None => (false, cell),
    };
    let (mut number, mut behind_point, mut has_point) = (0_u64, 0, false);
    if digits.len() > MAX_DIGITS {
        return None;
    }
    for &byte in digits {
        let digit = byte.wrapping_sub(b'0');
        if digit <= 9 {
            number = number * 10 + u64::from(digit);
            behind_point += usize::from(has_point);
        } else if byte == b'.' && !has_point {
            has_point = true;
        } else {
            return None;
        }
    }
    let has_digits = digits.len() > usize::from(has_point);
    let quotient = number as f64 / POWERS.get(behind_point)?;
    let sign = if is_negative { -1.0 } else { 1.0 };
    (has_digits && !is_in_the_middle(quotient)).then_some(sign * quotient)
}

/// A number that was rounded to `f64`, rounded a second time to what it would have been, rounded once. That is not known
/// of the middle between two `f32`, and of very small ones.
fn rounded(number: f64) -> Option<f32> {
    let is_small = number != 0.0 && number.abs() < f64::from(f32::MIN_POSITIVE);
    (!is_small && !is_in_the_middle(number)).then_some(number as f32)
}

/// Whether a number is in the middle between two `f32`.
const fn is_in_the_middle(number: f64) -> bool {
    const BELOW_F32: u64 = (1 << 29) - 1;
    number.to_bits() & BELOW_F32 == 1 << 28
}

/// How many cells of a column are what.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tally {
    pub(super) numbers: u64,
    pub(super) texts: u64,
    /// Numbers with digits behind the point.
    pub(super) fractions: u64,
}

impl Tally {
    pub(super) fn count(&mut self, cell: &str) {
        match Cell::of(cell) {
            Cell::Number(_, exact) => {
                self.numbers += 1;
                self.fractions += u64::from(exact.fract() != 0.0);
            }
            Cell::Infinite(_) => self.numbers += 1,
            Cell::Text(_) => self.texts += 1,
            Cell::Missing => {}
        }
    }

    pub(super) const fn add(&mut self, other: Self) {
        self.numbers += other.numbers;
        self.texts += other.texts;
        self.fractions += other.fractions;
    }

    /// Whether most present cells are numbers; a column without any is one of numbers.
    pub(super) const fn is_number(self) -> bool {
        self.numbers > self.texts || self.texts == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_a_number_missing_or_text() {
        for (cell, number) in [
            ("1", 1.0),
            (" -2.5e-3\t", -2.5e-3),
            ("+.5", 0.5),
            ("5.", 5.0),
            ("16777217", 16_777_216.0),
            ("0.1", 0.1),
            ("-1e30", -1e30),
        ] {
            let exact = cell.trim().parse().unwrap();
            assert_eq!(Cell::of(cell), Cell::Number(number, exact));
        }
        for cell in ["", "  ", "?", "NA", "N/A", "nan", "NaN", "null", "None", "-nan"] {
            assert_eq!(Cell::of(cell), Cell::Missing, "{cell}");
        }
        for cell in ["inf", "-inf", "Infinity", "1e999", "-1e39", "1.1e30", "-3e38"] {
            assert_eq!(Cell::of(cell), Cell::Infinite(cell));
        }
        for cell in ["none", "1,5", "0x10", "-", "1 2", "nanometre", "１"] {
            assert_eq!(Cell::of(cell), Cell::Text(cell));
        }
    }

    #[test]
    fn short_numbers_are_rounded_as_parse_rounds_them() {
        let mut state = 7_u64;
        let middles = ["16777217", "16777219", "0.50000003", "8388608.5", "1.000000059604645"];
        let random = (0..200_000).map(|_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let (digits, place) = ((state >> 40) % 15 + 1, (state >> 20) % 16);
            let mut text = format!("{:015}", (state >> 11) % 10_u64.pow(digits as u32));
            text.drain(..15 - digits as usize);
            if let Ok(place) = usize::try_from(place)
                && place <= text.len()
            {
                text.insert(place, '.');
            }
            if state.is_multiple_of(3) { format!("-{text}") } else { text }
        });
        for text in random.chain(middles.map(str::to_owned)) {
            let expected = text.parse::<f32>().unwrap();
            let exact = text.parse::<f64>().unwrap();
            if let Some(found) = short_decimal(text.as_bytes()) {
                assert_eq!(found.to_bits(), exact.to_bits(), "{text}");
                assert_eq!((found as f32).to_bits(), expected.to_bits(), "{text}");
            }
            assert_eq!(Cell::of(&text), Cell::Number(expected, exact));
        }
        for text in ["", "-", ".", "-.", "1.2.3", "--1", "1e3", "+1"] {
            assert_eq!(short_decimal(text.as_bytes()), None, "{text}");
        }
        assert_eq!(short_decimal(b"-0.0").map(f64::to_bits), Some((-0.0_f64).to_bits()));
        // Middles between two f32, which more digits move, and numbers whose middles lie closer in f64 than usual.
        for text in [
            "1.00000005960464477539062500000000001",
            "1.00000005960464477539062499999999999",
            "1.000000178813934326171875e0",
            "16777217.00000000000000000000000001",
            "1.0000000000000001e-42",
            "2.1019476964872256e-45",
            "7e-46",
            "1e-400",
            "3.5e-38",
        ] {
            let (expected, exact) = (text.parse().unwrap(), text.parse().unwrap());
            assert_eq!(Cell::of(text), Cell::Number(expected, exact), "{text}");
        }
    }
}
