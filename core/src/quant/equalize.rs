//! Hidden units made alike before they are quantised: the same function with other scales.
//!
//! All activations of a layer share one scale, so a unit whose numbers are a thousand times those of its
//! neighbours takes their digits. ReLU(c·x) = c·ReLU(x) for c > 0: a unit divided by s, with the weights that
//! read it multiplied by s, is the same function. Which s is best depends on both sides; see [`equalize`].
//!
//! Source: Nagel et al., [Data-free quantization](https://arxiv.org/abs/1906.04721), and, for the balance,
//! Xiao et al., [SmoothQuant](https://arxiv.org/abs/2211.10438).

use super::gives_bytes;
use super::input::InputScale;
use crate::arch::{AnyLayer, Arch, fold_layers};
use crate::error::{ShapeError, check_len};
use crate::float::Float;
use crate::layers::Windows;
use crate::slices::take_mut;

/// The smallest range of a unit, as a share of what its largest weight can make: with less, its factor would
/// not stay below a quarter.
const SMALLEST_SHARE: f64 = 1.0 / (127.0 * 0.249);

impl Arch<'_> {
    /// Hidden units: the outputs of all layers but the last.
    ///
    /// ```
    /// assert_eq!(barenet::Arch::new(&[64, 32, 16, 10]).num_hidden_units(), 48);
    /// ```
    #[must_use]
    pub const fn num_hidden_units(&self) -> usize {
        let affine = fold_layers!(self.layers(), |len, layer| if gives_bytes(&layer) {
            layer.fan_out.saturating_add(len)
        } else {
            len
        });
        let local =
            fold_layers!(self.local_layers(), |len, layer| layer.fan_out().saturating_add(len));
        affine.saturating_add(local)
    }
}

/// One hidden layer, and the weights that read it.
struct Pair<'a, T> {
    w: &'a mut [T],
    b: &'a mut [T],
    next_w: &'a mut [T],
    next_b: &'a mut [T],
    windows: Windows,
    next: Windows,
    /// Units of the layer.
    units: usize,
}

impl<'a, T: Float> Pair<'a, T> {
    /// `None` only if `params` is too short.
    fn of(layer: &AnyLayer, next: &AnyLayer, params: &'a mut [T]) -> Option<Self> {
        let (before, after) = params.split_at_mut_checked(next.w.start)?;
        let own = before.get_mut(layer.w.start..)?;
        let (w, b) = own.split_at_mut_checked(layer.windows.num_weights())?;
        let (next_w, next_b) = after.split_at_mut_checked(next.windows.num_weights())?;
        let units = layer.windows.num_outputs();
        let b = b.get_mut(..units)?;
        let next_b = next_b.get_mut(..next.windows.num_outputs())?;
        Some(Self { w, b, next_w, next_b, windows: layer.windows, next: next.windows, units })
    }

    /// The weights of a unit.
    fn column(&mut self, unit: usize) -> impl Iterator<Item = &mut T> {
        let place = self.windows.places().find(|place| place.outputs.contains(&unit));
        let (w, column) = match place {
            Some(place) => (self.w.get_mut(place.weights), unit - place.outputs.start),
            None => (None, 0),
        };
        w.unwrap_or_default().iter_mut().skip(column).step_by(self.windows.units.max(1))
    }

    /// The numbers of the inputs of a unit, in the order of its weights.
    fn inputs(&self, unit: usize) -> impl Iterator<Item = usize> + use<T> {
        let windows = self.windows;
        let place = windows.places().find(|place| place.outputs.contains(&unit));
        place.into_iter().flat_map(move |place| place.inputs(&windows))
    }

    /// The weights that read a unit.
    fn row(&mut self, unit: usize) -> impl Iterator<Item = &mut T> {
        let (next, mut rest) = (self.next, &mut *self.next_w);
        let rows = next.places().filter_map(move |place| {
            let w = take_mut(&mut rest, place.weights.len())?;
            w.chunks_exact_mut(next.units).nth(place.row_of(&next, unit)?)
        });
        rows.flatten()
    }

    /// The weights that read a unit, each with the number of its output.
    fn reads(&self, unit: usize) -> impl Iterator<Item = (usize, f64)> {
        let (next, next_w) = (self.next, &*self.next_w);
        let rows = next.places().filter_map(move |place| {
            let row = place.row_of(&next, unit)?;
            let w = next_w.get(place.weights)?.chunks_exact(next.units).nth(row)?;
            Some(place.outputs.zip(w.iter().map(|w| w.to_f64())))
        });
        rows.flatten()
    }

    fn bias(&self, unit: usize) -> f64 {
        self.b.get(unit).map_or(0.0, |b| b.to_f64())
    }

