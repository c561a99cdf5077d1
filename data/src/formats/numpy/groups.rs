//! Groups of samples: an array that says of each sample where it comes from.

use super::Content;
use super::store::Store;
use crate::{DataError, ReadOptions};
use std::collections::HashMap;

/// The name that scikit-learn has for it.
const NAME: &str = "groups";

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
        Content::Numbers(array) => numbered(array.numbers.iter(0..array.numbers.len())),
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
