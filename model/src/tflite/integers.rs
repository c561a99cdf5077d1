//! The integers of an int8 network of TFLite, as core's [`QuantNet`](barenet::quant::QuantNet) computes with them: every byte of
//! an answer is TFLite's.
//!
//! TFLite's bytes are signed, and core's are 128 more. The zero point of the inputs is in the biases; that of hidden units is the least
//! byte, as a ReLU has it, which is 0 in core. Factors are those of TFLite's `QuantizeMultiplier`, with single rounding, by which its
//! reference kernels and XNNPACK agree. A ReLU6 is one whose largest byte stands for 6. Scores have 16 bits in core: the answer is one
//! plus the zero point of the outputs, cut off at the ends of a byte.

use super::codes::{DEQUANTIZE, FULLY_CONNECTED, LOGISTIC, QUANTIZE, RESHAPE, SOFTMAX};
use super::graph::{Activation, Graph, Operator};
use super::read::layers_of;
use super::tensor::Tensor;
use crate::export::answer::Answer;
use crate::export::channels::Channels;
use crate::export::model::{Model, Numbers};
use crate::export::signed::Signed;
use crate::packing::packed;
use anyhow::{Context, Result, bail, ensure};
use barenet::Arch;
use barenet::quant::{ByteScale, Channel, quantize_multiplier};

/// What a signed byte is more as an unsigned one.
const SIGN: i32 = 128;

/// An int8 network with the integers of its file.
#[derive(Clone, Debug, PartialEq)]
pub struct Integers {
    /// Inputs, hidden layers, outputs.
    pub dims: Vec<usize>,
    /// Packed weights.
    pub weights: Vec<u32>,
    /// Biases and factors.
    pub channels: Vec<Channel>,
    /// What input bytes stand for.
    pub input: ByteScale,
    /// What output bytes stand for.
    pub output: ByteScale,
}

impl Integers {
    /// Reads a file.
    ///
    /// # Errors
    ///
    /// Naming the operator, if it is no int8 network of fully connected layers with ReLU or ReLU6 between them, or has numbers that core's
    /// arithmetic has not: a hidden unit whose zero point is not the least byte, a weight of −128, a factor of a quarter or more.
    pub fn read(bytes: &[u8]) -> Result<Self> {
        let graph = Graph::read(bytes)?;
        let operators = layers_of(&graph)?;
        let layers: Vec<_> =
            operators.iter().filter(|operator| operator.code == FULLY_CONNECTED).collect();
        let (Some(first), Some(last)) = (layers.first(), layers.last()) else {
            bail!("there is no layer in it");
        };
        let mut read = Self {
            dims: Vec::new(),
            weights: Vec::new(),
            channels: Vec::new(),
            input: scale_of(given_to(&graph, first)?)?,
            output: scale_of(graph.output(last)?)?,
        };
        let end = operators.iter().rposition(|operator| operator.code == FULLY_CONNECTED);
        for (place, operator) in operators.iter().enumerate() {
            // Probabilities are made of scores, which come out here.
            let is_end = end.is_some_and(|end| place > end);
            let is_read = match operator.code {
                FULLY_CONNECTED | QUANTIZE | DEQUANTIZE | RESHAPE => true,
                SOFTMAX | LOGISTIC => is_end,
                _ => false,
            };
            ensure!(is_read, "{}: it has no integers here", graph.shown(operator));
        }
        for pair in layers.windows(2) {
            let &[before, after] = pair else { continue };
            ensure!(
                scale_of(graph.output(before)?)? == scale_of(given_to(&graph, after)?)?,
                "{}: it takes bytes of another scale than the layer before gives",
                graph.shown(after)
            );
        }
        for (number, operator) in layers.iter().enumerate() {
            let is_hidden = number + 1 < layers.len();
            read.layer(&graph, operator, is_hidden).with_context(|| graph.shown(operator))?;
        }
        // Any sizes that cannot be would have been refused by their numbers.
        Arch::try_new(&read.dims)?;
        Ok(read)
    }

