//! A graph that is being written.

use super::proto::{
    AttributeProto, DimensionProto, GraphProto, ModelProto, NodeProto, OperatorSetIdProto,
    ShapeProto, StringStringEntryProto, TensorProto, TensorTypeProto, TypeProto, ValueInfoProto,
    attribute, data_type,
};
use super::{Head, Input, OPSET};
use crate::interchange::Notes;
use prost::Message;

/// The version of the form of files, that of [`OPSET`].
const IR_VERSION: i64 = 8;
/// The name of the length of the first axis.
const BATCH: &str = "batch";

/// A graph that is being written.
#[derive(Default)]
pub(super) struct Graph {
    graph: GraphProto,
}

/// An integer as files have it.
fn signed(len: usize) -> i64 {
    i64::try_from(len).unwrap_or(i64::MAX)
}

/// An attribute of an integer.
pub(super) fn int(name: &str, i: i64) -> AttributeProto {
    AttributeProto { name: name.into(), i, r#type: attribute::INT, ..AttributeProto::default() }
}

/// An attribute of integers.
pub(super) fn ints(name: &str, ints: &[i64]) -> AttributeProto {
    let (name, ints) = (name.into(), ints.to_vec());
    AttributeProto { name, ints, r#type: attribute::INTS, ..AttributeProto::default() }
}

/// An attribute of a real number.
pub(super) fn float(name: &str, f: f64) -> AttributeProto {
    let (name, f) = (name.into(), f as f32);
    AttributeProto { name, f, r#type: attribute::FLOAT, ..AttributeProto::default() }
}

fn value(name: &str, elem_type: i32, width: Option<usize>) -> ValueInfoProto {
    let batch = DimensionProto { dim_value: None, dim_param: Some(BATCH.into()) };
    let width = width.map(|w| DimensionProto { dim_value: Some(signed(w)), dim_param: None });
    let shape = Some(ShapeProto { dim: [batch].into_iter().chain(width).collect() });
    let tensor_type = Some(TensorTypeProto { elem_type, shape });
    ValueInfoProto { name: name.into(), r#type: Some(TypeProto { tensor_type }) }
}

impl Graph {
    /// The graph's input, (batch, `width`): its name.
    pub(super) fn input(&mut self, input: Input, width: usize) -> String {
        let (name, elem_type) = match input {
            Input::Pixels => ("pixels", data_type::UINT8),
            Input::Features => ("features", data_type::FLOAT),
        };
        self.graph.input.push(value(name, elem_type, Some(width)));
        name.to_owned()
    }

    /// Inputs as real numbers, which pixels are not yet.
    pub(super) fn as_numbers(&mut self, input: Input, x: String) -> String {
        match input {
            Input::Pixels => {
                let to = int("to", data_type::FLOAT.into());
                self.node("Cast", "numbers", &[&x], vec![to])
            }
            Input::Features => x,
        }
    }

    /// An output of the graph, (batch, `width`) or (batch).
    pub(super) fn output(&mut self, name: &str, width: Option<usize>) {
        self.graph.output.push(value(name, data_type::FLOAT, width));
    }

    /// A constant: its name.
    fn constant(
        &mut self,
        name: &str,
        dims: &[usize],
        data_type: i32,
        raw_data: Vec<u8>,
    ) -> String {
        let dims = dims.iter().map(|&len| signed(len)).collect();
        let name = name.to_owned();
        let tensor =
            TensorProto { dims, data_type, name: name.clone(), raw_data, ..TensorProto::default() };
        self.graph.initializer.push(tensor);
        name
    }

    /// A constant of `f32`.
    pub(super) fn f32(&mut self, name: &str, dims: &[usize], numbers: &[f64]) -> String {
        let raw = numbers.iter().flat_map(|&x| (x as f32).to_le_bytes()).collect();
        self.constant(name, dims, data_type::FLOAT, raw)
    }

    /// A constant of `i8`.
    pub(super) fn i8(&mut self, name: &str, dims: &[usize], numbers: &[i8]) -> String {
        let raw = numbers.iter().flat_map(|x| x.to_le_bytes()).collect();
        self.constant(name, dims, data_type::INT8, raw)
    }

    /// A constant of `i32`.
    pub(super) fn i32(&mut self, name: &str, dims: &[usize], numbers: &[i32]) -> String {
        let raw = numbers.iter().flat_map(|x| x.to_le_bytes()).collect();
        self.constant(name, dims, data_type::INT32, raw)
    }

    /// A constant byte.
    pub(super) fn u8(&mut self, name: &str, number: u8) -> String {
        self.constant(name, &[], data_type::UINT8, vec![number])
    }

    /// A node with one output, which has the node's name: that name.
    pub(super) fn node(
        &mut self,
        op_type: &str,
        name: &str,
        inputs: &[&str],
        attribute: Vec<AttributeProto>,
    ) -> String {
        self.graph.node.push(NodeProto {
            input: inputs.iter().map(|&input| input.to_owned()).collect(),
            output: vec![name.to_owned()],
            name: name.to_owned(),
            op_type: op_type.to_owned(),
            attribute,
            domain: String::new(),
        });
        name.to_owned()
    }

    /// The rest of the graph, from scores on; `scaled` are the inputs as the network sees them, in the units of scores.
    pub(super) fn head(&mut self, head: Head, scores: &str, scaled: &str, ends: &Ends<'_>) {
        let width = ends.width;
        match head {
            Head::Classes => {
                self.output(scores, Some(width));
                self.node("Softmax", "probabilities", &[scores], vec![int("axis", -1)]);
                self.output("probabilities", Some(width));
            }
            Head::Values => {
                let name = self.unscaled("values", scores, ends);
                self.output(&name, Some(width));
            }
            Head::Reconstruction => {
                let name = self.unscaled("reconstruction", scores, ends);
                self.output(&name, Some(width));
                let error = self.node("Sub", "error", &[scaled, scores], Vec::new());
                let square = self.node("Mul", "squared_error", &[&error, &error], Vec::new());
                let axes = vec![ints("axes", &[1]), int("keepdims", 0)];
                let mean = if ends.square.is_some() { "mean_square" } else { "anomaly_score" };
                let mean = self.node("ReduceMean", mean, &[&square], axes);
                if let Some(factor) = ends.square {
                    let factor = self.f32("square", &[], &[factor]);
                    self.node("Mul", "anomaly_score", &[&mean, &factor], Vec::new());
                }
                self.output("anomaly_score", None);
            }
        }
    }

    /// Scores in the units of what was learnt: score / factor + offset.
    fn unscaled(&mut self, name: &str, scores: &str, ends: &Ends<'_>) -> String {
        let mut value = scores.to_owned();
        let Ends { factor, offset, width, .. } = *ends;
        let has_offset = offset.iter().any(|&x| x != 0.0);
        if !factor.is_empty() {
            let by = self.f32("target_factor", &[width], factor);
            let name = if has_offset { "unscaled" } else { name };
            value = self.node("Div", name, &[&value, &by], Vec::new());
        }
        if has_offset {
            let by = self.f32("target_offset", &[width], offset);
            value = self.node("Add", name, &[&value, &by], Vec::new());
        }
        if value == scores { self.node("Identity", name, &[scores], Vec::new()) } else { value }
    }

    /// The bytes of the file.
    pub(super) fn into_bytes(self, notes: &Notes) -> Vec<u8> {
        let prop = |(key, value): (&String, &String)| StringStringEntryProto {
            key: key.clone(),
            value: value.clone(),
        };
        let model = ModelProto {
            ir_version: IR_VERSION,
            producer_name: "barenet".to_owned(),
            producer_version: env!("CARGO_PKG_VERSION").to_owned(),
            graph: Some(GraphProto { name: "barenet".to_owned(), ..self.graph }),
            opset_import: vec![OperatorSetIdProto { domain: String::new(), version: OPSET }],
            metadata_props: notes.iter().map(prop).collect(),
        };
        model.encode_to_vec()
    }
}

/// What becomes of scores.
pub(super) struct Ends<'a> {
    /// How many scores.
    pub(super) width: usize,
    /// The numbers that values are this many times larger with; none for 1.
    pub(super) factor: &'a [f64],
    /// The value of a score of 0; none for 0.
    pub(super) offset: &'a [f64],
    /// The anomaly score of a mean square of 1, if that is not 1.
    pub(super) square: Option<f64>,
}
