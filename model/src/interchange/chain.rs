//! A network from the operations of another program, one after the other.

mod lines;

use super::{EPS, Layer, Network, Norm};
use crate::scales::Scales;
use anyhow::{Result, bail, ensure};
use lines::{Lines, input_scaling, lines_of, product, spread};

/// What is done to all numbers of a layer. Vectors have a number for each of them, or one for all.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// x − number.
    Sub(Vec<f64>),
    /// x + number.
    Add(Vec<f64>),
    /// x · number.
    Mul(Vec<f64>),
    /// x / number.
    Div(Vec<f64>),
    /// x · W + b, W is (D, M); without biases an [`Add`](Self::Add) may follow.
    Affine {
        /// W.
        w: Vec<f64>,
        /// M.
        fan_out: usize,
        /// b.
        b: Option<Vec<f64>>,
    },
    /// Batch norm, and the number that it adds to variances.
    Norm(Norm, f64),
    /// max(x, 0).
    Relu,
    /// The bytes into which a layer's numbers are made begin at 0: a ReLU where a layer comes before, and nothing elsewhere.
    CutBelowZero,
    /// 1 / (1 + exp(−x)), at the end: the probability of the second of two classes.
    Sigmoid,
    /// Softmax or the class of the highest score, at the end.
    Softmax,
}

impl Step {
    /// Refuses numbers that are NaN or infinite.
    fn check_finite(&self) -> Result<()> {
        let parts: &[(&str, &[f64])] = match self {
            Self::Sub(x) | Self::Add(x) | Self::Mul(x) | Self::Div(x) => &[("constant", x)],
            Self::Affine { w, b, fan_out: _ } => {
                &[("weights", w), ("biases", b.as_deref().unwrap_or_default())]
            }
            Self::Norm(Norm { gamma, beta, mean, var }, _) => &[
                ("gamma", gamma),
                ("beta", beta),
                ("running mean", mean),
                ("running variance", var),
            ],
            Self::Relu | Self::CutBelowZero | Self::Sigmoid | Self::Softmax => &[],
        };
        let wrong = parts.iter().find(|(_, numbers)| !numbers.iter().all(|x| x.is_finite()));
        match wrong {
            Some((what, _)) => {
                bail!("a number of the {what} is NaN or infinite: such a network computes nothing")
            }
            None => Ok(()),
        }
    }
}

/// A step, and what its file calls it.
#[derive(Clone, Debug, PartialEq)]
pub struct Named {
    /// The step.
    pub step: Step,
    /// Its name, for messages: without line ends and the like.
    pub name: String,
}

/// A network, and whether probabilities are at its end.
#[derive(Clone, Debug, PartialEq)]
pub struct Chain {
    /// The network.
    pub network: Network,
    /// Whether it ends in probabilities, or a class.
    pub is_classifier: bool,
}

/// Weights of one layer that two without a ReLU between may become, beside four times their own.
const MAX_PRODUCT: usize = 1 << 20;

/// Where a chain has come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum At {
    Input,
    /// After an affine layer; whether it had biases, and nothing else came.
    Affine {
        is_bare: bool,
    },
    Norm,
    /// After a ReLU.
    Relu,
    End,
}

/// Makes a network of steps.
///
/// # Errors
///
/// Naming the step, if no network of affine layers with ReLU between them does it, or shapes do not fit.
pub fn network(steps: &[Named], is_f64: bool) -> Result<Chain> {
    let mut made = Made {
        layers: Vec::new(),
        before: Vec::new(),
        lines: Lines::default(),
        after: Vec::new(),
        at: At::Input,
        is_classifier: false,
    };
    for Named { step, name } in steps {
        let pushed = step.check_finite().and_then(|()| made.push(step));
        pushed.map_err(|error| error.context(name.clone()))?;
    }
    made.finish(is_f64)
}

struct Made {
    layers: Vec<Layer>,
    /// Steps before the first layer.
    before: Vec<Step>,
    /// Lines between a ReLU and the next layer.
    lines: Lines,
    /// Steps after the last layer.
    after: Vec<Step>,
    at: At,
    is_classifier: bool,
}

