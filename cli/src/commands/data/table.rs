//! Columns of a table, and what is odd about them.

use crate::console::{complain, say};
use anyhow::Result;
use barenet_data::inspect::{Input, Inspection};
use barenet_data::{DataSet, Encoding};
use barenet_run::settings::Name;
use serde_json::{Value, json};

/// Prints the columns.
pub(super) fn print(data: &DataSet, encoding: &Encoding, found: &Inspection) -> Result<()> {
    let (task, columns) = (Name::from(encoding.task).name(), encoding.features.len());
    let inputs = encoding.input_dim();
    say!("rows      {}; {columns} columns are {inputs} inputs", data.train.len());
    let learnt = format!("{task} {}", data.target_names.join(", "));
    say!("task      {}", learnt.trim_end());
    let any_missing = found.inputs.iter().any(|input| input.missing > 0);
    let missing = if any_missing { "   missing" } else { "" };
    say!("\n{:<30}{:>7}{:>14}{:>14}{:>14}{missing}", "input", "type", "least", "mean", "most");
    for input in &found.inputs {
        let Input { name, min, max, mean, .. } = input;
        let missing = if any_missing { format!("{:>10}", input.missing) } else { String::new() };
        let kind = if input.is_whole { "whole" } else { "real" };
        say!("{name:<30}{kind:>7}{min:>14}{mean:>14.4}{max:>14}{missing}");
    }
    for name in &found.constant {
        complain(format_args!(
            "warning: {name} is the same in all rows; --ignore leaves a column out"
        ));
    }
    Ok(())
}

/// The same for machines.
pub(super) fn to_json(data: &DataSet, encoding: &Encoding, found: &Inspection) -> Value {
    let inputs = found.inputs.iter().map(|input| {
        json!({
            "name": input.name, "min": input.min, "max": input.max, "mean": input.mean,
            "missing": input.missing, "whole": input.is_whole,
        })
    });
    let inputs: Vec<_> = inputs.collect();
    json!({
        "task": Name::from(encoding.task).name(), "targets": data.target_names, "inputs": inputs,
        "constant": found.constant, "warnings": found.warnings,
    })
}
