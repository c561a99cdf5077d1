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
mod source;
mod split;
mod unit;
mod vectors;

use crate::host::precision::Precision;
use crate::host::simd::OwnKernels;
use crate::host::tile::{self, Multiply, Product, RowOffset, cast};
use barenet::{Epilogue, Float, GemmArgs, Machine, Rows, Scaling};
pub(crate) use blocks::multiply;
use blocks::multiply_from;
use core::any::TypeId;
use emulated::Emulated;
pub(crate) use hardware::Hardware;
use source::{Bytes, OfRows};
use vectors::Vectors;

/// What multiplies bf16.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum UnitKind {
    Amx,
    Emulated,
    Vectors,
}

impl UnitKind {
    /// Whether splitting the operands takes less time than the unit saves. Decided by the sizes alone.
    const fn is_worth_it(self, m: usize, k: usize, n: usize) -> bool {
        match self {
            // So many rows and columns that each number is used often enough.
            Self::Amx => m.saturating_mul(n) / 32 >= m.saturating_add(n) && k >= 32,
            // Measured (`benches/examples/products.rs`): with fewer, and with 100 columns, which are padded to 112, multiply-adds of
            // f32 are faster; from here on they are 5 to 20 % slower.
            Self::Vectors => m >= 64 && n >= 128 && k >= 128,
            // It is there for tests.
            Self::Emulated => true,
        }
    }
}

/// Rows and columns of a block, which are not cut.
const WHOLE: (usize, usize) = (32, 32);

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

    /// Computes a product and what `epilogue` does. Rows that are bytes minus an offset are packed as bytes, which take one part.
    pub(crate) fn product<T: Float, X: Rows<T>>(
        &self,
        machine: &impl Machine,
        args: GemmArgs<'_, T, X>,
        epilogue: impl Epilogue<T>,
    ) {
        let (m, k, n) = args.sizes();
        let is_f32 = TypeId::of::<T>() == TypeId::of::<f32>();
        if !(is_f32 && self.unit.is_worth_it(m, k, n)) {
            return tile::product(machine, &self.own, args, epilogue);
        }
        let (a, b, beta, c) = args.into_parts();
        let x = a.mat();
        match x.scaled_bytes().filter(|scaling| !b.is_transposed() && scaling.factor.is_empty()) {
            Some(Scaling { offset, .. }) => {
                let rows = OfRows::<T, _>::new(x);
                // The numbers are `f32`.
                let offset = cast(offset).unwrap_or_default();
                let a = Bytes { x: &rows, offset, is_transposed: a.is_transposed(), first: 0 };
                // SAFETY: `GemmArgs` has checked the shapes.
                let product = unsafe { Product::with_left(RowOffset(0), k, b, beta, c) };
                product.run(&MultiplyBytes { a, kernels: self }, epilogue, machine);
            }
            None => {
                if let Ok(args) = GemmArgs::new(a, b, beta, c) {
                    tile::product(machine, self, args, epilogue);
                }
            }
        }
    }

    fn multiply_f32(&self, product: &Product<'_, f32>) {
        use Precision::{Bf16, Bf16x3, F32};
        let Self { unit, precision, own } = self;
        // AMX computes all tiles of a product, as its emulation does; of vectors, those that are small take longer than in f32.
        if *unit == UnitKind::Vectors && !unit.is_worth_it(product.m, product.k, product.n) {
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

impl<T: Float> Multiply<T> for Bf16Kernels {
    fn whole(&self) -> (usize, usize) {
        WHOLE
    }

    fn multiply(&self, product: &Product<'_, T>) {
        product.by_type(|product| self.multiply_f32(product), |product| self.own.multiply(product));
    }

    fn may_be_cut_anywhere(&self, product: &Product<'_, T>) -> bool {
        self.own.may_be_cut_anywhere(product)
    }
}

/// Kernels of a left operand that is bytes minus an offset.
struct MultiplyBytes<'a> {
    a: Bytes<'a>,
    kernels: &'a Bf16Kernels,
}

impl<T: Float> Multiply<T, RowOffset> for MultiplyBytes<'_> {
    fn whole(&self) -> (usize, usize) {
        WHOLE
    }

    fn multiply(&self, product: &Product<'_, T, RowOffset>) {
        if let Some(product) = product.as_f32() {
            self.multiply_f32(product);
        }
    }
}

impl MultiplyBytes<'_> {
    fn multiply_f32(&self, p: &Product<'_, f32, RowOffset>) {
        use Precision::{Bf16, Bf16x3, F32};
        let Bf16Kernels { unit, precision, own } = self.kernels;
        let a = Bytes { first: p.a.0, ..self.a };
        // SAFETY: the machine has the unit, by the constructors of the kernels.
        unsafe {
            match (unit, precision) {
                (UnitKind::Amx, F32) => multiply_from::<Hardware, _, 1, 3>(&a, p, own),
                (UnitKind::Amx, Bf16x3) => multiply_from::<Hardware, _, 1, 2>(&a, p, own),
                (UnitKind::Amx, Bf16) => multiply_from::<Hardware, _, 1, 1>(&a, p, own),
                (UnitKind::Emulated, F32) => multiply_from::<Emulated, _, 1, 3>(&a, p, own),
                (UnitKind::Emulated, Bf16x3) => multiply_from::<Emulated, _, 1, 2>(&a, p, own),
                (UnitKind::Emulated, Bf16) => multiply_from::<Emulated, _, 1, 1>(&a, p, own),
                // For the others no such kernels are made.
                (UnitKind::Vectors, _) => multiply_from::<Vectors, _, 1, 1>(&a, p, own),
            }
        }
    }
}