impl Made {
    fn push(&mut self, step: &Step) -> Result<()> {
        ensure!(
            self.at != At::End || *step == Step::Softmax,
            "something follows the probabilities, which end a network here"
        );
        match step {
            Step::Affine { w, fan_out, b } => self.affine(w, *fan_out, b.as_deref()),
            Step::Norm(norm, eps) => self.norm(norm, *eps),
            Step::Relu => match self.at {
                At::Affine { .. } | At::Norm => {
                    self.settle()?;
                    self.at = At::Relu;
                    Ok(())
                }
                At::Relu if self.lines.is_none() => Ok(()),
                _ => bail!("a ReLU that no layer comes before"),
            },
            Step::CutBelowZero => match self.at {
                At::Affine { .. } | At::Norm => self.push(&Step::Relu),
                At::Input | At::Relu | At::End => Ok(()),
            },
            Step::Sigmoid | Step::Softmax => {
                ensure!(!self.layers.is_empty(), "no layer comes before");
                if self.at != At::End {
                    self.settle()?;
                    self.at = At::End;
                }
                self.is_classifier = true;
                if *step == Step::Sigmoid { self.two_classes() } else { Ok(()) }
            }
            Step::Add(_) | Step::Sub(_) | Step::Mul(_) | Step::Div(_) => self.line(step),
        }
    }

    fn line(&mut self, step: &Step) -> Result<()> {
        let Some(Lines { factor, offset }) = Lines::of(step) else { return Ok(()) };
        match (self.at, self.layers.last_mut()) {
            (At::Affine { is_bare: true }, Some(layer)) if factor.is_empty() => {
                // Of lines and layers that went into this one it may have biases already; a 0 of none has no sign to keep.
                let offset = spread(&offset, layer.fan_out(), "the bias")?;
                for (b, offset) in layer.b.iter_mut().zip(offset) {
                    *b = if *b == 0.0 { offset } else { *b + offset };
                }
                self.at = At::Affine { is_bare: false };
            }
            (At::Input, _) => self.before.push(step.clone()),
            (At::Relu, _) => self.lines.then(&factor, &offset),
            (_, Some(layer)) => {
                let len = factor.len().max(offset.len());
                let fan_out = layer.fan_out();
                ensure!(
                    len <= 1 || len == fan_out,
                    "it has {len} numbers, and {fan_out} are needed"
                );
                self.after.push(step.clone());
            }
            (_, None) => {}
        }
        Ok(())
    }

    /// Puts what follows the last layer into it, as another step shows that it is no scaling of answers.
    fn settle(&mut self) -> Result<()> {
        let after = std::mem::take(&mut self.after);
        let Some(layer) = self.layers.last_mut() else { return Ok(()) };
        if after.is_empty() {
            return Ok(());
        }
        if let Some(norm) = layer.norm.take() {
            lines_of(&norm).after(layer);
        }
        let mut lines = Lines::default();
        for Lines { factor, offset } in after.iter().filter_map(Lines::of) {
            lines.then(&factor, &offset);
        }
        lines.after(layer);
        Ok(())
    }

    fn affine(&mut self, w: &[f64], fan_out: usize, b: Option<&[f64]>) -> Result<()> {
        ensure!(
            fan_out > 0 && w.len().is_multiple_of(fan_out) && !w.is_empty(),
            "its weights have no numbers"
        );
        let biases = match b {
            Some(b) => spread(b, fan_out, "the bias")?,
            None => vec![0.0; fan_out],
        };
        let mut layer = Layer { w: w.to_vec(), b: biases, norm: None };
        let fan_in = layer.fan_in();
        if let Some(before) = self.layers.last() {
            let given = before.fan_out();
            ensure!(
                given == fan_in,
                "it takes {fan_in} numbers, and the layer before gives {given}"
            );
        }
        std::mem::take(&mut self.lines).before(&mut layer)?;
        if matches!(self.at, At::Affine { .. } | At::Norm) {
            // Two products without a ReLU between are one.
            self.settle()?;
            let Some(mut first) = self.layers.pop() else { return Ok(()) };
            if let Some(norm) = first.norm.take() {
                lines_of(&norm).after(&mut first);
            }
            let len = first.fan_in().checked_mul(layer.fan_out());
            let most = 4 * (first.w.len() + layer.w.len()) + MAX_PRODUCT;
            ensure!(
                len.is_some_and(|len| len <= most),
                "it and the layer before, with no ReLU between, are one layer that is too large"
            );
            layer = product(&first, &layer);
        }
        self.layers.push(layer);
        self.at = At::Affine { is_bare: b.is_none() };
        Ok(())
    }

