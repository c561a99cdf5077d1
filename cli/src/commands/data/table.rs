//! Columns of a table, and what is odd about them.

use crate::commands::{counted, listed};
use crate::console::{complain, one_line, say};
use anyhow::Result;
use barenet_data::inspect::{Input, Inspection};
use barenet_data::{DataSet, Encoding};
use barenet_run::settings::Name;
use serde_json::{Value, json};

/// Prints the columns.
pub(super) fn print(data: &DataSet, encoding: &Encoding, found: &Inspection) -> Result<()> {
    let (task, columns) = (Name::from(encoding.task).name(), encoding.features.len());
    let inputs = encoding.input_dim();
    let columns = counted(columns, "column is", "columns are");
    say!("rows      {}; {columns} {}", data.train.len(), counted(inputs, "input", "inputs"));
    let learnt = format!("{task} {}", listed(&data.target_names));
    say!("task      {}", learnt.trim_end());
    let any_missing = found.inputs.iter().any(|input| input.missing > 0);
    let missing = if any_missing { "   missing" } else { "" };
    let rows: Vec<_> = found.inputs.iter().map(|input| (input, texts(input))).collect();
    let width =
        rows.iter().flat_map(|(_, texts)| texts).map(|text| text.len() + 2).fold(14, usize::max);
    let [least, mean, most] = ["least", "mean", "most"];
    say!("\n{:<30}{:>7}{least:>width$}{mean:>width$}{most:>width$}{missing}", "input", "type");
    for (Input { name, is_whole, missing, .. }, [min, mean, max]) in rows {
        let missing = if any_missing { format!("{missing:>10}") } else { String::new() };
        let (name, kind) = (one_line(name), if *is_whole { "whole" } else { "real" });
        say!("{name:<30}{kind:>7}{min:>width$}{mean:>width$}{max:>width$}{missing}");
    }
    for name in &found.constant {
        complain(format_args!(
            "warning: {name} is the same in all rows; --ignore leaves a column out"
        ));
    }
    Ok(())
}

/// The least, the mean and the most, as they are read with ease: those of many digits with an exponent. Of an input that
/// is missing everywhere there are none.
fn texts(input: &Input) -> [String; 3] {
    if input.is_empty() {
        return ["-"; 3].map(str::to_owned);
    }
    let is_plain =
        |x: f64, from: f64| x == 0.0 || !x.is_finite() || (from..1e12).contains(&x.abs());
    let exact = |x: f32| if is_plain(x.into(), 1e-6) { x.to_string() } else { format!("{x:e}") };
    let mean = input.mean;
    let mean = if is_plain(mean, 1e-3) { format!("{mean:.4}") } else { format!("{mean:.4e}") };
    [exact(input.min), mean, exact(input.max)]
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
        "missing_targets": data.unlabelled, "constant": found.constant, "warnings": found.warnings,
    })
}
