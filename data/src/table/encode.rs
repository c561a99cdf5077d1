//! From a table to samples: which columns a network gets, which it learns, and how text becomes numbers.

mod apply;
mod by_number;
mod labels;
mod mixture;
mod roles;
mod rows;
mod unsaid;
mod written;

use super::error::quoted;
use super::find::unnamed;
use super::{Column, ColumnRef, Kind, Table, TableError};
use crate::numbers::maybe_rounded;
use crate::{Coarse, Exact, Task};
use labels::check_labels;
use mixture::too_many_texts;
use roles::Roles;
pub(crate) use rows::LeftOut;
use written::written_numbers;

/// Distinct whole numbers up to which a target is a class.
const MAX_CLASSES_OF_NUMBERS: usize = 20;
/// Distinct texts up to which a column can be features.
pub(crate) const MAX_TEXTS: usize = 1000;

/// Columns, and what becomes of them, as somebody asks for them. What is not said is found out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EncodeOptions {
    /// The columns that are learnt; by default the last one, and of an autoencoder none.
    pub target: Vec<ColumnRef>,
    /// The column whose equal values keep samples together.
    pub group: Option<ColumnRef>,
    /// The task.
    pub task: Option<Task>,
    /// What is done about missing cells.
    pub missing: Missing,
    /// Whether samples without a target are left out and counted, whatever is done about missing inputs, and missing inputs
    /// that would be refused are kept: of data that are looked at, and train nothing yet.
    pub skips_unlabelled: bool,
}

impl EncodeOptions {
    /// What is done about missing cells of inputs.
    pub(crate) const fn of_missing(&self) -> Missing {
        match self.missing {
            Missing::Refuse if self.skips_unlabelled => Missing::Mean,
            missing => missing,
        }
    }
}

/// What is done about missing cells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Missing {
    /// They are refused.
    #[default]
    Refuse,
    /// Their rows are left out.
    Drop,
    /// An input that is missing counts as the mean of its feature.
    Mean,
}

/// How the columns of a table become the inputs and the targets of a network, remembered for other tables.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Encoding {
    /// The task.
    pub task: Task,
    /// The columns that are inputs.
    pub features: Vec<Feature>,
    /// The columns that are targets.
    pub targets: Vec<ColumnRef>,
    /// The column whose equal values keep samples together.
    pub group: Option<ColumnRef>,
    /// Names of the classes.
    pub class_names: Vec<String>,
}

/// A column that is input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Feature {
    /// Its name; of a table without names, its number.
    pub column: ColumnRef,
    /// The texts of a column of text, each an input that is 1 where the cell has it and 0 elsewhere.
    pub texts: Option<Vec<String>>,
}

impl Encoding {
    /// Finds out how a table becomes samples. Rows that [`Missing::Drop`] leaves out count for nothing: what only they
    /// have becomes no input and no class.
    ///
    /// # Errors
    ///
    /// [`TableError`] if a column that is asked for is not there, or no network can learn from such columns.
    pub fn learn(table: &Table, options: &EncodeOptions) -> Result<Self, TableError> {
        let lacking = Roles::of(table, options)?.lacking(table, options);
        if !lacking.contains(&true) || !lacking.contains(&false) {
            return Self::learn_all(table, options);
        }
        let mut rest = table.clone();
        rest.take_rows(&lacking);
        Self::learn_all(&rest, options)
    }

