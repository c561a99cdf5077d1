//! A quantity against a size, both on logarithmic axes: how cost grows.

use super::axis::decimal;
use super::{Figure, Panel, Series};

/// How one quantity depends on a size.
#[derive(Clone, Debug)]
pub struct Sweep {
    /// Title above the panel.
    pub title: String,
    /// Name of the size.
    pub x_label: &'static str,
    /// Name of the quantity, with its unit.
    pub y_label: &'static str,
    /// The curves.
    pub curves: Vec<Curve>,
}

/// One curve of a [`Sweep`].
#[derive(Clone, Debug)]
pub struct Curve {
    /// Its name in the legend.
    pub label: String,
    /// Size and quantity, both above 0.
    pub points: Vec<(f64, f64)>,
}

/// The figure of several sweeps, one panel each.
///
/// ```
/// use barenet_report::{Curve, Sweep, sweep_figure};
/// let curve = Curve { label: "measured".to_owned(), points: vec![(64.0, 1.5), (128.0, 3.0)] };
/// let sweep = Sweep {
///     title: "Width".to_owned(), x_label: "Units", y_label: "µs", curves: vec![curve],
/// };
/// assert!(sweep_figure(&[sweep]).to_svg()?.contains("128"));
/// # Ok::<(), barenet_report::PlotError>(())
/// ```
#[must_use]
pub fn sweep_figure(sweeps: &[Sweep]) -> Figure {
    let panel = |sweep: &Sweep| {
        let series = sweep.curves.iter().map(|curve| Series {
            label: curve.label.clone(),
            points: curve.points.iter().map(|(x, y)| (x.log2(), y.log2())).collect(),
            connected: true,
        });
        let label = Some(power_label as fn(f64) -> String);
        let (x_label, y_label) = (sweep.x_label, sweep.y_label);
        Panel { label, ..Panel::new(sweep.title.clone(), x_label, y_label, series.collect()) }
    };
    Figure { panels: sweeps.iter().map(panel).collect() }
}

/// The number at a place of an axis that shows exponents of 2.
fn power_label(exponent: f64) -> String {
    let value = exponent.exp2();
    if value < 10.0 { decimal(value, 3) } else { format!("{value:.0}") }
}
