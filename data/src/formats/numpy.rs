//! Arrays of numpy: an `.npz` file, a folder of `.npy` files, or one of them.
//!
//! Samples are an array `X` and targets an array `y`, or `x_train`, `y_train`, `x_test` and so on; or both are columns
//! of one array. An array `groups` says which samples belong together.

mod groups;
mod missing;
pub mod npy;
mod roles;
mod store;

use super::is_there;
use super::shared_groups::Groups;
use super::targets::{self, Meaning, Targets};
use crate::reading::read_start;
use crate::split::Part;
use crate::table::{ColumnRef, Missing};
use crate::{
    Array, Coarse, DataError, DataSet, Exact, Kind, Numbers, ReadOptions, Records, Source, Task,
    Wanted,
};
use npy::Content;
use roles::Pair;
use std::io::{Read, Seek};
use std::path::Path;
use store::{Npz, Store};

/// What is known of arrays before they are read.
pub const KIND: Kind = Kind {
    word: "numpy",
    name: "numpy arrays",
    image_shape: "",
    class_names: &[],
    samples: "rows",
    is_of_course: false,
    takes: &["val", "test", "target", "group", "missing"],
};

/// The first bytes of a zip archive, and of one with nothing in it.
const ZIPS: [&[u8]; 2] = [b"PK\x03\x04", b"PK\x05\x06"];

fn is_zip(start: &[u8]) -> bool {
    ZIPS.iter().any(|zip| start.starts_with(zip))
}

/// Whether there is an `.npy` or `.npz` file, or a folder with an array of samples.
///
/// # Errors
///
/// [`DataError::Io`] if it may not be looked at.
pub fn recognises(path: &Path) -> Result<bool, DataError> {
    if path.is_dir() {
        return Ok(store::arrays_in(path)?.iter().any(|(name, _)| roles::is_features(name)));
    }
    let Ok(start) = read_start(path, 1 << 9) else { return is_there(path).map(|_| false) };
    let is_npz = || {
        // The name of the first member begins after 30 bytes, and its length is in two of them.
        let len = start.get(26).map_or(0, |&len| usize::from(len));
        let name = start.get(30..).and_then(|rest| rest.get(..len)).unwrap_or_default();
        path.extension().is_some_and(|ending| ending == "npz") || name.ends_with(b".npy")
    };
    Ok(start.starts_with(npy::MAGIC) || (is_zip(&start) && is_npz()))
}

