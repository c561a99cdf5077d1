//! A node, and its attributes and inputs by their names.

use crate::onnx::proto::{AttributeProto, NodeProto};

/// A node as messages name it.
pub(super) fn shown(node: &NodeProto) -> String {
    let name = [&node.name].into_iter().chain(&node.output).find(|name| !name.is_empty());
    let name = name.map_or("", String::as_str).escape_debug();
    format!("{} \"{name}\"", node.op_type.escape_debug())
}

pub(super) fn attribute<'a>(node: &'a NodeProto, name: &str) -> Option<&'a AttributeProto> {
    node.attribute.iter().find(|attribute| attribute.name == name)
}

pub(super) fn int(node: &NodeProto, name: &str, none: i64) -> i64 {
    attribute(node, name).map_or(none, |attribute| attribute.i)
}

pub(super) fn float(node: &NodeProto, name: &str, none: f32) -> f64 {
    attribute(node, name).map_or(none, |attribute| attribute.f).into()
}

pub(super) fn floats(node: &NodeProto, name: &str) -> Vec<f64> {
    let found = attribute(node, name).map(|attribute| &*attribute.floats).unwrap_or_default();
    found.iter().map(|&x| x.into()).collect()
}

/// A name of an input of a node; empty if it is left out.
pub(super) fn name(node: &NodeProto, place: usize) -> &str {
    node.input.get(place).map_or("", String::as_str)
}
