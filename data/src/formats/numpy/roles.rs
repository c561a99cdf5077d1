//! What arrays are for, by their names: those that Keras, scikit-learn and their users have.

use crate::split::Part;

/// Names of samples, those that are taken first in front.
const FEATURES: [&str; 7] = ["x", "data", "features", "inputs", "images", "arr_0", "samples"];
/// Names of targets.
const TARGETS: [&str; 6] = ["y", "target", "targets", "labels", "label", "arr_1"];

/// Arrays of a part of the data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pair {
    /// The array of samples.
    pub(super) features: String,
    /// The array of targets.
    pub(super) target: Option<String>,
    /// Whether there is no other array.
    pub(super) is_alone: bool,
}

/// The part of the data that a name says, and the rest of the name.
fn part_of(name: &str) -> (Option<Part>, &str) {
    const WORDS: [(&str, Part); 6] = [
        ("train", Part::Train),
        ("test", Part::Test),
        ("validation", Part::Val),
        ("valid", Part::Val),
        ("val", Part::Val),
        ("dev", Part::Val),
    ];
    let cut = |word| {
        let front = name.strip_prefix(word).and_then(|rest| rest.strip_prefix(['_', '-']));
        let back = || name.strip_suffix(word).and_then(|rest| rest.strip_suffix(['_', '-']));
        front.or_else(back)
    };
    let found = WORDS.iter().find_map(|&(word, part)| Some((Some(part), cut(word)?)));
    found.unwrap_or((None, name))
}

/// The place of a name among some, if it is of a part: of names without a part, those of the training part. What
/// says its part goes before.
fn rank(name: &str, part: Part, names: &[&str]) -> Option<(usize, bool)> {
    let lower = name.to_lowercase();
    let (found, base) = part_of(&lower);
    let is_of_part = found.unwrap_or(Part::Train) == part;
    let place = names.iter().position(|name| *name == base).filter(|_| is_of_part)?;
    Some((place, found.is_none()))
}

fn find(all: &[String], part: Part, names: &[&str]) -> Option<String> {
    let ranked = all.iter().filter_map(|name| Some((rank(name, part, names)?, name)));
    ranked.min().map(|(_, name)| name.clone())
}

/// Whether an array of this name has samples of any part.
pub(super) fn is_features(name: &str) -> bool {
    part_of_features(name).is_some()
}

/// The part of which an array of this name has the samples.
pub(super) fn part_of_features(name: &str) -> Option<Part> {
    [Part::Train, Part::Val, Part::Test]
        .into_iter()
        .find(|&part| rank(name, part, &FEATURES).is_some())
}

/// Whether an array of this name has samples and nothing else: no column of it is a target.
pub(super) fn has_inputs_alone(name: &str) -> bool {
    let lower = name.to_lowercase();
    let (_, base) = part_of(&lower);
    ["x", "features", "inputs", "images", "samples"].contains(&base)
}

/// The arrays beside that of the samples of a part which could be it too. scikit-learn's data sets of pictures have them
/// twice, as `data` and `images`.
pub(super) fn other_features(all: &[String], part: Part, chosen: &str) -> Vec<String> {
    let is_of_part =
        |name: &String| rank(name, part, &FEATURES).map(|(_, has_no_part)| has_no_part);
    let chosen_says = is_of_part(&chosen.to_owned());
    let others = all.iter().filter(|name| *name != chosen && is_of_part(name) == chosen_says);
    let is_bunch = |name: &&String| chosen == "data" && *name == "images";
    others.filter(|name| !is_bunch(name)).cloned().collect()
}

/// The array of targets of a part.
pub(super) fn find_targets(all: &[String], part: Part) -> Option<String> {
    find(all, part, &TARGETS)
}

impl Pair {
    /// Finds the arrays of a part among all. An array that is alone is the training samples, whatever its name.
    pub(super) fn find(all: &[String], part: Part, target: Option<String>) -> Option<Self> {
        let is_alone = all.len() == 1;
        let only = || all.first().filter(|_| is_alone && part == Part::Train).cloned();
        let features = find(all, part, &FEATURES).or_else(only)?;
        let target = target.or_else(|| find_targets(all, part));
        Some(Self { features, target, is_alone })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(names: &[&str], part: Part) -> Option<(String, Option<String>)> {
        let all: Vec<_> = names.iter().map(|&name| name.to_owned()).collect();
        Pair::find(&all, part, None).map(|pair| (pair.features, pair.target))
    }

    #[test]
    fn names_that_people_give_arrays_are_known() {
        for names in [
            ["X", "y"],
            ["x", "y"],
            ["data", "target"],
            ["x_train", "y_train"],
            ["X_train", "Y_train"],
            ["train_images", "train_labels"],
            ["arr_0", "arr_1"],
            ["train-x", "train-y"],
        ] {
            let expected = Some((names[0].to_owned(), Some(names[1].to_owned())));
            assert_eq!(pair(&names, Part::Train), expected);
            assert_eq!(pair(&names, Part::Test), None);
        }
        let keras = ["x_test", "y_test", "x_train", "y_train", "x_valid", "y_valid"];
        for (part, word) in [(Part::Train, "train"), (Part::Val, "valid"), (Part::Test, "test")] {
            let expected = (format!("x_{word}"), Some(format!("y_{word}")));
            assert_eq!(pair(&keras, part), Some(expected));
        }
        // scikit-learn's digits have their pictures twice.
        let bunch = ["DESCR", "images", "data", "target", "target_names", "feature_names"];
        assert_eq!(pair(&bunch, Part::Train), Some(("data".into(), Some("target".into()))));
        let bunch = bunch.map(str::to_owned);
        assert!(other_features(&bunch, Part::Train, "data").is_empty());
        let two = ["X", "data", "y", "x_test"].map(str::to_owned);
        assert_eq!(other_features(&two, Part::Train, "X"), ["data"]);
        let keras = keras.map(str::to_owned);
        assert!(other_features(&keras, Part::Train, "x_train").is_empty());
        assert!(has_inputs_alone("X_train") && !has_inputs_alone("data"));
        assert_eq!(pair(&["anything"], Part::Train), Some(("anything".into(), None)));
        assert_eq!(pair(&["some", "thing"], Part::Train), None);
        assert_eq!(pair(&["X_test", "y_test"], Part::Train), None);
    }
}
