//! Each layer of an int8 network alone in integers: what it is to blame for.

use super::layers::{layers, real_bytes};
use super::{Int8, Loss, sample};
use anyhow::Result;

/// Real scores of the first of the images, one image after another.
type RealScores = Vec<f64>;

/// Computes the scores of the f32 network, and for each layer those of the network in which this layer alone is made of
/// integers, from its bytes to its bytes or scores, on the first of the images; how many these are depends on the
/// network's size, so that it takes a second or two.
///
/// # Errors
///
/// If an image has not as many bytes as the network has inputs.
pub fn alone(
    int8: &Int8,
    losses: &[Loss],
    images: &[&[u8]],
) -> Result<(RealScores, Vec<RealScores>)> {
    let all = layers(int8)?;
    let mut x = real_bytes(sample(&int8.model.arch(), images));
    let mut each = Vec::new();
    // The first layer takes bytes as they are.
    let mut step_in = 1.0;
    for (number, (layer, loss)) in all.iter().zip(losses).enumerate() {
        let byte = |x: &f64| if step_in > 0.0 { (x / step_in).round() as u8 } else { 0 };
        let bytes: Vec<Vec<u8>> = x.iter().map(|x| x.iter().map(byte).collect()).collect();
        let real = |q: &i16| f64::from(*q) * loss.step;
        let mut out: Vec<Vec<f64>> =
            layer.integers(&bytes)?.iter().map(|q| q.iter().map(real).collect()).collect();
        for layer in all.iter().skip(number + 1) {
            out = layer.real(&out)?;
        }
        each.push(out.concat());
        x = layer.real(&x)?;
        step_in = loss.step;
    }
    Ok((x.concat(), each))
}

/// The mean square of what scores differ from others, as a share of that of the others.
#[must_use]
pub fn noise(scores: &[f64], found: &[f64]) -> f64 {
    let square = |numbers: &mut dyn Iterator<Item = f64>| numbers.map(|x| x * x).sum::<f64>();
    let all = square(&mut scores.iter().copied());
    let off = square(&mut scores.iter().zip(found).map(|(x, found)| found - x));
    if all > 0.0 { off / all } else { off }
}
