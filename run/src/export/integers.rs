//! From a run to integers: what calibrates them, and the network that they make.

use super::figures::rows;
use super::{Folded, fold};
use crate::input_bytes::is_pixels;
use crate::trained_run::OnImages;
use anyhow::{Result, anyhow, bail, ensure};
use barenet::quant::{MIN_CALIBRATION_SAMPLES, QuantError};
use barenet_data::split::Part;
use barenet_model::export::inputs::{InputMaps, Ranges};
use barenet_model::export::int8::{self, Input, Int8, Method};
use barenet_model::export::model::{Model, Numbers};
use barenet_model::export::row::Row;
use std::borrow::Cow;

/// A network in f32 that takes bytes, and samples as these bytes.
pub(super) struct Source<'a> {
    folded: Model,
    input: Input,
    maps: Option<InputMaps>,
    like: Row<'a>,
    bytes: Vec<Cow<'a, [u8]>>,
}

impl<'a> Source<'a> {
    /// The network of a run, and the samples that calibrate it: so many that validate, or all, with those that train where
    /// they are too few.
    pub(super) fn new(folded: &Folded, size: Option<usize>, run: &'a OnImages<'_>) -> Result<Self> {
        let (val, train) = (rows(run, Part::Val), rows(run, Part::Train));
        // Of a small table too few validate.
        let of_train =
            if size.is_none() && val.len() < MIN_CALIBRATION_SAMPLES { train.len() } else { 0 };
        let size = size.unwrap_or(val.len());
        ensure!(
            size <= val.len(),
            "--calibration-size is {size}, but the run has only {} validation {}",
            val.len(),
            run.data.source.kind.samples
        );
        let all = val.take(size).chain(train.take(of_train));
        let Some(like) = rows(run, Part::Train).next() else { bail!("there are no samples") };
        // Numbers that are scaled alike are bytes as they are: pixels. Locally connected layers see pictures, whose colours
        // are scaled nearly alike.
        let is_alike = folded.model.local.is_some() && are_alike(&folded.scales.factor);
        let mut source =
            if is_alike && matches!(like, Row::U8(_)) || is_pixels(like, &folded.scales) {
                let (folded, input) = (folded.model.clone(), Input::Pixels);
                Self { folded, input, maps: None, like, bytes: Vec::new() }
            } else {
                let ranges = Ranges::fit(rows(run, Part::Train), run.data.input_dim())?;
                let (maps, input) = (Some(ranges.maps(like)?), Input::Centered);
                let folded = fold(run, Some(&ranges))?.model;
                Self { folded, input, maps, like, bytes: Vec::new() }
            };
        source.bytes = all.map(|row| source.to_bytes(row)).collect::<Result<_>>()?;
        Ok(source)
    }

    /// The bytes of a sample.
    pub(super) fn to_bytes(&self, row: Row<'a>) -> Result<Cow<'a, [u8]>> {
        match (&self.maps, row) {
            (Some(maps), row) => Ok(maps.to_bytes(row)?.into()),
            (None, Row::U8(bytes)) => Ok(bytes.into()),
            (None, _) => bail!("the network takes bytes"),
        }
    }

    /// The bytes of the samples that calibrate.
    pub(super) fn bytes(&self) -> Vec<&[u8]> {
        self.bytes.iter().map(|row| &**row).collect()
    }

    /// Number of layers.
    pub(super) fn num_layers(&self) -> usize {
        self.folded.arch().num_quant_layers()
    }

    /// Whether it has locally connected layers.
    pub(super) const fn is_local(&self) -> bool {
        self.folded.local.is_some()
    }

    /// The network in integers, with its inputs and its answer.
    pub(super) fn quantize(&self, method: &Method) -> Result<Int8> {
        let made = int8::quantize_by(&self.folded, self.input, method, &self.bytes());
        let mut int8 = made.map_err(|error| {
            let is_few = matches!(error.downcast_ref(), Some(QuantError::TooFewSamples { .. }));
            let advice =
                if is_few { "; take more of them, or --dtype f32, which needs none" } else { "" };
            anyhow!("int8: {error:#}{advice}")
        })?;
        if let Numbers::Int8 { score_scale, inputs, .. } = &mut int8.model.numbers {
            int8.model.answer = self.folded.answer.of_steps(*score_scale, self.like)?;
            inputs.clone_from(&self.maps);
        }
        Ok(int8)
    }
}

/// Whether factors, such as those of the colours of a picture, are so alike that the weights that they are folded into need no
/// scales of their own.
fn are_alike(factors: &[f64]) -> bool {
    let least = factors.iter().copied().fold(f64::INFINITY, f64::min);
    let most = factors.iter().copied().fold(0.0, f64::max);
    least > 0.0 && most <= 2.0 * least
}
