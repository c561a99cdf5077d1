//! Several runs side by side.

use super::html::escaped;
use super::run::{NotShown, RunSection};
use super::table::{Cell, Table, write_pairs};
use std::fmt::Write;

/// Runs that are shown one by one at most: pictures of more would make a page that no browser likes.
pub const MAX_IN_DETAIL: usize = 8;

/// Of more runs that cannot be shown, as a sweep may have many that diverged, the reasons are folded away.
const MAX_NOT_SHOWN: usize = 10;

/// The places of the runs that are shown one by one: all of a few, and of many the best, in the order in which they stand.
///
/// Those whose metric is another than that of the first, or that have no figure, come last.
///
/// ```
/// use barenet_report::{RunSection, in_detail};
/// let run = |val| RunSection { best_val: Some(val), metric: ("accuracy".to_owned(), true), ..RunSection::default() };
/// let runs: Vec<_> = (0..10).map(|n| run(f64::from(n % 9))).collect();
/// assert_eq!(in_detail(&runs), [1, 2, 3, 4, 5, 6, 7, 8]);
/// ```
#[must_use]
pub fn in_detail(runs: &[RunSection]) -> Vec<usize> {
    let mut places = ranked(runs);
    places.truncate(MAX_IN_DETAIL);
    places.sort_unstable();
    places
}

/// The places of the runs, the best first.
fn ranked(runs: &[RunSection]) -> Vec<usize> {
    let metric = runs.first().map(|run| &run.metric);
    let worth = |place: &usize| {
        let run = runs.get(*place).filter(|run| Some(&run.metric) == metric)?;
        run.best_val.map(|val| if run.metric.1 { val } else { -val })
    };
    let mut places: Vec<_> = (0..runs.len()).collect();
    places.sort_by(|a, b| {
        let (a, b) = (worth(a), worth(b));
        let of = |worth: Option<f64>| worth.unwrap_or(f64::NEG_INFINITY);
        b.is_some().cmp(&a.is_some()).then(of(b).total_cmp(&of(a)))
    });
    places
}

/// Appends the table of the runs: their figures, and in what else they differ.
pub(super) fn write(out: &mut String, runs: &[RunSection]) {
    let best = ranked(runs).first().copied();
    let scores = names(runs, |run| run.scores.iter().map(|(name, _)| name));
    let times = names(runs, |run| run.times.iter().map(|(name, _)| name));
    let (different, same) = differences(runs);
    let numbers = |row: &mut Vec<Cell>, of: &[(String, f64)], names: &[String], is_timing: bool| {
        for name in names {
            let found = of.iter().find(|(of, _)| of == name).map(|(_, number)| *number);
            let cell = found.map_or_else(|| "–".into(), Cell::number);
            row.push(if is_timing { cell.timing() } else { cell });
        }
    };
    let row = |(place, run): (usize, &RunSection)| {
        let is_best = runs.len() > 1 && Some(place) == best && run.best_val.is_some();
        let name = if is_best { format!("{} (best)", run.name) } else { run.name.clone() };
        let mut row = vec![name.into()];
        numbers(&mut row, &run.scores, &scores, false);
        let values = different.iter().map(|(_, values)| values.get(place));
        row.extend(values.map(|value| value.map_or_else(|| "–".into(), |v| value_cell(v))));
        numbers(&mut row, &run.times, &times, true);
        row
    };
    let head = std::iter::once("Run".to_owned())
        .chain(scores.iter().cloned())
        .chain(different.iter().map(|(name, _)| name.clone()))
        .chain(times.iter().cloned());
    let caption =
        "Figures of the runs, and in what they differ; a click on a name puts them in its order";
    let rows = runs.iter().enumerate().map(row).collect();
    Table { caption, head: head.collect(), rows, is_sortable: true }.write(out);
    if !same.is_empty() {
        let count = same.len();
        let _ = writeln!(out, "<details><summary>{count} settings that all runs share</summary>");
        write_pairs(out, "What all runs share", &same);
        out.push_str("</details>\n");
    }
}

/// Appends the runs that cannot be shown.
pub(super) fn write_not_shown(out: &mut String, not_shown: &[NotShown]) {
    if not_shown.is_empty() {
        return;
    }
    let row = |run: &NotShown| vec![run.name.as_str().into(), run.problem.as_str().into()];
    let head = ["Run", "Why"].map(str::to_owned).to_vec();
    let rows = not_shown.iter().map(row).collect();
    let is_long = not_shown.len() > MAX_NOT_SHOWN;
    if is_long {
        let count = not_shown.len();
        let _ = writeln!(out, "<details><summary>{count} runs are not shown</summary>");
    }
    Table { caption: "Runs that are not shown", head, rows, is_sortable: false }.write(out);
    if is_long {
        out.push_str("</details>\n");
    }
}

