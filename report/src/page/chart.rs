//! Charts: their numbers, which a script of the page draws, and words and a table that say the same.

use super::html::{escaped, figure, json_in_script};
use super::table::{Cell, Table};
use super::thin::rounded;
use serde_json::{Value, json};
use std::fmt::Write;

/// A chart.
#[derive(Clone, Debug)]
pub(super) struct Chart {
    /// The `id` of its element.
    pub(super) id: String,
    pub(super) title: String,
    pub(super) x_label: String,
    pub(super) y_label: String,
    pub(super) kind: Kind,
    pub(super) series: Vec<Series>,
    /// Whether the heights may be shown on a logarithmic scale.
    pub(super) may_be_log: bool,
    /// Where what is shown begins until the reader asks for all.
    pub(super) from: Option<f64>,
    /// A line across, upright at this place, and what it is.
    pub(super) mark: Option<(f64, String)>,
    /// What it shows, in a sentence or two.
    pub(super) words: String,
    /// Rows of the table of its numbers, the first of them its head.
    pub(super) table: Vec<Vec<Cell>>,
}

/// How points are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Joined by lines.
    Lines,
    /// Each by itself, beside the line on which both numbers are equal.
    Points,
    /// Bars from each place to the next, one series upon the other.
    Bars,
}

/// Points that belong together.
#[derive(Clone, Debug, Default)]
pub(super) struct Series {
    pub(super) name: String,
    /// The run that it is of, of several.
    pub(super) run: Option<usize>,
    pub(super) points: Vec<(f64, f64)>,
    /// Least and most around each point, if it stands for several.
    pub(super) band: Vec<(f64, f64)>,
}

impl Chart {
    /// Appends it, with a heading of this level.
    pub(super) fn write(&self, out: &mut String, level: u8) {
        let (id, title, words) = (&self.id, escaped(&self.title), escaped(&self.words));
        let _ = writeln!(
            out,
            "<figure class=\"chart\" id=\"{id}\" data-chart aria-labelledby=\"{id}-title\">\n\
             <h{level} id=\"{id}-title\">{title}</h{level}>\n\
             <figcaption id=\"{id}-words\">{words}</figcaption>\n\
             <div class=\"plot\"></div>\n\
             <script type=\"application/json\">{}</script>",
            json_in_script(&self.to_json())
        );
        if let Some((head, rows)) = self.table.split_first() {
            out.push_str(
                "<details class=\"numbers\"><summary>These numbers as a table</summary>\n",
            );
            let head = head.iter().map(|cell| cell.text.clone()).collect();
            let caption = format!("{}, in numbers", self.title);
            Table { caption: &caption, head, rows: rows.to_vec(), is_sortable: false }.write(out);
            out.push_str("</details>\n");
        }
        out.push_str("</figure>\n");
    }

    fn to_json(&self) -> Value {
        let kind = match self.kind {
            Kind::Lines => "lines",
            Kind::Points => "points",
            Kind::Bars => "bars",
        };
        let pairs = |pairs: &[(f64, f64)]| -> Value {
            pairs.iter().map(|&(a, b)| json!([rounded(a), rounded(b)])).collect()
        };
        let series = self.series.iter().map(|series| {
            let mut line = json!({ "name": series.name, "points": pairs(&series.points) });
            if let Value::Object(line) = &mut line {
                line.extend(series.run.map(|run| ("run".to_owned(), json!(run))));
                if !series.band.is_empty() {
                    line.insert("band".to_owned(), pairs(&series.band));
                }
            }
            line
        });
        json!({
            "kind": kind, "x": self.x_label, "y": self.y_label, "log": self.may_be_log,
            "from": self.from,
            "mark": self.mark.as_ref().map(|(place, name)| json!({ "x": place, "name": name })),
            "series": series.collect::<Value>(),
        })
    }
}