    /// The same of a table of which all rows are kept.
    fn learn_all(table: &Table, options: &EncodeOptions) -> Result<Self, TableError> {
        let wrong = |problem: String, advice: &str| TableError::new(&table.file, problem, advice);
        let Roles { targets, group } = Roles::of(table, options)?;
        let task = match (options.task, &targets[..]) {
            (Some(task), _) => task,
            (None, [target]) if is_class(table, *target) => Task::Classify,
            (None, _) => Task::Regress,
        };
        let class_names = match (task, &targets[..]) {
            (Task::Regress, _) | (Task::Reconstruct, []) => Vec::new(),
            (Task::Reconstruct, [target]) => {
                check_labels(table, *target)?;
                classes(table, *target, task)?
            }
            (_, [target]) => classes(table, *target, task)?,
            _ => {
                return Err(wrong(
                    "several targets are numbers, not classes".into(),
                    "name one, or take --task regress",
                ));
            }
        };
        let mut features = Vec::new();
        for (place, column) in table.columns.iter().enumerate() {
            if group == Some(place) || (table.is_blank(place) && !targets.contains(&place)) {
                continue;
            }
            if let Some(written) = column.values().and_then(written_numbers) {
                let problem = format!("has {}, such as {}", written.what, quoted(written.cell));
                let advice = format!("{}: such cells would each be one of its own", written.advice);
                return Err(TableError::new(&table.file, problem, advice).of(&column.name));
            }
            if targets.contains(&place) {
                continue;
            }
            let texts = column.values().map(<[String]>::to_vec);
            if let Some(count) = texts.as_ref().map(Vec::len).filter(|&count| count > MAX_TEXTS) {
                let found = format!("has {count} different texts, each of which would be an input");
                return Err(too_many_texts(table, place, &found, ""));
            }
            if texts
                .as_ref()
                .is_some_and(|texts| texts.len() == table.num_rows() && texts.len() > 9)
            {
                let why = ": it names rows, and says nothing of others";
                return Err(too_many_texts(table, place, "has another text in every row", why));
            }
            features.push(Feature { column: table.reference(column), texts });
        }
        if features.is_empty() {
            let is_alone = table.columns.len() + table.ignored.len() == 1;
            return Err(if is_alone {
                wrong("has one column only".into(), "part cells by a comma, a semicolon or a tab")
            } else {
                wrong(
                    "no column is left to be an input".into(),
                    "give it more columns than targets",
                )
            });
        }
        let targets = targets.iter().filter_map(|&place| table.columns.get(place));
        let targets = targets.map(|column| table.reference(column)).collect();
        let group = group.and_then(|place| table.columns.get(place));
        let group = group.map(|column| table.reference(column));
        Ok(Self { task, features, targets, group, class_names })
    }

    /// Finds the inputs in a table.
    ///
    /// # Errors
    ///
    /// [`TableError`] if one is missing.
    pub fn places_in(&self, table: &Table) -> Result<Vec<usize>, TableError> {
        let found = self.features.iter().map(|feature| table.find(&feature.column));
        found.filter_map(Result::transpose).collect()
    }

    /// All columns that it names: in another table there must be one of each.
    pub(crate) fn columns(&self) -> Vec<ColumnRef> {
        let features = self.features.iter().map(|feature| &feature.column);
        features.chain(&self.targets).chain(&self.group).cloned().collect()
    }

    /// The columns that are read as text, whatever another table has in them.
    #[must_use]
    pub fn text_columns(&self) -> Vec<ColumnRef> {
        let of_text = self.features.iter().filter(|feature| feature.texts.is_some());
        of_text.map(|feature| &feature.column).chain(&self.group).cloned().collect()
    }

    /// Names of the groups of a table, at the places that samples have for theirs.
    pub(crate) fn group_names(&self, table: &Table) -> Vec<String> {
        let place = self.group.as_ref().and_then(|group| table.find(group).ok().flatten());
        let column = place.and_then(|place| table.columns.get(place));
        column.and_then(Column::values).unwrap_or_default().to_vec()
    }

    /// The columns that are inputs or numbers to learn, and that `f32` cannot tell apart.
    pub(crate) fn coarse(&self, table: &Table) -> Vec<Coarse> {
        let inputs = self.features.iter().filter(|feature| feature.texts.is_none());
        let inputs = inputs.map(|feature| (&feature.column, false));
        let targets = self.targets.iter().filter(|_| self.task == Task::Regress);
        let used = inputs.chain(targets.map(|column| (column, true)));
        Coarse::among(used.filter_map(|(column, is_target)| {
            let place = table.find(column).ok().flatten()?;
            let numbers = table.columns.get(place)?.exact;
            Some(Coarse { name: column.to_string(), numbers, is_target })
        }))
    }

