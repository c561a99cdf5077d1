//! Where samples come from.

use crate::gemm::Rows;
use crate::layers::Label;
use core::ops::Range;

/// Labelled samples that can be read in any order, and in parts.
///
/// The numbers of a sample are made when and where they are multiplied, so images can stay bytes in
/// memory or in flash, and no batch of numbers is ever stored.
///
/// ```
/// use barenet::{Dataset, Label};
///
/// /// Images as a camera gives them.
/// struct Images<'a> {
///     pixels: &'a [[u8; 64]],
///     labels: &'a [u8],
/// }
///
/// impl Dataset<f32> for Images<'_> {
///     fn len(&self) -> usize { self.pixels.len() }
///
///     fn label(&self, index: usize) -> Label { self.labels[index].into() }
///
///     fn read(&self, index: usize, start: usize, x: &mut [f32]) {
///         for (x, &pixel) in x.iter_mut().zip(&self.pixels[index][start..]) {
///             *x = f32::from(pixel);
///         }
///     }
/// }
/// ```
pub trait Dataset<T>: Sync {
    /// The number of samples.
    fn len(&self) -> usize;

    /// Whether there are none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The label of sample `index`, which is below `len()`.
    fn label(&self, index: usize) -> Label;

    /// Writes the numbers of sample `index` from number `start` on to `x`, as many as it has room
    /// for. Mark it `#[inline(always)]`, so that it is compiled for the CPU's vector instructions.
    fn read(&self, index: usize, start: usize, x: &mut [T]);

    /// Hears that these numbers of sample `index` will be read soon, and may bring them nearer: samples
    /// of a batch lie anywhere in memory, where the CPU's own prediction does not look.
    fn prefetch(&self, index: usize, numbers: Range<usize>) {
        let _ignored = (index, numbers);
    }
}

/// Some samples, as the input of a network. `index` says which sample each row is.
pub(super) struct Batch<'a, D, I> {
    pub(super) data: &'a D,
    pub(super) index: I,
    /// Rows and columns.
    pub(super) shape: (usize, usize),
}

impl<T, D: Dataset<T>, I: Fn(usize) -> usize + Sync> Rows<T> for Batch<'_, D, I> {
    fn shape(&self) -> (usize, usize) {
        self.shape
    }

    #[inline(always)]
    fn read(&self, row: usize, start: usize, out: &mut [T]) {
        self.data.read((self.index)(row), start, out);
    }

    #[inline(always)]
    fn prefetch(&self, row: usize, columns: Range<usize>) {
        self.data.prefetch((self.index)(row), columns);
    }
}
