//! An int8 network with its integers, between QuantizeLinear and DequantizeLinear (QDQ).
//!
//! The steps of hidden activations are 1, so that the scale of a weight is the factor by which the network on a device
//! brings a sum to the next layer's bytes: every integer is the device's, but for ties in rounding.

use super::graph::{Ends, Graph, int};
use super::{Head, Input};
use crate::export::answer::Answer;
use crate::export::inputs::InputMaps;
use crate::export::model::{Model, Numbers};
use crate::interchange::Notes;
use anyhow::{Context, Result, bail, ensure};
use barenet::quant::Channel;

/// Writes the graph of an int8 network.
///
/// # Errors
///
/// If the network is not int8, or has locally connected layers.
pub fn to_onnx(model: &Model, notes: &Notes) -> Result<Vec<u8>> {
    ensure!(
        model.local.is_none(),
        "locally connected layers are in none of these formats; `--format firmware` has them"
    );
    let Numbers::Int8 { weights, channels, score_scale, inputs } = &model.numbers else {
        bail!("the network is f32");
    };
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
    let (mut weights, mut channels) = (&**weights, &**channels);
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
            let mut numbers = raw;
            if input == Input::Pixels {
                let to = super::proto::data_type::FLOAT;
                numbers = graph.node("Cast", "numbers", &[&numbers], vec![int("to", to.into())]);
            }
            let scaled = line(&mut graph, "target", &numbers, &all);
            let (offset, factor): (Vec<f64>, Vec<f64>) = all.into_iter().unzip();
            let square = Some(f64::from(*square) * width as f64);
            graph.head(Head::Reconstruction, &x, &scaled, &ends(&factor, &offset, square));
        }
        Answer::AnomalyScore { .. } => bail!("the answer is of f32 scores"),
    }
    Ok(graph.into_bytes(notes))
}

/// The factor of a unit, m · 2^(shift − 31).
fn factor(unit: &Channel) -> f64 {
    let factor = f64::from(unit.multiplier()) * 2_f64.powi(unit.shift() - 31);
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

/// The weights of a layer, (D, M), from their [packed](barenet::quant#how-weights-are-packed) words.
fn unpacked(words: &[u32], fan_in: usize, fan_out: usize) -> Vec<i8> {
    let mut all = vec![0; fan_in * fan_out];
    let groups = fan_in.div_ceil(4);
    for (place, four) in words.chunks_exact(4).enumerate() {
        let (block, group) = (place / groups.max(1), place % groups.max(1));
        for (word, &bits) in four.iter().enumerate() {
            // Word 0 has outputs A and B of inputs 0 and 2, word 1 has C and D, words 2 and 3 those of inputs 1 and 3.
            for half in 0..2 {
                let (input, output) = (4 * group + word / 2 + 2 * half, 4 * block + 2 * (word % 2));
                let both = i32::from((bits >> (16 * half)) as u16 as i16);
                let low = both as i8;
                let high = (both - i32::from(low)) >> 8;
                for (output, q) in [(output, low), (output + 1, high as i8)] {
                    if input < fan_in
                        && output < fan_out
                        && let Some(to) = all.get_mut(input * fan_out + output)
                    {
                        *to = q;
                    }
                }
            }
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::unpacked;
    use barenet::quant::pack;

    #[test]
    fn weights_are_unpacked_as_they_were_packed() {
        // w[i][j] of 5 inputs and 6 outputs.
        let weight = |i: usize, j: usize| -> i8 {
            let number = ((i * 50 + j * 37) % 255) as i32 - 127;
            if i < 5 && j < 6 { number as i8 } else { 0 }
        };
        let mut words = Vec::new();
        for block in 0..2 {
            for group in 0..2 {
                let rows: [[i8; 4]; 4] = std::array::from_fn(|j| {
                    std::array::from_fn(|i| weight(4 * group + i, 4 * block + j))
                });
                words.extend(pack(rows));
            }
        }
        let expected: Vec<i8> = (0..5).flat_map(|i| (0..6).map(move |j| weight(i, j))).collect();
        assert_eq!(unpacked(&words, 5, 6), expected);
    }
}
