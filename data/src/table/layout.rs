//! The columns of a file, and what is made of each.

use super::blocks::{Block, Dialect};
use super::cells::{Tally, text_of};
use super::error::quoted;
use super::options::CsvOptions;
use super::rows::{Shape, Stop, for_each_row};
use super::{Column, ColumnRef, Kind, Table, TableError, comment, sniff};
use std::collections::HashSet;

/// What is made of a column's cells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Plan {
    Number,
    Text,
    Ignore,
}

/// How a file is laid out.
#[derive(Debug)]
pub(super) struct Layout<'a> {
    pub(super) file: &'a str,
    pub(super) dialect: Dialect,
    pub(super) has_header: bool,
    /// Whether the names are the file's.
    has_names: bool,
    /// Whether nobody has said what the first row is, and it is taken for one of numbers.
    pub(super) may_have_header: bool,
    pub(super) names: Vec<String>,
    /// Whether cells are kept as they are written.
    pub(super) keeps_written: bool,
    /// What the options say of each column.
    said: Vec<Option<Plan>>,
}

impl<'a> Layout<'a> {
    /// Finds out by the first block.
    pub(super) fn find(
        file: &'a str,
        dialect: Dialect,
        first: &Block,
        options: &CsvOptions,
    ) -> Result<Self, Stop> {
        let mut layout = Self {
            file,
            dialect,
            has_header: false,
            has_names: false,
            may_have_header: false,
            names: Vec::new(),
            keeps_written: options.keeps_written,
            said: Vec::new(),
        };
        let mut cells: Vec<String> = Vec::new();
        let (mut below, mut is_again, mut num_rows) = (Vec::new(), Vec::new(), 0_u64);
        for_each_row(first, layout.shape(), |record, _| {
            num_rows += 1;
            if num_rows == 1 {
                cells = record.cells().map(|cell| text_of(cell).to_owned()).collect();
                below = vec![Tally::default(); cells.len()];
                is_again = vec![false; cells.len()];
                return Ok(());
            }
            let seen = below.iter_mut().zip(&mut is_again).zip(&cells);
            for (cell, ((tally, is_again), name)) in record.cells().zip(seen) {
                tally.count(cell);
                *is_again |= cell.trim_ascii() == name.as_bytes();
            }
            Ok(())
        })?;
        if num_rows == 0 {
            let advice = "it needs a row for each example";
            return Err(TableError::new(file, "is empty", advice).into());
        }
        let has_header =
            options.header.unwrap_or_else(|| sniff::has_header(&cells, &below, &is_again));
        if options.header.is_none() && !has_header && sniff::may_be_names(&cells, &below, &is_again)
        {
            let first = cells.first().map_or("", String::as_str);
            log::warn!(
                "{file}: the first row, {first} and so on, is taken for numbers: --header says that it names columns, \
                 --header=false that it does not"
            );
        }
        if has_header && num_rows == 1 && first.is_last {
            let advice = "add rows, or say that the first row is one with --header=false";
            return Err(TableError::new(file, "has a header and no rows", advice).into());
        }
        layout.has_header = has_header;
        layout.names = (1..=cells.len()).map(|number| format!("column {number}")).collect();
        let commented = match options.header {
            None if !has_header => comment::names(first, dialect, cells.len(), file),
            _ => None,
        };
        layout.may_have_header = options.header.is_none() && !has_header && commented.is_none();
        layout.has_names = has_header || commented.is_some();
        if layout.has_names {
            for (name, cell) in layout.names.iter_mut().zip(commented.unwrap_or(cells)) {
                if !cell.is_empty() {
                    *name = cell;
                }
            }
        }
        layout.said = layout.obey(options)?;
        layout.check_names(options.unique.as_deref())?;
        Ok(layout)
    }

    /// The form of a row.
    pub(super) fn shape(&self) -> Shape<'_> {
        let Self { file, dialect, has_header, ref names, .. } = *self;
        Shape { file, dialect, has_header, names }
    }

    /// What the options say of each column.
    fn obey(&self, options: &CsvOptions) -> Result<Vec<Option<Plan>>, TableError> {
        let names = || (1..).zip(self.names.iter().map(String::as_str));
        let default = options.only.as_ref().map(|_| Plan::Ignore);
        let mut said = vec![default; self.names.len()];
        let mut say = |place: usize, plan| {
            if let Some(said) = said.get_mut(place) {
                *said = Some(plan);
            }
        };
        for wanted in options.only.iter().flatten() {
            // Whoever needs it says that it is missing.
            if let Ok(place) = wanted.column.find_in(names(), self.file) {
                say(place, if wanted.is_text { Plan::Text } else { Plan::Number });
            }
        }
        for column in &options.text {
            say(column.find_in(names(), self.file)?, Plan::Text);
        }
        for column in &options.ignore {
            say(column.find_in(names(), self.file)?, Plan::Ignore);
        }
        Ok(said)
    }

    /// Refuses two columns of a name, where it matters which of them is meant.
    fn check_names(&self, unique: Option<&[ColumnRef]>) -> Result<(), TableError> {
        let unique: Option<HashSet<String>> =
            unique.map(|columns| columns.iter().map(ToString::to_string).collect());
        let matters = |name: &String| unique.as_ref().is_none_or(|unique| unique.contains(name));
        let mut sorted: Vec<(&String, usize)> = Vec::new();
        for ((name, number), said) in self.names.iter().zip(1..).zip(&self.said) {
            if *said != Some(Plan::Ignore) && matters(name) {
                sorted.push((name, number));
            }
        }
        sorted.sort_unstable();
        for ((name, number), (next, other)) in sorted.iter().zip(sorted.iter().skip(1)) {
            if name == next {
                let name = quoted(name);
                let problem = format!("the columns {number} and {other} are both named {name}");
                let advice = format!("rename one, or leave one out with --ignore {other}");
                return Err(TableError::new(self.file, problem, advice));
            }
        }
        Ok(())
    }

    /// The plan of each column, by what its cells are.
    pub(super) fn plans_by(&self, tallies: &[Tally]) -> Vec<Plan> {
        let by = |tally: &Tally| if tally.is_number() { Plan::Number } else { Plan::Text };
        self.said
            .iter()
            .zip(tallies)
            .map(|(said, tally)| said.unwrap_or_else(|| by(tally)))
            .collect()
    }

    /// The table without rows yet.
    pub(super) fn table(&self, plans: &[Plan]) -> Table {
        let (file, has_header) = (self.file.to_owned(), self.has_names);
        let mut table = Table { file, has_header, ..Table::default() };
        for ((name, number), plan) in self.names.iter().zip(1..).zip(plans) {
            match plan {
                Plan::Number => table.columns.push(Column::new(name, number, Kind::Number)),
                Plan::Text => {
                    table.columns.push(Column::new(name, number, Kind::Text(Vec::new())));
                }
                Plan::Ignore => table.ignored.push(Column::new(name, number, Kind::Number)),
            }
        }
        table
    }
}
