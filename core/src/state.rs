//! The numbers of a network: named views carved out of flat slices whose lengths are checked once.

use crate::arch::{Arch, LayerSpec};
use crate::error::{Error, check_len};
use crate::layers::{HiddenCache, HiddenGrads, HiddenParams, Norm, NormGrads, RunningStats};
use crate::mat::{Mat, MatMut};
use crate::slices::take_mut;

/// The numbers that inference reads: parameters and running statistics.
#[derive(Clone, Copy, Debug)]
pub struct Weights<'a, T> {
    pub(crate) params: &'a [T],
    pub(crate) running: &'a [T],
}

impl<'a, T> Weights<'a, T> {
    /// Views two slices as the weights of a network.
    ///
    /// ```
    /// use barenet::{Arch, Weights};
    /// let arch = Arch::new(&[2, 3]);
    /// assert!(Weights::new(&arch, &[0.0; 9], &[]).is_ok());
    /// assert!(Weights::new(&arch, &[0.0; 8], &[]).is_err());
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Shape`] if `params` has not `arch.num_params()` or `running` not `arch.num_running()`
    /// elements.
    pub fn new(arch: &Arch<'_>, params: &'a [T], running: &'a [T]) -> Result<Self, Error> {
        check_len("params", arch.num_params(), params.len())?;
        check_len("running", arch.num_running(), running.len())?;
        Ok(Self { params, running })
    }

    /// The parameters: W1 b1 \[gamma1 beta1\] W2 b2 ….
    #[must_use]
    pub const fn params(&self) -> &'a [T] {
        self.params
    }

    /// The running statistics: mean1 var1 mean2 var2 ….
    #[must_use]
    pub const fn running(&self) -> &'a [T] {
        self.running
    }
}

/// The slices that training reads and writes.
#[derive(Debug)]
pub struct TrainState<'a, T> {
    pub(crate) params: &'a mut [T],
    pub(crate) running: &'a mut [T],
    pub(crate) grads: &'a mut [T],
    pub(crate) workspace: &'a mut [T],
}

impl<'a, T> TrainState<'a, T> {
    /// Views four slices as the state of a network in training.
    ///
    /// `grads` and `workspace` may hold anything. How long the workspace must be depends on the
    /// batch: [`Arch::train_workspace_len`].
    ///
    /// # Errors
    ///
    /// [`Error::Shape`] if `params` or `grads` has not `arch.num_params()`, or `running` not
    /// `arch.num_running()` elements.
    pub fn new(
        arch: &Arch<'_>,
        params: &'a mut [T],
        running: &'a mut [T],
        grads: &'a mut [T],
        workspace: &'a mut [T],
    ) -> Result<Self, Error> {
        check_len("params", arch.num_params(), params.len())?;
        check_len("running", arch.num_running(), running.len())?;
        check_len("grads", arch.num_params(), grads.len())?;
        Ok(Self { params, running, grads, workspace })
    }

    /// The weights, for inference between two steps.
    #[must_use]
    pub const fn weights(&self) -> Weights<'_, T> {
        Weights { params: self.params, running: self.running }
    }

    /// The gradients that the last `loss` wrote, laid out as `params`.
    #[must_use]
    pub const fn grads(&self) -> &[T] {
        self.grads
    }

    /// The parameters, for writing, and the gradients that the last `loss` wrote: what an update rule
    /// takes.
    #[must_use]
    pub const fn params_and_grads(&mut self) -> (&mut [T], &[T]) {
        (self.params, self.grads)
    }

    /// The parameters, for writing.
    #[must_use]
    pub const fn params_mut(&mut self) -> &mut [T] {
        self.params
    }
}

/// The views of one layer into `params`. `None` only if `params` is too short.
///
/// ```
/// use barenet::{Arch, layer_params};
/// let arch = Arch::new(&[1, 2, 1]);
/// let params = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0];
/// let layer = layer_params(&arch.layers().last().unwrap(), &params).unwrap();
/// assert_eq!((layer.w.data(), layer.b), (&[5.0, 6.0][..], &[7.0][..]));
/// ```
#[must_use]
pub fn layer_params<'a, T>(layer: &LayerSpec, params: &'a [T]) -> Option<HiddenParams<'a, T>> {
    let norm = if layer.batchnorm {
        Some(Norm { gamma: params.get(layer.gamma())?, beta: params.get(layer.beta())? })
    } else {
        None
    };
    let w = Mat::new(params.get(layer.w())?, layer.fan_in, layer.fan_out).ok()?;
    Some(HiddenParams { w, b: params.get(layer.b())?, norm })
}

/// The views of one layer into `grads` or, to write them, `params`. `None` only if it is too short.
#[must_use]
pub fn layer_grads<'a, T>(layer: &LayerSpec, grads: &'a mut [T]) -> Option<HiddenGrads<'a, T>> {
    let places = [layer.w(), layer.b(), layer.gamma(), layer.beta()];
    let [dw, db, dgamma, dbeta] = grads.get_disjoint_mut(places).ok()?;
    let norm = layer.batchnorm.then_some(NormGrads { dgamma, dbeta });
    Some(HiddenGrads { dw: MatMut::new(dw, layer.fan_in, layer.fan_out).ok()?, db, norm })
}

/// The running statistics of one layer, for reading; `None` without batch norm.
#[must_use]
pub fn layer_running<'a, T>(layer: &LayerSpec, running: &'a [T]) -> Option<RunningStats<&'a [T]>> {
    let mean = running.get(layer.running_mean())?;
    let stats = RunningStats { mean, var: running.get(layer.running_var())? };
    layer.batchnorm.then_some(stats)
}

/// The running statistics of one layer, for writing; `None` without batch norm.
#[must_use]
pub fn layer_running_mut<'a, T>(
    layer: &LayerSpec,
    running: &'a mut [T],
) -> Option<RunningStats<&'a mut [T]>> {
    let places = [layer.running_mean(), layer.running_var()];
    let [mean, var] = running.get_disjoint_mut(places).ok()?;
    layer.batchnorm.then_some(RunningStats { mean, var })
}

/// Takes the cache of one layer off the front of `rest`.
pub(crate) fn take_cache<'a, T>(
    layer: &LayerSpec,
    batch: usize,
    rest: &mut &'a mut [T],
) -> Result<HiddenCache<'a, T>, Error> {
    let norm_rows = if layer.batchnorm { batch } else { 0 };
    let too_small = Error::BufferTooSmall {
        what: "workspace",
        required: layer.cache_len(batch),
        found: rest.len(),
    };
    let len = |rows: usize| rows.saturating_mul(layer.fan_out);
    let x_hat = take_mut(rest, len(norm_rows)).ok_or(too_small)?;
    let inv_std = take_mut(rest, layer.running_len() / 2).ok_or(too_small)?;
    let out = take_mut(rest, len(batch)).ok_or(too_small)?;
    Ok(HiddenCache {
        x_hat: MatMut::new(x_hat, norm_rows, layer.fan_out)?,
        inv_std,
        out: MatMut::new(out, batch, layer.fan_out)?,
    })
}
