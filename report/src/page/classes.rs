//! Classes: which are taken for which, and the figures of each.

use super::html::{escaped, figure};
use super::table::{Cell, Table};
use std::fmt::Write;

/// Of more classes a matrix is wider than any screen; the pairs that are most often mixed up are listed in its place.
const MAX_CLASSES: usize = 30;
/// So many of them.
const MAX_PAIRS: usize = 30;
/// Of more classes the figures of each are left out but for the worst.
const MAX_ROWS: usize = 200;

/// Appends the confusion matrix, and the figures of each class.
pub(super) fn write(
    out: &mut String,
    level: u8,
    of: &str,
    names: &[String],
    confusion: &[Vec<usize>],
    rates: &[[f64; 3]],
) {
    let _ = writeln!(out, "<div class=\"beside\">\n<div>\n<h{level}>Confusion matrix</h{level}>");
    if names.len() <= MAX_CLASSES {
        write_matrix(out, of, names, confusion);
    } else {
        write_pairs(out, of, names, confusion);
    }
    let _ = writeln!(out, "</div>\n<div>\n<h{level}>Each class</h{level}>");
    let mut rows: Vec<_> = names.iter().zip(rates).zip(confusion).collect();
    let left_out = rows.len().saturating_sub(MAX_ROWS);
    if left_out > 0 {
        rows.sort_by(|((_, a), _), ((_, b), _)| a[2].total_cmp(&b[2]));
        rows.truncate(MAX_ROWS);
        let _ = writeln!(
            out,
            "<p>The {MAX_ROWS} classes with the lowest F1; {left_out} others are left out.</p>"
        );
    }
    let row = |((name, rates), row): &((&String, &[f64; 3]), &Vec<usize>)| {
        let numbers = rates.iter().map(|&rate| Cell::number(rate));
        let first = std::iter::once(name.as_str().into());
        first.chain(numbers).chain([Cell::count(row.iter().sum())]).collect()
    };
    let head = ["Class", "Precision", "Recall", "F1", "Samples"].map(str::to_owned).to_vec();
    let caption = format!("Precision, recall and F1 of each class, on {of}");
    let rows = rows.iter().map(row).collect();
    Table { caption: &caption, head, rows, is_sortable: true }.write(out);
    out.push_str("</div>\n</div>\n");
}

fn write_matrix(out: &mut String, of: &str, names: &[String], confusion: &[Vec<usize>]) {
    let caption =
        format!("{of}: a row for each right class, a column for each class that was named");
    let caption = escaped(&caption);
    let _ = writeln!(
        out,
        "<div class=\"wide\" role=\"region\" tabindex=\"0\" aria-label=\"Confusion matrix\">\n\
         <table class=\"matrix\">\n<caption>{caption}</caption>\n<thead><tr>\n<td></td>"
    );
    for name in names {
        let _ = writeln!(out, "<th scope=\"col\"><span>{}</span></th>", escaped(name));
    }
    out.push_str("</tr></thead>\n<tbody>\n");
    for (right, (name, row)) in names.iter().zip(confusion).enumerate() {
        let _ = writeln!(out, "<tr>\n<th scope=\"row\">{}</th>", escaped(name));
        let count = row.iter().sum::<usize>().max(1);
        for (named, &found) in row.iter().enumerate() {
            let class = if named == right { " class=\"right\"" } else { "" };
            // In whole hundredths of the row.
            let share = found * 100 / count;
            let _ = writeln!(out, "<td{class} style=\"--share:{share}\">{found}</td>");
        }
        out.push_str("</tr>\n");
    }
    out.push_str(
        "</tbody>\n</table>\n</div>\n\
         <p class=\"hint\">The stronger the colour of a cell, the larger its share of the row. Cells with a frame are right answers.</p>\n",
    );
}

/// The pairs of classes that are most often mixed up.
fn write_pairs(out: &mut String, of: &str, names: &[String], confusion: &[Vec<usize>]) {
    let mut pairs: Vec<(usize, usize, usize, usize)> = Vec::new();
    for (right, row) in confusion.iter().enumerate() {
        let count = row.iter().sum();
        let wrong = row.iter().enumerate().filter(|&(named, &found)| named != right && found > 0);
        pairs.extend(wrong.map(|(named, &found)| (found, right, named, count)));
    }
    pairs.sort_by(|a, b| b.0.cmp(&a.0).then((a.1, a.2).cmp(&(b.1, b.2))));
    let _ = writeln!(
        out,
        "<p>A matrix of {} classes would be larger than a screen: these are the pairs that are mixed up most.</p>",
        names.len()
    );
    let name = |class: usize| Cell::from(names.get(class).map_or("–", String::as_str));
    let row = |&(found, right, named, count): &(usize, usize, usize, usize)| {
        let share = format!("{} %", figure(100.0 * found as f64 / count.max(1) as f64));
        vec![name(right), name(named), Cell::count(found), share.into()]
    };
    let head = ["Right class", "Named class", "Samples", "Share of the right class"];
    Table {
        caption: &format!("Classes that are taken for others, on {of}"),
        head: head.map(str::to_owned).to_vec(),
        rows: pairs.iter().take(MAX_PAIRS).map(row).collect(),
        is_sortable: false,
    }
    .write(out);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn html(names: &[&str], confusion: &[Vec<usize>]) -> String {
        let names: Vec<_> = names.iter().map(|&name| name.to_owned()).collect();
        let rates = vec![[0.5, 0.25, 0.125]; names.len()];
        let mut out = String::new();
        write(&mut out, 3, "7 test samples", &names, confusion, &rates);
        out
    }

    #[test]
    fn a_matrix_has_names_captions_and_shares() {
        let html = html(&["<b>cat</b>", "dog"], &[vec![3, 1], vec![0, 3]]);
        for part in [
            "<th scope=\"row\">&lt;b&gt;cat&lt;/b&gt;</th>",
            "<td class=\"right\" style=\"--share:75\">3</td>",
            "<td style=\"--share:25\">1</td>",
            "<caption><span>Precision",
        ] {
            assert!(html.contains(part), "{part}: {html}");
        }
        assert_eq!(html.matches("<table").count(), html.matches("<caption>").count());
    }

    #[test]
    fn of_many_classes_the_pairs_that_are_mixed_up_are_listed() {
        let names: Vec<_> = (0..300).map(|class| format!("class {class}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let mut confusion = vec![vec![0; 300]; 300];
        for (class, row) in confusion.iter_mut().enumerate() {
            row[class] = 10;
            row[(class + 1) % 300] = class;
        }
        let html = html(&names, &confusion);
        assert!(html.len() < 100_000, "{}", html.len());
        let first = html.find("<th scope=\"row\">class 299</th>").unwrap();
        assert!(first < html.find("<th scope=\"row\">class 298</th>").unwrap());
        assert!(html.contains("100 others are left out"));
    }
}
