//! What whitens the inputs of a run's first layer.

use crate::buffers::Aligned;
use crate::config::Config;
use anyhow::{Context, Result, bail};
use barenet::{Whitening, fit_whitening, whitening_len};
use barenet_blas::Backend;
use barenet_data::samples::Samples;
use barenet_model::number::Number;

/// Samples by which the inputs are whitened, at most: more change little.
const SAMPLES: usize = 4096;
/// Samples that are read at once.
const ROWS: usize = 64;
/// What there may not be enough memory for.
const WHAT: &str = "what whitens the inputs";

/// Factors that whiten, and the memory of a step.
pub(crate) struct Whitened<T> {
    factors: Aligned<T>,
    spare: Aligned<T>,
}

impl<T: Number> Whitened<T> {
    /// The memory of it, if a run whitens.
    ///
    /// # Errors
    ///
    /// If there is not enough.
    pub(crate) fn zeros(config: &Config) -> Result<Option<Self>> {
        if config.values().whitening().is_none() {
            return Ok(None);
        }
        let arch = config.arch();
        let factors = Aligned::zeros(whitening_len(&arch), WHAT)?;
        let spare = Aligned::zeros(Whitening::<T>::spare_len(&arch), WHAT)?;
        Ok(Some(Self { factors, spare }))
    }

    /// What whitens a run, if it does. It follows from its settings and its data, so that no checkpoint has it.
    ///
    /// # Errors
    ///
    /// If there is not enough memory, inputs are no finite numbers, or they differ by too little.
    pub(crate) fn new(
        config: &Config,
        train: &Samples<'_, T>,
        backend: &Backend,
    ) -> Result<Option<Self>> {
        let (Some(epsilon), Some(mut whitened)) =
            (config.values().whitening(), Self::zeros(config)?)
        else {
            return Ok(None);
        };
        let (arch, dim) = (config.arch(), config.arch().input_dim());
        let mut found = Aligned::zeros(whitened.factors.len(), WHAT)?;
        let mut means = Aligned::zeros(dim, WHAT)?;
        let mut x = Aligned::zeros(dim.saturating_mul(ROWS), WHAT)?;
        backend
            .install(|| {
                fit_whitening(
                    backend, &arch, train, SAMPLES, epsilon, &mut found, &mut means, &mut x,
                )
            })
            .context("the inputs cannot be whitened; take whiten 0, or another --scale")?;
        for (factor, &found) in whitened.factors.iter_mut().zip(found.iter()) {
            *factor = T::from_f64(found);
        }
        if !whitened.factors.iter().all(|factor| factor.is_finite()) {
            bail!(
                "whiten: the inputs differ too little from each other for the number type; take whiten 0, or another --scale"
            );
        }
        Ok(Some(whitened))
    }

    /// Lends them.
    pub(crate) fn lend(&mut self) -> Whitening<'_, T> {
        let Self { factors, spare } = self;
        Whitening { factors, spare }
    }
}
