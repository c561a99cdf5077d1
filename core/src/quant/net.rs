//! An int8 network: how long its buffers are, and the layers one after the other.

mod batch;
mod local;

use super::gives_bytes;
use super::kernel::{Output, Packed, QuantGemm};
use super::requant::Channel;
use crate::arch::{Arch, LayerSpec, fold_layers, max};
use crate::error::{Error, ShapeError, check_buffer, check_len};
use crate::layers::Windows;
use local::LocalLayers;

pub(super) const fn groups(len: usize) -> usize {
    len.div_ceil(4)
}

/// Bytes that a locally connected layer writes, in groups of four. The outputs of a place are written in whole groups, of which
/// the next place writes over what is too much.
const fn local_out_groups(windows: &Windows) -> usize {
    let units = windows.units;
    let before = windows.num_outputs().saturating_sub(units);
    groups(before.saturating_add(units.next_multiple_of(4)))
}

/// Packed weights of a locally connected layer, in groups of four words: those of each place are packed alone.
const fn local_weight_groups(windows: &Windows) -> usize {
    let Windows { height, width, channels, units, .. } = *windows;
    let (mut len, mut row) = (0, 0);
    while row < windows.along(height) {
        let (rows, mut column) = (windows.pixels(row, height), 0);
        while column < windows.along(width) {
            let columns = windows.pixels(column, width);
            let inputs = (rows.end - rows.start) * (columns.end - columns.start) * channels;
            len += groups(inputs) * groups(units);
            column += 1;
        }
        row += 1;
    }
    len
}

/// Packed weights of a layer, in groups of four words.
pub(super) const fn weight_groups(layer: &LayerSpec) -> usize {
    groups(layer.fan_in) * groups(layer.fan_out)
}

/// Lengths of the buffers of the int8 network. Batch norm counts for nothing: it is folded away.
impl Arch<'_> {
    /// Words of packed int8 weights: 4 weights each, inputs and outputs rounded up to a multiple of 4, in locally connected
    /// layers those of each window.
    ///
    /// ```
    /// use barenet::Arch;
    /// const ARCH: Arch<'static> = Arch::new(&[64, 32, 10]);
    /// assert_eq!(4 * ARCH.quant_weights_len(), 64 * 32 + 32 * 12); // bytes
    /// assert_eq!(ARCH.quant_channels_len(), 32 + 12);
    /// assert_eq!(ARCH.quant_workspace_len(), 32);
    /// ```
    #[must_use]
    pub const fn quant_weights_len(&self) -> usize {
        let affine = fold_layers!(self.layers(), |len, layer| len + weight_groups(&layer));
        let local = fold_layers!(self.local_layers(), |len, layer| len
            + local_weight_groups(&layer.windows));
        4 * (affine + local)
    }

    /// Channels of an int8 network: its outputs, each layer's, or each window's, rounded up to a multiple of 4.
    #[must_use]
    pub const fn quant_channels_len(&self) -> usize {
        let affine = fold_layers!(self.layers(), |len, layer| len + groups(layer.fan_out));
        let local = fold_layers!(self.local_layers(), |len, layer| len
            + groups(layer.windows.units) * layer.windows.num_places());
        4 * (affine + local)
    }

    /// Bytes of the workspace of [`QuantNet::scores`]. Hidden layers write to two blocks in turn; an
    /// image whose size is no multiple of 4 needs a copy, and what a window of a locally connected layer has needs one.
    #[must_use]
    pub const fn quant_workspace_len(&self) -> usize {
        let (even, odd) = self.quant_blocks();
        4 * (even + odd + groups(self.patch_len()))
    }

    /// The two blocks of the workspace, in groups of four bytes.
    pub(super) const fn quant_blocks(&self) -> (usize, usize) {
        let (mut layers, mut is_even) = (self.layers(), true);
        let (mut even, mut odd) = (0, 0);
        let mut local_layers = self.local_layers();
        while let Some(layer) = local_layers.next_layer() {
            let block = if is_even { &mut even } else { &mut odd };
            *block = max(*block, local_out_groups(&layer.windows));
            is_even = !is_even;
        }
        if !self.has_local() && !self.input_dim().is_multiple_of(4) {
            // Free until the second layer writes to it.
            odd = groups(self.input_dim());
        }
        while let Some(layer) = layers.next_layer() {
            let block = if is_even { &mut even } else { &mut odd };
            if gives_bytes(&layer) && groups(layer.fan_out) > *block {
                *block = groups(layer.fan_out);
            }
            is_even = !is_even;
        }
        (even, odd)
    }
}

