//! Networks of any program: the graph, followed from an output back to the input.

use super::constant::Constant;
use super::proto::{AttributeProto, GraphProto, ModelProto, NodeProto};
use crate::interchange::arrays::transposed;
use crate::interchange::chain::{Chain, Named, Step, network};
use crate::interchange::{Layer, Norm, Notes};
use anyhow::{Context, Result, bail, ensure};
use prost::Message;
use std::collections::HashMap;
use std::path::Path;

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
/// Naming the operator and the node, if the graph has one that no network here does; or if it is damaged, or shapes do
/// not fit.
pub fn from_onnx(bytes: &[u8], folder: Option<&Path>) -> Result<Read> {
    let model = ModelProto::decode(bytes).context("is no whole ONNX file")?;
    let graph = model.graph.as_ref().context("is no ONNX file: it has no graph")?;
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

/// A node as messages name it.
fn shown(node: &NodeProto) -> String {
    let name = [&node.name].into_iter().chain(&node.output).find(|name| !name.is_empty());
    let name = name.map_or("", String::as_str).escape_debug();
    format!("{} \"{name}\"", node.op_type.escape_debug())
}

/// A text of a file.
fn of_text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Types of real numbers, as ONNX numbers them: float, float16, double, bfloat16.
const REALS: [i64; 4] = [1, 10, 11, 16];

fn attribute<'a>(node: &'a NodeProto, name: &str) -> Option<&'a AttributeProto> {
    node.attribute.iter().find(|attribute| attribute.name == name)
}

fn int(node: &NodeProto, name: &str, none: i64) -> i64 {
    attribute(node, name).map_or(none, |attribute| attribute.i)
}

fn float(node: &NodeProto, name: &str, none: f32) -> f64 {
    attribute(node, name).map_or(none, |attribute| attribute.f).into()
}

fn floats(node: &NodeProto, name: &str) -> Vec<f64> {
    let found = attribute(node, name).map(|attribute| &*attribute.floats).unwrap_or_default();
    found.iter().map(|&x| x.into()).collect()
}