/// Reads arrays.
///
/// # Errors
///
/// [`DataError`] naming the file and its array that cannot be used.
pub fn load(path: &Path, options: &ReadOptions) -> Result<DataSet, DataError> {
    let mut store = Store::open(path, options)?;
    let pair = store.pair(Part::Train, options)?;
    let pair = pair.ok_or_else(|| no_features(&store))?;
    let others = roles::other_features(store.names(), Part::Train, &pair.features);
    if let Some(other) = others.first() {
        let (place, chosen) = (store.place(), &pair.features);
        log::warn!(
            "{place}: its samples are taken from {chosen}, and {other} is left: save it elsewhere if that is right"
        );
    }
    let settle = |store: &Store, pair: &Pair, found, groups: &mut Vec<u32>| {
        let place = store.place_of(&pair.features);
        missing::settle(&place, found, groups, &options.encode)
    };
    let found = read(&mut store, &pair, options)?;
    let count = found.0.len();
    let mut groups = groups::read(&mut store, &pair, count, options)?;
    let (samples, targets, mut unlabelled) = settle(&store, &pair, found, &mut groups.of_samples)?;
    let mut incomplete = count - samples.len() - unlabelled;
    let mut meaning = Meaning::learn(targets.as_ref(), options.encode.task)?;
    let coarse = coarse(&samples, targets.as_ref(), &meaning);
    let mut part = |part: Part, given: Option<&Path>| -> Result<Option<Labelled>, DataError> {
        let mut other = given.map(|path| Store::open(path, options)).transpose()?;
        let is_given = other.is_some();
        let store = other.as_mut().unwrap_or(&mut store);
        let pair = match store.pair(part, options)? {
            None if is_given => store.pair(Part::Train, options)?,
            found => found,
        };
        match pair {
            None if is_given => Err(no_features(store)),
            None => Ok(None),
            Some(pair) => {
                let found = read(store, &pair, options)?;
                let all = found.0.len();
                let mut of_part = if is_given {
                    groups::read_apart(store, all, options)?
                } else {
                    Groups::default()
                };
                let (samples, targets, count) =
                    settle(store, &pair, found, &mut of_part.of_samples)?;
                let (place, train) = (store.place(), path.display().to_string());
                if let Some(warning) = groups.shared_with(&of_part, &place, &train) {
                    log::warn!("{warning}");
                }
                unlabelled += count;
                incomplete += all - samples.len() - count;
                Ok(Some((samples, targets)))
            }
        }
    };
    let val = part(Part::Val, options.val.as_deref())?;
    let test = part(Part::Test, options.test.as_deref())?;
    let others = [&val, &test].map(|part| part.as_ref()?.1.as_ref());
    meaning.add_classes(targets.as_ref(), others, options.normal.as_deref())?;
    let mut train = records((samples, targets), &meaning)?;
    train.groups = groups.of_samples;
    let part = |part: Option<Labelled>| {
        part.map_or_else(|| Ok(Records::new(0)), |part| records(part, &meaning))
    };
    let (val, test) = (part(val)?, part(test)?);
    let Meaning { task, class_names, target_names, .. } = meaning;
    let source = Source::read(&KIND, path.display().to_string());
    Ok(DataSet {
        train,
        val,
        test,
        class_names,
        target_names,
        task,
        fills_missing: options.encode.of_missing() == Missing::Mean,
        unlabelled,
        incomplete,
        coarse,
        ..DataSet::empty(source)
    })
}

/// Reads the array of samples of a file, and says where it lies: of parts, of that which tests.
pub(super) fn read_features(path: &Path) -> Result<(String, Content), DataError> {
    let options = ReadOptions::default();
    let mut store = Store::open(path, &options)?;
    for part in [Part::Test, Part::Val, Part::Train] {
        if let Some(pair) = store.pair(part, &options)? {
            return Ok((store.place_of(&pair.features), store.read(&pair.features)?));
        }
    }
    Err(no_features(&store))
}

/// Reads all arrays of an `.npz` archive, by their names. `name` is what errors call it.
///
/// # Errors
///
/// [`DataError::Format`] if it is no whole archive, or one of them cannot be read.
pub fn read_archive(
    name: &str,
    archive: impl Read + Seek,
) -> Result<Vec<(String, Content)>, DataError> {
    let mut npz = Npz::open(name, archive)?;
    let names = npz.names().into_iter();
    names
        .map(|array| {
            let content = npz.read(&format!("{name}: {array}"), &array)?;
            Ok((array, content))
        })
        .collect()
}

fn no_features(store: &Store) -> DataError {
    let (problem, advice) = match store.names() {
        [] => ("has no arrays in it".to_owned(), "save the samples as X and the targets as y"),
        names => (
            format!("has no array of samples; its arrays are {}", names.join(", ")),
            "call them X and y, or x_train, y_train, x_test and y_test",
        ),
    };
    DataError::Format { file: store.place(), problem, advice }
}

/// Samples.
struct Samples {
    /// The numbers of all.
    numbers: Numbers,
    /// How many each has.
    row_len: usize,
    /// What those at each place of a sample were before they were rounded; empty if none was.
    exact: Vec<Exact>,
}

impl Samples {
    fn len(&self) -> usize {
        self.numbers.len().checked_div(self.row_len).unwrap_or(0)
    }
}

/// Samples, and their targets where there are some.
type Labelled = (Samples, Option<Targets>);

/// The inputs, and the numbers to learn, that `f32` cannot tell apart.
fn coarse(samples: &Samples, targets: Option<&Targets>, meaning: &Meaning) -> Vec<Coarse> {
    let inputs = (1..).zip(&samples.exact).map(|(number, &numbers)| Coarse {
        name: format!("input {number}"),
        numbers,
        is_target: false,
    });
    let targets = match (meaning.task, targets) {
        (Task::Regress, Some(Targets::Numbers { names, exact, .. })) => (&names[..], &exact[..]),
        _ => (&[][..], &[][..]),
    };
    let (names, exact) = targets;
    let targets = names.iter().zip(exact);
    let targets =
        targets.map(|(name, &numbers)| Coarse { name: name.clone(), numbers, is_target: true });
    Coarse::among(inputs.chain(targets))
}