    fn norm(&mut self, norm: &Norm, eps: f64) -> Result<()> {
        let mut norm = norm.clone();
        let len = norm.gamma.len();
        ensure!(
            [&norm.beta, &norm.mean, &norm.var].into_iter().all(|other| other.len() == len),
            "its gamma, beta, mean and variance have different lengths"
        );
        // The same number in `f32` is the same.
        if (eps - EPS).abs() > 1e-11 {
            norm.var.iter_mut().for_each(|var| *var += eps - EPS);
        }
        ensure!(
            norm.var.iter().all(|&var| var + EPS > 0.0),
            "a variance and epsilon together are not above 0"
        );
        if let (At::Affine { .. } | At::Norm, Some(layer)) = (self.at, self.layers.last()) {
            let units = layer.fan_out();
            ensure!(units == len, "it has {len} numbers, and the layer before gives {units}");
        }
        let is_first = matches!(self.at, At::Affine { .. }) && self.after.is_empty();
        match self.layers.last_mut() {
            Some(layer) if is_first && norm.var.iter().all(|&var| var >= 0.0) => {
                layer.norm = Some(norm);
                self.at = At::Norm;
            }
            _ => {
                let Lines { factor, offset } = lines_of(&norm);
                self.line(&Step::Mul(factor))?;
                self.line(&Step::Add(offset))?;
            }
        }
        Ok(())
    }

    /// From the score of the second of two classes to a score of each.
    fn two_classes(&mut self) -> Result<()> {
        let Some(layer) = self.layers.last_mut() else { return Ok(()) };
        let units = layer.fan_out();
        ensure!(units == 1, "a sigmoid of {units} scores: a sample is in one class here");
        if let Some(norm) = layer.norm.take() {
            lines_of(&norm).after(layer);
        }
        layer.into_two_classes();
        Ok(())
    }

    fn finish(mut self, is_f64: bool) -> Result<Chain> {
        ensure!(!self.layers.is_empty(), "there is no layer in it");
        ensure!(
            self.at != At::Relu,
            "its outputs go through a ReLU: the last layer of a network here has none"
        );
        let mut scales = Scales::default();
        let dim = self.layers.first().map_or(0, Layer::fan_in);
        (scales.offset, scales.factor) = input_scaling(&self.before, dim)?;
        if let Some(layer) = self.layers.last_mut() {
            if let Some(norm) = layer.norm.take() {
                lines_of(&norm).after(layer);
            }
            let width = layer.fan_out();
            match &self.after[..] {
                [] => {}
                [Step::Div(factor)] => {
                    scales.target_factor = spread(factor, width, "the scaling of the answers")?;
                    scales.target_offset = vec![0.0; width];
                }
                [Step::Add(offset)] => {
                    scales.target_factor = vec![1.0; width];
                    scales.target_offset = spread(offset, width, "the scaling of the answers")?;
                }
                [Step::Div(factor), Step::Add(offset)] => {
                    scales.target_factor = spread(factor, width, "the scaling of the answers")?;
                    scales.target_offset = spread(offset, width, "the scaling of the answers")?;
                }
                _ => self.settle()?,
            }
        }
        let hidden = self.layers.len() - 1;
        let count = self.layers.iter().filter(|layer| layer.norm.is_some()).count();
        if count < hidden {
            for layer in &mut self.layers {
                if let Some(norm) = layer.norm.take() {
                    lines_of(&norm).after(layer);
                }
            }
        }
        let network = Network { layers: self.layers, scales, is_f64 };
        network.check_finite()?;
        Ok(Chain { network, is_classifier: self.is_classifier })
    }
}
