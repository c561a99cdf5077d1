//! Tables in a page.

use super::html::escaped;
use std::fmt::Write;

/// A table: of each row the first cell names it.
#[derive(Clone, Debug, Default)]
pub(super) struct Table<'a> {
    pub(super) caption: &'a str,
    pub(super) head: Vec<String>,
    pub(super) rows: Vec<Vec<Cell>>,
    /// Whether its rows can be put in order by a click.
    pub(super) is_sortable: bool,
}

/// A cell of a table.
#[derive(Clone, Debug, Default)]
pub(super) struct Cell {
    pub(super) text: String,
    /// The number that it shows, by which rows are put in order.
    pub(super) number: Option<f64>,
    /// Whether it is a time, which no two runs have in common.
    pub(super) is_timing: bool,
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self { text, ..Self::default() }
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        text.to_owned().into()
    }
}

impl Cell {
    /// A number, shown with four digits.
    pub(super) fn number(number: f64) -> Self {
        let text = super::html::figure(number);
        Self { text, number: Some(number), is_timing: false }
    }

    /// A count.
    pub(super) fn count(count: usize) -> Self {
        Self { text: count.to_string(), number: Some(count as f64), is_timing: false }
    }

    /// The same as a time.
    pub(super) fn timing(self) -> Self {
        Self { is_timing: true, ..self }
    }
}

impl Table<'_> {
    /// Appends the table; one that is wider than the page is moved in a box of its own.
    pub(super) fn write(&self, out: &mut String) {
        let caption = escaped(self.caption);
        let sortable = if self.is_sortable { " data-sortable" } else { "" };
        let _ = writeln!(
            out,
            "<div class=\"wide\" role=\"region\" tabindex=\"0\" aria-label=\"{caption}\">\n\
             <table{sortable}>\n<caption><span>{caption}</span></caption>\n<thead><tr>"
        );
        let is_number = |place: usize| {
            let mut column = self.rows.iter().filter_map(move |row| row.get(place));
            column.clone().any(|cell: &Cell| cell.number.is_some())
                && column.all(Cell::may_be_number)
        };
        let numbers: Vec<bool> = (0..self.head.len()).map(is_number).collect();
        for (head, is_number) in self.head.iter().zip(&numbers) {
            let class = if *is_number { " class=\"number\"" } else { "" };
            let _ = writeln!(out, "<th scope=\"col\"{class}>{}</th>", escaped(head));
        }
        out.push_str("</tr></thead>\n<tbody>\n");
        for row in &self.rows {
            out.push_str("<tr>\n");
            for (place, cell) in row.iter().enumerate() {
                let is_number = numbers.get(place).is_some_and(|is_number| *is_number);
                cell.write(out, place == 0, is_number);
            }
            out.push_str("</tr>\n");
        }
        out.push_str("</tbody>\n</table>\n</div>\n");
    }
}

impl Cell {
    /// Whether it is a number, or one that is missing.
    fn may_be_number(&self) -> bool {
        self.number.is_some() || self.text == "–"
    }

    /// Appends it; `is_number` if all of its column are numbers: others would stand at the other side of their column.
    fn write(&self, out: &mut String, is_first: bool, is_number: bool) {
        let (open, close) = if is_first { ("th scope=\"row\"", "th") } else { ("td", "td") };
        let mut classes = Vec::new();
        classes.extend(is_number.then_some("number"));
        classes.extend(self.is_timing.then_some("timing"));
        let class = match classes.is_empty() {
            true => String::new(),
            false => format!(" class=\"{}\"", classes.join(" ")),
        };
        let number = self.number.filter(|number| is_number && number.is_finite());
        let number = number.map_or_else(String::new, |number| format!(" data-sort=\"{number}\""));
        let _ = writeln!(out, "<{open}{class}{number}>{}</{close}>", escaped(&self.text));
    }
}

/// Appends pairs of a name and a value as a table of two columns.
pub(super) fn write_pairs(out: &mut String, caption: &str, pairs: &[(String, String)]) {
    let rows = pairs.iter().map(|(name, value)| vec![name.as_str().into(), value.as_str().into()]);
    let head = ["Name", "Value"].map(str::to_owned).to_vec();
    Table { caption, head, rows: rows.collect(), is_sortable: false }.write(out);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_is_of_numbers_if_all_that_it_has_are() {
        let row = |cells: [&str; 3]| {
            let cell = |text: &str| Cell { number: text.parse().ok(), ..text.into() };
            cells.map(cell).to_vec()
        };
        let head = ["run", "hidden", "rate"].map(str::to_owned).to_vec();
        let rows = vec![row(["a", "4", "–"]), row(["b", "8,8", "0.5"])];
        let mut html = String::new();
        Table { caption: "", head, rows, is_sortable: true }.write(&mut html);
        for part in [
            "<th scope=\"col\">hidden<",
            "<td>4<",
            "<td>8,8<",
            "<th scope=\"col\" class=\"number\">rate<",
            "<td class=\"number\">–<",
            "<td class=\"number\" data-sort=\"0.5\">0.5<",
        ] {
            assert!(html.contains(part), "{part}: {html}");
        }
    }
}
