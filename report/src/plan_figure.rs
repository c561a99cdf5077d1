//! The efficiency of several ranks against their number.

use super::axis::decimal;
use super::{Figure, Panel, Series};
use barenet::Float;

/// The figure of how efficient numbers of ranks are: the speed of each as a share of that of the first.
///
/// ```
/// use barenet_report::plan_figure;
/// let svg = plan_figure("10 Gb/s", &[(1, 1.0), (2, 0.98), (4, 0.97)]).to_svg()?;
/// assert!(svg.contains("Ranks") && svg.contains("10 Gb/s"));
/// # Ok::<(), barenet_report::PlotError>(())
/// ```
#[must_use]
pub fn plan_figure(title: &str, efficiencies: &[(usize, f64)]) -> Figure {
    let point = |&(ranks, share): &(usize, f64)| (f64::from_usize(ranks).log2(), 100.0 * share);
    let points = efficiencies.iter().map(point).collect();
    let series = Series { label: String::new(), points, connected: true };
    let title = format!("Speed of a rank as a share of one alone – {title}");
    let panel = Panel::new(title, "Ranks", "Efficiency, %", vec![series]);
    // From 0 on: otherwise a little less looks like nothing at all.
    Figure { panels: vec![Panel { reference: Some(0.0), x_format: Some(ranks_label), ..panel }] }
}

/// The number of ranks at a place of the axis, which shows exponents of 2.
fn ranks_label(exponent: f64) -> String {
    decimal(2_f64.powf(exponent), 3)
}
