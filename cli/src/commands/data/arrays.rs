//! Samples that are no table of columns, and the ranges of their numbers.

use crate::commands::{counted, form_text, listed, sample_word};
use crate::console::{one_line, say};
use anyhow::Result;
use barenet_data::inspect::Inspection;
use barenet_data::{DataSet, Numbers, Records, SampleForm, Wanted};
use barenet_run::settings::Name;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// The least and the most of some numbers.
fn range(numbers: impl Iterator<Item = f32>) -> (f32, f32) {
    numbers.fold((f32::INFINITY, f32::NEG_INFINITY), |(min, max), x| (min.min(x), max.max(x)))
}

/// The range of every target: none of classes.
fn target_ranges(records: &Records) -> Vec<(f32, f32)> {
    let Wanted::Values { numbers, width } = records.targets() else { return Vec::new() };
    let target = |place: usize| range(numbers.iter().skip(place).step_by(*width).copied());
    (0..*width).map(target).collect()
}

/// The type of the numbers.
const fn type_of(numbers: &Numbers) -> &'static str {
    match numbers {
        Numbers::U8(_) => "u8",
        Numbers::I16(_) => "i16",
        Numbers::F32(_) => "f32",
    }
}

/// Prints samples and targets.
pub(super) fn print(data: &DataSet, found: &Inspection) -> Result<()> {
    let numbers = data.train.numbers();
    let (min, max) = range(numbers.iter(0..numbers.len()));
    let (train, val, test) = (data.train.len(), data.val.len(), data.test.len());
    say!("{:<10}{train} training, {val} validation, {test} test", sample_word(data));
    if let Some(form) = &data.form {
        say!("form      {}", form_text(form));
    }
    let groups = [&data.train, &data.val, &data.test]
        .map(|part| part.groups.iter().collect::<BTreeSet<_>>().len());
    let groups = groups.iter().sum();
    if groups > 0 {
        let is_of_recordings = matches!(data.form, Some(SampleForm::Windows(_)));
        let (one, many) =
            if is_of_recordings { ("recording", "recordings") } else { ("group", "groups") };
        say!("from      {}", counted(groups, one, many));
    }
    let constant = match found.constant.len() {
        0 => String::new(),
        1 => format!("; 1 is the same in all {}", sample_word(data)),
        constant => format!("; {constant} are the same in all {}", sample_word(data)),
    };
    let inputs = data.input_dim();
    say!("inputs    {inputs} of {}, from {min} to {max}{constant}", type_of(numbers));
    let (task, names) = (Name::from(data.task).name(), listed(&data.target_names));
    say!("task      {}", format!("{task} {names}").trim_end());
    for (name, (min, max)) in data.target_names.iter().zip(target_ranges(&data.train)) {
        say!("target    {}, from {min} to {max}", one_line(name));
    }
    Ok(())
}

/// The same for machines.
pub(super) fn to_json(data: &DataSet, found: &Inspection) -> Value {
    let numbers = data.train.numbers();
    let (min, max) = range(numbers.iter(0..numbers.len()));
    let targets = data.target_names.iter().zip(target_ranges(&data.train));
    let targets: Vec<_> =
        targets.map(|(name, (min, max))| json!({ "name": name, "min": min, "max": max })).collect();
    json!({
        "task": Name::from(data.task).name(), "inputs": data.input_dim(), "type": type_of(numbers),
        "min": min, "max": max, "constant": found.constant.len(), "warnings": found.warnings, "validation": data.val.len(),
        "targets": targets, "missing_targets": data.unlabelled,
    })
}
