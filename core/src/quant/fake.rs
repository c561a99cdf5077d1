//! Weights of training as an export rounds them.

use super::mixed::Bits;
use super::quantize::SHARES;
use crate::arch::Arch;
use crate::error::{ShapeError, check_len};
use crate::float::Float;
use crate::machine::{Machine, Pass};
use crate::slices::copy;
use crate::state::Weights;

/// Columns that are rounded at once.
const LANES: usize = 16;

/// The weights of a network that trains, rounded as [`quantize_mixed`](super::quantize_mixed) rounds them: for training
/// that is aware of it. Left empty, nothing is rounded.
///
/// ```text
/// ŵ[i, j] = s[j] · q[i, j] / f[i]        q = clamp(round(f[i] · w[i, j] / s[j]))
/// ```
///
/// Of 4 bits s\[j\] is the one of 12 scales up to the largest weight / 7 that leaves the least sum of squares, of 8 bits
/// the largest weight / 127. So the largest weight of an output is always at the end of its range, and whoever quantises
/// ŵ finds the same q and the same s, or the one beside it that its [factor](super::PackedChannel) can have. Biases stay as
/// they are.
///
/// f is 1, or what an input is multiplied by on its way to a byte; the weights of an input of which it is 0, as of one that is
/// always the same, become 0.
///
/// Loss and gradients are those of ŵ, and the gradients change w: the straight-through estimator of Bengio, Léonard and
/// Courville, [Estimating or propagating gradients](https://arxiv.org/abs/1308.3432), as Jacob et al.,
/// [Quantization and training](https://arxiv.org/abs/1712.05877), train with it.
///
/// ```
/// use barenet::quant::{Bits, FakeQuant};
/// use barenet::{Arch, Portable};
///
/// let arch = Arch::new(&[3, 1]);
/// let mut rounded = [0.0_f32; 4];
/// let mut fake = FakeQuant { params: &mut rounded, bits: &[Bits::Four], input_factor: &[] };
/// fake.round(&Portable, &arch, &[7.0, 2.2, -0.4, 0.3])?;
/// assert_eq!(rounded, [7.0, 2.0, 0.0, 0.3]);
/// # Ok::<(), barenet::ShapeError>(())
/// ```
#[derive(Debug)]
pub struct FakeQuant<'a, T> {
    /// ŵ and the biases, `arch.num_params()`. May hold anything at the start.
    pub params: &'a mut [T],
    /// Bits of each layer, `arch.num_layers()`.
    pub bits: &'a [Bits],
    /// f of each input, `arch.input_dim()`; empty for 1.
    pub input_factor: &'a [T],
}

impl<T> Default for FakeQuant<'_, T> {
    fn default() -> Self {
        Self { params: &mut [], bits: &[], input_factor: &[] }
    }
}

impl<T> FakeQuant<'_, T> {
    /// Whether nothing is rounded in training: always, without the feature `qat`.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        !cfg!(feature = "qat") || self.params.is_empty()
    }

    /// The rounded weights, or others if nothing is rounded.
    pub(crate) const fn or<'b>(&'b self, weights: Weights<'b, T>) -> Weights<'b, T> {
        if self.is_empty() { weights } else { Weights { params: self.params, running: &[] } }
    }
}

impl<T: Float> FakeQuant<'_, T> {
    /// Rounds the weights of `params`.
    ///
    /// # Errors
    ///
    /// [`ShapeError`] naming the first slice that has another length, `running` for a network with batch norm, which has to be
    /// [folded](crate::fold()) before, and `layers` for one with locally connected layers; nothing is written in that case.
    pub fn round(
        &mut self,
        machine: &impl Machine,
        arch: &Arch<'_>,
        params: &[T],
    ) -> Result<(), ShapeError> {
        check_len("running", 0, arch.num_running())?;
        check_len("layers", arch.num_layers(), arch.num_quant_layers())?;
        check_len("bits", arch.num_layers(), self.bits.len())?;
        check_len("params", arch.num_params(), params.len())?;
        check_len("rounded params", params.len(), self.params.len())?;
        if !self.input_factor.is_empty() {
            check_len("input_factor", arch.input_dim(), self.input_factor.len())?;
        }
        copy(self.params, params);
        let mut factor = self.input_factor;
        for (layer, &bits) in arch.layers().zip(self.bits) {
            if let (Some(w), Some(rounded)) =
                (params.get(layer.w()), self.params.get_mut(layer.w()))
            {
                machine.vectorized(RoundLayer { w, rounded, factor, cols: layer.fan_out, bits });
            }
            factor = &[];
        }
        Ok(())
    }
}

