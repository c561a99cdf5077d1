//! An int8 network with its integers, between QuantizeLinear and DequantizeLinear (QDQ).
//!
//! The steps of hidden activations are 1, so that the scale of a weight is the factor by which the network on a device
//! brings a sum to the next layer's bytes: every integer is the device's, but for ties in rounding.

use super::graph::{Ends, Graph, int};
use super::{Head, Input};
use crate::export::answer::Answer;
use crate::export::inputs::InputMaps;
use crate::export::model::{Model, Numbers};
use crate::interchange::{NO_LOCAL, Notes};
use crate::packing::unpacked;
use anyhow::{Context, Result, bail, ensure};
use barenet::quant::Channel;

/// Writes the graph of an int8 network.
///
/// # Errors
///
/// If the network is not int8, or has locally connected layers.
pub fn to_onnx(model: &Model, notes: &Notes) -> Result<Vec<u8>> {
    ensure!(model.local.is_none(), NO_LOCAL);
    ensure!(model.signed().is_none(), "the integers of a TFLite file are not written as a graph");
    ensure!(model.bits().is_none(), "weights of 4 bits are not written as a graph: take --bits 8");
    let Numbers::Int8 { weights, channels, score_scale, inputs, .. } = &model.numbers else {
        bail!("the network is f32");
    };
    let channels = channels.unpacked();
    let dims = &model.dims;
    let (width_in, width) = (dims.first().copied().unwrap_or(0), dims.last().copied().unwrap_or(0));
    let input = if inputs.is_some() { Input::Features } else { Input::Pixels };
    let mut graph = Graph::default();
    let (one, zero) = (graph.f32("one", &[], &[1.0]), graph.u8("zero", 0));
    let raw = graph.input(input, width_in);
    let mut x = raw.clone();
    if let Some(maps) = inputs {
        x = line(&mut graph, "input", &x, &lines(maps));
        x = graph.node("QuantizeLinear", "bytes", &[&x, &one, &zero], Vec::new());
    }
    x = graph.node("DequantizeLinear", "x", &[&x, &one, &zero], Vec::new());
    let step = if model.answer == Answer::Class { *score_scale } else { 1.0 };
    let (mut weights, mut channels) = (&**weights, &*channels);
    let count = dims.len().saturating_sub(1);
    for (number, pair) in (1..).zip(dims.windows(2)) {
        let &[fan_in, fan_out] = pair else { continue };
        let blocks = fan_out.div_ceil(4);
        let short = "the network is too short";
        let (own, rest) =
            weights.split_at_checked(4 * blocks * fan_in.div_ceil(4)).context(short)?;
        let (units, other) = channels.split_at_checked(4 * blocks).context(short)?;
        (weights, channels) = (rest, other);
        let units = units.get(..fan_out).context(short)?;
        let is_last = number == count;
        let name = |what: &str| format!("{what}{number}");
        let scales: Vec<f64> =
            units.iter().map(|unit| factor(unit) * if is_last { step } else { 1.0 }).collect();
        let scale = graph.f32(&name("scale"), &[fan_out], &scales);
        let q = graph.i8(&name("W_int8_"), &[fan_in, fan_out], &unpacked(own, fan_in, fan_out));
        let w = graph.node("DequantizeLinear", &name("W"), &[&q, &scale], vec![int("axis", 1)]);
        let biases: Vec<i32> = units.iter().map(Channel::bias).collect();
        let q = graph.i32(&name("b_int32_"), &[fan_out], &biases);
        let b = graph.node("DequantizeLinear", &name("b"), &[&q, &scale], vec![int("axis", 0)]);
        let affine = if is_last { "scores".to_owned() } else { name("affine") };
        x = graph.node("Gemm", &affine, &[&x, &w, &b], Vec::new());
        if !is_last {
            x = graph.node("Relu", &name("relu"), &[&x], Vec::new());
            x = graph.node("QuantizeLinear", &name("relu_bytes"), &[&x, &one, &zero], Vec::new());
            x = graph.node("DequantizeLinear", &name("h"), &[&x, &one, &zero], Vec::new());
        }
    }
    let wide = |numbers: &[f32]| -> Vec<f64> { numbers.iter().map(|&x| x.into()).collect() };
    let ends = |factor, offset, square| Ends { width, factor, offset, square };
    match &model.answer {
        Answer::Class => graph.head(Head::Classes, &x, "", &ends(&[], &[], None)),
        Answer::Values { offset, factor } => {
            let factor: Vec<f64> = factor.iter().map(|&x| 1.0 / f64::from(x)).collect();
            graph.head(Head::Values, &x, "", &ends(&factor, &wide(offset), None));
        }
        Answer::AnomalySteps { targets, square, .. } => {
            let all = lines(targets);
            let numbers = graph.as_numbers(input, raw);
            let scaled = line(&mut graph, "target", &numbers, &all);
            let (offset, factor): (Vec<f64>, Vec<f64>) = all.into_iter().unzip();
            let square = Some(f64::from(*square) * width as f64);
            graph.head(Head::Reconstruction, &x, &scaled, &ends(&factor, &offset, square));
        }
        Answer::AnomalyScore { .. } => bail!("the answer is of f32 scores"),
    }
    Ok(graph.into_bytes(notes))
}

/// The factor of a unit.
fn factor(unit: &Channel) -> f64 {
    let factor = unit.factor();
    // A scale of 0 is none: such a unit has weights of 0 and a bias of 0.
    if factor > 0.0 { factor } else { f64::from(f32::MIN_POSITIVE) }
}

/// (x − offset) · factor of each input.
fn line(graph: &mut Graph, what: &str, x: &str, lines: &[(f64, f64)]) -> String {
    let (offset, factor): (Vec<f64>, Vec<f64>) = lines.iter().copied().unzip();
    let dims = [lines.len()];
    let offset = graph.f32(&format!("{what}_mean"), &dims, &offset);
    let factor = graph.f32(&format!("{what}_steps"), &dims, &factor);
    let x = graph.node("Sub", &format!("{what}_centered"), &[x, &offset], Vec::new());
    graph.node("Mul", &format!("{what}_in_steps"), &[&x, &factor], Vec::new())
}

/// Offset and factor of each map.
fn lines(maps: &InputMaps) -> Vec<(f64, f64)> {
    match maps {
        InputMaps::Real(maps) => {
            maps.iter().map(|map| (map.offset().into(), map.factor().into())).collect()
        }
        InputMaps::Integer(maps) => {
            let line = |map: &barenet::quant::IntegerMap| {
                let (multiplier, shift) = (f64::from(map.multiplier()), map.shift());
                let half = if shift == 0 { 0.0 } else { 2_f64.powi(shift.cast_signed() - 1) };
                let bias = map.bias() as f64 - half;
                let offset = if multiplier > 0.0 { -bias / multiplier } else { 0.0 };
                (offset, multiplier * 2_f64.powi(-shift.cast_signed()))
            };
            maps.iter().map(line).collect()
        }
    }
}
