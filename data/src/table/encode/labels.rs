//! The target of an autoencoder: a label of each row.

use super::quoted;
use crate::table::{Table, TableError};

/// Refuses a target of an autoencoder that is numbers: parts of one, or nearly as many as there are rows.
pub(super) fn check_labels(table: &Table, place: usize) -> Result<(), TableError> {
    let Some(column) = table.columns.get(place).filter(|column| column.values().is_none()) else {
        return Ok(());
    };
    let mut cells: Vec<f32> = table.column(place).filter(|cell| !cell.is_nan()).collect();
    cells.sort_by(f32::total_cmp);
    cells.dedup();
    if !column.exact.has_fraction && 2 * cells.len() <= table.num_rows() {
        return Ok(());
    }
    let problem = "is of numbers, and the target of an autoencoder is labels, such as normal and anomaly: it learns the \
                   rows of one of them";
    let advice = format!(
        "name a column of labels with --target, and with --normal the one to learn, or say --text {} if these numbers \
         are labels, or leave --target out to learn all rows, or take --task regress to learn the numbers",
        quoted(&column.name)
    );
    Err(TableError::new(&table.file, problem, advice).of(&column.name))
}
