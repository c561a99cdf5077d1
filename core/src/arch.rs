//! The layer sizes of a network, and from them the length and place of every buffer, at compile
//! time.
//!
//! Counts are of elements, never bytes. Layer sizes that overflow are refused when the [`Arch`] is made. A
//! length that overflows because of the batch, or of a [`LayerSpec`] made by hand, is `usize::MAX`: no slice
//! has it, so what asks for it is refused like any slice that is too short.

/// A number that is computed layer by layer, from 0 on. Iterators are not const.
macro_rules! fold_layers {
    ($layers:expr, |$value:ident, $layer:ident| $next:expr) => {{
        let (mut layers, mut $value) = ($layers, 0);
        while let Some($layer) = layers.next_layer() {
            $value = $next;
        }
        $value
    }};
}

mod any_layer;
mod layer;
mod local;
mod with_local;

pub use any_layer::AnyLayer;
pub use layer::{Activation, LayerSpec, Layers};
pub use local::{LocalLayers, LocalSpec, LocalSpecs, Picture, Window};

use core::fmt;

/// The architecture of a network: {affine → \[batch norm\] → ReLU → \[dropout\]} × (L − 1) → affine.
///
/// With the feature `local`, [locally connected layers](LocalLayers) may come before them.
///
/// ```
/// use barenet::Arch;
///
/// const ARCH: Arch<'static> = Arch::new(&[3072, 100, 10]);
/// static PARAMS: [f32; ARCH.num_params()] = [0.0; ARCH.num_params()];
/// assert_eq!(PARAMS.len(), 3072 * 100 + 100 + 100 * 10 + 10);
/// assert_eq!(ARCH.infer_workspace_len(1), 110);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arch<'a> {
    dims: &'a [usize],
    batchnorm: bool,
    #[cfg(feature = "local")]
    local: LocalLayers<'a>,
}

/// Why layer sizes are refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ArchError {
    /// Fewer than two sizes: a network has at least inputs and classes.
    TooFewSizes,
    /// A size of 0, at this place in `dims`.
    ZeroSize(usize),
    /// So large that the number of parameters overflows.
    TooLarge,
    /// Windows of the locally connected layer of this number, from 0, that cannot be.
    Windows(usize),
    /// Locally connected layers that make another number of outputs than the first affine layer takes.
    LocalOutputs(usize),
}

impl fmt::Display for ArchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooFewSizes => {
                f.write_str("a network needs at least an input and an output size")
            }
            Self::ZeroSize(0) => f.write_str("the input size is 0; every size must be at least 1"),
            Self::ZeroSize(i) => write!(f, "layer {i} has size 0; every size must be at least 1"),
            Self::TooLarge => {
                f.write_str("the layer sizes are too large for this computer's memory")
            }
            Self::Windows(i) => write!(
                f,
                "the windows of locally connected layer {} do not fit: they need a size of at most a side of the picture, \
                 less padding than that, and a stride and units of at least 1",
                i + 1
            ),
            Self::LocalOutputs(outputs) => write!(
                f,
                "the locally connected layers make {outputs} numbers, and the first affine layer takes another number"
            ),
        }
    }
}

impl core::error::Error for ArchError {}

pub(crate) use fold_layers;

pub(crate) const fn max(a: usize, b: usize) -> usize {
    if a > b { a } else { b }
}

/// The sizes of its layers, such as `3072-100-10`; before them those of locally connected layers, if there are some.
///
/// ```
/// assert_eq!(barenet::Arch::new(&[3072, 100, 10]).to_string(), "3072-100-10");
/// ```
impl fmt::Display for Arch<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.has_local() {
            write!(f, "{} - locally connected {} - ", self.input_dim(), self.local())?;
        }
        for (number, size) in self.dims().iter().enumerate() {
            let dash = if number > 0 { "-" } else { "" };
            write!(f, "{dash}{size}")?;
        }
        Ok(())
    }
}

impl<'a> Arch<'a> {
    /// Describes a network of sizes `[D, H1, …, C]`, without batch norm, refusing what cannot be.
    ///
    /// # Errors
    ///
    /// [`ArchError`] if there are fewer than two sizes, one is 0, or the parameters overflow.
    pub const fn try_new(dims: &'a [usize]) -> Result<Self, ArchError> {
        let Some((mut fan_in, mut rest)) = dims.split_first() else {
            return Err(ArchError::TooFewSizes);
        };
        if rest.is_empty() {
            return Err(ArchError::TooFewSizes);
        }
        if *fan_in == 0 {
            return Err(ArchError::ZeroSize(0));
        }
        let (mut index, mut total) = (1, 0_usize);
        while let Some((fan_out, tail)) = rest.split_first() {
            if *fan_out == 0 {
                return Err(ArchError::ZeroSize(index));
            }
            // W, b, gamma, beta: fan_in·fan_out + 3·fan_out at most.
            let Some(with_bias) = fan_in.checked_add(3) else { return Err(ArchError::TooLarge) };
            let Some(layer) = with_bias.checked_mul(*fan_out) else {
                return Err(ArchError::TooLarge);
            };
            total = match total.checked_add(layer) {
                // A slice of f64 has at most isize::MAX bytes.
                Some(total) if total <= usize::MAX / 16 => total,
                _ => return Err(ArchError::TooLarge),
            };
            (fan_in, rest, index) = (fan_out, tail, index + 1);
        }
        Ok(Self {
            dims,
            batchnorm: false,
            #[cfg(feature = "local")]
            local: LocalLayers::NONE,
        })
    }

