//! The layers of an int8 network, each in real numbers and in integers.

use super::super::model::Numbers;
use super::Int8;
use anyhow::{Context, Result, bail};
use barenet::quant::{Bits, Channel, Output, PackedChannel, QuantArgs, QuantGemm};
use barenet::{AnyLayer, Arch, Portable};

/// A layer, with its numbers of both kinds.
pub(super) struct Layer<'a> {
    arch: Arch<'a>,
    is_first: bool,
    layer: AnyLayer,
    /// Bits of its weights.
    pub(super) bits: Bits,
    /// Its weights.
    pub(super) w: &'a [f32],
    b: &'a [f32],
    packed: &'a [u32],
    channels: Vec<[Channel; 4]>,
}

const TOO_SHORT: &str = "the network has fewer numbers than its sizes ask for";

/// The layers of a network.
pub(super) fn layers(int8: &Int8) -> Result<Vec<Layer<'_>>> {
    let arch = int8.model.arch();
    let (Numbers::F32(params), Numbers::Int8 { weights, channels, .. }) =
        (&int8.scaled.numbers, &int8.model.numbers)
    else {
        bail!("the network is not in int8");
    };
    let (bits, unpacked) = (channels.bits().unwrap_or_default(), channels.unpacked());
    let (mut weights, mut channels) = (weights.as_slice(), unpacked.as_chunks::<4>().0);
    let mut layers = Vec::new();
    for layer in arch.any_layers() {
        let bits = bits.get(layers.len()).copied().unwrap_or_default();
        let (mut words, mut blocks) = (0, 0);
        for place in layer.windows.places() {
            let of_place = layer.windows.units.div_ceil(4);
            let groups = place.fan_in(&layer.windows).div_ceil(4);
            (words, blocks) = (words + groups * of_place * bits.words(), blocks + of_place);
        }
        layers.push(Layer {
            arch,
            is_first: layers.is_empty(),
            bits,
            w: params.get(layer.w.clone()).context(TOO_SHORT)?,
            b: params.get(layer.b.clone()).context(TOO_SHORT)?,
            packed: weights.split_off(..words).context(TOO_SHORT)?,
            channels: channels.split_off(..blocks).context(TOO_SHORT)?.to_vec(),
            layer,
        });
    }
    Ok(layers)
}

/// The inputs of the first layer: bytes as they are.
pub(super) fn real_bytes(images: &[&[u8]]) -> Vec<Vec<f64>> {
    images.iter().map(|image| image.iter().map(|&byte| byte.into()).collect()).collect()
}

impl Layer<'_> {
    /// Whether it gives bytes, for the next one; otherwise scores.
    pub(super) const fn gives_bytes(&self) -> bool {
        self.layer.is_hidden
    }

    /// The numbers of the inputs of each place.
    fn inputs(&self) -> Vec<Vec<usize>> {
        let windows = self.layer.windows;
        // The first layer sees samples as they lie.
        let is_picture = self.is_first && self.arch.has_local();
        let sees = |input| {
            if is_picture { self.arch.local().picture.place_in_sample(input) } else { input }
        };
        windows.places().map(|place| place.inputs(&windows).map(sees).collect()).collect()
    }

    /// Its outputs in real numbers, for those of each sample.
    pub(super) fn real(&self, x: &[Vec<f64>]) -> Result<Vec<Vec<f64>>> {
        let windows = self.layer.windows;
        let bias: Vec<f64> = self.b.iter().map(|&b| b.into()).collect();
        let mut outputs = vec![bias; x.len()];
        for (place, inputs) in windows.places().zip(self.inputs()) {
            let w = self.w.get(place.weights).context(TOO_SHORT)?;
            for (x, out) in x.iter().zip(&mut outputs) {
                let out = out.get_mut(place.outputs.clone()).context(TOO_SHORT)?;
                for (&input, row) in inputs.iter().zip(w.chunks_exact(windows.units.max(1))) {
                    let Some(x) = x.get(input).filter(|x| **x != 0.0) else { continue };
                    for (out, &w) in out.iter_mut().zip(row) {
                        *out += x * f64::from(w);
                    }
                }
            }
        }
        if self.gives_bytes() {
            outputs.iter_mut().flatten().for_each(|out| *out = out.max(0.0));
        }
        Ok(outputs)
    }

    /// Its outputs in integers, for the bytes of each sample.
    pub(super) fn integers(&self, q: &[Vec<u8>]) -> Result<Vec<Vec<i16>>> {
        let windows = self.layer.windows;
        let mut outputs = vec![Vec::new(); q.len()];
        let (mut packed, mut channels) = (self.packed, &*self.channels);
        for inputs in self.inputs() {
            let (groups, blocks) = (inputs.len().div_ceil(4), windows.units.div_ceil(4));
            let w = packed.split_off(..groups * blocks * self.bits.words()).context(TOO_SHORT)?;
            let channels = channels.split_off(..blocks).context(TOO_SHORT)?;
            for (q, found) in q.iter().zip(&mut outputs) {
                let mut seen: Vec<u8> =
                    inputs.iter().map(|&input| q.get(input).copied().unwrap_or(0)).collect();
                seen.resize(seen.len().next_multiple_of(4), 0);
                let seen = seen.as_chunks().0;
                let numbers = if self.gives_bytes() {
                    let mut out = vec![[0_u8; 4]; channels.len()];
                    compute(seen, (self.bits, w), channels, &mut out)?;
                    out.concat().into_iter().map(i16::from).collect()
                } else {
                    let mut out = vec![[0_i16; 4]; channels.len()];
                    compute(seen, (self.bits, w), channels, &mut out)?;
                    out.concat()
                };
                found.extend(numbers.into_iter().take(windows.units));
            }
        }
        Ok(outputs)
    }
}

fn compute<O: Output>(
    x: &[[u8; 4]],
    (bits, w): (Bits, &[u32]),
    channels: &[[Channel; 4]],
    out: &mut [[O; 4]],
) -> Result<()> {
    match bits {
        Bits::Four => {
            // They were unpacked of such.
            let packed: Vec<_> =
                channels.iter().map(|block| block.map(PackedChannel::nearest)).collect();
            Portable.layer_int4(QuantArgs::new(x, w.as_chunks().0, &packed, out)?);
        }
        Bits::Eight => Portable.layer(QuantArgs::new(x, w.as_chunks().0, channels, out)?),
    }
    Ok(())
}
