//! From trained numbers to int8.

use super::calibrate::Observer;
use super::error::QuantError;
use super::input::InputScale;
use super::kernel::pack;
use super::requant::{Channel, quantize_multiplier};
use crate::arch::{Arch, LayerSpec};
use crate::error::check_len;
use crate::float::Float;
use crate::gemm::rows_of_mut;
use crate::layers::HiddenParams;
use crate::state::layer_params;

/// Images that calibration needs at least.
pub const MIN_CALIBRATION_SAMPLES: usize = 32;

/// The largest weight; −128 is left out so that weights are symmetric.
const MAX_WEIGHT: f64 = 127.0;
/// The largest activation after ReLU.
const MAX_ACTIVATION: u32 = 255;
/// A layer's factors must stay below a quarter: see [`Channel::new`].
const MAX_FACTOR: f64 = 0.249;
/// Scores have 16 bits, enough to leave this much room above the largest one of the calibration.
const SCORE_ROOM: f64 = 2.0;
/// Biases stay below this, so that sums have room.
const MAX_BIAS: f64 = (1_u32 << 29) as f64;

/// What is known of a quantised network besides its numbers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Quantized {
    /// How inputs become bytes.
    pub input: InputScale,
    /// A real score is `score_scale` times the `i16`.
    pub score_scale: f64,
}

/// Quantises a folded network to int8.
///
/// ```text
/// w ≈ s_w[j] · q        s_w[j] = max |W[·, j]| / 127, one scale for each output
/// x ≈ s_x · (q − z)     z = 0 after ReLU, and s_x from the calibration
/// out = saturate(round((Σ q_x·q_w + bias) · s_x·s_w[j] / s_out))
/// bias = round(b / (s_x·s_w[j])) − z · Σ q_w
/// ```
///
/// An output whose weights and bias are all 0 is always 0, and makes no scale coarser.
///
/// # Shapes
///
/// | argument    | shape                      | role                            |
/// |-------------|----------------------------|---------------------------------|
/// | `params`    | (`arch.num_params()`)      | folded: W1 b1 W2 b2 …           |
/// | `observers` | (L)                        | what [`calibrate`](super::calibrate) saw |
/// | `weights`   | (`arch.quant_weights_len()`) | output, packed                |
/// | `channels`  | (`arch.quant_channels_len()`) | output                       |
///
/// # Errors
///
/// [`QuantError`] if shapes disagree, fewer than [`MIN_CALIBRATION_SAMPLES`] images were seen, a
/// number is NaN or infinite, or a layer is so wide that its sums may not fit 32 bits.
pub fn quantize<T: Float>(
    arch: &Arch<'_>,
    params: &[T],
    input: InputScale,
    observers: &[Observer],
    weights: &mut [u32],
    channels: &mut [Channel],
) -> Result<Quantized, QuantError> {
    check_len("running", arch.num_running(), 0)?;
    check_len("params", arch.num_params(), params.len())?;
    check_len("observers", arch.num_layers(), observers.len())?;
    check_len("weights", arch.quant_weights_len(), weights.len())?;
    check_len("channels", arch.quant_channels_len(), channels.len())?;
    let (mut weights, _) = weights.as_chunks_mut::<4>();
    let (mut channels, _) = channels.as_chunks_mut::<4>();
    let (mut s_in, mut zero_point) = (input.scale(), input.zero_point());
    for ((index, layer), observer) in arch.layers().enumerate().zip(observers) {
        let (Some(params), Some(weights), Some(channels)) = (
            layer_params(&layer, params),
            weights.split_off_mut(..layer.fan_in.div_ceil(4) * layer.fan_out.div_ceil(4)),
            channels.split_off_mut(..layer.fan_out.div_ceil(4)),
        ) else {
            continue; // The lengths were checked.
        };
        check_finite(index, &params, observer)?;
        let quantizer = Layer { index, layer, params, s_in, zero_point };
        let s_out = quantizer.output_scale(observer);
        quantizer.write(s_out, weights, channels)?;
        (s_in, zero_point) = (s_out, 0);
    }
    Ok(Quantized { input, score_scale: s_in })
}

fn check_finite<T: Float>(
    layer: usize,
    params: &HiddenParams<'_, T>,
    observer: &Observer,
) -> Result<(), QuantError> {
    let (required, found) = (MIN_CALIBRATION_SAMPLES, observer.samples());
    if !params.w.data().iter().all(|w| w.is_finite()) {
        Err(QuantError::NotFinite { what: "a weight", layer })
    } else if !params.b.iter().all(|b| b.is_finite()) {
        Err(QuantError::NotFinite { what: "a bias", layer })
    } else if !observer.is_finite() {
        Err(QuantError::NotFinite { what: "an activation", layer })
    } else if found < required {
        Err(QuantError::TooFewSamples { required, found })
    } else {
        Ok(())
    }
}

