//! The course's figures, as SVG and PNG, and a page of HTML that shows runs.
//!
//! The figures come from one drawing routine over plotters' backends. The font for PNG is compiled in, so
//! a machine without fonts draws the same bytes. A [`Page`] is made of plain numbers and texts; [`of_run`] has those of a run.

mod axis;
pub mod of_run;
mod page;
mod plan_figure;
mod range_figure;
mod sheet;
mod sweep;
#[cfg(feature = "tensorboard")]
pub mod tensorboard;

pub use page::run::{Answers, Curves, Findings, Layer, NotShown, RunSection, Sample, Values};
pub use page::{MAX_IN_DETAIL, Page, Picture, in_detail};
pub use plan_figure::plan_figure;
pub use range_figure::range_test_figure;
pub use sheet::Sheet;
pub use sweep::{Curve, Sweep, sweep_figure};

use axis::Axis;
use barenet_run::first_points::hide_the_rest;
use barenet_run::measured::Metric;
use barenet_run::plot_mark::{MARK, svg_mark};
use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::{FontStyle, register_font};
use std::sync::Once;

/// The histories of a run.
#[derive(Clone, Copy, Debug)]
pub struct TrainingCurves<'a> {
    /// Name of the run in a legend.
    pub label: &'a str,
    /// The loss of each iteration.
    pub loss: &'a [f64],
    /// The metric of each epoch on a sample of the training data, epoch 0 first.
    pub train: &'a [f64],
    /// The metric of each epoch on the validation data, epoch 0 first.
    pub val: &'a [f64],
}

/// A figure of panels one above the other.
#[derive(Clone, Debug)]
pub struct Figure {
    panels: Vec<Panel>,
}

/// A figure that cannot be drawn.
#[derive(Debug, thiserror::Error)]
#[error("the plot cannot be drawn: {0}")]
pub struct PlotError(String);

#[derive(Clone, Debug)]
struct Panel {
    title: String,
    x_label: &'static str,
    y_label: String,
    series: Vec<Series>,
    /// A dashed line across, at this height.
    reference: Option<f64>,
    /// A dashed line from below, at this place.
    mark: Option<f64>,
    /// Format of the numbers on the axes, if they are not written as they are.
    label: Option<fn(f64) -> String>,
    /// The same of the axis below alone.
    x_format: Option<fn(f64) -> String>,
}

#[derive(Clone, Debug)]
struct Series {
    label: String,
    points: Vec<(f64, f64)>,
    connected: bool,
}

