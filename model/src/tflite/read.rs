//! A network of TFLite: the graph, followed from its output back to the input.

use super::codes::{DEQUANTIZE, FULLY_CONNECTED, LOGISTIC, QUANTIZE, RELU, RESHAPE, SOFTMAX};
use super::graph::{Activation, Graph, Operator};
use super::tensor::Tensor;
use crate::interchange::arrays::transposed;
use crate::interchange::chain::{Chain, Named, Step, network};
use anyhow::{Context, Result, bail, ensure};
use std::cmp::Ordering;

/// Reads a file. Of int8, the network is that of the real numbers for which the integers stand, and no unit has a largest value.
///
/// # Errors
///
/// Naming the operator, if the graph has one that no network here does; or if it is damaged, or shapes do not fit.
pub fn from_tflite(bytes: &[u8]) -> Result<Chain> {
    let graph = Graph::read(bytes)?;
    let operators = layers_of(&graph)?;
    let last = operators.iter().rposition(|operator| operator.code == FULLY_CONNECTED);
    let mut steps = Vec::new();
    for (place, operator) in operators.into_iter().enumerate() {
        let name = graph.shown(operator);
        for &number in
            operator.inputs.iter().chain(&operator.outputs).filter(|&&number| number >= 0)
        {
            graph.tensor(number)?.check_scales().with_context(|| name.clone())?;
        }
        let own = step(&graph, operator, last.map_or(Ordering::Less, |last| place.cmp(&last)));
        let own = own.with_context(|| name.clone())?;
        steps.extend(own.into_iter().map(|step| Named { step, name: name.clone() }));
    }
    network(&steps, false)
}

/// The operators from the input to the output, one after the other.
pub(super) fn layers_of<'g, 'a>(graph: &'g Graph<'a>) -> Result<Vec<&'g Operator<'a>>> {
    let (&[input], &[output]) = (&*graph.inputs, &*graph.outputs) else {
        bail!(
            "its graph has {} inputs and {} outputs, and one of each is needed",
            graph.inputs.len(),
            graph.outputs.len()
        );
    };
    let (mut value, mut operators) = (output, Vec::new());
    // More than there are would be a circle.
    for _ in 0..=graph.operators.len() {
        if value == input {
            operators.reverse();
            return Ok(operators);
        }
        let operator = graph.operators.iter().find(|operator| operator.outputs.contains(&value));
        let operator = operator.with_context(|| format!("nothing gives tensor {value}"))?;
        let name = || format!("{}: it has no input", graph.shown(operator));
        value = *operator.inputs.first().with_context(name)?;
        operators.push(operator);
    }
    bail!("its graph goes in a circle")
}

/// The steps of an operator, which lies before or behind the last layer, or is it.
fn step(graph: &Graph<'_>, operator: &Operator<'_>, at: Ordering) -> Result<Vec<Step>> {
    let is_end = at.is_gt();
    Ok(match operator.code {
        QUANTIZE | DEQUANTIZE | RESHAPE => Vec::new(),
        SOFTMAX if is_end => vec![Step::Softmax],
        LOGISTIC if is_end => vec![Step::Sigmoid],
        RELU => vec![Step::Relu],
        FULLY_CONNECTED => fully_connected(graph, operator, at.is_lt())?,
        _ => bail!(
            "this operator is not of a network of fully connected layers and ReLU, which are read: FULLY_CONNECTED, RELU, \
             QUANTIZE, DEQUANTIZE, RESHAPE, and SOFTMAX or LOGISTIC at the end"
        ),
    })
}

fn fully_connected(
    graph: &Graph<'_>,
    operator: &Operator<'_>,
    is_hidden: bool,
) -> Result<Vec<Step>> {
    let w = graph.constant(operator, 1, "weights")?.context("it has no weights")?;
    let (fan_out, fan_in) = w.matrix()?;
    let numbers = w.numbers()?;
    let x = graph.input(operator, 0)?.context("it has no input")?;
    ensure!(
        x.has_samples_of(fan_in),
        "its input has shape {:?}, and its weights take {fan_in} numbers of a sample",
        x.shape
    );
    let bias = graph.constant(operator, 2, "biases")?;
    if let (Some(bias), Some(y)) = (bias, graph.output(operator).ok()) {
        bias.check_scale_of_sums(x, w, y)?;
    }
    let b = bias.map(Tensor::numbers).transpose()?;
    let format: i8 = operator.options.map_or(Ok(0), |options| options.number(1, 0))?;
    ensure!(format == 0, "its weights are shuffled, which is not read");
    let mut steps = vec![Step::Affine { w: transposed(&numbers, fan_out, fan_in), fan_out, b }];
    match operator.activation()? {
        // Programs leave a ReLU out where no byte stands for less.
        Activation::None if is_hidden && graph.output(operator)?.starts_at_zero() => {
            steps.push(Step::CutBelowZero);
        }
        Activation::None => {}
        Activation::Relu => steps.push(Step::Relu),
        // Of bytes that end at 6 it is one.
        Activation::Relu6 if graph.output(operator)?.ends_at_six() => steps.push(Step::Relu),
        Activation::Relu6 => bail!(
            "its activation is ReLU6, and units here have no largest value but that of a byte: make it a ReLU, or an int8 \
             network whose units end at 6"
        ),
    }
    Ok(steps)
}
