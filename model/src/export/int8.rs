//! From f32 to int8: of the ways to write a network down, the one that loses least, and what it loses.

use super::answer::Answer;
use super::inputs::MIDDLE;
use super::model::{Model, Numbers, Scores};
use anyhow::{Context, Result, bail};
use barenet::layers::Windows;
use barenet::quant::{
    self, Channel, InputScale, MIN_CALIBRATION_SAMPLES, Observer, QuantArgs, QuantGemm,
};
use barenet::{Activation, Arch, Mat, Portable};

/// Images that go through the network at once in calibration.
const BATCH: usize = 64;

/// The balances of [`quant::equalize`] that are compared.
const BALANCES: [f64; 5] = [1.0, 0.75, 0.5, 0.25, 0.0];

/// What the bytes of an int8 network stand for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Input {
    /// Numbers from 0 on, such as pixels.
    Pixels,
    /// Numbers below and above a mean: those of [`Ranges`](super::inputs::Ranges).
    Centered,
}

impl Input {
    /// The scale of the bytes less what is in [the biases](Self::centered).
    const fn scale(self) -> InputScale {
        match self {
            Self::Pixels => InputScale::PIXELS,
            Self::Centered => InputScale::new(1.0, MIDDLE),
        }
    }

    /// The weights for inputs of which the zero point is subtracted, so that what rounding takes from the weights
    /// counts for what is unlike the mean alone.
    fn centered(self, arch: &Arch<'_>, params: &[f32]) -> Vec<f32> {
        let mut params = params.to_vec();
        let zero_point = f64::from(self.scale().zero_point());
        let Some(first) = layers(arch).into_iter().next() else { return params };
        let (w, b) = params.split_at_mut(first.windows.num_weights());
        let units = first.windows.units;
        for place in first.windows.places() {
            let w = w.get(place.weights).unwrap_or_default();
            for (unit, b) in b.get_mut(place.outputs).into_iter().flatten().enumerate() {
                let column = w.chunks_exact(units.max(1)).filter_map(|row| row.get(unit));
                let sum: f64 = column.map(|&w| f64::from(w)).sum();
                *b = (f64::from(*b) + zero_point * sum) as f32;
            }
        }
        params
    }
}

/// A network in int8, and what it was made of.
#[derive(Clone, Debug)]
pub struct Int8 {
    /// The network.
    pub model: Model,
    /// The same function in f32, its hidden units scaled as they are in `model`.
    pub scaled: Model,
    /// The balance with which they were made alike, if that loses less.
    pub balance: Option<f64>,
}

/// Loss of accuracy of a layer in int8.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Loss {
    /// Signal to noise in decibels: the f32 outputs beside what differs. Infinite if nothing does.
    pub signal_to_noise: f64,
    /// The share of outputs that are at the end of their range, 0 to 1.
    pub clipped: f64,
}

/// Another way is taken if it leaves less than this share of the error.
const WORTH_IT: f64 = 0.9;

/// How many images the ways are compared on, so that it takes seconds whatever the network.
fn sample_len(arch: &Arch<'_>) -> usize {
    ((1 << 28) / arch.num_params().max(1)).clamp(2 * MIN_CALIBRATION_SAMPLES, 512)
}

/// Makes an f32 network an int8 one, calibrated on images.
///
/// Units that do nothing are taken out. Hidden units are made alike where the int8 scores then come closer to
/// those of f32, on images other than those that calibrated the comparison: a way that fits its images, and
/// cuts off what others have, is no better.
///
/// # Errors
///
/// If there are too few images or a layer is too wide; or if the network is int8 already.
pub fn quantize(folded: &Model, input: Input, images: &[&[u8]]) -> Result<Int8> {
    let Numbers::F32(params) = &folded.numbers else { bail!("the network is int8 already") };
    let arch = folded.arch();
    let mut params = params.clone();
    quant::remove_unused(&arch, &mut params)?;
    let plain = Model { numbers: Numbers::F32(params), ..folded.clone() };
    let sample = images.get(..sample_len(&arch)).unwrap_or(images);
    let (fit, measure) = match sample.split_at(sample.len() / 2) {
        halves if halves.0.len() >= MIN_CALIBRATION_SAMPLES => halves,
        _ => (sample, sample),
    };
    let error_of = |way: &Model| error(&plain, &to_int8(way, input, fit)?, measure);
    let (mut balance, mut refused, mut least) = (None, None, f64::INFINITY);
    match error_of(&plain) {
        Ok(error) => least = error * WORTH_IT,
        Err(error) => refused = Some(error),
    }
    if arch.num_quant_layers() > 1 && least > 0.0 {
        let ranges = unit_ranges(&plain, fit)?;
        for candidate in BALANCES {
            match equalized(&plain, input, &ranges, candidate).and_then(|way| error_of(&way)) {
                Ok(error) if error < least => (balance, least) = (Some(candidate), error),
                _ => {}
            }
        }
    }
    if let (None, Some(error)) = (balance, refused) {
        return Err(error);
    }
    let scaled = match balance {
        Some(balance) => equalized(&plain, input, &unit_ranges(&plain, images)?, balance)?,
        None => plain,
    };
    Ok(Int8 { model: to_int8(&scaled, input, images)?, scaled, balance })
}

