//! A look at a data set before it trains: ranges, what is missing, and what is odd.

mod alike;
mod cautions;
mod far;
mod huge;
mod numbering;
mod telltale;
mod way_out;

pub use cautions::{cautions, check_targets, constant_targets};
pub use huge::check_numbers;

use crate::table::error::quoted;
use crate::{DataSet, Records, SampleForm, Task};
use alike::alike;
use cautions::{coarse, hashes, incomplete, missing_everywhere, nothing_to_learn, shared};
use far::far;
use numbering::{FEWEST_NUMBERED, Numbering, counts_the_rows};
use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use telltale::{equal_to_target, target_columns};

/// What there is to know of an input.
#[derive(Clone, Debug, PartialEq)]
pub struct Input {
    /// Its name: that of its column, and of a column of text the text too; otherwise its number, from 1.
    pub name: String,
    /// The least number; infinite where all are missing.
    pub min: f32,
    /// The most; minus infinity where all are missing.
    pub max: f32,
    /// The mean of those that are there.
    pub mean: f64,
    /// How many are missing.
    pub missing: usize,
    /// Whether all are whole.
    pub is_whole: bool,
}

/// What there is to know of a data set.
#[derive(Clone, Debug, PartialEq)]
pub struct Inspection {
    /// The inputs, over the samples that train or that the parts are drawn of.
    pub inputs: Vec<Input>,
    /// Names of the inputs that are the same in all samples.
    pub constant: Vec<String>,
    /// What may be a mistake, a line each.
    pub warnings: Vec<String>,
}

/// More such lines than that help nobody.
const MAX_LINES: usize = 10;

/// Looks at a data set: the range of every input, those that are constant, and as warnings inputs that are missing
/// everywhere, count the rows of a table, or are equal to another or to the target, a target that is the same everywhere,
/// and samples that are there twice or in two parts.
///
/// ```
/// use barenet_data::{builtin, inspect::inspect};
/// let found = inspect(&builtin::generate());
/// assert_eq!(found.inputs.len(), 3072);
/// assert_eq!((found.inputs[0].missing, found.inputs[0].is_whole), (0, true));
/// ```
#[must_use]
pub fn inspect(data: &DataSet) -> Inspection {
    let mut inputs: Vec<_> = names(data).into_iter().map(Input::new).collect();
    let mut columns = vec![Hash::default(); inputs.len()];
    // Only of a table of some rows are there any.
    let is_long_table = data.encoding.is_some() && data.train.len() >= FEWEST_NUMBERED;
    let mut numbering = vec![Numbering::default(); if is_long_table { inputs.len() } else { 0 }];
    each_row(&data.train, |row| {
        for ((input, column), &x) in inputs.iter_mut().zip(&mut columns).zip(row) {
            input.add(x);
            column.add(x);
        }
        numbering.iter_mut().zip(row).for_each(|(numbering, &x)| numbering.add(x));
    });
    for input in &mut inputs {
        input.mean /= data.train.len().saturating_sub(input.missing).max(1) as f64;
    }
    let mut warnings = Vec::new();
    warnings.extend(unlabelled(data));
    warnings.extend(incomplete(data));
    some(coarse(data), &mut warnings);
    let is_coarse = |name: &String| data.coarse.iter().any(|column| column.name == *name);
    let is_constant = |input: &Input| input.min == input.max && !is_coarse(&input.name);
    let constant = inputs.iter().filter(|input| is_constant(input)).map(|input| input.name.clone());
    let constant = constant.collect();
    let empty = inputs.iter().filter(|input| input.is_empty());
    some(empty.map(|input| missing_everywhere(data, &input.name)).collect(), &mut warnings);
    let lines = inputs.iter().zip(&numbering);
    let lines = lines.filter(|(input, numbering)| !numbering.is_broken && !is_coarse(&input.name));
    let lines = lines.map(|(Input { name, .. }, _)| counts_the_rows(name));
    some(lines.collect(), &mut warnings);
    let is_left_out = |input: &Input| input.is_empty() || is_constant(input);
    some(equal(&inputs, &columns, is_left_out), &mut warnings);
    let targets = target_columns(data, usize::MAX);
    let lines = inputs.iter().zip(&columns).filter(|(input, _)| !input.is_empty());
    let lines = lines.filter_map(|(Input { name, .. }, column)| {
        let (target, _) = targets.iter().find(|(_, of_target)| of_target == column)?;
        Some(equal_to_target(data, name, target))
    });
    some(lines.collect(), &mut warnings);
    warnings.extend(check_numbers(data).err().map(|error| error.to_string()));
    some(far(data), &mut warnings);
    some(nothing_to_learn(data), &mut warnings);
    some(repeated(data), &mut warnings);
    warnings.extend(rare_classes(data));
    some(alike(data), &mut warnings);
    Inspection { inputs, constant, warnings }
}

