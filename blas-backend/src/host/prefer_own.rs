//! A library, and the own kernels for what they compute faster.

#[cfg(own_kernels)]
use crate::host::simd::OwnKernels;
use crate::host::tile::{Multiply, Product};
use barenet::Float;

/// A kernel that asks the own kernels of this CPU first whether a product is one that they compute, and
/// otherwise leaves it to a library.
pub(crate) struct PreferOwn<K>(pub(crate) K);

#[cfg(own_kernels)]
impl<T: Float, K: Multiply<T>> Multiply<T> for PreferOwn<K> {
    fn multiply(&self, product: &Product<'_, T>) {
        match OwnKernels::preferred_for(product) {
            Some(kernels) => kernels.multiply(product),
            None => self.0.multiply(product),
        }
    }

    // Not the library, which would copy B anew for each block.
    fn multiply_block(&self, product: &Product<'_, T>) {
        match OwnKernels::of_this_cpu() {
            Some(kernels) => kernels.multiply(product),
            None => self.0.multiply(product),
        }
    }

    fn may_be_cut_anywhere(&self, product: &Product<'_, T>) -> bool {
        OwnKernels::preferred_for(product)
            .is_some_and(|kernels| kernels.may_be_cut_anywhere(product))
    }
}

#[cfg(not(own_kernels))]
impl<T: Float, K: Multiply<T>> Multiply<T> for PreferOwn<K> {
    fn multiply(&self, product: &Product<'_, T>) {
        self.0.multiply(product);
    }
}
