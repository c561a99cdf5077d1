//! Labels that nobody has named as the target of an autoencoder: it would learn them as inputs.

use super::{Encoding, MAX_CLASSES_OF_NUMBERS, is_class, quoted};
use crate::Task;
use crate::table::{Column, Table, TableError};

/// What people call a column of labels.
const NAMES: [&str; 9] =
    ["class", "classes", "label", "labels", "target", "y", "anomaly", "is_anomaly", "outlier"];

impl Encoding {
    /// Logs a warning for a column that an autoencoder takes as an input and that looks like labels.
    pub(crate) fn warn_of_labels(&self, table: &Table) {
        if let Some(warning) = self.unsaid_labels(table) {
            log::warn!("{warning}");
        }
    }

    /// The warning of the first column that is called as labels are, or of the last one if that is of few texts.
    fn unsaid_labels(&self, table: &Table) -> Option<TableError> {
        if self.task != Task::Reconstruct || !self.targets.is_empty() {
            return None;
        }
        let mut places = self.places_in(table).ok()?;
        places.sort_unstable();
        let column = |place: usize| Some((place, table.columns.get(place)?));
        let inputs: Vec<(usize, &Column)> = places.into_iter().filter_map(column).collect();
        let names: Vec<String> =
            inputs.iter().map(|(_, column)| column.name.to_lowercase()).collect();
        // Beside a z it is a direction.
        let is_place = |name: &str| name == "y" && names.iter().any(|name| name == "z");
        let is_named = |name: &String| NAMES.contains(&name.as_str()) && !is_place(name);
        let named = names.iter().position(is_named).and_then(|at| inputs.get(at));
        let has_few_texts = |&&(_, column): &&(usize, &Column)| {
            let count = column.values().map_or(usize::MAX, <[String]>::len);
            count <= MAX_CLASSES_OF_NUMBERS && 2 * count <= table.num_rows()
        };
        let &(place, column) = named.or_else(|| inputs.last().filter(has_few_texts))?;
        let name = quoted(&table.reference(column).to_string());
        let leave_out = format!("leave it out with --ignore {name} if it is not to be learnt");
        // Other numbers are no labels: --target would refuse them.
        let advice = if is_class(table, place) {
            format!("say --target {name} if it is a label, or {leave_out}")
        } else {
            leave_out
        };
        let problem = "is one of the inputs, as no --target is named";
        Some(TableError::new(&table.file, problem, advice).of(&column.name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::{CsvOptions, EncodeOptions, read_csv_from};

    fn warning(header: &str, row: fn(usize) -> String, options: &EncodeOptions) -> Option<String> {
        let rows: String = (0..60).map(row).collect();
        let text = format!("{header}{rows}");
        let table = read_csv_from(text.as_bytes(), "t.csv", &CsvOptions::default()).unwrap();
        let encoding = Encoding::learn(&table, options).unwrap();
        encoding.unsaid_labels(&table).map(|warning| warning.to_string())
    }

    #[test]
    fn an_autoencoder_is_asked_about_a_column_that_looks_like_labels() {
        let task = Some(Task::Reconstruct);
        let options = EncodeOptions { task, ..EncodeOptions::default() };
        let words = |n: usize| format!("{}.5,{}\n", n % 7, ["ok", "bad"][n % 2]);
        let numbers = |n: usize| format!("{}.5,{}\n", n % 7, n % 2);
        let reals = |n: usize| format!("{}.5,{n}.25\n", n % 7);
        let say = |name: &str| format!("say --target {name} if it is a label, or leave it out");
        for (header, row, name, advice) in [
            ("a,state\n", words as fn(usize) -> String, "state", say("\"state\"")),
            ("", words, "column 2", say("\"2\"")),
            ("a,Class\n", numbers, "Class", say("\"Class\"")),
            ("a,y\n", numbers, "y", say("\"y\"")),
            ("target,b\n", reals, "target", "; leave it out with --ignore \"target\"".to_owned()),
        ] {
            let found = warning(header, row, &options).unwrap();
            let start = format!("t.csv, column \"{name}\": is one of the inputs");
            assert!(found.starts_with(&start) && found.contains(&advice), "{found}");
        }
        assert_eq!(warning("a,b\n", numbers, &options), None);
        assert_eq!(warning("z,y\n", numbers, &options), None);
        // Names of rows, and a target that is named.
        let names = |n: usize| format!("{}.5,w{}\n", n % 7, n % 31);
        assert_eq!(warning("a,who\n", names, &options), None);
        let named = EncodeOptions { target: vec!["state".into()], ..options };
        assert_eq!(warning("a,state\n", words, &named), None);
        assert_eq!(warning("a,class\n", words, &EncodeOptions::default()), None);
    }
}
