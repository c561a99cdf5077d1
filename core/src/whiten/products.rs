//! The products with L⁻¹, place after place.

use super::places::Places;
use crate::float::Float;
use crate::gemm::{Gemm, GemmArgs};
use crate::machine::{Pass, Split};
use crate::mat::{Mat, MatMut};
use crate::slices::{Divide, take, take_mut};

/// to\[place\] ← L⁻¹·from\[place\], or L⁻ᵀ·from\[place\]
pub(super) struct Product<'a, T, G> {
    pub(super) gemm: &'a G,
    pub(super) places: Places,
    /// L⁻¹ of each.
    pub(super) factors: &'a [T],
    pub(super) is_transposed: bool,
    pub(super) from: &'a [T],
    pub(super) to: &'a mut [T],
}

impl<T: Float, G: Gemm<T>> Product<'_, T, G> {
    /// `None` only if a slice is too short.
    #[inline(always)]
    fn each(self) -> Option<()> {
        let Self { gemm, places, mut factors, is_transposed, mut from, mut to } = self;
        let units = places.windows.units;
        for (k, _) in places.iter() {
            let factor = Mat::new(take(&mut factors, k * k)?, k, k).ok()?;
            let from = Mat::new(take(&mut from, k * units)?, k, units).ok()?;
            let to = MatMut::new(take_mut(&mut to, k * units)?, k, units).ok()?;
            let args = match is_transposed {
                true => GemmArgs::new(factor.t(), from, T::ZERO, to),
                false => GemmArgs::new(factor, from, T::ZERO, to),
            };
            gemm.gemm(args.ok()?);
        }
        Some(())
    }
}

impl<T: Float, G: Gemm<T>> Pass for Product<'_, T, G> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let _checked = self.each();
    }
}

impl<T: Float, G: Gemm<T>> Split for Product<'_, T, G> {
    fn split_point(&self) -> Option<usize> {
        self.places.split_point(self.factors.len().saturating_mul(self.places.windows.units))
    }

    fn split_at(self, at: usize) -> (Self, Self) {
        let Self { gemm, places, factors, is_transposed, from, to } = self;
        let units = places.windows.units;
        let ([first, second], rows, len) = places.split(at);
        let (from, to) = (from.divide(rows * units), to.divide(rows * units));
        let factors = factors.divide(len);
        let part =
            |places, factors, from, to| Self { gemm, places, factors, is_transposed, from, to };
        (part(first, factors.0, from.0, to.0), part(second, factors.1, from.1, to.1))
    }
}
