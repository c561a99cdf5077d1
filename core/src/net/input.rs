//! Input of a layer: the batch, or the output of the layer before.

use crate::float::Float;
use crate::gemm::Rows;
use crate::mat::Mat;
use crate::scaling::Scaling;
use core::ops::Range;

/// The input of a layer.
#[derive(Clone, Copy)]
pub(super) enum LayerInput<'a, T, X> {
    /// The batch, which the first layer takes.
    Batch(X),
    /// The output of the layer before.
    Hidden(Mat<'a, T>),
}

impl<T: Float, X: Rows<T>> Rows<T> for LayerInput<'_, T, X> {
    #[inline(always)]
    fn shape(&self) -> (usize, usize) {
        match self {
            Self::Batch(x) => x.shape(),
            Self::Hidden(x) => x.shape(),
        }
    }

    #[inline(always)]
    fn read(&self, row: usize, start: usize, out: &mut [T]) {
        match self {
            Self::Batch(x) => x.read(row, start, out),
            Self::Hidden(x) => x.read(row, start, out),
        }
    }

    #[inline(always)]
    fn bytes(&self, row: usize, columns: Range<usize>) -> &[u8] {
        match self {
            Self::Batch(x) => x.bytes(row, columns),
            Self::Hidden(x) => x.bytes(row, columns),
        }
    }

    #[inline(always)]
    fn scaled_bytes(&self) -> Option<Scaling<'_, T>> {
        match self {
            Self::Batch(x) => x.scaled_bytes(),
            Self::Hidden(_) => None,
        }
    }

    #[inline(always)]
    fn stored(&self) -> Option<Mat<'_, T>> {
        match self {
            Self::Batch(x) => x.stored(),
            Self::Hidden(x) => Some(*x),
        }
    }

    #[inline(always)]
    fn is_stored(&self) -> bool {
        match self {
            Self::Batch(x) => x.is_stored(),
            Self::Hidden(_) => true,
        }
    }

    // All other rows are stored.
    #[inline(always)]
    fn is_one_row(&self) -> bool {
        match self {
            Self::Batch(x) => x.is_one_row(),
            Self::Hidden(_) => false,
        }
    }
}
