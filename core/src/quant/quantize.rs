//! From trained numbers to int8.

use super::calibrate::Observer;
use super::error::QuantError;
use super::input::InputScale;
use super::int4::pack_int4;
use super::kernel::pack;
use super::mixed::Bits;
use super::packed::PackedChannel;
use super::requant::{Channel, quantize_multiplier};
use super::stored::Stored;
use crate::arch::Arch;
use crate::error::check_len;
use crate::float::Float;
use crate::mat::Mat;
use crate::slices::{copy, rows_of_mut};

/// Samples that calibration needs at least.
pub const MIN_CALIBRATION_SAMPLES: usize = 32;

/// The largest activation after ReLU.
const MAX_ACTIVATION: u32 = 255;
/// Shares of the largest scale of weights of 4 bits that are compared.
pub(super) const SHARES: [f64; 12] =
    [1.0, 0.95, 0.9, 0.85, 0.8, 0.75, 0.7, 0.65, 0.6, 0.55, 0.5, 0.45];
/// A layer's factors must stay below a quarter: see [`Channel::new`].
const MAX_FACTOR: f64 = 0.249;
/// Scores have 16 bits, enough to leave this much room above the largest one of the calibration.
const SCORE_ROOM: f64 = 2.0;
/// Biases stay below this, so that sums have room.
const MAX_BIAS: f64 = (1_u32 << 29) as f64;

/// Always −2¹⁵, the least score: −2²⁹ times 2⁻¹⁴.
const LOWEST: Channel = Channel::new(-(1 << 29), 1 << 30, -13);

/// Scales of a quantised network, from its inputs to its scores.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Quantized {
    /// Map from inputs to bytes.
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
/// An output that is always the same makes no scale coarser: one whose weights and bias are all 0, a hidden unit
/// that no input lifts above 0, a score that is below −32768 · s_out for any input. Scores far below the two
/// highest of any image, by a factor of 16, are cut off.
///
/// # Shapes
///
/// | argument    | shape                      | role                            |
/// |-------------|----------------------------|---------------------------------|
/// | `params`    | (`arch.num_params()`)      | folded: W1 b1 W2 b2 …           |
/// | `observers` | (`arch.num_quant_layers()`) | what [`calibrate`](super::calibrate) saw |
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
    check_len("weights", arch.quant_weights_len(), weights.len())?;
    write(arch, params, input, observers, &[], (weights, channels))
}

/// Quantises a folded network of affine layers to weights of 8 bits or of 4, as `bits` says of each layer.
///
/// It is [`quantize`] with `−7..=7` for `−127..=127`, where the scale of an output's weights of 4 bits is the one of those
/// below the largest weight / 7 that leaves the least sum of squares: large weights that are rare are cut off. It is then
/// made one whose factor a [`PackedChannel`] has, by less than a part in 500, before the weights are rounded.
///
/// # Shapes
///
/// Those of [`quantize`], but `bits` is (`arch.num_layers()`), and `weights` (`arch.mixed_weights_len(bits)`).
///
/// # Errors
///
/// Those of [`quantize`], and [`QuantError::Shape`] for a network with locally connected layers.
///
/// # Example
///
/// ```
/// use barenet::quant::{Bits, InputScale, MixedNet, Observer, PackedChannel, quantize_mixed};
/// use barenet::{Arch, Mat, Portable};
///
/// let arch = Arch::new(&[4, 2]);
/// let params = [0.5_f32, -0.5, -0.25, 0.25, 1.0, -1.0, 0.0, 0.0, 3.0, -3.0];
/// let mut observers = [Observer::new()];
/// observers[0].observe(Mat::new(&[200.0_f32; 64], 32, 2)?);
/// let mut weights = vec![0; arch.mixed_weights_len(&[Bits::Four])];
/// let mut channels = vec![PackedChannel::default(); arch.quant_channels_len()];
/// let out = (&mut weights[..], &mut channels[..]);
/// quantize_mixed(&arch, &params, InputScale::PIXELS, &observers, &[Bits::Four], out)?;
///
/// let net = MixedNet::try_new(arch, &[Bits::Four], &weights, &channels)?;
/// let mut scores = [0; 2];
/// net.scores(&Portable, &[200, 100, 150, 0], &mut [], &mut scores)?;
/// assert!(scores[0] > 0 && scores[1] < 0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn quantize_mixed<T: Float>(
    arch: &Arch<'_>,
    params: &[T],
    input: InputScale,
    observers: &[Observer],
    bits: &[Bits],
    (weights, channels): (&mut [u32], &mut [PackedChannel]),
) -> Result<Quantized, QuantError> {
    check_len("bits", arch.num_layers(), bits.len())?;
    check_len("layers", arch.num_layers(), arch.num_quant_layers())?;
    check_len("weights", arch.mixed_weights_len(bits), weights.len())?;
    write(arch, params, input, observers, bits, (weights, channels))
}