    /// Makes a unit of which nothing is left.
    fn remove(&mut self, unit: usize) {
        self.column(unit).for_each(|w| *w = T::ZERO);
        self.row(unit).for_each(|w| *w = T::ZERO);
        if let Some(b) = self.b.get_mut(unit) {
            *b = T::ZERO;
        }
    }

    /// A unit without weights is the same number for every image: it goes into the biases that follow.
    fn fold_constant(&mut self, unit: usize) {
        if largest(self.column(unit)) != 0.0 {
            return;
        }
        let constant = self.bias(unit).max(0.0);
        let sum = |(output, w): (usize, f64)| {
            self.next_b.get(output).map(|b| T::from_f64(b.to_f64() + constant * w))
        };
        if !self.reads(unit).filter_map(sum).all(T::is_finite) {
            return;
        }
        let mut next_b = core::mem::take(&mut self.next_b);
        for (output, w) in self.reads(unit) {
            if let Some(b) = next_b.get_mut(output) {
                *b = T::from_f64(b.to_f64() + constant * w);
            }
        }
        core::mem::swap(&mut self.next_b, &mut next_b);
        self.remove(unit);
    }

    /// The range of a unit: that of the calibration, or what is left to one that hardly showed.
    fn range(&mut self, unit: usize, calibrated: f64, inputs: Inputs<'_, T>) -> f64 {
        let largest = match inputs {
            Inputs::Pixels(largest_input) => largest(self.column(unit)) * largest_input,
            Inputs::Units(ranges) => {
                let ranges = self.inputs(unit).filter_map(|input| ranges.get(input));
                let seen = self.column(unit).zip(ranges);
                seen.fold(0.0, |max: f64, (w, range)| max.max((w.to_f64() * range.to_f64()).abs()))
            }
        };
        calibrated.max(largest * SMALLEST_SHARE)
    }

    /// Divisor of a unit, before all are multiplied by the same number; 0 if it has none.
    fn divisor(&mut self, unit: usize, range: f64, balance: f64) -> f64 {
        let read = largest(self.row(unit));
        let divisor = libm::pow(range, balance) / libm::pow(read, 1.0 - balance);
        if range > 0.0 && read > 0.0 && divisor.is_finite() { divisor } else { 0.0 }
    }

    /// Divides a unit, unless a number would be lost.
    fn divide(&mut self, unit: usize, divisor: f64) {
        let (own, read) = (largest(self.column(unit)), largest(self.row(unit)));
        let bias = self.bias(unit).abs();
        let survives = |value: f64| {
            let value = T::from_f64(value);
            value.is_finite() && value.flush_subnormal() != T::ZERO
        };
        let all = [own / divisor, read * divisor];
        let fits = all.into_iter().all(survives) && T::from_f64(bias / divisor).is_finite();
        if !fits {
            return;
        }
        self.column(unit).for_each(|w| *w = T::from_f64(w.to_f64() / divisor));
        self.row(unit).for_each(|w| *w = T::from_f64(w.to_f64() * divisor));
        if let Some(b) = self.b.get_mut(unit) {
            *b = T::from_f64(b.to_f64() / divisor);
        }
    }
}

/// Sizes of the inputs of a layer.
#[derive(Clone, Copy)]
enum Inputs<'a, T> {
    /// All up to the same.
    Pixels(f64),
    /// Each up to its own.
    Units(&'a [T]),
}

/// The largest absolute value.
fn largest<'a, T: Float>(numbers: impl Iterator<Item = &'a mut T>) -> f64 {
    numbers.fold(0.0, |max: f64, number| max.max(number.to_f64().abs()))
}

/// Each hidden layer with the one after it.
fn pairs<'a>(arch: &Arch<'a>) -> impl Iterator<Item = (AnyLayer, AnyLayer)> + use<'a> {
    arch.any_layers().zip(arch.any_layers().skip(1))
}

/// Takes hidden units out of a folded network that do nothing: it computes the same.
///
/// A unit whose weights are all 0 is ReLU(b) for every image, and goes into the biases that follow; one that
/// nothing reads is 0 from now on. So neither has a part in the scales of [`quantize`](super::quantize).
///
/// # Errors
///
/// [`ShapeError`] if `params` has not `arch.num_params()` elements, or the network has batch norm, which must
/// be [folded](crate::fold()) first.
pub fn remove_unused<T: Float>(arch: &Arch<'_>, params: &mut [T]) -> Result<(), ShapeError> {
    check_len("running", arch.num_running(), 0)?;
    check_len("params", arch.num_params(), params.len())?;
    for (layer, next) in pairs(arch) {
        let Some(mut pair) = Pair::of(&layer, &next, params) else { continue };
        (0..pair.units).for_each(|unit| pair.fold_constant(unit));
    }
    // From the end: a unit that only such units read is itself one.
    for index in (0..arch.num_quant_layers().saturating_sub(1)).rev() {
        let Some((layer, next)) = pairs(arch).nth(index) else { continue };
        let Some(mut pair) = Pair::of(&layer, &next, params) else { continue };
        for unit in 0..pair.units {
            if largest(pair.row(unit)) == 0.0 {
                pair.remove(unit);
            }
        }
    }
    Ok(())
}

