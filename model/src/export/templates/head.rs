//! A network of @SIZES@, @DTYPE@: @ORIGIN@.
//!
//! Images go in as bytes: the mean image and batch norm are folded into the weights.
//! Written by `barenet export`.

#![no_std]
#![forbid(unsafe_code)]

pub mod test_vector;

