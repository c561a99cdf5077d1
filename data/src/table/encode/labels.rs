//! The target of an autoencoder: a label of each row.

use super::{EncodeOptions, Encoding, MAX_TEXTS, classes, quoted};
use crate::Task;
use crate::class_names::add_class_names;
use crate::table::{Table, TableError};

impl Encoding {
    /// Adds the classes of another table of an autoencoder, behind those that it has: all but the normal one are
    /// anomalies, and none of them needs to train. Of another task nothing is added.
    ///
    /// ```
    /// use barenet_data::table::{CsvOptions, EncodeOptions, Encoding, read_csv_from};
    /// use barenet_data::Task;
    /// let read = |text: &str| read_csv_from(text.as_bytes(), "t.csv", &CsvOptions::default());
    /// let options = EncodeOptions {
    ///     target: vec!["state".into()],
    ///     task: Some(Task::Reconstruct),
    ///     ..EncodeOptions::default()
    /// };
    /// let mut encoding = Encoding::learn(&read("a,state\n1,ok\n2,ok\n")?, &options)?;
    /// encoding.add_classes(&read("a,state\n1,ok\n9,bad\n")?)?;
    /// assert_eq!(encoding.class_names, ["ok", "bad"]);
    /// # Ok::<(), barenet_data::DataError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`TableError`] if the table has not the target, or its cells are no labels.
    pub fn add_classes(&mut self, table: &Table) -> Result<(), TableError> {
        let [target] = &self.targets[..] else { return Ok(()) };
        if self.task != Task::Reconstruct {
            return Ok(());
        }
        // Of a column that is ignored the samples say what is wrong.
        let Some(place) = table.find(target)? else { return Ok(()) };
        if self.class_names.is_empty() {
            check_labels(table, place)?;
        }
        add_class_names(&mut self.class_names, classes(table, place, self.task)?);
        if self.class_names.len() > MAX_TEXTS {
            let problem =
                format!("makes {} classes, with those that train", self.class_names.len());
            let error = TableError::new(&table.file, problem, "give the target few labels");
            return Err(error.of(&target.to_string()));
        }
        Ok(())
    }
}

impl EncodeOptions {
    /// The error of a table that has no labels, which an autoencoder can train without.
    pub(crate) fn lacks_labels(&self, table: &Table) -> Option<TableError> {
        match &self.target[..] {
            [target] if self.task == Some(Task::Reconstruct) => table.find(target).err(),
            _ => None,
        }
    }
}

impl Encoding {
    /// The same for a table without labels.
    pub(crate) fn unlabelled(&self) -> Self {
        Self { targets: Vec::new(), class_names: Vec::new(), ..self.clone() }
    }
}

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