/// An int8 network: {affine → ReLU} × (L − 1) → affine, in integers. With the feature `local`, {locally connected → ReLU} may
/// come before.
///
/// It borrows its numbers, so that they stay in flash. [`quantize`](super::quantize) makes them.
///
/// ```
/// use barenet::quant::{Channel, QuantNet};
/// use barenet::{Arch, Error, Portable, predict};
///
/// const ARCH: Arch<'static> = Arch::new(&[4, 8, 3]);
/// static WEIGHTS: [u32; ARCH.quant_weights_len()] = [0x0102_0304; ARCH.quant_weights_len()];
/// static CHANNELS: [Channel; ARCH.quant_channels_len()] =
///     [Channel::new(0, 1 << 30, -3); ARCH.quant_channels_len()];
/// static NET: QuantNet<'static> = QuantNet::new(ARCH, &WEIGHTS, &CHANNELS);
/// const RAM_BYTES: usize = ARCH.quant_workspace_len() + 2 * ARCH.num_classes();
///
/// fn classify(image: &[u8; 4]) -> Result<u32, Error> {
///     let mut workspace = [0; ARCH.quant_workspace_len()];
///     let mut scores = [0; ARCH.num_classes()];
///     NET.scores(&Portable, image, &mut workspace, &mut scores)?;
///     Ok(predict(&scores))
/// }
/// assert_eq!(classify(&[1, 2, 3, 4]), Ok(0));
/// assert_eq!(RAM_BYTES, 8 + 6);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct QuantNet<'a> {
    arch: Arch<'a>,
    weights: &'a [[u32; 4]],
    channels: &'a [[Channel; 4]],
}

impl<'a> QuantNet<'a> {
    /// A network of a `const` or `static`: wrong lengths are a compile error.
    ///
    /// # Panics
    ///
    /// If [`Self::try_new`] returns an error.
    #[must_use]
    #[allow(clippy::panic)] // A compile error, when it is used as intended.
    pub const fn new(arch: Arch<'a>, weights: &'a [u32], channels: &'a [Channel]) -> Self {
        match Self::try_new(arch, weights, channels) {
            Ok(net) => net,
            Err(_) => {
                panic!("weights or channels have not the lengths that the architecture asks for")
            }
        }
    }

    /// A network of slices whose lengths are not known to be right.
    ///
    /// # Errors
    ///
    /// [`ShapeError`] if `weights` has not `arch.quant_weights_len()` or `channels` not
    /// `arch.quant_channels_len()` elements.
    pub const fn try_new(
        arch: Arch<'a>,
        weights: &'a [u32],
        channels: &'a [Channel],
    ) -> Result<Self, ShapeError> {
        let (weights_len, channels_len) = (arch.quant_weights_len(), arch.quant_channels_len());
        if weights.len() != weights_len {
            let (expected, found) = ((1, weights_len), (1, weights.len()));
            return Err(ShapeError { what: "weights", expected, found });
        }
        if channels.len() != channels_len {
            let (expected, found) = ((1, channels_len), (1, channels.len()));
            return Err(ShapeError { what: "channels", expected, found });
        }
        Ok(Self { arch, weights: weights.as_chunks().0, channels: channels.as_chunks().0 })
    }

