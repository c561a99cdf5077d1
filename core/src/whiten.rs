//! Whitening of what the first layer sees, folded into its weights.
//!
//! Neighbouring pixels are nearly the same, and so are neighbouring samples of a sound. The first layer of a network learns sooner
//! from inputs that are not: x' = L⁻¹·x, where LLᵀ is the covariance of a window's inputs with a little added to each variance.
//! The layer that multiplies x' with V is the layer that multiplies x with W = L⁻ᵀ·V. So nothing is whitened when a network runs:
//! weights are drawn and changed as if they were V, and what is kept, measured and exported is W.
//!
//! ```text
//! W ← W·(1 − learning_rate·weight_decay) + L⁻ᵀ·step(L⁻¹·dW)
//! ```
//!
//! For a rule whose step does not depend on the weights but by its decay, as all of [`UpdateRule`] are, this is what
//! training V on x' does, but for what looks at W and dW themselves: `reg`, `clip_norm` and rounded weights. Muon learns the same by
//! any other matrix that whitens, as it does by this one.

#[cfg(feature = "whiten")]
mod fit;
mod places;
mod products;

#[cfg(feature = "whiten")]
pub use fit::fit_whitening;

use crate::arch::{AnyLayer, Arch};
use crate::error::{Error, check_len};
use crate::float::Float;
use crate::gemm::Gemm;
use crate::machine::{Pass, Split, run, split_elements};
use crate::optim::{DecayOn, UpdateRule};
use crate::slices::{Divide, copy, split_fields, zip};
use places::Places;
use products::Product;

/// Inputs that a unit of the first layer sees, at most.
pub const MAX_WHITENED_INPUTS: usize = 1024;

/// Elements of L⁻¹ of all places, at most: to find more takes seconds.
pub const MAX_WHITENING_LEN: usize = 1 << 23;

/// The least that is added to each variance, as a share of their mean, so that there is a root of inputs that follow from each other.
pub const MIN_EPSILON: f64 = 1e-6;

/// Elements of L⁻¹ for the first layer of a network: K·K for each place whose window has K inputs, an affine layer being one place.
///
/// ```
/// use barenet::{Arch, whitening_len};
/// assert_eq!(whitening_len(&Arch::new(&[3, 5, 2])), 9);
/// ```
#[must_use]
pub fn whitening_len(arch: &Arch<'_>) -> usize {
    let of_layer = |layer: AnyLayer| {
        let fan_ins = layer.windows.places().map(|place| place.fan_in(&layer.windows));
        fan_ins.fold(0_usize, |sum, k| sum.saturating_add(k.saturating_mul(k)))
    };
    first_layer(arch).map_or(0, of_layer)
}

/// The first layer, whose inputs are whitened.
fn first_layer(arch: &Arch<'_>) -> Option<AnyLayer> {
    arch.any_layers().next()
}

/// What whitens the inputs of the first layer: [`Solver::with_whitening`](crate::Solver::with_whitening). Left empty, nothing is.
#[derive(Debug)]
pub struct Whitening<'a, T> {
    /// L⁻¹ of each place, row by row, [`whitening_len`]: that of [`fit_whitening`]. Zeros stand above the diagonal.
    pub factors: &'a [T],
    /// Twice the weights of the first layer. May hold anything.
    pub spare: &'a mut [T],
}

impl<T> Default for Whitening<'_, T> {
    fn default() -> Self {
        Self { factors: &[], spare: &mut [] }
    }
}

impl<T> Whitening<'_, T> {
    /// Whether nothing is whitened: always, without the feature `whiten`.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        !cfg!(feature = "whiten") || self.factors.is_empty()
    }

    /// Elements of [`Self::spare`].
    ///
    /// ```
    /// use barenet::{Arch, Whitening};
    /// assert_eq!(Whitening::<f32>::spare_len(&Arch::new(&[3, 5, 2])), 2 * 15);
    /// ```
    #[must_use]
    pub fn spare_len(arch: &Arch<'_>) -> usize {
        first_layer(arch).map_or(0, |layer| layer.w.len().saturating_mul(2))
    }
}

