//! Sizes and numbers at the end of what their types hold.

mod extremes;
mod finite;
mod subnormals;
mod sums;
