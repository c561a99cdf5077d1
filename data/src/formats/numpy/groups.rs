//! Groups of samples: an array that says of each sample where it comes from.

use super::Content;
use super::store::Store;
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
    count: usize,
    options: &ReadOptions,
) -> Result<Vec<u32>, DataError> {
    let asked = options.encode.group.as_ref().map(ToString::to_string);
    let name = asked.as_deref().unwrap_or(NAME);
    if !store.names().iter().any(|found| found == name) {
        if asked.is_none() {
            return Ok(Vec::new());
        }
        let names = store.names().join(", ");
        let problem = format!("--group names none of its arrays, which are {names}");
        let advice = "save the group of each sample beside them, and name that array";
        return Err(DataError::Format { file: store.place(), problem, advice });
    }
    let groups = match store.read(name)? {
        Content::Text { labels, .. } => labels,
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
    if groups.len() != count {
        let problem = format!("has {} groups, and there are {count} samples", groups.len());
        let advice = "save a group for each sample that trains";
        return Err(DataError::Format { file: store.place_of(name), problem, advice });
    }
    Ok(groups)
}

/// Numbers the different values in the order in which they come.
fn numbered(values: impl Iterator<Item = f32>) -> Vec<u32> {
    let mut numbers = HashMap::new();
    values
        .map(|value| {
            let next = u32::try_from(numbers.len()).unwrap_or(u32::MAX);
            *numbers.entry(value.to_bits()).or_insert(next)
        })
        .collect()
}
