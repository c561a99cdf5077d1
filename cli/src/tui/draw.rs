//! The picture of a run, for a terminal of any size.

use super::curve::Curve;
use super::{Picture, number};
use crate::console::{ProgressLine, short};
use barenet_run::first_points::hide_the_rest;
use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Style};
use ratatui::symbols::Marker;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Axis, Block, Chart, Dataset, GraphType};

/// Rows of a chart in which its curve can be seen.
const FEWEST_ROWS: u16 = 5;
/// Columns from which two charts are side by side.
const TWO_ABREAST: u16 = 100;
/// How many times the least number the greatest is from which on their logarithms are drawn.
const FAR: f64 = 20.0;
/// Columns from which a chart has numbers beside it.
const NUMBERED: u16 = 30;

/// What is drawn with.
#[derive(Clone, Copy)]
struct Pens {
    is_utf8: bool,
    is_coloured: bool,
}

impl Pens {
    fn style(self, colour: Color) -> Style {
        if self.is_coloured { Style::default().fg(colour) } else { Style::default() }
    }

    const fn line(self) -> Marker {
        if self.is_utf8 { Marker::Braille } else { Marker::Dot }
    }

    const fn dots(self) -> Marker {
        if self.is_utf8 { Marker::Dot } else { Marker::Block }
    }
}

/// Draws the picture: title, curves, figures, progress, and a note, as far as there is room.
pub(super) fn draw(frame: &mut Frame<'_>, picture: &Picture, is_utf8: bool, is_coloured: bool) {
    let pens = Pens { is_utf8, is_coloured };
    let area = frame.area();
    // Rows for text, from the most important: progress, figures, title, note.
    let mut texts = vec![progress(picture, area.width, pens), figures(picture, area.width)];
    let mut titles = vec![Line::from(picture.title.clone())];
    if let Some(note) = &picture.note {
        texts.push(Line::styled(note.clone(), pens.style(Color::Yellow)));
    }
    let rest = |texts: &[Line<'_>], titles: &[Line<'_>]| {
        usize::from(area.height).saturating_sub(texts.len() + titles.len())
    };
    if rest(&texts, &titles) < usize::from(FEWEST_ROWS) {
        titles.clear();
    }
    texts.truncate(usize::from(area.height));
    let rows = u16::try_from(texts.len()).unwrap_or(0);
    let title_rows = u16::try_from(titles.len()).unwrap_or(0);
    let layout = Layout::vertical([
        Constraint::Length(title_rows),
        Constraint::Min(0),
        Constraint::Length(rows),
    ]);
    let [top, middle, bottom] = layout.areas(area);
    put(frame, titles, top);
    charts(frame, picture, middle, pens);
    put(frame, texts, bottom);
    if !is_utf8 {
        to_ascii(frame.buffer_mut());
    }
}

fn put(frame: &mut Frame<'_>, lines: Vec<Line<'_>>, area: Rect) {
    for (line, row) in lines.into_iter().zip(area.rows()) {
        frame.render_widget(line, row);
    }
}

fn charts(frame: &mut Frame<'_>, picture: &Picture, area: Rect, pens: Pens) {
    if area.height < FEWEST_ROWS || area.width == 0 {
        return;
    }
    let halves = [Constraint::Fill(1), Constraint::Fill(1)];
    let is_high = area.height >= 2 * FEWEST_ROWS;
    let places: Vec<Rect> = match (area.width >= TWO_ABREAST, is_high) {
        (true, _) => Layout::horizontal(halves).split(area).to_vec(),
        (false, true) => Layout::vertical(halves).split(area).to_vec(),
        (false, false) if area.width >= 2 * NUMBERED => {
            Layout::horizontal(halves).split(area).to_vec()
        }
        (false, false) => vec![area],
    };
    let loss = Series { name: "loss", curve: &picture.loss, is_line: true, colour: Color::Cyan };
    let mut places = places.into_iter();
    if let Some(place) = places.next() {
        let scale = Scale::of(picture.loss.range(0));
        let title = scale.title("loss");
        chart(frame, place, &title, &[loss], ("iteration", picture.num_iterations), scale, pens);
    }
    if let Some(place) = places.next() {
        let val =
            Series { name: "validation", curve: &picture.val, is_line: true, colour: Color::Cyan };
        let train = Series {
            name: "training",
            curve: &picture.train,
            is_line: false,
            colour: Color::Yellow,
        };
        let x = ("epoch", picture.num_epochs);
        chart(frame, place, picture.metric, &[train, val], x, Scale::Linear, pens);
    }
}

/// How far apart numbers lie in a chart.
#[derive(Clone, Copy, PartialEq)]
enum Scale {
    Linear,
    /// By what they are multiplied with, so that a loss that begins at a hundred times what it comes to can still be seen to fall.
    Log,
}