    fn layer(&mut self, graph: &Graph<'_>, operator: &Operator<'_>, is_hidden: bool) -> Result<()> {
        let w = graph.input(operator, 1)?.context("it has no weights")?;
        let (fan_out, fan_in) = w.matrix()?;
        let weights = w.bytes_as_i8().context("its weights are not int8")?;
        // Sizes of damaged files may be any; with as many weights as they say, of which there are some, they are those of a layer.
        ensure!(
            fan_out.checked_mul(fan_in) == Some(weights.len())
                && !weights.is_empty()
                && w.is_symmetric(),
            "its weights do not fill their shape, or have a zero point"
        );
        ensure!(!weights.contains(&i8::MIN), "a weight is -128, and the least one here is -127");
        let biases = graph.input(operator, 2)?.map(Tensor::integers).transpose()?;
        let biases = biases.unwrap_or_else(|| vec![0; fan_out]);
        ensure!(biases.len() == fan_out, "it has {} biases for {fan_out} units", biases.len());
        let of_input = scale_of(given_to(graph, operator)?)?;
        let of_output = scale_of(graph.output(operator)?)?;
        match operator.activation()? {
            Activation::None if !is_hidden => {}
            Activation::Relu | Activation::Relu6
                if is_hidden && of_output.zero_point() != i8::MIN =>
            {
                bail!(
                    "the zero point of its units is {}, and that of a ReLU is -128",
                    of_output.zero_point()
                )
            }
            Activation::Relu if is_hidden => {}
            Activation::Relu6 if is_hidden => ensure!(
                graph.output(operator)?.ends_at_six(),
                "its activation is ReLU6, and its bytes stand for more than 6"
            ),
            _ => bail!("hidden layers have a ReLU here, and the last one has none"),
        }
        match self.dims.last() {
            None => self.dims.extend([fan_in, fan_out]),
            Some(&given) => {
                ensure!(
                    given == fan_in,
                    "it takes {fan_in} numbers, and the layer before gives {given}"
                );
                self.dims.push(fan_out);
            }
        }
        let zero = i64::from(of_input.zero_point()) + i64::from(SIGN);
        let row = |unit: usize| weights.get(unit * fan_in..(unit + 1) * fan_in).unwrap_or_default();
        let weight = |i: usize, unit: usize| row(unit).get(i).copied().unwrap_or(0);
        self.weights.extend(packed(fan_in, fan_out, weight));
        for unit in 0..fan_out.next_multiple_of(4) {
            let Some(&bias) = biases.get(unit) else {
                self.channels.push(Channel::default());
                continue;
            };
            let (sum, size) = row(unit)
                .iter()
                .fold((0, 0), |(sum, size), &w| (sum + i64::from(w), size + i64::from(w).abs()));
            let bias = i64::from(bias) - zero * sum;
            let most = bias.abs() + i64::from(u8::MAX) * size;
            ensure!(most <= i64::from(i32::MAX), "its sums can be larger than 32 bits");
            let factor = f64::from(of_input.scale()) * f64::from(w.scale_of_row(unit)?)
                / f64::from(of_output.scale());
            let (multiplier, shift) = quantize_multiplier(factor);
            // A factor too small for a shift makes 0 of every sum, whatever its shift.
            let shift = if multiplier == 0 { -31 } else { shift };
            let channel = Channel::try_new(i32::try_from(bias)?, multiplier, shift);
            let channel = channel.with_context(|| {
                format!("the factor of a unit is {factor}, and it must be below a quarter")
            })?;
            self.channels.push(channel);
        }
        Ok(())
    }

    /// The network as a device has it: from signed bytes, or real numbers, to signed bytes.
    ///
    /// # Example
    ///
    /// ```no_run
    /// use barenet_model::export::answer::Answer;
    /// use barenet_model::export::model::Scores;
    /// use barenet_model::export::row::Row;
    /// use barenet_model::tflite::integers::Integers;
    ///
    /// let model = Integers::read(&std::fs::read("model.tflite")?)?.into_model(Answer::Class);
    /// let scores = model.scores([Row::I8(&[3, -128, 7, 0])].into_iter())?;
    /// assert!(matches!(scores[0], Scores::Signed(_))); // The bytes of TFLite.
    /// # Ok::<(), anyhow::Error>(())
    /// ```
    #[must_use]
    pub fn into_model(self, answer: Answer) -> Model {
        let Self { dims, weights, channels, input, output } = self;
        let numbers = Numbers::Int8 {
            weights,
            channels: Channels::Whole(channels),
            score_scale: output.scale().into(),
            inputs: None,
            signed: Some(Signed { input, output }),
        };
        Model { local: None, dims, numbers, answer }
    }
}

/// Whether bytes are a file of TFLite whose layers have signed bytes going in, for which a scale says what they stand: a network
/// of integers, if perhaps none that can be [read](Integers::read).
#[must_use]
pub fn are_in(bytes: &[u8]) -> bool {
    let Ok(graph) = Graph::read(bytes) else { return false };
    let first = layers_of(&graph)
        .ok()
        .and_then(|all| all.into_iter().find(|operator| operator.code == FULLY_CONNECTED));
    first.is_some_and(|first| given_to(&graph, first).and_then(scale_of).is_ok())
}

/// The tensor that an operator works on.
fn given_to<'g, 'a>(graph: &'g Graph<'a>, operator: &Operator<'_>) -> Result<&'g Tensor<'a>> {
    graph.input(operator, 0)?.context("it has no input")
}

/// What the bytes of a tensor stand for.
fn scale_of(tensor: &Tensor<'_>) -> Result<ByteScale> {
    let (scale, zero_point) = tensor.one_scale().with_context(|| tensor.shown())?;
    Ok(ByteScale::new(scale, zero_point))
}
