//! Settings of parts of the data that are given otherwise.

use crate::settings::Settings;
use barenet_data::DataSet;

/// As many test samples as there are.
const ALL: usize = 4_294_967_295;

/// Settings that somebody wrote, in flags or a file, that say how many samples validate or test, and do nothing, as the data
/// have these parts already or have none of them: a line for each.
#[must_use]
pub fn ignored_of_parts(written: &Settings, data: &DataSet) -> Vec<String> {
    let Settings { val_fraction, test_fraction, test_size, .. } = written;
    let rules = [
        (
            "val_fraction",
            val_fraction.is_some() && !data.val.is_empty(),
            "data without a validation set, and these have one",
        ),
        (
            "test_fraction",
            test_fraction.is_some() && !data.test.is_empty(),
            "data without a test set, and these have one",
        ),
        (
            "test_size",
            test_size.is_some_and(|size| size < ALL) && data.test.is_empty(),
            "a test set, such as --test names: say with --test-fraction how many are drawn",
        ),
    ];
    let ignored = rules.into_iter().filter(|(_, is_ignored, _)| *is_ignored);
    ignored.map(|(name, _, needs)| format!("{name} is ignored: it takes {needs}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use barenet_data::formats::csv;
    use barenet_data::{Numbers, Records, Source, Wanted};

    #[test]
    fn a_share_of_a_part_that_is_given_and_a_size_of_one_that_is_not_are_ignored() {
        let records =
            |len| Records::of(1, Numbers::F32(vec![0.0; len]), Wanted::Classes(vec![0; len]));
        let source = Source::read(&csv::KIND, "memory".to_owned());
        let data = |val, test| DataSet {
            train: records(9),
            val: records(val),
            test: records(test),
            ..DataSet::empty(source.clone())
        };
        let written = Settings {
            val_fraction: Some(0.1),
            test_fraction: Some(0.1),
            test_size: Some(5),
            ..Settings::default()
        };
        let found = |val, test| {
            let lines = ignored_of_parts(&written, &data(val, test));
            let names = lines.iter().filter_map(|line| line.split(' ').next().map(str::to_owned));
            names.collect::<Vec<_>>()
        };
        assert_eq!(found(0, 0), ["test_size"]);
        assert_eq!(found(3, 0), ["val_fraction", "test_size"]);
        assert_eq!(found(0, 3), ["test_fraction"]);
        // What the preset for tables has, and the settings of a run, is all of them.
        let all = Settings { test_size: Some(ALL), ..Settings::default() };
        assert_eq!(ignored_of_parts(&all, &data(0, 0)), [""; 0]);
        assert_eq!(ignored_of_parts(&Settings::default(), &data(3, 3)), [""; 0]);
    }
}