    /// The architecture.
    #[must_use]
    pub const fn arch(&self) -> &Arch<'a> {
        &self.arch
    }

    /// Computes the scores of one image.
    ///
    /// # Shapes
    ///
    /// | argument    | shape                              | role                               |
    /// |-------------|------------------------------------|------------------------------------|
    /// | `x`         | (D)                                | pixels, or [`InputScale`](super::InputScale)'s numbers |
    /// | `workspace` | ≥ `arch.quant_workspace_len()` bytes | scratch, may hold anything       |
    /// | `scores`    | (C)                                | output                             |
    ///
    /// # Errors
    ///
    /// [`Error::Shape`] if `x` or `scores` has not the network's length, [`Error::BufferTooSmall`] if
    /// the workspace is too short; nothing is written in that case.
    pub fn scores(
        &self,
        kernel: &impl QuantGemm,
        x: &[u8],
        workspace: &mut [u8],
        scores: &mut [i16],
    ) -> Result<(), Error> {
        let Self { arch, mut weights, mut channels } = *self;
        check_len("x", arch.input_dim(), x.len())?;
        check_len("scores", arch.num_classes(), scores.len())?;
        let (even, odd) = arch.quant_blocks();
        let (workspace, _) = {
            let required = arch.quant_workspace_len();
            check_buffer("workspace", required, workspace.len())?;
            workspace.as_chunks_mut::<4>()
        };
        // Unreachable once the lengths are checked; an error is cheaper to prove than a panic.
        let broken = Error::BufferTooSmall { what: "workspace", required: even + odd, found: 0 };
        let (mut write, mut read) = workspace.split_at_mut_checked(even).ok_or(broken)?;
        let (mut image, rest) = x.as_chunks::<4>();
        if arch.has_local() {
            let (block, patch) = read.split_at_mut_checked(odd).ok_or(broken)?;
            let layers =
                LocalLayers { arch: &arch, weights: &mut weights, channels: &mut channels };
            (write, read) = layers.run(kernel, x, (write, block), patch).ok_or(broken)?;
            image = &[];
        } else if !rest.is_empty() {
            pad(x, read).ok_or(broken)?;
            image = &[];
        }
        for layer in arch.layers() {
            let input = if layer.params_start == 0 && !image.is_empty() {
                image
            } else {
                read.get(..groups(layer.fan_in)).ok_or(broken)?
            };
            let w = weights.split_off(..weight_groups(&layer)).ok_or(broken)?;
            let channels = channels.split_off(..groups(layer.fan_out)).ok_or(broken)?;
            compute(kernel, &layer, input, (w, channels), (write, scores)).ok_or(broken)?;
            core::mem::swap(&mut read, &mut write);
        }
        Ok(())
    }
}

/// Puts an image that is not in whole groups where the first layer reads, followed by zeros.
#[inline(always)]
pub(super) fn pad(x: &[u8], read: &mut [[u8; 4]]) -> Option<()> {
    let padded = read.get_mut(..groups(x.len()))?;
    let mut pixels = x.iter();
    for byte in padded.as_flattened_mut() {
        *byte = *pixels.next().unwrap_or(&0);
    }
    Some(())
}

/// Computes a layer, to bytes or, the last one, to scores.
#[inline(always)]
pub(super) fn compute<W: Packed<C>, C>(
    kernel: &impl QuantGemm,
    layer: &LayerSpec,
    x: &[[u8; 4]],
    (w, channels): (&[W], &[[C; 4]]),
    (write, scores): (&mut [[u8; 4]], &mut [i16]),
) -> Option<()> {
    if !gives_bytes(layer) {
        return last_layer(kernel, x, w, channels, scores);
    }
    W::layer(kernel, x, w, channels, write.get_mut(..channels.len())?)
}

/// The scores: whole blocks in place, and what remains by way of a block of its own.
fn last_layer<O: Output, W: Packed<C>, C>(
    kernel: &impl QuantGemm,
    x: &[[u8; 4]],
    mut w: &[W],
    mut channels: &[[C; 4]],
    scores: &mut [O],
) -> Option<()> {
    let (blocks, rest) = scores.as_chunks_mut::<4>();
    let whole = channels.split_off(..blocks.len())?;
    let w_whole = w.split_off(..w.len().checked_sub(if rest.is_empty() { 0 } else { x.len() })?)?;
    W::layer(kernel, x, w_whole, whole, blocks)?;
    if !rest.is_empty() {
        let mut block = [[O::default(); 4]];
        W::layer(kernel, x, w, channels, &mut block)?;
        for (score, &value) in rest.iter_mut().zip(block.as_flattened()) {
            *score = value;
        }
    }
    Some(())
}
