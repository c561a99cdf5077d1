//! The numbers on an axis: whatever their size, they are drawn in a unit in which the drawing library can
//! count, and their labels are short and tell one from the next.

use std::ops::Range;

/// Numbers from here on, and numbers that are all below the other one, have a power of ten in their label.
const LARGE: f64 = 1e6;
const SMALL: f64 = 1e-2;
/// How wide a character of a label is, at most, and what else is beside an axis, in pixels.
const CHAR_WIDTH: usize = 9;
const BESIDE_LABELS: usize = 36;

/// An axis: the power of ten that is its unit, and the range of what is drawn, in that unit.
#[derive(Clone, Debug)]
pub(super) struct Axis {
    exponent: i32,
    pub(super) range: Range<f64>,
}

/// A number times 10^−exponent, in two steps, as the power alone may be out of range.
fn scaled(value: f64, exponent: i32) -> f64 {
    let half = exponent / 2;
    value * 10_f64.powi(-half) * 10_f64.powi(half - exponent)
}

impl Axis {
    /// The least axis that holds all values, with a margin. Never empty.
    pub(super) fn of(values: impl Iterator<Item = f64>) -> Self {
        let (low, high) = values
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| (low.min(v), high.max(v)));
        if low > high {
            return Self { exponent: 0, range: 0.0..1.0 };
        }
        let largest = low.abs().max(high.abs());
        let is_plain = largest == 0.0 || (SMALL..LARGE).contains(&largest);
        #[allow(clippy::cast_possible_truncation)]
        let exponent = if is_plain { 0 } else { largest.log10().floor() as i32 };
        let (low, high) = (scaled(low, exponent), scaled(high, exponent));
        let least = if largest == 0.0 { 0.5 } else { 1e-3 * low.abs().max(high.abs()) };
        let margin = (0.04 * (high - low)).max(least);
        Self { exponent, range: low - margin..high + margin }
    }

    /// Place of a value on the axis.
    pub(super) fn place(&self, value: f64) -> f64 {
        scaled(value, self.exponent)
    }

    /// The label of a place: enough digits to tell it from the next.
    pub(super) fn label(&self, place: f64) -> String {
        self.with_unit(decimal(place, self.decimals().max(3)))
    }

    /// How many decimals tell the marks of the axis, of which there are 12 at most, from each other.
    fn decimals(&self) -> usize {
        let (mut span, mut decimals) = (self.range.end - self.range.start, 0);
        while span < 12.0 && decimals < 16 {
            span *= 10.0;
            decimals += 1;
        }
        decimals
    }

    fn with_unit(&self, text: String) -> String {
        if self.exponent == 0 || text == "0" { text } else { format!("{text}e{}", self.exponent) }
    }

    /// How many pixels an axis with such labels takes at the side of a panel.
    pub(super) fn width(&self, usual: u32) -> u32 {
        let decimals = self.decimals();
        let len = |place: f64| self.with_unit(format!("{place:.decimals$}")).chars().count();
        let longest = len(self.range.start).max(len(self.range.end));
        usual.max(u32::try_from(BESIDE_LABELS + longest * CHAR_WIDTH).unwrap_or(usual))
    }
}

/// A number without needless zeros.
pub(super) fn decimal(value: f64, decimals: usize) -> String {
    let text = format!("{value:.decimals$}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" { "0".to_owned() } else { text.to_owned() }
}
