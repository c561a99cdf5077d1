//! The losses of a range test against the learning rate.

use super::axis::decimal;
use super::{Figure, Panel, Series};
use barenet_run::range_test::Tested;

/// The figure of a range test: losses, the smoothed ones, and the rate that it suggests.
///
/// ```
/// use barenet_report::range_test_figure;
/// use barenet_run::range_test::Tested;
/// let tested = Tested {
///     rates: vec![1e-4, 1e-3, 1e-2],
///     losses: vec![2.3, 2.0, 4.0],
///     smoothed: vec![2.3, 2.1, 3.1],
///     ..Tested::default()
/// };
/// let svg = range_test_figure("iris", &tested).to_svg()?;
/// assert!(svg.contains("Learning rate") && svg.contains("smoothed"));
/// # Ok::<(), barenet_report::PlotError>(())
/// ```
#[must_use]
pub fn range_test_figure(title: &str, tested: &Tested) -> Figure {
    let Tested { rates, losses, smoothed, .. } = tested;
    // What comes last is so large that nothing else could be seen beside it.
    let first = smoothed.first().copied().unwrap_or(0.0);
    let least = tested.least().map_or(first, |(_, least)| least);
    let limit = first.max(least) + 0.5 * (first - least).abs().max(0.1 * first.abs());
    let series = |label: &str, values: &[f64], connected| {
        let points = rates.iter().zip(values).filter(|(_, loss)| **loss <= limit);
        let points = points.map(|(rate, &loss)| (rate.log10(), loss)).collect();
        Series { label: label.to_owned(), points, connected }
    };
    let all = vec![series("loss", losses, false), series("smoothed", smoothed, true)];
    let mark = tested.suggestion().map(f64::log10);
    let panel = Panel::new(
        format!("Range test of the learning rate – {title}"),
        "Learning rate",
        "Loss",
        all,
    );
    Figure { panels: vec![Panel { mark, x_format: Some(power_label), ..panel }] }
}

/// The rate at a place of the axis, which shows exponents of 10.
fn power_label(exponent: f64) -> String {
    let value = 10_f64.powf(exponent);
    if (1e-3..1e4).contains(&value) { decimal(value, 4) } else { format!("{value:.0e}") }
}