impl<T: Float> Whitening<'_, T> {
    /// W ← L⁻ᵀ·W, of weights that were drawn as if for whitened inputs.
    ///
    /// ```
    /// use barenet::{Arch, Portable, Whitening};
    /// let (mut params, mut spare) = ([1.0, 1.0, 9.0], [0.0; 4]);
    /// let mut whitening = Whitening { factors: &[2.0, 0.0, -1.0, 3.0], spare: &mut spare };
    /// whitening.fold_into(&Portable, &Arch::new(&[2, 1]), &mut params)?;
    /// assert_eq!(params, [2.0 - 1.0, 3.0, 9.0]);
    /// # Ok::<(), barenet::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Shape`] if a slice has not the length that it needs; nothing is written in that case.
    pub fn fold_into(
        &mut self,
        gemm: &impl Gemm<T>,
        arch: &Arch<'_>,
        params: &mut [T],
    ) -> Result<(), Error> {
        self.check(arch)?;
        check_len("params", arch.num_params(), params.len())?;
        let Some(layer) = first_layer(arch) else { return Ok(()) };
        let (drawn, _) = (&mut *self.spare).divide(layer.w.len());
        if let Some(w) = params.get_mut(layer.w) {
            copy(drawn, w);
            let (places, factors) = (Places::of(layer.windows), self.factors);
            run(gemm, Product { gemm, places, factors, is_transposed: true, from: drawn, to: w });
        }
        Ok(())
    }

    /// Refuses slices that have not the lengths they need.
    pub(crate) fn check(&self, arch: &Arch<'_>) -> Result<(), Error> {
        check_len("factors", whitening_len(arch), self.factors.len())?;
        check_len("spare", Self::spare_len(arch), self.spare.len())?;
        Ok(())
    }

    /// Changes the parameters of a network by one step, as [`UpdateRule::update_net`] does, with the first layer's as V; or as it does
    /// where nothing is whitened.
    ///
    /// `grads` are those of W, and are so afterwards.
    ///
    /// ```
    /// use barenet::{Arch, DecayOn, Portable, UpdateRule, Whitening};
    /// let (arch, on) = (Arch::new(&[2, 1]), DecayOn::All);
    /// let (mut params, mut grads, mut spare) = ([0.0; 3], [1.0, 4.0, 3.0], [0.0; 4]);
    /// let mut whitening = Whitening { factors: &[2.0, 0.0, -1.0, 1.0], spare: &mut spare };
    /// let rule = UpdateRule::Sgd;
    /// whitening.update_net(&rule, &Portable, &arch, on, 1.0, 1, &mut params, &mut grads, &mut [], &mut [])?;
    /// // L⁻¹·dW is [2, 3], and L⁻ᵀ of that [4 - 3, 3].
    /// # #[cfg(feature = "whiten")]
    /// assert_eq!((params, grads), ([-1.0, -3.0, -3.0], [1.0, 4.0, 3.0]));
    /// # Ok::<(), barenet::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`UpdateRule::update_net`], and [`Error::Shape`] if a slice of this has not the length that it needs; nothing is written
    /// in that case.
    pub fn update_net(
        &mut self,
        rule: &UpdateRule<T>,
        gemm: &impl Gemm<T>,
        arch: &Arch<'_>,
        decay_on: DecayOn,
        learning_rate: T,
        t: usize,
        params: &mut [T],
        grads: &mut [T],
        state: &mut [T],
        workspace: &mut [T],
    ) -> Result<(), Error> {
        let mut update = |params: &mut [T], grads: &[T]| {
            rule.update_net(gemm, arch, decay_on, learning_rate, t, params, grads, state, workspace)
        };
        if self.is_empty() {
            return update(params, grads);
        }
        self.check(arch)?;
        let Some(layer) = first_layer(arch) else { return update(params, grads) };
        let shrink = rule.shrink(&layer, learning_rate);
        self.update_as_whitened(gemm, &layer, shrink, (params, grads), update)
    }

    /// `update` changes parameters by gradients; `shrink` is what the decay of it leaves of the first layer's weights.
    // Never inlined, so that a step that whitens nothing is as it would be without.
    #[inline(never)]
    fn update_as_whitened<G: Gemm<T>>(
        &mut self,
        gemm: &G,
        layer: &AnyLayer,
        shrink: T,
        (params, grads): (&mut [T], &mut [T]),
        update: impl FnOnce(&mut [T], &[T]) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let factors = self.factors;
        let (gradient, before) = (&mut *self.spare).divide(layer.w.len());
        let places = || Places::of(layer.windows);
        if let (Some(w), Some(dw)) =
            (params.get_mut(layer.w.clone()), grads.get_mut(layer.w.clone()))
        {
            copy(gradient, dw);
            copy(before, w);
            w.fill(T::ZERO);
            let (places, from) = (places(), &*gradient);
            run(gemm, Product { gemm, places, factors, is_transposed: false, from, to: dw });
        }
        let updated = update(params, grads);
        if let (Some(w), Some(dw)) =
            (params.get_mut(layer.w.clone()), grads.get_mut(layer.w.clone()))
        {
            if updated.is_ok() {
                let (places, from) = (places(), &*w);
                run(
                    gemm,
                    Product { gemm, places, factors, is_transposed: true, from, to: &mut *dw },
                );
                run(gemm, Add { shrink, before, step: dw, w });
            } else {
                copy(w, before);
            }
            copy(dw, gradient);
        }
        updated
    }
}

/// w ← shrink·before + step
struct Add<'a, T> {
    shrink: T,
    before: &'a [T],
    step: &'a [T],
    w: &'a mut [T],
}

impl<T: Float> Pass for Add<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        for (w, &before, &step) in zip!(self.w, self.before, self.step) {
            *w = self.shrink * before + step;
        }
    }
}

impl<T: Float> Split for Add<'_, T> {
    split_fields!(self at split_elements(self.w.len()) => before, step, w);
}

#[cfg(all(test, feature = "whiten"))]
mod tests;
