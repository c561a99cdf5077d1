//! Columns of a table, and what is odd about them.

use crate::console::{complain, say};
use anyhow::Result;
use barenet_data::{DataSet, Encoding};
use barenet_run::settings::Name;
use serde_json::{Value, json};

/// The range of an input.
struct Range {
    name: String,
    min: f32,
    max: f32,
    mean: f64,
}

/// The inputs of a table in their order: of a column of text one for each text.
fn ranges(data: &DataSet, encoding: &Encoding) -> Vec<Range> {
    let names = encoding.features.iter().flat_map(|feature| match &feature.texts {
        None => vec![feature.column.to_string()],
        Some(texts) => texts.iter().map(|text| format!("{} = {text}", feature.column)).collect(),
    });
    let mut ranges: Vec<_> = names
        .map(|name| Range { name, min: f32::INFINITY, max: f32::NEG_INFINITY, mean: 0.0 })
        .collect();
    let mut row = Vec::new();
    for index in 0..data.train.len() {
        row.clear();
        data.train.append_row(index, &mut row);
        for (range, &x) in ranges.iter_mut().zip(&row) {
            range.min = range.min.min(x);
            range.max = range.max.max(x);
            range.mean += f64::from(x) / data.train.len() as f64;
        }
    }
    ranges
}

/// Prints the columns.
pub(super) fn print(data: &DataSet, encoding: &Encoding) -> Result<()> {
    let (task, columns) = (Name::from(encoding.task).name(), encoding.features.len());
    let inputs = encoding.input_dim();
    say!("rows      {}; {columns} columns are {inputs} inputs", data.train.len());
    say!("task      {task} {}", data.target_names.join(", "));
    say!("\n{:<30}{:>14}{:>14}{:>14}", "input", "least", "mean", "most");
    let ranges = ranges(data, encoding);
    for Range { name, min, max, mean } in &ranges {
        say!("{name:<30}{min:>14}{mean:>14.4}{max:>14}");
    }
    for constant in ranges.iter().filter(|range| range.min >= range.max) {
        let name = &constant.name;
        complain(format_args!(
            "warning: {name} is the same in all rows; --ignore leaves a column out"
        ));
    }
    Ok(())
}

/// The same for machines.
pub(super) fn to_json(data: &DataSet, encoding: &Encoding) -> Value {
    let inputs: Vec<_> = ranges(data, encoding)
        .into_iter()
        .map(|Range { name, min, max, mean }| {
            json!({ "name": name, "min": min, "max": max, "mean": mean })
        })
        .collect();
    let targets = &data.target_names;
    json!({ "task": Name::from(encoding.task).name(), "targets": targets, "inputs": inputs })
}
