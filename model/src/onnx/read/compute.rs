//! Nodes of constants alone, whose results are constants.

use super::Reader;
use super::node::{attribute, floats, int, name};
use crate::interchange::arrays::transposed;
use crate::onnx::constant::Constant;
use crate::onnx::proto::NodeProto;
use anyhow::{Result, ensure};
use std::path::Path;

impl Reader<'_> {
    /// The result of a node whose inputs are all constants; none if they are not, or it is of no use here.
    pub(super) fn compute(
        &self,
        node: &NodeProto,
        folder: Option<&Path>,
    ) -> Result<Option<Constant>> {
        if node.op_type == "Constant" {
            let tensor = attribute(node, "value").and_then(|attribute| attribute.t.as_ref());
            if let Some(tensor) = tensor {
                return Constant::read(tensor, folder).map(Some);
            }
            if let Some(number) = attribute(node, "value_float") {
                let numbers = vec![number.f.into()];
                return Ok(Some(Constant { numbers, ..Constant::default() }));
            }
            return Ok(attribute(node, "value_floats").map(|_| {
                let numbers = floats(node, "value_floats");
                Constant { shape: vec![numbers.len()], numbers, ..Constant::default() }
            }));
        }
        let Some(first) = self.constant(name(node, 0)) else { return Ok(None) };
        Ok(match &*node.op_type {
            "Identity" | "Cast" => Some(first.clone()),
            "Transpose" => {
                let (rows, columns) = first.matrix()?;
                let order = attribute(node, "perm").map(|attribute| &*attribute.ints);
                match order {
                    None | Some([] | [1, 0]) => Some(Constant {
                        shape: vec![columns, rows],
                        numbers: transposed(&first.numbers, rows, columns),
                        ..*first
                    }),
                    _ => Some(first.clone()),
                }
            }
            "Reshape" | "Flatten" | "Squeeze" | "Unsqueeze" if first.shape.len() != 2 => {
                Some(Constant { shape: vec![first.numbers.len()], ..first.clone() })
            }
            "DequantizeLinear" => {
                let scale = self.needed(node, 1, "scale")?;
                let zero = self.constant(name(node, 2));
                let axis = int(node, "axis", 1);
                let axis = if axis < 0 { axis + i64::try_from(first.shape.len())? } else { axis };
                let after = usize::try_from(axis).ok().and_then(|axis| first.shape.get(axis + 1..));
                let after: usize = after.unwrap_or_default().iter().product();
                let len = scale.numbers.len();
                ensure!(len > 0, "its scale has no numbers");
                let at = |place: usize| if len == 1 { 0 } else { place / after.max(1) % len };
                let zero = |place: usize| {
                    let zeros = zero.map(|zero| &*zero.numbers).unwrap_or_default();
                    let zero = if zeros.len() == 1 { zeros.first() } else { zeros.get(at(place)) };
                    zero.copied().unwrap_or(0.0)
                };
                let numbers = first.numbers.iter().enumerate().map(|(place, x)| {
                    (x - zero(place)) * scale.numbers.get(at(place)).copied().unwrap_or(0.0)
                });
                Some(Constant { numbers: numbers.collect(), ..first.clone() })
            }
            _ => None,
        })
    }
}