/// ŵ of a layer.
struct RoundLayer<'a, T> {
    w: &'a [T],
    rounded: &'a mut [T],
    /// f of each row; empty for 1.
    factor: &'a [T],
    cols: usize,
    bits: Bits,
}

impl<T: Float> Pass for RoundLayer<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { w, rounded, factor, cols, bits } = self;
        let (cols, limit) = (cols.max(1), T::from_f64(bits.max_weight()));
        let shares = match bits {
            Bits::Four => &SHARES[..],
            Bits::Eight => &[1.0],
        };
        for start in (0..cols).step_by(LANES) {
            // The weights of a block of columns, each times f; beyond the last column 0.
            let rows = || {
                let mut factors = factor.iter();
                w.chunks_exact(cols).map(move |row| {
                    let f = factors.next().copied().unwrap_or(T::ONE);
                    let mut block = [T::ZERO; LANES];
                    for (w, &from) in block.iter_mut().zip(row.iter().skip(start)) {
                        *w = from * f;
                    }
                    block
                })
            };
            let mut largest = [T::ZERO; LANES];
            for row in rows() {
                for (largest, w) in largest.iter_mut().zip(row) {
                    *largest = w.abs().max(*largest);
                }
            }
            let coarsest = largest.map(|w| w / limit);
            let (mut scales, mut least) = (coarsest, [T::ZERO; LANES]);
            for (number, &share) in shares.iter().enumerate() {
                let candidate = coarsest.map(|scale| scale * T::from_f64(share));
                let inverse = candidate.map(inverse);
                let mut error = [T::ZERO; LANES];
                for row in rows() {
                    for (((error, w), scale), inverse) in
                        error.iter_mut().zip(row).zip(candidate).zip(inverse)
                    {
                        let rest = w - steps(w * inverse, limit) * scale;
                        *error += rest * rest;
                    }
                }
                for (((scale, least), candidate), error) in
                    scales.iter_mut().zip(&mut least).zip(candidate).zip(error)
                {
                    if number == 0 || error < *least {
                        (*scale, *least) = (candidate, error);
                    }
                }
            }
            let inverses = scales.map(inverse);
            let mut factors = factor.iter();
            for (row, rounded) in rows().zip(rounded.chunks_exact_mut(cols)) {
                let back = factors.next().map_or(T::ONE, |&f| inverse(f));
                let rounded = rounded.iter_mut().skip(start);
                for (((rounded, w), scale), inverse) in rounded.zip(row).zip(scales).zip(inverses) {
                    *rounded = steps(w * inverse, limit) * scale * back;
                }
            }
        }
    }
}

/// 1 / x, or 0 of what is no more than 0.
#[inline(always)]
fn inverse<T: Float>(x: T) -> T {
    if x.abs() > T::TINY { T::ONE / x } else { T::ZERO }
}

