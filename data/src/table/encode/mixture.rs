//! Columns of text that have numbers among their words: most likely numbers, with a slip or a word for what is not known.

use super::{Encoding, quoted};
use crate::table::cells::Cell;
use crate::table::{ColumnRef, Table, TableError};

/// The first cell of the rarer kind in a column of words and numbers.
struct Mixture<'a> {
    row: usize,
    cell: &'a str,
    /// Whether that is a number.
    is_number: bool,
    /// The other cells that have something in them, and those of them that are of the other kind.
    count: usize,
    others: usize,
}

impl<'a> Mixture<'a> {
    /// What there is of it in a column; none if all its texts are words, or all numbers.
    fn of(table: &'a Table, place: usize) -> Option<Self> {
        let values = table.columns.get(place)?.values()?;
        let are_numbers: Vec<bool> = values
            .iter()
            .map(|text| matches!(Cell::of(text.as_bytes()), Cell::Number(..)))
            .collect();
        if !are_numbers.contains(&true) || !are_numbers.contains(&false) {
            return None;
        }
        // The kind of every cell, and none of a missing one.
        let kinds = || {
            let codes = table.column(place);
            codes.map(|code| are_numbers.get(code as usize).filter(|_| !code.is_nan()).copied())
        };
        let count = kinds().flatten().count();
        let num_numbers = kinds().flatten().filter(|&is_number| is_number).count();
        let is_number = 2 * num_numbers < count;
        let others = if is_number { count - num_numbers } else { num_numbers };
        let row = kinds().position(|kind| kind == Some(is_number))?;
        let code = table.column(place).nth(row)?;
        let cell = values.get(code as usize)?;
        Some(Self { row, cell, is_number, count: count.saturating_sub(1), others })
    }

    /// Which cell that is.
    fn problem(&self) -> String {
        let Self { cell, count, others, .. } = self;
        let (one, many) =
            if self.is_number { ("a number", "words") } else { ("no number", "numbers") };
        format!("{} is {one}, and {others} of the {count} other cells are {many}", quoted(cell))
    }

    /// Adds to an error the line and the column.
    fn locate(&self, table: &Table, error: TableError, place: usize) -> TableError {
        table.locate(error, self.row, place)
    }
}

/// The error of a column that has too many texts, and why that is one: of one that is mostly numbers, the cell that is none.
pub(super) fn too_many_texts(table: &Table, place: usize, found: &str, why: &str) -> TableError {
    let name = table.columns.get(place).map_or("", |column| &column.name);
    match Mixture::of(table, place).filter(|mixture| !mixture.is_number) {
        Some(mixture) => {
            let problem = format!("{}: the column {found}", mixture.problem());
            let error = TableError::new(&table.file, problem, as_numbers(name));
            mixture.locate(table, error, place)
        }
        None => {
            let advice = format!("leave the column out with --ignore {}", quoted(name));
            TableError::new(&table.file, format!("{found}{why}"), advice).of(name)
        }
    }
}

/// What to do about a column of words and numbers that is to be numbers.
fn as_numbers(column: &str) -> String {
    format!(
        "correct it, or leave such cells empty and take --missing drop or --missing mean, or leave the column out with \
         --ignore {}",
        quoted(column)
    )
}

/// The warning of a column of text in which most rows have a text of their own, such as a name.
fn names_of_rows(table: &Table, place: usize) -> Option<TableError> {
    /// So many inputs are not too many for any network.
    const FEW: usize = 20;
    let column = table.columns.get(place)?;
    let (count, rows) = (column.values()?.len(), table.num_rows());
    if count <= FEW || 2 * count <= rows {
        return None;
    }
    let problem = format!("has {count} different texts in {rows} rows, each of which is an input");
    let advice = format!(
        "if it names rows, it says nothing of others: leave it out with --ignore {}",
        quoted(&column.name)
    );
    Some(TableError::new(&table.file, problem, advice).of(&column.name))
}

impl Encoding {
    /// Logs a warning for each column that is taken as text, though nobody said so, and has numbers among its words, and for
    /// each other input that has a text of its own in most rows.
    pub(crate) fn warn_of_texts(&self, table: &Table, of_text: &[ColumnRef]) {
        let is_said = |place: usize| {
            of_text.iter().any(|column| matches!(table.find(column), Ok(Some(at)) if at == place))
        };
        let inputs = self.features.iter().map(|feature| (&feature.column, false));
        let targets = self.targets.iter().map(|target| (target, true));
        for (column, is_target) in inputs.chain(targets) {
            let Ok(Some(place)) = table.find(column) else { continue };
            let Some(mixture) = Mixture::of(table, place).filter(|_| !is_said(place)) else {
                if let Some(warning) = names_of_rows(table, place).filter(|_| !is_target) {
                    log::warn!("{warning}");
                }
                continue;
            };
            let Some(column) = table.columns.get(place) else { continue };
            let num_texts = column.values().map_or(0, <[String]>::len);
            let name = quoted(&column.name);
            let (what, otherwise) = if is_target {
                ("a class", "correct the cell if they are numbers".to_owned())
            } else {
                ("an input", format!("otherwise {}", as_numbers(&column.name)))
            };
            let problem = format!(
                "{}: each of the {num_texts} texts of the column becomes {what}",
                mixture.problem()
            );
            let advice = format!("say --text {name} if that is meant; {otherwise}");
            let warning =
                mixture.locate(table, TableError::new(&table.file, problem, advice), place);
            log::warn!("{warning}");
        }
    }
}