/// Reads samples and their targets: an array of their own, or columns.
fn read(store: &mut Store, pair: &Pair, options: &ReadOptions) -> Result<Labelled, DataError> {
    let place = store.place_of(&pair.features);
    let wrong =
        |problem: String, advice| Err(DataError::Format { file: place.clone(), problem, advice });
    let Content::Numbers(array) = store.read(&pair.features)? else {
        return wrong("is of text, and samples are numbers".into(), "name another array X");
    };
    if array.shape.is_empty() {
        return wrong(
            "is one number, and no samples".into(),
            "save a row of numbers for each sample",
        );
    }
    let (count, row_len) = (array.len(), array.row_len());
    let samples = |array: Array| Samples { numbers: array.numbers, row_len, exact: array.exact };
    if array.numbers.is_empty() {
        return wrong("is empty".into(), "it needs a row for each sample");
    }
    if let Some(name) = &pair.target {
        let content = store.read(name)?;
        if content.shape().is_empty() {
            let problem = format!("is one value, and there are {count} samples");
            let advice = "save a target for each, or name another array with --target";
            return Err(DataError::Format { file: store.place_of(name), problem, advice });
        }
        let targets = Targets::of(store.place_of(name), name, content)?;
        if targets.len() != count {
            let found = targets.len();
            let problem = format!("has {count} samples, and there are {found} targets in {name}");
            return wrong(problem, "save as many of both");
        }
        return Ok((samples(array), Some(targets)));
    }
    let target = &options.encode.target;
    if target.is_empty() && options.encode.task == Some(Task::Reconstruct) {
        return Ok((samples(array), None));
    }
    let is_of_inputs = store.is_archive() && roles::has_inputs_alone(&pair.features);
    if (!pair.is_alone || is_of_inputs) && target.is_empty() {
        let advice = "call it y, or name it with --target, or take --task reconstruct";
        return wrong("has no array of targets beside it".into(), advice);
    }
    if array.shape.len() > 2 || row_len < 2 {
        let advice = "save them as y beside it, or take --task reconstruct";
        return wrong("has no column with targets".into(), advice);
    }
    let names: Vec<String> = (1..=row_len).map(|number| format!("column {number}")).collect();
    let columns = || (1..).zip(names.iter().map(String::as_str));
    let find = |column: &ColumnRef| column.find_in(columns(), &place);
    let mut places = target.iter().map(find).collect::<Result<Vec<_>, _>>()?;
    if places.is_empty() {
        places.push(row_len - 1);
    }
    places.sort_unstable();
    places.dedup();
    if places.len() == row_len {
        return wrong("has no column left to be an input".into(), "name fewer with --target");
    }
    let values = targets::take_columns(&array.numbers, row_len, &places);
    let names = places.iter().filter_map(|&place| names.get(place).cloned()).collect();
    let numbers = targets::leave_columns(array.numbers, row_len, &places);
    let (of_inputs, of_targets): (Vec<_>, Vec<_>) =
        (0..).zip(array.exact).partition(|(column, _)| !places.contains(column));
    let exact =
        |columns: Vec<(usize, Exact)>| columns.into_iter().map(|(_, exact)| exact).collect();
    let samples = Samples { numbers, row_len: row_len - places.len(), exact: exact(of_inputs) };
    let exact = exact(of_targets);
    Ok((samples, Some(Targets::Numbers { place, names, values, exact })))
}

fn records((samples, targets): Labelled, meaning: &Meaning) -> Result<Records, DataError> {
    let count = samples.len();
    let wanted = match targets {
        Some(targets) => meaning.wanted(&targets)?,
        None => Wanted::Nothing(count),
    };
    Ok(Records::of(samples.row_len, samples.numbers, wanted))
}

#[cfg(test)]
pub(super) mod tests;