/// Appends a box for each run that shows or hides its curves; those of `shown` are shown at first.
pub(super) fn write_choice(out: &mut String, runs: &[RunSection], shown: &[usize]) {
    out.push_str(
        "<fieldset class=\"choice\" id=\"choice\">\n<legend>Runs in the curves</legend>\n",
    );
    for (number, run) in runs.iter().enumerate() {
        let checked = if shown.contains(&number) { " checked" } else { "" };
        let name = escaped(&run.name);
        let _ = writeln!(
            out,
            "<label><input type=\"checkbox\" data-run=\"{number}\"{checked}> <span class=\"swatch\" data-run=\"{number}\"></span> \
             {name}</label>"
        );
    }
    out.push_str("</fieldset>\n");
}

fn value_cell(value: &str) -> Cell {
    Cell { number: value.parse().ok(), ..value.into() }
}

/// The names that any run has, in the order in which they are met.
fn names<'a, I: Iterator<Item = &'a String>>(
    runs: &'a [RunSection],
    of: fn(&'a RunSection) -> I,
) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for name in runs.iter().flat_map(of) {
        if !names.contains(name) {
            names.push(name.clone());
        }
    }
    names
}

/// A name, and the value of each run.
type Column = (String, Vec<String>);

/// In what runs differ, each with the value of every run, and what they share.
fn differences(runs: &[RunSection]) -> (Vec<Column>, Vec<(String, String)>) {
    type Pairs = fn(&RunSection) -> &[(String, String)];
    let groups: [Pairs; 4] =
        [|run| &run.settings, |run| &run.facts, |run| &run.data, |run| &run.machine];
    let (mut different, mut same) = (Vec::new(), Vec::new());
    for group in groups {
        let mut names: Vec<&String> = Vec::new();
        for (name, _) in runs.iter().flat_map(group) {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        for name in names {
            let of = |run: &RunSection| {
                let found = group(run).iter().find(|(found, _)| found == name);
                found.map_or_else(|| "–".to_owned(), |(_, value)| value.clone())
            };
            let values: Vec<_> = runs.iter().map(of).collect();
            match values.first() {
                Some(first) if values.iter().all(|value| value == first) => {
                    same.push((name.clone(), first.clone()));
                }
                _ => different.push((name.clone(), values)),
            }
        }
    }
    (different, same)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(name: &str, val: f64, rate: &str) -> RunSection {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        RunSection {
            name: name.to_owned(),
            metric: ("MSE".to_owned(), false),
            best_val: Some(val),
            scores: vec![("test MSE".to_owned(), val)],
            settings: vec![pair("learning_rate", rate), pair("seed", "1")],
            ..RunSection::default()
        }
    }

    #[test]
    fn a_table_has_what_differs_and_what_does_not_stands_aside() {
        let runs = [run("a", 0.5, "0.1"), run("b <best>", 0.25, "0.01"), run("c", 0.75, "0.1")];
        let mut html = String::new();
        write(&mut html, &runs);
        let (table, shared) = html.split_once("<details>").unwrap();
        assert!(table.contains("learning_rate") && !table.contains("seed"), "{html}");
        assert!(table.contains("b &lt;best&gt; (best)"), "less MSE is better: {html}");
        assert!(shared.contains("seed") && !shared.contains("learning_rate"), "{html}");
    }

    #[test]
    fn reasons_of_many_runs_that_are_not_shown_are_folded_away() {
        let found = |count| {
            let run = NotShown { name: "a".to_owned(), problem: "diverged".to_owned() };
            let mut html = String::new();
            write_not_shown(&mut html, &vec![run; count]);
            html
        };
        assert!(found(0).is_empty() && found(10).contains("diverged"));
        assert!(!found(10).contains("<details>"));
        assert!(found(11).starts_with("<details><summary>11 runs are not shown</summary>"));
    }

    #[test]
    fn runs_of_another_metric_and_without_figures_come_last() {
        let other = RunSection { metric: ("R²".to_owned(), true), ..run("other", 0.1, "1") };
        let none = RunSection { best_val: None, ..run("none", 0.0, "1") };
        assert_eq!(ranked(&[run("a", 0.5, "1"), other, none, run("b", 0.25, "1")]), [3, 0, 1, 2]);
    }
}
