//! Products on a unit that multiplies numbers of 16 bits, bf16, and sums in `f32`.
//!
//! An `f32` is the sum of three bf16 ([`split`]). So a product of two `f32` is a sum of nine products that are exact,
//! of which the three smallest do not count: six products on the unit are one of `f32`. They are summed from the small
//! ones to the large one, which is rounded once for 32 numbers of k, where a chain of multiply-adds rounds each.
//!
//! What takes part is cut into tiles as the unit takes them ([`pack`]), and multiplied block by block ([`blocks`]), with
//! the few operations that such a unit has ([`unit::Unit`]). [`emulated::Emulated`] has the arithmetic of
//! Intel's AMX in plain Rust, so that all of this has its tests on any machine.

mod blocks;
mod emulated;
mod hardware;
mod pack;
mod split;
mod unit;

pub(crate) use blocks::multiply;
pub(crate) use emulated::Emulated;
pub(crate) use hardware::Hardware;
