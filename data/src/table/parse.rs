//! Makes cells of a block.

use super::blocks::Block;
use super::cells::{Cell, Tally, text_of};
use super::error::quoted;
use super::layout::{Layout, Plan};
use super::rows::{Hidden, Stop, for_each_row};
use super::{Kind, Table, TableError};
use crate::Exact;
use std::collections::HashMap;

/// More different texts than a column of categories has.
const MAX_VALUES: usize = 10_000;

/// Cells and lines of some rows.
#[derive(Debug)]
pub(super) struct Part {
    cells: Vec<f32>,
    written: Vec<String>,
    pub(super) lines: Vec<u32>,
    pub(super) hidden: Hidden,
    /// The values of each column; none of one of numbers.
    values: Vec<Vec<String>>,
    /// What the numbers of each column were.
    exact: Vec<Exact>,
}

/// Counts what the cells of each column are.
pub(super) fn tally(block: &Block, layout: &Layout<'_>) -> Result<Vec<Tally>, Stop> {
    let mut tallies = vec![Tally::default(); layout.names.len()];
    for_each_row(block, layout.shape(), |record, _| {
        for (tally, cell) in tallies.iter_mut().zip(record.cells()) {
            tally.count(cell);
        }
        Ok(())
    })?;
    Ok(tallies)
}

/// Makes cells of a block.
pub(super) fn parse(block: &Block, layout: &Layout<'_>, plans: &[Plan]) -> Result<Part, Stop> {
    let width = plans.iter().filter(|&&plan| plan != Plan::Ignore).count();
    let mut places: Vec<HashMap<String, u32>> = vec![HashMap::new(); width];
    let mut part = Part {
        cells: Vec::new(),
        written: Vec::new(),
        lines: Vec::new(),
        hidden: Hidden::default(),
        values: vec![Vec::new(); width],
        exact: vec![Exact::default(); width],
    };
    let hidden = for_each_row(block, layout.shape(), |record, line| {
        let mut values = places.iter_mut().zip(&mut part.values).zip(&mut part.exact);
        for ((cell, plan), name) in record.cells().zip(plans).zip(&layout.names) {
            if *plan == Plan::Ignore {
                continue;
            }
            let Some(((places, values), exact)) = values.next() else { continue };
            let number = match (plan, Cell::of(cell)) {
                (Plan::Number, Cell::Number(number, written)) => {
                    exact.add(written, number);
                    number
                }
                (_, Cell::Missing) => f32::NAN,
                (Plan::Text, _) => {
                    let place = place_of(text_of(cell), places, values);
                    place.ok_or_else(|| too_many(layout.file, name))?
                }
                (_, found) => {
                    let is_first = part.lines.is_empty() && block.index == 0;
                    let may_be_name = is_first && layout.may_have_header;
                    return Err(no_number(found, layout.file, name, line, may_be_name));
                }
            };
            part.cells.push(number);
            if layout.keeps_written {
                part.written.push(text_of(cell).to_owned());
            }
        }
        part.lines.push(u32::try_from(line).unwrap_or(u32::MAX));
        Ok(())
    })?;
    part.hidden = hidden;
    Ok(part)
}

/// The place of a text among the values, of which it becomes one; none if there are too many.
#[allow(clippy::cast_precision_loss)]
fn place_of(
    text: &str,
    places: &mut HashMap<String, u32>,
    values: &mut Vec<String>,
) -> Option<f32> {
    if let Some(&place) = places.get(text) {
        return Some(place as f32);
    }
    let place = u32::try_from(values.len()).ok().filter(|_| values.len() < MAX_VALUES)?;
    places.insert(text.to_owned(), place);
    values.push(text.to_owned());
    Some(place as f32)
}

fn too_many(file: &str, column: &str) -> Stop {
    let problem = format!("more than {MAX_VALUES} different texts");
    let advice = format!("leave it out with --ignore {column:?}");
    Stop::Kind(TableError::new(file, problem, advice).of(column))
}

fn no_number(cell: Cell<'_>, file: &str, column: &str, line: u64, may_be_name: bool) -> Stop {
    let (problem, advice) = match cell {
        Cell::Infinite(text) => (
            format!("{} is no finite number, or larger than 1e30", quoted(text)),
            format!(
                "correct it, or remove the row, or leave the column out with --ignore {column:?}"
            ),
        ),
        Cell::Text(text) => (
            format!("{} is no number", quoted(text)),
            format!(
                "correct it, {}or --text {column:?} takes the column as text, --ignore leaves it out",
                if may_be_name { "or say with --header that the row names columns, " } else { "" }
            ),
        ),
        Cell::Number(..) | Cell::Missing => ("cannot be used".to_owned(), String::new()),
    };
    Stop::Kind(TableError::new(file, problem, advice).at(line).of(column))
}

impl Part {
    /// Appends the rows to a table; `places` has the places of the texts of each of its columns.
    pub(super) fn append_to(
        mut self,
        table: &mut Table,
        places: &mut [HashMap<String, u32>],
    ) -> Result<(), Stop> {
        let width = table.columns.len().max(1);
        let columns = table.columns.iter_mut().zip(places).zip(self.values).zip(self.exact);
        for (index, (((column, places), found), exact)) in columns.enumerate() {
            column.exact.join(exact);
            let Kind::Text(values) = &mut column.kind else { continue };
            let mut new = Vec::with_capacity(found.len());
            for text in found {
                let place = place_of(&text, places, values);
                new.push(place.ok_or_else(|| too_many(&table.file, &column.name))?);
            }
            for cell in self.cells.iter_mut().skip(index).step_by(width) {
                // A cell is the place among the block's own values, or NaN.
                if !cell.is_nan() {
                    *cell = new.get(*cell as usize).copied().unwrap_or(f32::NAN);
                }
            }
        }
        table.cells.extend_from_slice(&self.cells);
        table.lines.extend_from_slice(&self.lines);
        table.written.append(&mut self.written);
        Ok(())
    }
}