/// Quantises to weights of 8 bits where `bits` says nothing of a layer.
pub(super) fn write<T: Float, C: Stored>(
    arch: &Arch<'_>,
    params: &[T],
    input: InputScale,
    observers: &[Observer],
    bits: &[Bits],
    (mut weights, channels): (&mut [u32], &mut [C]),
) -> Result<Quantized, QuantError> {
    check_len("running", arch.num_running(), 0)?;
    check_len("params", arch.num_params(), params.len())?;
    check_len("observers", arch.num_quant_layers(), observers.len())?;
    check_len("channels", arch.quant_channels_len(), channels.len())?;
    let (mut channels, _) = channels.as_chunks_mut::<4>();
    let (mut s_in, mut zero_point) = (input.scale(), input.zero_point());
    for ((index, layer), observer) in arch.any_layers().enumerate().zip(observers) {
        let (Some(w), Some(b)) = (params.get(layer.w), params.get(layer.b)) else {
            continue; // The lengths were checked.
        };
        check_finite(index, w, b, observer)?;
        let (units, gives_bytes) = (layer.windows.units, layer.is_hidden);
        let bits = bits.get(index).copied().unwrap_or_default();
        let least = if gives_bytes { 0.0 } else { f64::from(i16::MIN) * score_scale(observer) };
        let places = || {
            layer.windows.places().filter_map(|place| {
                let fan_in = place.fan_in(&layer.windows);
                let w = Mat::new(w.get(place.weights)?, fan_in, units).ok()?;
                let b = b.get(place.outputs)?;
                Some(Place { index, bits, w, b, s_in, zero_point, least, gives_bytes })
            })
        };
        let s_out = output_scale(places(), gives_bytes, s_in, observer);
        for place in places() {
            let (groups, blocks) = (place.w.rows().div_ceil(4), units.div_ceil(4));
            let (Some(weights), Some(channels)) = (
                weights.split_off_mut(..bits.words() * groups * blocks),
                channels.split_off_mut(..blocks),
            ) else {
                continue; // The lengths were checked.
            };
            place.write(s_out, weights, channels)?;
        }
        (s_in, zero_point) = (s_out, 0);
    }
    Ok(Quantized { input, score_scale: s_in })
}

/// The scale of scores, as far as the calibration goes.
fn score_scale(observer: &Observer) -> f64 {
    observer.score_range() * SCORE_ROOM / f64::from(i16::MAX)
}

fn check_finite<T: Float>(
    layer: usize,
    w: &[T],
    b: &[T],
    observer: &Observer,
) -> Result<(), QuantError> {
    let (required, found) = (MIN_CALIBRATION_SAMPLES, observer.samples());
    if !w.iter().all(|w| w.is_finite()) {
        Err(QuantError::NotFinite { what: "a weight", layer })
    } else if !b.iter().all(|b| b.is_finite()) {
        Err(QuantError::NotFinite { what: "a bias", layer })
    } else if !observer.is_finite() {
        Err(QuantError::NotFinite { what: "an activation", layer })
    } else if found < required {
        Err(QuantError::TooFewSamples { required, found })
    } else {
        Ok(())
    }
}

/// The scale of a layer's outputs, which its places share.
fn output_scale<'a, T: Float + 'a>(
    places: impl Iterator<Item = Place<'a, T>>,
    gives_bytes: bool,
    s_in: f64,
    observer: &Observer,
) -> f64 {
    let calibrated = if gives_bytes {
        observer.clip(MAX_ACTIVATION) / f64::from(MAX_ACTIVATION)
    } else {
        score_scale(observer)
    };
    let coarsest = places.fold(0.0, |max: f64, place| max.max(place.coarsest()));
    let scale = calibrated.max(coarsest * s_in / MAX_FACTOR);
    // Where every output is always 0, any scale will do.
    if scale > 0.0 { scale } else { 1.0 }
}

/// One place of a layer, all of an affine one, and the scale of its inputs.
struct Place<'a, T> {
    /// Number of the layer.
    index: usize,
    /// Bits of its weights.
    bits: Bits,
    w: Mat<'a, T>,
    b: &'a [T],
    s_in: f64,
    zero_point: u8,
    /// The least that an output can be.
    least: f64,
    /// Whether it gives bytes from 0 on; otherwise scores.
    gives_bytes: bool,
}

