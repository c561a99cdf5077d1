//! The sections of a run.

use super::curves;
use super::findings;
use super::html::{escaped, figure, prose};
use super::picture::Picture;
use super::run::{Layer, RunSection};
use super::table::{Cell, Table, write_pairs};
use crate::PlotError;
use std::fmt::Write;

/// Appends all that is known of a run, with headings of this level; `id` begins the `id` of each element.
pub(super) fn write(
    out: &mut String,
    run: &RunSection,
    level: u8,
    id: &str,
    has_curves: bool,
) -> Result<(), PlotError> {
    let heading = |out: &mut String, name: &str, title: &str| {
        let _ = writeln!(
            out,
            "<section aria-labelledby=\"{id}-{name}\">\n<h{level} id=\"{id}-{name}\">{title}</h{level}>"
        );
    };
    heading(out, "results", "Results");
    write_results(out, run);
    for note in &run.notes {
        let _ = writeln!(out, "<p class=\"note\">{}</p>", prose(note));
    }
    out.push_str("</section>\n");
    let charts = if has_curves { curves::of_run(run, id) } else { Vec::new() };
    if !charts.is_empty() {
        heading(out, "curves", "Curves");
        out.push_str("<div class=\"charts\">\n");
        charts.iter().for_each(|chart| chart.write(out, level + 1));
        out.push_str("</div>\n</section>\n");
    }
    if let Some(found) = &run.findings {
        heading(out, "answers", &format!("Answers on {}", escaped(&found.of)));
        findings::write(out, level + 1, id, found)?;
        out.push_str("</section>\n");
    }
    if !run.units.is_empty() {
        heading(out, "units", "First-layer weights");
        write_units(out, &run.units)?;
        out.push_str("</section>\n");
    }
    if !run.layers.is_empty() {
        heading(out, "layers", "Layers");
        write_layers(out, &run.layers);
        out.push_str("</section>\n");
    }
    heading(out, "settings", "Settings, data and machine");
    for (caption, pairs) in [("Data", &run.data), ("Machine", &run.machine)] {
        if !pairs.is_empty() {
            write_pairs(out, caption, pairs);
        }
    }
    if !run.settings.is_empty() {
        let count = run.settings.len();
        let _ = writeln!(out, "<details><summary>All {count} settings</summary>");
        write_pairs(out, "Settings", &run.settings);
        out.push_str("</details>\n");
    }
    out.push_str("</section>\n");
    Ok(())
}

fn write_results(out: &mut String, run: &RunSection) {
    out.push_str("<dl class=\"facts\">\n");
    let scores = run.scores.iter().map(|(name, score)| (name, figure(*score), ""));
    let facts = run.facts.iter().map(|(name, fact)| (name, fact.clone(), ""));
    let times = run.times.iter().map(|(name, time)| (name, figure(*time), " class=\"timing\""));
    for (name, value, class) in scores.chain(facts).chain(times) {
        let (name, value) = (escaped(name), escaped(&value));
        let _ = writeln!(out, "<div><dt>{name}</dt>\n<dd{class}>{value}</dd></div>");
    }
    out.push_str("</dl>\n");
}

fn write_units(out: &mut String, units: &[Picture]) -> Result<(), PlotError> {
    let count = units.len();
    let _ = writeln!(
        out,
        "<p>The weights of {count} units of the first layer, each as a picture of what it looks for: grey is 0, and each unit has its own \
         scale.</p>\n<div class=\"units\" role=\"img\" aria-label=\"{count} pictures of weights\">"
    );
    for unit in units {
        let address = unit.address()?;
        let (width, height) = (unit.width, unit.height);
        let _ =
            writeln!(out, "<img src=\"{address}\" width=\"{width}\" height=\"{height}\" alt=\"\">");
    }
    out.push_str("</div>\n");
    Ok(())
}

fn write_layers(out: &mut String, layers: &[Layer]) {
    let row = |layer: &Layer| {
        vec![
            layer.name.as_str().into(),
            Cell::count(layer.inputs),
            Cell::count(layer.units),
            Cell::number(layer.norm),
            Cell::number(layer.largest),
        ]
    };
    let head = ["Layer", "Inputs", "Units", "Norm of W", "Largest weight"].map(str::to_owned);
    let rows = layers.iter().map(row).collect();
    Table {
        caption: "Layers and their best weights",
        head: head.to_vec(),
        rows,
        is_sortable: false,
    }
    .write(out);
}
