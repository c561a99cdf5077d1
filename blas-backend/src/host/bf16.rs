//! Products on a unit that multiplies numbers of 16 bits, bf16, and sums in `f32`.
//!
//! An `f32` is the sum of three bf16 ([`split`]). So a product of two `f32` is a sum of nine products that are exact,
//! of which the three smallest do not count: six products on the unit are one of `f32`. They are summed from the small
//! ones to the large one, which is rounded once for 32 numbers of k, where a chain of multiply-adds rounds each.
//! Where less is asked for, there are two parts and three products, or one of each.
//!
//! What takes part is cut into tiles as the unit takes them ([`pack`]), and multiplied block by block ([`blocks`]), with
//! the few operations that such a unit has ([`unit::Unit`]): Intel's AMX ([`hardware`]), or vectors of AVX-512
//! ([`vectors`]). [`emulated::Emulated`] has the arithmetic of AMX in plain Rust, so that all of this has its tests on any machine.

mod blocks;
mod emulated;
mod hardware;
mod pack;
mod split;
mod unit;
mod vectors;

use crate::host::precision::Precision;
use crate::host::simd::OwnKernels;
use crate::host::tile::{Multiply, Product};
use barenet::Float;
pub(crate) use blocks::multiply;
use emulated::Emulated;
pub(crate) use hardware::Hardware;
use vectors::Vectors;

/// What multiplies bf16.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum UnitKind {
    Amx,
    Emulated,
    Vectors,
}

/// Kernels of a unit, and those for what it is not used for.
pub(crate) struct Bf16Kernels {
    unit: UnitKind,
    precision: Precision,
    own: OwnKernels,
}

impl Bf16Kernels {
    /// # Safety
    ///
    /// The machine must have the unit.
    pub(crate) const unsafe fn new(unit: UnitKind, precision: Precision, own: OwnKernels) -> Self {
        Self { unit, precision, own }
    }

    /// The kernels of vectors for products whose numbers may be rounded to bf16, if the CPU has them.
    pub(crate) fn of_vectors(precision: Precision) -> Option<Self> {
        let own = OwnKernels::of_this_cpu()?;
        let is_faster = precision == Precision::Bf16 && Vectors::are_here();
        // SAFETY: they are there.
        is_faster.then(|| unsafe { Self::new(UnitKind::Vectors, precision, own) })
    }

    fn multiply_f32(&self, product: &Product<'_, f32>) {
        use Precision::{Bf16, Bf16x3, F32};
        let Self { unit, precision, own } = self;
        if *unit != UnitKind::Emulated && !is_worth_splitting(product) {
            return own.multiply(product);
        }
        // SAFETY: the machine has the unit, by the constructors.
        unsafe {
            match (unit, precision) {
                (UnitKind::Amx, F32) => multiply::<Hardware, 3, 3>(product, own),
                (UnitKind::Amx, Bf16x3) => multiply::<Hardware, 2, 2>(product, own),
                (UnitKind::Amx, Bf16) => multiply::<Hardware, 1, 1>(product, own),
                (UnitKind::Emulated, F32) => multiply::<Emulated, 3, 3>(product, own),
                (UnitKind::Emulated, Bf16x3) => multiply::<Emulated, 2, 2>(product, own),
                (UnitKind::Emulated, Bf16) => multiply::<Emulated, 1, 1>(product, own),
                (UnitKind::Vectors, Bf16) => multiply::<Vectors, 1, 1>(product, own),
                // Multiply-adds of f32 are as fast.
                (UnitKind::Vectors, F32 | Bf16x3) => own.multiply(product),
            }
        }
    }
}

/// Whether splitting the operands takes less time than the unit saves: so many rows and columns that each number is used often
/// enough. Decided by the sizes alone.
const fn is_worth_splitting(product: &Product<'_, f32>) -> bool {
    let Product { m, k, n, .. } = *product;
    m.saturating_mul(n) / 32 >= m.saturating_add(n) && k >= 32
}

impl<T: Float> Multiply<T> for Bf16Kernels {
    const WHOLE: (usize, usize) = (32, 32);

    fn multiply(&self, product: &Product<'_, T>) {
        product.by_type(|product| self.multiply_f32(product), |product| self.own.multiply(product));
    }

    fn may_be_cut_anywhere(&self, product: &Product<'_, T>) -> bool {
        self.own.may_be_cut_anywhere(product)
    }
}
