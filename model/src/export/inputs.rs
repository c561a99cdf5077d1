//! How the numbers of a device become the bytes of an int8 network.

use super::row::Row;
use crate::number::Number;
use crate::scales::Scales;
use anyhow::{Context, Result, bail};
use barenet::Mat;
use barenet::quant::{IntegerMap, Observer, RealMap, squared_error, to_bytes};

/// The byte of the mean of a feature: others are up to as many steps below and above.
pub(super) const MIDDLE: u8 = 127;

/// Maps of all inputs to integers, in real numbers or in integers alone, as the numbers of the device are.
#[derive(Clone, Debug, PartialEq)]
pub enum InputMaps {
    /// Of real numbers.
    Real(Vec<RealMap>),
    /// Of integers.
    Integer(Vec<IntegerMap>),
}

impl InputMaps {
    /// The maps nearest to (x − offset) · factor, for numbers as those of a row.
    ///
    /// # Errors
    ///
    /// If there are none.
    pub fn nearest(like: Row<'_>, lines: impl Iterator<Item = (f64, f64)>) -> Result<Self> {
        let lines = lines.enumerate();
        let none =
            |input: usize| format!("input {} has too large numbers, or too small ones", input + 1);
        Ok(match like {
            Row::F32(_) => Self::Real(
                lines
                    .map(|(input, (offset, factor))| {
                        RealMap::nearest(offset, factor).with_context(|| none(input))
                    })
                    .collect::<Result<_>>()?,
            ),
            Row::U8(_) | Row::I8(_) | Row::I16(_) => Self::Integer(
                lines
                    .map(|(input, (offset, factor))| {
                        IntegerMap::nearest(offset, factor).with_context(|| none(input))
                    })
                    .collect::<Result<_>>()?,
            ),
        })
    }

    /// The bytes of a row, as the device computes them.
    ///
    /// # Errors
    ///
    /// If it has another length or type.
    pub fn to_bytes(&self, row: Row<'_>) -> Result<Vec<u8>> {
        let mut bytes = vec![0; self.len()];
        match (self, row) {
            (Self::Real(maps), Row::F32(x)) => to_bytes(maps, x, &mut bytes)?,
            (Self::Integer(maps), Row::U8(x)) => to_bytes(maps, x, &mut bytes)?,
            (Self::Integer(maps), Row::I16(x)) => to_bytes(maps, x, &mut bytes)?,
            _ => bail!("the network takes numbers of another type"),
        }
        Ok(bytes)
    }

    /// The sum of squares of what scores are off, as the device computes it.
    ///
    /// # Errors
    ///
    /// If the row has another length or type.
    pub fn squared_error(&self, row: Row<'_>, scores: &[i16]) -> Result<u64> {
        Ok(match (self, row) {
            (Self::Real(maps), Row::F32(x)) => squared_error(maps, x, scores)?,
            (Self::Integer(maps), Row::U8(x)) => squared_error(maps, x, scores)?,
            (Self::Integer(maps), Row::I16(x)) => squared_error(maps, x, scores)?,
            _ => bail!("the network takes numbers of another type"),
        })
    }

    const fn len(&self) -> usize {
        match self {
            Self::Real(maps) => maps.len(),
            Self::Integer(maps) => maps.len(),
        }
    }

    /// Bytes of flash.
    pub(super) fn flash_bytes(&self) -> usize {
        match self {
            Self::Real(maps) => size_of_val(&**maps),
            Self::Integer(maps) => size_of_val(&**maps),
        }
    }

    /// All numbers, for the checksum.
    pub(super) fn words(&self) -> Vec<u32> {
        match self {
            Self::Real(maps) => maps.iter().flat_map(RealMap::words).collect(),
            Self::Integer(maps) => maps.iter().flat_map(IntegerMap::words).collect(),
        }
    }