    /// Describes a network of sizes `[D, H1, …, C]`, without batch norm.
    ///
    /// For a `const`: impossible sizes are a compile error. At run time use [`Self::try_new`].
    ///
    /// # Panics
    ///
    /// If the sizes are refused by [`Self::try_new`].
    #[must_use]
    #[allow(clippy::panic)] // A compile error, when it is used as intended.
    pub const fn new(dims: &'a [usize]) -> Self {
        match Self::try_new(dims) {
            Ok(arch) => arch,
            Err(ArchError::TooFewSizes) => panic!("a network needs an input and an output size"),
            Err(ArchError::ZeroSize(_)) => panic!("every layer size must be at least 1"),
            Err(_) => panic!("the layer sizes overflow"),
        }
    }

    /// The same sizes, with batch norm after every hidden layer.
    #[must_use]
    pub const fn with_batchnorm(self) -> Self {
        Self { batchnorm: true, ..self }
    }

    /// The same sizes, without batch norm.
    #[must_use]
    pub const fn without_batchnorm(self) -> Self {
        Self { batchnorm: false, ..self }
    }

    /// The layers that follow the first `num_layers`, as a network of its own. Its parameters are the
    /// last ones of the whole network's.
    ///
    /// For a `const`, as [`Self::new`] is.
    ///
    /// ```
    /// use barenet::Arch;
    /// const ARCH: Arch<'static> = Arch::new(&[3072, 100, 50, 10]);
    /// assert_eq!(ARCH.head(2), Arch::new(&[50, 10]));
    /// ```
    ///
    /// # Panics
    ///
    /// Unless at least one layer follows.
    #[must_use]
    #[allow(clippy::panic)] // A compile error, when it is used as intended.
    pub const fn head(self, num_layers: usize) -> Self {
        match self.dims.split_at_checked(num_layers) {
            Some((_, dims)) if dims.len() >= 2 => Self {
                dims,
                #[cfg(feature = "local")]
                local: LocalLayers::NONE,
                ..self
            },
            _ => panic!("the head of a network has at least one layer"),
        }
    }

