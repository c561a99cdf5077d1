//! Names of classes, in the order of their labels.

use crate::table::error::quoted;

/// Adds the classes that are found and not there yet, behind the others, whose labels stay.
pub(crate) fn add_class_names(
    class_names: &mut Vec<String>,
    found: impl IntoIterator<Item = String>,
) {
    for name in found {
        if !class_names.contains(&name) {
            class_names.push(name);
        }
    }
}

/// What is left of a name without what people do not see at once.
pub(crate) fn plain(name: &str) -> String {
    match name.trim().parse::<f64>() {
        // There is one zero.
        Ok(number) if number.is_finite() => (number + 0.0).to_string(),
        _ => name.split_whitespace().collect::<String>().to_lowercase(),
    }
}

/// Which class a name that is none may be meant for, in parentheses: one that differs by case, spaces or a slip. Nothing if
/// there is no such class.
pub(crate) fn nearest_class(name: &str, class_names: &[String]) -> String {
    /// Of shorter names others are as near.
    const LEN: usize = 4;
    let wanted = plain(name);
    let distance = |class: &String| strsim::damerau_levenshtein(&plain(class), &wanted);
    let is_near = |(distance, class): &(usize, &String)| {
        *distance == 0
            || *distance == 1 && class.chars().count() >= LEN && class.parse::<f64>().is_err()
    };
    let all = class_names.iter().map(|class| (distance(class), class)).filter(is_near);
    let nearest = all.min_by_key(|(distance, _)| *distance);
    nearest.map_or_else(String::new, |(_, class)| format!(" (the nearest is {})", quoted(class)))
}

#[cfg(test)]
mod tests {
    use super::nearest_class;

    #[test]
    fn a_class_that_differs_by_case_spaces_or_a_slip_is_named() {
        let classes = ["setosa", "New York", "7", "no", "1000"].map(str::to_owned);
        for (name, expected) in [
            ("Setosa", "setosa"),
            ("setsoa", "setosa"),
            (" new york", "New York"),
            ("7.0", "7"),
            ("NO", "no"),
        ] {
            assert_eq!(nearest_class(name, &classes), format!(" (the nearest is {expected:?})"));
        }
        for name in ["8", "on", "1001", "virginica", ""] {
            assert_eq!(nearest_class(name, &classes), "", "{name}");
        }
    }
}
