//! Architectures that begin with locally connected layers.

#[cfg(feature = "local")]
use super::ArchError;
use super::{Arch, LocalLayers, LocalSpecs, max};

impl<'a> Arch<'a> {
    /// The same layers after locally connected ones, whose outputs the first size is.
    ///
    /// ```
    /// use barenet::{Arch, LocalLayers, Picture, Window};
    ///
    /// const LAYERS: LocalLayers<'static> = LocalLayers {
    ///     picture: Picture { height: 8, width: 8, channels: 3, planes: true },
    ///     windows: &[Window { size: 4, stride: 2, units: 5, padding: 1 }],
    /// };
    /// let dims = [LAYERS.num_outputs(), 10];
    /// let arch = Arch::new(&dims).with_batchnorm().try_with_local(LAYERS)?;
    /// assert_eq!((arch.input_dim(), arch.num_classes()), (192, 10));
    /// // At the edges 3 of 4 pixels are seen, so 14 along a side of 4 windows.
    /// assert_eq!(arch.num_params(), 14 * 14 * 3 * 5 + 2 * 80 + 80 * 10 + 10);
    /// # Ok::<(), barenet::ArchError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`ArchError::Windows`] if windows cannot be, [`ArchError::LocalOutputs`] if the first affine layer does not take what the
    /// last of them makes, [`ArchError::TooLarge`].
    #[cfg(feature = "local")]
    pub const fn try_with_local(self, local: LocalLayers<'a>) -> Result<Self, ArchError> {
        if let Some(layer) = local.first_invalid() {
            return Err(ArchError::Windows(layer));
        }
        let first = match self.dims.first() {
            Some(dim) => *dim,
            None => 0,
        };
        if !local.windows.is_empty() && local.num_outputs() != first {
            return Err(ArchError::LocalOutputs(local.num_outputs()));
        }
        let arch = Self { local, ..self };
        // With batch norm, and of two numbers for each weight.
        if arch.with_batchnorm().num_params() > usize::MAX / 16 {
            return Err(ArchError::TooLarge);
        }
        Ok(arch)
    }

    /// The same layers after locally connected ones.
    ///
    /// For a `const`: what cannot be is a compile error. At run time use [`Self::try_with_local`].
    ///
    /// # Panics
    ///
    /// If [`Self::try_with_local`] returns an error.
    #[cfg(feature = "local")]
    #[must_use]
    #[allow(clippy::panic)] // A compile error, when it is used as intended.
    pub const fn with_local(self, local: LocalLayers<'a>) -> Self {
        match self.try_with_local(local) {
            Ok(arch) => arch,
            Err(ArchError::Windows(_)) => {
                panic!("the windows of a locally connected layer do not fit")
            }
            Err(ArchError::LocalOutputs(_)) => {
                panic!("the first size is not the outputs of the locally connected layers")
            }
            Err(_) => panic!("the layer sizes overflow"),
        }
    }

    /// The locally connected layers.
    #[must_use]
    #[inline]
    pub const fn local(&self) -> LocalLayers<'a> {
        #[cfg(feature = "local")]
        let local = self.local;
        #[cfg(not(feature = "local"))]
        let local = LocalLayers::NONE;
        local
    }

    /// Whether there are locally connected layers.
    #[must_use]
    #[inline]
    pub const fn has_local(&self) -> bool {
        cfg!(feature = "local") && !self.local().windows.is_empty()
    }

    /// The number of layers of either kind, each with outputs that [`quant::calibrate`](crate::quant::calibrate) observes.
    ///
    /// ```
    /// assert_eq!(barenet::Arch::new(&[64, 32, 10]).num_quant_layers(), 2);
    /// ```
    #[must_use]
    pub const fn num_quant_layers(&self) -> usize {
        let num_local = if self.has_local() { self.local().windows.len() } else { 0 };
        self.num_layers().saturating_add(num_local)
    }

    /// The locally connected layers from first to last.
    #[must_use]
    #[inline]
    pub const fn local_layers(&self) -> LocalSpecs<'a> {
        self.local().specs(self.batchnorm)
    }

    /// Elements of `params` of the locally connected layers.
    #[inline]
    pub(crate) const fn local_params_len(&self) -> usize {
        fold_layers!(self.local_layers(), |len, layer| layer.params_len().saturating_add(len))
    }

    /// Elements of `running` of the locally connected layers.
    #[inline]
    pub(super) const fn local_running_len(&self) -> usize {
        fold_layers!(self.local_layers(), |len, layer| layer.running_len().saturating_add(len))
    }

    /// Elements that the locally connected layers leave for the backward pass: the batch a feature a row, their caches, and
    /// their outputs a sample a row.
    pub(crate) const fn local_cache_len(&self, batch: usize) -> usize {
        if !self.has_local() {
            return 0;
        }
        let layers = fold_layers!(self.local_layers(), |len, layer| layer
            .cache_len(batch)
            .saturating_add(len));
        let ends = self.local().num_inputs().saturating_add(self.local().num_outputs());
        layers.saturating_add(batch.saturating_mul(ends))
    }

    /// Elements of the workspace of a [`FoldedNet`](crate::FoldedNet): layers write to two blocks in turn, and what a window of a
    /// locally connected layer has is copied to a third. Without such layers it is that of
    /// [`infer_workspace_len(1)`](Self::infer_workspace_len).
    ///
    /// ```
    /// # #[cfg(feature = "local")] {
    /// use barenet::{Arch, LocalLayers, Picture, Window};
    ///
    /// const LAYERS: LocalLayers<'static> = LocalLayers {
    ///     picture: Picture { height: 8, width: 8, channels: 3, planes: true },
    ///     windows: &[Window { size: 4, stride: 2, units: 5, padding: 1 }],
    /// };
    /// const ARCH: Arch<'static> = Arch::new(&[LAYERS.num_outputs(), 10]).with_local(LAYERS);
    /// assert_eq!(ARCH.folded_workspace_len(), 80 + 10 + 4 * 4 * 3);
    /// # }
    /// ```
    #[must_use]
    pub const fn folded_workspace_len(&self) -> usize {
        let (even, odd) = self.folded_blocks();
        even.saturating_add(odd).saturating_add(self.patch_len())
    }

    /// The two blocks of [`Self::folded_workspace_len`]: outputs of layers 0, 2, … and 1, 3, …, of either kind.
    pub(crate) const fn folded_blocks(&self) -> (usize, usize) {
        if !self.has_local() {
            return self.infer_blocks(1);
        }
        let (mut layers, mut now, mut next) = (self.local_layers(), 0, 0);
        while let Some(layer) = layers.next_layer() {
            (now, next) = (next, max(now, layer.fan_out()));
        }
        let (mut layers, num_local) = (self.layers(), self.local().windows.len());
        while let Some(layer) = layers.next_layer() {
            (now, next) = (next, max(now, layer.fan_out));
        }
        if (num_local + self.num_layers()) % 2 == 1 { (next, now) } else { (now, next) }
    }

    /// Inputs of the largest window.
    pub(crate) const fn patch_len(&self) -> usize {
        fold_layers!(self.local_layers(), |len, layer| max(len, layer.windows.fan_in()))
    }

    /// The widest of what goes through locally connected layers.
    pub(super) const fn local_widest(&self) -> usize {
        let inputs = if self.has_local() { self.local().num_inputs() } else { 0 };
        max(inputs, fold_layers!(self.local_layers(), |widest, layer| max(widest, layer.fan_out())))
    }
}
