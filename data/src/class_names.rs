//! Names of classes, in the order of their labels.

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
