//! Tables whose columns have no names, and are told by their numbers.

use super::Encoding;
use crate::table::{ColumnRef, Table, TableError};

impl Encoding {
    /// Whether the columns of a table are told by their numbers alone: they had no names in training.
    #[must_use]
    pub fn is_by_number(&self, table: &Table) -> bool {
        let names = || table.columns.iter().chain(&table.ignored).map(|column| &column.name);
        let is_number = |column: &ColumnRef| {
            let name = column.to_string();
            name.parse::<usize>().is_ok() && names().all(|known| *known != name)
        };
        self.features.iter().all(|feature| is_number(&feature.column))
    }

    /// Refuses a table whose columns are told by their numbers alone, if it has others than that which trained: nothing
    /// else would tell that each is another one. `num_ignored` columns of that were left out.
    ///
    /// # Errors
    ///
    /// [`TableError`] if it has more columns, or fewer; the targets may be missing, if they are the last.
    pub fn check_width(&self, table: &Table, num_ignored: usize) -> Result<(), TableError> {
        if !self.is_by_number(table) {
            return Ok(());
        }
        let number = |column: &ColumnRef| column.to_string().parse::<usize>().unwrap_or(0);
        let others = self.features.iter().map(|feature| &feature.column).chain(&self.group);
        let last = others.clone().map(number).max().unwrap_or(0);
        let are_last = self.targets.iter().all(|target| number(target) > last);
        let trained = others.count() + self.targets.len() + num_ignored;
        let width = table.columns.len() + table.ignored.len();
        if width == trained || are_last && width == trained - self.targets.len() {
            return Ok(());
        }
        let problem = format!("has {width} columns, and the table that trained had {trained}");
        let advice =
            "give it the same columns in the same order: they have no names to find them by";
        Err(TableError::new(&table.file, problem, advice))
    }
}