    /// The sizes of the affine layers, `[D, H1, …, C]`. With locally connected layers, the first is the number of their outputs.
    #[must_use]
    pub const fn dims(&self) -> &'a [usize] {
        self.dims
    }

    /// Whether batch norm follows every hidden layer.
    #[must_use]
    pub const fn has_batchnorm(&self) -> bool {
        self.batchnorm
    }

    /// Inputs D.
    #[must_use]
    pub const fn input_dim(&self) -> usize {
        if self.has_local() {
            return self.local().num_inputs();
        }
        match self.dims.first() {
            Some(dim) => *dim,
            None => 0,
        }
    }

    /// Outputs C: the scores of as many classes, or as many numbers.
    #[must_use]
    pub const fn num_classes(&self) -> usize {
        match self.dims.last() {
            Some(dim) => *dim,
            None => 0,
        }
    }

    /// The number of affine layers, L.
    #[must_use]
    pub const fn num_layers(&self) -> usize {
        self.dims.len().saturating_sub(1)
    }

    /// The affine layers from first to last.
    #[must_use]
    pub const fn layers(&self) -> Layers<'a> {
        let (params, running) = (self.local_params_len(), self.local_running_len());
        Layers { dims: self.dims, batchnorm: self.batchnorm, params, running }
    }

    /// The affine layers from last to first.
    pub fn layers_reversed(&self) -> impl Iterator<Item = LayerSpec> + use<'a> {
        let Self { mut dims, batchnorm, .. } = *self;
        let (mut params_end, mut running_end) = (self.num_params(), self.num_running());
        let mut activation = Activation::Identity;
        core::iter::from_fn(move || {
            let (&fan_out, before) = dims.split_last()?;
            let &fan_in = before.last()?;
            let batchnorm = batchnorm && activation != Activation::Identity;
            let layer = LayerSpec {
                fan_in,
                fan_out,
                activation,
                batchnorm,
                params_start: 0,
                running_start: 0,
            };
            params_end = params_end.saturating_sub(layer.params_len());
            running_end = running_end.saturating_sub(layer.running_len());
            (dims, activation) = (before, Activation::Relu);
            Some(LayerSpec { params_start: params_end, running_start: running_end, ..layer })
        })
    }

    /// Elements of `params` and of `grads`.
    #[must_use]
    pub const fn num_params(&self) -> usize {
        let affine =
            fold_layers!(self.layers(), |len, layer| layer.params_len().saturating_add(len));
        self.local_params_len().saturating_add(affine)
    }

    /// Elements of `running`.
    #[must_use]
    pub const fn num_running(&self) -> usize {
        let affine =
            fold_layers!(self.layers(), |len, layer| layer.running_len().saturating_add(len));
        self.local_running_len().saturating_add(affine)
    }

    /// Elements that all hidden layers leave for the backward pass.
    #[must_use]
    pub const fn cache_len(&self, batch: usize) -> usize {
        let affine =
            fold_layers!(self.layers(), |len, layer| layer.cache_len(batch).saturating_add(len));
        self.local_cache_len(batch).saturating_add(affine)
    }

    /// Elements of the workspace of `loss` for a batch: the caches, and two blocks through which
    /// scores and gradients flow back.
    #[must_use]
    pub const fn train_workspace_len(&self, batch: usize) -> usize {
        let block = batch.saturating_mul(self.widest());
        self.cache_len(batch).saturating_add(block.saturating_mul(2))
    }

    /// Elements of the workspace of `scores` for a batch: layers write to two blocks in turn.
    #[must_use]
    pub const fn infer_workspace_len(&self, batch: usize) -> usize {
        let (even, odd) = self.infer_blocks(batch);
        even.saturating_add(odd)
    }

    /// The two blocks of [`Self::infer_workspace_len`]: outputs of the affine layers 0, 2, … and 1, 3, ….
    pub(crate) const fn infer_blocks(&self, batch: usize) -> (usize, usize) {
        let (mut layers, mut now, mut next) = (self.layers(), 0, 0);
        while let Some(layer) = layers.next_layer() {
            (now, next) = (next, max(now, layer.fan_out));
        }
        let (even, odd) = if self.num_layers() % 2 == 1 { (next, now) } else { (now, next) };
        let local = self.local_widest();
        (batch.saturating_mul(max(even, local)), batch.saturating_mul(max(odd, local)))
    }

    /// The widest output of a layer.
    pub(crate) const fn widest(&self) -> usize {
        let affine = fold_layers!(self.layers(), |widest, layer| max(widest, layer.fan_out));
        max(self.local_widest(), affine)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_that_cannot_be_are_refused() {
        assert_eq!(Arch::try_new(&[]), Err(ArchError::TooFewSizes));
        assert_eq!(Arch::try_new(&[3]), Err(ArchError::TooFewSizes));
        assert_eq!(Arch::try_new(&[3, 0, 2]), Err(ArchError::ZeroSize(1)));
        assert_eq!(Arch::try_new(&[0, 2]), Err(ArchError::ZeroSize(0)));
        assert_eq!(Arch::try_new(&[usize::MAX, 2]), Err(ArchError::TooLarge));
        assert_eq!(Arch::try_new(&[1 << 20, usize::MAX / (1 << 20)]), Err(ArchError::TooLarge));
    }

    #[test]
    fn lengths_are_known_at_compile_time() {
        const ARCH: Arch<'static> = Arch::new(&[4, 5, 3, 2]).with_batchnorm();
        const PARAMS: usize = ARCH.num_params();
        assert_eq!(PARAMS, (20 + 5 + 10) + (15 + 3 + 6) + (6 + 2));
        assert_eq!(ARCH.num_running(), 10 + 6);
        assert_eq!(ARCH.cache_len(7), 7 * 5 * 2 + 5 + 7 * 3 * 2 + 3);
        assert_eq!(ARCH.train_workspace_len(7), ARCH.cache_len(7) + 2 * 7 * 5);
    }

    #[test]
    fn inference_needs_the_widest_of_every_other_layer() {
        assert_eq!(Arch::new(&[9, 7]).infer_blocks(1), (7, 0));
        assert_eq!(Arch::new(&[9, 7, 8]).infer_blocks(2), (14, 16));
        assert_eq!(Arch::new(&[9, 7, 8, 6, 3]).infer_blocks(1), (7, 8));
        assert_eq!(Arch::new(&[9, 2, 8, 6, 3, 1]).infer_blocks(1), (6, 8));
    }

    #[test]
    fn layers_lie_one_after_the_other() {
        let arch = Arch::new(&[4, 5, 3]).with_batchnorm();
        let mut end = (0, 0);
        for layer in arch.layers() {
            assert_eq!((layer.w().start, layer.running_mean().start), end);
            end = (layer.beta().end, layer.running_var().end);
            assert_eq!(end.0, layer.params_start + layer.params_len());
            assert_eq!(end.1, layer.running_start + layer.running_len());
        }
        assert_eq!(end, (arch.num_params(), arch.num_running()));
    }

    #[test]
    fn layers_reversed_are_the_same_layers() {
        for dims in [&[4, 5][..], &[4, 5, 3], &[9, 2, 8, 6, 1]] {
            for arch in [Arch::new(dims), Arch::new(dims).with_batchnorm()] {
                let mut layers: std::vec::Vec<_> = arch.layers_reversed().collect();
                layers.reverse();
                assert_eq!(layers, arch.layers().collect::<std::vec::Vec<_>>());
            }
        }
    }
}