/// One layer, and the scale of its inputs.
struct Layer<'a, T> {
    index: usize,
    layer: LayerSpec,
    params: HiddenParams<'a, T>,
    s_in: f64,
    zero_point: u8,
}

impl<T: Float> Layer<'_, T> {
    fn column(&self, j: usize) -> impl Iterator<Item = f64> {
        self.params.w.row_iter().filter_map(move |row| row.get(j)).map(|w| w.to_f64())
    }

    fn bias(&self, j: usize) -> f64 {
        self.params.b.get(j).map_or(0.0, |b| b.to_f64())
    }

    /// The scale of the weights of an output: that of its largest weight, or larger, if otherwise the
    /// bias would not fit; 0 if all are 0, which then has no part in the layer's scale.
    fn weight_scale(&self, j: usize) -> f64 {
        let max = self.column(j).fold(0.0, |max: f64, w| max.max(w.abs()));
        (max / MAX_WEIGHT).max(self.bias(j).abs() / (self.s_in * MAX_BIAS))
    }

    fn output_scale(&self, observer: &Observer) -> f64 {
        let calibrated = if self.layer.hidden {
            observer.clip(MAX_ACTIVATION) / f64::from(MAX_ACTIVATION)
        } else {
            observer.max() * SCORE_ROOM / f64::from(i16::MAX)
        };
        let coarsest =
            (0..self.layer.fan_out).fold(0.0, |max: f64, j| max.max(self.weight_scale(j)));
        let scale = calibrated.max(coarsest * self.s_in / MAX_FACTOR);
        // Where every output is always 0, any scale will do.
        if scale > 0.0 { scale } else { 1.0 }
    }

    fn write(
        &self,
        s_out: f64,
        weights: &mut [[u32; 4]],
        channels: &mut [[Channel; 4]],
    ) -> Result<(), QuantError> {
        let blocks = rows_of_mut(weights, self.layer.fan_in.div_ceil(4));
        for ((block, weights), channels) in (0..).zip(blocks).zip(channels) {
            let scales: [f64; 4] = core::array::from_fn(|j| self.weight_scale(4 * block + j));
            let mut totals = [Totals::default(); 4];
            for (group, words) in weights.iter_mut().enumerate() {
                let mut q = [[0; 4]; 4];
                for (((j, q), &scale), totals) in (0..).zip(&mut q).zip(&scales).zip(&mut totals) {
                    for (i, q) in q.iter_mut().enumerate() {
                        *q = self.weight(4 * group + i, 4 * block + j, scale);
                        totals.add(*q);
                    }
                }
                *words = pack(q);
            }
            for (((j, channel), &scale), totals) in (0..).zip(channels).zip(&scales).zip(&totals) {
                *channel = self.channel(4 * block + j, scale, s_out, totals)?;
            }
        }
        Ok(())
    }

    /// One weight; 0 beyond the layer's sizes.
    fn weight(&self, i: usize, j: usize, scale: f64) -> i8 {
        let w = self.params.w.data().get(i * self.layer.fan_out + j);
        match w {
            Some(w) if scale > 0.0 && i < self.layer.fan_in && j < self.layer.fan_out => {
                libm::round(w.to_f64() / scale).clamp(-MAX_WEIGHT, MAX_WEIGHT) as i8
            }
            _ => 0,
        }
    }

    fn channel(
        &self,
        j: usize,
        scale: f64,
        s_out: f64,
        totals: &Totals,
    ) -> Result<Channel, QuantError> {
        if j >= self.layer.fan_out || scale == 0.0 {
            return Ok(Channel::default());
        }
        let unit = self.s_in * scale;
        let zero = i64::from(self.zero_point) * totals.sum;
        let bias = (libm::round(self.bias(j) / unit) as i64).saturating_sub(zero);
        // The largest sums that bytes can make, with the bias and, in between, without.
        let (most, least) = (255 * totals.positive, -255 * totals.negative);
        let fits = |sum: i64| i32::try_from(sum).is_ok();
        let bias = match i32::try_from(bias) {
            Ok(q)
                if fits(most.saturating_add(bias))
                    && fits(least.saturating_add(bias))
                    && fits(most)
                    && fits(least) =>
            {
                q
            }
            _ => return Err(QuantError::TooWide { layer: self.index, fan_in: self.layer.fan_in }),
        };
        let (multiplier, shift) = quantize_multiplier(unit / s_out);
        // A factor of 0 has no shift of its own.
        let shift = shift.min(Channel::MAX_SHIFT);
        Channel::try_new(bias, multiplier, shift)
            .ok_or(QuantError::NotFinite { what: "a factor", layer: self.index })
    }
}

/// Sums of an output's weights.
#[derive(Clone, Copy, Default)]
struct Totals {
    sum: i64,
    positive: i64,
    negative: i64,
}

impl Totals {
    fn add(&mut self, q: i8) {
        let q = i64::from(q);
        self.sum += q;
        self.positive += q.max(0);
        self.negative += (-q).max(0);
    }
}