    /// The name of their type.
    pub(super) const fn type_name(&self) -> &'static str {
        match self {
            Self::Real(_) => "RealMap",
            Self::Integer(_) => "IntegerMap",
        }
    }

    /// A `static` of them in Rust.
    pub(super) fn source(&self, name: &str) -> String {
        let lines: String = match self {
            Self::Real(maps) => maps
                .iter()
                .map(|map| format!("    RealMap::new({:?}, {:?}),\n", map.offset(), map.factor()))
                .collect(),
            Self::Integer(maps) => maps
                .iter()
                .map(|map| {
                    let (bias, multiplier, shift) = (map.bias(), map.multiplier(), map.shift());
                    format!("    IntegerMap::new({bias}, {multiplier}, {shift}),\n")
                })
                .collect(),
        };
        let (kind, len) = (self.type_name(), self.len());
        format!("pub(crate) static {name}: [{kind}; {len}] = [\n{lines}];\n")
    }
}

/// The range of each feature that its bytes cover: its mean, and steps below and above.
#[derive(Clone, Debug, PartialEq)]
pub struct Ranges {
    /// Mean and step of each feature; the step of one that is always the same is 0.
    features: Vec<(f64, f64)>,
}

impl Ranges {
    /// Fits the ranges to samples, so that bytes are off by least.
    ///
    /// # Errors
    ///
    /// If a number is not finite.
    pub fn fit<'a>(rows: impl Iterator<Item = Row<'a>> + Clone, len: usize) -> Result<Self> {
        let range = |feature: usize| {
            let column = rows.clone().filter_map(|row| row.get(feature));
            let (mut sum, mut count) = (0.0, 0_usize);
            for x in column.clone() {
                (sum, count) = (sum + f64::from(x), count + 1);
            }
            let mean = sum / count.max(1) as f64;
            let centered: Vec<f64> = column.map(|x| f64::from(x) - mean).collect();
            let mut observer = Observer::new();
            observer.observe(Mat::new(&centered, centered.len(), 1)?);
            if !observer.is_finite() || !mean.is_finite() {
                bail!("input {} has a number that is NaN or infinite", feature + 1);
            }
            // Rounding leaves a feature that is always the same a distance to its mean that is nothing.
            let is_constant = observer.max() <= 1e-6 * mean.abs();
            let clip = if is_constant { 0.0 } else { observer.clip(MIDDLE.into()) };
            Ok((mean, clip / f64::from(MIDDLE)))
        };
        Ok(Self { features: (0..len).map(range).collect::<Result<_>>()? })
    }

    /// The maps of the features to bytes.
    ///
    /// # Errors
    ///
    /// If there are none.
    pub fn maps(&self, like: Row<'_>) -> Result<InputMaps> {
        let line = |&(mean, step): &(f64, f64)| {
            let factor = if step > 0.0 { 1.0 / step } else { 0.0 };
            (mean - f64::from(MIDDLE) * step, factor)
        };
        InputMaps::nearest(like, self.features.iter().map(line))
    }

    /// The scaling of bytes that is the same as one of numbers.
    #[must_use]
    pub fn of_bytes<T: Number>(&self, scales: &Scales<T>) -> Scales<T> {
        let number = |all: &[T], feature: usize, none: f64| {
            all.get(feature).map_or(none, |number| number.to_f64())
        };
        let scaled = self.features.iter().enumerate().map(|(feature, &(mean, step))| {
            let (offset, factor) =
                (number(&scales.offset, feature, 0.0), number(&scales.factor, feature, 1.0));
            // Of what is always the same the byte is 0, which stands for the mean.
            let (low, step) =
                if step > 0.0 { (mean - f64::from(MIDDLE) * step, step) } else { (mean, 1.0) };
            (T::from_f64((offset - low) / step), T::from_f64(step * factor))
        });
        let (offset, factor) = scaled.unzip();
        Scales { offset, factor, ..scales.clone() }
    }

    /// The features that are always the same.
    pub fn constant(&self) -> impl Iterator<Item = usize> {
        let all = self.features.iter().enumerate();
        all.filter(|(_, (_, step))| *step == 0.0).map(|(feature, _)| feature)
    }
}

#[cfg(test)]
mod tests;