impl Scale {
    /// That of numbers between two.
    fn of(range: Option<(f64, f64)>) -> Self {
        match range {
            Some((low, high)) if low > 0.0 && high / low >= FAR => Self::Log,
            _ => Self::Linear,
        }
    }

    fn title(self, name: &str) -> String {
        match self {
            Self::Linear => name.to_owned(),
            Self::Log => format!("{name} (log scale)"),
        }
    }

    fn place(self, number: f64) -> f64 {
        match self {
            Self::Linear => number,
            Self::Log => number.ln(),
        }
    }
}

/// A curve of a chart.
#[derive(Clone, Copy)]
struct Series<'a> {
    name: &'static str,
    curve: &'a Curve,
    is_line: bool,
    colour: Color,
}

fn chart(
    frame: &mut Frame<'_>,
    area: Rect,
    title: &str,
    series: &[Series<'_>],
    (x_name, x_last): (&str, usize),
    scale: Scale,
    pens: Pens,
) {
    let curves = || series.iter().map(|series| series.curve);
    let is_hidden = scale == Scale::Linear && hide_the_rest(curves().map(Curve::points));
    let left_out = usize::from(is_hidden);
    let ranges = curves().filter_map(|curve| curve.range(left_out));
    let range = ranges.reduce(|(a, b), (c, d)| (a.min(c), b.max(d))).unwrap_or((0.0, 1.0));
    let (low, high) = if range.0 < range.1 { range } else { (range.0 - 0.5, range.1 + 0.5) };
    let place = |&(x, y): &(f64, f64)| (x, scale.place(y));
    let shown = |curve: &Curve| curve.points().iter().skip(left_out).map(place).collect();
    let points = curves().map(shown);
    let points: Vec<Vec<_>> = points.collect();
    let datasets = series.iter().zip(&points).map(|(series, points)| {
        let (marker, graph) = match series.is_line {
            true => (pens.line(), GraphType::Line),
            false => (pens.dots(), GraphType::Scatter),
        };
        let style = pens.style(series.colour);
        Dataset::default().marker(marker).graph_type(graph).style(style).data(points)
    });
    let (mut x_axis, mut y_axis) = (Axis::default(), Axis::default());
    if area.width >= NUMBERED {
        let last = format!("{x_name} {x_last}");
        x_axis = x_axis.labels(["0".to_owned(), last]);
        y_axis = y_axis.labels([short(low), short(high)]);
    }
    let x_axis = x_axis.bounds([0.0, number(x_last.max(1))]);
    let y_axis = y_axis.bounds([scale.place(low), scale.place(high)]);
    let without = if is_hidden { " (without the first)" } else { "" };
    let mut heading = vec![Span::raw(format!("{title}{without}"))];
    if let [_, _, ..] = series {
        for series in series {
            let how = if series.is_line { "line" } else { "dots" };
            let text = format!(" {} ({how})", series.name);
            heading.push(Span::styled(text, pens.style(series.colour)));
        }
    }
    let block = Block::default().title(Line::from(heading));
    let chart = Chart::new(datasets.collect()).block(block).x_axis(x_axis).y_axis(y_axis);
    frame.render_widget(chart.legend_position(None), area);
}

fn progress(picture: &Picture, width: u16, pens: Pens) -> Line<'static> {
    let ProgressLine { done, rest, text } = picture.progress.line(usize::from(width), pens.is_utf8);
    let (done, rest) = (Span::styled(done, pens.style(Color::Cyan)), Span::raw(rest));
    Line::from(vec![done, rest, Span::raw(text)])
}

/// How far the run is, and its best epoch, as far as there is room.
fn figures(picture: &Picture, width: u16) -> Line<'static> {
    let Picture { epoch, num_epochs, iteration, num_iterations, metric, .. } = picture;
    let mut pieces = vec![format!("epoch {epoch} of {num_epochs}")];
    if let Some((epoch, val)) = picture.best {
        pieces.push(format!("best val {metric} {} (epoch {epoch})", short(val)));
    }
    pieces.push(format!("iteration {iteration} of {num_iterations}"));
    pieces.push("Ctrl-C stops after a checkpoint".to_owned());
    let mut text = String::new();
    for piece in pieces {
        let between = if text.is_empty() { "" } else { "  " };
        if text.len() + between.len() + piece.len() <= usize::from(width) {
            text = text + between + &piece;
        }
    }
    Line::from(text)
}

/// Gives every cell a sign that any terminal has.
fn to_ascii(buffer: &mut Buffer) {
    for cell in &mut buffer.content {
        if cell.symbol().is_ascii() {
            continue;
        }
        let sign = match cell.symbol() {
            "│" => '|',
            "─" => '-',
            "└" | "┌" | "┐" | "┘" | "┼" => '+',
            "•" => '*',
            "█" => '#',
            _ => '?',
        };
        cell.set_char(sign);
    }
}

#[cfg(test)]
mod tests;