impl Input {
    /// Whether it is missing in all samples.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.min > self.max
    }

    const fn new(name: String) -> Self {
        let (min, max) = (f32::INFINITY, f32::NEG_INFINITY);
        Self { name, min, max, mean: 0.0, missing: 0, is_whole: true }
    }

    fn add(&mut self, x: f32) {
        if x.is_nan() {
            self.missing += 1;
            return;
        }
        self.min = self.min.min(x);
        self.max = self.max.max(x);
        self.is_whole &= x.fract() == 0.0;
        // The sum, until all are there.
        self.mean += f64::from(x);
    }
}

/// A number of a row of numbers: those of equal rows are equal, and of others in all likelihood not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
struct Hash(u64);

impl Hash {
    fn add(&mut self, x: f32) {
        // -0 is 0, and every NaN the same.
        let bits = if x.is_nan() { f32::NAN } else { x + 0.0 }.to_bits();
        let mixed = (self.0 ^ u64::from(bits)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        self.0 = mixed ^ (mixed >> 32);
    }

    fn of(numbers: impl IntoIterator<Item = f32>) -> Self {
        numbers.into_iter().fold(Self::default(), |mut hash, x| {
            hash.add(x);
            hash
        })
    }
}

/// Names of the inputs.
fn names(data: &DataSet) -> Vec<String> {
    match &data.encoding {
        Some(encoding) => encoding.input_names(),
        None => (1..=data.input_dim()).map(|number| format!("input {number}")).collect(),
    }
}

/// Numbers of a row of a recording, at least 1; none of samples that are no windows.
fn num_channels(data: &DataSet) -> Option<usize> {
    match &data.form {
        Some(SampleForm::Windows(form)) => Some(form.channels.len().max(1)),
        _ => None,
    }
}

fn each_row(records: &Records, each: impl FnMut(&[f32])) {
    each_first_row(records, usize::MAX, each);
}

fn each_first_row(records: &Records, count: usize, mut each: impl FnMut(&[f32])) {
    let mut row = Vec::new();
    for index in 0..records.len().min(count) {
        row.clear();
        records.append_row(index, &mut row);
        each(&row);
    }
}

/// Inputs that are equal to one before, in all samples.
fn equal(inputs: &[Input], columns: &[Hash], is_left_out: impl Fn(&Input) -> bool) -> Vec<String> {
    let mut first: HashMap<Hash, &str> = HashMap::new();
    let mut lines = Vec::new();
    for (input, column) in inputs.iter().zip(columns).filter(|(input, _)| !is_left_out(input)) {
        let name = input.name.as_str();
        match first.entry(*column) {
            Entry::Occupied(other) => {
                lines.push(format!(
                    "{name} is equal to {}: one of them can be left out",
                    other.get()
                ));
            }
            Entry::Vacant(place) => {
                place.insert(name);
            }
        }
    }
    lines
}

/// Classes nearly each of which a sample has for itself: what they name are numbers or names of rows, more likely.
fn rare_classes(data: &DataSet) -> Option<String> {
    let (classes, samples) = (data.class_names.len(), data.train.len());
    let is_odd = data.task == Task::Classify && classes > 2 && 2 * classes > samples;
    let first = data.class_names.first().filter(|_| is_odd)?;
    Some(format!(
        "there are {classes} classes in {samples} {}, such as {}: if they are numbers, write them without signs; if \
         they name rows, name another --target",
        data.source.kind.samples,
        quoted(first)
    ))
}

/// Samples without a target, which were left out.
fn unlabelled(data: &DataSet) -> Option<String> {
    let DataSet { unlabelled, target_names, source, .. } = data;
    let lack = if *unlabelled == 1 { "lacks" } else { "lack" };
    let group = data.encoding.as_ref().and_then(|encoding| encoding.group.as_ref());
    let group = group.map_or_else(String::new, |group| format!(" or the group {group}"));
    (*unlabelled > 0).then(|| {
        format!(
            "{unlabelled} of {} {} {lack} the target {}{group}, and the figures here are without: fill it in, or train with \
             --missing drop",
            unlabelled + data.train.len() + data.val.len() + data.test.len(),
            source.kind.samples,
            target_names.join(", ")
        )
    })
}

/// Samples that are there twice, in a part that is given or in two of them.
fn repeated(data: &DataSet) -> Vec<String> {
    let word = data.source.kind.samples;
    let train = hashes(&data.train);
    let known: HashSet<Hash> = train.iter().copied().collect();
    let mut lines = Vec::new();
    let twice = train.len() - known.len();
    if twice > 0 {
        let have = if twice == 1 { "has" } else { "have" };
        lines.push(format!(
            "{twice} of {} {word} {have} the inputs of another one: parts that are drawn may share them",
            train.len()
        ));
    }
    lines.extend(shared(data, &known));
    lines
}

/// Adds some lines, and of many how many there are.
fn some(lines: Vec<String>, to: &mut Vec<String>) {
    let more = lines.len().saturating_sub(MAX_LINES);
    to.extend(lines.into_iter().take(MAX_LINES));
    if more > 0 {
        to.push(format!("and {more} more like the last"));
    }
}

#[cfg(test)]
mod tests;
