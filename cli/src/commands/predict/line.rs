//! A row of answers as a JSON object, whose keys are in the order of the columns.

use barenet_data::table::Table;
use serde_json::{Number, Value, json};
use std::fmt::Display;

/// A JSON object that is being written: its keys stay in the order in which they are put.
pub(super) struct Line(String);

impl Line {
    pub(super) fn new() -> Self {
        Self("{".to_owned())
    }

    /// Puts a value under a key, as JSON.
    pub(super) fn put(&mut self, key: &str, json: impl Display) {
        let comma = if self.0.len() > 1 { "," } else { "" };
        self.0 += &format!("{comma}{}:{json}", Value::from(key));
    }

    pub(super) fn end(self) -> String {
        self.0 + "}"
    }
}

/// A cell as JSON: a number as it is written where JSON can say it so, text in quotes, and null where it is missing.
pub(super) fn cell_json(table: &Table, row: usize, column: usize, shown: &str) -> String {
    let is_text = table.columns.get(column).is_some_and(|column| column.values().is_some());
    let cell = table.rows().nth(row).and_then(|row| row.get(column));
    match cell {
        Some(cell) if cell.is_nan() => Value::Null.to_string(),
        _ if is_text => Value::from(shown).to_string(),
        _ if shown.parse::<Number>().is_ok() => shown.to_owned(),
        _ => json!(shown.parse::<f64>().ok()).to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use barenet_data::table::{CsvOptions, read_csv_from};

    #[test]
    fn keys_stay_in_their_order_and_numbers_as_they_are_written() {
        let mut line = Line::new();
        line.put("z", 1.5);
        line.put("a \"b\"", Value::from("c"));
        assert_eq!(line.end(), r#"{"z":1.5,"a \"b\"":"c"}"#);
        let text = "n,t\n16777217,1\n1.50,x\n+.5,y\n1e-3,z\n-7.,\"q\"\"\"\n?,NA\n";
        let table = read_csv_from(text.as_bytes(), "t.csv", &CsvOptions::default()).unwrap();
        let json = |row: usize, column: usize, shown: &str| cell_json(&table, row, column, shown);
        let numbers = ["16777217", "1.50", "+.5", "1e-3", "-7.", "?"];
        let found: Vec<_> = (0..).zip(numbers).map(|(row, shown)| json(row, 0, shown)).collect();
        assert_eq!(found, ["16777217", "1.50", "0.5", "1e-3", "-7.0", "null"]);
        let texts = ["1", "x", "y", "z", "q\"", "NA"];
        let found: Vec<_> = (0..).zip(texts).map(|(row, shown)| json(row, 1, shown)).collect();
        assert_eq!(found, ["\"1\"", "\"x\"", "\"y\"", "\"z\"", "\"q\\\"\"", "null"]);
    }
}
