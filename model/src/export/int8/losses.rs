//! Loss of each layer of an int8 network: its outputs beside those of f64.

use super::super::model::Numbers;
use super::{Int8, sample_len};
use anyhow::{Context, Result, bail};
use barenet::quant::{Bits, Channel, Output, QuantArgs, QuantGemm};
use barenet::{AnyLayer, Portable};

/// Loss of accuracy of a layer in int8.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Loss {
    /// Signal to noise in decibels: the f32 outputs beside what differs. Infinite if nothing does.
    pub signal_to_noise: f64,
    /// The share of outputs that are at the end of their range, 0 to 1.
    pub clipped: f64,
}

/// Measures the loss of each layer on the first of the images.
///
/// # Errors
///
/// If an image has not as many bytes as the network has inputs.
pub fn losses(int8: &Int8, images: &[&[u8]]) -> Result<Vec<Loss>> {
    let arch = int8.model.arch();
    let (Numbers::F32(params), Numbers::Int8 { weights, bits, channels, .. }) =
        (&int8.scaled.numbers, &int8.model.numbers)
    else {
        bail!("the network is not in int8");
    };
    let images = images.get(..sample_len(&arch)).unwrap_or(images);
    let mut x: Vec<Vec<f64>> = images.iter().map(|image| to_f64(image.iter().copied())).collect();
    let mut q: Vec<Vec<u8>> = images.iter().map(|image| image.to_vec()).collect();
    let (mut weights, mut channels) = (weights.as_slice(), channels.as_chunks::<4>().0);
    let mut losses = Vec::new();
    for layer in arch.any_layers() {
        let too_short = "the network has fewer numbers than its sizes ask for";
        let AnyLayer { windows, w, b, is_hidden: gives_bytes, .. } = layer;
        let (w, b) = (params.get(w).context(too_short)?, params.get(b).context(too_short)?);
        let of_layer = bits.get(losses.len()).copied().unwrap_or_default();
        let mut count = Count::default();
        let mut outputs = vec![(to_f64(b.iter().copied()), Vec::new()); x.len()];
        for place in windows.places() {
            // The first layer sees samples as they lie.
            let is_picture = losses.is_empty() && arch.has_local();
            let sees = |input| {
                if is_picture { arch.local().picture.place_in_sample(input) } else { input }
            };
            let inputs: Vec<usize> = place.inputs(&windows).map(sees).collect();
            let (groups, blocks) = (inputs.len().div_ceil(4), windows.units.div_ceil(4));
            let words = groups * blocks * of_layer.words();
            let packed = weights.split_off(..words).context(too_short)?;
            let channels = channels.split_off(..blocks).context(too_short)?;
            let w = w.get(place.weights).context(too_short)?;
            for ((x, q), (out, found)) in x.iter().zip(&q).zip(&mut outputs) {
                let out = out.get_mut(place.outputs.clone()).context(too_short)?;
                for (&input, row) in inputs.iter().zip(w.chunks_exact(windows.units.max(1))) {
                    let Some(x) = x.get(input).filter(|x| **x != 0.0) else { continue };
                    for (out, &w) in out.iter_mut().zip(row) {
                        *out += x * f64::from(w);
                    }
                }
                let seen: Vec<u8> =
                    inputs.iter().map(|&input| q.get(input).copied().unwrap_or(0)).collect();
                let seen = padded(&seen);
                let numbers =
                    layer_of(gives_bytes, seen.as_chunks().0, (of_layer, packed), channels)?;
                found.extend(numbers.into_iter().take(windows.units));
            }
        }
        for ((x, q), (mut out, found)) in x.iter_mut().zip(&mut q).zip(outputs) {
            let ends: &[i16] = if gives_bytes {
                out.iter_mut().for_each(|out| *out = out.max(0.0));
                *q = found.iter().map(|&byte| byte as u8).collect();
                &[255]
            } else {
                &[i16::MIN, i16::MAX]
            };
            count.add(&out, &found, ends);
            *x = out;
        }
        losses.push(count.loss());
    }
    Ok(losses)
}

/// The outputs of a place, bytes or scores, in whole blocks.
fn layer_of(
    gives_bytes: bool,
    x: &[[u8; 4]],
    w: (Bits, &[u32]),
    channels: &[[Channel; 4]],
) -> Result<Vec<i16>> {
    if gives_bytes {
        let mut found = vec![[0_u8; 4]; channels.len()];
        compute(x, w, channels, &mut found)?;
        Ok(found.concat().into_iter().map(i16::from).collect())
    } else {
        let mut found = vec![[0_i16; 4]; channels.len()];
        compute(x, w, channels, &mut found)?;
        Ok(found.concat())
    }
}

fn compute<O: Output>(
    x: &[[u8; 4]],
    (bits, w): (Bits, &[u32]),
    channels: &[[Channel; 4]],
    out: &mut [[O; 4]],
) -> Result<()> {
    match bits {
        Bits::Four => Portable.layer_int4(QuantArgs::new(x, w.as_chunks().0, channels, out)?),
        Bits::Eight => Portable.layer(QuantArgs::new(x, w.as_chunks().0, channels, out)?),
    }
    Ok(())
}

fn to_f64<T: Into<f64>>(numbers: impl Iterator<Item = T>) -> Vec<f64> {
    numbers.map(Into::into).collect()
}

/// Bytes, up to a multiple of 4.
fn padded(image: &[u8]) -> Vec<u8> {
    let mut bytes = image.to_vec();
    bytes.resize(image.len().next_multiple_of(4), 0);
    bytes
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

    pub(super) fn loss(&self) -> Loss {
        let explained = if self.qq > 0.0 { self.xq * self.xq / self.qq } else { 0.0 };
        let noise = (self.xx - explained).max(0.0);
        let signal_to_noise =
            if noise > 0.0 { 10.0 * (self.xx / noise).log10() } else { f64::INFINITY };
        Loss { signal_to_noise, clipped: f64::from(self.clipped) / f64::from(self.all.max(1)) }
    }
}
