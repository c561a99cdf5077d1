//! A library, and the own kernels for what they compute faster.

use crate::tile::{Multiply, Product};

/// A kernel that asks the own kernels of this CPU first whether a product is one that they compute, and
/// otherwise leaves it to a library.
pub(crate) struct OwnFirst<'a, K>(pub(crate) &'a K);

#[cfg(target_arch = "x86_64")]
impl<T: crate::simd::SimdElement, K: Multiply<T>> Multiply<T> for OwnFirst<'_, K> {
    fn multiply(&self, product: &Product<'_, T>) {
        match crate::simd::multiplies(product) {
            Some(kernels) => kernels.multiply(product),
            None => self.0.multiply(product),
        }
    }

    fn may_be_cut_anywhere(&self, product: &Product<'_, T>) -> bool {
        crate::simd::multiplies(product).is_some_and(|kernels| kernels.may_be_cut_anywhere(product))
    }
}

#[cfg(not(target_arch = "x86_64"))]
impl<T, K: Multiply<T>> Multiply<T> for OwnFirst<'_, K> {
    fn multiply(&self, product: &Product<'_, T>) {
        self.0.multiply(product);
    }
}
