//! Scores of many images, whose layers read the weights once for many rows.

use super::{QuantNet, gives_bytes, groups, last_layer, weight_groups};
use crate::error::{Error, ShapeError, check_buffer};
use crate::machine::{Machine, Pass, Split, run};
use crate::quant::kernel::{QuantBatch, QuantGemm};
use crate::slices::{rows_of, rows_of_mut};

/// Rows of a piece, at most: as many as read the weights for nothing beside what they compute with them, and few enough
/// that their activations stay in the cache.
const MAX_ROWS: usize = 64;

/// Pieces begin at a multiple of so many rows, which kernels compute together.
const WHOLE_ROWS: usize = 8;

impl QuantNet<'_> {
    /// Computes the scores of a batch of images, on the threads of the machine that the kernel is: the numbers of
    /// [`Self::scores`] for each.
    ///
    /// # Shapes
    ///
    /// | argument    | shape                                  | role                                   |
    /// |-------------|----------------------------------------|----------------------------------------|
    /// | `x`         | (N, D)                                 | pixels, or [`InputScale`](crate::quant::InputScale)'s numbers |
    /// | `workspace` | ≥ N · `arch.quant_workspace_len()` bytes | scratch, may hold anything           |
    /// | `scores`    | (N, C)                                 | output                                 |
    ///
    /// # Errors
    ///
    /// [`Error::Shape`] if `x` is not whole images or `scores` not as many rows, [`Error::BufferTooSmall`] if the workspace
    /// is too short; nothing is written in that case.
    ///
    /// # Example
    ///
    /// ```
    /// use barenet::quant::{Channel, QuantNet};
    /// use barenet::{Arch, Portable};
    ///
    /// const ARCH: Arch<'static> = Arch::new(&[4, 8, 3]);
    /// let weights = [0x0102_0304; ARCH.quant_weights_len()];
    /// let channels = [Channel::new(0, 1 << 30, -3); ARCH.quant_channels_len()];
    /// let net = QuantNet::new(ARCH, &weights, &channels);
    ///
    /// let images = [1, 2, 3, 4, 50, 60, 70, 80]; // (2, 4)
    /// let (mut workspace, mut scores) = ([0; 2 * ARCH.quant_workspace_len()], [0; 2 * 3]);
    /// net.scores_of_batch(&Portable, &images, &mut workspace, &mut scores)?;
    ///
    /// let (mut workspace, mut last) = ([0; ARCH.quant_workspace_len()], [0; 3]);
    /// net.scores(&Portable, &images[4..], &mut workspace, &mut last)?;
    /// assert_eq!(scores[3..], last);
    /// # Ok::<(), barenet::Error>(())
    /// ```
    pub fn scores_of_batch<K: QuantGemm + Machine>(
        &self,
        kernel: &K,
        x: &[u8],
        workspace: &mut [u8],
        scores: &mut [i16],
    ) -> Result<(), Error> {
        let (dim, classes) = (self.arch.input_dim(), self.arch.num_classes());
        let num_rows = x.len().checked_div(dim).unwrap_or(0);
        if num_rows.checked_mul(dim) != Some(x.len()) {
            let (expected, found) = ((num_rows, dim), (1, x.len()));
            return Err(ShapeError { what: "x", expected, found }.into());
        }
        if num_rows.checked_mul(classes) != Some(scores.len()) {
            let (expected, found) = ((num_rows, classes), (1, scores.len()));
            return Err(ShapeError { what: "scores", expected, found }.into());
        }
        let required = num_rows.saturating_mul(self.arch.quant_workspace_len());
        check_buffer("workspace", required, workspace.len())?;
        // Integers have the same bits in any pieces, so these may depend on the number of threads.
        let rows_of_thread = num_rows.div_ceil(kernel.num_threads().max(1));
        let max_rows = rows_of_thread.next_multiple_of(WHOLE_ROWS).min(MAX_ROWS);
        run(kernel, Batch { net: *self, kernel, num_rows, max_rows, x, workspace, scores });
        Ok(())
    }
}

