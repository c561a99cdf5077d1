//! The locally connected layers of an int8 network.
//!
//! What a window has is copied together, and then its place is an affine layer of its own: so every kernel that knows affine
//! layers knows these, and all give the same bits.

use super::groups;
use crate::arch::Arch;
use crate::layers::{Seen, Windows};
use crate::quant::kernel::{QuantArgs, QuantGemm};
use crate::quant::requant::Channel;
use crate::slices::take;
use core::mem::swap;

/// Two blocks that layers write to in turn: the one to write next, and the one that was written.
pub(super) type Blocks<'w> = (&'w mut [[u8; 4]], &'w mut [[u8; 4]]);

/// The locally connected layers, with the numbers from theirs on.
pub(super) struct LocalLayers<'a, 'n> {
    pub(super) arch: &'a Arch<'n>,
    pub(super) weights: &'a mut &'n [[u32; 4]],
    pub(super) channels: &'a mut &'n [[Channel; 4]],
}

impl LocalLayers<'_, '_> {
    /// Computes them all, and takes their weights and channels off. `None` if a length is wrong.
    #[inline(never)]
    pub(super) fn run<'w>(
        mut self,
        kernel: &impl QuantGemm,
        x: &[u8],
        (mut write, mut read): Blocks<'w>,
        patch: &mut [[u8; 4]],
    ) -> Option<Blocks<'w>> {
        let mut planes = self.arch.local().picture.planes;
        let mut layers = self.arch.local_layers();
        let mut is_first = true;
        while let Some(layer) = layers.next_layer() {
            let x = if is_first { x } else { read.as_flattened() };
            let seen = Seen { windows: &layer.windows, planes, x };
            self.layer(kernel, &seen, patch, write.as_flattened_mut())?;
            swap(&mut read, &mut write);
            (is_first, planes) = (false, false);
        }
        Some((write, read))
    }

    /// One layer, a place after the other.
    fn layer(
        &mut self,
        kernel: &impl QuantGemm,
        seen: &Seen<'_, u8>,
        patch: &mut [[u8; 4]],
        out: &mut [u8],
    ) -> Option<()> {
        let Windows { height, width, units, .. } = *seen.windows;
        let (blocks, mut start) = (groups(units), 0);
        for row in 0..seen.windows.along(height) {
            let rows = seen.windows.pixels(row, height);
            for column in 0..seen.windows.along(width) {
                let columns = seen.windows.pixels(column, width);
                let len = seen.copy_window(rows.clone(), columns, patch.as_flattened_mut())?.len();
                // Bytes beyond it meet weights of 0.
                let x = patch.get(..groups(len))?;
                let w = take(self.weights, x.len() * blocks)?;
                let channels = take(self.channels, blocks)?;
                let out = out.get_mut(start..)?.get_mut(..4 * blocks)?.as_chunks_mut::<4>().0;
                kernel.layer(QuantArgs::new(x, w, channels, out).ok()?);
                start += units;
            }
        }
        Some(())
    }
}