/// Gives the hidden units of a folded network ranges that are alike: the same function, up to rounding.
///
/// ```text
/// unit ← unit / s       the weights that read it ← those · s
/// s = range^balance / (largest weight that reads it)^(1 − balance)
/// ```
///
/// `balance` 1 makes all ranges of a layer the same, 0 the largest weights that read each unit; what is best in
/// between, or whether leaving all as it is is better, [`quantize`](super::quantize) and a comparison show.
/// Whatever factor a unit had, the result is the same.
///
/// A unit that the calibration never saw above 0 enters no maximum of the weights that read it: where they are
/// larger than those that read the other units, they become as large as those.
///
/// # Shapes
///
/// | argument | shape                        | role                                              |
/// |----------|------------------------------|---------------------------------------------------|
/// | `params` | (`arch.num_params()`)        | folded: W1 b1 W2 b2 …; updated                    |
/// | `ranges` | (`arch.num_hidden_units()`)  | the largest output of each unit: [`observe_units`](super::observe_units) |
///
/// # Errors
///
/// [`ShapeError`] naming the first argument that disagrees, or `running` if the network has batch norm, which
/// must be [folded](crate::fold()) first; nothing is changed in that case.
pub fn equalize<T: Float>(
    arch: &Arch<'_>,
    params: &mut [T],
    input: InputScale,
    ranges: &[T],
    balance: f64,
) -> Result<(), ShapeError> {
    check_len("running", arch.num_running(), 0)?;
    check_len("params", arch.num_params(), params.len())?;
    check_len("ranges", arch.num_hidden_units(), ranges.len())?;
    let zero_point = input.zero_point();
    let largest_input = input.scale() * f64::from(zero_point.max(u8::MAX - zero_point));
    // From the end: what reads a layer has its scales then, which no factor of before shows in.
    for index in (0..arch.num_quant_layers().saturating_sub(1)).rev() {
        let start: usize =
            arch.any_layers().take(index).map(|layer| layer.windows.num_outputs()).sum();
        let (Some((layer, next)), Some((before, own))) =
            (pairs(arch).nth(index), ranges.split_at_checked(start))
        else {
            continue;
        };
        let (Some(mut pair), Some(own)) =
            (Pair::of(&layer, &next, params), own.get(..layer.windows.num_outputs()))
        else {
            continue;
        };
        let inputs = match before.len().checked_sub(layer.windows.num_inputs()) {
            Some(at) if index > 0 => Inputs::Units(before.get(at..).unwrap_or_default()),
            _ => Inputs::Pixels(largest_input),
        };
        // All are multiplied by what leaves the largest range as it was.
        let (mut largest_range, mut largest_divided) = (0.0_f64, 0.0_f64);
        for (unit, calibrated) in own.iter().enumerate() {
            let range = pair.range(unit, calibrated.to_f64(), inputs);
            let divisor = pair.divisor(unit, range, balance);
            if divisor > 0.0 {
                largest_range = largest_range.max(range);
                largest_divided = largest_divided.max(range / divisor);
            }
        }
        let common = largest_divided / largest_range;
        for (unit, calibrated) in own.iter().enumerate() {
            let range = pair.range(unit, calibrated.to_f64(), inputs);
            let divisor = pair.divisor(unit, range, balance) * common;
            if divisor.is_finite() && divisor > 0.0 {
                pair.divide(unit, divisor);
            }
        }
        limit_unseen(&mut pair, own);
    }
    Ok(())
}

/// Makes the weights that read units which were never above 0 no larger than the others of their output.
fn limit_unseen<T: Float>(pair: &mut Pair<'_, T>, ranges: &[T]) {
    if !ranges.contains(&T::ZERO) {
        return;
    }
    let next = pair.next;
    for place in next.places() {
        let Some(w) = pair.next_w.get_mut(place.weights.clone()) else { continue };
        for output in 0..next.units {
            let column = || {
                let seen = place.inputs(&next).map(|input| ranges.get(input));
                (output..).step_by(next.units.max(1)).zip(seen)
            };
            let is_seen = |range: Option<&T>| range.is_some_and(|range| *range > T::ZERO);
            let seen = column().filter(|(_, range)| is_seen(*range));
            let limit =
                seen.filter_map(|(at, _)| w.get(at)).fold(T::ZERO, |max, w| max.max(w.abs()));
            if limit == T::ZERO {
                continue;
            }
            for (at, _) in column().filter(|(_, range)| *range == Some(&T::ZERO)) {
                if let Some(w) = w.get_mut(at) {
                    *w = if *w > limit { limit } else { (-limit).max(*w) };
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
