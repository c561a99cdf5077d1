//! Loss of each layer of an int8 network: its outputs beside those of f64.

use super::layers::{layers, real_bytes};
use super::{Int8, sample};
use anyhow::Result;
use barenet::quant::Bits;

/// A layer in int8, and how far off its outputs are when all layers are integers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Loss {
    /// Bits of its weights.
    pub bits: Bits,
    /// The largest of its weights, without a sign, as they are quantised.
    pub largest_weight: f64,
    /// The largest of its outputs in real numbers, without a sign.
    pub largest_output: f64,
    /// The real number that a step of its outputs stands for: the one that fits best.
    pub step: f64,
    /// The end of the range of its outputs: what the largest byte or score stands for.
    pub end: f64,
    /// Signal to noise in decibels: the f32 outputs beside what differs. Infinite if nothing does.
    pub signal_to_noise: f64,
    /// The share of outputs that are at the end of their range, 0 to 1.
    pub clipped: f64,
}

impl Loss {
    /// The root of the mean square of what differs, as a share of that of the f32 outputs.
    ///
    /// ```
    /// # use barenet_model::export::int8::Loss;
    /// # let loss = Loss { bits: Default::default(), largest_weight: 1.0, largest_output: 1.0,
    /// #     step: 1.0, end: 255.0, signal_to_noise: 40.0, clipped: 0.0 };
    /// assert_eq!(loss.relative_error(), 0.01); // Of 40 decibels.
    /// ```
    #[must_use]
    pub fn relative_error(&self) -> f64 {
        10.0_f64.powf(-self.signal_to_noise / 20.0)
    }
}

/// Measures the loss of each layer on the first of the images.
///
/// # Errors
///
/// If an image has not as many bytes as the network has inputs.
pub fn losses(int8: &Int8, images: &[&[u8]]) -> Result<Vec<Loss>> {
    let images = sample(&int8.model.arch(), images);
    let mut x = real_bytes(images);
    let mut q: Vec<Vec<u8>> = images.iter().map(|image| image.to_vec()).collect();
    let mut losses = Vec::new();
    for layer in layers(int8)? {
        let (outputs, found) = (layer.real(&x)?, layer.integers(&q)?);
        let ends: &[i16] = if layer.gives_bytes() { &[255] } else { &[i16::MIN, i16::MAX] };
        let mut count = Count::default();
        for (out, found) in outputs.iter().zip(&found) {
            count.add(out, found, ends);
        }
        let largest = |numbers: &mut dyn Iterator<Item = f64>| {
            numbers.fold(0.0_f64, |largest, number| largest.max(number.abs()))
        };
        let step = count.step();
        losses.push(Loss {
            bits: layer.bits,
            largest_weight: largest(&mut layer.w.iter().map(|&w| w.into())),
            largest_output: largest(&mut outputs.iter().flatten().copied()),
            step,
            end: step * if layer.gives_bytes() { 255.0 } else { f64::from(i16::MAX) },
            signal_to_noise: count.signal_to_noise(),
            clipped: count.clipped(),
        });
        if layer.gives_bytes() {
            q = found.iter().map(|row| row.iter().map(|&byte| byte as u8).collect()).collect();
        }
        x = outputs;
    }
    Ok(losses)
}

/// Sums over the outputs of a layer. The scale between the two is the one that fits best: Σ x·q / Σ q².
#[derive(Default)]
pub(super) struct Count {
    xx: f64,
    xq: f64,
    qq: f64,
    clipped: u32,
    all: u32,
}

impl Count {
    pub(super) fn add<T: Copy + PartialEq + Into<f64>>(&mut self, x: &[f64], q: &[T], ends: &[T]) {
        for (&x, &q) in x.iter().zip(q) {
            self.clipped += u32::from(ends.contains(&q));
            self.all += 1;
            let q = q.into();
            self.xx += x * x;
            self.xq += x * q;
            self.qq += q * q;
        }
    }

    fn step(&self) -> f64 {
        if self.qq > 0.0 { self.xq / self.qq } else { 0.0 }
    }

    pub(super) fn signal_to_noise(&self) -> f64 {
        let explained = if self.qq > 0.0 { self.xq * self.xq / self.qq } else { 0.0 };
        let noise = (self.xx - explained).max(0.0);
        if noise > 0.0 { 10.0 * (self.xx / noise).log10() } else { f64::INFINITY }
    }

    pub(super) fn clipped(&self) -> f64 {
        f64::from(self.clipped) / f64::from(self.all.max(1))
    }
}
