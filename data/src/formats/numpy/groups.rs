//! Groups of samples: an array that says of each sample where it comes from.

use super::Content;
use super::roles::Pair;
use super::store::Store;
use crate::formats::shared_groups::Groups;
use crate::{DataError, ReadOptions};
use std::collections::HashMap;

/// The name that scikit-learn has for it.
const NAME: &str = "groups";
/// Whole numbers from here on are no `f32`, each: groups would become one.
const TOO_LARGE: f32 = 16_777_216.0;

/// Reads the group of each of `count` samples that train: the array that is asked for, or the one called
/// `groups`; nothing where there is none.
pub(super) fn read(
    store: &mut Store,
    pair: &Pair,
    count: usize,
    options: &ReadOptions,
) -> Result<Groups, DataError> {
    let asked = options.encode.group.as_ref().map(ToString::to_string);
    let name = asked.as_deref().unwrap_or(NAME);
    let is_target = pair.target.as_deref() == Some(name);
    if is_target || pair.features == name {
        let what = if is_target { "targets" } else { "samples" };
        let problem = format!("--group names {name}, which has the {what}");
        let advice = "save the group of each sample beside it, and name that array";
        return Err(DataError::Format { file: store.place(), problem, advice });
    }
    if !has(store, name) {
        if asked.is_none() {
            return Ok(Groups::default());
        }
        let names = store.names().join(", ");
        let problem = format!("--group names none of its arrays, which are {names}");
        let advice = "save the group of each sample beside them, and name that array";
        return Err(DataError::Format { file: store.place(), problem, advice });
    }
    read_array(store, name, count)
}

/// Reads the groups of data that are given apart, if they have the array.
pub(super) fn read_apart(
    store: &mut Store,
    count: usize,
    options: &ReadOptions,
) -> Result<Groups, DataError> {
    let asked = options.encode.group.as_ref().map(ToString::to_string);
    let name = asked.as_deref().unwrap_or(NAME);
    if has(store, name) { read_array(store, name, count) } else { Ok(Groups::default()) }
}

fn has(store: &Store, name: &str) -> bool {
    store.names().iter().any(|found| found == name)
}

fn read_array(store: &mut Store, name: &str, count: usize) -> Result<Groups, DataError> {
    let groups = match store.read(name)? {
        Content::Text { labels, names, .. } => Groups { of_samples: labels, names },
        Content::Numbers(array) => {
            let all = || array.numbers.iter(0..array.numbers.len());
            if let Some(at) = all().position(|group| group.abs() >= TOO_LARGE) {
                let problem = format!(
                    "the group of sample {} is {TOO_LARGE} or more, where numbers are rounded",
                    at + 1
                );
                let advice = "number the groups from 0, or save them as text";
                return Err(DataError::Format { file: store.place_of(name), problem, advice });
            }
            numbered(all())
        }
    };
    let found = groups.of_samples.len();
    if found != count {
        let problem = format!("has {found} groups, and there are {count} samples");
        let advice = "save a group for each sample";
        return Err(DataError::Format { file: store.place_of(name), problem, advice });
    }
    Ok(groups)
}

/// Numbers the different values in the order in which they come.
fn numbered(values: impl Iterator<Item = f32>) -> Groups {
    let (mut numbers, mut names) = (HashMap::new(), Vec::new());
    let of_samples = values
        .map(|value| {
            // There is one zero.
            let value = value + 0.0;
            *numbers.entry(value.to_bits()).or_insert_with(|| {
                names.push(value.to_string());
                u32::try_from(names.len() - 1).unwrap_or(u32::MAX)
            })
        })
        .collect();
    Groups { of_samples, names }
}