/// A name of an input of a node; empty if it is left out.
fn name(node: &NodeProto, place: usize) -> &str {
    node.input.get(place).map_or("", String::as_str)
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

    /// The result of a node whose inputs are all constants; none if they are not, or it is of no use here.
    fn compute(&self, node: &NodeProto, folder: Option<&Path>) -> Result<Option<Constant>> {
        if node.op_type == "Constant" {
            let tensor = attribute(node, "value").and_then(|attribute| attribute.t.as_ref());
            if let Some(tensor) = tensor {
                return Constant::read(tensor, folder).map(Some);
            }
            let number =
                attribute(node, "value_float").map(|attribute| vec![f64::from(attribute.f)]);
            let of_row = |numbers: Vec<f64>| (vec![numbers.len()], numbers);
            let several =
                attribute(node, "value_floats").map(|_| of_row(floats(node, "value_floats")));
            let found = number.map(|numbers| (Vec::new(), numbers)).or(several);
            return Ok(found.map(|(shape, numbers)| Constant {
                shape,
                numbers,
                ..Constant::default()
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

    /// The value that a node works on, and its steps; `is_end` if no layer comes after it.
    fn step<'n>(&self, node: &'n NodeProto, is_end: bool) -> Result<(&'n str, Vec<Step>)> {
        let first = name(node, 0);
        let step = match &*node.op_type {
            "Cast" => {
                let to = int(node, "to", 0);
                ensure!(
                    is_end || REALS.contains(&to),
                    "it makes other numbers of reals, and a layer follows: casts to float, double, float16 and bfloat16 are \
                     read there"
                );
                None
            }
            "QuantizeLinear" if !is_end && self.is_cut_below_zero(node) => Some(Step::CutBelowZero),
            "Identity" | "Dropout" | "QuantizeLinear" | "DequantizeLinear" => None,
            "Flatten" => {
                let axis = int(node, "axis", 1);
                ensure!(
                    axis == 1,
                    "its axis is {axis}, and the axis of samples is kept here: axis 1"
                );
                None
            }
            "Reshape" => {
                // 0 and -1 leave the samples as they are, and 1 is of files that were written for one.
                let shape = self.constant(name(node, 1)).map(|shape| &shape.numbers);
                let samples = shape.and_then(|shape| shape.first()).filter(|&&len| len > 1.0);
                if let Some(len) = samples {
                    bail!(
                        "it makes {len} samples of what there are, and each is answered by itself here"
                    );
                }
                None
            }
            "Squeeze" | "Unsqueeze" => None,
            "ArgMax" | "LogSoftmax" | "Softmax" if is_end => {
                let axis = int(node, "axis", if node.op_type == "ArgMax" { 0 } else { -1 });
                ensure!(
                    matches!(axis, 1 | -1),
                    "its axis is {axis}, and the scores of one sample are along axis 1"
                );
                return Ok((first, vec![Step::Softmax]));
            }
            "ZipMap" | "Normalizer" if is_end => {
                return Ok((first, vec![Step::Softmax]));
            }
            "ArrayFeatureExtractor" if is_end => return Ok((name(node, 1), vec![Step::Softmax])),
            "Sigmoid" if is_end => Some(Step::Sigmoid),
            "Concat" if is_end => return self.two_probabilities(node),
            "Relu" => Some(Step::Relu),
            "Gemm" => Some(self.gemm(node)?),
            "MatMul" => {
                let w = self.needed(node, 1, "second matrix")?;
                let (_, fan_out) = w.matrix()?;
                Some(Step::Affine { w: w.numbers.clone(), fan_out, b: None })
            }
            "BatchNormalization" => Some(self.batchnorm(node)?),
            "Scaler" => {
                let (offset, scale) = (floats(node, "offset"), floats(node, "scale"));
                ensure!(!offset.is_empty() && !scale.is_empty(), "it has no offset or no scale");
                return Ok((first, vec![Step::Sub(offset), Step::Mul(scale)]));
            }
            "Add" | "Sub" | "Mul" | "Div" => return self.arithmetic(node),
            _ => bail!(
                "this operator is not of a network of affine layers, batch norm and ReLU, which are read: Gemm, MatMul, \
                 Add, Sub, Mul, Div, Relu, BatchNormalization, Flatten, Reshape, Identity, Cast, Softmax and the like at \
                 the end"
            ),
        };
        Ok((first, step.into_iter().collect()))
    }

    /// Whether the bytes that a node makes begin at 0, as those of units after a ReLU do: programs leave the ReLU out then.
    fn is_cut_below_zero(&self, node: &NodeProto) -> bool {
        match self.constant(name(node, 2)) {
            Some(zero) => zero.numbers.iter().all(|&number| Some(number) == zero.least),
            // What is not said is 0, of unsigned bytes.
            None => name(node, 2).is_empty(),
        }
    }

    fn gemm(&self, node: &NodeProto) -> Result<Step> {
        ensure!(int(node, "transA", 0) == 0, "transA is not read");
        let w = self.needed(node, 1, "B")?;
        let (rows, columns) = w.matrix()?;
        let (alpha, beta) = (float(node, "alpha", 1.0), float(node, "beta", 1.0));
        let (mut numbers, fan_out) = if int(node, "transB", 0) == 0 {
            (w.numbers.clone(), columns)
        } else {
            (transposed(&w.numbers, rows, columns), rows)
        };
        numbers.iter_mut().for_each(|w| *w *= alpha);
        let b = match name(node, 2) {
            "" => None,
            _ => Some(self.needed(node, 2, "C")?.numbers.iter().map(|b| b * beta).collect()),
        };
        Ok(Step::Affine { w: numbers, fan_out, b })
    }

    fn batchnorm(&self, node: &NodeProto) -> Result<Step> {
        ensure!(int(node, "training_mode", 0) == 0, "it is in training mode");
        let numbers =
            |place, what| -> Result<_> { Ok(self.needed(node, place, what)?.numbers.clone()) };
        let norm = Norm {
            gamma: numbers(1, "scale")?,
            beta: numbers(2, "bias")?,
            mean: numbers(3, "mean")?,
            var: numbers(4, "variance")?,
        };
        Ok(Step::Norm(norm, float(node, "epsilon", 1e-5)))
    }

    fn arithmetic<'n>(&self, node: &'n NodeProto) -> Result<(&'n str, Vec<Step>)> {
        let (a, b) = (name(node, 0), name(node, 1));
        let (value, constant, is_first) = match (self.constant(a), self.constant(b)) {
            (None, Some(constant)) => (a, constant, true),
            (Some(constant), None) => (b, constant, false),
            _ => bail!("one of its two inputs must be a constant"),
        };
        let longest = constant.shape.iter().copied().max().unwrap_or(1);
        ensure!(
            constant.numbers.len() == longest || constant.numbers.len() == 1,
            "its constant has shape {:?}, and a number for each unit is needed",
            constant.shape
        );
        let numbers = constant.numbers.clone();
        let step = match (&*node.op_type, is_first) {
            ("Add", _) => Step::Add(numbers),
            ("Mul", _) => Step::Mul(numbers),
            ("Sub", true) => Step::Sub(numbers),
            ("Div", true) => Step::Div(numbers),
            _ => bail!("a constant minus, or divided by, numbers of the network is not read"),
        };
        Ok((value, vec![step]))
    }

    /// The probability of the second of two classes, after that of the first: 1 minus it.
    fn two_probabilities<'n>(&self, node: &'n NodeProto) -> Result<(&'n str, Vec<Step>)> {
        let second = name(node, 1);
        let other = self.makers.get(name(node, 0)).filter(|maker| {
            let is_one = self.constant(name(maker, 0)).is_some_and(|one| one.numbers == [1.0]);
            maker.op_type == "Sub" && is_one && name(maker, 1) == second
        });
        ensure!(
            other.is_some() && node.input.len() == 2,
            "only 1 - p and p of two classes are read"
        );
        Ok((second, vec![Step::Softmax]))
    }
}
