//! From f32 to int8: of the ways to write a network down, the one that loses least, and what it loses.

mod alone;
mod layers;
mod losses;

use super::answer::Answer;
use super::channels::Channels;
use super::inputs::MIDDLE;
use super::model::{Model, Numbers, Scores};
use anyhow::{Result, bail};
use barenet::quant::{
    self, Bits, Calibration, Channel, InputScale, MIN_CALIBRATION_SAMPLES, Observer, PackedChannel,
};
use barenet::{Arch, Mat, Portable};

pub use alone::{alone, noise};
pub use losses::{Loss, losses};

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
        let Some(first) = arch.any_layers().next() else { return params };
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

/// How integers are made of real numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Method {
    /// Bits of each layer's weights; none where all have 8.
    pub bits: Vec<Bits>,
    /// The rule for the ranges of the activations.
    pub calibration: Calibration,
}

impl Method {
    /// Bits of each layer, if a network has not 8 throughout.
    fn mixed(&self) -> Option<&[Bits]> {
        self.bits.contains(&Bits::Four).then_some(&self.bits)
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

/// Another way is taken if it leaves less than this share of the error.
const WORTH_IT: f64 = 0.9;

/// The images that ways and layers are compared on: so many of the first that it takes seconds whatever the network.
fn sample<'a, 'b>(arch: &Arch<'_>, images: &'a [&'b [u8]]) -> &'a [&'b [u8]] {
    let len = ((1 << 28) / arch.num_params().max(1)).clamp(2 * MIN_CALIBRATION_SAMPLES, 512);
    images.get(..len).unwrap_or(images)
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
    quantize_by(folded, input, &Method::default(), images)
}

/// [`quantize`] by another method.
///
/// # Errors
///
/// Those of [`quantize`], if weights of 4 bits are wanted of locally connected layers, or bits of another number of layers
/// than there are.
pub fn quantize_by(
    folded: &Model,
    input: Input,
    method: &Method,
    images: &[&[u8]],
) -> Result<Int8> {
    if method.mixed().is_some() && folded.local.is_some() {
        bail!("locally connected layers have weights of 8 bits alone");
    }
    let layers = folded.arch().num_layers();
    if !method.bits.is_empty() && folded.local.is_none() && method.bits.len() != layers {
        bail!("bits are given of {} layers, and the network has {layers}", method.bits.len());
    }
    let Numbers::F32(params) = &folded.numbers else { bail!("the network is int8 already") };
    let arch = folded.arch();
    let mut params = params.clone();
    quant::remove_unused(&arch, &mut params)?;
    let plain = Model { numbers: Numbers::F32(params), ..folded.clone() };
    let sample = sample(&arch, images);
    let (fit, measure) = match sample.split_at(sample.len() / 2) {
        halves if halves.0.len() >= MIN_CALIBRATION_SAMPLES => halves,
        _ => (sample, sample),
    };
    let error_of = |way: &Model| error(&plain, &to_int8(way, input, method, fit)?, measure);
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
    Ok(Int8 { model: to_int8(&scaled, input, method, images)?, scaled, balance })
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
fn to_int8(model: &Model, input: Input, method: &Method, images: &[&[u8]]) -> Result<Model> {
    let Numbers::F32(params) = &model.numbers else { bail!("the network is int8 already") };
    let arch = model.arch();
    let is_class = model.answer == Answer::Class;
    let observer = if is_class { Observer::new() } else { Observer::of_values() };
    let observer = observer.by(method.calibration);
    let mut observers = vec![observer; arch.num_quant_layers()];
    let mut workspace = vec![0.0; workspace_len(&arch)];
    batches(&arch, images, |x| {
        quant::calibrate(&Portable, &arch, params, x, &mut workspace, &mut observers)?;
        Ok(())
    })?;
    let len = arch.quant_channels_len();
    let (input, params) = (input.scale(), input.centered(&arch, params));
    let (weights, channels, quantized) = match method.mixed() {
        None => {
            let mut weights = vec![0; arch.quant_weights_len()];
            let mut channels = vec![Channel::default(); len];
            let out = (&mut weights[..], &mut channels[..]);
            let made = quant::quantize(&arch, &params, input, &observers, out.0, out.1)?;
            (weights, Channels::Whole(channels), made)
        }
        Some(bits) => {
            let mut weights = vec![0; arch.mixed_weights_len(bits)];
            let mut channels = vec![PackedChannel::default(); len];
            let out = (&mut weights[..], &mut channels[..]);
            let made = quant::quantize_mixed(&arch, &params, input, &observers, bits, out)?;
            (weights, Channels::Packed(bits.to_vec(), channels), made)
        }
    };
    let score_scale = quantized.score_scale;
    let numbers = Numbers::Int8 { weights, channels, score_scale, inputs: None, signed: None };
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

#[cfg(test)]
mod tests;
