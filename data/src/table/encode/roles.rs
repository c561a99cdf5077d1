//! Which columns of a table are learnt, and which keeps samples together.

use super::{EncodeOptions, Missing, quoted};
use crate::Task;
use crate::table::{ColumnRef, Table, TableError};

/// Places of the columns of a table that are no inputs.
pub(super) struct Roles {
    pub(super) targets: Vec<usize>,
    pub(super) group: Option<usize>,
}

impl Roles {
    /// Finds them as somebody asks for them.
    pub(super) fn of(table: &Table, options: &EncodeOptions) -> Result<Self, TableError> {
        let wrong = |problem: String, advice: &str| TableError::new(&table.file, problem, advice);
        let find = |column: &ColumnRef, what: &str| match table.find(column)? {
            Some(place) => Ok(place),
            None => {
                let problem =
                    format!("column {} is {what} and ignored too", quoted(&column.to_string()));
                Err(wrong(problem, "leave it out of --ignore"))
            }
        };
        let group = options.group.as_ref().map(|group| find(group, "the group")).transpose()?;
        let mut targets = Vec::new();
        for target in &options.target {
            let place = find(target, "the target")?;
            if targets.contains(&place) || group == Some(place) {
                let name = quoted(&target.to_string());
                return Err(wrong(
                    format!("column {name} is named twice"),
                    "name each target and the group once",
                ));
            }
            targets.push(place);
        }
        if targets.is_empty() && options.task != Some(Task::Reconstruct) {
            let last = (0..table.columns.len()).rev().find(|&place| !table.is_blank(place));
            if let Some(column) =
                group.filter(|_| last == group).and_then(|at| table.columns.get(at))
            {
                let error = wrong(
                    "is the last one, which is the target by default, and the group".into(),
                    "say with --target which column is to be learnt",
                );
                return Err(error.of(&column.name));
            }
            targets.extend(last);
        }
        Ok(Self { targets, group })
    }

    /// Whether each row lacks its target or its group.
    pub(super) fn unlabelled(&self, table: &Table) -> Vec<bool> {
        let needed: Vec<usize> = self.targets.iter().copied().chain(self.group).collect();
        lacking(table, &needed)
    }

    /// Whether each row is one that is left out, so that nothing may be learnt of it.
    pub(super) fn lacking(&self, table: &Table, options: &EncodeOptions) -> Vec<bool> {
        match options.missing {
            Missing::Drop => {
                let is_needed = |&place: &usize| {
                    !table.is_blank(place)
                        || self.group == Some(place)
                        || self.targets.contains(&place)
                };
                let needed: Vec<usize> = (0..table.columns.len()).filter(is_needed).collect();
                lacking(table, &needed)
            }
            Missing::Refuse | Missing::Mean if options.skips_unlabelled => self.unlabelled(table),
            Missing::Refuse | Missing::Mean => Vec::new(),
        }
    }
}

/// Whether each row lacks a cell of some columns.
fn lacking(table: &Table, needed: &[usize]) -> Vec<bool> {
    let lacks = |row: &[f32]| needed.iter().any(|&at| row.get(at).is_none_or(|cell| cell.is_nan()));
    table.rows().map(lacks).collect()
}
