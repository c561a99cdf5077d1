//! Inputs that say nothing, or all: those that are the same in all rows, and those that are the target.

use super::way_out::leave_out;
use super::{Hash, each_first_row, names};
use crate::formats::numpy;
use crate::{DataSet, Numbers, Wanted};

/// Rows by which nearly every input is seen to be neither.
const FIRST_ROWS: usize = 1000;

/// Warns of the columns of a table or an array that are the same in all rows, and of the inputs that are equal to a target. Of
/// most data it looks at the first rows alone.
pub(super) fn telltale(data: &DataSet) -> Vec<String> {
    let all: Vec<usize> = (0..data.input_dim()).collect();
    // Of pixels and the like many are the same everywhere, and none can be left out.
    let is_array = data.source.kind.word == numpy::KIND.word;
    let has_columns =
        data.encoding.is_some() || is_array && !matches!(data.train.numbers(), Numbers::U8(_));
    let mut first = find(data, FIRST_ROWS, &all);
    first.retain(|(_, target)| has_columns || target.is_some());
    let suspects: Vec<usize> = first.into_iter().map(|(place, _)| place).collect();
    let found = if suspects.is_empty() { Vec::new() } else { find(data, usize::MAX, &suspects) };
    let names = if found.is_empty() { Vec::new() } else { names(data) };
    let name = |place: usize| names.get(place).map_or("", String::as_str);
    let is_coarse = |place| data.coarse.iter().any(|column| column.name == name(place));
    let found = found.into_iter().filter(|(_, target)| has_columns || target.is_some());
    let found = found.filter(|&(place, _)| !is_coarse(place));
    let (equal, constant): (Vec<_>, Vec<_>) = found.partition(|(_, target)| target.is_some());
    let constant = constant.into_iter().map(|(place, _)| place);
    let mut lines = Vec::new();
    if is_array {
        lines.extend(constant_columns(data, constant));
    } else {
        lines.extend(constant.map(|place| {
            format!("{} is the same in all rows; --ignore leaves a column out", name(place))
        }));
    }
    let equal = equal.into_iter().filter_map(|(place, target)| Some((place, target?)));
    lines.extend(equal.map(|(place, target)| equal_to_target(data, name(place), &target)));
    lines
}

/// The warning of the columns of an array that are the same in all rows: one line, as an array may be one of pixels.
fn constant_columns(data: &DataSet, mut places: impl Iterator<Item = usize>) -> Option<String> {
    let first = places.next()?;
    let name = format!("input {}", first + 1);
    let what = match places.count() {
        0 => format!("{name} is"),
        more => format!("{} of {} inputs, such as {name}, are", more + 1, data.input_dim()),
    };
    Some(format!("{what} the same in all rows: such a column can be left out of the array"))
}

/// Which of some inputs are the same in the first rows, or equal to a target, whose name is given.
fn find(data: &DataSet, num_rows: usize, suspects: &[usize]) -> Vec<(usize, Option<String>)> {
    let mut columns = vec![Column::default(); suspects.len()];
    each_first_row(&data.train, num_rows, |row| {
        for (column, &place) in columns.iter_mut().zip(suspects) {
            column.add(row.get(place).copied().unwrap_or(f32::NAN));
        }
    });
    let targets = target_columns(data, num_rows);
    let of = |column: &Column| {
        if column.is_constant {
            return column.first.map(|_| None);
        }
        let target = targets.iter().find(|(_, target)| *target == column.hash);
        target.map(|(name, _)| Some(name.clone()))
    };
    let found = suspects.iter().zip(&columns);
    found.filter_map(|(&place, column)| Some((place, of(column)?))).collect()
}

/// What is known of an input.
#[derive(Clone, Debug)]
struct Column {
    hash: Hash,
    /// The first number that is there.
    first: Option<f32>,
    /// Whether all that are there are the same.
    is_constant: bool,
}

impl Default for Column {
    fn default() -> Self {
        Self { hash: Hash::default(), first: None, is_constant: true }
    }
}

impl Column {
    fn add(&mut self, x: f32) {
        self.hash.add(x);
        if !x.is_nan() {
            self.is_constant &= x == *self.first.get_or_insert(x);
        }
    }
}

pub(super) fn equal_to_target(data: &DataSet, name: &str, target: &str) -> String {
    format!(
        "{name} is equal to the target {target}: what is to be learnt is among the inputs; {}",
        leave_out(data)
    )
}

/// What a column looks like that is equal to a target: of classes their numbers, what they are called if that is a
/// number, and for each class whether it is it. The first rows are looked at.
pub(super) fn target_columns(data: &DataSet, num_rows: usize) -> Vec<(String, Hash)> {
    let name = |place: usize| data.target_names.get(place).cloned().unwrap_or_default();
    match data.train.targets() {
        Wanted::Nothing(_) => Vec::new(),
        Wanted::Values { numbers, width } => (0..*width)
            .map(|place| {
                let column = numbers.iter().skip(place).step_by(*width).take(num_rows);
                (name(place), Hash::of(column.copied()))
            })
            .collect(),
        Wanted::Classes(labels) => {
            let labels = labels.get(..num_rows).unwrap_or(labels);
            let called: Vec<Option<f32>> =
                data.class_names.iter().map(|name| name.parse().ok()).collect();
            let class = |label: &u32| usize::try_from(*label).ok();
            let numbers = labels.iter().map(|label| *label as f32);
            let names = labels.iter().map(|label| {
                class(label).and_then(|class| called.get(class).copied()?).unwrap_or(f32::NAN)
            });
            let mut all = vec![(name(0), Hash::of(numbers)), (name(0), Hash::of(names))];
            for (number, class) in (0..).zip(&data.class_names) {
                let is_it = labels.iter().map(|&label| f32::from(u8::from(label == number)));
                all.push((format!("{} = {class}", name(0)), Hash::of(is_it)));
            }
            all
        }
    }
}
