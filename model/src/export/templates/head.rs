//! A network of @SIZES@, @DTYPE@: @ORIGIN@.
//!
//! @WHAT_GOES_IN@
//! Written by `barenet export`.

#![no_std]
#![forbid(unsafe_code)]

pub mod test_vector;

