//! What a node does to the numbers of a sample.

use super::Reader;
use super::node::{float, floats, int, name};
use crate::interchange::Norm;
use crate::interchange::arrays::transposed;
use crate::interchange::chain::Step;
use crate::onnx::proto::NodeProto;
use anyhow::{Result, bail, ensure};

/// Types of real numbers, as ONNX numbers them: float, float16, double, bfloat16.
const REALS: [i64; 4] = [1, 10, 11, 16];

impl Reader<'_> {
    /// The value that a node works on, and its steps; `is_end` if no layer comes after it.
    pub(super) fn step<'n>(
        &self,
        node: &'n NodeProto,
        is_end: bool,
    ) -> Result<(&'n str, Vec<Step>)> {
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