/// The same function with units that are alike.
fn equalized(plain: &Model, input: Input, ranges: &[f32], balance: f64) -> Result<Model> {
    let mut scaled = plain.clone();
    if let Numbers::F32(params) = &mut scaled.numbers {
        quant::equalize(&plain.arch(), params, input.scale(), ranges, balance)?;
    }
    Ok(scaled)
}

/// Memory for [`BATCH`] images.
fn workspace_len(arch: &Arch<'_>) -> usize {
    arch.infer_workspace_len(BATCH).max(arch.folded_workspace_len())
}

/// Shows the images to `show`, as numbers, in batches.
fn batches(
    arch: &Arch<'_>,
    images: &[&[u8]],
    mut show: impl FnMut(Mat<'_, f32>) -> Result<()>,
) -> Result<()> {
    for images in images.chunks(BATCH) {
        let x: Vec<f32> = images.iter().copied().flatten().map(|&pixel| pixel.into()).collect();
        show(Mat::new(&x, images.len(), arch.input_dim())?)?;
    }
    Ok(())
}

/// The largest output of each hidden unit.
fn unit_ranges(model: &Model, images: &[&[u8]]) -> Result<Vec<f32>> {
    let Numbers::F32(params) = &model.numbers else { bail!("the network is int8 already") };
    let arch = model.arch();
    let mut ranges = vec![0.0; arch.num_hidden_units()];
    let mut workspace = vec![0.0; workspace_len(&arch)];
    batches(&arch, images, |x| {
        quant::observe_units(&Portable, &arch, params, x, &mut workspace, &mut ranges)?;
        Ok(())
    })?;
    Ok(ranges)
}

/// The network in int8 as it stands.
fn to_int8(model: &Model, input: Input, images: &[&[u8]]) -> Result<Model> {
    let Numbers::F32(params) = &model.numbers else { bail!("the network is int8 already") };
    let arch = model.arch();
    let is_class = model.answer == Answer::Class;
    let observer = if is_class { Observer::new() } else { Observer::of_values() };
    let mut observers = vec![observer; arch.num_quant_layers()];
    let mut workspace = vec![0.0; workspace_len(&arch)];
    batches(&arch, images, |x| {
        quant::calibrate(&Portable, &arch, params, x, &mut workspace, &mut observers)?;
        Ok(())
    })?;
    let mut weights = vec![0; arch.quant_weights_len()];
    let mut channels = vec![Channel::default(); arch.quant_channels_len()];
    let (input, params) = (input.scale(), input.centered(&arch, params));
    let quantized =
        quant::quantize(&arch, &params, input, &observers, &mut weights, &mut channels)?;
    let score_scale = quantized.score_scale;
    let numbers = Numbers::Int8 { weights, channels, score_scale, inputs: None };
    let (local, dims) = (model.local.clone(), model.dims.clone());
    Ok(Model { local, dims, numbers, answer: model.answer.clone() })
}

/// The sum of squares of what int8 scores are off, beside those that are cut off because they are far too low to
/// matter; infinite if that is no number.
fn error(f32: &Model, int8: &Model, images: &[&[u8]]) -> Result<f64> {
    let Numbers::Int8 { score_scale, .. } = int8.numbers else { bail!("the network is f32") };
    let expected = f32.scores(images.iter().copied())?;
    let found = int8.scores(images.iter().copied())?;
    let mut sum = 0.0;
    for pair in expected.iter().zip(&found) {
        let (Scores::F32(expected), Scores::Int8(found)) = pair else { continue };
        for (&expected, &found) in expected.iter().zip(found) {
            let expected = f64::from(expected).max(f64::from(i16::MIN) * score_scale);
            sum += (f64::from(found) * score_scale - expected).powi(2);
        }
    }
    Ok(if sum.is_nan() { f64::INFINITY } else { sum })
}

/// Measures the loss of each layer on the first of the images.
///
/// # Errors
///
/// If an image has not as many bytes as the network has inputs.
pub fn losses(int8: &Int8, images: &[&[u8]]) -> Result<Vec<Loss>> {
    let arch = int8.model.arch();
    let (Numbers::F32(params), Numbers::Int8 { weights, channels, .. }) =
        (&int8.scaled.numbers, &int8.model.numbers)
    else {
        bail!("the network is not in int8");
    };
    let images = images.get(..sample_len(&arch)).unwrap_or(images);
    let mut x: Vec<Vec<f64>> = images.iter().map(|image| to_f64(image.iter().copied())).collect();
    let mut q: Vec<Vec<u8>> = images.iter().map(|image| image.to_vec()).collect();
    let (mut weights, mut channels) = (weights.as_chunks::<4>().0, channels.as_chunks::<4>().0);
    let mut losses = Vec::new();
    for layer in layers(&arch) {
        let too_short = "the network has fewer numbers than its sizes ask for";
        let Layer { windows, params_start, gives_bytes } = layer;
        let (w, b) = params
            .get(params_start..)
            .and_then(|params| params.split_at_checked(windows.num_weights()))
            .context(too_short)?;
        let b = b.get(..windows.num_outputs()).context(too_short)?;
        let mut count = Count::default();
        let mut outputs = vec![(to_f64(b.iter().copied()), Vec::new()); x.len()];
        for place in windows.places() {
            let sees = |input| match losses.is_empty() {
                true if arch.has_local() => arch.local().picture.place_in_sample(input),
                _ => input,
            };
            let inputs: Vec<usize> = place.inputs(&windows).map(sees).collect();
            let (groups, blocks) = (inputs.len().div_ceil(4), windows.units.div_ceil(4));
            let packed = weights.split_off(..groups * blocks).context(too_short)?;
            let channels = channels.split_off(..blocks).context(too_short)?;
            let w = w.get(place.weights).context(too_short)?;
            for ((x, q), (out, found)) in x.iter().zip(&q).zip(&mut outputs) {
                let out = out.get_mut(place.outputs.clone()).context(too_short)?;
                for (&input, row) in inputs.iter().zip(w.chunks_exact(windows.units.max(1))) {
                    let x = x.get(input).copied().unwrap_or(0.0);
                    for (out, &w) in out.iter_mut().zip(row).filter(|_| x != 0.0) {
                        *out += x * f64::from(w);
                    }
                }
                let seen: Vec<u8> =
                    inputs.iter().map(|&input| q.get(input).copied().unwrap_or(0)).collect();
                let seen = padded(&seen);
                let numbers = layer_of(gives_bytes, seen.as_chunks().0, packed, channels)?;
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

/// A layer of either kind, in windows: an affine one is a window of one pixel, of which its inputs are the channels.
struct Layer {
    windows: Windows,
    /// Start of its W and b.
    params_start: usize,
    /// Whether its outputs are bytes, and not scores.
    gives_bytes: bool,
}

/// The layers of a network without batch norm.
fn layers(arch: &Arch<'_>) -> Vec<Layer> {
    let local = arch.local_layers().map(|layer| Layer {
        windows: layer.windows,
        params_start: layer.params_start,
        gives_bytes: true,
    });
    let affine = arch.layers().map(|layer| Layer {
        windows: Windows {
            height: 1,
            width: 1,
            channels: layer.fan_in,
            size: 1,
            stride: 1,
            padding: 0,
            units: layer.fan_out,
        },
        params_start: layer.params_start,
        gives_bytes: layer.activation == Activation::Relu,
    });
    local.chain(affine).collect()
}

/// The outputs of a place, bytes or scores, in whole blocks.
fn layer_of(
    gives_bytes: bool,
    x: &[[u8; 4]],
    w: &[[u32; 4]],
    channels: &[[Channel; 4]],
) -> Result<Vec<i16>> {
    if gives_bytes {
        let mut found = vec![[0_u8; 4]; channels.len()];
        Portable.layer(QuantArgs::new(x, w, channels, &mut found)?);
        Ok(found.concat().into_iter().map(i16::from).collect())
    } else {
        let mut found = vec![[0_i16; 4]; channels.len()];
        Portable.layer(QuantArgs::new(x, w, channels, &mut found)?);
        Ok(found.concat())
    }
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
struct Count {
    xx: f64,
    xq: f64,
    qq: f64,
    clipped: u32,
    all: u32,
}

impl Count {
    fn add<T: Copy + PartialEq + Into<f64>>(&mut self, x: &[f64], q: &[T], ends: &[T]) {
        for (&x, &q) in x.iter().zip(q) {
            self.clipped += u32::from(ends.contains(&q));
            self.all += 1;
            let q = q.into();
            self.xx += x * x;
            self.xq += x * q;
            self.qq += q * q;
        }
    }

    fn loss(&self) -> Loss {
        let explained = if self.qq > 0.0 { self.xq * self.xq / self.qq } else { 0.0 };
        let noise = (self.xx - explained).max(0.0);
        let signal_to_noise =
            if noise > 0.0 { 10.0 * (self.xx / noise).log10() } else { f64::INFINITY };
        Loss { signal_to_noise, clipped: f64::from(self.clipped) / f64::from(self.all.max(1)) }
    }
}

#[cfg(test)]
mod tests;