    /// The names of the inputs: columns, and of columns of text each text.
    #[must_use]
    pub fn input_names(&self) -> Vec<String> {
        let names = |Feature { column, texts }: &Feature| match texts {
            None => vec![column.to_string()],
            Some(texts) => texts.iter().map(|text| format!("{column} = {text}")).collect(),
        };
        self.features.iter().flat_map(names).collect()
    }

    /// The number of inputs.
    #[must_use]
    pub fn input_dim(&self) -> usize {
        self.features.iter().map(|feature| feature.texts.as_ref().map_or(1, Vec::len)).sum()
    }
}

impl Table {
    /// The name of a column, or its number if the file gives no names.
    fn reference(&self, column: &Column) -> ColumnRef {
        if self.has_header { column.name.as_str().into() } else { column.number.into() }
    }

    /// Whether a column has no name and nothing in it, as where each line ends with a delimiter.
    fn is_blank(&self, place: usize) -> bool {
        self.has_header
            && self.columns.get(place).is_some_and(|column| {
                column.name == unnamed(column.number)
                    && column.kind == Kind::Number
                    && column.exact == Exact::default()
            })
    }

    /// Adds to an error which cell is to blame.
    fn locate(&self, error: TableError, row: usize, place: usize) -> TableError {
        let line = self.lines.get(row).copied().unwrap_or(0);
        let name = self.columns.get(place).map_or("", |column| &column.name);
        error.at(line.into()).of(name)
    }
}

/// Whether a target is a class: text, or few whole numbers, each of two rows and more on average.
fn is_class(table: &Table, place: usize) -> bool {
    let Some(column) = table.columns.get(place) else { return false };
    let present = table.column(place).filter(|cell| !cell.is_nan());
    column.values().is_some()
        || !column.exact.has_fraction && are_classes(present, table.num_rows())
}

/// Whether numbers of some rows are few whole ones, each of two rows and more on average: they are classes then.
pub(crate) fn are_classes(numbers: impl Iterator<Item = f32>, num_rows: usize) -> bool {
    let mut found: Vec<f32> = Vec::new();
    for number in numbers {
        if number.fract() != 0.0 {
            return false;
        }
        if !found.contains(&number) {
            found.push(number);
            if found.len() > MAX_CLASSES_OF_NUMBERS {
                return false;
            }
        }
    }
    2 * found.len() <= num_rows
}

/// The name of the class that a cell says.
fn class_name(column: &Column, cell: f32) -> String {
    match column.values() {
        Some(values) => values.get(cell as usize).cloned().unwrap_or_default(),
        // There is one zero.
        None => (cell + 0.0).to_string(),
    }
}

/// Names of the classes of a column: numbers by size, texts by their letters.
fn classes(table: &Table, place: usize, task: Task) -> Result<Vec<String>, TableError> {
    let Some(column) = table.columns.get(place) else { return Ok(Vec::new()) };
    let wrong = |problem: String, advice: &str| {
        Err(TableError::new(&table.file, problem, advice).of(&column.name))
    };
    let mut names: Vec<String> = match column.values() {
        Some(values) => {
            let mut names = values.to_vec();
            names.sort();
            names
        }
        None => {
            if let Some(cell) = maybe_rounded(table.column(place)) {
                let advice = format!(
                    "--text {} takes them as they are written, --task regress as numbers",
                    quoted(&column.name)
                );
                return wrong(
                    format!("has the class {cell}, and whole numbers of 2^24 and more are rounded"),
                    &advice,
                );
            }
            let mut cells: Vec<f32> = table.column(place).filter(|cell| !cell.is_nan()).collect();
            cells.sort_by(f32::total_cmp);
            cells.dedup();
            cells.iter().map(|&cell| class_name(column, cell)).collect()
        }
    };
    names.dedup();
    match &names[..] {
        [] => wrong("has no class in any row".into(), "name another --target"),
        [one] if task == Task::Classify => wrong(
            format!("has one class only, {}: there is nothing to tell apart", quoted(one)),
            "name another --target, or take --task reconstruct",
        ),
        _ if names.len() > MAX_TEXTS => wrong(
            format!("has {} classes", names.len()),
            "take --task regress, or name another --target",
        ),
        _ => Ok(names),
    }
}

#[cfg(test)]
mod tests;