/// Some rows of a batch, with their part of the workspace.
struct Batch<'a, K> {
    net: QuantNet<'a>,
    kernel: &'a K,
    num_rows: usize,
    max_rows: usize,
    x: &'a [u8],
    workspace: &'a mut [u8],
    scores: &'a mut [i16],
}

impl<K: QuantGemm + Machine> Pass for Batch<'_, K> {
    type Output = ();

    fn run(self) {
        // `None` is unreachable: the lengths were checked.
        let _scored: Option<()> = self.score();
    }
}

impl<K: QuantGemm + Machine> Split for Batch<'_, K> {
    fn split_point(&self) -> Option<usize> {
        let half = (self.num_rows / 2).next_multiple_of(WHOLE_ROWS);
        (self.num_rows > self.max_rows && half < self.num_rows).then_some(half)
    }

    fn split_at(self, at: usize) -> (Self, Self) {
        let Self { net, kernel, num_rows, max_rows, x, workspace, scores } = self;
        let arch = net.arch();
        let x = x.split_at_checked(at * arch.input_dim()).unwrap_or((x, &[]));
        let workspace = split_mut(workspace, at * arch.quant_workspace_len());
        let scores = split_mut(scores, at * arch.num_classes());
        let part = |num_rows, x, workspace, scores| Self {
            net,
            kernel,
            num_rows,
            max_rows,
            x,
            workspace,
            scores,
        };
        (part(at, x.0, workspace.0, scores.0), part(num_rows - at, x.1, workspace.1, scores.1))
    }
}

/// Both parts; all in the first one if it is no longer.
fn split_mut<T>(slice: &mut [T], at: usize) -> (&mut [T], &mut [T]) {
    slice.split_at_mut(at.min(slice.len()))
}

impl<K: QuantGemm> Batch<'_, K> {
    /// The layers one after the other, each for all rows; `None` if a length is wrong.
    fn score(self) -> Option<()> {
        let Self { net, kernel, num_rows, x, workspace, scores, .. } = self;
        if net.arch.has_local() {
            // Places have few inputs: there is nothing to win from many rows.
            for (x, scores) in
                rows_of(x, net.arch.input_dim()).zip(rows_of_mut(scores, net.arch.num_classes()))
            {
                net.scores(kernel, x, workspace, scores).ok()?;
            }
            return Some(());
        }
        let QuantNet { arch, mut weights, mut channels } = net;
        let (even, odd) = arch.quant_blocks();
        let (workspace, _) = workspace.as_chunks_mut::<4>();
        let (mut write, read) = workspace.split_at_mut_checked(even * num_rows)?;
        let mut read = read.get_mut(..odd * num_rows)?;
        let dim = arch.input_dim();
        let mut images = x.as_chunks::<4>().0;
        if !dim.is_multiple_of(4) {
            for (row, padded) in rows_of(x, dim).zip(rows_of_mut(read, groups(dim))) {
                let mut pixels = row.iter();
                for byte in padded.as_flattened_mut() {
                    *byte = *pixels.next().unwrap_or(&0);
                }
            }
            images = &[];
        }
        for layer in arch.layers() {
            let input = if layer.params_start == 0 && !images.is_empty() {
                images
            } else {
                read.get(..groups(layer.fan_in) * num_rows)?
            };
            let w = weights.split_off(..weight_groups(&layer))?;
            let channels = channels.split_off(..groups(layer.fan_out))?;
            if gives_bytes(&layer) {
                let out = write.get_mut(..channels.len() * num_rows)?;
                kernel.layer_of_batch(QuantBatch::new(num_rows, input, w, channels, out).ok()?);
            } else if let (out, []) = &mut scores.as_chunks_mut::<4>()
                && layer.fan_out.is_multiple_of(4)
            {
                kernel.layer_of_batch(QuantBatch::new(num_rows, input, w, channels, out).ok()?);
            } else {
                let rows = rows_of(input, groups(layer.fan_in));
                for (x, scores) in rows.zip(rows_of_mut(scores, layer.fan_out)) {
                    last_layer(kernel, x, w, channels, scores)?;
                }
            }
            core::mem::swap(&mut read, &mut write);
        }
        Some(())
    }
}
