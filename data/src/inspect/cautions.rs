//! What whoever trains on data should know of them, and what takes no time to see.

use super::alike::alike;
use super::far::far;
use super::numbering::unnamed_numbering;
use super::telltale::telltale;
use super::way_out::leave_out;
use super::{Hash, each_row, names, some};
use crate::{DataError, DataSet, Records, Wanted};
use std::collections::HashSet;

/// Numbers of which equal samples are looked for before a network trains: that takes milliseconds.
const MAX_COMPARED: usize = 1 << 24;

/// What whoever trains on the data should know, and what takes no time to see: inputs that are missing everywhere, numbers
/// that `f32` cannot tell apart, one of several targets that is the same everywhere, columns of a table that are the same
/// everywhere or equal to the target, columns without a name that count the rows, numbers far from all others, classes or
/// texts of a column that differ by case or spaces alone, and samples of the parts that are given that train too.
///
/// ```
/// use barenet_data::{builtin, inspect::cautions};
/// assert!(cautions(&builtin::generate()).is_empty());
/// ```
#[must_use]
pub fn cautions(data: &DataSet) -> Vec<String> {
    let mut lines = Vec::new();
    lines.extend(incomplete(data));
    some(coarse(data), &mut lines);
    if data.fills_missing {
        let mut are_empty = vec![true; data.input_dim()];
        each_row(&data.train, |row| {
            are_empty.iter_mut().zip(row).for_each(|(is_empty, x)| *is_empty &= x.is_nan());
        });
        let empty = names(data).into_iter().zip(are_empty).filter(|&(_, is_empty)| is_empty);
        some(empty.map(|(name, _)| missing_everywhere(data, &name)).collect(), &mut lines);
    }
    some(nothing_to_learn(data), &mut lines);
    if data.form.is_none() && !data.source.kind.is_of_course {
        some(telltale(data), &mut lines);
        some(unnamed_numbering(data), &mut lines);
        some(far(data), &mut lines);
    }
    some(alike(data), &mut lines);
    let parts = [&data.train, &data.val, &data.test];
    let count: usize = parts.iter().map(|part| part.numbers().len()).sum();
    let is_split = !data.val.is_empty() || !data.test.is_empty();
    if is_split && !data.source.kind.is_of_course && count <= MAX_COMPARED {
        some(shared(data, &hashes(&data.train).into_iter().collect()), &mut lines);
    }
    lines
}

/// How many samples were left out since a number of them is missing.
pub(super) fn incomplete(data: &DataSet) -> Option<String> {
    let DataSet { incomplete, source, .. } = data;
    let all = incomplete + data.train.len() + data.val.len() + data.test.len();
    let are = if *incomplete == 1 { "lacks a value, and is" } else { "lack a value, and are" };
    (*incomplete > 0)
        .then(|| format!("{incomplete} of {all} {} {are} left out", source.kind.samples))
}

pub(super) fn missing_everywhere(data: &DataSet, name: &str) -> String {
    format!("{name} is missing everywhere: {}", leave_out(data))
}

pub(super) fn coarse(data: &DataSet) -> Vec<String> {
    data.coarse.iter().map(|column| column.describe(leave_out(data))).collect()
}

pub(super) fn nothing_to_learn(data: &DataSet) -> Vec<String> {
    let problems = constant_targets(data).into_iter().map(|target| same_everywhere(data, target));
    problems.map(|problem| format!("{problem}; {ANOTHER_TARGET}")).collect()
}

const ANOTHER_TARGET: &str = "name another --target";

fn same_everywhere(data: &DataSet, (name, number): (String, f32)) -> String {
    let samples = data.source.kind.samples;
    format!("the target {name} is {number} in all {samples}: there is nothing to learn")
}

/// Refuses data of which there is nothing to learn: every target is one number in all samples.
///
/// # Errors
///
/// [`DataError::Format`] that names the first of them.
pub fn check_targets(data: &DataSet) -> Result<(), DataError> {
    let mut constant = constant_targets(data);
    if constant.is_empty() || constant.len() != data.output_dim() {
        return Ok(());
    }
    Err(DataError::Format {
        file: data.source.to_string(),
        problem: same_everywhere(data, constant.swap_remove(0)),
        advice: ANOTHER_TARGET,
    })
}

/// Names of the targets that are one number in all samples, and these numbers.
///
/// ```
/// use barenet_data::{DataSet, Numbers, Records, Source, Wanted, formats::csv, inspect::constant_targets};
/// let targets = Wanted::Values { numbers: vec![0.5, 0.5], width: 1 };
/// let train = Records::of(1, Numbers::F32(vec![1.0, 2.0]), targets);
/// let target_names = vec!["y".to_owned()];
/// let data = DataSet { train, target_names, ..DataSet::empty(Source::read(&csv::KIND, "t.csv".to_owned())) };
/// assert_eq!(constant_targets(&data), [("y".to_owned(), 0.5)]);
/// ```
#[must_use]
pub fn constant_targets(data: &DataSet) -> Vec<(String, f32)> {
    let Wanted::Values { numbers, width } = data.train.targets() else { return Vec::new() };
    let is_coarse = |name: &String| data.coarse.iter().any(|column| column.name == *name);
    let first = numbers.get(..*width).unwrap_or_default();
    let is_constant = |&(place, first): &(usize, &f32)| {
        numbers.iter().skip(place).step_by(*width).all(|number| number == first)
    };
    let constant = first.iter().enumerate().filter(is_constant);
    let constant = constant.map(|(place, number)| {
        (data.target_names.get(place).cloned().unwrap_or_default(), *number)
    });
    constant.filter(|(name, _)| !is_coarse(name)).collect()
}

/// How many samples of the other parts are among those that train.
pub(super) fn shared(data: &DataSet, known: &HashSet<Hash>) -> Vec<String> {
    let word = data.source.kind.samples;
    let parts = [("validate", &data.val), ("test", &data.test)];
    let lines = parts.into_iter().filter_map(|(what, records)| {
        let count = hashes(records).iter().filter(|hash| known.contains(hash)).count();
        let all = records.len();
        (count > 0).then(|| {
            format!(
                "{count} of {all} {word} that {what} are among those that train: figures of them say too much"
            )
        })
    });
    lines.collect()
}

pub(super) fn hashes(records: &Records) -> Vec<Hash> {
    let mut all = Vec::with_capacity(records.len());
    each_row(records, |row| all.push(Hash::of(row.iter().copied())));
    all
}
