//! Names of classes and targets, where data have them or not.

use barenet_data::DataSet;

/// The name of a class.
pub(super) fn class_name(data: &DataSet, class: usize) -> String {
    data.class_names.get(class).cloned().unwrap_or_else(|| format!("class {class}"))
}

/// The name of a target.
pub(super) fn target_name(data: &DataSet, output: usize) -> String {
    data.target_names.get(output).cloned().unwrap_or_else(|| format!("target {}", output + 1))
}
