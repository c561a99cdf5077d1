//! A look at a data set before it trains: ranges, what is missing, and what is odd.

use crate::table::error::quoted;
use crate::{DataSet, Records, Task, Wanted};
use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};

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

/// Looks at a data set: the range of every input, those that are constant, and as warnings inputs that are equal to
/// another or to the target, and samples that are there twice or in two parts.
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
    each_row(&data.train, |row| {
        for ((input, column), &x) in inputs.iter_mut().zip(&mut columns).zip(row) {
            input.add(x);
            column.add(x);
        }
    });
    for input in &mut inputs {
        input.mean /= data.train.len().saturating_sub(input.missing).max(1) as f64;
    }
    let mut warnings = Vec::new();
    let is_constant = |input: &Input| input.min >= input.max;
    let constant = inputs.iter().filter(|input| is_constant(input)).map(|input| input.name.clone());
    let constant = constant.collect();
    some(equal(&inputs, &columns, is_constant), &mut warnings);
    let targets = target_columns(data);
    let lines = inputs.iter().zip(&columns).filter_map(|(Input { name, .. }, column)| {
        let (target, _) = targets.iter().find(|(_, of_target)| of_target == column)?;
        Some(format!(
            "{name} is equal to the target {target}: what is to be learnt is among the inputs; leave it out with \
             --ignore"
        ))
    });
    some(lines.collect(), &mut warnings);
    some(repeated(data), &mut warnings);
    warnings.extend(rare_classes(data));
    Inspection { inputs, constant, warnings }
}

impl Input {
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

fn each_row(records: &Records, mut each: impl FnMut(&[f32])) {
    let mut row = Vec::new();
    for index in 0..records.len() {
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

/// What a column looks like that is equal to a target: of classes their numbers, what they are called if that is a
/// number, and for each class whether it is it.
fn target_columns(data: &DataSet) -> Vec<(String, Hash)> {
    let name = |place: usize| data.target_names.get(place).cloned().unwrap_or_default();
    match data.train.targets() {
        Wanted::Nothing(_) => Vec::new(),
        Wanted::Values { numbers, width } => (0..*width)
            .map(|place| {
                (name(place), Hash::of(numbers.iter().skip(place).step_by(*width).copied()))
            })
            .collect(),
        Wanted::Classes(labels) => {
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

/// Samples that are there twice, in a part that is given or in two of them.
fn repeated(data: &DataSet) -> Vec<String> {
    let word = data.source.kind.samples;
    let hashes = |records: &Records| {
        let mut all = Vec::with_capacity(records.len());
        each_row(records, |row| all.push(Hash::of(row.iter().copied())));
        all
    };
    let train = hashes(&data.train);
    let known: HashSet<Hash> = train.iter().copied().collect();
    let mut lines = Vec::new();
    let twice = train.len() - known.len();
    if twice > 0 {
        lines.push(format!(
            "{twice} of {} {word} have the inputs of another one: parts that are drawn may share them",
            train.len()
        ));
    }
    for (what, records) in [("validate", &data.val), ("test", &data.test)] {
        let shared = hashes(records).iter().filter(|hash| known.contains(hash)).count();
        if shared > 0 {
            lines.push(format!(
                "{shared} of {} {word} that {what} are among those that train: figures of them say too much",
                records.len()
            ));
        }
    }
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
mod tests {
    use super::*;
    use crate::{Numbers, Source, Task, builtin};

    fn data(rows: &[[f32; 3]], targets: Wanted) -> DataSet {
        let records = Records::of(3, Numbers::F32(rows.concat()), targets);
        let class_names = vec!["0".to_owned(), "4".to_owned()];
        let target_names = vec!["y".to_owned()];
        let source = Source::drawn(&builtin::KIND);
        DataSet { train: records, class_names, target_names, ..DataSet::empty(source) }
    }

    const ROWS: [[f32; 3]; 4] =
        [[1.0, 7.0, 0.5], [4.0, 7.0, 2.0], [2.0, 7.0, -3.0], [9.0, 7.0, 1.0]];

    #[test]
    fn ranges_and_missing_numbers_are_counted() {
        let mut rows = ROWS;
        rows[1][0] = f32::NAN;
        let found = inspect(&data(&rows, Wanted::Classes(vec![0, 1, 0, 1])));
        let [first, second, third] = &found.inputs[..] else { panic!() };
        assert_eq!((first.min, first.max, first.mean, first.missing), (1.0, 9.0, 4.0, 1));
        assert_eq!((first.is_whole, third.is_whole), (true, false));
        assert_eq!((third.mean, third.missing), (0.125, 0));
        assert_eq!(second.name, "input 2");
        assert_eq!(found.constant, ["input 2"]);
        assert!(found.warnings.is_empty(), "{found:?}");
    }

    #[test]
    fn an_input_that_is_another_or_the_target_is_found() {
        let with = |column: [f32; 4], targets: Wanted| {
            let mut rows = ROWS;
            rows.iter_mut().zip(column).for_each(|(row, x)| row[1] = x);
            inspect(&DataSet { task: Task::Classify, ..data(&rows, targets) }).warnings
        };
        let classes = || Wanted::Classes(vec![0, 1, 1, 0]);
        assert!(with([1.0, 2.0, 3.0, 4.0], classes()).is_empty());
        let found = with([1.0, 4.0, 2.0, 9.0], classes());
        assert!(found[0].starts_with("input 2 is equal to input 1"), "{found:?}");
        for column in [[0.0, 1.0, 1.0, 0.0], [0.0, 4.0, 4.0, 0.0], [1.0, 0.0, 0.0, 1.0]] {
            let found = with(column, classes());
            assert!(found[0].starts_with("input 2 is equal to the target y"), "{found:?}");
        }
        let values = Wanted::Values { numbers: vec![0.5, 2.0, -3.0, 1.0], width: 1 };
        let found = with([1.0, 2.0, 3.0, 4.0], values);
        assert!(found[0].starts_with("input 3 is equal to the target y"), "{found:?}");
    }

    #[test]
    fn samples_that_are_in_two_parts_are_counted() {
        let all = data(&ROWS, Wanted::Classes(vec![0, 1, 1, 0]));
        let test =
            Records::of(3, Numbers::F32([ROWS[2], [0.0; 3], ROWS[0]].concat()), Wanted::Nothing(3));
        let found = inspect(&DataSet { test, ..all.clone() }).warnings;
        assert!(
            found[0].starts_with("2 of 3 images that test are among those that train"),
            "{found:?}"
        );
        let rows = [ROWS[0], ROWS[1], ROWS[0], ROWS[0]];
        let found = inspect(&data(&rows, Wanted::Classes(vec![0, 1, 1, 0]))).warnings;
        assert!(
            found.iter().any(|line| line.starts_with("2 of 4 images have the inputs of")),
            "{found:?}"
        );
    }
}
