//! Groups of samples that are in the data that train and in those that validate or test, given apart.

use crate::table::error::quoted;
use std::collections::BTreeSet;

/// Groups of some samples.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Groups {
    /// The group of each sample, as the place of its name.
    pub(super) of_samples: Vec<u32>,
    pub(super) names: Vec<String>,
}

impl Groups {
    /// The names of those that have samples, in the order in which the samples come.
    fn used(&self) -> Vec<&str> {
        let mut seen = BTreeSet::new();
        let first = self.of_samples.iter().filter(|&&group| seen.insert(group));
        let place = |&group: &u32| usize::try_from(group).ok();
        first.filter_map(|group| self.names.get(place(group)?).map(String::as_str)).collect()
    }

    /// The warning of groups that are among those of another part too, if there are any.
    pub(super) fn shared_with(&self, other: &Self, place: &str, train: &str) -> Option<String> {
        let known: BTreeSet<&str> = self.used().into_iter().collect();
        let mut shared = other.used().into_iter().filter(|name| known.contains(name));
        let first = shared.next()?;
        let (what, such) = match shared.count() {
            0 => ("1 group, ".to_owned(), format!("{}, is", quoted(first))),
            more => (format!("{} groups, ", more + 1), format!("such as {}, are", quoted(first))),
        };
        Some(format!(
            "{place}: {what}{such} in {train} too: figures of such samples say too much; leave them in one of both"
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_of_both_parts_are_counted_and_the_first_is_named() {
        let groups = |of_samples: &[u32], names: &[&str]| Groups {
            of_samples: of_samples.to_vec(),
            names: names.iter().map(|&name| name.to_owned()).collect(),
        };
        let train = groups(&[0, 0, 1, 2], &["ann", "bob", "eve", "unused"]);
        let shared = |other: &Groups| train.shared_with(other, "u.csv", "t.csv");
        assert_eq!(shared(&groups(&[0], &["zoe"])), None);
        assert_eq!(shared(&groups(&[1, 1], &["ann", "unused"])), None);
        assert_eq!(shared(&Groups::default()), None);
        let one = shared(&groups(&[1, 0, 1], &["bob", "zoe"])).unwrap();
        assert!(one.starts_with("u.csv: 1 group, \"bob\", is in t.csv too: "), "{one}");
        let two = shared(&groups(&[2, 0, 1], &["bob", "zoe", "eve"])).unwrap();
        assert!(two.starts_with("u.csv: 2 groups, such as \"eve\", are in t.csv too: "), "{two}");
    }
}
