//! Networks of any program: the graph, followed from an output back to the input.

mod compute;
mod node;
mod step;

use super::constant::Constant;
use super::proto::{GraphProto, ModelProto, NodeProto};
use crate::interchange::chain::{Chain, Named, Step, network};
use crate::interchange::{Layer, Notes};
use anyhow::{Context, Result, bail, ensure};
use node::{attribute, name, shown};
use prost::Message;
use std::collections::HashMap;
use std::error::Error;
use std::fmt;
use std::path::Path;

/// Bytes that are no ONNX file, or not all of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotOnnx(String);

impl fmt::Display for NotOnnx {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Error for NotOnnx {}

/// A network that was read.
#[derive(Clone, Debug)]
pub struct Read {
    /// The network.
    pub chain: Chain,
    /// The texts beside the graph.
    pub notes: Notes,
    /// Names of the classes, if the graph has them.
    pub class_names: Vec<String>,
    /// The operations that were followed.
    pub num_nodes: usize,
}

/// Reads a file. Numbers that lie in other files are looked for in `folder`.
///
/// # Errors
///
/// [`NotOnnx`] of any other bytes, or of a file that is cut. Naming the operator and the node, if the graph has one that no network here does; or if it is damaged, or shapes do
/// not fit.
pub fn from_onnx(bytes: &[u8], folder: Option<&Path>) -> Result<Read> {
    let model = ModelProto::decode(bytes);
    let model = model.map_err(|error| NotOnnx(format!("is no whole ONNX file: {error}")))?;
    let graph = model.graph.as_ref();
    let graph = graph.ok_or_else(|| NotOnnx("is no ONNX file: it has no graph".to_owned()))?;
    let notes = model.metadata_props.into_iter().map(|entry| (entry.key, entry.value)).collect();
    let reader = Reader::new(graph, folder)?;
    let mut refused = None;
    for output in &graph.output {
        match reader.steps(&output.name) {
            Ok(steps) => {
                let num_nodes = steps.len();
                let chain = network(&steps, reader.has_f64())?;
                let fan_in = chain.network.layers.first().map_or(0, Layer::fan_in);
                if let Some(width) = reader.input_width().filter(|&width| width != fan_in) {
                    bail!(
                        "a sample of its input has {width} numbers, and its first layer takes {fan_in}"
                    );
                }
                return Ok(Read { chain, notes, class_names: reader.class_names(), num_nodes });
            }
            Err(error) => refused = refused.or(Some(error)),
        }
    }
    Err(refused.unwrap_or_else(|| anyhow::anyhow!("its graph has no output")))
}

struct Reader<'a> {
    graph: &'a GraphProto,
    /// The one input.
    input: &'a str,
    /// The node that gives each value.
    makers: HashMap<&'a str, &'a NodeProto>,
    constants: HashMap<&'a str, Constant>,
}

/// A text of a file.
fn of_text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

impl<'a> Reader<'a> {
    fn new(graph: &'a GraphProto, folder: Option<&Path>) -> Result<Self> {
        let mut constants = HashMap::new();
        for tensor in &graph.initializer {
            let constant = Constant::read(tensor, folder)
                .with_context(|| format!("initializer \"{}\"", tensor.name.escape_debug()))?;
            constants.insert(tensor.name.as_str(), constant);
        }
        let inputs = graph.input.iter().map(|input| input.name.as_str());
        let inputs: Vec<_> = inputs.filter(|name| !constants.contains_key(name)).collect();
        let &[input] = &*inputs else {
            let count = inputs.len();
            bail!(
                "its graph has {count} inputs, and one is needed, a matrix of samples and features"
            );
        };
        let mut makers = HashMap::new();
        for node in &graph.node {
            let outputs = node.output.iter().filter(|name| !name.is_empty());
            makers.extend(outputs.map(|name| (name.as_str(), node)));
        }
        let mut reader = Self { graph, input, makers, constants };
        // Each after those that it needs.
        for node in &graph.node {
            let constant = reader.compute(node, folder).with_context(|| shown(node))?;
            if let (Some(constant), Some(name)) = (constant, node.output.first()) {
                reader.constants.insert(name, constant);
            }
        }
        Ok(reader)
    }

    /// The numbers of a sample, if the graph says them.
    fn input_width(&self) -> Option<usize> {
        let input = self.graph.input.iter().find(|input| input.name == self.input)?;
        let shape = input.r#type.as_ref()?.tensor_type.as_ref()?.shape.as_ref()?;
        let (_, lens) = shape.dim.split_first().filter(|(_, lens)| !lens.is_empty())?;
        lens.iter().try_fold(1_usize, |all, len| {
            all.checked_mul(usize::try_from(len.dim_value.filter(|&len| len > 0)?).ok()?)
        })
    }

    fn has_f64(&self) -> bool {
        self.constants.values().any(|constant| constant.is_f64)
    }

    /// Names of classes that scikit-learn's exporter writes.
    fn class_names(&self) -> Vec<String> {
        let find = |op_type: &str| self.graph.node.iter().find(|node| node.op_type == op_type);
        if let Some(node) = find("ZipMap") {
            let numbers = attribute(node, "classlabels_int64s").map(|attribute| &attribute.ints);
            let texts = attribute(node, "classlabels_strings").map(|attribute| &attribute.strings);
            let numbers = numbers.into_iter().flatten().map(ToString::to_string);
            return numbers.chain(texts.into_iter().flatten().map(|text| of_text(text))).collect();
        }
        // Without it the class of the highest score is taken from a list of them.
        let list = find("ArrayFeatureExtractor").map(|node| name(node, 0));
        let list = self.graph.initializer.iter().find(|tensor| Some(&*tensor.name) == list);
        let texts = list.map(|tensor| &tensor.string_data);
        texts.into_iter().flatten().map(|text| of_text(text)).collect()
    }

    /// A constant; none if it depends on the input.
    fn constant(&self, name: &str) -> Option<&Constant> {
        self.constants.get(name)
    }

    fn needed(&self, node: &NodeProto, place: usize, what: &str) -> Result<&Constant> {
        self.constant(name(node, place)).with_context(|| format!("its {what} is no constant"))
    }

    /// The steps from the input to an output.
    fn steps(&self, output: &str) -> Result<Vec<Named>> {
        let (mut value, mut steps, mut has_softmax) = (output, Vec::new(), false);
        // More than there are would be a circle.
        for _ in 0..=self.graph.node.len() {
            if value == self.input {
                steps.reverse();
                return Ok(steps);
            }
            let node = self.makers.get(value);
            let node = node
                .with_context(|| format!("nothing gives the value \"{}\"", value.escape_debug()))?;
            let is_end =
                !steps.iter().any(|named: &Named| matches!(named.step, Step::Affine { .. }));
            let is_softmax = matches!(&*node.op_type, "Softmax" | "LogSoftmax");
            ensure!(
                !(is_softmax && has_softmax),
                "{}: a softmax of a softmax is not read",
                shown(node)
            );
            has_softmax |= is_softmax;
            let (before, own) = self.step(node, is_end).with_context(|| shown(node))?;
            steps.extend(own.into_iter().rev().map(|step| Named { step, name: shown(node) }));
            value = before;
        }
        bail!("its graph goes in a circle")
    }
}
