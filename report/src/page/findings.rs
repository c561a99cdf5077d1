//! What a network makes of the samples of a part of the data.

use super::chart::{Chart, Kind, Series};
use super::classes;
use super::histogram::{Bin, bins};
use super::html::{escaped, figure};
use super::run::{Answers, Findings, Sample, Values};
use super::table::{Cell, Table};
use crate::PlotError;
use std::fmt::Write;

/// Targets that have a chart of their own.
const MAX_TARGETS: usize = 8;
/// Pixels of a side of a sample that is a picture.
const MAX_SIDE: usize = 64;

/// Appends it, with headings of this level; `id` begins those of its charts.
pub(super) fn write(
    out: &mut String,
    level: u8,
    id: &str,
    findings: &Findings,
) -> Result<(), PlotError> {
    let of = &findings.of;
    let samples = match &findings.answers {
        Answers::Classes { names, confusion, rates } => {
            classes::write(out, level, of, names, confusion, rates);
            "The most confident mistakes"
        }
        Answers::Values(values) => {
            write_values(out, level, id, of, values);
            "The answers that are farthest off"
        }
        Answers::Scores { normal, other, threshold } => {
            histogram(id, of, normal, other, *threshold).write(out, level);
            "The highest anomaly scores"
        }
    };
    write_samples(out, level, samples, of, &findings.samples)
}

fn write_values(out: &mut String, level: u8, id: &str, of: &str, values: &[Values]) {
    for (number, target) in values.iter().take(MAX_TARGETS).enumerate() {
        let [mae, rmse, r2] = target.errors.map(figure);
        let words = format!(
            "On {of}: off by {mae} in the mean, {rmse} RMSE, R² {r2}. On the line an answer is right; {} points are shown.",
            target.pairs.len()
        );
        Chart {
            id: format!("{id}-target-{number}"),
            title: format!("{}: answers against targets", target.name),
            x_label: "Target".to_owned(),
            y_label: "Answer".to_owned(),
            kind: Kind::Points,
            series: vec![Series {
                name: target.name.clone(),
                points: target.pairs.iter().map(|&(answer, target)| (target, answer)).collect(),
                ..Series::default()
            }],
            may_be_log: false,
            from: None,
            mark: None,
            words,
            table: Vec::new(),
        }
        .write(out, level);
    }
    let row = |target: &Values| {
        let numbers = target.errors.iter().map(|&error| Cell::number(error));
        std::iter::once(target.name.as_str().into()).chain(numbers).collect()
    };
    let head = ["Target", "Mean absolute error", "RMSE", "R²"].map(str::to_owned).to_vec();
    let caption = format!("Errors of each target, on {of}");
    let rows = values.iter().map(row).collect();
    Table { caption: &caption, head, rows, is_sortable: true }.write(out);
}

/// The chart of how many samples have which anomaly score.
fn histogram(id: &str, of: &str, normal: &[f64], other: &[f64], threshold: Option<f64>) -> Chart {
    let bins = bins(normal, other);
    let has_others = !other.is_empty();
    let above =
        |scores: &[f64], threshold: f64| scores.iter().filter(|&&score| score > threshold).count();
    let count = |name: &str, scores: &[f64], threshold| {
        format!("{} of {} {name}", above(scores, threshold), scores.len())
    };
    let told = threshold.filter(|threshold| threshold.is_finite()).map(|threshold| {
        let normals = count(if has_others { "normal" } else { "samples" }, normal, threshold);
        let others = match has_others {
            true => format!(" and {}", count("others", other, threshold)),
            false => String::new(),
        };
        format!("Above the threshold of {} are {normals}{others}.", figure(threshold))
    });
    let words = format!("The anomaly scores of {of}. {}", told.unwrap_or_default());
    let head = if has_others {
        vec!["Score from", "to", "Normal", "Others"]
    } else {
        vec!["Score from", "to", "Samples"]
    };
    let row = |bin: &Bin| {
        let mut row = vec![Cell::number(bin.from), Cell::number(bin.to), Cell::count(bin.normal)];
        row.extend(has_others.then(|| Cell::count(bin.other)));
        row
    };
    let points = |count: fn(&Bin) -> usize| {
        let mut points: Vec<_> = bins.iter().map(|bin| (bin.from, count(bin) as f64)).collect();
        // Where the last bar ends.
        points.extend(bins.last().map(|bin| (bin.to, 0.0)));
        points
    };
    let one = |name: &str, points| Series { name: name.to_owned(), points, ..Series::default() };
    let mut series =
        vec![one(if has_others { "normal" } else { "samples" }, points(|bin| bin.normal))];
    series.extend(has_others.then(|| one("others", points(|bin| bin.other))));
    let head = head.into_iter().map(Cell::from).collect();
    Chart {
        id: format!("{id}-scores"),
        title: "Anomaly scores".to_owned(),
        x_label: "Anomaly score".to_owned(),
        y_label: "Samples".to_owned(),
        kind: Kind::Bars,
        series,
        may_be_log: false,
        from: None,
        mark: threshold.filter(|t| t.is_finite()).map(|t| (t, "threshold".to_owned())),
        words,
        table: std::iter::once(head).chain(bins.iter().map(row)).collect(),
    }
}