/// The integer nearest to x, cut off beyond −limit and limit; NaN stays.
#[inline(always)]
fn steps<T: Float>(x: T, limit: T) -> T {
    let x = if x > limit { limit } else { x };
    let x = if x < T::ZERO - limit { T::ZERO - limit } else { x };
    // Beside so large a number there are no digits behind the point: 1.5 times 2²³, or 2⁵².
    let large =
        if size_of::<T>() == size_of::<f32>() { 12_582_912.0 } else { 6_755_399_441_055_744.0 };
    let large = T::from_f64(large);
    (x + large) - large
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::quant::{InputScale, Observer, PackedChannel, pack, pack_int4, quantize_mixed};
    use crate::{Mat, Portable, Rng};
    use std::vec;
    use std::vec::Vec;

    const DIMS: [usize; 4] = [37, 19, 33, 5];
    const ARCH: Arch<'static> = Arch::new(&DIMS);

    fn drawn(seed: u64) -> Vec<f32> {
        let mut params = vec![0.0; ARCH.num_params()];
        Rng::seed(seed).fill_normal(0.3, &mut params);
        params
    }

    fn rounded(params: &[f32], bits: &[Bits], input_factor: &[f32]) -> Vec<f32> {
        let mut rounded = vec![f32::NAN; params.len()];
        let mut fake = FakeQuant { params: &mut rounded, bits, input_factor };
        fake.round(&Portable, &ARCH, params).unwrap();
        rounded
    }

    /// The packed weights of an export.
    fn exported(params: &[f32], bits: &[Bits]) -> Vec<u32> {
        let mut weights = vec![0; ARCH.mixed_weights_len(bits)];
        let mut channels = vec![PackedChannel::default(); ARCH.quant_channels_len()];
        let mut observers = vec![Observer::new(); ARCH.num_layers()];
        for observer in &mut observers {
            observer.observe(Mat::new(&[3.0_f32; 64], 32, 2).unwrap());
        }
        let out = (&mut weights[..], &mut channels[..]);
        quantize_mixed(&ARCH, params, InputScale::PIXELS, &observers, bits, out).unwrap();
        weights
    }

    /// The integers of weights that are rounded, packed: the largest of an output is at the end of its range.
    fn integers(rounded: &[f32], bits: &[Bits]) -> Vec<u32> {
        let mut words = Vec::new();
        for (layer, &bits) in ARCH.layers().zip(bits) {
            let w = &rounded[layer.w()];
            let q = |i: usize, j: usize| {
                if i >= layer.fan_in || j >= layer.fan_out {
                    return 0;
                }
                let column = || w.iter().skip(j).step_by(layer.fan_out);
                let step =
                    column().fold(0.0_f32, |max, w| max.max(w.abs())) / bits.max_weight() as f32;
                let steps = w[i * layer.fan_out + j] / step;
                assert!((steps - steps.round()).abs() < 1e-4, "{steps}");
                steps.round() as i8
            };
            for block in 0..layer.fan_out.div_ceil(4) {
                for group in 0..layer.fan_in.div_ceil(4) {
                    let rows =
                        [0, 1, 2, 3].map(|j| [0, 1, 2, 3].map(|i| q(4 * group + i, 4 * block + j)));
                    match bits {
                        Bits::Four => words.extend(pack_int4(rows)),
                        Bits::Eight => words.extend(pack(rows)),
                    }
                }
            }
        }
        words
    }

    #[test]
    fn an_export_finds_the_integers_that_trained() {
        for bits in [[Bits::Four; 3], [Bits::Eight; 3], [Bits::Eight, Bits::Four, Bits::Eight]] {
            for seed in 0..20 {
                let once = rounded(&drawn(seed), &bits, &[]);
                assert_eq!(exported(&once, &bits), integers(&once, &bits), "{bits:?} {seed}");
            }
        }
    }

    #[test]
    fn weights_are_rounded_as_the_inputs_become_bytes() {
        let (params, bits) = (drawn(3), [Bits::Four; 3]);
        let factor: Vec<f32> =
            (0..DIMS[0]).map(|i| if i == 4 { 0.0 } else { 0.01 * (i * i + 1) as f32 }).collect();
        let once = rounded(&params, &bits, &factor);
        let of_bytes = |params: &[f32]| {
            let mut params = params.to_vec();
            for (row, &f) in params.chunks_exact_mut(DIMS[1]).zip(&factor) {
                row.iter_mut().for_each(|w| *w *= f);
            }
            params
        };
        let expected = rounded(&of_bytes(&params), &bits, &[]);
        for (found, expected) in of_bytes(&once).iter().zip(&expected) {
            assert!((found - expected).abs() <= 1e-6 * expected.abs(), "{found} {expected}");
        }
        assert!(once[4 * DIMS[1]..5 * DIMS[1]].iter().all(|&w| w == 0.0));
        assert_eq!(exported(&of_bytes(&once), &bits), integers(&expected, &bits));
    }

    #[test]
    fn zeros_and_biases_stay_and_nan_is_not_hidden() {
        let mut params = drawn(1);
        for layer in ARCH.layers() {
            params[layer.w()].iter_mut().step_by(layer.fan_out).for_each(|w| *w = 0.0);
        }
        let once = rounded(&params, &[Bits::Four; 3], &[]);
        for layer in ARCH.layers() {
            assert!(once[layer.w()].iter().step_by(layer.fan_out).all(|&w| w == 0.0));
            assert_eq!(once[layer.b()], params[layer.b()]);
        }
        params[40] = f32::NAN;
        assert!(rounded(&params, &[Bits::Four; 3], &[])[40].is_nan());
    }

    #[test]
    fn lengths_that_disagree_are_refused_by_name() {
        let params = drawn(1);
        let what = |len: usize, bits: &[Bits], input_factor: &[f32]| {
            let mut rounded = vec![0.0; len];
            let mut fake = FakeQuant { params: &mut rounded, bits, input_factor };
            fake.round(&Portable, &ARCH, &params).unwrap_err().what
        };
        assert_eq!(what(params.len(), &[Bits::Four; 2], &[]), "bits");
        assert_eq!(what(params.len(), &[Bits::Four; 3], &[1.0]), "input_factor");
        assert_eq!(what(3, &[Bits::Four; 3], &[]), "rounded params");
        let normed = ARCH.with_batchnorm();
        let mut fake =
            FakeQuant { params: &mut [0.0; 9], bits: &[Bits::Four; 3], input_factor: &[] };
        assert_eq!(fake.round(&Portable, &normed, &params).unwrap_err().what, "running");
    }
}