const WIDTH: u32 = 1000;
const PANEL_HEIGHT: u32 = 440;
/// More points than that nobody can tell apart, and they would make a large SVG.
const MAX_POINTS: usize = 3000;
/// Okabe and Ito's colours, which also people with a colour vision deficiency can tell apart.
const PALETTE: [RGBColor; 7] = [
    RGBColor(0, 114, 178),
    RGBColor(213, 94, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(230, 159, 0),
    RGBColor(86, 180, 233),
    RGBColor(80, 80, 80),
];

/// The figure of one run: training loss, and the metric on training and validation data.
#[must_use]
pub fn training_figure(title: &str, metric: Metric, curves: &TrainingCurves<'_>) -> Figure {
    let checks =
        vec![Series::of_epochs("train", curves.train), Series::of_epochs("val", curves.val)];
    let highest = checks.iter().flat_map(|s| &s.points).fold(0.0, |max, p| p.1.max(max));
    let reference = match metric {
        Metric::Accuracy => (highest > 0.35).then_some(0.5),
        _ => None,
    };
    let name = capitalized(metric.name());
    Figure {
        panels: vec![
            Panel::new(
                format!("Training loss – {title}"),
                "Iteration",
                "Loss",
                vec![Series::of_iterations("", curves.loss)],
            ),
            Panel { reference, ..Panel::of_epochs(name.clone(), &name, checks) },
        ],
    }
}

/// The figure that compares runs of one metric: training loss, and the metric on training and on validation
/// data.
#[must_use]
pub fn comparison_figure(metric: Metric, runs: &[TrainingCurves<'_>]) -> Figure {
    let (name, y_label) = (metric.name(), capitalized(metric.name()));
    let losses = runs.iter().map(|run| Series::of_iterations(run.label, run.loss));
    let train = runs.iter().map(|run| Series::of_epochs(run.label, run.train));
    let val = runs.iter().map(|run| Series::of_epochs(run.label, run.val));
    Figure {
        panels: vec![
            Panel::new("Training loss".to_owned(), "Iteration", "Loss", losses.collect()),
            Panel::of_epochs(format!("Training {name}"), &y_label, train.collect()),
            Panel::of_epochs(format!("Validation {name}"), &y_label, val.collect()),
        ],
    }
}

/// The words with a capital letter.
fn capitalized(words: &str) -> String {
    let mut chars = words.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

impl Panel {
    fn new(title: String, x_label: &'static str, y_label: &str, series: Vec<Series>) -> Self {
        Self {
            title,
            x_label,
            y_label: y_label.to_owned(),
            series,
            reference: None,
            mark: None,
            label: None,
            x_format: None,
        }
    }

    /// Checks of epochs, without the first if they would hide the others.
    fn of_epochs(title: String, y_label: &str, mut series: Vec<Series>) -> Self {
        let mut x_label = "Epoch";
        if hide_the_rest(series.iter().map(|series| &*series.points)) {
            x_label = "Epoch (the first point is too far off to be shown)";
            for points in series.iter_mut().map(|series| &mut series.points) {
                points.drain(..points.len().min(1));
            }
        }
        Self::new(title, x_label, y_label, series)
    }

    /// Axes that hold all points.
    fn axes(&self) -> (Axis, Axis) {
        let points = || self.series.iter().flat_map(|series| &series.points);
        let heights = points().map(|p| p.1).chain(self.reference);
        (Axis::of(points().map(|p| p.0).chain(self.mark)), Axis::of(heights))
    }
}

impl Series {
    fn of_iterations(label: &str, loss: &[f64]) -> Self {
        Self { label: label.to_owned(), points: thin(loss, 1.0), connected: false }
    }

    fn of_epochs(label: &str, checks: &[f64]) -> Self {
        Self { label: label.to_owned(), points: thin(checks, 0.0), connected: true }
    }
}

/// The finite values with their places, from `first` on, evenly thinned out if they are many.
#[allow(clippy::cast_precision_loss)]
fn thin(values: &[f64], first: f64) -> Vec<(f64, f64)> {
    let step = values.len().div_ceil(MAX_POINTS).max(1);
    let numbered = values.iter().enumerate().step_by(step);
    numbered.filter(|(_, v)| v.is_finite()).map(|(i, &v)| (first + i as f64, v)).collect()
}

impl Figure {
    fn height(&self) -> u32 {
        u32::try_from(self.panels.len()).unwrap_or(1) * PANEL_HEIGHT
    }

    /// The figure as the text of an SVG file.
    ///
    /// # Errors
    ///
    /// [`PlotError`] if the drawing library fails.
    pub fn to_svg(&self) -> Result<String, PlotError> {
        let mut svg = String::new();
        let root = SVGBackend::with_string(&mut svg, (WIDTH, self.height())).into_drawing_area();
        self.draw(&root)?;
        drop(root);
        let (first, rest) = svg.split_once('\n').unwrap_or_default();
        Ok(format!("{first}\n{}\n{rest}", svg_mark()))
    }

    /// The figure as the bytes of a PNG file.
    ///
    /// # Errors
    ///
    /// [`PlotError`] if the drawing or the PNG library fails.
    pub fn to_png(&self) -> Result<Vec<u8>, PlotError> {
        let (width, height) = (WIDTH, self.height());
        let len = usize::try_from(width * height * 3).unwrap_or(0);
        let mut pixels = vec![0; len];
        let root = BitMapBackend::with_buffer(&mut pixels, (width, height)).into_drawing_area();
        self.draw(&root)?;
        drop(root);

        encode_png((width, height), &pixels)
    }

    fn draw<B: DrawingBackend>(&self, root: &DrawingArea<B, Shift>) -> Result<(), PlotError> {
        static FONT: Once = Once::new();
        FONT.call_once(|| {
            // The font is known to be one: it comes with the program.
            let _registered =
                register_font("sans-serif", FontStyle::Normal, dejavu::sans::regular());
        });
        let draw = || -> Result<(), DrawingAreaErrorKind<B::ErrorType>> {
            root.fill(&WHITE)?;
            let areas = root.split_evenly((self.panels.len().max(1), 1));
            for (panel, area) in self.panels.iter().zip(&areas) {
                panel.draw(area)?;
            }
            root.present()
        };
        draw().map_err(|e| PlotError(e.to_string()))
    }
}

impl Panel {
    fn draw<B: DrawingBackend>(
        &self,
        area: &DrawingArea<B, Shift>,
    ) -> Result<(), DrawingAreaErrorKind<B::ErrorType>> {
        let (x, y) = self.axes();
        let label = |axis: &Axis, place| self.label.map_or_else(|| axis.label(place), |f| f(place));
        let (left, right) = (x.range.start, x.range.end);
        let mut chart = ChartBuilder::on(area)
            .margin(16)
            .caption(&self.title, ("sans-serif", 24))
            .x_label_area_size(48)
            .y_label_area_size(if self.label.is_none() { y.width(72) } else { 72 })
            .build_cartesian_2d(x.range.clone(), y.range.clone())?;
        chart
            .configure_mesh()
            .bold_line_style(RGBColor(222, 222, 222))
            .light_line_style(TRANSPARENT)
            .axis_style(RGBColor(120, 120, 120))
            .label_style(("sans-serif", 16))
            .axis_desc_style(("sans-serif", 18))
            .x_desc(self.x_label)
            .y_desc(&self.y_label)
            .x_label_formatter(&|place| match self.x_format {
                Some(format) => format(*place),
                None => label(&x, *place),
            })
            .y_label_formatter(&|place| label(&y, *place))
            .draw()?;
        if let Some(height) = self.reference {
            let line = [(left, y.place(height)), (right, y.place(height))];
            chart.draw_series(DashedLineSeries::new(line, 8, 6, BLACK.mix(0.6).into()))?;
        }
        if let Some(place) = self.mark {
            let line = [(x.place(place), y.range.start), (x.place(place), y.range.end)];
            chart.draw_series(DashedLineSeries::new(line, 8, 6, BLACK.mix(0.6).into()))?;
        }
        for (series, colour) in self.series.iter().zip(PALETTE.iter().cycle()) {
            let dot = if series.connected { 4 } else { 2 };
            let style = if series.connected { colour.filled() } else { colour.mix(0.55).filled() };
            let points = || series.points.iter().map(|p| (x.place(p.0), y.place(p.1)));
            if series.connected {
                chart.draw_series(LineSeries::new(points(), colour.stroke_width(2)))?;
            }
            let dots = points().map(|point| Circle::new(point, dot, style));
            let annotation = chart.draw_series(dots)?;
            if !series.label.is_empty() {
                let filled = colour.filled();
                annotation
                    .label(series.label.as_str())
                    .legend(move |(x, y)| Circle::new((x + 10, y), 5, filled));
            }
        }
        if self.series.iter().any(|series| !series.label.is_empty()) {
            let fall = |series: &Series| match series.points[..] {
                [(_, first), .., (_, last)] => first - last,
                _ => 0.0,
            };
            let falls = self.series.iter().map(fall).sum::<f64>() > 0.0;
            chart
                .configure_series_labels()
                .position(if falls {
                    SeriesLabelPosition::UpperRight
                } else {
                    SeriesLabelPosition::LowerRight
                })
                .background_style(WHITE.mix(0.85))
                .border_style(RGBColor(200, 200, 200))
                .label_font(("sans-serif", 18))
                .draw()?;
        }
        Ok(())
    }
}

/// The bytes of a PNG file of red, green and blue of the pixels of a picture of that size.
fn encode_png((width, height): (u32, u32), pixels: &[u8]) -> Result<Vec<u8>, PlotError> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width, height);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    // The best would take longer than the training of a small network.
    encoder.set_compression(png::Compression::Fast);
    let marked = encoder.add_text_chunk("Software".to_owned(), MARK.to_owned());
    marked.map_err(|e| PlotError(e.to_string()))?;
    let written = encoder.write_header().and_then(|mut w| w.write_image_data(pixels));
    written.map_err(|e| PlotError(e.to_string()))?;
    Ok(bytes)
}

#[cfg(test)]
mod tests;
