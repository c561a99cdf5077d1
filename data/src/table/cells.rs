//! What a cell of text is: a number, missing, or text.

use super::decimal;
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
    /// Says what a cell is, without the spaces around it. It is UTF-8.
    #[inline(always)]
    pub(super) fn of(cell: &'a [u8]) -> Self {
        match number_of(cell) {
            Some((narrow, number)) => Self::Number(narrow, number),
            None => Self::of_text(text_of(cell)),
        }
    }

    /// Says what a cell without spaces around it is in which [`number_of`] finds nothing.
    fn of_text(cell: &'a str) -> Self {
        if cell.starts_with(|first: char| first.is_ascii_digit() || "+-.".contains(first))
            && let Ok(number) = cell.parse::<f64>()
        {
            match rounded(number).or_else(|| cell.parse().ok()) {
                Some(narrow) if narrow.abs() <= LARGEST => return Self::Number(narrow, number),
                Some(narrow) if !narrow.is_nan() => return Self::Infinite(cell),
                _ => {}
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

/// The number of a cell, as most are: rounded once, and as it is written.
#[inline(always)]
fn number_of(cell: &[u8]) -> Option<(f32, f64)> {
    let number = decimal::parse(cell.trim_ascii())?;
    let narrow = rounded(number).filter(|narrow| narrow.abs() <= LARGEST)?;
    Some((narrow, number))
}

/// A cell as text, without the spaces around it. Only text that is UTF-8 is cut into cells.
pub(super) fn text_of(cell: &[u8]) -> &str {
    str::from_utf8(cell.trim_ascii()).unwrap_or_default()
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
    pub(super) fn count(&mut self, cell: &[u8]) {
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
            assert_eq!(Cell::of(cell.as_bytes()), Cell::Number(number, exact));
        }
        for cell in ["", "  ", "?", "NA", "N/A", "nan", "NaN", "null", "None", "-nan"] {
            assert_eq!(Cell::of(cell.as_bytes()), Cell::Missing, "{cell}");
        }
        for cell in ["inf", "-inf", "Infinity", "1e999", "-1e39", "1.1e30", "-3e38"] {
            assert_eq!(Cell::of(cell.as_bytes()), Cell::Infinite(cell));
        }
        for cell in ["none", "1,5", "0x10", "-", "1 2", "nanometre", "１"] {
            assert_eq!(Cell::of(cell.as_bytes()), Cell::Text(cell));
        }
    }

    #[test]
    fn numbers_are_rounded_as_parse_rounds_them() {
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
            assert_eq!(Cell::of(text.as_bytes()), Cell::Number(expected, exact));
        }
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
            assert_eq!(Cell::of(text.as_bytes()), Cell::Number(expected, exact), "{text}");
        }
    }
}
