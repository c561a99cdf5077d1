//! Tables whose columns have no names, and are told by their numbers or their order.

use super::{Encoding, Feature};
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
        let columns = if width == 1 { "column" } else { "columns" };
        let problem = format!("has {width} {columns}, and the table that trained had {trained}");
        let advice =
            "give it the same columns in the same order: they have no names to find them by";
        Err(TableError::new(&table.file, problem, advice))
    }

    /// The same inputs in a table without these names: its columns are the inputs in their order, but for those that are
    /// called as targets are.
    ///
    /// # Errors
    ///
    /// [`TableError`] if there are more columns than inputs, or fewer, or some were of text.
    pub fn by_place(&self, table: &Table) -> Result<Self, TableError> {
        let targets = self.targets.iter().filter_map(|target| table.find(target).ok().flatten());
        let targets: Vec<usize> = targets.collect();
        let (len, width) = (self.features.len(), table.columns.len());
        let is_input = |place: &usize| width == len || !targets.contains(place);
        let places: Vec<usize> = (0..width).filter(is_input).collect();
        let wrong = |problem: String, advice| Err(TableError::new(&table.file, problem, advice));
        if self.features.iter().any(|feature| feature.texts.is_some()) {
            let problem = "has numbers alone, and the network was trained on columns of text too";
            return wrong(problem.to_owned(), "name a table with these columns");
        }
        if places.len() != len {
            let numbers = if width == 1 { "number" } else { "numbers" };
            let problem = format!("has rows of {width} {numbers}, and the network takes {len}");
            return wrong(problem, "give it the inputs that trained, in their order");
        }
        let columns = places.iter().filter_map(|&place| table.columns.get(place));
        let feature = |column| Feature { column: table.reference(column), texts: None };
        Ok(Self { features: columns.map(feature).collect(), ..self.clone() })
    }
}
