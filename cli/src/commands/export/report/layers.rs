//! What each layer of an int8 network costs, as a table.

use crate::commands::label;
use crate::console::say;
use anyhow::Result;
use barenet_run::export::{Alone, Layers};

/// Prints a line for each layer.
pub(super) fn print(layers: &Layers) -> Result<()> {
    let Layers { losses, alone } = layers;
    let lost = |alone: &Alone| format!("  {} lost alone", label(alone.metric));
    let word = alone.as_ref().map(lost).unwrap_or_default();
    say!("layer     bits   weights   outputs     range  noise dB   error  clipped{word}");
    let mut each = alone.iter().flat_map(Alone::lost);
    for (number, loss) in (1..).zip(losses) {
        let bits = loss.bits.number();
        let [weights, outputs, end] =
            [loss.largest_weight, loss.largest_output, loss.end].map(short);
        let (decibels, error) = (loss.signal_to_noise, 100.0 * loss.relative_error());
        let clipped = 100.0 * loss.clipped;
        let width = word.len().saturating_sub(2);
        let lost = each.next().map(|lost| format!("  {lost:>width$.4}")).unwrap_or_default();
        say!(
            "  {number:<8}{bits:>4}{weights:>10}{outputs:>10}{end:>10}{decibels:>10.1}{error:>6.2} %{clipped:>7.2} %{lost}"
        );
    }
    if let Some(alone) = alone {
        let Alone { before, test_size, .. } = alone;
        say!(
            "          alone: all other layers in f32, on {test_size} test samples; of bytes in f32 it is {before:.4}"
        );
    }
    Ok(())
}

/// A number in four digits, or as a power of ten if it is far from 1.
fn short(x: f64) -> String {
    let size = x.abs();
    if x == 0.0 {
        "0".to_owned()
    } else if !(1e-4..1e6).contains(&size) {
        format!("{x:.2e}")
    } else {
        let before = if size < 1.0 { 0 } else { 1 + size.log10().floor() as usize };
        let zeros = if size < 1.0 { (-size.log10()).floor() as usize } else { 0 };
        format!("{x:.*}", (4 + zeros).saturating_sub(before))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_four_digits_whatever_their_size() {
        for (x, text) in [
            (0.0, "0"),
            (0.012_346, "0.01235"),
            (0.5, "0.5000"),
            (1.0, "1.000"),
            (812.34, "812.3"),
            (65_432.1, "65432"),
            (1.5e7, "1.50e7"),
            (1e-9, "1.00e-9"),
        ] {
            assert_eq!(short(x), text, "{x}");
        }
    }
}
