//! Training with the inputs of the first layer whitened.

use super::{Dataset, Solver, Strategy};
use crate::error::{Error, check_finite};
use crate::float::Float;
use crate::gemm::Gemm;
use crate::whiten::Whitening;

impl<'a, T, G, D, V, S> Solver<'a, T, G, D, V, S>
where
    T: Float,
    G: Gemm<T>,
    D: Dataset<T>,
    V: Dataset<T>,
    S: Strategy<T>,
{
    /// Trains the first layer as if its inputs were [whitened](Whitening), with the feature `whiten` of this crate.
    ///
    /// The weights of a run that begins are to be [folded](Whitening::fold_into) before. Nothing else is to be saved to resume a run: what
    /// whitens follows from the data and from a setting, [`fit_whitening`](crate::fit_whitening). Gradients, their norm and what clips it
    /// are those of the weights as they are. No step allocates.
    ///
    /// # Errors
    ///
    /// [`Error::Shape`] if a slice has not the length that it needs, [`Error::NonFinite`] if a factor is NaN or infinite.
    pub fn with_whitening(mut self, whitening: Whitening<'a, T>) -> Result<Self, Error> {
        whitening.check(&self.net.arch)?;
        check_finite("factors of whitening", whitening.factors)?;
        self.whitening = whitening;
        Ok(self)
    }
}