impl<T: Float> Place<'_, T> {
    fn column(&self, j: usize) -> impl Iterator<Item = f64> {
        self.w.row_iter().filter_map(move |row| row.get(j)).map(|w| w.to_f64())
    }

    fn bias(&self, j: usize) -> f64 {
        self.b.get(j).map_or(0.0, |b| b.to_f64())
    }

    /// Whether an output is the least that it can be for any input.
    fn is_least(&self, j: usize) -> bool {
        let (low, high) =
            (-f64::from(self.zero_point), f64::from(u8::MAX.saturating_sub(self.zero_point)));
        let largest = self.column(j).map(|w| (w * low).max(w * high)).sum::<f64>() * self.s_in;
        let can_be_least = self.gives_bytes || self.least < 0.0;
        can_be_least && largest + self.bias(j) <= self.least
    }

    /// The scale of the weights of an output: that of its largest weight, or larger, if otherwise the
    /// bias would not fit; 0 if it is always the same, and then has no part in the layer's scale.
    fn weight_scale(&self, j: usize) -> f64 {
        if self.is_least(j) {
            return 0.0;
        }
        let max = self.column(j).fold(0.0, |max: f64, w| max.max(w.abs()));
        let scale = match self.bits {
            Bits::Eight => max / self.bits.max_weight(),
            Bits::Four => self.closest_scale(j, max / self.bits.max_weight()),
        };
        scale.max(self.bias(j).abs() / (self.s_in * MAX_BIAS))
    }

    /// The scale, of some up to `largest`, that leaves the least sum of squares of an output's weights.
    fn closest_scale(&self, j: usize, largest: f64) -> f64 {
        let limit = self.bits.max_weight();
        let error = |scale: f64| {
            let rest = |w: f64| w - libm::round(w / scale).clamp(-limit, limit) * scale;
            self.column(j).map(|w| rest(w) * rest(w)).sum::<f64>()
        };
        let (mut best, mut least) = (largest, f64::INFINITY);
        for share in SHARES {
            let scale = largest * share;
            let found = if scale > 0.0 { error(scale) } else { f64::INFINITY };
            if found < least {
                (best, least) = (scale, found);
            }
        }
        best
    }

    /// The largest scale of the weights of an output.
    fn coarsest(&self) -> f64 {
        (0..self.w.cols()).fold(0.0, |max: f64, j| max.max(self.weight_scale(j)))
    }

    fn write<C: Stored>(
        &self,
        s_out: f64,
        weights: &mut [u32],
        channels: &mut [[C; 4]],
    ) -> Result<(), QuantError> {
        if !s_out.is_finite() {
            return Err(QuantError::NotFinite { what: "the scale", layer: self.index });
        }
        let words = self.bits.words();
        let blocks = rows_of_mut(weights, words * self.w.rows().div_ceil(4));
        for ((block, weights), channels) in (0..).zip(blocks).zip(channels) {
            let scales: [f64; 4] = core::array::from_fn(|j| {
                C::nearest_scale(self.weight_scale(4 * block + j), self.s_in / s_out)
            });
            let mut totals = [Totals::default(); 4];
            for (group, words) in rows_of_mut(weights, words).enumerate() {
                let mut q = [[0; 4]; 4];
                for (((j, q), &scale), totals) in (0..).zip(&mut q).zip(&scales).zip(&mut totals) {
                    for (i, q) in q.iter_mut().enumerate() {
                        *q = self.weight(4 * group + i, 4 * block + j, scale);
                        totals.add(*q);
                    }
                }
                match self.bits {
                    Bits::Four => copy(words, &pack_int4(q)),
                    Bits::Eight => copy(words, &pack(q)),
                }
            }
            for (((j, channel), &scale), totals) in (0..).zip(channels).zip(&scales).zip(&totals) {
                *channel = self.channel(4 * block + j, scale, s_out, totals)?;
            }
        }
        Ok(())
    }

    /// One weight; 0 beyond the layer's sizes.
    fn weight(&self, i: usize, j: usize, scale: f64) -> i8 {
        let w = self.w.data().get(i * self.w.cols() + j);
        match w {
            Some(w) if scale > 0.0 && i < self.w.rows() && j < self.w.cols() => {
                let limit = self.bits.max_weight();
                libm::round(w.to_f64() / scale).clamp(-limit, limit) as i8
            }
            _ => 0,
        }
    }

    fn channel<C: Stored>(
        &self,
        j: usize,
        scale: f64,
        s_out: f64,
        totals: &Totals,
    ) -> Result<C, QuantError> {
        if j >= self.w.cols() || scale == 0.0 {
            let is_lowest = j < self.w.cols() && !self.gives_bytes && self.is_least(j);
            return Ok(C::nearest(if is_lowest { LOWEST } else { Channel::default() }));
        }
        let unit = self.s_in * scale;
        let zero = i64::from(self.zero_point) * totals.sum;
        let bias = (libm::round(self.bias(j) / unit) as i64).saturating_sub(zero);
        let too_wide = QuantError::TooWide { layer: self.index, fan_in: self.w.rows() };
        let bias = i32::try_from(bias).map_err(|_| too_wide)?;
        let (multiplier, shift) = quantize_multiplier(unit / s_out);
        // A factor of 0 has no shift of its own.
        let shift = shift.min(Channel::MAX_SHIFT);
        let channel = Channel::try_new(bias, multiplier, shift)
            .ok_or(QuantError::NotFinite { what: "a factor", layer: self.index })?;
        let stored = C::nearest(channel);
        // The largest sums that bytes can make, with the bias and, in between, without.
        let (most, least) = (255 * totals.positive, -255 * totals.negative);
        let bias = i64::from(stored.bias());
        let all_fit = [most.saturating_add(bias), least.saturating_add(bias), most, least]
            .into_iter()
            .all(|sum| i32::try_from(sum).is_ok());
        if all_fit { Ok(stored) } else { Err(too_wide) }
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
