//! A network in `f32`, as it was trained.

use super::graph::{Ends, Graph, float};
use super::{Head, Input};
use crate::interchange::{EPS, Layer, Network, Norm, Notes};
use anyhow::{Result, ensure};

/// Writes the graph: inputs as they are in, answers in the units of the targets out, the scalings as nodes between.
///
/// ```text
/// pixels → Cast → Sub mean_image → Mul input_factor → {Gemm → [BatchNormalization] → Relu} × (L−1) → Gemm
///        → scores, Softmax → probabilities        of classes
///        → Div → Add → values                     of numbers
///        → Div → Add → reconstruction, and the mean of squared errors → anomaly_score
/// ```
///
/// # Errors
///
/// If there are no layers, or a number is too large for `f32`.
pub fn to_onnx(network: &Network, head: Head, input: Input, notes: &Notes) -> Result<Vec<u8>> {
    ensure!(!network.layers.is_empty(), "the network has no layers");
    Network { is_f64: false, ..network.clone() }.check_finite()?;
    let scales = &network.scales;
    let mut graph = Graph::default();
    let dims = network.dims();
    let (width_in, width) = (dims.first().copied().unwrap_or(0), dims.last().copied().unwrap_or(0));
    let raw = graph.input(input, width_in);
    let mut x = graph.as_numbers(input, raw);
    if scales.offset.iter().any(|&x| x != 0.0) {
        let by = graph.f32("mean_image", &[width_in], &scales.offset);
        x = graph.node("Sub", "centered", &[&x, &by], Vec::new());
    }
    if !scales.factor.is_empty() {
        let by = graph.f32("input_factor", &[width_in], &scales.factor);
        x = graph.node("Mul", "scaled", &[&x, &by], Vec::new());
    }
    let scaled = x.clone();
    let last = network.layers.len();
    for (number, layer) in (1..).zip(&network.layers) {
        let Layer { w, b, norm } = layer;
        let (fan_in, fan_out) = (layer.fan_in(), layer.fan_out());
        let w = graph.f32(&format!("W{number}"), &[fan_in, fan_out], w);
        let b = graph.f32(&format!("b{number}"), &[fan_out], b);
        let name = if number == last { "scores".to_owned() } else { format!("affine{number}") };
        x = graph.node("Gemm", &name, &[&x, &w, &b], Vec::new());
        if let Some(Norm { gamma, beta, mean, var }) = norm {
            let inputs =
                [("gamma", gamma), ("beta", beta), ("running_mean", mean), ("running_var", var)];
            let inputs = inputs
                .map(|(name, numbers)| graph.f32(&format!("{name}{number}"), &[fan_out], numbers));
            let [gamma, beta, mean, var] = &inputs;
            let inputs = [&*x, gamma, beta, mean, var];
            let name = format!("batchnorm{number}");
            x = graph.node("BatchNormalization", &name, &inputs, vec![float("epsilon", EPS)]);
        }
        if number < last {
            x = graph.node("Relu", &format!("relu{number}"), &[&x], Vec::new());
        }
    }
    let (factor, offset) = match head {
        Head::Classes => (&[][..], &[][..]),
        Head::Values => (&*scales.target_factor, &*scales.target_offset),
        Head::Reconstruction => (&*scales.factor, &*scales.offset),
    };
    graph.head(head, &x, &scaled, &Ends { width, factor, offset, square: None });
    Ok(graph.into_bytes(notes))
}