/// What a curve does, in words.
pub(super) fn words_of(series: &Series, place: &str) -> String {
    let name = if series.name.is_empty() { String::new() } else { format!("{}: ", series.name) };
    let (Some(first), Some(last)) = (series.points.first(), series.points.last()) else {
        return format!("{name}no numbers.");
    };
    let least = series.points.iter().copied().reduce(|a, b| if b.1 < a.1 { b } else { a });
    let most = series.points.iter().copied().reduce(|a, b| if b.1 > a.1 { b } else { a });
    let (least, most) = (least.unwrap_or(*first), most.unwrap_or(*first));
    if least.1 == most.1 {
        return format!("{name}{} all along.", figure(first.1));
    }
    let at = |point: (f64, f64)| format!("{} at {place} {}", figure(point.1), figure(point.0));
    format!(
        "{name}from {} to {}; least {}, most {}.",
        figure(first.1),
        figure(last.1),
        at(least),
        at(most)
    )
}

/// Rows of a table of curves that have their points at the same places, at most so many of them, evenly chosen with the last.
pub(super) fn rows_of(x_label: &str, series: &[Series], max: usize) -> Vec<Vec<Cell>> {
    let name = |series: &Series| match series.name.is_empty() {
        true => "Value".into(),
        false => series.name.as_str().into(),
    };
    let head = std::iter::once(x_label.into()).chain(series.iter().map(name)).collect();
    let len = series.iter().map(|series| series.points.len()).max().unwrap_or(0);
    let step = len.div_ceil(max.max(1)).max(1);
    let mut places: Vec<_> = (0..len).step_by(step).collect();
    if places.last().is_some_and(|&last| last + 1 < len) {
        places.push(len - 1);
    }
    let row = |&place: &usize| {
        let x = series.iter().find_map(|series| series.points.get(place)).map_or(0.0, |p| p.0);
        let cells = series.iter().map(|series| match series.points.get(place) {
            Some(point) => Cell::number(point.1),
            None => "–".into(),
        });
        std::iter::once(Cell::number(x)).chain(cells).collect()
    };
    std::iter::once(head).chain(places.iter().map(row)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series(name: &str, points: &[(f64, f64)]) -> Series {
        Series { name: name.to_owned(), points: points.to_vec(), ..Series::default() }
    }

    #[test]
    fn a_curve_is_described_in_words() {
        let falls = series("val", &[(0.0, 2.5), (1.0, 0.5), (2.0, 1.0)]);
        assert_eq!(
            words_of(&falls, "epoch"),
            "val: from 2.500 to 1; least 0.5000 at epoch 1, most 2.500 at epoch 0."
        );
        assert_eq!(words_of(&series("", &[(0.0, 1.0), (1.0, 1.0)]), "epoch"), "1 all along.");
        assert_eq!(words_of(&series("", &[]), "epoch"), "no numbers.");
    }

    #[test]
    fn a_table_of_a_long_curve_is_short_and_has_its_last_point() {
        let points: Vec<_> = (0..1000).map(|n| (f64::from(n), 0.5)).collect();
        let rows = rows_of("Epoch", &[series("a", &points), series("b", &points[..10])], 20);
        assert_eq!(rows.len(), 1 + 20 + 1);
        assert_eq!(rows[1][0].text, "0");
        let last = rows.last().unwrap();
        assert_eq!((&*last[0].text, &*last[1].text, &*last[2].text), ("999", "0.5000", "–"));
    }

    #[test]
    fn a_chart_has_a_heading_words_numbers_and_a_table() {
        let chart = Chart {
            id: "loss".to_owned(),
            title: "Loss of </script>".to_owned(),
            x_label: "Iteration".to_owned(),
            y_label: "Loss".to_owned(),
            kind: Kind::Lines,
            series: vec![series("</script><b>", &[(1.0, 1.0 / 3.0)])],
            may_be_log: true,
            from: None,
            mark: None,
            words: "It falls.".to_owned(),
            table: rows_of("Iteration", &[series("x", &[(1.0, 2.0)])], 20),
        };
        let mut html = String::new();
        chart.write(&mut html, 3);
        assert_eq!(html.matches("</script>").count(), 1, "{html}");
        for part in ["<h3 id=\"loss-title\">", "<figcaption", "[1.0,0.333333]", "<caption>"] {
            assert!(html.contains(part), "{part}: {html}");
        }
    }
}
