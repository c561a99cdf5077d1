//! A tensor of a file.

use super::flatbuffer::{Scalar, Table};
use crate::interchange::safetensors::of_half;
use anyhow::{Context, Result, bail, ensure};

/// Types of numbers, as the schema counts them.
const TYPES: [&str; 11] = [
    "float32",
    "float16",
    "int32",
    "uint8",
    "int64",
    "string",
    "bool",
    "int16",
    "complex64",
    "int8",
    "float64",
];

const FLOAT16: usize = 1;
const INT32: usize = 2;
const UINT8: usize = 3;
const INT8: usize = 9;

/// The largest unit that a ReLU6 leaves.
const SIX: f32 = 6.0;

/// A tensor.
#[derive(Clone, Debug)]
pub(super) struct Tensor<'a> {
    pub(super) name: String,
    pub(super) shape: Vec<i32>,
    /// Its place in [`TYPES`].
    kind: usize,
    /// Its numbers, if it is a constant.
    bytes: &'a [u8],
    pub(super) scales: Vec<f32>,
    zero_points: Vec<i64>,
    /// The dimension along which there are several scales.
    axis: usize,
}

impl<'a> Tensor<'a> {
    pub(super) fn read(table: Table<'a>, buffers: &[Table<'a>]) -> Result<Self> {
        let name = table.text(3)?;
        let kind: u8 = table.number(1, 0)?;
        let buffer: u32 = table.number(2, 0)?;
        let buffer = usize::try_from(buffer).ok().and_then(|buffer| buffers.get(buffer));
        let bytes = match buffer {
            None => &[][..],
            Some(buffer) => match buffer.number::<u64>(1, 0)? {
                // Of files of more than 2 GiB, numbers lie behind the FlatBuffer.
                first if first > 1 => buffer.part(first, buffer.number(2, 0)?)?,
                _ => buffer.bytes(0)?,
            },
        };
        let (mut scales, mut zero_points, mut axis) = (Vec::new(), Vec::new(), 0);
        if let Some(quantization) = table.table(4)? {
            scales = quantization.numbers(2)?;
            zero_points = quantization.numbers(3)?;
            axis = quantization.number::<i32>(6, 0)?.try_into().unwrap_or(usize::MAX);
        }
        Ok(Self {
            name,
            shape: table.numbers(0)?,
            kind: kind.into(),
            bytes,
            scales,
            zero_points,
            axis,
        })
    }

    /// As messages name it.
    pub(super) fn shown(&self) -> String {
        format!("tensor \"{}\"", self.name.escape_debug())
    }

    /// Whether it has numbers of its own.
    pub(super) fn is_constant(&self) -> bool {
        !self.bytes.is_empty()
    }

    /// Its shape as rows and columns: all dimensions but the last, and the last.
    pub(super) fn matrix(&self) -> Result<(usize, usize)> {
        let sizes = self.shape.iter().map(|&size| usize::try_from(size));
        let sizes: Vec<_> = sizes.collect::<Result<_, _>>().context("a size is below 0")?;
        let Some((&columns, rows)) = sizes.split_last() else { bail!("it is one number") };
        let rows = rows.iter().try_fold(1_usize, |all, &rows| all.checked_mul(rows));
        Ok((rows.context("its shape is too large")?, columns))
    }

    /// Its numbers as the real ones that they stand for.
    pub(super) fn numbers(&self) -> Result<Vec<f64>> {
        let stored = self.stored().with_context(|| self.shown())?;
        let (rows, columns) = self.matrix().unwrap_or((1, stored.len()));
        ensure!(
            rows.checked_mul(columns) == Some(stored.len()),
            "{}: its shape is {:?}, and it has {} numbers",
            self.shown(),
            self.shape,
            stored.len()
        );
        let (scales, zeros) = (&self.scales, &self.zero_points);
        if scales.is_empty() {
            let what = "its int8 have no scale, which says what they stand for";
            ensure!(self.kind != INT8, "{}: {what}", self.shown());
            return Ok(stored);
        }
        self.check_scales()?;
        let in_rows = scales.len() == rows && self.axis == 0;
        ensure!(
            scales.len() == 1 || in_rows || rows == 1 && scales.len() == columns,
            "{}: it has {} scales, and one for each of {rows} rows is needed",
            self.shown(),
            scales.len()
        );
        let numbers = stored.iter().enumerate().map(|(place, x)| {
            let at = match scales.len() {
                1 => 0,
                _ if in_rows => place / columns.max(1),
                _ => place,
            };
            let zero = zeros.get(at).copied().unwrap_or(0) as f64;
            (x - zero) * f64::from(scales.get(at).copied().unwrap_or(0.0))
        });
        Ok(numbers.collect())
    }

    /// Refuses scales that are no numbers above 0, and zero points that are no bytes of its type.
    pub(super) fn check_scales(&self) -> Result<()> {
        ensure!(
            self.scales.iter().all(|&scale| scale.is_finite() && scale > 0.0),
            "{}: a scale is no number above 0",
            self.shown()
        );
        let (of, bytes) = match self.kind {
            INT8 => ("int8", -128..=127),
            UINT8 => ("uint8", 0..=255),
            _ => return Ok(()),
        };
        match self.zero_points.iter().find(|&zero| !bytes.contains(zero)) {
            Some(zero) => bail!("{}: its zero point is {zero}, which is no {of}", self.shown()),
            None => Ok(()),
        }
    }

    /// Its numbers, if they are signed bytes.
    pub(super) fn bytes_as_i8(&self) -> Option<Vec<i8>> {
        (self.kind == INT8).then(|| self.bytes.iter().map(|x| x.cast_signed()).collect())
    }

    /// Its numbers, which are of 32 bits.
    pub(super) fn integers(&self) -> Result<Vec<i32>> {
        ensure!(self.kind == INT32, "{}: it is not int32", self.shown());
        Ok(self.bytes.chunks_exact(size_of::<i32>()).filter_map(i32::read).collect())
    }

    /// Whether 0 stands for 0.
    pub(super) fn is_symmetric(&self) -> bool {
        self.zero_points.iter().all(|&zero| zero == 0)
    }

    /// The scale of a row.
    pub(super) fn scale_of_row(&self, row: usize) -> Result<f32> {
        let scale = if self.scales.len() == 1 { self.scales.first() } else { self.scales.get(row) };
        let scale = scale.copied().filter(|scale| scale.is_finite() && *scale > 0.0);
        ensure!(self.scales.len() == 1 || self.axis == 0, "its scales are not one for each unit");
        scale.context("a scale is missing, or no number above 0")
    }

    /// The scale and the zero point of all its numbers, which are signed bytes.
    pub(super) fn one_scale(&self) -> Result<(f32, i8)> {
        let (&[scale], &[zero]) = (&*self.scales, &*self.zero_points) else {
            bail!("it has {} scales, and one is needed", self.scales.len());
        };
        ensure!(self.kind == INT8, "it is not int8");
        ensure!(scale.is_finite() && scale > 0.0, "its scale is no number above 0");
        Ok((scale, i8::try_from(zero).ok().context("its zero point is no signed byte")?))
    }

    /// Whether a ReLU6 cuts off no byte of these units, so that it is a ReLU: the largest byte stands for 6 at most, as TFLite
    /// rounds it.
    pub(super) fn ends_at_six(&self) -> bool {
        self.one_scale().is_ok_and(|(scale, zero_point)| {
            (SIX / scale).round() + f32::from(zero_point) >= f32::from(i8::MAX)
        })
    }

    /// Whether its shape is of samples of so many numbers, as far as it is known.
    pub(super) fn has_samples_of(&self, len: usize) -> bool {
        let sizes: Option<Vec<usize>> = self
            .shape
            .iter()
            .map(|&size| usize::try_from(size).ok().filter(|&size| size > 0))
            .collect();
        let Some((&samples, rest)) = sizes.as_deref().and_then(<[usize]>::split_first) else {
            return true;
        };
        let per_sample = rest.iter().try_fold(1_usize, |all, &size| all.checked_mul(size));
        per_sample == Some(len) || rest.is_empty() && samples == len
    }

    /// Refuses biases whose integers do not stand for what sums of products of `x` and `w` stand for, as TFLite does: by a
    /// fiftieth of a step of `y`.
    pub(super) fn check_scale_of_sums(&self, x: &Self, w: &Self, y: &Self) -> Result<()> {
        let (Ok((x, _)), Ok((y, _))) = (x.one_scale(), y.one_scale()) else { return Ok(()) };
        for row in 0..self.scales.len() {
            let (own, sums) = (self.scale_of_row(row)?, x * w.scale_of_row(row)?);
            ensure!(
                ((own - sums) / y).abs() <= 0.02,
                "its biases have scale {own}, and sums of its inputs and weights {sums}"
            );
        }
        Ok(())
    }

    /// Whether its least byte stands for 0.
    pub(super) fn starts_at_zero(&self) -> bool {
        self.one_scale().is_ok_and(|(_, zero_point)| zero_point == i8::MIN)
    }

    /// Its numbers as they are stored.
    fn stored(&self) -> Result<Vec<f64>> {
        fn all<N: Scalar>(bytes: &[u8], to: impl Fn(N) -> f64) -> Result<Vec<f64>> {
            let size = size_of::<N>();
            ensure!(bytes.len().is_multiple_of(size), "its last number is not whole");
            Ok(bytes.chunks_exact(size).filter_map(N::read).map(to).collect())
        }
        match self.kind {
            0 => all(self.bytes, |x: f32| x.into()),
            FLOAT16 => all(self.bytes, of_half),
            INT32 => all(self.bytes, |x: i32| x.into()),
            UINT8 => all(self.bytes, |x: u8| x.into()),
            4 => all(self.bytes, |x: i64| x as f64),
            INT8 => all(self.bytes, |x: i8| x.into()),
            kind => {
                let kind = TYPES.get(kind).copied().unwrap_or("of an unknown type");
                bail!(
                    "its numbers are {kind}; float32, float16, int32, uint8, int64 and int8 are read"
                )
            }
        }
    }
}