/// Appends samples: pictures with what the network makes of each below, or rows of a table.
fn write_samples(
    out: &mut String,
    level: u8,
    title: &str,
    of: &str,
    samples: &[Sample],
) -> Result<(), PlotError> {
    let _ = writeln!(out, "<h{level}>{title}</h{level}>");
    if samples.is_empty() {
        let _ = writeln!(out, "<p>There are none on {}.</p>", escaped(of));
        return Ok(());
    }
    if samples.iter().any(|sample| sample.picture.is_some()) {
        out.push_str("<ul class=\"pictures\">\n");
        for sample in samples {
            write_picture(out, sample)?;
        }
        out.push_str("</ul>\n");
        return Ok(());
    }
    let names = |pairs: fn(&Sample) -> &[(String, String)]| {
        let longest = samples.iter().map(pairs).max_by_key(|pairs| pairs.len()).unwrap_or_default();
        longest.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>()
    };
    let (answers, inputs) = (names(|sample| &sample.answers), names(|sample| &sample.inputs));
    let row = |sample: &Sample| {
        let cells = |names: &[String], pairs: &[(String, String)]| -> Vec<Cell> {
            let value = |(place, _)| {
                pairs
                    .get(place)
                    .map_or("–".into(), |(_, value): &(_, String)| value.as_str().into())
            };
            names.iter().enumerate().map(value).collect()
        };
        let mut row = vec![sample.origin.as_str().into()];
        row.extend(cells(&answers, &sample.answers));
        row.extend(cells(&inputs, &sample.inputs));
        row
    };
    let head = std::iter::once("Sample".to_owned()).chain(answers.clone()).chain(inputs.clone());
    let caption = format!("{title}, of {of}");
    let rows = samples.iter().map(row).collect();
    Table { caption: &caption, head: head.collect(), rows, is_sortable: false }.write(out);
    Ok(())
}

fn write_picture(out: &mut String, sample: &Sample) -> Result<(), PlotError> {
    let origin = escaped(&sample.origin);
    out.push_str("<li><figure>\n");
    if let Some(picture) = sample.picture.clone() {
        let picture = picture.shrunk_to(MAX_SIDE);
        let _ = writeln!(
            out,
            "<img src=\"{}\" width=\"{}\" height=\"{}\" alt=\"{origin}\">",
            picture.address()?,
            picture.width,
            picture.height
        );
    }
    out.push_str("<figcaption><dl>\n");
    for (name, value) in &sample.answers {
        let _ = writeln!(out, "<div><dt>{}</dt> <dd>{}</dd></div>", escaped(name), escaped(value));
    }
    let _ = writeln!(out, "</dl><p class=\"origin\">{origin}</p></figcaption></figure></li>");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Picture;

    fn html(answers: Answers, samples: Vec<Sample>) -> String {
        let findings = Findings { of: "4 test <rows>".to_owned(), answers, samples };
        let mut out = String::new();
        write(&mut out, 3, "run-0", &findings).unwrap();
        out
    }

    fn pair(name: &str, value: &str) -> (String, String) {
        (name.to_owned(), value.to_owned())
    }

    #[test]
    fn the_threshold_of_anomalies_is_told_in_words_and_drawn() {
        let answers = Answers::Scores {
            normal: vec![0.1, 0.2, 0.9],
            other: vec![0.8, 1.0],
            threshold: Some(0.5),
        };
        let found = html(answers, Vec::new());
        for part in [
            "Above the threshold of 0.5000 are 1 of 3 normal and 2 of 2 others.",
            "\"mark\":{\"name\":\"threshold\",\"x\":0.5}",
            "There are none on 4 test &lt;rows&gt;.",
        ] {
            assert!(found.contains(part), "{part}: {found}");
        }
        let none = Answers::Scores {
            normal: Vec::new(),
            other: Vec::new(),
            threshold: Some(f64::INFINITY),
        };
        assert!(html(none, Vec::new()).contains("\"mark\":null"));
    }

    #[test]
    fn samples_are_pictures_or_rows_and_nothing_of_them_is_markup() {
        let values =
            || Answers::Values(vec![Values { name: "y&z".to_owned(), ..Values::default() }]);
        let row = Sample {
            origin: "\"><script>.csv, line 3".to_owned(),
            answers: vec![pair("Answer", "1"), pair("Target", "2")],
            inputs: vec![pair("<i>width</i>", "</td>")],
            picture: None,
        };
        let picture = Picture { width: 1, height: 1, pixels: vec![[9; 3]] };
        for (sample, part) in [
            (row.clone(), "<th scope=\"col\">&lt;i&gt;width&lt;/i&gt;</th>"),
            (Sample { picture: Some(picture), ..row }, "<img src=\"data:image/png;base64,"),
        ] {
            let html = html(values(), vec![sample]);
            assert!(html.contains(part), "{part}: {html}");
            assert!(!html.contains("<script>") && !html.contains("</td></td>"), "{html}");
        }
    }
}
