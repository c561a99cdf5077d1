//! Memory of a run that trains rounded weights, and how its inputs become bytes.

use crate::buffers::Aligned;
use crate::config::Config;
use crate::input_bytes::input_factor;
use anyhow::Result;
use barenet::quant::{Bits, FakeQuant};
use barenet_data::DataSet;
use barenet_data::split::Split;
use barenet_model::number::Number;
use barenet_model::scales::Scales;

/// Rounded weights of a run.
pub(crate) struct Rounded<T> {
    params: Aligned<T>,
    bits: Vec<Bits>,
    input_factor: Vec<T>,
}

impl<T: Number> Rounded<T> {
    /// Those of a run, if it trains such. They follow from its settings and its data, so that no checkpoint has them.
    pub(crate) fn new(
        config: &Config,
        data: (&DataSet, &Split),
        scales: &Scales<T>,
    ) -> Result<Option<Self>> {
        let bits = config.trained_bits();
        if bits.is_empty() {
            return Ok(None);
        }
        let params = Aligned::zeros(config.arch().num_params(), "the rounded weights")?;
        Ok(Some(Self { params, bits, input_factor: input_factor(data, scales)? }))
    }

    /// Lends them.
    pub(crate) fn lend(&mut self) -> FakeQuant<'_, T> {
        let Self { params, bits, input_factor } = self;
        FakeQuant { params, bits, input_factor }
    }
}
