//! What a cell of text is: a number, missing, or text.

/// What a cell is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Cell<'a> {
    /// A number.
    Number(f32),
    /// A number that is infinite, or becomes so as `f32`.
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
            match cell.parse::<f32>() {
                Ok(number) if number.is_finite() => return Self::Number(number),
                Ok(number) if number.is_infinite() => return Self::Infinite(cell),
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

/// How many cells of a column are what.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tally {
    pub(super) numbers: u64,
    pub(super) texts: u64,
}

impl Tally {
    pub(super) fn count(&mut self, cell: &str) {
        match Cell::of(cell) {
            Cell::Number(_) | Cell::Infinite(_) => self.numbers += 1,
            Cell::Text(_) => self.texts += 1,
            Cell::Missing => {}
        }
    }

    pub(super) const fn add(&mut self, other: Self) {
        self.numbers += other.numbers;
        self.texts += other.texts;
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
        ] {
            assert_eq!(Cell::of(cell), Cell::Number(number));
        }
        for cell in ["", "  ", "?", "NA", "N/A", "nan", "NaN", "null", "None", "-nan"] {
            assert_eq!(Cell::of(cell), Cell::Missing, "{cell}");
        }
        for cell in ["inf", "-inf", "Infinity", "1e999", "-1e39"] {
            assert_eq!(Cell::of(cell), Cell::Infinite(cell));
        }
        for cell in ["none", "1,5", "0x10", "-", "1 2", "nanometre", "１"] {
            assert_eq!(Cell::of(cell), Cell::Text(cell));
        }
    }
}
