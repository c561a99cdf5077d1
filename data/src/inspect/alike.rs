//! Names of classes, and texts of a column, that are one to people and several to a computer.

use crate::DataSet;
use crate::class_names::plain;
use crate::table::error::quoted;
use std::collections::HashMap;

/// Warns of names of classes, and of texts of a column, that differ by case or spaces alone, or are one number.
pub(super) fn alike(data: &DataSet) -> Vec<String> {
    let classes = pairs(&data.class_names);
    let mut lines: Vec<_> = classes.into_iter().map(|pair| line("the classes", pair)).collect();
    let features = data.encoding.iter().flat_map(|encoding| &encoding.features);
    for (column, texts) in
        features.filter_map(|feature| Some((&feature.column, feature.texts.as_ref()?)))
    {
        lines.extend(
            pairs(texts).into_iter().map(|pair| line(&format!("{column}: the texts"), pair)),
        );
    }
    lines
}

fn line(what: &str, (name, other): (&str, &str)) -> String {
    format!(
        "{what} {} and {} count as two: write them alike if they are one",
        quoted(name),
        quoted(other)
    )
}

/// Each name that is like one before it, behind that.
fn pairs(names: &[String]) -> Vec<(&str, &str)> {
    let mut first: HashMap<String, &str> = HashMap::new();
    let with_first = names.iter().filter_map(|name| {
        let before = *first.entry(plain(name)).or_insert(name);
        (before != name).then_some((before, name.as_str()))
    });
    with_first.collect()
}

#[cfg(test)]
mod tests {
    use super::pairs;

    #[test]
    fn names_that_differ_by_case_spaces_or_zeros_are_pairs() {
        let found = |names: &[&str]| {
            let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
            let pairs = pairs(&names);
            pairs.into_iter().map(|(a, b)| format!("{a}|{b}")).collect::<Vec<_>>()
        };
        assert_eq!(found(&["no", "yes", "Yes ", "YES"]), ["yes|Yes ", "yes|YES"]);
        assert_eq!(
            found(&["New York", "new  york", "new\u{a0}york"]),
            ["New York|new  york", "New York|new\u{a0}york"]
        );
        assert_eq!(found(&["1", "2", "1.0", "01", "-0", "0"]), ["1|1.0", "1|01", "-0|0"]);
        assert_eq!(found(&["a", "b", "a-b", "inf", "1", "1a", ""]), [""; 0]);
    }
}
